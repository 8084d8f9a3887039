//! The open model on plants whose figures are known.

use super::*;
use crate::conduct::Plant;
use crate::load::Process;
use crate::model::demand::Overflow;
use crate::sim::plants::Recipe;
use crate::telemetry::books::Books;
use crate::telemetry::interval::Interval;
use crate::telemetry::tally::Tally;

const SEC: fn(u64) -> Nanos = Nanos::from_secs;

fn demand(rate: f64, workers: f64) -> Demand {
    Demand {
        rate: Some(rate),
        arrivals: Process::Poisson,
        workers,
        ..Demand::default()
    }
}

fn plant(name: &str, options: &[(&str, &str)]) -> Recipe {
    let mut r = Recipe::named(name).unwrap();
    options.iter().for_each(|(k, v)| r.apply(k, v).unwrap());
    r
}

fn open(name: &str, rate: f64, workers: f64) -> World {
    let mut w = World::new(Recipe::named(name).unwrap(), None, 7);
    w.set(demand(rate, workers));
    w
}

#[test]
fn below_capacity_what_is_offered_is_answered() {
    let seen = open("usl", 1250.0, 512.0).collect(SEC(40));

    let t = &seen.tally;
    assert!((t.ok as f64 / 40.0 / 1250.0 - 1.0).abs() < 0.03, "{}", t.ok);
    assert!(t.parts.is_none(), "nobody waits for a worker");
    assert!(seen.gauges.idle > 0 && seen.gauges.queued == 0);
}

#[test]
fn at_the_closed_knee_open_arrivals_run_away() {
    let seen = open("usl", 1662.0, 16_384.0).collect(SEC(30));

    assert!(seen.gauges.in_flight > 5_000, "{:?}", seen.gauges);
}

#[test]
fn one_server_shows_every_wait_from_the_intended_start() {
    // One worker over one constant server of 5 ms at 100/s is M/D/1 at half load: mean wait ρ·S/(2(1−ρ)) = 2.5 ms.
    let recipe = plant("mmc", &[("servers", "1"), ("service", "const:5ms"), ("delay", "0")]);
    let mut w = World::new(recipe, None, 3);
    w.set(demand(100.0, 1.0));

    let t = w.collect(SEC(2_000)).tally;

    let (wait, service) = (t.wait().mean().unwrap(), t.service().mean().unwrap());
    assert!((wait / 0.0025 - 1.0).abs() < 0.05, "{wait}");
    assert!((service / 0.005 - 1.0).abs() < 1e-3, "{service}");
    assert!((t.response().mean().unwrap() - wait - service).abs() < 1e-5);
    assert_eq!(t.parts.unwrap().send_lag.max(), Some(0.0));
}

#[test]
fn the_books_balance_at_every_moment_in_every_policy_and_through_changes_of_the_model() {
    for overflow in [Overflow::Drop, Overflow::Reject, Overflow::Block] {
        let mut w = World::new(Recipe::named("slow").unwrap(), None, 5).offering(Traffic {
            capacity: 20,
            ..Traffic::default()
        });
        let mut total = Tally::default();
        let mut slipped = Nanos::ZERO;
        for k in 0..120u64 {
            let drive = match k {
                30..40 => Drive::Pause,
                106..110 => Drive::Drain,
                110.. => Drive::Abort,
                _ => Drive::Run,
            };
            w.set(Demand {
                rate: (!(50..60).contains(&k)).then_some(60.0 + k as f64),
                workers: [3.0, 9.0, 2.5][k as usize % 3],
                arrivals: Process::Burst(7),
                overflow,
                drive,
                ..Demand::default()
            });
            let seen = w.collect(Nanos::from_millis(137 * (k + 1)));
            total.merge(&seen.tally);

            let books = Books::of(&total, &seen.gauges);

            assert!(books.balanced(), "{overflow:?} {k} {books:?}");
            assert!(w.slip() >= slipped && seen.gauges.queued <= 20);
            slipped = w.slip();
        }
        let counts = (
            total.shed > 0,
            total.errors[Failure::LocalQueue as usize] > 0,
            slipped > SEC(1),
        );
        let expected = [
            overflow == Overflow::Drop,
            overflow == Overflow::Reject,
            overflow == Overflow::Block,
        ];
        assert_eq!(counts, expected.into(), "{overflow:?}");
        assert!(total.not_sent > 0 && total.aborted > 0);
        assert!(
            total.not_sent_oldest > Nanos::ZERO && total.not_sent_oldest < SEC(16),
            "{}",
            total.not_sent_oldest
        );
    }
}

#[test]
fn a_throttle_holds_arrivals_back_and_they_are_timed_from_when_they_were_wanted() {
    let terms = crate::load::throttle::Terms::parse("100:1").ok();
    let mut w = World::new(Recipe::named("mmc").unwrap(), None, 7).throttled(terms);
    w.set(Demand {
        arrivals: Process::Constant,
        ..demand(150.0, 64.0)
    });

    let seen = w.collect(SEC(10));

    // a third of 1500 waits: the last of them for 3.3 s
    assert!(
        seen.tally.sent.abs_diff(1_000) <= 2 && seen.gauges.throttled,
        "{}",
        seen.tally.sent
    );
    assert!(seen.gauges.waiting.abs_diff(500) <= 2 && seen.gauges.idle > 0);
    let wait = seen.tally.wait().max().unwrap();
    assert!((wait - 3.3).abs() < 0.05, "{wait}");
    assert_eq!(seen.tally.parts.unwrap().send_lag.max(), Some(0.0));
}

