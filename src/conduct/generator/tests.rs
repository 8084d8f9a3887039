//! Who was the limit, and what is told of a busy machine.

use super::*;
use crate::model::seen::Seen;
use crate::telemetry::interval::Gauges;
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

const ONE: Means = Means {
    lanes: 1,
    cores: 2,
    descriptors: Some(40),
    beside: 64,
    short_of: None,
};

/// Ten seconds of open traffic.
fn judged(of: impl Fn(u64) -> Interval) -> Option<String> {
    let mut g = Generator::default();
    run(&mut g, &open(), 100, of);
    g.limit(true, ONE)
}

/// The tick with so many of its 20 arrivals lost while the lane ran and waited so much.
fn lossy(k: u64, lost: u64, (cpu, waited): (f64, f64)) -> Interval {
    let mut i = tick(k, Nanos::from_micros(20));
    i.tally.sent -= lost;
    i.tally.ok -= lost;
    i.tally.shed = lost;
    (i.health.cpu, i.health.waited, i.health.occupied) = (cpu, waited, cpu + waited);
    i
}

#[test]
fn lateness_and_standstills_convict_nobody_where_everything_left() {
    let late = |k: u64| {
        let mut i = tick(k, Nanos::from_millis(30));
        i.health.pauses = vec![(i.from, Nanos::from_millis(300))];
        (i.health.occupied, i.health.waited) = (0.99, 0.9);
        i
    };

    assert_eq!(judged(late), None);
}

#[test]
fn a_full_lane_that_loses_arrivals_is_named_with_what_was_answered_and_asked() {
    let full = |k| lossy(k, 10, (0.99, 0.0));

    assert_eq!(
        judged(full).as_deref(),
        Some("answered 100 of 200/s asked; our lane ran at 99 % CPU (--threads 2)")
    );
    let starved = judged(|k| lossy(k, 10, (0.31, 0.68))).unwrap();
    assert!(
        starved.contains("ran at 31 % CPU and waited for one 68 % of the time"),
        "{starved}"
    );
}

#[test]
fn an_overload_is_the_targets_also_where_the_lane_was_full_for_a_moment() {
    let overload = |k: u64| lossy(k, 10, if k.is_multiple_of(10) { (0.2, 0.79) } else { (0.1, 0.3) });

    assert_eq!(
        judged(overload),
        None,
        "every worker was busy, and full for a tenth of the time"
    );
    assert_eq!(judged(|k| lossy(k, 0, (0.99, 0.0))), None, "full, and everything left");
}

#[test]
fn what_is_lost_or_waits_while_a_worker_is_free_is_ours() {
    let lost = |missed| {
        judged(|k| {
            let mut i = lossy(k, missed, (0.2, 0.0));
            i.health.missed = missed;
            i
        })
    };
    let waits = |idle, throttled| {
        judged(|k| {
            let mut i = tick(k, Nanos::ZERO);
            i.gauges = Gauges {
                idle,
                throttled,
                waiting: 500,
                ..Gauges::default()
            };
            i
        })
    };

    let said = lost(10).unwrap();
    assert!(
        said.starts_with("answered 100 of 200/s asked; 1,000 did not leave while workers were free"),
        "{said}"
    );
    assert_eq!(lost(0), None);
    assert!(waits(3, false).is_some_and(|s| s.contains("500 did not leave")));
    assert_eq!(
        (waits(0, false), waits(3, true)),
        (None, None),
        "busy workers; the user's throttle"
    );
}

#[test]
fn what_waits_for_a_moment_at_the_end_is_no_loss() {
    let end = |k: u64| {
        let mut i = tick(k, Nanos::ZERO);
        (i.gauges.idle, i.gauges.waiting) = (3, if k > 97 { 60 } else { 0 });
        i
    };

    assert_eq!(judged(end), None, "a standstill of 300 ms before the end");
}

