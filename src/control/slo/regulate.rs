//! Stochastic approximation: the rate follows the share of bad arrivals, in the logarithm, by steps that grow smaller.
//! It refuses a percentile: that is stale, and its gain is without bound near capacity.
//!
//! ```text
//!  batch: max(1 s, 2 L, 50 decided)     ln rate += a·dt·clamp((q − k/n)/q, −4, 1)     a = clamp(0.8/(s + 1), .01, .08)
//! ```
//! Robbins and Monro, *Annals of Mathematical Statistics* 1951; the mean of the course is the answer (Polyak and Juditsky 1992).

use super::signal::{Decided, Worst};
use crate::model::promise::Promise;
use std::collections::VecDeque;

/// A batch lasts so long at least, s, so many limits, and for so many decided.
const SPAN: f64 = 1.0;
const LIMITS: f64 = 2.0;
const NEEDS: f64 = 50.0;
/// Steps a second: `GAIN`/(s + 1), never outside these.
const GAIN: f64 = 0.8;
const LEAST: f64 = 0.01;
const MOST: f64 = 0.08;
/// So far down and up the error is believed, in shares allowed.
const DOWN: f64 = -4.0;
const UP: f64 = 1.0;
/// Far too many: so many times the share allowed, and at least so many. The rate is cut at once.
const FAR: f64 = 5.0;
const FEW: f64 = 10.0;
const CUT: f64 = 0.9;
/// After so many batches without a bad one the steps double.
const CLEAN: u32 = 5;
/// The answer rests on so many seconds at least, and on so many bad ones as are allowed.
const WINDOW: f64 = 20.0;
const ALLOWED: f64 = 30.0;
/// Halves of the course that differ by more than this are still on their way, e-folds.
const AGREE: f64 = 0.04;
/// Relative change of the bad share over that of the rate, least: near capacity it is two or three times this.
const STEEPNESS: f64 = 8.0;

/// One batch as it was.
#[derive(Clone, Copy, Debug)]
struct Batch {
    span: f64,
    ln_rate: f64,
    worst: Worst,
}

/// The regulator of the rate.
#[derive(Clone, Debug)]
pub(super) struct Regulate {
    rate: f64,
    since: f64,
    span: f64,
    decided: Decided,
    clean: u32,
    boost: f64,
    course: VecDeque<Batch>,
}

/// What its course says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Answer {
    /// Geometric mean of the rate, 1/s.
    pub(super) rate: f64,
    /// Half width of its 95 % interval, 1/s.
    pub(super) half: f64,
    /// Variance over mean of the bad ones of a batch.
    pub(super) dispersion: f64,
}

/// Seconds of a course that an answer at `rate` needs.
pub(super) fn window(rate: f64, promise: &Promise) -> f64 {
    let q = promise.terms().map(|t| t.q).fold(1.0, f64::min);
    WINDOW.max(ALLOWED / (q * rate.max(1e-3)))
}

impl Regulate {
    /// From `rate` > 0 on, with large steps.
    pub(super) fn new(rate: f64) -> Self {
        Self {
            rate,
            since: 0.0,
            span: 0.0,
            decided: Decided::default(),
            clean: 0,
            boost: 1.0,
            course: VecDeque::new(),
        }
    }

    /// The rate in force, 1/s.
    pub(super) fn rate(&self) -> f64 {
        self.rate
    }

    /// Somebody else moved it, or the traffic of a confirmation ended: the batch under way begins anew.
    pub(super) fn restart(&mut self, rate: f64) {
        self.rate = rate;
        (self.span, self.decided) = (0.0, Decided::default());
    }

    /// One tick of `span` s; true when a batch was closed.
    pub(super) fn tick(&mut self, promise: &Promise, decided: &Decided, span: f64) -> bool {
        self.since += span;
        self.span += span;
        self.decided.add(decided);
        let w = self.decided.worst(promise);
        let far = w.ratio() > FAR && w.k >= FEW;
        let least = SPAN.max(LIMITS * promise.limit().secs());
        let whole = self.span >= least - 1e-9 && self.decided.count(promise) >= NEEDS;
        if !whole && !far {
            return false;
        }
        self.close(w, promise);
        true
    }

