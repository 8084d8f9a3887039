//! What becomes of arrivals that come due: in order, at the policy's price, and through a pause.

use super::super::Trace;
use super::*;

const MS: fn(u64) -> Nanos = Nanos::from_millis;

/// One arrival every 10 ms.
fn demand(overflow: Overflow) -> Demand {
    Demand {
        rate: Some(100.0),
        overflow,
        ..Demand::default()
    }
}

/// One arrival every 10 ms, two may wait.
fn backlog(overflow: Overflow) -> Backlog {
    let traffic = Traffic {
        capacity: 2,
        ..Traffic::default()
    };
    let mut b = Backlog::new(traffic, 1);
    b.follow(Nanos::ZERO, &demand(overflow));
    b
}

fn offers(b: &mut Backlog, until: u64) -> Vec<Offer> {
    let offer = |b: &mut Backlog| {
        let number = b.counts().scheduled;
        b.offer(b.free(), || Some(number))
    };
    std::iter::from_fn(|| b.next().filter(|t| *t <= MS(until)).and_then(|_| offer(b))).collect()
}

#[test]
fn arrivals_leave_in_order_with_the_moment_they_were_wanted() {
    let mut b = backlog(Overflow::Drop);
    offers(&mut b, 20);

    let taken = [b.take(MS(99)), b.take(MS(99)), b.take(MS(99))];

    let arrival = |seq, ms| Some(Arrival::at(seq, MS(ms)));
    assert_eq!(taken, [arrival(0, 10), arrival(1, 20), None]);
}

#[test]
fn a_full_queue_sheds_the_newest() {
    let mut b = backlog(Overflow::Drop);

    assert_eq!(offers(&mut b, 40), [Offer::Queued, Offer::Queued, Offer::Shed, Offer::Shed]);
    assert_eq!((b.counts().scheduled, b.counts().shed, b.waiting()), (4, 2, 2));
    assert_eq!(b.oldest(), Some(MS(10)));
}

#[test]
fn what_a_free_worker_is_about_to_take_needs_no_place_in_the_queue() {
    let mut b = backlog(Overflow::Drop);
    b.follow(
        Nanos::ZERO,
        &Demand {
            workers: 3.0,
            ..demand(Overflow::Drop)
        },
    );

    // Three at once and two that wait, however late somebody looks.
    assert_eq!(offers(&mut b, 60).iter().filter(|o| **o == Offer::Queued).count(), 5);
    assert!((0..3).all(|_| b.take(MS(60)).is_some()));
    assert_eq!(
        (b.free(), offers(&mut b, 70)),
        (0, vec![Offer::Shed]),
        "all three are under way"
    );
}

#[test]
fn a_full_queue_refuses_when_asked_to() {
    let mut b = backlog(Overflow::Reject);

    assert_eq!(offers(&mut b, 30).last(), Some(&Offer::Refused));
    assert_eq!((b.counts().refused, b.counts().shed), (1, 0));
}

#[test]
fn a_full_queue_that_blocks_lets_the_schedule_slip_and_measures_it() {
    let mut b = backlog(Overflow::Block);

    assert_eq!(offers(&mut b, 1_000), [Offer::Queued, Offer::Queued, Offer::Held]);
    assert_eq!((b.counts().scheduled, b.next()), (2, None));
    b.take(MS(75));
    // The third was wanted at 30: it and all behind it come 45 ms later.
    assert_eq!((b.slip(), b.next()), (MS(45), Some(MS(75))));
    assert_eq!(offers(&mut b, 75), [Offer::Queued]);
    assert_eq!(b.next(), Some(MS(85)));
    b.take(MS(80));
    assert_eq!(b.oldest(), Some(MS(75)), "the slipped moment is the wanted one");
}

#[test]
fn a_pause_keeps_what_waits_and_stops_what_comes() {
    let mut b = backlog(Overflow::Drop);
    offers(&mut b, 10);
    let pause = Demand {
        drive: Drive::Pause,
        ..demand(Overflow::Drop)
    };
    b.follow(MS(15), &pause);

    assert_eq!((offers(&mut b, 5_000).len(), b.waiting()), (0, 1));
    b.follow(MS(5_000), &demand(Overflow::Drop));
    assert_eq!((b.next(), b.clear().len(), b.waiting()), (Some(MS(5_005)), 1, 0));
}

