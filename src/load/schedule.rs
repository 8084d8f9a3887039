//! Moments of arrivals: gaps of mean 1 spread over a live rate. A change of the rate moves only what is still to come.
//! It queues nothing.
//!
//! ```text
//!  steady:  next = base + ahead/rate
//!  staged:  ∫ level from base to next = ahead       ahead: expected arrivals from base to the next one, summed, so that
//!                                                   nothing drifts
//! ```

use super::{Arrivals, Stages};
use crate::model::units::Nanos;
use std::sync::Arc;

/// One second, the grid of arrivals by seconds.
const SECOND: u64 = 1_000_000_000;

/// How fast the schedule's time passes, in expected arrivals.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Pace {
    /// Not at all.
    #[default]
    Still,
    /// So many arrivals a second, > 0.
    Steady(f64),
    /// As the stages say, from where they were left.
    Staged,
}

impl Pace {
    /// So many arrivals a second; 0, negative or not finite: still.
    pub fn of(rate: f64) -> Self {
        if rate.is_finite() && rate > 0.0 {
            Self::Steady(rate)
        } else {
            Self::Still
        }
    }
}

/// When arrivals are due.
#[derive(Debug)]
pub struct Schedule {
    arrivals: Box<dyn Arrivals>,
    stages: Option<Arc<Stages>>,
    /// All of a second come at its start.
    by_seconds: bool,
    pace: Pace,
    /// The pace holds since then.
    base: Nanos,
    /// Time of the stages at `base`, s.
    played: f64,
    /// Expected arrivals from `base` to the next.
    ahead: f64,
}

impl Schedule {
    /// Standing still at time zero; the first gap comes before the first arrival.
    pub fn new(mut arrivals: Box<dyn Arrivals>) -> Self {
        let ahead = arrivals.gap();
        Self {
            arrivals,
            stages: None,
            by_seconds: false,
            pace: Pace::Still,
            base: Nanos::ZERO,
            played: 0.0,
            ahead,
        }
    }

    /// With levels over time, for [`Pace::Staged`].
    #[must_use]
    pub fn staged(self, stages: Option<Arc<Stages>>) -> Self {
        Self { stages, ..self }
    }

    /// All arrivals of a second come at its start, or at the last change of the pace if that was later.
    #[must_use]
    pub fn by_seconds(self, by_seconds: bool) -> Self {
        Self { by_seconds, ..self }
    }

    /// From now on at this pace. What was waited of the present gap stays waited. Arrivals due before `now` must have been
    /// taken; one that was not is due now.
    pub fn set_pace(&mut self, now: Nanos, pace: Pace) {
        if pace == self.pace {
            return;
        }
        let passed = (now - self.base).secs();
        self.ahead = (self.ahead - self.expected(passed)).max(0.0);
        if self.pace == Pace::Staged {
            self.played += passed;
        }
        self.base = now;
        self.pace = pace;
    }

    /// Arrivals come by another law from now on; the first gap begins now.
    pub fn change(&mut self, now: Nanos, mut arrivals: Box<dyn Arrivals>, by_seconds: bool) {
        self.ahead = self.expected((now - self.base).secs()) + arrivals.gap();
        self.arrivals = arrivals;
        self.by_seconds = by_seconds;
    }

    /// The next arrival; `None` while it stands still, and after the last.
    pub fn next(&self) -> Option<Nanos> {
        let due = match self.pace {
            Pace::Still => return None,
            _ if !self.ahead.is_finite() => return None,
            Pace::Steady(rate) => self.base + Nanos::from_secs_f64(self.ahead / rate),
            Pace::Staged => {
                let stages = self.stages.as_deref()?;
                let at = stages.reaches(stages.expected(self.played) + self.ahead)?;
                self.base + Nanos::from_secs_f64(at - self.played)
            }
        };
        // The arrivals of (k, k + 1] s come at k s.
        let second = Nanos::new(due.ns().saturating_sub(1) / SECOND * SECOND);
        Some(if self.by_seconds { second.max(self.base) } else { due })
    }

    /// There will be no other arrival at any pace: the trace has ended.
    pub fn over(&self) -> bool {
        self.ahead.is_infinite()
    }

    /// When the stages end, while they give the pace.
    pub fn ends(&self) -> Option<Nanos> {
        let stages = self.stages.as_deref().filter(|_| self.pace == Pace::Staged)?;
        Some(self.base + Nanos::from_secs_f64(stages.length().secs() - self.played))
    }

    /// Takes the next arrival.
    pub fn take(&mut self) -> Option<Nanos> {
        let at = self.next()?;
        self.skip();
        Some(at)
    }

    /// The next arrival has happened elsewhere.
    pub fn skip(&mut self) {
        self.ahead += self.arrivals.gap();
    }

    /// Everything still to come happens later by `by`.
    pub fn slip(&mut self, by: Nanos) {
        self.base += by;
    }

