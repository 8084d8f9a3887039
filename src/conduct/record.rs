//! What one interval adds to the figures of a run.
//! It refuses to conclude.

use super::axis::Levels;
use super::conductor::Conductor;
use crate::model::demand::Drive;
use crate::model::notice::Who;
use crate::model::units::Nanos;
use crate::telemetry::interval::Interval;

impl Conductor {
    /// Adds one interval; true when a column was closed by it.
    pub(super) fn record(&mut self, now: Nanos, i: &mut Interval) -> bool {
        // Arrivals are due from the begin of the run on, before the first lane was up.
        if self.frame.seq == 0 && self.demand.rate.is_some() {
            i.from = Nanos::ZERO;
        }
        self.ledger.book(i, now);
        self.carry(i);
        let warm = i.to > self.limits.warmup;
        let sent = self.demand.drive == Drive::Run;
        self.ledger.add(i, sent, warm);
        self.play.pass(now, &self.demand, self.ledger.gauges().slip, warm);
        if let Some(told) = self.outages.see(i, sent) {
            self.narration.clone_from(&told);
            self.orders.note(i.to, Who::Engine, told);
        }
        self.health = i.health.clone();
        for remark in &i.health.remarks {
            self.orders.note(now, Who::Engine, remark.clone());
        }
        for (at, told) in self.generator.add(i, &self.demand, sent && warm) {
            self.orders.note(at, Who::Engine, told);
        }
        let span = (i.to - i.from).secs();
        if span <= 0.0 {
            return false;
        }
        let queue = if self.demand.rate.is_some() {
            i.gauges.waiting as f64
        } else if sent {
            self.queue_estimate(i.tally.ok as f64 / span)
        } else {
            0.0
        };
        if sent && warm {
            let busy = self.demand.rate.map_or(self.told().workers, |_| i.gauges.busy);
            self.resting.whole.add(&i.tally, i.from, span, busy, queue);
        }
        let levels = Levels {
            // In the open model the workers are a limit; the exchanges in flight are what there is to see.
            workers: match self.demand.rate {
                Some(_) => i.gauges.busy,
                None => self.told().workers,
            },
            queue,
            paused: self.demand.drive == Drive::Pause,
            setpoint: self.target(),
        };
        self.axis.add(&i.tally, i.to, span, &levels)
    }

    /// Arrivals come due also while no lane is heard. They are in the books at once; rates, columns and laws have them with
    /// the next span.
    fn carry(&mut self, i: &mut Interval) {
        if i.to <= i.from {
            let unspanned = std::mem::take(&mut i.tally);
            self.carried.get_or_insert_default().merge(&unspanned);
        } else if let Some(before) = self.carried.take() {
            i.tally.merge(&before);
        }
    }

    /// max(0, N − X·R₀), R₀ the smallest mean latency of any stage.
    pub(super) fn queue_estimate(&self, rate: f64) -> f64 {
        self.curve
            .idle()
            .map_or(0.0, |idle| (self.demand.workers - rate * idle).max(0.0))
    }

    fn target(&self) -> Option<f64> {
        self.orders.set().aim().map(|t| t.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conduct::{Limits, Plant};
    use crate::model::demand::Demand;
    use crate::model::run::RunInfo;
    use crate::model::setpoints::{LoadModel, Mode, Setpoints};
    use crate::telemetry::frame::{Frame, Phase};
    use std::sync::Arc;

    /// One lane and the queue before it, ten arrivals a tick: two are shed, and eight are answered, as the lane says when it
    /// is heard.
    struct Fake {
        deaf: fn(u64) -> bool,
        tick: u64,
        to: Nanos,
        unheard: u64,
        drive: Drive,
    }

    impl Plant for Fake {
        fn set(&mut self, demand: Demand) {
            self.drive = demand.drive;
        }

        fn collect(&mut self, now: Nanos) -> Interval {
            self.tick += 1;
            let mut i = Interval {
                from: self.to,
                lanes: 1,
                ..Interval::default()
            };
            if self.drive == Drive::Run {
                (i.tally.scheduled, i.tally.shed) = (10, 2);
                self.unheard += 8;
            }
            if !(self.deaf)(self.tick) {
                self.to = now;
                i.heard = 1;
                i.tally.ok = std::mem::take(&mut self.unheard);
                i.tally.sent = i.tally.ok;
            }
            i.to = self.to;
            i.gauges.queued = self.unheard;
            i
        }
    }

    /// Every frame of five seconds.
    fn run(deaf: fn(u64) -> bool) -> Vec<Arc<Frame>> {
        run_since(Nanos::ZERO, deaf)
    }

    /// The same where the lane was up only then.
    fn run_since(up: Nanos, deaf: fn(u64) -> bool) -> Vec<Arc<Frame>> {
        let set = Setpoints {
            mode: Mode::Manual,
            model: LoadModel::Open,
            rate: Some(100.0),
            ..Setpoints::default()
        };
        let limits = Limits {
            duration: Some(Nanos::from_secs(5)),
            ..Limits::default()
        };
        let mut plant = Fake {
            deaf,
            tick: 0,
            to: up,
            unheard: 0,
            drive: Drive::Run,
        };
        let mut conductor = Conductor::new(RunInfo::default(), set, limits, vec![]);
        conductor.start(&mut plant);
        let mut frames = Vec::new();
        while frames.last().is_none_or(|f: &Arc<Frame>| f.phase != Phase::Done) {
            let now = Nanos::from_millis(100) * (frames.len() as u64 + 1);
            frames.push(conductor.tick(now, &mut plant, &[]));
        }
        frames
    }

    #[test]
    fn a_lane_that_is_not_heard_for_a_tick_unbalances_nothing_and_loses_nothing() {
        let frames = run(|tick| tick.is_multiple_of(3));

        let last = frames.last().unwrap();
        assert!(frames.iter().all(|f| f.books.balanced() && f.valid));
        let sum = |of: fn(&crate::telemetry::column::Column) -> u64| last.columns.iter().map(|c| of(c)).sum::<u64>();
        assert_eq!((sum(|c| c.offered), sum(|c| c.shed), sum(|c| c.ok)), (500, 100, 400));
        assert_eq!((last.books.scheduled, last.books.ok), (500, 400));
        assert!((last.whole.rate - 80.0).abs() < 1e-9, "{}", last.whole.rate);
        let arrivals = last.queue.arrival[0].unwrap();
        assert!((arrivals - 100.0).abs() <= 1.0, "{arrivals}");
    }

    #[test]
    fn what_was_due_before_the_lanes_were_up_is_of_that_time_too() {
        let frames = run_since(Nanos::from_millis(40), |_| false);

        let last = frames.last().unwrap();
        assert!((last.whole.rate - 80.0).abs() < 1e-9, "{}", last.whole.rate);
        let steady = last.steady.as_ref().unwrap();
        assert_eq!((steady.from, steady.good_rate), (Nanos::ZERO, last.whole.good_rate));
    }

    #[test]
    fn one_that_is_not_heard_for_more_than_a_second_makes_the_figures_invalid_and_the_books_balance_to_the_end() {
        let frames = run(|tick| tick > 40);

        let last = frames.last().unwrap();
        assert!(frames.iter().all(|f| f.books.balanced()));
        let valid = frames.iter().filter(|f| f.valid).count();
        assert_eq!((valid, last.unheard, last.valid), (51, true, false), "after a second");
        assert_eq!((last.books.scheduled, last.books.queued), (500, 80));
        assert_eq!(last.columns.iter().map(|c| c.offered).sum::<u64>(), 500);
    }
}