#[test]
fn a_pause_stops_the_schedule_and_a_drain_sends_what_is_due() {
    let mut w = open("slow", 100.0, 4.0);
    w.collect(SEC(1));
    let stop = |drive| Demand {
        drive,
        ..demand(100.0, 4.0)
    };
    let queued = |i: &Interval| (i.tally.scheduled, i.gauges.queued);

    w.set(stop(Drive::Pause));
    let paused = w.collect(SEC(5));
    let again = w.collect(SEC(6));
    w.set(stop(Drive::Drain));
    let drained = w.collect(SEC(60));

    assert_eq!((paused.gauges.in_flight, queued(&again)), (0, (0, paused.gauges.queued)));
    assert_eq!(queued(&drained), (0, 0));
    assert_eq!(drained.tally.ok, paused.gauges.queued);
}

#[test]
fn nobody_waits_through_a_pause_and_every_cohort_is_answered() {
    // Half of 200/s gets through; a minute of pause.
    let recipe = plant("mmc", &[("servers", "1"), ("service", "const:10ms"), ("delay", "0")]);
    let mut w = World::new(recipe, None, 3);
    let of = |rate, drive| Demand {
        drive,
        limits: Some([SEC(4), SEC(8), Nanos::MAX]),
        ..demand(rate, 4.0)
    };
    let mut total = Tally::default();
    let mut at = |w: &mut World, until, demand| {
        let seen = w.collect(until);
        total.merge(&seen.tally);
        w.set(demand);
        seen.gauges
    };

    at(&mut w, Nanos::ZERO, of(200.0, Drive::Run));
    let before = at(&mut w, SEC(2), of(200.0, Drive::Pause));
    let after = at(&mut w, SEC(62), of(1e-3, Drive::Run));
    at(&mut w, SEC(70), of(1e-3, Drive::Run));

    assert!(before.waiting > 150 && after.waiting == before.waiting, "{before:?}");
    assert_eq!(after.due_age, before.due_age, "it does not age");
    let slowest = total.response().max().unwrap();
    assert!((1.5..4.0).contains(&slowest), "{slowest}");
    let cohorts = total.cohorts.as_mut().unwrap();
    let sums = [SEC(60), SEC(70)].map(|until| cohorts.take(until));
    assert!(sums.iter().all(|c| c.timely[0] == c.arrived), "{sums:?}");
    assert_eq!(sums.iter().map(|c| c.arrived).sum::<u64>(), total.ok);
}

#[test]
fn a_limit_is_kept_exactly_and_said() {
    let mut w = World::new(Recipe::named("mmc").unwrap(), Some(1_000), 2);
    w.set(demand(1_500.0, 64.0));

    let seen = w.collect(SEC(5));

    assert_eq!((seen.tally.scheduled, seen.tally.ok, seen.exhausted), (1_000, 1_000, true));
}

#[test]
fn arrivals_come_as_the_demand_says_and_live() {
    let mut w = World::new(plant("mmc", &[("delay", "0")]), None, 3);
    let spread = |w: &mut World, arrivals, from: u64| {
        w.set(Demand {
            arrivals,
            ..demand(500.0, 64.0)
        });
        let counts: Vec<f64> = (0..400)
            .map(|k| w.collect(Nanos::from_millis(20_000 * from + 50 * (k + 1))).tally.scheduled as f64)
            .collect();
        let mean = counts.iter().sum::<f64>() / 400.0;
        counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / 400.0 / mean
    };

    let even = spread(&mut w, Process::Constant, 0);
    let random = spread(&mut w, Process::Poisson, 1);

    // 25 a slot: variance over mean 0 and 1, the latter to 5 sigma of 400 slots.
    assert!(even < 0.05, "{even}");
    assert!((random - 1.0).abs() < 0.36, "{random}");
}

#[test]
fn a_cap_sheds_what_comes_while_so_many_are_in_flight_and_cohorts_count_it() {
    // One server of exactly 10 ms at 300/s and room for two: a good third gets in.
    let recipe = plant("mmc", &[("servers", "1"), ("service", "const:10ms"), ("delay", "0")]);
    let mut w = World::new(recipe, None, 3);
    let limits = [Nanos::from_millis(15), Nanos::from_millis(25), Nanos::MAX];
    w.set(Demand {
        cap: Some(2),
        limits: Some(limits),
        ..demand(300.0, 64.0)
    });

    let mut total = Tally::default();
    for k in 1..=100 {
        let seen = w.collect(Nanos::from_millis(100 * k));
        assert!(seen.gauges.in_flight <= 2 && seen.gauges.queued == 0, "{:?}", seen.gauges);
        total.merge(&seen.tally);
    }

    let sum = total.cohorts.as_mut().unwrap().take(SEC(10));
    assert_eq!((sum.arrived, total.shed + total.sent), (total.scheduled, total.scheduled));
    assert!(total.shed > 1_500 && total.ok > 900, "{} {}", total.shed, total.ok);
    assert_eq!((sum.timely[2], sum.unsent), (total.ok, total.shed));
    // Shared by two a job takes up to 20 ms.
    assert!(sum.timely[1] == total.ok && sum.timely[0] < total.ok, "{sum:?}");
}

#[test]
fn going_back_to_the_closed_model_employs_everybody_again() {
    let mut w = open("mmc", 3_000.0, 16.0);
    let before = w.collect(SEC(2));
    w.set(Demand {
        rate: None,
        ..demand(0.0, 22.0)
    });

    let after = w.collect(SEC(4));

    assert!(before.gauges.queued > 500 && after.tally.not_sent == before.gauges.queued);
    assert_eq!((after.gauges.in_flight, after.gauges.queued), (22, 0));
    assert!((after.tally.ok as f64 / 2.0 / 1965.0 - 1.0).abs() < 0.1, "{}", after.tally.ok);
}
