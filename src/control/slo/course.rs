//! What was seen at which rate, batch by batch, as far back as it still counts.
//! It refuses to keep what was seen of a target that has become another one.

use super::change;
use super::decided::Worst;
use super::fit::{self, Answer, Batch};
use super::regulate::far;
use super::tip;
use std::collections::VecDeque;

/// That it tipped over is known for so long, s.
const TIPPED: f64 = 3.0 * tip::HOLDS;

/// Batches, the oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Course {
    batches: VecDeque<Batch>,
}

impl Course {
    /// One more; those before the last `keep` seconds are forgotten, later where it tipped over.
    pub(super) fn push(&mut self, batch: Batch, keep: f64) {
        self.batches.push_back(batch);
        let tipped = self.batches.iter().any(|b| b.tipped);
        let keep = if tipped { keep.max(TIPPED) } else { keep };
        let mut all = self.seconds();
        while self.batches.front().is_some_and(|b| all - b.span > keep) {
            all -= self.batches.pop_front().map_or(0.0, |b| b.span);
        }
    }

    /// The target became another one: what was seen before it is forgotten.
    pub(super) fn changed(&mut self) -> bool {
        let Some(at) = change::since(self.batches.make_contiguous()) else {
            return false;
        };
        self.batches.drain(..at);
        // On its way to the new place every arrival is bad, at whatever rate: that says nothing about the place.
        while self.batches.front().is_some_and(|b| far(&b.worst)) {
            self.batches.pop_front();
        }
        true
    }

    /// The target tipped over at a rate, its logarithm, or just before at a higher one, which is returned: all were bad then,
    /// which says nothing about the rates since.
    pub(super) fn tipped(&mut self, ln_rate: f64) -> f64 {
        let mut ln_rate = ln_rate;
        while let Some(b) = self.batches.back().filter(|b| b.worst.ratio() > 1.0) {
            ln_rate = ln_rate.max(b.ln_rate);
            self.batches.pop_back();
        }
        self.batches.push_back(Batch {
            span: tip::SPAN,
            ln_rate,
            worst: Worst::default(),
            tipped: true,
        });
        ln_rate
    }

    /// Forgets what was seen further than `near` e-folds from a rate, its logarithm.
    pub(super) fn keep_near(&mut self, ln_rate: f64, near: f64) {
        self.batches.retain(|b| (b.ln_rate - ln_rate).abs() < near);
    }

    /// Bad ones in all of it.
    pub(super) fn sum(&self) -> Worst {
        let mut sum = Worst::default();
        for b in &self.batches {
            sum.n += b.worst.n;
            sum.k += b.worst.k;
            sum.fair_n += b.worst.fair_n;
            sum.fair_k += b.worst.fair_k;
            sum.q = if b.tipped { sum.q } else { b.worst.q };
        }
        sum
    }

    /// How long it is, s.
    pub(super) fn seconds(&self) -> f64 {
        self.batches.iter().map(|b| b.span).sum()
    }

    /// The latest batch.
    pub(super) fn last(&self) -> Option<&Batch> {
        self.batches.back()
    }

    /// The rate at which it tips over no more often than it may.
    pub(super) fn tips(&self) -> Option<Answer> {
        tip::fit(&self.all())
    }

    /// The highest rate that keeps the promise, and does not tip the target over.
    pub(super) fn found(&self) -> Option<Answer> {
        let all = [fit::fit(&self.all()), self.tips()];
        all.into_iter().flatten().min_by(|a, b| a.rate.total_cmp(&b.rate))
    }

    fn all(&self) -> Vec<Batch> {
        self.batches.iter().copied().collect()
    }
}
