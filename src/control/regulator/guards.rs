//! The guards as the whole regulator obeys them, on hand-made observations. Tests only.

use super::*;
use crate::model::setpoints::Bounds;

/// 100/s per worker without end, of which the share `bad` above 20 workers fails.
fn seen(i: u64, n: f64, bad: f64) -> Observation {
    let all = (10.0 * n).round();
    let err = if n > 20.0 { (all * bad).round() } else { 0.0 };
    Observation {
        err: err as u64,
        ..Observation::tick(i, (all - err) as u64, 0.010, n)
    }
}

fn run(r: &mut Regulator, set: &Setpoints, ticks: std::ops::Range<u64>, of: impl Fn(u64, f64) -> Observation) -> Vec<f64> {
    ticks.map(|i| r.tick(&of(i, r.workers()), set).workers).collect()
}

fn holding(rate: f64) -> Setpoints {
    Setpoints {
        mode: Mode::Hold,
        target: Some(Setpoint {
            variable: ProcessVariable::Rps,
            value: rate,
        }),
        ..Setpoints::default()
    }
}

#[test]
fn eight_percent_errors_stop_the_growth_of_every_law() {
    for set in [Setpoints::default(), holding(20_000.0)] {
        let mut r = Regulator::new(&set, false);
        let clean = run(&mut Regulator::new(&set, false), &set, 0..100, |i, n| seen(i, n, 0.0));

        let gated = run(&mut r, &set, 0..100, |i, n| seen(i, n, 0.08));

        let first = gated.iter().position(|n| *n > 20.0).unwrap();
        let most = gated.iter().copied().fold(0.0, f64::max);
        // One tick is seen before the gate closes.
        assert!(most <= 4.0 * gated[first], "{:?}: {most} after {}", set.mode, gated[first]);
        assert!(clean.last().unwrap() > &(2.0 * most), "{:?}: it would have grown", set.mode);
    }
}

#[test]
fn half_failing_halves_after_three_ticks_and_not_before() {
    for mode in [Mode::Max, Mode::Hold] {
        let set = Setpoints { mode, ..holding(4000.0) };
        let mut r = Regulator::new(
            &Setpoints {
                asked: Some(40),
                ..set.clone()
            },
            false,
        );
        let after = run(&mut r, &set, 0..4, |i, n| seen(i, n, 0.5));

        assert_eq!(&after[..3], [40.0, 40.0, 20.0], "{mode:?}");
    }
}

#[test]
fn a_stall_freezes_the_integrator_and_halves_every_three_seconds() {
    let set = holding(3000.0);
    let mut r = Regulator::new(&set, false);
    let kept = *run(&mut r, &set, 0..100, |i, n| seen(i, n, 0.0)).last().unwrap();
    assert!((kept - 30.0).abs() < 1.0, "{kept}");
    let silent = |i, n| Observation {
        in_flight: 30,
        ..Observation::tick(i, 0, 0.0, n)
    };

    let during = run(&mut r, &set, 100..165, silent);
    let half = *during.last().unwrap();
    let after = run(&mut r, &set, 165..200, |i, n| seen(i, n, 0.0));

    assert!(during.iter().all(|n| *n <= kept + 1.0), "nothing winds up: {during:?}");
    assert!((half - kept / 4.0).abs() <= 1.0, "{kept} halved twice in 6.5 s: {half}");
    let most = after.iter().copied().fold(0.0, f64::max);
    assert!(most < 1.1 * kept, "comes back without a leap: {most}");
    assert!((after.last().unwrap() / kept - 1.0).abs() < 0.05, "{after:?}");
}

#[test]
fn no_law_leaves_the_bounds_and_none_remembers_having_wished_to() {
    let narrow = Setpoints {
        bounds: Bounds { min: 2, max: 12 },
        ..holding(3000.0)
    };
    let mut r = Regulator::new(&narrow, false);
    let held = run(&mut r, &narrow, 0..200, |i, n| seen(i, n, 0.0));
    let low = Setpoints {
        target: holding(600.0).target,
        ..narrow.clone()
    };

    let after = run(&mut r, &low, 200..212, |i, n| seen(i, n, 0.0));

    assert!(held.iter().all(|n| (1.0..=12.0).contains(n)));
    assert!(
        *after.last().unwrap() < 6.6,
        "twenty seconds at the bound are not worked off: {after:?}"
    );
}

#[test]
fn a_guard_ends_an_experiment() {
    let set = Setpoints {
        mode: Mode::Manual,
        asked: Some(18),
        ..Setpoints::default()
    };
    let mut r = Regulator::new(&set, false);
    run(&mut r, &set, 0..10, |i, n| seen(i, n, 0.3));
    r.step_test(0.5, &set).unwrap();

    let rulings: Vec<Ruling> = (10..150).map(|i| r.tick(&seen(i, r.workers(), 0.3), &set)).collect();

    let said: Vec<&String> = rulings.iter().flat_map(|r| &r.notes).collect();
    assert!(
        said.iter().any(|n| n.contains("step test ended without a result")),
        "{said:?}"
    );
    assert_eq!(rulings.last().unwrap().workers, 18.0);
    assert_eq!(r.found().step_test, None);
}

#[test]
fn workers_held_by_hand_are_not_cut_and_nothing_says_so() {
    let by_hand = Setpoints {
        mode: Mode::Manual,
        asked: Some(40),
        ..Setpoints::default()
    };
    let overridden = Setpoints {
        mode: Mode::Max,
        ..by_hand.clone()
    };
    for set in [by_hand, overridden] {
        let mut r = Regulator::new(&set, false);

        let rulings: Vec<Ruling> = (0..20).map(|i| r.tick(&seen(i, 40.0, 0.95), &set)).collect();

        assert!(rulings.iter().all(|r| r.workers == 40.0), "{:?}", set.mode);
        assert!(rulings.iter().all(|r| r.notes.is_empty()), "{:?}", rulings[19].notes);
    }
}
