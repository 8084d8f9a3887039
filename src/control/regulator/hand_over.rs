//! From one law to the next without a jump: who leaves, with how many workers, and how long the next one stands still.
//! It refuses to ask a law.

use super::super::law::Law;
use super::{HAND_OVER, Regulator};
use crate::model::setpoints::{Mode, Setpoints};

/// Ticks over which exchanges in flight are averaged.
const FLYING: usize = 10;

impl Regulator {
    /// Reacts to what the user changed since the last tick.
    pub(super) fn notice(&mut self, set: &Setpoints) {
        self.yield_to(set);
        let released = self.last.overridden() && !set.overridden();
        if set.mode != self.last.mode {
            self.law = Law::of(set.mode, true);
            self.leave_open();
            let workers = self.workers;
            self.law.take_over(workers);
            self.latest.workers = workers;
        }
        if set.mode != self.last.mode || released || set.model != self.last.model {
            self.standing = if set.mode == Mode::Manual { 0.0 } else { HAND_OVER };
            self.converged_at = None;
        }
        if set.mode == Mode::Hold && set.target != self.last.target && self.last.target.is_some() {
            self.converged_at = None;
        }
        self.last = set.clone();
    }

    /// Where a law starts: in force, as an integer unless it is `hold`.
    pub(super) fn entry(&self, set: &Setpoints) -> f64 {
        let whole = if set.mode == Mode::Hold {
            self.workers
        } else {
            self.workers.round().max(1.0)
        };
        whole.min(f64::from(set.bounds.max))
    }

    /// From open traffic the next law begins with as many workers as were busy.
    pub(super) fn leave_open(&mut self) {
        let busy: Vec<u64> = self.seen.iter().rev().take(FLYING).map(|s| s.in_flight).collect();
        if self.latest.open.take().is_some() && !busy.is_empty() {
            let mean = busy.iter().sum::<u64>() as f64 / busy.len() as f64;
            self.workers = mean.round().max(1.0);
        }
        self.latest.slo = None;
    }
}
