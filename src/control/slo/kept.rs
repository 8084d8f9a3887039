//! Regulating, confirming, and what becomes of a confirmed rate: the answer follows the target, and a changed one is asked anew.
//! It refuses to stand by a rate that was confirmed on a target which has become another one.

use super::confirm::{self, Confirm};
use super::decided::{Decided, Worst};
use super::ramp::{self, Ramp};
use super::regulate::Step;
use super::{FLOOR, Phase, Slo, said};
use crate::control::Observation;
use crate::model::promise::Promise;
use crate::telemetry::promise::{Harm, Ours};

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
                self.unsure(late(&recent));
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
        self.facts.late_here = None;
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
        let proof = self.facts.proof;
        let ours = if kept {
            c.unsent().or_else(|| c.sent_late(promise))
        } else {
            proof.late_here().then(|| late(&proof))
        };
        self.facts.late_here = ours;
        if let Some(ours) = ours.filter(|_| self.facts.tries < confirm::TRIES) {
            self.say(said::again(&ours, c.rate));
            return self.hold(c.rate, seen);
        }
        let kept = kept && ours.is_none();
        let far = !kept && self.facts.proof.ratio() > MUCH;
        let rate = self.settle(&c, kept);
        let told = said::proof(&self.facts.proof, (c.rate, rate), kept);
        self.say(told);
        if kept || self.facts.tries >= confirm::TRIES {
            self.facts.confirmed = Some(kept);
            if let Some(ours) = ours {
                self.unsure(ours);
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
    fn unsure(&mut self, ours: Ours) {
        (self.facts.confirmed, self.facts.kept) = (Some(false), None);
        self.facts.late_here = Some(ours);
        self.say(said::unsure(&ours));
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

/// Too many were bad, and of those the target's own do not show it.
fn late(w: &Worst) -> Ours {
    Ours {
        harm: Harm::Late,
        n: (w.k - w.fair_k) as u64,
        of: w.k as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Facts;
    use super::*;

    /// Confirms 1,000/s with the same decided in every tick, until that is over: the rate of each try, and the facts.
    fn confirmed(tick: Decided) -> (Vec<f64>, Facts) {
        let promise = Promise::parse("p99<80ms").unwrap();
        let mut slo = Slo {
            promise: Some(promise),
            ..Slo::default()
        };
        let mut phase = slo.hold(1_000.0, &Observation::default());
        let mut tried = vec![];
        for i in 0..4_000 {
            let Phase::Confirm(c) = phase else { break };
            if tried.len() < slo.facts.tries as usize {
                tried.push(c.rate);
            }
            let seen = Observation::tick(i, 100, 0.01, 10.0);
            phase = slo.confirm(c, &seen, &promise, &tick);
            let again = tried.len() == 2 && tried[0] == tried[1];
            assert!(!again || slo.facts.late_here.is_some(), "a run that ends now says why");
        }
        (tried, slo.facts)
    }

    /// How it ended: what was ours, and to how many percent.
    fn end(facts: &Facts) -> (Option<bool>, Option<(Harm, u64)>) {
        (facts.confirmed, facts.late_here.map(|o| (o.harm, 100 * o.n / o.of)))
    }

    const AGAIN: [f64; 4] = [1_000.0; 4];

    #[test]
    fn bad_ones_of_ours_break_no_promise_and_keep_none() {
        let (tried, facts) = confirmed(Decided::late(100, 0, 0, 0));
        assert_eq!((tried, end(&facts)), (vec![1_000.0], (Some(true), None)));

        let (tried, facts) = confirmed(Decided::late(100, 2, 2, 0));
        assert_eq!(tried, AGAIN, "the same rate again: the target did nothing against it");
        assert_eq!(end(&facts), (Some(false), Some((Harm::Late, 100))));

        let (tried, facts) = confirmed(Decided::late(100, 2, 0, 0));
        assert_eq!(facts.late_here, None, "the target's own decide it");
        assert!(tried.len() == 4 && tried.is_sorted_by(|a, b| a > b), "{tried:?}");
    }

    #[test]
    fn a_promise_kept_by_arrivals_sent_late_is_asked_again() {
        let one_in_a_hundred = confirmed(Decided::late(100, 0, 0, 1));
        assert_eq!((one_in_a_hundred.0.len(), one_in_a_hundred.1.confirmed), (1, Some(true)));

        let (tried, facts) = confirmed(Decided::late(100, 0, 0, 2));
        assert_eq!(tried, AGAIN);
        assert_eq!(end(&facts), (Some(false), Some((Harm::SentLate, 2))));
    }

    #[test]
    fn a_rate_that_did_not_leave_is_not_confirmed_although_what_left_was_in_time() {
        let set_aside = |unsent, full| confirmed(Decided::late(80, 0, 0, 0).and_unsent((20, unsent), (80, full)));

        let (tried, facts) = set_aside(2, 0);
        assert_eq!(tried, AGAIN);
        assert_eq!(end(&facts), (Some(false), Some((Harm::Unsent, 2))));
        assert_eq!(set_aside(1, 0).1.confirmed, Some(true), "99 of a hundred left");
        assert_eq!(
            set_aside(4, 16).1.confirmed,
            Some(true),
            "the target is as full when we are on time"
        );
    }
}