#[test]
fn nobody_waits_through_a_pause() {
    let mut b = backlog(Overflow::Drop);
    offers(&mut b, 20);
    let drive = |drive| Demand {
        drive,
        ..demand(Overflow::Drop)
    };

    b.follow(MS(25), &drive(Drive::Pause));
    b.follow(MS(900), &drive(Drive::Pause));
    assert_eq!(b.age(MS(1_000)), MS(15), "as long as when the pause began");
    let later = b.follow(MS(1_025), &drive(Drive::Drain));
    let (first, second) = (b.take(MS(1_030)).unwrap(), b.take(MS(1_030)).unwrap());

    assert_eq!(later, MS(1_000));
    assert_eq!((first.intended, second.intended), (MS(1_010), MS(1_020)));
    assert_eq!(first.ready, MS(1_025), "it could not be sent before");
    assert_eq!(b.follow(MS(1_040), &drive(Drive::Run)), Nanos::ZERO);
}

#[test]
fn what_a_full_queue_holds_up_slips_by_its_wait_and_not_by_a_pause_or_a_new_rate() {
    let mut b = backlog(Overflow::Block);
    offers(&mut b, 30);
    let pause = Demand {
        drive: Drive::Pause,
        ..demand(Overflow::Block)
    };

    // Wanted at 30; a second of pause from 50 on, and another rate at 1060.
    b.follow(MS(50), &pause);
    b.follow(MS(1_050), &demand(Overflow::Block));
    b.follow(
        MS(1_060),
        &Demand {
            rate: Some(200.0),
            ..demand(Overflow::Block)
        },
    );
    b.take(MS(1_075));

    assert_eq!((b.slip(), b.next()), (MS(45), Some(MS(1_075))));
}

#[test]
fn above_the_cap_an_arrival_is_shed_in_every_policy() {
    for overflow in [Overflow::Drop, Overflow::Reject, Overflow::Block] {
        let mut b = backlog(overflow);
        let capped = Demand {
            cap: Some(2),
            ..demand(overflow)
        };
        b.follow(Nanos::ZERO, &capped);
        offers(&mut b, 10);
        b.take(MS(10));

        // One under way, one waiting: the third is too many, until one ends.
        assert_eq!(offers(&mut b, 30), [Offer::Queued, Offer::Shed], "{overflow:?}");
        b.ended();
        assert_eq!((offers(&mut b, 40), b.outstanding()), (vec![Offer::Queued], 2));
    }
}

#[test]
fn nothing_comes_due_after_the_end_nor_without_a_number() {
    let mut b = backlog(Overflow::Drop);
    let ends = Demand {
        until: Some(MS(30)),
        ..demand(Overflow::Drop)
    };
    b.follow(Nanos::ZERO, &ends);
    assert_eq!((offers(&mut b, 99).len(), b.exhausted()), (3, false), "the end is part of it");

    b.follow(MS(30), &demand(Overflow::Drop));
    assert_eq!((b.offer(0, || None), b.next(), b.exhausted()), (None, None, true));
    assert_eq!(b.counts().scheduled, 3);
}

#[test]
fn a_trace_ends_and_is_played_at_the_rate_asked_for() {
    let traffic = Traffic {
        trace: Trace::parse("100\n101\n104").ok(),
        ..Traffic::default()
    };
    let mut b = Backlog::new(traffic, 1);
    let traced = Demand {
        arrivals: Process::Trace,
        rate: Some(1.0),
        ..Demand::default()
    };
    b.follow(Nanos::ZERO, &traced);

    // Two gaps of 1 and 3 s had 0.5/s; at 1/s they are half as long.
    let moments: Vec<u64> = std::iter::from_fn(|| {
        let at = b.next()?;
        b.offer(0, || Some(0))?;
        Some(at.ns() / 1_000_000)
    })
    .collect();
    assert_eq!((moments, b.exhausted()), (vec![0, 500, 2_000], true));
}

#[test]
fn a_first_arrival_elsewhere_at_the_begin_takes_the_place_of_the_one_at_the_end() {
    let second = |led: bool| {
        let mut b = backlog(Overflow::Drop);
        b.follow(
            Nanos::ZERO,
            &Demand {
                until: Some(MS(100)),
                ..demand(Overflow::Drop)
            },
        );
        if led {
            b.lead();
        }
        let first = b.next();
        (first, offers(&mut b, 1_000).len())
    };

    assert_eq!((second(false), second(true)), ((Some(MS(10)), 10), (Some(MS(10)), 9)));
}
