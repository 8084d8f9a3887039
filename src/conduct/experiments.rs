//! Step test and relay as commands: begun or refused with a reason, ended when nothing is sent any more.
//! They refuse to run beside a pause or an ending.

use super::conductor::Conductor;
use super::orders::Trial;
use crate::model::command::Command;
use crate::model::notice::Who;
use crate::model::units::Nanos;

impl Conductor {
    /// Grants or refuses what was asked, and says which.
    pub(super) fn experiment(&mut self, who: Who, trial: Trial, now: Nanos) {
        let command = match trial {
            Trial::Step(by) => Command::StepTest(by),
            Trial::Tune => Command::Tune,
            Trial::Accept => Command::TuneAccept,
        };
        let set = self.orders.set().clone();
        let answer = match trial {
            _ if self.ending.is_some() => Err("the run is ending".to_owned()),
            Trial::Step(by) => self.regulator.step_test(by, &set),
            Trial::Tune => self.regulator.tune(&set),
            Trial::Accept => match self.regulator.found().tune {
                Some(found) => Ok(self.orders.history.accept(found.gains)),
                None => Err("there is no proposal (say tune first)".to_owned()),
            },
        };
        let text = match answer {
            Ok(said) => {
                self.narration.clone_from(&said);
                format!("{command}: {said}")
            }
            Err(why) => format!("refused {command}: {why}"),
        };
        self.orders.note(now, who, text);
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
