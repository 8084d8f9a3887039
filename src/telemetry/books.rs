//! The books: what was asked for, what was sent, what became of it. The program checks them itself.

use super::interval::Gauges;
use super::tally::Tally;

/// One state of the books. Two laws: `scheduled = sent + unsent + queued + shed + not_sent`,
/// `sent = ok + bad_status + failed + aborted + in_flight`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// Arrivals called for.
    pub scheduled: u64,
    /// First byte reached the kernel.
    pub sent: u64,
    /// Ended before that.
    pub unsent: u64,
    /// Good answers.
    pub ok: u64,
    /// Answers not expected.
    pub bad_status: u64,
    /// Sent and failed.
    pub failed: u64,
    /// Sent, cut off by our own end.
    pub aborted: u64,
    /// Sent and not finished; counted by the roster, not derived.
    pub in_flight: u64,
    /// Called for and not yet sent; counted by queue and roster, not derived.
    pub queued: u64,
    /// Dropped from a full queue.
    pub shed: u64,
    /// Called for, never begun: the run ended.
    pub not_sent: u64,
}

impl Books {
    /// From totals and the levels heard with them.
    pub fn of(total: &Tally, gauges: &Gauges) -> Self {
        Self {
            scheduled: total.scheduled,
            sent: total.sent,
            unsent: total.unsent,
            ok: total.ok,
            bad_status: total.bad_status,
            failed: total.failed,
            aborted: total.aborted,
            in_flight: gauges.in_flight,
            queued: gauges.queued,
            shed: total.shed,
            not_sent: total.not_sent,
        }
    }

    /// Both laws hold.
    pub fn balanced(&self) -> bool {
        self.scheduled == self.sent + self.unsent + self.queued + self.shed + self.not_sent
            && self.sent == self.ok + self.bad_status + self.failed + self.aborted + self.in_flight
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_lost_exchange_unbalances_the_books() {
        let whole = Books {
            scheduled: 10,
            sent: 8,
            unsent: 1,
            queued: 1,
            ok: 7,
            in_flight: 1,
            ..Books::default()
        };

        assert!(whole.balanced());
        assert!(!Books { ok: 6, ..whole }.balanced());
        assert!(!Books { queued: 0, ..whole }.balanced());
    }
}
