//! What `slo` and the check in open traffic must reach on the simulated plants. Tests only; deterministic seeds.

use super::{drive, median};
use crate::control::experiment::Traffic;
use crate::model::arrival::Process;
use crate::model::promise::Promise;
use crate::model::setpoints::{Bounds, LoadModel, Mode, Setpoints};
use crate::model::units::Nanos;
use crate::sim::drive::{Drive, Turn};
use crate::sim::plants::Recipe;
use crate::telemetry::frame::State;
use crate::telemetry::promise::{Breach, Check, Slo, Stage};

pub(super) fn promising(text: &str) -> Setpoints {
    Setpoints {
        mode: Mode::Slo,
        last_auto: Mode::Slo,
        model: LoadModel::Open,
        arrivals: Process::Poisson,
        promise: Some(Promise::parse(text).unwrap()),
        ..Setpoints::default()
    }
}

pub(super) fn found(turn: &Turn) -> Slo {
    turn.ruling.law.slo.clone().unwrap()
}

pub(super) fn said(turns: &[Turn]) -> Vec<String> {
    turns.iter().flat_map(|t| t.ruling.notes.clone()).collect()
}

/// In flight never above the cap that was in force, but for those that were there before it fell.
fn over_cap(turns: &[Turn]) -> usize {
    let cap = |t: &Turn| t.ruling.open.and_then(|o| o.cap);
    turns
        .windows(2)
        .filter(|w| cap(&w[0]).is_some_and(|c| w[1].seen.in_flight > u64::from(c).max(w[0].seen.in_flight)))
        .count()
}

#[test]
fn a_promise_is_found_confirmed_and_kept_within_a_minute() {
    // One server in order, exponential of 2 ms: P(response > L) = exp(−(500 − λ)·L), so p99 < 40 ms up to 384.9/s.
    let exact = 500.0 - 100f64.ln() / 0.040;
    let mut errors = Vec::new();
    for seed in 1..=6 {
        let mut recipe = Recipe::named("mmc").unwrap();
        for (key, value) in [
            ("servers", "1"),
            ("service", "exp:2ms"),
            ("delay", "0"),
            ("discipline", "fifo"),
        ] {
            recipe.apply(key, value).unwrap();
        }
        let turns = Drive::new(recipe, promising("p99<40ms"), false, seed).run(75.0);

        let last = found(&turns[749]);
        let (rate, half) = last.answer.unwrap();
        assert_eq!(last.confirmed, Some(true), "seed {seed}: {:?}", said(&turns));
        assert!(last.bad.0 <= last.bad.1, "{last:?}");
        assert!(
            (rate - exact).abs() < 2.0 * half + 0.01 * exact,
            "{rate} ± {half}, exactly {exact}"
        );
        assert_eq!(over_cap(&turns), 0);
        errors.push(rate / exact - 1.0);
    }
    assert!(median(errors.clone()).abs() < 0.05, "{errors:?}");
}

#[test]
fn what_takes_longer_even_idle_is_missed_within_seconds_and_says_so() {
    let turns = drive("usl", promising("p99<20ms"), 1).run(5.0);

    let last = found(&turns[49]);
    assert_eq!((last.confirmed, last.answer, last.stage), (Some(false), None, Stage::Missed));
    assert!(
        said(&turns).iter().any(|s| s.contains("is not possible: ")),
        "{:?}",
        said(&turns)
    );
    assert!(turns[49].ruling.open.is_none(), "nothing is offered any more");
}

#[test]
fn from_max_it_begins_at_six_tenths_of_the_closed_rate_after_standing_still() {
    let mut d = drive("usl", Setpoints::default(), 2);
    let closed = d.run(20.0);
    d.set = promising("p99<80ms");

    let turns = d.run(6.0);

    let x: f64 = closed[150..].iter().map(|t| t.seen.ok as f64).sum::<f64>() / 5.0;
    let n = closed[199].ruling.workers;
    assert!(
        turns[..7].iter().all(|t| t.ruling.workers == n && t.ruling.open.is_none()),
        "0.8 s at {n}"
    );
    let first = turns.iter().find_map(|t| t.ruling.open).unwrap();
    assert!((first.rate / x - 0.6).abs() < 0.06, "{} of {x}", first.rate);
    assert!(turns.iter().all(|t| found_stage(t) != Some(Stage::Idle)));
}

fn found_stage(t: &Turn) -> Option<Stage> {
    t.ruling.law.slo.as_ref().map(|s| s.stage)
}

#[test]
fn back_in_max_it_begins_with_the_workers_that_were_busy() {
    let mut d = drive("usl", promising("p99<80ms"), 3);
    let open = d.run(30.0);
    let busy = open[290..].iter().map(|t| t.seen.in_flight).sum::<u64>() as f64 / 10.0;
    d.set = Setpoints::default();

    let turns = d.run(2.0);

    assert!(turns.iter().all(|t| t.ruling.open.is_none()));
    assert!(
        (turns[0].ruling.workers - busy).abs() <= 1.0,
        "{} {busy}",
        turns[0].ruling.workers
    );
    assert!(turns[..7].iter().all(|t| t.ruling.workers == turns[0].ruling.workers));
}

