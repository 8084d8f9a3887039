//! Behaviours of `max` one by one, each on the plant that shows it.

use super::{drive, median};
use crate::model::setpoints::{Bounds, Setpoints};
use crate::model::units::Nanos;
use crate::sim::drive::{Drive, Turn};
use crate::sim::plants::Recipe;
use crate::telemetry::frame::State;
use std::collections::BTreeMap;

fn within(min: u32, max: u32) -> Setpoints {
    Setpoints {
        bounds: Bounds { min, max },
        ..Setpoints::default()
    }
}

fn free() -> Setpoints {
    within(1, 16_384)
}

/// Seconds until the workers first give 95 % of the best, by the exact curve; ∞ for never.
fn there(turns: &[Turn], recipe: &Recipe) -> f64 {
    let most = turns.iter().map(|t| t.ruling.workers).fold(1.0, f64::max) as u32;
    let (rates, best) = (recipe.rates(Nanos::ZERO, most), recipe.truth(Nanos::ZERO).best_rps);
    let good = |t: &Turn| rates[t.ruling.workers as usize - 1] >= 0.95 * best;
    turns.iter().position(good).map_or(f64::INFINITY, |i| (i + 1) as f64 / 10.0)
}

/// Median seconds over some seeds.
fn soon(plant: &str, seeds: u64, seconds: f64) -> f64 {
    let recipe = Recipe::named(plant).unwrap();
    median(
        (0..seeds)
            .map(|s| there(&drive(plant, free(), s).run(seconds), &recipe))
            .collect(),
    )
}

/// Median workers at rest in the last ten seconds of a minute, as multiples of the knee.
fn knees(plant: &str, seed: u64) -> f64 {
    let knee = Recipe::named(plant).unwrap().truth(Nanos::from_secs(59)).knee_workers;
    let turns = drive(plant, free(), seed).run(60.0);
    median(turns[500..].iter().map(|t| t.seen.workers).collect()) / f64::from(knee)
}

fn alarms(turns: &[Turn]) -> usize {
    turns.iter().filter(|t| t.ruling.changed).count()
}

#[test]
fn a_search_starts_where_the_user_began_and_goes_both_ways() {
    let recipe = Recipe::named("usl").unwrap();
    let (best, knee) = (recipe.truth(Nanos::ZERO).best_rps, recipe.truth(Nanos::ZERO).knee_workers);
    let rates = recipe.rates(Nanos::ZERO, 16_384);
    for start in [knee / 3, knee * 5] {
        let set = Setpoints {
            start: Some(start),
            ..within(2, 16_384)
        };

        let turns = drive("usl", set, 3).run(30.0);

        assert_eq!(turns[0].seen.workers, f64::from(start), "the first point");
        assert_eq!(turns[0].ruling.state, State::Ramp);
        let second = turns
            .iter()
            .find(|t| t.seen.workers != f64::from(start))
            .unwrap()
            .seen
            .workers;
        assert!(
            second >= f64::from(start) / 2.0,
            "from {start} to {second}: not from the bound"
        );
        let last = turns[299].ruling.workers as usize;
        assert!(rates[last - 1] >= 0.9 * best, "{last} workers, the knee is {knee}");
    }
}

#[test]
fn a_start_outside_the_bounds_is_moved_to_them() {
    for (start, first) in [(1, 5), (20, 20), (300, 100)] {
        let set = Setpoints {
            start: Some(start),
            ..within(5, 100)
        };

        assert_eq!(set.first(), first);
        assert_eq!(drive("usl", set, 1).run(0.1)[0].seen.workers, f64::from(first));
    }
}

#[test]
fn the_first_tick_of_a_rung_is_enough_where_answers_are_many() {
    for (plant, most) in [("mmc", 0.5), ("flat", 0.7)] {
        let s = soon(plant, 9, 5.0);

        assert!(s <= most, "{plant}: {s} s");
    }
}

#[test]
fn where_nothing_queues_the_latency_alone_lets_it_grow() {
    let s = soon("huge", 3, 12.0);

    assert!(s <= 5.0, "{s} s");
}

#[test]
fn workers_that_fail_are_kept_off_and_the_rest_is_close_below() {
    let rests: Vec<f64> = (0..5).map(|s| knees("reject", s)).collect();

    assert!(rests.iter().all(|n| (0.9..1.1).contains(n)), "{rests:?}");
}

