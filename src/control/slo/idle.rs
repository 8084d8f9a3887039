//! The first question: does one worker alone, with nobody in its way, keep the promise?
//! It refuses to say yes to more than that; only open traffic shows the rest.

use crate::control::Observation;
use crate::model::promise::Promise;
use crate::telemetry::grid::Grid;

/// Answers that make a first impression, and those that do where they are slow and all in time.
const ANSWERS: f64 = 50.0;
const FEW: f64 = 20.0;
/// Seconds after which few are enough.
const LONG: f64 = 5.0;
/// So many late ones or more happen less often than this by chance: it is not possible.
const CHANCE: f64 = 0.005;
/// And more often than this: nothing speaks against it.
const USUAL: f64 = 0.05;
/// A tick in which this machine stood still so long, s and as a share of the limit, says nothing; so many at most are left out.
const STOOD: f64 = 0.002;
const STOOD_PART: f64 = 0.1;
const MAX_STOOD: u32 = 50;
/// Between the two, so many times 1/q answers decide.
const PATIENCE: f64 = 10.0;

/// What one worker saw.
#[derive(Clone, Debug, Default)]
pub(super) struct Idle {
    grid: Grid,
    errors: f64,
    answers: f64,
    span: f64,
    /// Ticks left out.
    stood: u32,
    /// Exchanges were under way before it began; their answers are not idle ones.
    crowded: bool,
}

/// What it concludes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verdict {
    /// More answers are needed.
    Unknown,
    /// It may be possible.
    Fits,
    /// It is not.
    Exceeds,
}

impl Idle {
    /// After open traffic or more workers.
    pub(super) fn after_others() -> Self {
        Self {
            crowded: true,
            ..Self::default()
        }
    }

    /// One tick with one worker.
    pub(super) fn tick(&mut self, seen: &Observation, promise: &Promise) -> Verdict {
        if self.crowded {
            self.crowded = seen.in_flight > 1;
            return Verdict::Unknown;
        }
        if seen.paused() > STOOD.max(STOOD_PART * promise.limit().secs()) && self.stood < MAX_STOOD {
            self.stood += 1;
            return Verdict::Unknown;
        }
        self.grid.merge(&seen.grid);
        self.answers += (seen.ok + seen.err) as f64;
        self.errors += seen.err as f64;
        self.span += seen.span;
        let (k, q) = self.worst(promise);
        let n = self.answers;
        let few = n >= FEW && self.span >= LONG && k < 0.5;
        if n < ANSWERS && !few {
            return Verdict::Unknown;
        }
        let chance = tail(k, n * q);
        if chance < CHANCE {
            Verdict::Exceeds
        } else if chance > USUAL {
            Verdict::Fits
        } else if n < PATIENCE / q {
            Verdict::Unknown
        } else if k > n * q {
            Verdict::Exceeds
        } else {
            Verdict::Fits
        }
    }

    /// Good answers a second to one worker, 1/s; 0 before the first. A refusal is quick and says nothing of what is served.
    pub(super) fn rate(&self) -> f64 {
        let good = self.answers - self.errors;
        if self.span > 0.0 { good / self.span } else { 0.0 }
    }

    /// The percentile that the promise speaks of, s.
    pub(super) fn percentile(&self, promise: &Promise) -> Option<f64> {
        self.grid.quantile(1.0 - promise.main().q)
    }

    /// Share of it done and answers still needed.
    pub(super) fn progress(&self) -> (f64, f64) {
        (self.answers.min(ANSWERS), ANSWERS)
    }

    /// Errors count where there is nothing else: one worker back to back is more than a rate limiter admits, and the ramp
    /// begins below it. Late answers of the term that has most beside those allowed, and its share.
    fn worst(&self, promise: &Promise) -> (f64, f64) {
        let nothing_good = self.errors >= self.answers;
        let of = |t: &crate::model::promise::Term| {
            let slow = above(&self.grid, t.limit.secs());
            (if nothing_good { self.answers } else { slow }, t.q)
        };
        let all = promise.terms().map(of);
        all.max_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1))).unwrap_or_default()
    }
}