#[test]
fn a_target_that_tips_over_is_emptied_and_the_answer_is_a_rate_at_which_it_stands() {
    // The demo's plant. Long simulation: 3,600/s stands for five minutes on average, 3,800/s for a quarter of one.
    let mut errors = Vec::new();
    for seed in 1..=9 {
        let mut recipe = Recipe::named("usl").unwrap();
        for (key, value) in [("service", "exp:4ms"), ("delay", "400us")] {
            recipe.apply(key, value).unwrap();
        }
        let turns = Drive::new(recipe, promising("p99<80ms"), false, seed).run(75.0);

        let (last, told) = (found(&turns[749]), said(&turns));
        assert!(told.iter().any(|t| t.contains("tipped over")), "seed {seed}: {told:?}");
        assert_eq!(over_cap(&turns), 0);
        errors.extend(last.answer.map(|a| a.0 / 3_625.0 - 1.0));
    }
    let near = errors.iter().filter(|e| (-0.05..0.03).contains(*e)).count();
    assert!(near >= 7 && median(errors.clone()).abs() < 0.03, "{errors:?}");
}

/// Confirmed on the plant as it is at first, and then, `change` at 70 s and 110 s later: the answers, and what was told since.
fn confirmed_twice(change: &str, seed: u64) -> (Slo, Slo, Vec<String>) {
    let mut recipe = Recipe::named("mmc").unwrap();
    recipe.step(change).unwrap();
    let mut d = Drive::new(recipe, promising("p99<80ms"), false, seed);
    let before = d.run(70.0);
    let after = d.run(110.0);
    assert_eq!(over_cap(&before) + over_cap(&after), 0);
    (found(&before[699]), found(&after[1099]), said(&after))
}

#[test]
fn a_rate_that_was_confirmed_on_another_target_is_asked_anew() {
    let best = Recipe::named("mmc").unwrap().truth(Nanos::ZERO).best_rps;
    for (change, exact) in [("70s:servers=4", best / 2.0), ("70s:servers=14", best * 14.0 / 8.0)] {
        let (first, last, told) = confirmed_twice(change, 4);

        assert_eq!(
            (first.confirmed, last.confirmed),
            (Some(true), Some(true)),
            "{change}: {told:?}"
        );
        assert!(told.iter().any(|t| t.contains("target changed")), "{told:?}");
        let (rate, kept) = (last.answer.unwrap().0 / exact, last.kept.unwrap() / exact);
        assert!((0.85..1.0).contains(&rate) && kept <= rate, "{change}: {rate} {kept}");
    }
}

#[test]
fn a_promise_that_was_not_possible_and_becomes_so_is_looked_for_after_all() {
    // Twenty milliseconds of network at first, one from 30 s on.
    let turns = drive("latdown", promising("p99<24ms"), 2).run(60.0);

    assert_eq!(
        (found(&turns[290]).confirmed, found(&turns[290]).stage),
        (Some(false), Stage::Missed)
    );
    let last = found(&turns[599]);
    assert!(last.confirmed != Some(false) && last.rate > 1000.0, "{last:?}");
}

#[test]
fn below_a_limiter_a_promise_is_confirmed() {
    for seed in 1..=3 {
        let turns = drive("ratelimit", promising("p99<40ms"), seed).run(240.0);

        let last = found(&turns[2399]);
        assert_eq!(last.confirmed, Some(true), "{:?}", said(&turns));
        assert!((60.0..120.0).contains(&last.kept.unwrap()), "{last:?}");
    }
}

#[test]
fn the_arrow_keys_move_the_promise_and_the_search_begins_anew() {
    let mut d = drive("mmc", promising("p99<80ms"), 5);
    d.run(65.0);
    d.set.promise = Some(Promise::parse("p99<60ms").unwrap());

    let turns = d.run(1.0);

    let s = found(&turns[9]);
    assert_eq!((s.confirmed, s.answer), (None, None));
    assert_eq!(s.promise.limit(), Nanos::from_millis(60));
    assert!(turns[9].ruling.open.is_some_and(|o| o.rate > 1000.0), "from where it was");
    assert!(s.price.is_some_and(|p| (p - 105.0).abs() < 1.0), "its price anew: {s:?}");
    assert!(
        said(&turns)
            .iter()
            .any(|t| t.starts_with("p99 at ") && t.contains("takes about 40")),
        "{:?}",
        said(&turns)
    );
}

#[test]
fn the_bound_on_workers_is_a_bound_on_exchanges_in_flight() {
    let set = Setpoints {
        bounds: Bounds { min: 1, max: 12 },
        ..promising("p99<80ms")
    };

    let turns = drive("mmc", set, 6).run(30.0);

    assert!(turns.iter().all(|t| t.seen.in_flight <= 12 && t.ruling.workers <= 12.0));
}

