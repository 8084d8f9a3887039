//! One tick of the conductor in the middle of a run, with what its lanes sent since the last one: to be done in 100 ms.

use clobber::conduct::{Conductor, Limits, Plant};
use clobber::model::demand::Demand;
use clobber::model::run::RunInfo;
use clobber::model::seen::Seen;
use clobber::model::setpoints::Setpoints;
use clobber::model::units::Nanos;
use clobber::telemetry::interval::{Gauges, Interval};
use clobber::telemetry::tally::{Outcome, Tally};
use divan::Bencher;

/// One tick.
const TICK: Nanos = Nanos::from_millis(100);
/// Ticks before the ones measured: a minute, so that there are columns, a curve and a law at rest.
const BEFORE: u64 = 600;
/// Exchanges of one lane in a tick, at 100,000/s.
const EXCHANGES: u64 = 10_000;

/// Lanes that always send the same.
struct Lanes {
    tallies: Vec<Tally>,
    workers: f64,
    from: Nanos,
}

impl Lanes {
    fn new(lanes: usize) -> Self {
        Self {
            tallies: (0..lanes).map(|lane| tally(lane as u64)).collect(),
            workers: 1.0,
            from: Nanos::ZERO,
        }
    }
}

fn tally(lane: u64) -> Tally {
    let mut tally = Tally::default();
    let seen = Seen {
        sent: Some(Nanos::ZERO),
        status: 200,
        ..Seen::default()
    };
    for n in 0..EXCHANGES {
        let service = Nanos::new(500_000 + (n + lane).wrapping_mul(0x9e37_79b9_7f4a_7c15) % 5_000_000);
        tally.finish(&seen, Outcome::Ok, service);
    }
    (tally.scheduled, tally.sent) = (EXCHANGES, EXCHANGES);
    tally
}

impl Plant for Lanes {
    fn set(&mut self, demand: Demand) {
        self.workers = demand.workers;
    }

    fn collect(&mut self, now: Nanos) -> Interval {
        let mut tally = Tally::default();
        self.tallies.iter().for_each(|t| tally.merge(t));
        let lanes = self.tallies.len() as u32;
        let from = std::mem::replace(&mut self.from, now);
        Interval {
            from,
            to: now,
            lanes,
            heard: lanes,
            tally,
            gauges: Gauges {
                workers: self.workers as u64,
                active: self.workers as u64,
                busy: self.workers,
                ..Gauges::default()
            },
            ..Interval::default()
        }
    }
}

/// (lanes)
#[divan::bench(args = [1, 8])]
fn tick(bencher: Bencher, lanes: usize) {
    let mut plant = Lanes::new(lanes);
    let mut conductor = Conductor::new(RunInfo::default(), Setpoints::default(), Limits::default(), Vec::new());
    conductor.start(&mut plant);
    let mut k = 0;
    let mut next = move || {
        k += 1;
        conductor.tick(TICK * k, &mut plant, &[])
    };
    (0..BEFORE).for_each(|_| drop(next()));
    bencher.bench_local(next);
}