#[test]
fn what_was_answered_is_held_against_what_was_asked_over_the_same_time() {
    let mut g = Generator::default();
    for (rate, from) in [(300.0, 0), (100.0, 50)] {
        let demand = Demand {
            rate: Some(rate),
            ..Demand::default()
        };
        run(&mut g, &demand, 50, |k| {
            let mut i = lossy(from + k, 10, (0.2, 0.0));
            i.tally.scheduled = rate as u64 / 10;
            i.health.missed = 10;
            i
        });
    }

    let why = g.limit(true, ONE).unwrap();
    assert!(why.starts_with("answered 100 of 200/s asked; "), "{why}");
}

#[test]
fn a_closed_lane_is_the_limit_where_it_was_full_a_fifth_of_the_time() {
    let closed = Demand { rate: None, ..open() };
    let limit = |full: u64, (cpu, waited)| {
        let mut g = Generator::default();
        run(&mut g, &closed, 100, |k| {
            lossy(k, 0, if k < full { (cpu, waited) } else { (0.5, 0.2) })
        });
        // What it does in the drain says nothing.
        let drain = Demand {
            drive: Drive::Drain,
            ..closed
        };
        (100..140).for_each(|k| drop(g.add(&lossy(k, 0, (0.0, 0.0)), &drain, false)));
        (g.limit(false, ONE), (100.0 * g.full(false)).round())
    };

    assert_eq!(limit(19, (0.99, 0.0)), (None, 19.0));
    let said = |full, of| limit(full, of).0.unwrap();
    assert_eq!(
        said(20, (0.99, 0.0)),
        "in 20 % of the run our lane ran at 99 % CPU (--threads 2)"
    );
    assert!(said(100, (0.3, 0.68)).starts_with("in all of the run our lane ran at 30 % CPU and waited for one 68 %"));
}

#[test]
fn a_closed_lane_kept_from_a_cpu_has_its_waits_in_what_it_measures() {
    let starved = |waited, turn_ms| {
        let mut g = Generator::default();
        run(&mut g, &Demand { rate: None, ..open() }, 50, |k| {
            let mut i = lossy(k, 0, (0.05, waited));
            i.health.turn = Nanos::from_millis(turn_ms);
            i
        });
        g.starved()
            .map(|(wait, share)| ((1e3 * wait).round(), (100.0 * share).round()))
    };

    // Responses of 5.02 ms.
    assert_eq!(starved(0.9, 2), Some((2.0, 40.0)));
    assert_eq!(starved(0.4, 2), None, "it had a CPU for most of the time");
}

#[test]
fn workers_that_do_not_fit_under_the_descriptor_limit_are_named_with_what_they_need() {
    let short = Means {
        short_of: Some((18, 200)),
        ..ONE
    };

    assert_eq!(
        Generator::default().limit(false, short).as_deref(),
        Some("18 of 200 workers fit the open-file limit 40 (ulimit -n 264)")
    );
}

#[test]
fn a_refused_descriptor_is_named_with_the_limit_and_the_remedy() {
    let refused = |n| {
        let mut g = Generator::default();
        run(&mut g, &Demand { rate: None, ..open() }, 100, |k| {
            let mut i = tick(k, Nanos::ZERO);
            i.tally.errors[crate::model::failure::Failure::LocalFd as usize] = u64::from(k < n);
            i
        });
        g.limit(false, ONE)
    };

    assert_eq!(
        refused(38).as_deref(),
        Some("open-file limit 40 hit 38 times (ulimit -n 65536)")
    );
    assert_eq!(refused(1), None, "one of 2,000 is no limit");
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
    assert!(told[0].starts_with("CPU shared: lanes wait 1"), "{told:?}");
    assert!(told[1].contains("free again") && told[1].contains(" of 4."), "{told:?}");
    assert!(
        told.iter().all(|t| t.chars().count() <= 40),
        "their pane has no more cells: {told:?}"
    );
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
