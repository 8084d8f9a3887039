//! Answers whose rest came so long after their first byte as a delayed acknowledgement takes (RFC 1122 4.2.3.2).
//! It refuses to judge one answer: such a wait is a habit of the target only when most answers have it.

use crate::model::format::percent;
use crate::model::units::Nanos;

/// Shortest wait that counts, ns: Linux delays an acknowledgement by 40 ms at least, less the way of the first byte.
const SHORTEST_NS: u64 = 38_000_000;
/// Longest, ns: 40 ms and a busy machine. Windows and BSD delay by 100 to 200 ms; a target that works so long between head
/// and body is nothing rare, and would be accused.
const LONGEST_NS: u64 = 55_000_000;
/// Share of the answers that wait so from which on it is the target's habit.
const HABIT: f64 = 0.5;
/// Answers before anything is said.
const MIN_ANSWERS: u64 = 20;

/// How many answers waited so, and for how long together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DelayedAck {
    count: u64,
    sum_ns: u64,
}

impl DelayedAck {
    /// An answer whose last byte came this long after its first.
    pub fn record(&mut self, wait: Nanos) {
        if (SHORTEST_NS..=LONGEST_NS).contains(&wait.ns()) {
            self.count += 1;
            self.sum_ns += wait.ns();
        }
    }

    /// With those of another.
    pub fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.sum_ns += other.sum_ns;
    }

    /// What most of `answers` say about how the target writes; `None`: nothing.
    pub fn hint(&self, answers: u64) -> Option<String> {
        let share = self.count as f64 / answers.max(1) as f64;
        (answers >= MIN_ANSWERS && share >= HABIT).then(|| {
            format!(
                "{} ms between the first byte and the rest on {} of the answers, whatever the load: looks like a delayed ACK. \
                 Let the server write head and body at once, or set TCP_NODELAY there",
                self.sum_ns.div_ceil(self.count) / 1_000_000,
                percent(share)
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(of: impl IntoIterator<Item = u64>) -> DelayedAck {
        let mut all = DelayedAck::default();
        of.into_iter().for_each(|ms| all.record(Nanos::from_millis(ms)));
        all
    }

    #[test]
    fn a_wait_of_40_ms_in_most_answers_is_named() {
        let mut one = answers([43; 30]);
        one.merge(answers([43; 30]));

        let hint = one.hint(100).unwrap();

        assert!(
            hint.starts_with("43 ms between the first byte and the rest on 60 % of the answers"),
            "{hint}"
        );
        assert_eq!(one.hint(130), None, "less than half of the answers");
    }

    #[test]
    fn answers_that_come_at_once_or_take_their_own_time_are_none() {
        for ms in [0, 5, 30, 60, 200] {
            assert_eq!(answers([ms; 100]).hint(100), None, "{ms} ms");
        }
        assert_eq!(answers([43; 19]).hint(19), None, "too few to tell");
    }
}