    /// Expected arrivals in `passed` s since `base`.
    fn expected(&self, passed: f64) -> f64 {
        match (self.pace, self.stages.as_deref()) {
            (Pace::Steady(rate), _) => rate * passed,
            (Pace::Staged, Some(stages)) => stages.expected(self.played + passed) - stages.expected(self.played),
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Process;
    use super::*;

    fn constant(rate: f64) -> Schedule {
        let mut s = Schedule::new(Process::Constant.arrivals(1));
        s.set_pace(Nanos::ZERO, Pace::of(rate));
        s
    }

    /// Everything due until `ms`, in ms.
    fn until(s: &mut Schedule, ms: u64) -> Vec<f64> {
        let due = |s: &mut Schedule| s.next().filter(|t| *t <= Nanos::from_millis(ms)).and_then(|_| s.take());
        std::iter::from_fn(|| due(s)).map(Nanos::millis).collect()
    }

    #[test]
    fn a_ramp_has_its_integral_at_every_moment() {
        let stages = Arc::new(Stages::parse("0..1000@10s,1000@12s").unwrap());
        let mut s = Schedule::new(Process::Constant.arrivals(1)).staged(Some(stages));
        s.set_pace(Nanos::ZERO, Pace::Staged);

        let counts = [1_000, 2_000, 5_000, 10_000, 99_000].map(|ms| until(&mut s, ms).len());

        // 50 t²: 50, 200, 1250, 5000, and 2000 more on the level.
        assert_eq!(counts, [50, 150, 1050, 3750, 2000]);
        assert_eq!((s.next(), s.ends()), (None, Some(Nanos::from_secs(12))));
    }

    #[test]
    fn stages_stand_still_in_a_pause_and_end_where_somebody_takes_over() {
        let stages = Arc::new(Stages::parse("100@2s").unwrap());
        let mut s = Schedule::new(Process::Constant.arrivals(1)).staged(Some(stages));
        s.set_pace(Nanos::ZERO, Pace::Staged);
        let before = until(&mut s, 1_005).len();
        s.set_pace(Nanos::from_millis(1_005), Pace::Still);
        s.set_pace(Nanos::from_millis(7_000), Pace::Staged);
        let after = until(&mut s, 7_500).len();
        s.set_pace(Nanos::from_millis(7_500), Pace::of(10.0));

        assert_eq!((before, after), (100, 50));
        assert_eq!(s.next(), Some(Nanos::from_millis(7_550)), "half a gap was waited");
    }

    #[test]
    fn a_second_s_worth_comes_at_the_start_of_every_second_at_the_live_rate() {
        let mut s = constant(3.0).by_seconds(true);
        assert_eq!(until(&mut s, 1_999), [0.0, 0.0, 0.0, 1000.0, 1000.0, 1000.0]);

        s.set_pace(Nanos::from_secs(2), Pace::of(2.0));
        assert_eq!(until(&mut s, 3_999), [2000.0, 2000.0, 3000.0, 3000.0]);
    }

    #[test]
    fn another_law_begins_its_first_gap_at_once() {
        let mut s = constant(10.0);
        until(&mut s, 150);

        s.change(Nanos::from_millis(150), Process::Burst(5).arrivals(1), false);

        assert_eq!(until(&mut s, 700), [650.0; 5]);
    }

    #[test]
    fn a_constant_pace_has_no_drift_over_a_million_arrivals() {
        let mut s = constant(3.0);

        let last = (0..1_000_000).filter_map(|_| s.take()).last();

        // A third of a second is no whole number of nanoseconds; a million of them are.
        assert_eq!(
            last.map(|t| t.ns().abs_diff(333_333_333_333_333) <= 1),
            Some(true),
            "{last:?}"
        );
    }

    #[test]
    fn a_change_of_the_rate_keeps_the_share_of_the_gap_already_waited() {
        let mut s = constant(1.0);
        s.set_pace(Nanos::from_millis(500), Pace::of(10.0));

        // Half an arrival is left: 50 ms at 10/s.
        assert_eq!(s.take(), Some(Nanos::from_millis(550)));
        assert_eq!(s.next(), Some(Nanos::from_millis(650)));
    }

    #[test]
    fn standing_still_loses_nothing_and_asking_often_changes_nothing() {
        let mut s = constant(1.0);
        s.set_pace(Nanos::from_millis(500), Pace::of(0.0));
        assert_eq!(s.next(), None);
        s.set_pace(Nanos::from_secs(7), Pace::of(1.0));
        (1..100).for_each(|k| s.set_pace(Nanos::from_secs(7) + Nanos::from_millis(k), Pace::of(1.0)));

        assert_eq!(s.take(), Some(Nanos::from_millis(7_500)));
    }

    #[test]
    fn poisson_counts_of_a_second_have_equal_mean_and_variance_at_a_live_rate() {
        let mut s = Schedule::new(Process::Poisson.arrivals(9));
        let mut counts = [[0.0f64; 2_000]; 2];
        for second in 0..4_000u64 {
            // 40/s and 160/s in turn.
            let fast = (second % 2) as usize;
            s.set_pace(Nanos::from_secs(second), Pace::of([40.0, 160.0][fast]));
            while s.next().is_some_and(|t| t < Nanos::from_secs(second + 1)) {
                s.take();
                counts[fast][second as usize / 2] += 1.0;
            }
        }

        for (c, rate) in counts.iter().zip([40.0, 160.0]) {
            let mean = c.iter().sum::<f64>() / 2e3;
            let variance = c.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 2e3;
            assert!((mean / rate - 1.0).abs() < 0.02, "{mean} at {rate}");
            assert!((variance / rate - 1.0).abs() < 0.16, "{variance} at {rate}"); // 5 sigma of 2000 seconds
        }
    }
}
