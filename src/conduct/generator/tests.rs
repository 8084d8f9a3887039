//! Who was the limit, and what is told of a busy machine.

use super::*;
use crate::model::seen::Seen;
use crate::telemetry::interval::{Gauges, Health};
use crate::telemetry::tally::Outcome;

fn open() -> Demand {
    Demand {
        rate: Some(200.0),
        ..Demand::default()
    }
}

/// The `k`-th tenth of a second: 20 arrivals answered in 5 ms, sent `lag` after their time.
fn tick(k: u64, lag: Nanos) -> Interval {
    let mut i = Interval {
        from: Nanos::from_millis(100 * k),
        to: Nanos::from_millis(100 * (k + 1)),
        lanes: 2,
        heard: 2,
        ..Interval::default()
    };
    (i.tally.scheduled, i.tally.sent) = (20, 20);
    for _ in 0..20 {
        let seen = Seen {
            sent: Some(lag),
            ..Seen::default()
        };
        i.tally.finish(&seen, Outcome::Ok, lag + Nanos::from_millis(5));
    }
    i
}

fn run(g: &mut Generator, demand: &Demand, ticks: u64, of: impl Fn(u64) -> Interval) -> Vec<String> {
    (0..ticks)
        .flat_map(|k| g.add(&of(k), demand, true))
        .map(|(_, text)| text)
        .collect()
}

#[test]
fn late_sends_in_more_than_a_twentieth_of_the_ticks_convict() {
    let of = |every: u64| {
        move |k: u64| {
            tick(
                k,
                if k.is_multiple_of(every) {
                    Nanos::from_millis(3)
                } else {
                    Nanos::from_micros(20)
                },
            )
        }
    };
    let limit = |every| {
        let mut g = Generator::default();
        run(&mut g, &open(), 100, of(every));
        g.limit(true, Some(0.003))
    };

    assert_eq!(limit(25), None, "4 % of the ticks");
    assert_eq!(
        limit(10).as_deref(),
        Some("sent late in 10 % of the time, send lag p99 3.0 ms, CPU 0 %")
    );
}

#[test]
fn what_waits_while_workers_idle_is_ours_and_what_waits_for_busy_ones_the_targets() {
    let limit = |idle, cpu, throttled, demand: Demand| {
        let mut g = Generator::default();
        run(&mut g, &demand, 50, |k| {
            let mut i = tick(k, Nanos::from_micros(20));
            (i.tally.scheduled, i.tally.shed) = (30, 10);
            i.gauges = Gauges {
                idle,
                waiting: 500,
                slip: Nanos::from_millis(100 * k),
                throttled,
                ..Gauges::default()
            };
            i.health = Health {
                cpu,
                ..Health::default()
            };
            i
        });
        g.limit(demand.rate.is_some(), None).is_some()
    };

    let closed = Demand { rate: None, ..open() };
    assert!(limit(3, 0.2, false, open()) && limit(0, 0.99, false, open()));
    assert!(!limit(0, 0.2, false, open()), "every worker is busy: the target");
    assert!(!limit(3, 0.2, true, open()), "the user's throttle");
    assert!(!limit(0, 0.2, false, closed) && limit(0, 0.98, false, closed));
}

#[test]
fn what_was_sent_is_held_against_what_was_asked_over_the_same_time() {
    let mut g = Generator::default();
    for (rate, from) in [(300.0, 0), (100.0, 50)] {
        let demand = Demand {
            rate: Some(rate),
            ..Demand::default()
        };
        run(&mut g, &demand, 50, |k| {
            let mut i = tick(from + k, Nanos::from_micros(20));
            (i.tally.scheduled, i.tally.shed, i.health.missed) = (rate as u64 / 10, 10, 10);
            i.tally.sent = i.tally.scheduled - 10;
            i
        });
    }

    let why = g.limit(true, None).unwrap();
    assert!(why.starts_with("sent 100/s of 200/s, "), "{why}");
}

#[test]
fn what_a_target_that_stood_still_cost_is_not_ours_once_workers_idle_again() {
    let mut g = Generator::default();
    run(&mut g, &open(), 100, |k| {
        let mut i = tick(k, Nanos::from_micros(20));
        // Every second it stands still until shortly before a tick ends.
        (i.tally.shed, i.gauges.idle) = (if k % 10 == 9 { 10 } else { 0 }, 4);
        i.gauges.slip = Nanos::from_millis(50 * (k / 10));
        i
    });

    assert_eq!(g.limit(true, None), None);
}

#[test]
fn a_lane_that_was_full_while_it_sent_was_full() {
    let closed = Demand { rate: None, ..open() };
    let mut g = Generator::default();
    let busy = |cpu| {
        move |k| {
            let mut i = tick(k, Nanos::ZERO);
            i.health.cpu = cpu;
            i
        }
    };
    run(&mut g, &closed, 20, busy(0.99));
    let drain = Demand {
        drive: Drive::Drain,
        ..closed
    };
    (20..23).for_each(|k| drop(g.add(&busy(0.05)(k), &drain, false)));

    assert_eq!(g.limit(false, None).as_deref(), Some("CPU 99 %"));
}

#[test]
fn a_crowded_machine_is_told_when_it_begins_and_when_it_ends() {
    let mut g = Generator::default();

    let told = run(&mut g, &Demand::default(), 150, |k| {
        let mut i = tick(k, Nanos::ZERO);
        i.health.waited = if (30..80).contains(&k) { 0.4 } else { 0.01 };
        i
    });

    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("this machine is busy: lanes waited 1"), "{told:?}");
    assert!(told[1].contains("free again") && told[1].contains("for 4."), "{told:?}");
    assert!(g.waited() < 0.02, "the last five seconds");
}

#[test]
fn those_sent_at_once_have_no_lag() {
    let mut t = tick(0, Nanos::from_millis(2)).tally;
    t.direct.record_n(Nanos::from_millis(5), 60);

    assert_eq!((lag(&t, 0.5), lag(&t, 0.75)), (Some(0.0), Some(0.0)));
    assert!((lag(&t, 0.76).unwrap() - 0.002).abs() < 1e-5);
    assert_eq!(lag(&Tally::default(), 0.5), None);
}
