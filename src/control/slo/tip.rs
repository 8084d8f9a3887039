//! Targets that tip over: from a chance on every arrival is late, and stays so at any rate nearby until the target is empty.
//! It refuses to weigh the late ones: how many they are says how soon it was noticed, and nothing about the rate.
//!
//! ```text
//!  hazard at a rate: (rate/answer)^b/HOLDS      a batch: e^(−hazard·s) unharmed, 1 − e^(−hazard·s) tipped
//!  the answer: the mean over all of STEEP and of NEAR, each weighed by what was seen
//! ```
//! Escape from a metastable state: the mean time to it falls exponentially with the load (Gibbens, Hunt and Kelly 1990).

use super::decided::Decided;
use super::fit::{Answer, Batch};
use crate::control::Observation;
use crate::model::promise::Promise;

/// A rate that is kept holds for so long on average, s.
pub(super) const HOLDS: f64 = 100.0;
/// How steeply the hazard rises with the rate, e-folds an e-fold.
const STEEP: [f64; 4] = [15.0, 25.0, 40.0, 60.0];
/// The answer lies so far below the highest rate at which it tipped, e-folds, and is looked for in so many places.
const NEAR: f64 = 0.5;
const PLACES: u32 = 100;
/// Time at the rate at which it tipped, s.
pub(super) const SPAN: f64 = 1.0;
/// It has tipped: most arrivals are bad for so long, s, for so many limits, for so many of them, and although the rate is only
/// this share of what it was.
const GONE: f64 = 0.5;
const LONG: f64 = 0.4;
const LIMITS: f64 = 3.0;
const BAD: f64 = 30.0;
const LESS: f64 = 0.8;

/// Watches for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Tip {
    /// Seconds in which most were bad, how many, and the rate when that began, 1/s.
    gone: f64,
    k: f64,
    from: f64,
    /// It tipped, and has not been well since: that it cannot carry the rate is no tipping over.
    spent: bool,
    /// It was cut for the first time in this tick: fewer than most may have been bad then.
    cut: bool,
}

impl Tip {
    /// One tick at `rate`; the rate at which the target tipped over, once that is plain.
    pub(super) fn tick(&mut self, seen: &Observation, promise: &Promise, decided: &Decided, rate: f64) -> Option<f64> {
        let w = decided.worst(promise);
        let cut = std::mem::take(&mut self.cut);
        if w.n > 0.0 && w.share() <= GONE && !cut {
            (self.gone, self.k) = (0.0, 0.0);
        } else if (w.n > 0.0 || self.gone > 0.0) && seen.ok + seen.err > 0 {
            // A target that answers nobody stands still; that is another thing, and passes.
            self.from = if self.gone > 0.0 { self.from } else { rate };
            self.gone += seen.span;
            self.k += w.k;
        }
        let long = self.gone >= LONG.max(LIMITS * promise.limit().secs()) - 1e-9;
        let plain = long && self.k >= BAD && rate <= LESS * self.from && !self.spent;
        if !plain {
            return None;
        }
        let from = self.from;
        *self = Self {
            spent: true,
            ..Self::default()
        };
        Some(from)
    }

    /// Far too many were bad, and the rate was cut from `from`, 1/s: it may be under way.
    pub(super) fn cut(&mut self, from: f64) {
        if self.gone <= 0.0 {
            (self.gone, self.from, self.cut) = (f64::MIN_POSITIVE, from, true);
        }
    }

    /// It may be under way.
    pub(super) fn suspected(&self) -> bool {
        self.gone > 0.0 && !self.spent
    }

    /// The target is well.
    pub(super) fn arm(&mut self) {
        self.spent = false;
    }
}

