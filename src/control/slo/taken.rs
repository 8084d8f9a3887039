//! What happens when the promise is changed or somebody else held the traffic: the search goes on from what is left.
//! It refuses to forget a confirmed answer for a cut of the rate.

use super::idle::Idle;
use super::signal::Signal;
use super::{Facts, Phase, Slo, ramp, said};
use crate::control::Observation;
use crate::model::promise::Promise;
use crate::model::units::Nanos;

impl Slo {
    /// The promise was made or changed.
    pub(super) fn adopt(&mut self, promise: Promise, now: Nanos) {
        let before = self.promise.replace(promise);
        if before.is_none() {
            return;
        }
        let facts = Facts {
            idle_rate: self.facts.idle_rate,
            idle_mean: self.facts.idle_mean,
            recovery: self.facts.recovery,
            ..Facts::default()
        };
        self.facts = facts;
        self.signal = Signal::default();
        self.phase = match std::mem::replace(&mut self.phase, Phase::Enter) {
            Phase::Regulate | Phase::Confirm(_) => {
                self.say(said::price(&promise, self.rate));
                self.regulate_from(self.rate, now);
                Phase::Regulate
            }
            Phase::Recover(_) | Phase::Empty => Phase::Recover(None),
            Phase::Impossible(_) | Phase::Enter | Phase::Idle(_) => Phase::Idle(Idle::after_others()),
            Phase::Ramp(_) => Phase::Ramp(self.rung(self.rate, now)),
        };
    }

    /// Somebody else held the traffic: go on from what they left.
    pub(super) fn resume(&mut self, seen: &Observation) {
        let closed = if self.heard.1 > 0.0 {
            self.heard.0 / self.heard.1
        } else {
            0.0
        };
        self.heard = (0.0, 0.0);
        match seen.offered {
            // While the target empties nothing is offered, and nothing was taken away.
            Some(0.0) => {}
            Some(offered) => self.yield_to(offered.min(self.rate), seen.now),
            None if closed > 0.0 => {
                let rate = (ramp::OF_CLOSED * closed).max(1e-3);
                self.say(format!(
                    "{}/s closed: starting open at {}/s",
                    said::rate(closed),
                    said::rate(rate)
                ));
                self.phase = Phase::Ramp(self.rung(rate, seen.now));
            }
            None => self.phase = Phase::Idle(Idle::after_others()),
        }
    }

    /// A guard cut the rate.
    pub(super) fn yield_to(&mut self, rate: f64, now: Nanos) {
        match &self.phase {
            Phase::Ramp(r) => {
                self.rate = r.before.unwrap_or(rate).min(rate);
                self.phase = Phase::Recover(None);
                self.waited = 0.0;
            }
            Phase::Regulate | Phase::Confirm(_) => {
                self.regulate_from(rate, now);
                self.phase = Phase::Regulate;
            }
            _ => {}
        }
    }
}
