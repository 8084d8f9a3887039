//! The next arrival of each process, as lanes pull it: the schedule moves on, the queue takes it and gives it away.

use clobber::load::{Backlog, Trace, Traffic};
use clobber::model::arrival::Process;
use clobber::model::demand::Demand;
use divan::Bencher;
use std::fmt::Write;

/// Arrivals a second: gaps of 10 µs.
const RATE: f64 = 100_000.0;

/// More moments than are measured, 10 µs apart.
fn trace() -> Trace {
    let mut text = String::new();
    (0..200_000).for_each(|n| writeln!(text, "{}", f64::from(n) / RATE).unwrap());
    Trace::parse(&text).unwrap()
}

fn next(bencher: Bencher, arrivals: Process, trace: Option<Trace>) {
    let traffic = Traffic {
        trace,
        ..Traffic::default()
    };
    let mut backlog = Backlog::new(traffic, 7);
    let demand = Demand {
        workers: 64.0,
        rate: Some(RATE),
        arrivals,
        ..Demand::default()
    };
    backlog.follow(Default::default(), &demand);
    let mut seq = 0;
    bencher.bench_local(|| {
        let due = backlog.next();
        backlog.offer(0, || {
            seq += 1;
            Some(seq)
        });
        let taken = backlog.take(due.unwrap());
        backlog.ended();
        taken
    });
}

#[divan::bench(args = Process::ALL.map(Process::name))]
fn next_arrival(bencher: Bencher, name: &str) {
    let process = Process::ALL.into_iter().find(|p| p.name() == name).unwrap();
    next(bencher, process, None);
}

#[divan::bench(sample_count = 100, sample_size = 1000)]
fn next_arrival_of_a_trace(bencher: Bencher) {
    next(bencher, Process::Trace, Some(trace()));
}
