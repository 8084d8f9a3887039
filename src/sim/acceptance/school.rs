//! What each law of the school is known for, on the plants that show it.

use super::{drive, median};
use crate::model::setpoints::{Bounds, Mode, ProcessVariable, Setpoint, Setpoints};
use crate::model::units::Nanos;
use crate::sim::drive::Turn;
use crate::sim::plants::{CHANGE, Recipe};

fn school(mode: Mode) -> Setpoints {
    Setpoints {
        mode,
        bounds: Bounds { min: 1, max: 16_384 },
        ..Setpoints::default()
    }
}

/// Median workers and good rate over ten seconds that end at `to`, s.
fn at(turns: &[Turn], to: usize) -> (f64, f64) {
    let ten = &turns[10 * to - 100..10 * to];
    let ok: u64 = ten.iter().map(|t| t.seen.ok).sum();
    (median(ten.iter().map(|t| t.seen.workers).collect()), ok as f64 / 10.0)
}

fn rested(turns: &[Turn]) -> bool {
    turns.iter().any(|t| t.ruling.law.converged)
}

/// `classic` told the best rate and given a hundred times its gain, bounded, so that the end of it comes soon.
fn told_the_best() -> Setpoints {
    let mut set = school(Mode::Classic);
    set.knobs.gain = 1e-3;
    set.bounds.max = 300;
    set.target = Some(Setpoint {
        variable: ProcessVariable::Rps,
        value: Recipe::named("capdrop").unwrap().truth(Nanos::ZERO).best_rps,
    });
    set
}

#[test]
fn past_the_peak_the_sign_of_classic_is_wrong_and_it_runs_to_the_bound() {
    let turns = drive("capdrop", told_the_best(), 1).run(60.0);

    let (before, after) = (at(&turns, 30), at(&turns, 60));
    let left = Recipe::named("capdrop").unwrap().truth(CHANGE).best_rps;
    assert!((30.0..100.0).contains(&before.0) && before.1 > 1500.0, "{before:?}");
    assert!(turns.last().unwrap().ruling.workers == 300.0, "{after:?}");
    assert!(after.1 < 0.25 * left, "{after:?} of {left}");
    assert!(turns[500..].iter().all(|t| !t.ruling.resting), "that is no rest");
}

#[test]
fn classic_as_published_cannot_pass_two_dozen_workers_in_a_minute() {
    let turns = drive("usl", school(Mode::Classic), 1).run(60.0);

    let n = turns.last().unwrap().ruling.workers;
    assert!((10.0..=24.0).contains(&n), "{n}");
    assert!(!rested(&turns));
}

#[test]
fn aimd_climbs_for_ever_without_errors_and_collapses_when_the_network_grows_longer() {
    let mut blind = school(Mode::Aimd);
    blind.knobs.backoff = 0.0;
    let climbs = drive("usl", blind, 1).run(60.0);
    let latency = drive("latup", school(Mode::Aimd), 1).run(60.0);

    assert!(at(&climbs, 60).0 / 41.0 > 5.0 && !rested(&climbs), "{:?}", at(&climbs, 60));
    let (before, after) = (at(&latency, 30), at(&latency, 60));
    assert!(before.1 > 0.9 * 4000.0 && after.1 < 0.2 * 4000.0, "{before:?} {after:?}");
}

#[test]
fn vegas_is_caught_below_the_knee_when_the_network_grows_longer() {
    let turns = drive("latup", school(Mode::Vegas), 1).run(60.0);

    let (before, after) = (at(&turns, 30), at(&turns, 60));
    assert!(before.1 > 0.95 * 4000.0, "{before:?}");
    assert!(after.0 < 0.3 * 104.0 && after.1 < 0.3 * 4000.0, "{after:?}");
}

#[test]
fn gradient_settles_near_the_knee_and_is_caught_too() {
    let usl = drive("usl", school(Mode::Gradient), 1).run(60.0);
    let latup = drive("latup", school(Mode::Gradient), 1).run(60.0);

    assert!((0.8..1.6).contains(&(at(&usl, 60).0 / 41.0)), "{:?}", at(&usl, 60));
    assert!(at(&latup, 60).1 < 0.3 * 4000.0, "{:?}", at(&latup, 60));
}

#[test]
fn climb_finds_the_top_wanders_on_it_and_follows_its_fall() {
    let turns = drive("capdrop", school(Mode::Climb), 1).run(60.0);

    let (before, after) = (at(&turns, 30), at(&turns, 60));
    assert!(
        (0.7..1.6).contains(&(before.0 / 41.0)) && before.1 > 0.9 * 1689.0,
        "{before:?}"
    );
    assert!(after.0 < 2.0 * 15.0 && after.1 > 0.8 * 650.0, "{after:?}");
    assert!(rested(&turns[..300]));
}

#[test]
fn aimd_rests_on_its_sawtooth_where_latency_stops_it() {
    let turns = drive("usl", school(Mode::Aimd), 1).run(60.0);

    let n = at(&turns, 60).0 / 41.0;
    assert!((0.3..0.9).contains(&n) && rested(&turns), "{n}");
}
