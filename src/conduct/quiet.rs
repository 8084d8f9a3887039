//! Time without an answer while some are waited for.
//! It refuses to end at a refusal: only an answer ends it.

use super::outage::answers;
use crate::model::units::Nanos;
use crate::telemetry::interval::Interval;

/// Shortest silence that is a pause, s, in mean responses, and in answers that would have come.
const PAUSE: (f64, f64, f64) = (0.2, 5.0, 20.0);
/// Shortest one that counts, s, in mean responses, and in answers that would have come: one worker on a slow target is
/// without an answer for three mean responses once in twenty, for eight once in three thousand.
const COUNTS: (f64, f64, f64) = (0.5, 3.0, 8.0);

/// All of a run.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    /// Begin of the present one, and the shortest that counts by what was usual until then, s.
    since: Option<(Nanos, f64)>,
    /// How much of it is in the total.
    counted: f64,
    longest: f64,
    total: f64,
    /// Shorter ones, as collections of garbage make them: the longest, and all of them.
    pauses: (f64, f64),
}

impl Quiet {
    /// Adds one interval of `span` s in which requests were sent: `usual` is the mean response until now, s, `rate` good
    /// answers a second. Those that wait to try again wait for an answer too.
    pub(super) fn add(&mut self, i: &Interval, span: f64, usual: f64, rate: f64) {
        let waiting = i.gauges.in_flight + i.gauges.queued + i.gauges.backing;
        if answers(&i.tally) > 0 || (waiting == 0 && i.tally.error_total() == 0) {
            self.end();
            return;
        }
        let expected = if rate > 0.0 { COUNTS.2 / rate } else { 0.0 };
        let (since, counts) = *self
            .since
            .get_or_insert((i.from, COUNTS.0.max(COUNTS.1 * usual).max(expected)));
        let lasted = (i.to - since).secs();
        let bound = PAUSE.0.max(PAUSE.1 * usual).max(PAUSE.2 / rate.max(1e-9)) - 1e-9;
        if lasted >= bound {
            self.pauses.0 = self.pauses.0.max(lasted);
            self.pauses.1 += if lasted - span < bound { lasted } else { span };
        }
        if lasted > counts {
            // The first time it counts, everything since the last answer counts.
            self.total += lasted - std::mem::replace(&mut self.counted, lasted);
            self.longest = self.longest.max(lasted);
        }
    }

    /// What follows is another one: an answer came, or nothing is sent.
    pub(super) fn end(&mut self) {
        (self.since, self.counted) = (None, 0.0);
    }

    /// Longest and all that count, s.
    pub(super) fn stalled(&self) -> (f64, f64) {
        (self.longest, self.total)
    }

    /// Longest and all, short ones too, s.
    pub(super) fn pauses(&self) -> (f64, f64) {
        self.pauses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two answers a second of half a second each, then none for so many tenths: what counts as a stall, s.
    fn stalled(silent: u64) -> f64 {
        let mut quiet = Quiet::default();
        for k in 0..100 {
            let mut i = Interval {
                from: Nanos::from_millis(100 * k),
                to: Nanos::from_millis(100 * (k + 1)),
                ..Interval::default()
            };
            i.gauges.in_flight = 1;
            i.tally.ok = u64::from(k % 5 == 0 && !(50..50 + silent).contains(&k));
            quiet.add(&i, 0.1, 0.5, 2.0);
        }
        quiet.stalled().1
    }

    #[test]
    fn three_mean_responses_without_an_answer_are_no_stall_where_answers_are_rare() {
        assert_eq!(stalled(30), 0.0, "six answers are missing");
        assert!(stalled(45) > 4.0, "nine are");
    }
}
