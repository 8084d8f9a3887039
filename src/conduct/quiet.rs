//! Time without an answer while some are waited for.
//! It refuses to end at a refusal: only an answer ends it.

use super::outage::answers;
use crate::model::units::Nanos;
use crate::telemetry::interval::Interval;

/// Shortest silence that is a pause, s, in mean responses, and in answers that would have come.
const PAUSE: (f64, f64, f64) = (0.2, 5.0, 20.0);
/// Shortest one that counts, s, and in mean responses.
const COUNTS: (f64, f64) = (0.5, 3.0);

/// All of a run.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    /// Begin of the present one, the mean response until then, s, and how much of it is in the total.
    since: Option<(Nanos, f64)>,
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
        let (since, usual) = *self.since.get_or_insert((i.from, usual));
        let lasted = (i.to - since).secs();
        let bound = PAUSE.0.max(PAUSE.1 * usual).max(PAUSE.2 / rate.max(1e-9)) - 1e-9;
        if lasted >= bound {
            self.pauses.0 = self.pauses.0.max(lasted);
            self.pauses.1 += if lasted - span < bound { lasted } else { span };
        }
        if lasted > COUNTS.0.max(COUNTS.1 * usual) {
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
