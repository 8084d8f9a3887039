//! Moments of arrivals: gaps of mean 1 spread over a live rate. A change of the rate moves only what is still to come.
//! It queues nothing.
//!
//! ```text
//!  next = base + ahead/rate      ahead: expected arrivals from base to the next one, summed, so that nothing drifts
//! ```

use super::Arrivals;
use crate::model::units::Nanos;

/// When arrivals are due.
#[derive(Debug)]
pub struct Schedule {
    arrivals: Box<dyn Arrivals>,
    /// The rate holds since then.
    base: Nanos,
    /// 1/s; 0 while it stands still.
    rate: f64,
    /// Expected arrivals from `base` to the next.
    ahead: f64,
}

impl Schedule {
    /// Standing still at time zero; the first gap comes before the first arrival.
    pub fn new(mut arrivals: Box<dyn Arrivals>) -> Self {
        let ahead = arrivals.gap();
        Self {
            arrivals,
            base: Nanos::ZERO,
            rate: 0.0,
            ahead,
        }
    }

    /// From now on so many arrivals a second; 0, negative or not finite: it stands still. Arrivals due before `now`
    /// must have been taken; one that was not is due now.
    pub fn set_rate(&mut self, now: Nanos, rate: f64) {
        let rate = if rate.is_finite() { rate.max(0.0) } else { 0.0 };
        if rate == self.rate {
            return;
        }
        self.ahead = (self.ahead - self.rate * (now - self.base).secs()).max(0.0);
        self.base = now;
        self.rate = rate;
    }

    /// From now on gaps of another law, the one under way too.
    pub fn switch(&mut self, now: Nanos, mut arrivals: Box<dyn Arrivals>) {
        self.base = now;
        self.ahead = arrivals.gap();
        self.arrivals = arrivals;
    }

    /// The rate in force, 1/s.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// The next arrival; `None` while it stands still.
    pub fn next(&self) -> Option<Nanos> {
        (self.rate > 0.0).then(|| self.base + Nanos::from_secs_f64(self.ahead / self.rate))
    }

    /// Takes the next arrival.
    pub fn take(&mut self) -> Option<Nanos> {
        let at = self.next()?;
        self.ahead += self.arrivals.gap();
        Some(at)
    }

    /// Everything still to come happens later by `by`.
    pub fn slip(&mut self, by: Nanos) {
        self.base += by;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Process;
    use super::*;

    fn constant(rate: f64) -> Schedule {
        let mut s = Schedule::new(Process::Constant.arrivals(1));
        s.set_rate(Nanos::ZERO, rate);
        s
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
        s.set_rate(Nanos::from_millis(500), 10.0);

        // Half an arrival is left: 50 ms at 10/s.
        assert_eq!(s.take(), Some(Nanos::from_millis(550)));
        assert_eq!(s.next(), Some(Nanos::from_millis(650)));
    }

    #[test]
    fn another_law_begins_with_the_gap_under_way() {
        let mut s = constant(10.0);
        s.take();

        s.switch(Nanos::from_millis(130), Process::Burst(2).arrivals(1));

        // Two at once after the gap they were owed.
        let two: Vec<u64> = (0..3).filter_map(|_| s.take()).map(|t| t.ns() / 1_000_000).collect();
        assert_eq!(two[1] - two[0] + two[2] - two[1], 200, "{two:?}");
        assert!(two[0] >= 130, "{two:?}");
    }

    #[test]
    fn standing_still_loses_nothing_and_asking_often_changes_nothing() {
        let mut s = constant(1.0);
        s.set_rate(Nanos::from_millis(500), 0.0);
        assert_eq!(s.next(), None);
        s.set_rate(Nanos::from_secs(7), 1.0);
        (1..100).for_each(|k| s.set_rate(Nanos::from_secs(7) + Nanos::from_millis(k), 1.0));

        assert_eq!(s.take(), Some(Nanos::from_millis(7_500)));
    }

    #[test]
    fn poisson_counts_of_a_second_have_equal_mean_and_variance_at_a_live_rate() {
        let mut s = Schedule::new(Process::Poisson.arrivals(9));
        let mut counts = [[0.0f64; 2_000]; 2];
        for second in 0..4_000u64 {
            // 40/s and 160/s in turn.
            let fast = (second % 2) as usize;
            s.set_rate(Nanos::from_secs(second), [40.0, 160.0][fast]);
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