/// Answers slower than `limit`, s; those of its own bin count by the part of the bin above it.
fn above(grid: &Grid, limit: f64) -> f64 {
    let bin = Grid::bin(limit);
    let (low, high) = (Grid::edge(bin), Grid::edge(bin + 1));
    let part = ((high - limit) / (high - low)).clamp(0.0, 1.0);
    grid.iter()
        .map(|(b, n)| match b.cmp(&bin) {
            std::cmp::Ordering::Less => 0.0,
            std::cmp::Ordering::Equal => part * f64::from(n),
            std::cmp::Ordering::Greater => f64::from(n),
        })
        .sum()
}

/// Chance of `k` or more where `mean` are expected, independent ones (Poisson).
fn tail(k: f64, mean: f64) -> f64 {
    let mut term = (-mean).exp();
    let mut below = 0.0;
    for i in 0..k.round() as u32 {
        below += term;
        term *= mean / f64::from(i + 1);
    }
    (1.0 - below).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(slow: u64, fast: u64) -> Verdict {
        let p = Promise::parse("p99<80ms").unwrap();
        let mut idle = Idle::default();
        idle.tick(&Observation::tick(0, slow, 0.2, 1.0), &p);
        idle.tick(&Observation::tick(1, fast, 0.01, 1.0), &p)
    }

    #[test]
    fn fifty_answers_in_time_fit_and_ten_tell_nothing() {
        assert_eq!(judged(0, 10), Verdict::Unknown);
        assert_eq!(judged(0, 50), Verdict::Fits);
    }

    #[test]
    fn one_late_of_fifty_is_chance_and_five_are_not() {
        assert_eq!(judged(1, 49), Verdict::Fits);
        assert_eq!(judged(3, 47), Verdict::Unknown, "more answers decide");
        assert_eq!(judged(5, 45), Verdict::Exceeds);
    }

    #[test]
    fn a_limiter_that_refuses_some_is_for_the_ramp_and_one_that_answers_nothing_well_is_not() {
        let p = Promise::parse("p99<80ms").unwrap();
        let judged = |ok, err| {
            let seen = Observation {
                err,
                ..Observation::tick(0, ok, 0.01, 1.0)
            };
            let mut idle = Idle::default();
            idle.tick(&seen, &p)
        };

        let mut refused = Idle::default();
        refused.tick(
            &Observation {
                err: 500,
                ..Observation::tick(0, 50, 0.01, 1.0)
            },
            &p,
        );

        assert_eq!(refused.rate(), 50.0 / 0.1, "of good ones");
        assert_eq!((judged(50, 10), judged(0, 60)), (Verdict::Fits, Verdict::Exceeds));
    }

    #[test]
    fn answers_to_others_are_not_its_own() {
        let p = Promise::parse("p99<80ms").unwrap();
        let mut idle = Idle::after_others();
        let crowd = Observation {
            in_flight: 9,
            ..Observation::tick(0, 90, 0.5, 1.0)
        };

        assert_eq!(idle.tick(&crowd, &p), Verdict::Unknown);
        assert_eq!(idle.tick(&Observation::tick(1, 1, 0.5, 1.0), &p), Verdict::Unknown);
        assert_eq!(idle.tick(&Observation::tick(2, 50, 0.01, 1.0), &p), Verdict::Fits);
    }

    #[test]
    fn the_tail_is_that_of_a_poisson_count() {
        assert_eq!(tail(0.0, 0.5), 1.0);
        assert!((tail(1.0, 0.5) - (1.0 - (-0.5f64).exp())).abs() < 1e-12);
        assert!((tail(4.0, 0.5) - 0.00175).abs() < 1e-5);
    }
}