#[test]
fn a_pause_of_the_target_is_no_change_of_it() {
    // Five pauses of 0.4 s in each run.
    let counts: Vec<usize> = (0..5).map(|s| alarms(&drive("gcpause", free(), s).run(60.0))).collect();

    assert!(counts.iter().sum::<usize>() <= 2, "{counts:?}");
}

#[test]
fn what_it_climbed_on_a_changing_or_moody_target_is_given_back() {
    for (plant, most) in [("warm", 2.5), ("pareto", 5.0)] {
        let n: Vec<f64> = (0..5).map(|s| knees(plant, s)).collect();

        assert!(n.iter().all(|n| *n <= most), "{plant}: {n:?}");
    }
}

#[test]
fn a_target_that_warms_up_makes_nobody_run_away() {
    // The rate grows by a quarter a second at first: whatever is measured later wins, twice the workers too.
    let mut wide = Recipe::named("warm").unwrap();
    for (key, value) in [("servers", "24"), ("service", "exp:6.8ms"), ("delay", "10ms")] {
        wide.apply(key, value).unwrap();
    }
    for recipe in [wide, Recipe::named("warm").unwrap()] {
        let knee = f64::from(recipe.truth(Nanos::from_secs(59)).knee_workers);
        let peak = |seed| {
            let turns = Drive::new(recipe.clone(), free(), false, seed).run(30.0);
            turns.iter().map(|t| t.ruling.workers).fold(0.0, f64::max) / knee
        };
        let peaks: Vec<f64> = (9100..9112).map(peak).collect();

        assert!(peaks.iter().all(|p| *p <= 10.0), "knee {knee}: {peaks:.1?}");
    }
}

#[test]
fn a_rate_limiter_is_paced_just_above_what_it_admits() {
    // 100 saved tokens make the first seconds look like more; flat out, half a million requests would be refused.
    for (limit, burst, rate) in [("300/s", "100", 300.0), ("120/s", "12", 120.0), ("1000/s", "300", 1000.0)] {
        let mut recipe = Recipe::named("ratelimit").unwrap();
        recipe.apply("limit", limit).unwrap();
        recipe.apply("burst", burst).unwrap();
        for seed in 0..3 {
            let turns = Drive::new(recipe.clone(), free(), false, seed).run(40.0);

            let count = |of: fn(&Turn) -> u64, from: usize| turns[from..].iter().map(of).sum::<u64>() as f64;
            let (ok, refused) = (count(|t| t.seen.ok, 250), count(|t| t.seen.err, 250));
            assert!((ok / 15.0 / rate - 1.0).abs() < 0.03, "{limit} {seed}: {ok} in 15 s");
            assert!(refused < 0.10 * ok, "{limit} {seed}: {refused} of {ok}");
            assert!(
                count(|t| t.seen.err, 0) < 70_000.0,
                "{limit} {seed}: {}",
                count(|t| t.seen.err, 0)
            );
            let told = turns
                .iter()
                .flat_map(|t| &t.ruling.notes)
                .any(|n| n.contains("is its rate limit"));
            assert!(told && turns.last().unwrap().ruling.converged, "{limit} {seed}");
        }
    }
}

#[test]
fn a_limit_in_flight_is_kept() {
    let mut recipe = Recipe::named("web").unwrap();
    recipe.apply("admit", "16").unwrap();
    for seed in 0..3 {
        let turns = Drive::new(recipe.clone(), free(), false, seed).run(60.0);

        let late: u64 = turns[300..].iter().map(|t| t.seen.err).sum();
        let most = median(turns[500..].iter().map(|t| t.seen.workers).collect());
        assert!((8.0..=16.0).contains(&most), "{seed}: {most}");
        assert!(late < 20_000, "{seed}: {late} refused in the last half minute");
    }
}

#[test]
fn a_sharp_knee_has_been_held_far_beyond_too() {
    let knee = Recipe::named("uslsteep").unwrap().truth(Nanos::ZERO).knee_workers;
    for seed in 0..5 {
        let turns = drive("uslsteep", free(), seed).run(60.0);

        let mut held = BTreeMap::<u32, u32>::new();
        let far = |t: &&Turn| t.ruling.settled && t.seen.workers > 1.5 * f64::from(knee);
        for t in turns.iter().filter(far) {
            *held.entry(t.seen.workers as u32).or_default() += 1;
        }

        assert!(held.values().any(|ticks| *ticks >= 4), "{seed}: {held:?} beyond {knee}");
    }
}

