//! The open model over real lanes and a target in memory. Counts and one-sided facts only: the machine may be busy.

use super::fake::{Habit, Run, plan};
use super::launch;
use crate::clock::Epoch;
use crate::conduct::Plant;
use crate::load::{Traffic, throttle};
use crate::model::arrival::Process;
use crate::model::demand::{Demand, Drive, Overflow};
use crate::model::failure::Failure;
use crate::model::units::Nanos;
use crate::plan::Plan;
use crate::telemetry::books::Books;

const MS: fn(u64) -> Nanos = Nanos::from_millis;

fn quick() -> Run {
    Run::new(&plan(), Habit::Answers { ms: 1, bad: 0 })
}

/// A queue for so many.
fn short(capacity: usize) -> Plan {
    Plan {
        traffic: Traffic {
            capacity,
            ..Traffic::default()
        },
        ..plan()
    }
}

fn until_idle(run: &mut Run) {
    run.go(50);
    run.until(|g| (g.in_flight, g.queued) == (0, 0));
}

#[test]
fn rate_times_time_is_scheduled_and_sent_exactly() {
    for (rate, expected) in [(1_000.0, 700), (7.0, 4), (2.5, 1)] {
        let mut run = quick();
        run.offer(rate, 300.0, |d| d.until = Some(MS(700)));
        while run.epoch.now() < MS(750) {
            run.go(50);
        }
        until_idle(&mut run);

        assert_eq!((run.total.scheduled, run.total.ok), (expected, expected), "{rate}/s");
        assert!(run.total.parts.is_some(), "what is sent after its moment shows how late");
    }
}

#[test]
fn a_number_of_arrivals_is_exact_over_all_lanes() {
    let plan = Plan {
        requests: Some(500),
        ..plan()
    };
    let mut run = Run::new(&plan, Habit::Answers { ms: 2, bad: 0 });

    run.offer(2_000.0, 300.0, |d| d.arrivals = Process::Burst(30));
    while !run.last.exhausted {
        run.go(20);
    }
    until_idle(&mut run);

    assert_eq!((run.total.scheduled, run.total.sent, run.total.ok), (500, 500, 500));
}

#[test]
fn a_few_workers_serve_a_low_rate_and_the_limit_is_kept_at_a_high_one() {
    let mut run = Run::new(&plan(), Habit::Answers { ms: 20, bad: 0 });
    run.offer(5_000.0, 7.0, |_| {});
    run.until(|g| g.in_flight == 7 && g.waiting > 100);

    assert_eq!((run.last.gauges.workers, run.total.opened), (7, 7));
    assert!(run.last.gauges.due_age > Nanos::ZERO);
}

#[test]
fn every_way_to_end_balances_and_says_what_became_of_those_who_waited() {
    for drive in [Drive::Drain, Drive::Abort] {
        let mut run = Run::new(&plan(), Habit::Answers { ms: 5, bad: 3 });
        run.offer(3_000.0, 4.0, |_| {});
        run.until(|g| g.waiting > 50);
        let waiting = run.last.gauges.waiting;

        run.offer(3_000.0, 4.0, |d| d.drive = drive);
        while !run.lanes.settled() {
            run.go(10);
        }
        run.collect();

        let books = Books::of(&run.total, &run.last.gauges);
        assert_eq!((books.in_flight, books.queued), (0, 0), "{books:?}");
        match drive {
            Drive::Drain => assert_eq!((books.not_sent, books.aborted), (0, 0)),
            _ => {
                assert!(books.not_sent >= waiting && books.aborted <= 4, "{books:?}");
                let oldest = run.total.not_sent_oldest;
                assert!(oldest > Nanos::ZERO && oldest <= run.epoch.now(), "{oldest}");
            }
        }
    }
}

