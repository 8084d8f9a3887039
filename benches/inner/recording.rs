//! A lane's tally: one exchange into it, the exchange of a full one for an empty one, and the sum of two.

use clobber::model::seen::Seen;
use clobber::model::units::Nanos;
use clobber::telemetry::tally::{Outcome, Tally};
use divan::{Bencher, black_box};

/// Exchanges of one lane in 100 ms, at 100,000/s.
const EXCHANGES: u64 = 10_000;

/// Services spread over three decades, so that the histogram's cache lines are those of real answers.
fn service(n: u64) -> Nanos {
    Nanos::new(50_000 + n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 50_000_000)
}

/// An exchange sent `wait` after it was wanted.
fn exchange(wait: Nanos) -> Seen {
    let intended = Nanos::from_secs(1);
    Seen {
        intended,
        free: intended,
        sent: Some(intended + wait),
        first: Some(intended + wait),
        head: true,
        tx: 60,
        rx: 160,
        status: 200,
        ..Seen::default()
    }
}

fn full(wait: Nanos) -> Tally {
    let mut tally = Tally::default();
    let seen = exchange(wait);
    (0..EXCHANGES).for_each(|n| tally.finish(&seen, Outcome::Ok, Nanos::from_secs(1) + wait + service(n)));
    tally
}

/// An exchange of the closed model, sent when it was wanted: one series.
#[divan::bench]
fn record_direct(bencher: Bencher) {
    record(bencher, Nanos::ZERO);
}

/// An exchange of the open model, sent 100 µs late: response, service, wait and send lag.
#[divan::bench]
fn record_parts(bencher: Bencher) {
    record(bencher, Nanos::new(100_000));
}

fn record(bencher: Bencher, wait: Nanos) {
    let (mut tally, seen, mut n) = (full(wait), exchange(wait), 0);
    bencher.bench_local(|| {
        n += 1;
        tally.finish(black_box(&seen), Outcome::Ok, Nanos::from_secs(1) + wait + service(n));
    });
}

/// What a lane does to send an interval: the full tally out, the spare in.
#[divan::bench]
fn swap(bencher: Bencher) {
    let (mut tally, mut spare) = (full(Nanos::ZERO), Tally::default());
    bencher.bench_local(|| std::mem::swap(black_box(&mut tally), black_box(&mut spare)));
}

/// What the conductor does to a tally before it gives it back as a spare.
#[divan::bench]
fn clear(bencher: Bencher) {
    bencher.with_inputs(|| full(Nanos::ZERO)).bench_local_refs(Tally::clear);
}

/// One lane's interval into the whole, closed model.
#[divan::bench]
fn merge_direct(bencher: Bencher) {
    merge(bencher, Nanos::ZERO);
}

/// One lane's interval into the whole, open model.
#[divan::bench]
fn merge_parts(bencher: Bencher) {
    merge(bencher, Nanos::new(100_000));
}

fn merge(bencher: Bencher, wait: Nanos) {
    let (mut whole, lane) = (full(wait), full(wait));
    bencher.bench_local(|| whole.merge(black_box(&lane)));
}
