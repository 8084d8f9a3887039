//! The whole regulator on hand-made observations. Tests only.

use super::*;

/// A target that gives 100/s per worker up to 1000/s, noiselessly.
fn run(regulator: &mut Regulator, set: &Setpoints, ticks: std::ops::Range<u64>) -> Vec<Ruling> {
    ticks
        .map(|i| {
            let n = regulator.workers();
            let ok = (10.0 * n.min(10.0)) as u64;
            regulator.tick(&Observation::tick(i, ok, n / (10.0 * ok as f64), n), set)
        })
        .collect()
}

#[test]
fn a_stall_freezes_the_law_and_halves_every_three_seconds() {
    let set = Setpoints::default();
    let mut r = Regulator::new(&set, false);
    let before = run(&mut r, &set, 0..150).last().unwrap().workers;

    let silent: Vec<Ruling> = (150..182)
        .map(|i| r.tick(&Observation::tick(i, 0, 0.0, r.workers()), &set))
        .collect();

    assert!(silent.iter().all(|s| s.workers <= before), "nothing grows");
    assert!(
        silent[15..28]
            .iter()
            .all(|s| s.state == State::Stalled && s.workers == silent[15].workers)
    );
    assert!(silent[31].workers <= (silent[15].workers / 2.0).round());
}

#[test]
fn a_pause_moves_nothing_and_teaches_nothing() {
    let mut set = Setpoints::default();
    let mut r = Regulator::new(&set, false);
    run(&mut r, &set, 0..150);
    // From rest: a look to the side would settle again by itself.
    let rests = |i: &u64| run(&mut r, &set, *i..*i + 1)[0].resting && run(&mut r, &set, *i + 1..*i + 2)[0].resting;
    let at = (150..400).step_by(2).find(rests).unwrap() + 2;
    let before = r.workers();
    set.paused = true;
    for i in at..at + 50 {
        let nothing = Observation {
            in_flight: 0,
            ..Observation::tick(i, 0, 0.0, before)
        };
        r.hear(&nothing, &set);
    }
    set.paused = false;

    let after = run(&mut r, &set, at + 50..at + 80);

    let still = |a: &&Ruling| a.workers == before && !a.settled && !a.resting;
    assert_eq!(after.iter().take_while(still).count(), 3, "two, and one for the answers");
    assert!(after.iter().all(|a| !a.changed), "the gap is no change of the target");
}

#[test]
fn a_count_asked_for_in_a_pause_is_in_force_when_it_ends() {
    for mode in [Mode::Max, Mode::Manual] {
        let mut set = Setpoints {
            mode,
            ..Setpoints::default()
        };
        let mut r = Regulator::new(&set, false);
        run(&mut r, &set, 0..50);
        set.paused = true;
        r.hear(&Observation::tick(50, 0, 0.0, r.workers()), &set);
        (set.paused, set.asked) = (false, Some(3));

        let after = run(&mut r, &set, 51..53);

        assert!(after.iter().all(|a| a.workers == 3.0 && !a.settled && !a.resting), "{mode:?}");
    }
}

#[test]
fn manual_is_obeyed_within_the_bounds_and_converges_when_it_is_there() {
    let mut set = Setpoints {
        mode: Mode::Manual,
        asked: Some(9_000),
        ..Setpoints::default()
    };
    let mut r = Regulator::new(&set, false);
    assert_eq!(run(&mut r, &set, 0..1)[0].workers, 4_096.0);
    set.asked = Some(7);

    let rulings = run(&mut r, &set, 1..6);

    assert!(rulings.iter().all(|m| m.workers == 7.0));
    assert!(rulings[4].converged);
}
