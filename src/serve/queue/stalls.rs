//! Stalls as gaps in a station's own time: it stands still in them, whatever is in it, and goes on as if nothing had been.
//! Known before the start, so a departure behind a stall can be computed at once.
//!
//! ```text
//!  real    0 ─────── 5 ▓▓▓▓▓▓▓ 8 ────── 10        a stall of 3 s at 5 s
//!  served  0 ─────── 5         5 ──────  7
//! ```

use crate::model::units::Nanos;

/// The map between real and served time.
#[derive(Clone, Debug, Default)]
pub(super) struct Stalls {
    /// (from, until), disjoint, in the order of time.
    gaps: Vec<(Nanos, Nanos)>,
}

impl Stalls {
    /// From (start, length) pairs in the order of starts; overlapping ones are joined.
    pub(super) fn new(stalls: &[(Nanos, Nanos)]) -> Self {
        let mut gaps: Vec<(Nanos, Nanos)> = Vec::new();
        for &(from, length) in stalls {
            let until = from + length;
            match gaps.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(until),
                _ => gaps.push((from, until)),
            }
        }
        Self { gaps }
    }

    /// Time served before the real moment.
    pub(super) fn served(&self, real: Nanos) -> Nanos {
        let stood = |&(from, until): &(Nanos, Nanos)| real.min(until) - from;
        real - self.gaps.iter().map(stood).fold(Nanos::ZERO, |a, b| a + b)
    }

    /// The first real moment by which this much has been served.
    pub(super) fn real(&self, served: Nanos) -> Nanos {
        let mut real = served;
        for &(from, until) in &self.gaps {
            if real <= from {
                break;
            }
            real += until - from;
        }
        real
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Nanos = Nanos::from_secs;

    #[test]
    fn a_job_of_two_seconds_begun_a_second_before_a_stall_of_three_ends_three_later() {
        let stalls = Stalls::new(&[(S(5), S(3))]);

        assert_eq!(stalls.real(stalls.served(S(4)) + S(2)), S(9));
    }

    #[test]
    fn nothing_is_served_in_a_stall_and_overlapping_ones_are_one() {
        let stalls = Stalls::new(&[(S(5), S(3)), (S(7), S(2)), (S(20), S(1))]);

        assert_eq!([5, 6, 9, 10, 22].map(|t| stalls.served(S(t))), [5, 5, 5, 6, 17].map(S));
        assert_eq!([5, 6, 16, 17].map(|t| stalls.real(S(t))), [5, 10, 20, 22].map(S));
    }
}
