//! One simulated worker: what it is doing, and since when.
//! It moves nothing; the world does.

use super::target::Fate;
use crate::model::units::Nanos;
use crate::telemetry::interval::Gauges;

/// What a worker is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Doing {
    /// Not called; its connection may be kept.
    #[default]
    Absent,
    /// Will begin: newly called, or thinking after an exchange of `Worker::length`.
    Waiting,
    /// Ready for an arrival (open model).
    Idle,
    /// In an exchange.
    Busy,
}

/// A worker.
#[derive(Clone, Copy, Debug, Default)]
pub struct Worker {
    /// What it is doing.
    pub doing: Doing,
    /// What becomes of its exchange.
    pub fate: Fate,
    /// Begin of the exchange, or of the thinking after it.
    pub since: Nanos,
    /// When the schedule wanted the exchange; `since` in the closed model.
    pub intended: Nanos,
    /// The last exchange; zero before the first.
    pub length: Nanos,
    /// Counts its waits: an event of an older one was called off.
    pub stamp: u32,
    /// Its exchange is an arrival of the open model.
    pub taken: bool,
    /// It has a credit of the throttle that it has not used.
    pub credited: bool,
    /// It has begun before.
    pub connected: bool,
}

/// Levels at `now`, counted worker by worker and not derived from the tally.
pub fn levels(workers: &[Worker], now: Nanos) -> Gauges {
    let mut g = Gauges::default();
    for w in workers {
        match w.doing {
            Doing::Busy => {
                g.in_flight += 1;
                g.oldest = g.oldest.max(now - w.since);
            }
            Doing::Waiting | Doing::Idle => g.idle += 1,
            Doing::Absent => g.parked += u64::from(w.connected),
        }
        g.active += u64::from(w.connected);
    }
    g.workers = g.in_flight + g.idle;
    g
}
