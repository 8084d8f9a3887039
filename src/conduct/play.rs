//! The stages of a run as they are played: how far, at which level, and what they asked for in the measured time.
//! Their time is the schedule's: it stands still in a pause, and slips with it.

use crate::load::Stages;
use crate::model::demand::{Demand, Drive};
use crate::model::units::Nanos;
use std::sync::Arc;

/// Stages, and the time that has passed for them; without stages, nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Play {
    stages: Option<Arc<Stages>>,
    /// Looked at last, and how far the schedule had slipped then.
    seen: Nanos,
    slip: Nanos,
    /// The schedule's time, whoever gave the level, and of that the part the stages gave it.
    ran: Nanos,
    played: Nanos,
    /// Integral of their level over the measured part of that, and its seconds.
    asked: (f64, f64),
}

impl Play {
    /// From the beginning.
    pub(super) fn of(stages: Option<Arc<Stages>>) -> Self {
        Self {
            stages,
            ..Self::default()
        }
    }

    /// Until `now` this demand was in force, and the schedule has slipped so far.
    pub(super) fn pass(&mut self, now: Nanos, demand: &Demand, slip: Nanos, measured: bool) {
        let span = (now - self.seen) - (slip - self.slip);
        (self.seen, self.slip) = (now, slip);
        if demand.drive != Drive::Run {
            return;
        }
        self.ran += span;
        let Some(stages) = self.stages.as_ref().filter(|_| demand.staged) else {
            return;
        };
        let (from, to) = (self.played.secs(), (self.played + span).min(stages.length()).secs());
        self.played += span;
        if measured {
            self.asked.0 += stages.expected(to) - stages.expected(from);
            self.asked.1 += to - from;
        }
    }

    /// What they say now; `None`: there are none.
    pub(super) fn level(&self) -> Option<f64> {
        self.stages.as_ref().map(|s| s.level(self.played.secs()))
    }

    /// They have come to their end, or would have.
    pub(super) fn over(&self) -> bool {
        self.stages.as_ref().is_some_and(|s| self.ran >= s.length())
    }

    /// Their mean level in the measured time.
    pub(super) fn mean(&self) -> Option<f64> {
        let (asked, seconds) = self.asked;
        (seconds > 0.0).then(|| asked / seconds)
    }

    /// What is measured begins anew.
    pub(super) fn reset(&mut self) {
        self.asked = (0.0, 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(text: &str) -> Play {
        Play::of(Some(Arc::new(Stages::parse(text).unwrap())))
    }

    fn demand(drive: Drive, staged: bool) -> Demand {
        Demand {
            drive,
            staged,
            ..Demand::default()
        }
    }

    #[test]
    fn their_time_stands_still_in_a_pause_and_slips_with_the_schedule() {
        let mut p = play("0..100@10s,0@12s");
        let run = demand(Drive::Run, true);

        p.pass(Nanos::from_secs(4), &run, Nanos::ZERO, true);
        p.pass(Nanos::from_secs(9), &demand(Drive::Pause, true), Nanos::ZERO, true);
        assert_eq!(p.level(), Some(40.0));
        p.pass(Nanos::from_secs(12), &run, Nanos::from_secs(1), true);
        assert_eq!(p.level(), Some(60.0));

        p.pass(Nanos::from_secs(17), &run, Nanos::from_secs(1), true);
        assert!(!p.over(), "the silence at the end is played too");
        p.pass(Nanos::from_secs(18), &run, Nanos::from_secs(1), true);
        assert!(p.over());
    }

    #[test]
    fn what_was_asked_is_the_mean_of_the_measured_time() {
        let mut p = play("0..100@10s");
        let run = demand(Drive::Run, true);

        p.pass(Nanos::from_secs(5), &run, Nanos::ZERO, false);
        assert_eq!(p.mean(), None);
        p.pass(Nanos::from_millis(10_050), &run, Nanos::ZERO, true);
        assert_eq!(p.mean(), Some(75.0));
    }

    #[test]
    fn who_takes_over_has_as_long_as_they_had() {
        let mut p = play("100@3s");
        p.pass(Nanos::from_secs(1), &demand(Drive::Run, true), Nanos::ZERO, true);
        p.pass(Nanos::from_secs(3), &demand(Drive::Run, false), Nanos::ZERO, true);

        assert_eq!((p.level(), p.over(), p.mean()), (Some(100.0), true, Some(100.0)));
    }
}
