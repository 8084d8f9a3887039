//! Step test, relay and check in open traffic as commands: begun or refused with a reason, ended when nothing is sent any more.
//! They refuse to run beside a pause or an ending.

use super::conductor::Conductor;
use super::orders::{Trial, done};
use crate::control::experiment::Traffic;
use crate::model::command::Command;
use crate::model::format::quantity;
use crate::model::notice::Who;
use crate::model::setpoints::Mode;
use crate::model::units::Nanos;
use crate::telemetry::frame::State;
use crate::telemetry::latency::Latency;
use crate::telemetry::promise::Check;
use crate::telemetry::tally::Tally;

/// Share of the knee that is checked unless another is asked for.
const CHECKED: f64 = 0.75;

impl Conductor {
    /// Grants or refuses what was asked, and says which.
    pub(super) fn experiment(&mut self, who: Who, trial: Trial, now: Nanos) {
        let command = match trial {
            Trial::Step(by) => Command::StepTest(by),
            Trial::Tune => Command::Tune,
            Trial::Accept => Command::TuneAccept,
            Trial::Verify(share, time) => Command::Verify(share, time),
        };
        let set = self.orders.set().clone();
        let answer = match trial {
            _ if self.ending.is_some() => Err("the run is ending".to_owned()),
            Trial::Step(by) => self.regulator.step_test(by, &set),
            Trial::Tune => self.regulator.tune(&set),
            Trial::Verify(share, time) => self.verify(share, time, now),
            Trial::Accept => match self.regulator.found().tune {
                Some(found) => Ok(self.orders.history.accept(found.gains)),
                None => Err("there is no proposal (say tune first)".to_owned()),
            },
        };
        let text = match answer {
            Ok(said) => {
                self.narration.clone_from(&said);
                done(&command.to_string(), &said)
            }
            Err(why) => format!("refused {command}: {why}"),
        };
        self.orders.note(now, who, text);
    }

    /// A check at a share of the knee's good rate.
    fn verify(&mut self, share: f64, time: Nanos, now: Nanos) -> Result<String, String> {
        let set = self.orders.set().clone();
        if set.mode == Mode::Slo {
            return Err("mode slo is open traffic already (say mode max first)".into());
        }
        let remedy = "wait until mode max has found one, or say slo p99<80ms";
        let knee = self
            .curve
            .knee()
            .ok_or_else(|| format!("there is no knee to take a share of ({remedy})"))?;
        let traffic = Traffic {
            rate: share * knee.good_rps,
            of_knee: share,
            knee_workers: knee.workers,
            time,
            at: now,
        };
        let said = self.regulator.verify(traffic, &set)?;
        self.checked = Latency::new();
        Ok(said)
    }

    /// Responses of the check under way; those of its first second are of another traffic.
    pub(super) fn record_check(&mut self, tally: &Tally) {
        let check = self.regulator.found().check;
        if self.ruling.state == State::Verify && check.is_some_and(|c| !c.over && c.held >= 1.0) {
            self.checked.merge(&tally.response());
        }
    }

    /// The check as the frame tells it.
    pub(super) fn check(&self) -> Option<Check> {
        let check = self.regulator.found().check?;
        Some(Check {
            response: self.checked.summary(),
            ..check
        })
    }

    /// Says once that the answer can be tried as open traffic.
    pub(super) fn offer_check(&mut self, now: Nanos) {
        let untried = self.answered && self.regulator.found().check.is_none();
        if !untried || self.limits.until_answered || self.orders.set().mode != Mode::Max {
            return;
        }
        let Some(knee) = self
            .curve
            .knee()
            .filter(|_| !std::mem::replace(&mut self.offered_check, true))
        else {
            return;
        };
        let rate = quantity(CHECKED * knee.good_rps);
        let text = format!("v checks {rate}/s as open traffic");
        self.orders.note(now, Who::Controller, text);
    }

    /// A pause or the end of sending ends an experiment, at the workers it began with.
    pub(super) fn stand_down(&mut self, now: Nanos) {
        if self.sending() {
            return;
        }
        if let Some(note) = self.regulator.interrupt("sending stopped") {
            self.demand.workers = self.regulator.workers();
            self.narration.clone_from(&note);
            self.orders.note(now, Who::Controller, note);
        }
    }
}
