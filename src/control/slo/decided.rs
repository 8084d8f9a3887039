//! What was decided of a promise: arrivals and bad ones by term, what of that the target answers for, and what left late or never.
//! It refuses percentiles, and to say when an arrival is decided: the signal does.

use crate::model::promise::{Promise, TERMS, Term};
use crate::model::units::Nanos;

/// How many were decided, and how many of those were bad, by term.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Decided {
    pub(super) n: [u64; TERMS],
    pub(super) k: [u64; TERMS],
    /// Of these, what the target alone answers for.
    pub(super) fair_n: [u64; TERMS],
    pub(super) fair_k: [u64; TERMS],
    /// Answered well, and sent later than a quarter of the strictest limit.
    pub(super) sent_late: u64,
    /// Due and never sent, in the wake of a lateness of ours or set aside for it, and otherwise.
    pub(super) here: Sending,
    pub(super) fair: Sending,
}

/// What was due, and what of that found no place and was never sent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sending {
    due: u64,
    unsent: u64,
}

impl Sending {
    pub(super) fn add(&mut self, (due, unsent): (u64, u64)) {
        self.due += due;
        self.unsent += unsent;
    }

    fn share(&self) -> f64 {
        self.unsent as f64 / self.due.max(1) as f64
    }
}

/// The term nearest its bound.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Worst {
    /// Decided and bad.
    pub(super) n: f64,
    pub(super) k: f64,
    /// Share allowed.
    pub(super) q: f64,
    /// Of these, what the target alone answers for.
    pub(super) fair_n: f64,
    pub(super) fair_k: f64,
}

impl Worst {
    /// Too many were bad, and the target's own do not show it.
    pub(super) fn late_here(&self) -> bool {
        self.k > self.q * self.n && self.fair_k <= self.q * self.fair_n
    }

    /// Bad ones as a share; 0 while none are decided.
    pub(super) fn share(&self) -> f64 {
        if self.n > 0.0 { self.k / self.n } else { 0.0 }
    }

    /// That share over the share allowed.
    pub(super) fn ratio(&self) -> f64 {
        if self.q > 0.0 { self.share() / self.q } else { 0.0 }
    }
}

#[cfg(test)]
impl Decided {
    /// Of a promise with one term.
    pub(super) fn of(n: u64, k: u64) -> Self {
        let mut one = Self::default();
        (one.n[0], one.k[0]) = (n, k);
        (one.fair_n[0], one.fair_k[0]) = (n, k);
        one
    }

    /// The same, of whose bad ones so many are ours, and so many were sent late.
    pub(super) fn late(n: u64, k: u64, ours: u64, sent_late: u64) -> Self {
        let mut one = Self::of(n, k);
        (one.fair_k[0], one.sent_late) = (k - ours, sent_late);
        one
    }

    /// The same, with arrivals due and never sent: beside those through us, those that found the target full.
    pub(super) fn and_unsent(mut self, here: (u64, u64), fair: (u64, u64)) -> Self {
        self.here.add(here);
        self.fair.add(fair);
        self
    }
}

impl Decided {
    /// Adds what was decided later.
    pub(super) fn add(&mut self, other: &Self) {
        for i in 0..TERMS {
            self.n[i] += other.n[i];
            self.k[i] += other.k[i];
            self.fair_n[i] += other.fair_n[i];
            self.fair_k[i] += other.fair_k[i];
        }
        self.sent_late += other.sent_late;
        self.here.add((other.here.due, other.here.unsent));
        self.fair.add((other.fair.due, other.fair.unsent));
    }

    /// Sent later than a quarter of the strictest limit, of those decided by the latency limits.
    pub(super) fn sent_late(&self, promise: &Promise) -> (u64, u64) {
        (self.sent_late, self.count(promise) as u64)
    }

    /// Never sent through us, of all that were due: more than find the target full when we are on time.
    pub(super) fn unsent(&self) -> (u64, u64) {
        let anyway = self.fair.share() * self.here.due as f64;
        let ours = (self.here.unsent as f64 - anyway).max(0.0).round() as u64;
        (ours, self.here.due + self.fair.due)
    }

    /// Arrivals decided by the latency limits.
    pub(super) fn count(&self, promise: &Promise) -> f64 {
        let latency = |(_, t): &(usize, &Term)| t.limit < Nanos::MAX;
        promise
            .terms()
            .enumerate()
            .find(latency)
            .map_or(0.0, |(i, _)| self.n[i] as f64)
    }

    /// The term with the most bad ones beside those allowed; without any, the strictest.
    pub(super) fn worst(&self, promise: &Promise) -> Worst {
        let of = |(i, t): (usize, &Term)| Worst {
            n: self.n[i] as f64,
            k: self.k[i] as f64,
            q: t.q,
            fair_n: self.fair_n[i] as f64,
            fair_k: self.fair_k[i] as f64,
        };
        let later = |a: &Worst, b: &Worst| a.ratio().total_cmp(&b.ratio()).then(b.q.total_cmp(&a.q));
        promise.terms().enumerate().map(of).max_by(later).unwrap_or_default()
    }
}
