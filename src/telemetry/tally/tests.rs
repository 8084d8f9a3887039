//! Merging, clearing, and the series of what waited.

use super::*;

fn exchange(intended: u64, sent: u64) -> Seen {
    Seen {
        intended: Nanos::from_millis(intended),
        free: Nanos::from_millis(intended),
        sent: Some(Nanos::from_millis(sent)),
        status: 200,
        ..Seen::default()
    }
}

#[test]
fn response_is_wait_plus_service() {
    let mut t = Tally::default();

    t.finish(&exchange(10, 14), Outcome::Ok, Nanos::from_millis(20));
    t.finish(&exchange(10, 10), Outcome::Ok, Nanos::from_millis(13));

    assert_eq!(t.response().sum_secs(), 0.013);
    assert!((t.wait().sum_secs() + t.service().sum_secs() - 0.013).abs() < 1e-12);
    assert_eq!((t.ok, t.status.as_slice()), (2, &[(200, 2)][..]));
}

#[test]
fn an_error_before_the_first_byte_is_unsent_and_not_in_the_percentiles() {
    let mut t = Tally::default();
    let seen = Seen {
        detail: Some("nobody there".into()),
        ..Seen::default()
    };

    (0..5).for_each(|_| t.finish(&seen, Outcome::Failed(Failure::Refused), Nanos::from_secs(1)));

    assert_eq!((t.unsent, t.failed, t.measured()), (5, 0, 0));
    assert_eq!(t.samples.len(), 3, "three samples a class");
}

#[test]
fn timeouts_enter_the_percentiles_at_their_elapsed_time() {
    let mut t = Tally::default();

    t.finish(&exchange(0, 0), Outcome::Failed(Failure::TimeoutHead), Nanos::from_secs(1));

    assert_eq!(t.response().max(), Some(1.0));
    assert_eq!(t.failed, 1);
}

#[test]
fn an_answer_with_unexpected_content_failed_and_was_answered_in_its_time() {
    let mut t = Tally::default();

    t.finish(&exchange(0, 0), Outcome::Failed(Failure::BodyCheck), Nanos::from_millis(7));

    assert_eq!((t.ok, t.failed, t.errors[Failure::BodyCheck as usize]), (0, 1, 1));
    assert_eq!((t.response().max(), t.status.as_slice()), (Some(0.007), &[(200, 1)][..]));
}

#[test]
fn merging_in_either_order_gives_the_same_counts() {
    let (mut a, mut b) = (Tally::default(), Tally::default());
    a.finish(&exchange(0, 0), Outcome::Ok, Nanos::from_millis(5));
    a.forgo(3, Nanos::from_millis(40));
    b.forgo(1, Nanos::from_millis(70));
    b.connected(Nanos::from_millis(1_010));
    b.finish(&exchange(0, 2), Outcome::BadStatus, Nanos::from_millis(7));
    let (mut ab, mut ba) = (a.clone(), b.clone());

    ab.merge(&b);
    ba.merge(&a);

    assert_eq!(ab.response().summary(), ba.response().summary());
    assert_eq!((ab.ok, ab.bad_status, ab.measured()), (ba.ok, ba.bad_status, 2));
    for both in [ab, ba] {
        assert_eq!((both.not_sent, both.not_sent_oldest), (4, Nanos::from_millis(70)));
        assert_eq!(both.connects.again, 1);
    }
}

#[test]
fn good_answers_alone_are_the_response_without_timeouts_and_answers_nobody_wanted() {
    let (mut all, mut good) = (Tally::default(), Tally::default());
    let mut rest = Tally::default();
    for k in 0..3_000 {
        let seen = exchange(10, if k % 2 == 0 { 10 } else { 12 });
        let end = Nanos::from_millis(15) + Nanos::from_micros(3 * k);
        let outcome = match k % 10 {
            3 => Outcome::BadStatus,
            7 => Outcome::Failed(Failure::TimeoutHead),
            _ => Outcome::Ok,
        };
        if outcome == Outcome::Ok {
            good.finish(&seen, outcome, end);
        }
        let late = if outcome == Outcome::Ok {
            Nanos::ZERO
        } else {
            Nanos::from_secs(1)
        };
        if k < 1_000 { &mut all } else { &mut rest }.finish(&seen, outcome, end + late);
    }
    all.merge(&rest);

    let (ours, theirs) = (all.responses().1.unwrap(), good.response().summary());
    assert_eq!((ours.count, ours.p50, ours.p99), (2_400, theirs.p50, theirs.p99));
    assert!((ours.mean.unwrap() - theirs.mean.unwrap()).abs() < 1e-12);
    assert!((ours.max.unwrap() / theirs.max.unwrap() - 1.0).abs() < 0.001);
    assert!(all.response().max() > Some(1.0) && good.responses().1.is_none());
    all.clear();
    assert!(all.responses().1.is_none());
}

#[test]
fn good_answers_alone_may_be_one_the_slowest_of_all_or_none() {
    let mut t = Tally::default();
    (0..50).for_each(|_| t.finish(&exchange(0, 0), Outcome::BadStatus, Nanos::from_micros(200)));
    assert_eq!(t.responses().1, Some(Summary::default()));

    // Its bucket reaches further than it does.
    t.finish(&exchange(0, 0), Outcome::Ok, Nanos::new(5_000_123));

    let good = t.responses().1.unwrap();
    assert_eq!(
        (good.count, good.min, good.p50, good.max),
        (1, Some(0.005000123), good.min, good.min)
    );
}
