//! Step test and relay on the simulated plants, against what is known of them. Tests only; deterministic seeds.

use super::drive::{Drive, Turn};
use super::plants::Recipe;
use super::setpoints::cell;
use crate::model::setpoints::{Bounds, Gains, LoadModel, Mode, ProcessVariable, Setpoint, Setpoints};
use crate::model::units::Nanos;
use crate::telemetry::experiment::{StepTest, Tune};
use crate::telemetry::frame::State;

/// `hold` at 1.5 times the mean response at the knee, come to rest.
fn holding(plant: &str, seed: u64) -> Drive {
    let recipe = Recipe::named(plant).unwrap();
    let knee = recipe.truth(Nanos::ZERO).knee_workers;
    let rate = recipe.rates(Nanos::ZERO, knee)[knee as usize - 1];
    let set = Setpoints {
        mode: Mode::Hold,
        target: Some(Setpoint {
            variable: ProcessVariable::Mean,
            value: 1.5 * f64::from(knee) / rate,
        }),
        ..Setpoints::default()
    };
    let mut drive = Drive::new(recipe, set, false, seed);
    drive.run(8.0);
    drive
}

/// `manual` with some workers, come to rest.
fn standing(plant: &str, workers: u32, seed: u64) -> Drive {
    let set = Setpoints {
        mode: Mode::Manual,
        asked: Some(workers),
        ..Setpoints::default()
    };
    let mut drive = Drive::new(Recipe::named(plant).unwrap(), set, false, seed);
    drive.run(2.0);
    drive
}

fn relay(drive: &mut Drive) -> (Vec<Turn>, Option<Tune>) {
    let set = drive.set.clone();
    drive.regulator().tune(&set).unwrap();
    let turns = drive.run(32.0);
    (turns, drive.regulator().found().tune)
}

fn step(drive: &mut Drive, by: f64) -> (Vec<Turn>, Option<StepTest>) {
    let set = drive.set.clone();
    drive.regulator().step_test(by, &set).unwrap();
    let turns = drive.run(34.0);
    (turns, drive.regulator().found().step_test)
}

#[test]
fn a_relay_on_latency_finds_the_gains_the_plants_have() {
    // Where a cycle is three ticks long (mmc), noise adds to the height and the period is coarse.
    for (plant, ku) in [("mmc", 1.5..2.5), ("usl", 1.16..1.58), ("flat", 1.16..1.58)] {
        for seed in 1..=3 {
            let (turns, found) = relay(&mut holding(plant, seed));

            let t = found.unwrap();
            assert!(ku.contains(&t.ultimate_gain), "{plant} {seed}: {t}");
            assert!((0.25..=0.45).contains(&t.ultimate_period_s), "{plant} {seed}: {t}");
            assert!(t.cycles >= 4 && t.variable == "mean", "{plant} {seed}: {t}");
            assert!((t.gains.kp - t.ultimate_gain / 3.2).abs() < 1e-9, "{plant} {seed}: {t}");
            assert!((0.05..=0.9).contains(&t.gains.ki), "{plant} {seed}: {t}");
            let tuned = turns.iter().filter(|t| t.ruling.state == State::Tune).count();
            assert!((50..100).contains(&tuned), "{plant} {seed}: {tuned} ticks");
        }
    }
}

#[test]
fn accepted_gains_settle_no_slower_than_one_and_a_half_times_the_defaults() {
    for plant in ["mmc", "usl"] {
        let proposed = relay(&mut holding(plant, 1)).1.unwrap().gains;

        let default = cell(plant, ProcessVariable::Mean, Gains::default(), 3).unwrap();
        let tuned = cell(plant, ProcessVariable::Mean, proposed, 3).unwrap();

        for (was, is) in [
            (default.settle_cold, tuned.settle_cold),
            (default.settle_step, tuned.settle_step),
        ] {
            assert!(is.unwrap() <= 1.5 * was.unwrap() + 0.1, "{plant}: {default:?} {tuned:?}");
        }
    }
}