    fn close(&mut self, w: Worst, promise: &Promise) {
        self.course.push_back(Batch {
            span: self.span,
            ln_rate: self.rate.ln(),
            worst: w,
        });
        self.clean = if w.k > 0.0 { 0 } else { self.clean + 1 };
        if w.k > 0.0 {
            self.boost = 1.0;
        } else if self.clean.is_multiple_of(CLEAN) {
            self.boost *= 2.0;
        }
        let error = ((w.q - w.share()) / w.q).clamp(DOWN, UP);
        self.rate *= (self.gain() * self.span * error).exp();
        if w.ratio() > FAR && w.k >= FEW {
            self.rate *= CUT;
        }
        (self.span, self.decided) = (0.0, Decided::default());
        let keep = window(self.rate, promise);
        let mut all: f64 = self.course.iter().map(|b| b.span).sum();
        while self.course.front().is_some_and(|b| all - b.span > keep) {
            all -= self.course.pop_front().map_or(0.0, |b| b.span);
        }
    }

    /// Step a second now.
    pub(super) fn gain(&self) -> f64 {
        let plain = (GAIN / (self.since + 1.0)).clamp(LEAST, MOST);
        (self.boost * plain).min(MOST)
    }

    /// Bad ones of the course so far.
    pub(super) fn recent(&self) -> Worst {
        let mut sum = Worst::default();
        for b in &self.course {
            sum.n += b.worst.n;
            sum.k += b.worst.k;
            sum.q = b.worst.q;
        }
        sum
    }

    /// Seconds of course there are.
    pub(super) fn seconds(&self) -> f64 {
        self.course.iter().map(|b| b.span).sum()
    }

    /// The answer, once the course is long enough and no longer on its way.
    pub(super) fn answer(&self, promise: &Promise) -> Option<Answer> {
        let last = self.course.back()?;
        let all = self.seconds();
        if all < window(self.rate, promise) - last.span {
            return None;
        }
        let mean = |part: &[&Batch]| {
            let span: f64 = part.iter().map(|b| b.span).sum();
            part.iter().map(|b| b.ln_rate * b.span).sum::<f64>() / span.max(1e-9)
        };
        let batches: Vec<&Batch> = self.course.iter().collect();
        let (early, late) = batches.split_at(batches.len() / 2);
        if early.is_empty() || (mean(early) - mean(late)).abs() > AGREE {
            return None;
        }
        let rate = mean(&batches).exp();
        let dispersion = dispersion(&batches);
        let k = self.recent().k.max(1.0);
        let counted = (dispersion / k).sqrt() / STEEPNESS;
        let wandered = spread(&batches);
        Some(Answer {
            rate,
            half: 1.96 * rate * counted.hypot(wandered),
            dispersion,
        })
    }
}

/// Variance over mean of the bad ones of a batch, at least 1: bursts of late answers belong together.
fn dispersion(batches: &[&Batch]) -> f64 {
    let k: f64 = batches.iter().map(|b| b.worst.k).sum();
    let n: f64 = batches.iter().map(|b| b.worst.n).sum();
    if k <= 0.0 || batches.len() < 4 {
        return 1.0;
    }
    let squares: f64 = batches
        .iter()
        .map(|b| {
            let expected = k * b.worst.n / n;
            (b.worst.k - expected).powi(2) / expected.max(1e-9)
        })
        .sum();
    (squares / (batches.len() - 1) as f64).max(1.0)
}

/// Standard error of the mean logarithm of the rate, from the means of four parts of the course.
fn spread(batches: &[&Batch]) -> f64 {
    const PARTS: usize = 4;
    if batches.len() < 2 * PARTS {
        return 0.0;
    }
    let means: Vec<f64> = (0..PARTS)
        .map(|i| {
            let part = &batches[i * batches.len() / PARTS..(i + 1) * batches.len() / PARTS];
            part.iter().map(|b| b.ln_rate).sum::<f64>() / part.len() as f64
        })
        .collect();
    let mean = means.iter().sum::<f64>() / PARTS as f64;
    let var = means.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / (PARTS - 1) as f64;
    (var / PARTS as f64).sqrt()
}