#[test]
fn whether_the_rate_falls_far_beyond_the_knee_is_looked_at_from_rest_until_it_is_plain() {
    let looks = |plant: &str, seed| {
        let turns = drive(plant, free(), seed).run(60.0);
        let look = |t: &&Turn| t.ruling.notes.iter().any(|n| n.contains("% of what"));
        turns.iter().filter(look).count()
    };
    let steep: Vec<usize> = (0..3).map(|s| looks("uslsteep", s)).collect();

    assert!(steep.iter().all(|n| *n <= 2) && steep.iter().sum::<usize>() >= 1, "{steep:?}");
    assert!((0..3).all(|s| looks("reject", s) == 0), "errors were met there");
}

#[test]
fn what_was_measured_while_the_target_was_cold_does_not_count() {
    for seed in 0..4 {
        let turns = drive("cold", free(), seed).run(60.0);

        // After the 2000th answer, on a curve of its own: within 20 s it stands near the knee again.
        let n = median(turns[400..].iter().map(|t| t.seen.workers).collect());
        assert!(alarms(&turns) >= 1 && (18.0..40.0).contains(&n), "{seed}: {n}");
    }
}

#[test]
fn at_a_bound_it_rests_and_wishes_for_nothing_beyond() {
    for (set, bound) in [(within(1, 12), 12.0), (within(80, 400), 80.0)] {
        for seed in 0..3 {
            let turns = drive("usl", set.clone(), seed).run(60.0);

            let n = median(turns[200..].iter().map(|t| t.seen.workers).collect());
            let pairs = turns.last().unwrap().ruling.law.neutral_pairs;
            assert_eq!((n, alarms(&turns)), (bound, 0));
            assert!(pairs >= 2, "{bound}: {pairs}");
        }
    }
}

/// Rests for `rest` s, is held by hand at four times that for 6 s, and released for 14 s: workers at rest before, and what came
/// after the release.
fn overridden(plant: &str, seed: u64, rest: f64) -> (f64, Vec<Turn>) {
    let mut drive = drive(plant, free(), seed);
    let before = drive.run(rest);
    let at_rest = before.iter().rev().find(|t| t.ruling.resting).unwrap().seen.workers;
    drive.set.asked = Some(4 * at_rest as u32);
    drive.run(6.0);
    drive.set.asked = None;
    (at_rest, drive.run(14.0))
}

#[test]
fn after_an_override_it_returns_to_the_rest_it_knew_without_a_search() {
    for (plant, seed) in [("mmc", 1), ("usl", 2), ("flat", 3)] {
        let (knee, after) = overridden(plant, seed, 20.0);

        let searched = |t: &&Turn| matches!(t.ruling.state, State::Ramp | State::Reprobe | State::Refine | State::Trim);
        assert_eq!(after.iter().filter(searched).count(), 0, "{plant}");
        assert!(
            after[12..32].iter().all(|t| t.ruling.workers == knee),
            "{plant}: at rest for the first 2 s"
        );
        assert!(after.iter().all(|t| t.ruling.workers <= 4.0 * knee), "{plant}");
        let said = |words: &str| after.iter().flat_map(|t| &t.ruling.notes).any(|n| n.contains(words));
        assert!(said(": the knee, as before"), "{plant}");
    }
}

#[test]
fn after_an_override_under_which_the_target_changed_it_searches_again() {
    // Its capacity falls to a half at 30 s, while the workers are held by hand.
    let knee = Recipe::named("capdrop").unwrap().truth(Nanos::from_secs(59)).knee_workers;
    for seed in 0..4 {
        let (_, after) = overridden("capdrop", seed, 27.0);

        assert!(after.iter().any(|t| t.ruling.changed), "{seed}");
        let rests = median(after[90..].iter().map(|t| t.seen.workers).collect()) / f64::from(knee);
        assert!((0.7..1.6).contains(&rests), "{seed}: {rests} knees");
    }
}