/// The rate at which it tips over once in `HOLDS`; `None` where it never did.
pub(super) fn fit(batches: &[Batch]) -> Option<Answer> {
    let top = batches.iter().filter(|b| b.tipped).map(|b| b.ln_rate).reduce(f64::max)?;
    let place = |i: u32| top - NEAR * f64::from(i) / f64::from(PLACES);
    let all = STEEP.iter().flat_map(|steep| (0..=PLACES).map(move |i| (*steep, place(i))));
    let weighed: Vec<(f64, f64)> = all.map(|(steep, at)| (at, likelihood(batches, steep, at))).collect();
    let most = weighed.iter().map(|w| w.1).fold(f64::MIN, f64::max);
    let mean = |of: &dyn Fn(f64) -> f64| {
        let sums = weighed.iter().map(|(at, l)| ((l - most).exp(), of(*at)));
        let (all, sum) = sums.fold((0.0, 0.0), |s, (w, x)| (s.0 + w, s.1 + w * x));
        sum / all
    };
    let ln_rate = mean(&|at| at);
    let spread = mean(&|at| (at - ln_rate).powi(2)).sqrt();
    let rate = ln_rate.exp();
    Some(Answer {
        rate,
        half: 1.96 * rate * spread,
        dispersion: 1.0,
    })
}

/// Of what was seen if the answer lies at `ln_rate`, in the logarithm.
fn likelihood(batches: &[Batch], steep: f64, ln_rate: f64) -> f64 {
    let of = |b: &Batch| {
        let expected = b.span / HOLDS * (steep * (b.ln_rate - ln_rate)).exp();
        if b.tipped { (-(-expected).exp_m1()).ln() } else { -expected }
    };
    batches.iter().map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::super::decided::Worst;
    use super::*;

    fn batch(rate: f64, span: f64, tipped: bool) -> Batch {
        Batch {
            span,
            ln_rate: rate.ln(),
            worst: Worst::default(),
            tipped,
        }
    }

    /// Ticks of 100 ms after a cut from 1000/s to `rate`, 50 decided in each, `k` of them bad, `ok` answers: when it is plain.
    fn seen(tip: &mut Tip, rate: f64, k: u64, ok: u64) -> Option<(u32, f64)> {
        let promise = Promise::parse("p99<80ms").unwrap();
        tip.cut(1000.0);
        let tick = |i: u32| {
            let seen = Observation::tick(i.into(), ok, 0.2, 1.0);
            tip.tick(&seen, &promise, &Decided::of(50, k), rate).map(|from| (i, from))
        };
        (1..=20).find_map(tick)
    }

    #[test]
    fn most_are_late_although_the_rate_was_cut_and_answers_come() {
        let of = |rate, k, ok| seen(&mut Tip::default(), rate, k, ok);

        assert_eq!(of(729.0, 45, 40), Some((4, 1000.0)));
        assert_eq!(of(900.0, 45, 40), None, "less may do");
        assert_eq!(of(729.0, 20, 40), None, "it comes back");
        assert_eq!(of(729.0, 45, 0), None, "it stands still");
    }

    #[test]
    fn what_fails_again_at_once_cannot_carry_the_rate() {
        let mut tip = Tip::default();
        seen(&mut tip, 729.0, 45, 40);

        assert_eq!(seen(&mut tip, 656.0, 45, 40), None);
        tip.arm();
        assert!(seen(&mut tip, 656.0, 45, 40).is_some(), "it was well in between");
    }

    #[test]
    fn the_answer_lies_where_it_stood_well_below_where_it_tipped() {
        let climb = [(3000.0, 1.0, false), (3250.0, 1.0, false), (3520.0, 1.0, true)];
        let of = |more: &[(f64, f64, bool)]| {
            let all = climb.iter().chain(more).map(|(r, s, t)| batch(*r, *s, *t));
            fit(&all.collect::<Vec<_>>()).unwrap()
        };

        let (first, calm, again) = (of(&[]), of(&[(2800.0, 60.0, false)]), of(&[(2800.0, 5.0, true)]));

        assert!(first.rate > 2500.0 && first.rate < 3000.0, "{first:?}");
        assert!(calm.rate > 1.02 * first.rate && calm.half < first.half, "{calm:?}");
        assert!(again.rate < 0.97 * first.rate, "{again:?}");
        assert_eq!(fit(&[batch(3000.0, 9.0, false)]), None);
    }
}