/// A check of `share` of the exact knee's rate on the demo's plant, from closed workers at the knee; all turns of it.
fn verify(share: f64, seed: u64) -> (Vec<Turn>, Check) {
    verify_over(share, seed, Vec::new())
}

/// The same with a generator that stands still then.
fn verify_over(share: f64, seed: u64, stands: Vec<(Nanos, Nanos)>) -> (Vec<Turn>, Check) {
    let truth = Recipe::named("usl").unwrap().truth(Nanos::ZERO);
    let mut d = drive("usl", Setpoints::default(), seed).standing_still(stands);
    d.run(20.0);
    let set = d.set.clone();
    let traffic = Traffic {
        rate: share * 0.98 * truth.best_rps,
        of_knee: share,
        knee_workers: truth.knee_workers,
        time: Nanos::from_secs(20),
        at: Nanos::from_secs(20),
    };
    d.regulator().verify(traffic, &set).unwrap();
    let turns = d.run(40.0);
    let check = d.regulator().found().check.unwrap();
    (turns, check)
}

#[test]
fn three_quarters_of_the_knee_hold_as_open_traffic() {
    for seed in 1..=6 {
        let (turns, check) = verify(0.75, seed);

        assert_eq!((check.steady, check.over), (Some(true), true), "{check:?}");
        assert!(check.backlog < 200 && (check.held - 20.0).abs() < 0.2, "{check:?}");
        let end = turns.iter().rposition(|t| t.ruling.state == State::Verify).unwrap();
        let back = turns[end].ruling.workers;
        assert!(turns[end].ruling.open.is_none() && (30.0..60.0).contains(&back), "{back}");
        assert!(
            turns[end..end + 8].iter().all(|t| t.ruling.workers == back),
            "0.8 s at {back}"
        );
    }
}

#[test]
fn a_standstill_of_the_generator_is_no_growth_of_the_target() {
    // 0.9 s of arrivals at once are twice what may be under way.
    let stands = vec![(Nanos::from_secs(27), Nanos::from_millis(900))];
    for seed in 1..=3 {
        let (turns, check) = verify_over(0.6, seed, stands.clone());

        assert_eq!((check.steady, check.over), (Some(true), true), "{check:?} {:?}", said(&turns));
    }
}

#[test]
fn a_check_that_fails_for_errors_says_so() {
    // After three seconds of it a limiter lets less through.
    let mut recipe = Recipe::named("usl").unwrap();
    recipe.steps(&["23s:limit=500".to_owned()]).unwrap();
    let mut d = Drive::new(recipe, Setpoints::default(), false, 1);
    d.run(20.0);
    let set = d.set.clone();
    let traffic = Traffic {
        rate: 800.0,
        of_knee: 0.5,
        knee_workers: 41,
        time: Nanos::from_secs(20),
        at: Nanos::from_secs(20),
    };
    d.regulator().verify(traffic, &set).unwrap();

    let turns = d.run(10.0);

    let check = d.regulator().found().check.unwrap();
    assert!(matches!(check.breach, Breach::Errors(share) if share > 0.05), "{check:?}");
    assert!(
        said(&turns).iter().any(|s| s.contains("% errors after")),
        "{:?}",
        said(&turns)
    );
}

#[test]
fn the_knee_itself_runs_away_is_recognised_in_time_and_the_target_recovers() {
    for seed in 1..=6 {
        let (turns, check) = verify(0.98, seed);

        assert_eq!(check.steady, Some(false), "seed {seed}: {check:?}");
        // Growth begins where more than the knee's workers are under way for the last time, or at once.
        let off = turns.iter().position(|t| t.ruling.state == State::Recover).unwrap();
        let calm = turns[..off].iter().rposition(|t| t.seen.in_flight <= 49).unwrap_or(0);
        assert!(off - calm <= 50, "seed {seed}: {calm} {off}");
        let empty = turns[off..].iter().position(|t| t.seen.in_flight == 0).unwrap();
        let closed = turns[off..].iter().position(|t| t.ruling.open.is_none()).unwrap();
        assert!(empty <= closed && closed < 60, "seed {seed}: {empty} {closed}");
        let late: u64 = turns[350..].iter().map(|t| t.seen.ok).sum();
        assert!(late > 5 * 1300, "it serves again: {late}");
    }
}

#[test]
fn an_override_ends_a_check_and_sending_is_closed_again() {
    let mut d = drive("usl", Setpoints::default(), 1);
    d.run(20.0);
    let set = d.set.clone();
    let traffic = Traffic {
        rate: 1200.0,
        of_knee: 0.75,
        knee_workers: 41,
        time: Nanos::from_secs(20),
        at: Nanos::ZERO,
    };
    d.regulator().verify(traffic, &set).unwrap();
    d.run(3.0);
    d.set.asked = Some(12);

    let after = d.run(1.0);

    assert!(after[0].ruling.notes[0].contains("check ended without a result"));
    assert!(after.iter().all(|t| t.ruling.workers == 12.0 && t.ruling.open.is_none()));
    assert_eq!(d.regulator().found().check, None);
}
