//! Regulating, confirming, and what becomes of a confirmed rate: the answer follows the target, and a changed one is asked anew.
//! It refuses to stand by a rate that was confirmed on a target which has become another one.

use super::confirm::{self, Confirm};
use super::ramp::{self, Ramp};
use super::regulate::Step;
use super::signal::Decided;
use super::{FLOOR, Phase, Slo, said};
use crate::control::Observation;
use crate::model::promise::Promise;

/// An answer this far from the one at its confirmation is another one, e-folds.
const AWAY: f64 = 0.2;
/// A confirmation with so many times the share allowed says that the answer was wrong, not that it was a little high.
const MUCH: f64 = 6.0;
/// A rate that was steered this far from its answer has left it, e-folds.
const LEFT: f64 = 0.35;

/// A confirmed rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    /// Held, 1/s.
    pub(super) rate: f64,
    /// The answer then, 1/s.
    answer: f64,
}

impl Slo {
    pub(super) fn regulated(&mut self, seen: &Observation, promise: &Promise, decided: &Decided) -> Phase {
        let before = self.rate;
        let step = self.regulate.tick(promise, decided, seen.span);
        self.rate = self.regulate.rate();
        if step == Step::Cut {
            self.tip.cut(before);
            self.signal.restart(seen.now + promise.limit());
        }
        let floor = FLOOR * self.facts.idle_rate.unwrap_or(0.0);
        if self.rate < floor && self.facts.confirmed.is_none() {
            let recent = self.regulate.recent();
            if recent.late_here() {
                self.rate = floor;
                self.regulate.restart(floor);
                self.facts.proof = recent;
                self.unsure();
                return Phase::Regulate;
            }
            self.miss(said::impossible_at(promise, self.rate));
            return Phase::Impossible(None);
        }
        if step == Step::Moved {
            self.tip.arm();
        }
        if let Some(at) = self.tip.tick(seen, promise, decided, self.rate) {
            return self.tipped(at);
        }
        if !self.tip.suspected() {
            self.forget_if_changed();
        }
        if step == Step::None {
            return Phase::Regulate;
        }
        if self.regulate.free() {
            let ramp = Ramp::again(self.rate);
            self.say(said::room(self.rate, ramp::STEP * self.rate));
            self.set_rate(ramp::STEP * self.rate, seen.now);
            return Phase::Ramp(ramp);
        }
        self.forget_if_left();
        let answer = self.regulate.answer(promise);
        self.facts.answer = answer.or(self.facts.answer);
        if self.facts.confirmed.is_some() {
            self.wander();
            return Phase::Regulate;
        }
        let Some(a) = answer else { return Phase::Regulate };
        let rate = a.rate - a.half;
        self.say(said::holds_still(a.rate, a.half, rate));
        self.hold(rate, seen)
    }

    /// The target tipped over at `at`, 1/s.
    fn tipped(&mut self, at: f64) -> Phase {
        let at = self.regulate.tipped(at);
        self.rate = self.regulate.rate();
        self.waited = 0.0;
        self.say(said::tipped(at, self.rate));
        Phase::Empty
    }

    pub(super) fn empty(&mut self, seen: &Observation, promise: &Promise) -> Phase {
        if !self.emptied(seen, promise) {
            return Phase::Empty;
        }
        self.set_rate(self.rate, seen.now);
        Phase::Regulate
    }

    /// Holds `rate` still to confirm it.
    fn hold(&mut self, rate: f64, seen: &Observation) -> Phase {
        self.facts.tries += 1;
        self.regulate.restart(rate);
        self.set_rate(rate, seen.now);
        Phase::Confirm(Confirm::new(rate))
    }

    pub(super) fn confirm(&mut self, mut c: Confirm, seen: &Observation, promise: &Promise, decided: &Decided) -> Phase {
        let outcome = c.tick(promise, decided, seen.span);
        self.facts.proof = c.worst(promise);
        self.facts.held = Some(c.progress(promise));
        self.regulate.witness(promise, decided, seen.span);
        if let Some(at) = self.tip.tick(seen, promise, decided, c.rate) {
            return self.tipped(at);
        }
        if !self.tip.suspected() && self.forget_if_changed() {
            self.set_rate(c.rate, seen.now);
            return Phase::Regulate;
        }
        let Some(kept) = outcome else { return Phase::Confirm(c) };
        let late_here = if kept {
            c.sent_late(promise)
        } else {
            self.facts.proof.late_here()
        };
        if late_here && self.facts.tries < confirm::TRIES {
            self.say(said::again(&self.facts.proof, c.rate, kept));
            return self.hold(c.rate, seen);
        }
        let kept = kept && !late_here;
        let far = !kept && self.facts.proof.ratio() > MUCH;
        let rate = self.settle(&c, kept);
        let told = said::proof(&self.facts.proof, (c.rate, rate), kept);
        self.say(told);
        if kept || self.facts.tries >= confirm::TRIES {
            self.facts.confirmed = Some(kept);
            if late_here {
                self.unsure();
            }
            self.regulate.prove(true);
            // From the answer itself: below it, slack says little of a target that can do more by now.
            let rate = self.facts.answer.map_or(c.rate, |a| a.rate);
            self.regulate.restart(rate);
            self.set_rate(rate, seen.now);
            return Phase::Regulate;
        }
        if far {
            self.regulate.loosen(rate);
            self.set_rate(rate, seen.now);
            return Phase::Regulate;
        }
        self.hold(rate, seen)
    }

