//! The ramp of `slo`: rate up rung by rung until a rung is plainly too much.
//! It refuses precision: regulating finds the place between the last two rungs.
//!
//! ```text
//!  rung: settle ─► count what is decided ─► next rung, or too much: back to the one before, once the target is empty
//! ```

use super::decided::{Decided, Worst};
use crate::model::promise::Promise;

/// From one rung to the next; while answers come as fast as idle ones, two at once.
pub(super) const STEP: f64 = 1.6;
const LEAP: f64 = STEP * STEP;
/// A mean response of no more than so many idle ones: nobody waits.
const FREE: f64 = 1.1;
/// A rung counts for so long at least, s, and for so many decided.
const SPAN: f64 = 1.0;
const NEEDS: f64 = 30.0;
/// Too much: so many bad ones, and a share of so many times the share allowed.
const BAD: f64 = 10.0;
const MUCH: f64 = 3.0;
/// First rate, 1/s, where nothing is known, and the share of a closed rate that is known.
pub(super) const FIRST: f64 = 50.0;
pub(super) const OF_CLOSED: f64 = 0.6;

/// One rung.
#[derive(Clone, Debug)]
pub(super) struct Ramp {
    /// The rung before, 1/s; `None` on the first.
    pub(super) before: Option<f64>,
    rate: f64,
    decided: Decided,
    span: f64,
    mean: (f64, f64),
    leaps: bool,
}

/// What a tick of a rung says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rung {
    /// More is to be seen.
    On,
    /// It is kept: this rate next.
    Next(f64),
    /// Plainly too much.
    Over,
}

impl Ramp {
    /// Begins at `rate`.
    pub(super) fn new(rate: f64) -> Self {
        Self {
            before: None,
            rate,
            decided: Decided::default(),
            span: 0.0,
            mean: (0.0, 0.0),
            leaps: true,
        }
    }

    /// Goes on from `rate`, which is kept: the next rung, and no leaps.
    pub(super) fn again(rate: f64) -> Self {
        Self {
            before: Some(rate),
            leaps: false,
            ..Self::new(STEP * rate)
        }
    }

    /// One tick of `span` s: what was decided, and the responses of `ok` answers, their mean in s. `idle`: as of one worker.
    pub(super) fn tick(
        &mut self,
        promise: &Promise,
        decided: &Decided,
        span: f64,
        (ok, mean): (u64, Option<f64>),
        idle: Option<f64>,
    ) -> Rung {
        self.decided.add(decided);
        if self.decided.count(promise) <= 0.0 {
            return Rung::On;
        }
        self.span += span;
        self.mean.0 += ok as f64 * mean.unwrap_or(0.0);
        self.mean.1 += ok as f64;
        let w = self.decided.worst(promise);
        if w.k >= BAD && w.ratio() > MUCH {
            return Rung::Over;
        }
        if self.span < SPAN - 1e-9 || self.decided.count(promise) < NEEDS {
            return Rung::On;
        }
        let response = self.mean.0 / self.mean.1.max(1.0);
        let free = self.leaps && w.k < 1.0 && idle.is_some_and(|i| response <= FREE * i);
        Rung::Next(self.rate * if free { LEAP } else { STEP })
    }

    /// The next rung, at `rate`.
    pub(super) fn climb(&mut self, rate: f64) {
        *self = Self {
            before: Some(self.rate),
            leaps: self.leaps,
            ..Self::new(rate)
        };
    }

    /// What it has seen of this rung.
    pub(super) fn worst(&self, promise: &Promise) -> Worst {
        self.decided.worst(promise)
    }

    /// Where to go from a rung that was too much: the one before; from the first, half. A leap may have passed over
    /// one that is kept: that one, and `true`.
    pub(super) fn back(&self) -> (f64, bool) {
        match self.before {
            Some(before) if self.rate > 1.2 * STEP * before => (before * STEP, true),
            Some(before) => (before, false),
            None => (self.rate / 2.0, false),
        }
    }

    /// Goes on from a rung passed over: no leaps any more.
    pub(super) fn resume(&mut self, rate: f64) {
        *self = Self {
            before: self.before,
            leaps: false,
            ..Self::new(rate)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn promise() -> Promise {
        Promise::parse("p99<80ms").unwrap()
    }

    /// A rung of `ticks` of 100 ms, 10 decided in each, of which `k` are bad; answers after 20 ms.
    fn rung(ramp: &mut Ramp, ticks: u32, k: u64, idle: f64) -> Vec<Rung> {
        let tick = |_| ramp.tick(&promise(), &Decided::of(10, k), 0.1, (10, Some(0.020)), Some(idle));
        (0..ticks).map(tick).collect()
    }

    #[test]
    fn a_rung_lasts_a_second_and_the_next_is_1_6_times_it() {
        let seen = rung(&mut Ramp::new(100.0), 10, 0, 0.010);

        assert!(seen[..9].iter().all(|r| *r == Rung::On), "{seen:?}");
        assert_eq!(seen[9], Rung::Next(160.0));
    }

    #[test]
    fn while_answers_are_as_fast_as_idle_ones_it_takes_two_at_once() {
        let seen = rung(&mut Ramp::new(100.0), 10, 0, 0.019);

        assert!(matches!(seen[9], Rung::Next(r) if (r - 256.0).abs() < 1e-9), "{seen:?}");
    }

    #[test]
    fn ten_bad_ones_beyond_three_times_the_share_are_too_much() {
        let seen = rung(&mut Ramp::new(100.0), 4, 3, 0.010);

        assert_eq!(seen, [Rung::On, Rung::On, Rung::On, Rung::Over]);
    }

    #[test]
    fn back_is_the_rung_before_or_the_one_a_leap_passed_over() {
        let mut ramp = Ramp::new(100.0);
        assert_eq!(ramp.back(), (50.0, false));
        ramp.climb(160.0);
        assert_eq!(ramp.back(), (100.0, false));

        ramp.climb(409.6);
        assert_eq!(ramp.back(), (256.0, true));
        ramp.resume(256.0);
        let again = rung(&mut ramp, 10, 0, 0.019);
        assert_eq!(again[9], Rung::Next(256.0 * STEP), "no leaps any more");
    }
}
