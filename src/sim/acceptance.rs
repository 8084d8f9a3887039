//! What the laws must reach on the simulated plants, judged by the exact rates. Tests only; deterministic seeds.

use super::drive::{Drive, Turn};
use super::plants::Recipe;
use crate::model::setpoints::{Bounds, Mode, ProcessVariable, Setpoint, Setpoints};
use crate::model::units::Nanos;
use crate::telemetry::frame::State;

mod checks;
mod heard;
mod max;
mod open;
mod school;
mod standstill;

fn drive(plant: &str, set: Setpoints, seed: u64) -> Drive {
    Drive::new(Recipe::named(plant).unwrap(), set, false, seed)
}

fn holding(variable: ProcessVariable, value: f64) -> Setpoints {
    Setpoints {
        mode: Mode::Hold,
        target: Some(Setpoint { variable, value }),
        ..Setpoints::default()
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Where it rests in the last 10 s of 60: workers as multiples of the knee, and the exact rate there as a share of the best.
fn rest(plant: &str, seed: u64) -> (f64, f64) {
    let recipe = Recipe::named(plant).unwrap();
    let end = Nanos::from_secs(59);
    let truth = recipe.truth(end);
    let turns = drive(plant, Setpoints::default(), seed).run(60.0);
    let resting = turns[500..].iter().filter(|t| t.ruling.resting).map(|t| t.seen.workers);
    let n = median(resting.collect());
    let x = recipe.rates(end, n as u32)[n as usize - 1];
    (n / f64::from(truth.knee_workers), x / truth.best_rps)
}

#[test]
fn max_rests_at_the_knee_before_and_after_changes() {
    for (plant, most) in [
        ("mmc", 1.3),
        ("usl", 1.3),
        ("flat", 1.3),
        ("latup", 1.8),
        ("capdrop", 1.3),
        ("caprise", 1.3),
    ] {
        let rests: Vec<(f64, f64)> = (0..8).map(|seed| rest(plant, seed)).collect();

        let good = rests.iter().filter(|(n, x)| (0.85..=most).contains(n) && *x >= 0.95).count();

        assert!(good >= 7, "{plant}: {rests:.2?}");
        assert!(rests.iter().all(|(_, x)| *x > 0.9), "{plant}: {rests:.2?}");
    }
}

#[test]
fn twenty_seconds_suffice_to_converge_and_rest() {
    for seed in 0..8 {
        let turns = drive("usl", Setpoints::default(), seed).run(20.0);

        let resting = turns.iter().filter(|t| t.ruling.resting).count();

        let last = &turns[turns.len() - 1].ruling;
        assert!(last.converged && last.converged_at.unwrap() < Nanos::from_secs(13), "{seed}");
        assert!(resting >= 50, "{seed}: {resting} ticks");
    }
}

#[test]
fn a_slow_target_gets_no_confident_wrong_knee() {
    // 4 servers of 200 ms: 20/s from 4 workers on, so that 1600 answers take 80 s. Until then nothing is claimed.
    for seed in 0..6 {
        let turns = drive("slow", Setpoints::default(), seed).run(150.0);

        let early = turns[..600].iter().any(|t| t.ruling.law.converged);
        let wrong = |t: &&Turn| t.ruling.law.converged && !(3.0..=12.0).contains(&t.seen.workers);
        assert!(!early, "{seed}");
        assert_eq!(turns.iter().filter(wrong).count(), 0, "{seed}");
    }
}

#[test]
fn hold_keeps_a_rate_within_three_percent_also_below_one_worker() {
    for (plant, rate) in [("usl", 400.0), ("usl", 50.0), ("mmc", 1000.0), ("flat", 2500.0)] {
        let turns = drive(plant, holding(ProcessVariable::Rps, rate), 3).run(109.0);

        let ok: u64 = turns[90..].iter().map(|t| t.seen.ok).sum();

        // 100 s of 50/s are 5000 ± 71.
        let off = ok as f64 / 100.0 / rate - 1.0;
        assert!(off.abs() < 0.03, "{plant} {rate}: {off}");
        assert!(turns.last().unwrap().ruling.converged, "{plant} {rate}");
    }
}

#[test]
fn hold_keeps_a_percentile_within_fifteen_percent() {
    for (plant, limit) in [("usl", 0.060), ("mmc", 0.030), ("flat", 0.040)] {
        let p95 = ProcessVariable::Quantile(0.95);
        let turns = drive(plant, holding(p95, limit), 1).run(29.0);

        let mut all = crate::telemetry::grid::Grid::default();
        turns[90..].iter().for_each(|t| all.merge(&t.seen.grid));

        let off = all.quantile(0.95).unwrap() / limit - 1.0;
        assert!(off.abs() < 0.15, "{plant}: {off}");
    }
}

#[test]
fn a_latency_that_does_not_follow_workers_is_reached_by_doubling_and_said_to_bind_nothing_below() {
    // 64 servers of 5 ms behind a network of 150 ms: one worker and two thousand have the same percentile, within 4 %.
    let mut recipe = Recipe::named("mmc").unwrap();
    for (key, value) in [("servers", "64"), ("service", "exp:5ms"), ("delay", "150ms")] {
        recipe.apply(key, value).unwrap();
    }
    for seed in 1..4 {
        let p95 = ProcessVariable::Quantile(0.95);
        let turns = Drive::new(recipe.clone(), holding(p95, 0.1738), false, seed).run(20.0);

        // Windows of a percentile last two seconds: five of them.
        let n: Vec<f64> = turns[100..].iter().map(|t| t.ruling.workers).collect();
        let said = |t: &&Turn| t.ruling.notes.iter().any(|n| n.contains("any count up to"));
        assert!(n.iter().all(|n| (1500.0..2500.0).contains(n)), "{seed}: {n:.0?}");
        assert_eq!(turns.iter().filter(said).count(), 1, "{seed}");
    }
}

#[test]
fn a_rate_out_of_reach_is_said_and_does_not_wind_up() {
    let mut d = drive("usl", holding(ProcessVariable::Rps, 3000.0), 1);
    let turns = d.run(15.0);
    let said = turns.iter().position(|t| t.ruling.state == State::Unreachable).unwrap();
    let rate: u64 = turns[100..].iter().map(|t| t.seen.ok).sum();
    d.set.target = Some(Setpoint {
        variable: ProcessVariable::Rps,
        value: 400.0,
    });

    let after = d.run(5.0);

    assert!(said < 50, "{said} ticks");
    assert!(rate as f64 / 5.0 > 0.95 * 1689.0, "rests at what can be had: {rate}");
    let ok: u64 = after[20..].iter().map(|t| t.seen.ok).sum();
    assert!((ok as f64 / 3.0 / 400.0 - 1.0).abs() < 0.15, "{ok}");
}

#[test]
fn at_a_bound_the_integrator_does_not_wind_up() {
    let set = Setpoints {
        bounds: Bounds { min: 1, max: 8 },
        ..holding(ProcessVariable::Rps, 1600.0)
    };
    let mut d = drive("usl", set, 1);
    let bound = d.run(15.0);
    d.set.target = Some(Setpoint {
        variable: ProcessVariable::Rps,
        value: 300.0,
    });

    let after = d.run(3.0);

    assert!(bound.iter().all(|t| t.ruling.workers <= 8.0));
    assert!(bound.iter().any(|t| t.ruling.saturated));
    let ok: u64 = after[10..].iter().map(|t| t.seen.ok).sum();
    assert!((ok as f64 / 2.0 / 300.0 - 1.0).abs() < 0.15, "{ok}");
}

#[test]
fn every_change_of_mode_is_bumpless() {
    let modes = Mode::ALL;
    let setpoints = |mode: Mode| Setpoints {
        mode,
        asked: (mode == Mode::Manual).then_some(23),
        ..holding(ProcessVariable::Rps, 900.0)
    };
    let pairs = modes.iter().flat_map(|a| modes.iter().map(move |b| (*a, *b)));
    for (from, to) in pairs.filter(|(a, b)| a != b) {
        let mut d = drive("usl", setpoints(from), 5);
        let before = d.run(6.0).last().unwrap().ruling.workers;
        d.set = Setpoints {
            asked: None,
            ..setpoints(to)
        };

        let after = d.run(0.8);

        let jump = after.iter().map(|t| (t.ruling.workers - before).abs()).fold(0.0, f64::max);
        assert!(jump <= 1.0, "{from:?} → {to:?}: {jump}");
        // And its first own move is a step from there, not a start from elsewhere: at most 10 %, or `vegas`'s six.
        let own = d.turn().ruling.workers - before;
        let step = (0.1 * before).max(6.0) + 1.0;
        assert!(!to.school() || own.abs() <= step, "{from:?} → {to:?}: {own} at once");
    }
}

#[test]
fn hold_without_a_target_keeps_what_it_sees() {
    let mut d = drive("usl", Setpoints::default(), 5);
    let before = d.run(14.0).last().unwrap().ruling.workers;
    d.set.mode = Mode::Hold;

    let turns = d.run(6.0);

    let chosen = turns.iter().find_map(|t| t.ruling.chosen).unwrap();
    assert_eq!(chosen.variable, ProcessVariable::Quantile(0.99));
    let n = turns.last().unwrap().ruling.workers;
    assert!((n / before).ln().abs() < 0.3, "{before} → {n}");
}

#[test]
fn an_override_is_obeyed_at_once_and_auto_takes_over_from_there() {
    let mut d = drive("usl", Setpoints::default(), 5);
    d.run(14.0);
    d.set.asked = Some(80);
    let held = d.run(3.0);
    d.set.asked = None;

    let after = d.run(20.0);

    assert!(
        held.iter()
            .all(|t| t.ruling.workers == 80.0 && t.ruling.state == State::Override)
    );
    assert!(held.iter().all(|t| !t.ruling.resting));
    assert!(after[..8].iter().all(|t| t.ruling.workers == 80.0));
    let n = after.last().unwrap().ruling.workers;
    assert!((30.0..60.0).contains(&n), "{n}");
}

#[test]
fn the_search_says_that_it_was_still_rising_at_its_bound() {
    let set = Setpoints {
        bounds: Bounds { min: 1, max: 12 },
        ..Setpoints::default()
    };

    let turns = drive("usl", set, 2).run(15.0);

    assert!(turns.iter().all(|t| t.ruling.workers <= 12.0));
    assert!(turns.iter().any(|t| t.ruling.law.at_limit));
    assert_eq!(turns.last().unwrap().ruling.workers, 12.0);
}

#[test]
fn decisions_are_told_but_not_in_a_flood() {
    let turns = drive("usl", Setpoints::default(), 4).run(60.0);

    let early = turns[..150].iter().map(|t| t.ruling.notes.len()).sum::<usize>();
    let late = turns[150..].iter().map(|t| t.ruling.notes.len()).sum::<usize>();

    assert!((5..30).contains(&early), "{early}");
    assert!(late <= 15, "{late} in 45 s");
}

#[test]
fn the_gentle_profile_doubles_at_most_and_waits_a_second() {
    let recipe = Recipe::named("mmc").unwrap();
    let turns = Drive::new(recipe, Setpoints::default(), true, 3).run(20.0);
    let ramp: Vec<f64> = turns
        .iter()
        .take_while(|t| t.ruling.state == State::Ramp)
        .map(|t| t.ruling.workers)
        .collect();

    let rungs: Vec<&[f64]> = ramp.chunk_by(|a, b| a == b).collect();

    assert!(rungs.windows(2).all(|r| r[1][0] <= 2.0 * r[0][0]), "{ramp:?}");
    assert!(rungs[1..rungs.len() - 1].iter().all(|r| r.len() >= 10), "{ramp:?}");
}
