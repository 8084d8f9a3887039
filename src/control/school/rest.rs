//! When a law of the school is at rest, for all of them alike.
//! It refuses to call a slow climb a rest.
//!
//! At rest: for 3 s and 6 decisions the workers stayed within ± the band of their middle and went nowhere, the net change
//! being at most half of the way travelled (or one worker, or 2 %); and it is not the user's bound that stops them.
//! It lasts until the workers are twice the band away from that middle.

use super::super::Observation;
use crate::model::setpoints::Setpoints;
use std::collections::VecDeque;

/// Shortest rest, s and decisions.
const SPAN: f64 = 3.0;
const DECISIONS: u64 = 6;
/// Longest memory, ticks.
const MEMORY: usize = 600;
/// Workers that moved less than this share over the last response are settled evidence; one worker also is where the
/// response is short against the tick.
const STEADY: f64 = 0.05;
const SHORT: f64 = 0.1;

/// The recent worker counts.
#[derive(Clone, Debug)]
pub struct Rest {
    band: f64,
    /// (length of the tick, workers in it, decisions until its end).
    past: VecDeque<(f64, f64, u64)>,
    decisions: u64,
    middle: Option<f64>,
    rested: bool,
    response: f64,
}

impl Rest {
    /// `band`: half width, as a share of the workers.
    pub fn within(band: f64) -> Self {
        Self {
            band,
            past: VecDeque::new(),
            decisions: 0,
            middle: None,
            rested: false,
            response: 0.0,
        }
    }

    /// Somebody else moved the workers: nothing is known.
    pub fn restart(&mut self) {
        *self = Self::within(self.band);
    }

    /// The law decided something, be it to stay.
    pub fn decided(&mut self) {
        self.decisions += 1;
    }

    /// One tick.
    pub fn see(&mut self, seen: &Observation, set: &Setpoints) {
        self.response = seen.mean.unwrap_or(self.response);
        self.past.push_back((seen.span, seen.workers, self.decisions));
        while self.past.len() > MEMORY || self.covers(1) {
            self.past.pop_front();
        }
        let stopped = seen.workers >= f64::from(set.bounds.max);
        self.middle = match self.middle {
            _ if stopped => None,
            Some(m) => ((seen.workers - m).abs() <= self.room(2.0 * m)).then_some(m),
            None => self.nowhere(),
        };
        self.rested |= self.middle.is_some();
    }

    /// It is at rest now.
    pub fn resting(&self) -> bool {
        self.middle.is_some()
    }

    /// It was at rest before.
    pub fn rested(&self) -> bool {
        self.rested
    }

    /// The workers of this tick were in force, nearly, for a response before it: evidence for the curve.
    pub fn settled(&self) -> bool {
        let Some((tick, now, _)) = self.past.back() else {
            return false;
        };
        let one: f64 = if self.response < SHORT * tick { 1.0 } else { 0.0 };
        let mut back = 0.0;
        for (span, workers, _) in self.past.iter().rev() {
            if (workers - now).abs() > one.max(STEADY * now) {
                return false;
            }
            back += span;
            if back > self.response + span {
                return true;
            }
        }
        false
    }

    fn room(&self, workers: f64) -> f64 {
        (self.band * workers).max(1.0)
    }

    /// The ticks from the `from`-th on are long enough to judge.
    fn covers(&self, from: usize) -> bool {
        let ticks = || self.past.iter().skip(from);
        let span: f64 = ticks().map(|t| t.0).sum();
        let decided = ticks().next().map_or(0, |t| self.decisions - t.2);
        span >= SPAN - 1e-9 && decided >= DECISIONS
    }

    /// The middle of a window in which the workers went nowhere.
    fn nowhere(&self) -> Option<f64> {
        let workers = || self.past.iter().map(|t| t.1);
        let (low, high) = workers().fold((f64::MAX, 0.0f64), |(l, h), w| (l.min(w), h.max(w)));
        let middle = (low + high) / 2.0;
        let travelled: f64 = workers().zip(workers().skip(1)).map(|(a, b)| (b - a).abs()).sum();
        let net = (self.past.back()?.1 - self.past.front()?.1).abs();
        let still = net <= (travelled / 2.0).max(1.0).max(0.02 * middle);
        (self.covers(0) && high - low <= 2.0 * self.room(middle) && still).then_some(middle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(ticks: u64, workers: impl Fn(u64) -> f64) -> Rest {
        let mut rest = Rest::within(0.1);
        for i in 0..ticks {
            rest.decided();
            rest.see(&Observation::tick(i, 100, 0.05, workers(i)), &Setpoints::default());
        }
        rest
    }

    #[test]
    fn a_sawtooth_rests_and_a_climb_does_not() {
        assert!(after(40, |i| 27.0 + (i % 4) as f64).resting());
        // 0.2 % a tick: within ±10 % for 3 s, and yet going somewhere.
        assert!(!after(40, |i| 300.0 + 0.6 * i as f64).resting());
        assert!(!after(29, |_| 27.0).resting(), "3 s");
    }

    #[test]
    fn it_ends_when_the_workers_leave_or_the_users_bound_stops_them() {
        let mut rest = after(40, |_| 50.0);
        rest.see(&Observation::tick(41, 100, 0.05, 75.0), &Setpoints::default());

        assert!(!rest.resting() && rest.rested());
        assert!(!after(40, |_| 4096.0).resting());
    }

    #[test]
    fn evidence_is_settled_a_response_after_a_jump() {
        let jump = |i| if i < 10 { 20.0 } else { 30.0 };

        assert!(after(10, jump).settled());
        assert!(!after(11, jump).settled());
        assert!(after(12, jump).settled(), "50 ms later");
    }
}