#[test]
fn a_full_queue_drops_rejects_or_slips_each_with_its_own_sign() {
    for overflow in [Overflow::Drop, Overflow::Reject, Overflow::Block] {
        let mut run = Run::new(&short(20), Habit::Answers { ms: 10, bad: 0 });
        run.offer(2_000.0, 3.0, |d| d.overflow = overflow);
        run.go(400);

        let t = &run.total;
        let signs = [
            t.shed > 100,
            t.errors[Failure::LocalQueue as usize] > 100,
            run.last.gauges.slip > MS(100),
        ];
        let expected = [Overflow::Drop, Overflow::Reject, Overflow::Block].map(|o| o == overflow);
        assert_eq!(
            signs, expected,
            "{overflow:?}: {} {} {}",
            t.shed, t.unsent, run.last.gauges.slip
        );
        assert!(run.last.gauges.waiting <= 20);
        assert_eq!(t.errors[Failure::LocalQueue as usize], t.unsent);
        if overflow == Overflow::Block {
            assert!(t.scheduled < 400, "the schedule waits: {}", t.scheduled);
        }
    }
}

#[test]
fn more_than_the_cap_are_never_in_flight_and_the_rest_is_shed() {
    let mut run = Run::new(&plan(), Habit::Hangs { head: false });
    run.offer(2_000.0, 200.0, |d| d.cap = Some(12));
    run.until(|g| g.in_flight == 12);
    run.go(200);

    assert_eq!(
        (run.last.gauges.in_flight, run.last.gauges.waiting, run.total.sent),
        (12, 0, 12)
    );
    assert!(run.total.shed > 100);
    let books = run.end(Drive::Abort);
    assert_eq!((books.aborted, books.queued), (12, 0));
}

#[test]
fn a_pause_stops_the_schedule_and_going_closed_and_open_loses_nothing() {
    let mut run = quick();
    run.offer(1_000.0, 50.0, |_| {});
    run.go(150);
    run.offer(1_000.0, 50.0, |d| d.drive = Drive::Pause);
    run.until(|g| g.in_flight == 0);
    // What was due and had no worker yet waits on.
    let (paused, waits) = (run.total.scheduled, run.last.gauges.waiting);
    run.go(200);
    let g = &run.last.gauges;
    assert_eq!((run.total.scheduled, g.in_flight, g.waiting), (paused, 0, waits));

    run.set(5.0, Drive::Run);
    run.until(|g| (g.workers, g.in_flight) == (5, 5));
    let closed = run.total.scheduled;
    run.offer(200.0, 50.0, |_| {});
    run.go(300);
    run.offer(200.0, 50.0, |d| d.drive = Drive::Drain);
    while !run.lanes.settled() {
        run.go(10);
    }
    run.collect();

    let books = Books::of(&run.total, &run.last.gauges);
    assert!(closed > paused, "{books:?}");
    assert_eq!((books.ok + waits, books.not_sent), (books.scheduled, waits), "{books:?}");
}

#[test]
fn a_change_of_rate_acts_at_once_in_the_middle_of_a_long_gap() {
    let mut run = quick();
    run.offer(0.01, 50.0, |_| {});
    run.go(100);
    assert_eq!(run.total.scheduled, 0);

    run.offer(1_000.0, 50.0, |_| {});
    run.go(300);

    assert!(run.total.scheduled >= 200, "{}", run.total.scheduled);
}

#[test]
fn refused_connects_use_up_arrivals_and_balance() {
    let mut run = Run::new(&plan(), Habit::Refuses);
    run.offer(200.0, 6.0, |_| {});
    run.go(400);
    let books = run.end(Drive::Abort);

    assert!(books.unsent >= 6 && books.sent == 0, "{books:?}");
    assert_eq!(books.queued, 0);
}

#[test]
fn workers_that_rest_after_a_refusal_do_not_idle() {
    let mut run = Run::new(&plan(), Habit::Refuses);
    run.offer(500.0, 6.0, |_| {});

    run.until(|g| g.backing == 6);

    assert_eq!(
        (run.last.gauges.idle, run.last.gauges.workers),
        (0, 6),
        "arrivals wait for the target"
    );
}

#[test]
fn the_turn_to_dial_is_no_part_of_the_time_to_connect() {
    let mut plan = plan();
    (plan.connect_rate, plan.timeouts.connect) = (60.0, MS(40));
    let mut run = Run::new(&plan, Habit::Answers { ms: 1_000, bad: 0 });

    run.offer(200.0, 60.0, |_| {});
    run.go(900);
    let books = run.end(Drive::Drain);

    assert_eq!((books.unsent, books.failed), (0, 0), "{:?}", run.total.errors);
    assert!(books.ok > 20, "{books:?}");
}

