//! The proof: a rate is held still, long enough and for enough arrivals, and the promise is kept or not.
//! It refuses to regulate meanwhile.

use super::decided::{Decided, Worst};
use super::regulate::window;
use crate::model::promise::Promise;
use crate::telemetry::promise::{Harm, Ours};

/// Tries in all.
pub(super) const TRIES: u32 = 4;
/// Between two tries, the rate falls to this share at least.
pub(super) const LESS: f64 = 0.95;
/// Share of arrivals that may be sent later than a quarter of the limit, for a target that thrashes answers faster for it;
/// and share of those due that may not be sent by our fault, for the rate is not the one that is claimed.
const SPOILT: f64 = 0.01;
/// Held at least, s.
const HELD: f64 = 20.0;

/// A try.
#[derive(Clone, Debug)]
pub(super) struct Confirm {
    /// Held, 1/s.
    pub(super) rate: f64,
    decided: Decided,
    held: f64,
}

impl Confirm {
    /// Holds `rate`.
    pub(super) fn new(rate: f64) -> Self {
        Self {
            rate,
            decided: Decided::default(),
            held: 0.0,
        }
    }

    /// One tick of `span` s; whether the promise is kept, once that is known.
    pub(super) fn tick(&mut self, promise: &Promise, decided: &Decided, span: f64) -> Option<bool> {
        self.decided.add(decided);
        if self.decided.count(promise) > 0.0 {
            self.held += span;
        }
        let (held, needed) = self.progress(promise);
        let w = self.decided.worst(promise);
        if held >= needed - 1e-9 && self.decided.count(promise) >= self.arrivals(promise) {
            return Some(w.share() <= w.q);
        }
        // More than all that will be decided may have.
        let most = w.q * self.arrivals(promise).max(self.rate * needed);
        (w.k > 1.1 * most + 1.0).then_some(false)
    }

    /// So many were sent late that a promise kept says little.
    pub(super) fn sent_late(&self, promise: &Promise) -> Option<Ours> {
        spoilt(Harm::SentLate, self.decided.sent_late(promise))
    }

    /// So many were not sent, through us, that the promise was kept at a lower rate.
    pub(super) fn unsent(&self) -> Option<Ours> {
        spoilt(Harm::Unsent, self.decided.unsent())
    }

    /// Held so far and needed, s.
    pub(super) fn progress(&self, promise: &Promise) -> (f64, f64) {
        (self.held, HELD.max(window(self.rate, promise.strictest())))
    }

    /// Decided and bad so far.
    pub(super) fn worst(&self, promise: &Promise) -> Worst {
        self.decided.worst(promise)
    }

    /// Arrivals that must be decided.
    fn arrivals(&self, promise: &Promise) -> f64 {
        30.0 / promise.strictest()
    }
}

fn spoilt(harm: Harm, (n, of): (u64, u64)) -> Option<Ours> {
    (n as f64 > SPOILT * of as f64).then_some(Ours { harm, n, of })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn promise() -> Promise {
        Promise::parse("p99<80ms").unwrap()
    }

    /// The tick of 100 ms with `n` decided, of which every `nth` tick has one bad, that ends it, and how.
    fn ends(rate: f64, nth: u64) -> (u64, bool) {
        let mut c = Confirm::new(rate);
        let n = (rate / 10.0) as u64;
        let mut kept = |i: &u64| c.tick(&promise(), &Decided::of(n, u64::from(i.is_multiple_of(nth))), 0.1);
        (1..10_000).find_map(|i| kept(&i).map(|k| (i, k))).unwrap()
    }

    #[test]
    fn twenty_seconds_at_a_share_below_the_one_allowed_are_kept() {
        assert_eq!(ends(1000.0, 2), (200, true));
    }

    #[test]
    fn few_arrivals_take_as_long_as_three_thousand_of_them() {
        // 100/s: 30 bad ones are allowed in 30 s.
        assert_eq!(ends(100.0, 20), (300, true));
    }

    #[test]
    fn more_bad_ones_than_all_of_it_may_have_end_it_early() {
        // 1000/s for 20 s may have 200; one a tick is 10/s at 100/s.
        let (at, kept) = ends(100.0, 1);

        assert!(!kept && at < 60, "{at}");
    }
}
