//! What a plant says about a span of time. It says; the conductor concludes.

use super::tally::Tally;
use crate::model::units::Nanos;

/// Levels at the end of the span.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Gauges {
    /// Exchanges sent and not finished.
    pub in_flight: u64,
    /// Arrivals taken by a worker but not yet sent (dialling), and arrivals due that wait.
    pub queued: u64,
    /// Workers without an exchange.
    pub idle: u64,
    /// Workers that are dialling.
    pub connecting: u64,
    /// Workers that wait after a failed connect.
    pub backing: u64,
    /// Connections kept for later by retired workers.
    pub parked: u64,
    /// Open connections.
    pub active: u64,
    /// Most open connections so far.
    pub peak: u64,
    /// Workers present, in or out of an exchange.
    pub workers: u64,
    /// Age of the oldest exchange in flight.
    pub oldest: Nanos,
    /// Arrivals due that no worker has taken (open model); part of `queued`.
    pub waiting: u64,
    /// Most of those at any moment so far.
    pub most_waiting: u64,
    /// How long the first of those has waited.
    pub due_age: Nanos,
    /// How far the schedule has slipped, policy `block`.
    pub slip: Nanos,
    /// The user's throttle is what those that wait are waiting for.
    pub throttled: bool,
    /// Average of busy workers over the span.
    pub busy: f64,
}

impl Gauges {
    /// Levels of two lanes together; what both say of the one queue they share is not added up.
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            in_flight: self.in_flight + other.in_flight,
            queued: self.queued + other.queued,
            idle: self.idle + other.idle,
            connecting: self.connecting + other.connecting,
            backing: self.backing + other.backing,
            parked: self.parked + other.parked,
            active: self.active + other.active,
            peak: self.peak + other.peak,
            workers: self.workers + other.workers,
            oldest: self.oldest.max(other.oldest),
            busy: self.busy + other.busy,
            waiting: self.waiting + other.waiting,
            most_waiting: self.most_waiting.max(other.most_waiting),
            due_age: self.due_age.max(other.due_age),
            slip: self.slip.max(other.slip),
            throttled: self.throttled || other.throttled,
        }
    }
}

/// The generator's own state over the span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Health {
    /// Busiest lane's CPU share of one core, in [0, 1].
    pub cpu: f64,
    /// Share of the span in which a lane could have run and had no CPU, the worst lane's, in [0, 1].
    pub waited: f64,
    /// Share of the span in which a lane ran or waited for a CPU, the busiest lane's, in [0, 1]: at 1 it had no time to spare.
    pub occupied: f64,
    /// How long a lane waited for a CPU each time it wanted one, in the mean; that of the worst lane.
    pub turn: Nanos,
    /// Beats that came more than 20 ms after the one before: when, and how long.
    pub pauses: Vec<(Nanos, Nanos)>,
    /// Open model: arrivals that found the queue full because this machine came to them late, several at a time.
    pub missed: u64,
    /// Something the user should read, such as a descriptor shortage; said once.
    pub remarks: Vec<String>,
}

/// Everything since the last one. Intervals of one plant follow each other without gap or overlap.
#[derive(Clone, Debug, Default)]
pub struct Interval {
    /// Begin, since run start.
    pub from: Nanos,
    /// End; > `from` unless nothing was heard.
    pub to: Nanos,
    /// Lanes there are.
    pub lanes: u32,
    /// Lanes heard in this span; fewer than `lanes` is no evidence, never zero.
    pub heard: u32,
    /// Counts and latencies.
    pub tally: Tally,
    /// Levels at the end, of a lane not heard as it last said them: with everything counted so far they balance the books.
    pub gauges: Gauges,
    /// The generator's own state.
    pub health: Health,
    /// `-n` is used up: no arrival will follow.
    pub exhausted: bool,
}
