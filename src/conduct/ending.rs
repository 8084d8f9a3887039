//! How a run ends: drain, then cut off what is left, then over.

use crate::model::demand::Drive;
use crate::model::run::EndedBy;
use crate::model::units::Nanos;
use crate::telemetry::interval::Gauges;

/// Ticks come some milliseconds late, the first of a drain too: the one meant for its end is not to miss it by these.
const EARLY: Nanos = Nanos::from_millis(20);

/// The end, once it has begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    pub(super) by: EndedBy,
    patience: Nanos,
    began: Nanos,
    cut: Option<Nanos>,
    pub(super) over: bool,
}

impl Ending {
    /// A drain of at most `patience` begins.
    pub(super) fn begin(by: EndedBy, now: Nanos, patience: Nanos) -> Self {
        Self {
            by,
            patience,
            began: now,
            cut: None,
            over: false,
        }
    }

    /// No more patience. A second wish keeps the first reason.
    pub(super) fn cut(&mut self, now: Nanos) {
        self.cut.get_or_insert(now);
    }

    /// One tick of ending; `heard`: the levels are of this tick.
    pub(super) fn tick(&mut self, now: Nanos, gauges: &Gauges, heard: bool) -> Drive {
        let empty = heard && gauges.in_flight == 0 && gauges.queued == 0;
        if self.cut.is_none() && now + EARLY >= self.began + self.patience {
            self.cut = Some(now);
        }
        match self.cut {
            // A lane that cannot be heard may not keep the run from ending.
            Some(at) if empty && now > at || now > at + Nanos::from_secs(1) => self.over = true,
            None if empty && now > self.began => self.over = true,
            _ => {}
        }
        if self.cut.is_some() { Drive::Abort } else { Drive::Drain }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy(in_flight: u64) -> Gauges {
        Gauges {
            in_flight,
            ..Gauges::default()
        }
    }

    #[test]
    fn an_empty_plant_ends_without_waiting() {
        let mut e = Ending::begin(EndedBy::Quit, Nanos::from_secs(1), Nanos::from_secs(2));

        assert_eq!(e.tick(Nanos::from_millis(1100), &busy(0), true), Drive::Drain);
        assert!(e.over);
    }

    #[test]
    fn what_does_not_finish_within_patience_is_cut_off() {
        // The tick that began it was 3 ms late.
        let mut e = Ending::begin(EndedBy::Quit, Nanos::from_millis(1003), Nanos::from_secs(2));

        assert_eq!(e.tick(Nanos::from_millis(2900), &busy(3), true), Drive::Drain);
        assert_eq!(e.tick(Nanos::from_millis(3001), &busy(3), true), Drive::Abort);
        assert!(!e.over);
        e.tick(Nanos::from_millis(3100), &busy(0), true);
        assert!(e.over);
    }

    #[test]
    fn a_deaf_lane_cannot_keep_the_run_alive() {
        let mut e = Ending::begin(EndedBy::Quit, Nanos::ZERO, Nanos::ZERO);

        e.tick(Nanos::ZERO, &busy(3), false);
        e.tick(Nanos::from_millis(1100), &busy(3), false);

        assert!(e.over);
    }
}