#[test]
fn a_step_test_reads_the_gains_of_the_exact_curve() {
    for (plant, n, by) in [("usl", 20, 0.2), ("usl", 80, 0.25), ("flat", 40, 0.2), ("mmc", 40, -0.25)] {
        let rates = Recipe::named(plant).unwrap().rates(Nanos::ZERO, 120);
        let mut drive = standing(plant, n, 1);

        let (turns, found) = step(&mut drive, by);

        let f = found.unwrap();
        let (a, b) = (f.from as usize, f.to as usize);
        let exact = (rates[b - 1] / rates[a - 1]).ln() / (f.to / f.from).ln();
        assert_eq!((f.from, f.to), (f64::from(n), (f64::from(n) * (1.0 + by)).round()), "{f}");
        assert!(
            (f.gain - exact).abs() < 3.0 * f.gain_error,
            "{plant} {n}: {f}, exactly {exact:.2}"
        );
        // N = X·R: the two gains add up to one.
        assert!((f.gain + f.latency_gain.unwrap() - 1.0).abs() < 0.25, "{plant} {n}: {f}");
        assert!(
            f.dead_s.unwrap() <= 0.2 && f.time_constant_s.unwrap() <= 0.5,
            "{plant} {n}: {f}"
        );
        assert!(
            turns
                .iter()
                .any(|t| t.ruling.state == State::Step && t.ruling.workers == f.to)
        );
        assert_eq!(turns.last().unwrap().ruling.workers, f64::from(n), "back where it began");
    }
}

#[test]
fn after_an_experiment_the_law_stands_still_and_then_goes_on_from_there() {
    let mut drive = holding("mmc", 2);
    let before = drive.turn().ruling.workers;

    let (turns, _) = relay(&mut drive);

    let end = turns.iter().rposition(|t| t.ruling.state == State::Tune).unwrap();
    assert!(
        turns[end..end + 8].iter().all(|t| t.ruling.workers == before),
        "0.8 s at {before}"
    );
    assert!(turns.last().unwrap().ruling.law.converged, "and it holds its target again");
    assert!(!turns[..end].iter().any(|t| t.ruling.settled || t.ruling.resting));
}

#[test]
fn a_plant_that_does_not_answer_to_workers_gives_no_proposal() {
    // On a rate past the knee: X does not follow N.
    let mut drive = holding("flat", 1);
    drive.set.target = Some(Setpoint {
        variable: ProcessVariable::Rps,
        value: 2990.0,
    });
    drive.set.asked = Some(250);
    drive.run(3.0);

    let (turns, found) = relay(&mut drive);

    let said: Vec<&String> = turns.iter().flat_map(|t| &t.ruling.notes).collect();
    assert_eq!(found, None);
    assert!(said.iter().any(|n| n.contains("nothing to tune on")), "{said:?}");
    assert_eq!(turns.last().unwrap().ruling.workers, 250.0);
}

#[test]
fn the_user_ends_an_experiment_and_nothing_else_changes() {
    let mut drive = standing("mmc", 20, 1);
    let set = drive.set.clone();
    drive.regulator().step_test(0.5, &set).unwrap();
    drive.run(3.5);
    drive.set.asked = Some(12);

    let after = drive.run(2.0);

    assert!(
        after[0].ruling.notes[0].contains("ended without a result"),
        "{:?}",
        after[0].ruling.notes
    );
    assert!(after.iter().all(|t| t.ruling.workers == 12.0));
    assert_eq!(drive.regulator().found().step_test, None);
}

#[test]
fn a_refusal_names_the_remedy_and_starts_nothing() {
    let refused = |set: Setpoints, by: f64| {
        let mut drive = standing("mmc", set.asked.unwrap_or(20), 1);
        let said = drive.regulator().step_test(by, &set).unwrap_err();
        assert!(drive.run(0.5).iter().all(|t| t.ruling.state != State::Step));
        said
    };
    let set = |n: u32| Setpoints {
        mode: Mode::Manual,
        asked: Some(n),
        ..Setpoints::default()
    };
    let open = Setpoints {
        model: LoadModel::Open,
        ..set(20)
    };
    let paused = Setpoints { paused: true, ..set(20) };
    let narrow = Setpoints {
        bounds: Bounds { min: 1, max: 21 },
        ..set(20)
    };

    assert!(refused(set(2), 0.2).contains("larger step"));
    assert!(refused(open, 0.2).contains("model closed"));
    assert!(refused(paused, 0.2).contains("resume"));
    assert!(refused(narrow, 0.2).contains("bounds 1..24"));
    let mut drive = standing("mmc", 20, 1);
    drive.regulator().step_test(0.2, &set(20)).unwrap();
    assert!(drive.regulator().tune(&set(20)).unwrap_err().contains("under way"));
    let mut small = standing("mmc", 1, 1);
    assert!(small.regulator().tune(&set(1)).unwrap_err().contains("workers 8"));
}