#[test]
fn a_crowd_that_free_workers_can_take_needs_no_place_in_a_short_queue() {
    let mut run = Run::new(&short(3), Habit::Answers { ms: 1, bad: 0 });

    run.offer(500.0, 300.0, |d| d.arrivals = Process::Burst(100));
    run.go(600);
    let books = run.end(Drive::Drain);

    assert_eq!((books.shed, books.ok), (0, books.scheduled), "{books:?}");
    assert!(books.ok >= 200, "{books:?}");
}

#[test]
fn a_panic_loses_no_arrival() {
    let plan = Plan {
        requests: Some(60),
        ..plan()
    };
    let mut run = Run::new(&plan, Habit::Panics { at: 20 });
    run.offer(500.0, 300.0, |_| {});
    while !run.last.exhausted {
        run.go(20);
    }
    until_idle(&mut run);

    assert_eq!((run.total.ok, run.total.failed), (59, 1));
}

#[test]
fn a_throttle_bounds_both_models() {
    let plan = Plan {
        throttle: throttle::Terms::parse("100:5").ok(),
        ..plan()
    };
    for open in [true, false] {
        let mut run = Run::new(&plan, Habit::Answers { ms: 0, bad: 0 });
        if open {
            run.offer(2_000.0, 40.0, |_| {});
        } else {
            run.set(40.0, Drive::Run);
        }
        run.go(500);

        let most = 5.0 + 100.0 * run.epoch.now().secs() + 1.0;
        assert!(run.total.sent as f64 <= most, "{} of {most}", run.total.sent);
        assert!(run.total.sent >= 20, "{}", run.total.sent);
    }
}

#[test]
fn cohorts_hold_every_arrival_and_the_timely_ones() {
    let mut run = quick();
    let limits = [Nanos::from_secs(5), Nanos::ZERO, Nanos::MAX];
    let judged = |d: &mut Demand| {
        d.limits = Some(limits);
        d.until = Some(MS(300));
    };
    run.offer(500.0, 50.0, judged);
    while run.epoch.now() < MS(350) {
        run.go(50);
    }
    until_idle(&mut run);

    let all = run.total.cohorts.as_mut().unwrap().take(Nanos::from_secs(60));
    assert_eq!((all.arrived, all.timely), (150, [150, 0, 150]));
}

#[test]
fn poisson_gaps_have_the_deviation_of_their_mean() {
    let mut b = crate::load::Backlog::new(Traffic::default(), 5);
    b.follow(
        Nanos::ZERO,
        &Demand {
            rate: Some(1_000.0),
            arrivals: Process::Poisson,
            ..Demand::default()
        },
    );
    let moments: Vec<f64> = (0..200_000)
        .filter_map(|n| {
            b.offer(b.free(), || Some(n));
            b.take(Nanos::ZERO).map(|a| a.intended.secs())
        })
        .collect();

    let gaps: Vec<f64> = moments.windows(2).map(|w| w[1] - w[0]).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let deviation = (gaps.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / gaps.len() as f64).sqrt();

    assert!((0.99..1.01).contains(&(deviation / mean)), "{}", deviation / mean);
}

#[test]
fn nothing_begins_before_the_run() {
    let epoch = Epoch::within(std::time::Duration::from_millis(150));
    let lanes = launch(
        &plan(),
        epoch,
        |_| super::fake::Fake(Habit::Answers { ms: 1, bad: 0 }),
        None,
        None,
    )
    .unwrap();
    let mut run = Run::of(epoch, lanes);

    run.offer(1_000.0, 50.0, |d| d.until = Some(MS(200)));
    run.lanes.collect(epoch.now());
    assert_eq!((epoch.now(), run.total.scheduled), (Nanos::ZERO, 0));
    while run.epoch.now() < MS(250) {
        run.go(50);
    }
    until_idle(&mut run);

    assert_eq!(run.total.ok, 200);
}
