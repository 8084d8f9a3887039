//! What a run offers in open traffic, and where commands about it start from.
//! It refuses to decide: the user, a law or an experiment does.

use super::conductor::Conductor;
use super::play::Play;
use crate::load::Stages;
use crate::model::setpoints::{LoadModel, Mode, Present, Setpoints};
use crate::telemetry::frame::Queue;
use std::sync::Arc;

impl Conductor {
    /// Levels over time, which a run that is `staged` follows.
    #[must_use]
    pub fn staged(mut self, stages: Option<Arc<Stages>>) -> Self {
        self.play = Play::of(stages);
        self
    }

    /// What the law or an experiment offers in open traffic, else what the user does.
    pub(super) fn offer(&mut self) {
        let staged = self.orders.set().staged && self.ruling.open.is_none();
        // What was asked when sending ended stays what was asked.
        if let Some(level) = self.play.level().filter(|_| staged && self.ending.is_none()) {
            self.orders.history.stage(level);
        }
        let set = self.orders.set();
        self.demand.overflow = set.overflow;
        let theirs = self.ruling.open;
        let open = set.model == LoadModel::Open;
        self.demand.rate = theirs.map(|o| o.rate).or(set.rate.filter(|_| open));
        self.demand.staged = staged;
        self.demand.until = self.limits.duration.filter(|_| self.demand.rate.is_some());
        self.demand.arrivals = theirs.map_or(set.arrivals, |o| o.arrivals);
        self.demand.cap = theirs.and_then(|o| o.cap);
        self.demand.limits = theirs.and_then(|o| o.limits);
        let most = self.info.most_workers.map_or(f64::INFINITY, f64::from);
        self.demand.workers = self.demand.workers.min(most);
    }

    /// Mean rate that the stages asked for in the measured time; `None`: they give none.
    pub(super) fn staged_rate(&self) -> Option<f64> {
        self.play.mean().filter(|_| self.demand.staged && self.demand.rate.is_some())
    }

    /// Figures of the client's own queue, which there is in the open model alone; `rate`: completions per second, lately.
    pub(super) fn client_queue(&self, rate: f64) -> Option<Queue> {
        let offered = self.demand.rate?;
        let gauges = self.ledger.gauges();
        Some(Queue {
            now: gauges.waiting as f64,
            max: gauges.most_waiting as f64,
            client: true,
            capacity: self.info.queue_capacity,
            shed: self.ledger.shed.quantiles(),
            oldest: gauges.due_age.secs(),
            drains_in: drains_in(gauges.waiting as f64, rate - offered),
            ..Queue::default()
        })
    }

    /// What is in force now.
    pub(super) fn present(&self) -> Present {
        Present {
            workers: self.demand.workers,
            good_rate: self.frame.now.good_rate,
            in_flight: self.ledger.gauges().in_flight,
            recent_rate: self.frame.last.good_rate,
            most_rate: self.most_rate,
            most: self.info.room,
        }
    }
}

/// What is asked for is another than before: what was at rest or steady was so under the other.
pub(super) fn asks_otherwise(a: &Setpoints, b: &Setpoints) -> bool {
    let by_hand = |s: &Setpoints| s.asked.filter(|_| s.mode == Mode::Manual);
    let given = |s: &Setpoints| (s.rate, by_hand(s));
    let same = (a.mode, a.model, a.target, a.promise) == (b.mode, b.model, b.target, b.promise);
    !same || (!(a.staged && b.staged) && given(a) != given(b))
}

/// Time until nothing waits, s; `None`: nothing does, or it grows.
fn drains_in(waiting: f64, surplus: f64) -> Option<f64> {
    (waiting > 0.0 && surplus > 0.0).then(|| waiting / surplus)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_drains_by_the_surplus_of_completions() {
        assert_eq!(drains_in(300.0, 150.0), Some(2.0));
        assert_eq!((drains_in(300.0, -1.0), drains_in(0.0, 150.0)), (None, None));
    }
}