    /// Neither kept nor missed: the target's own do not decide it.
    fn unsure(&mut self) {
        let w = self.facts.proof;
        (self.facts.confirmed, self.facts.kept) = (Some(false), None);
        self.facts.late_here = Some((w.k - w.fair_k) as u64);
        self.say(said::unsure(&w));
    }

    /// The answer with what a confirmation saw; the rate to try next, 1/s, where it was not kept.
    fn settle(&mut self, c: &Confirm, kept: bool) -> f64 {
        if let Some(mut a) = self.regulate.found() {
            a.rate = if kept { a.rate.max(c.rate) } else { a.rate };
            self.facts.answer = Some(a);
        }
        let (answer, half) = self.facts.answer.map_or((c.rate, 0.0), |a| (a.rate, a.half));
        self.facts.kept = kept.then_some(Kept { rate: c.rate, answer });
        (answer - half).min(confirm::LESS * c.rate)
    }

    /// The target became another one: nothing before it counts, and nothing is confirmed any more.
    fn forget_if_changed(&mut self) -> bool {
        let changed = self.regulate.changed();
        if changed {
            self.doubt();
        }
        changed
    }

    /// The rate was steered far from the answer: what speaks for it was seen elsewhere.
    fn forget_if_left(&mut self) {
        let left = self.facts.answer.is_some_and(|a| (self.rate / a.rate).ln().abs() > LEFT);
        if left {
            self.regulate.forget_elsewhere();
            self.doubt();
        }
    }

    /// The confirmed rate is no longer the one that keeps it, by little and little.
    fn wander(&mut self) {
        let (Some(kept), Some(a)) = (self.facts.kept, self.facts.answer) else {
            return;
        };
        let away = (a.rate / kept.answer).ln().abs() > AWAY && (a.rate - kept.answer).abs() > a.half;
        if away {
            self.doubt();
        }
    }

    fn doubt(&mut self) {
        self.say(said::moved(self.rate));
        self.regulate.prove(false);
        let f = &mut self.facts;
        (f.answer, f.kept, f.held, f.confirmed, f.tries) = (None, None, None, None, 0);
        f.late_here = None;
        self.reckon(self.rate);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Confirms 1,000/s with so many bad of 100 a tick, of those so many ours and so many sent late, until that is decided:
    /// how often it was tried, and the facts.
    fn confirmed(bad: u64, ours: u64, sent_late: u64) -> (f64, Option<bool>, Option<u64>) {
        let promise = Promise::parse("p99<80ms").unwrap();
        let mut slo = Slo {
            promise: Some(promise),
            ..Slo::default()
        };
        let mut phase = slo.hold(1_000.0, &Observation::default());
        for i in 0..4_000 {
            let Phase::Confirm(c) = phase else { break };
            let seen = Observation::tick(i, 100, 0.01, 10.0);
            phase = slo.confirm(c, &seen, &promise, &Decided::late(100, bad, ours, sent_late));
        }
        (slo.facts.tries.into(), slo.facts.confirmed, slo.facts.late_here)
    }

    #[test]
    fn bad_ones_of_ours_break_no_promise_and_keep_none() {
        assert_eq!(confirmed(0, 0, 0), (1.0, Some(true), None));
        let (tries, broken, ours) = confirmed(2, 2, 0);
        assert_eq!((tries, broken), (4.0, Some(false)), "asked again and again");
        assert!(ours.is_some_and(|n| n > 100), "{ours:?}");
        assert_eq!(confirmed(2, 0, 0).2, None, "the target's own decide it");
    }

    #[test]
    fn a_promise_kept_by_arrivals_sent_late_is_asked_again() {
        assert_eq!(confirmed(0, 0, 1), (1.0, Some(true), None), "one in a hundred");
        assert_eq!(confirmed(0, 0, 2), (4.0, Some(false), Some(0)));
    }
}
