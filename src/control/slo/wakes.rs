//! Stretches in which arrivals may be late through us: a send of ours was late, and what piled up is not gone.
//! It refuses to forget the arrivals before it: under way then, their answers were read late.
//!
//! ```text
//!   at − L        at      at + length            in flight as before, at most 2 × length + 1 s later
//!    └── under way ┴─ late ──┴──── piled up ────────┘
//! ```

use crate::control::Observation;
use crate::model::units::Nanos;
use std::collections::VecDeque;

/// A send so late is felt, and one so late as a share of the limit.
const FELT: Nanos = Nanos::from_millis(2);
const FELT_PART: u64 = 10;
/// A wake ends after so many lengths, and this, at the latest.
const LENGTHS: u64 = 2;
const AFTER: Nanos = Nanos::from_secs(1);
/// The level before is the mean of so many ticks.
const TICKS: usize = 10;
/// Stretches are forgotten this long after their end: no arrival is decided later.
const KEPT: Nanos = Nanos::from_secs(60);

/// One.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Wake {
    from: Nanos,
    to: Nanos,
    /// It ends then at the latest.
    until: Nanos,
    /// In flight before.
    level: f64,
    over: bool,
}

/// All of the recent past.
#[derive(Clone, Debug, Default)]
pub(super) struct Wakes {
    wakes: VecDeque<Wake>,
    levels: VecDeque<u64>,
}

impl Wakes {
    /// One tick under a promise whose longest limit is `limit`.
    pub(super) fn hear(&mut self, seen: &Observation, limit: Nanos) {
        let bound = FELT.max(Nanos::new(limit.ns() / FELT_PART));
        let cohorts = seen.cohorts.iter().flat_map(|c| c.late(bound));
        let pauses = seen.pauses.iter().copied().filter(|(_, long)| *long > bound);
        let late: Vec<(Nanos, Nanos)> = cohorts.chain(pauses).collect();
        for (at, long) in late {
            self.begin(at, long, limit);
        }
        for w in self.wakes.iter_mut().filter(|w| !w.over) {
            w.over = seen.now >= w.until || (seen.now >= w.to && seen.in_flight as f64 <= w.level.max(1.0));
            w.to = w.to.max(seen.now.min(w.until));
        }
        if self.wakes.iter().all(|w| w.over) {
            self.levels.push_back(seen.in_flight);
            if self.levels.len() > TICKS {
                self.levels.pop_front();
            }
        }
        self.wakes.retain(|w| !w.over || w.to + KEPT > seen.now);
    }

    fn begin(&mut self, at: Nanos, long: Nanos, limit: Nanos) {
        let (from, to) = (at - limit, at + long);
        let until = to + long * LENGTHS + AFTER;
        // Lanes, and arrivals due a little later, tell of the same one.
        if let Some(same) = self.wakes.iter_mut().rev().find(|w| from <= w.to && w.from <= to) {
            same.from = same.from.min(from);
            if to > same.to {
                (same.to, same.until, same.over) = (to, same.until.max(until), false);
            }
            return;
        }
        let level = self.levels.iter().sum::<u64>() as f64 / self.levels.len().max(1) as f64;
        self.wakes.push_back(Wake {
            from,
            to,
            until,
            level,
            over: false,
        });
    }

    /// Whether an arrival wanted then may be late through us.
    pub(super) fn touch(&self, at: Nanos) -> bool {
        self.wakes.iter().any(|w| w.from <= at && at <= w.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::cohorts::Cohorts;

    const MS: fn(u64) -> Nanos = Nanos::from_millis;

    /// The tick that ends at so many ms with so many in flight.
    fn tick(now: u64, in_flight: u64) -> Observation {
        Observation {
            now: MS(now),
            in_flight,
            ..Observation::default()
        }
    }

    /// A second of 10 in flight, then a send late by 30 ms at 1,050, and so many in flight from then on.
    fn after(crowd: impl Fn(u64) -> u64) -> Wakes {
        let mut w = Wakes::default();
        (1..=10).for_each(|i| w.hear(&tick(100 * i, 10), MS(80)));
        let mut late = tick(1_100, crowd(1_100));
        let mut c = Cohorts::default();
        c.answered(MS(1_050), (MS(40), MS(30)), &[MS(80); 3]);
        late.cohorts = Some(c);
        w.hear(&late, MS(80));
        (12..40).for_each(|i| w.hear(&tick(100 * i, crowd(100 * i)), MS(80)));
        w
    }

    fn stretch(w: &Wakes) -> Option<(u64, u64)> {
        let touched: Vec<u64> = (0..400).map(|i| 10 * i).filter(|at| w.touch(MS(*at))).collect();
        touched.first().copied().zip(touched.last().copied())
    }

    #[test]
    fn it_lasts_until_in_flight_is_back_at_its_level_before_and_not_for_ever() {
        assert_eq!(stretch(&after(|_| 9)), Some((970, 1_100)));
        assert_eq!(stretch(&after(|now| if now < 1_400 { 60 } else { 10 })), Some((970, 1_400)));
        assert_eq!(stretch(&after(|_| 60)), Some((970, 2_140)), "2 × 30 ms + 1 s after its end");
    }

    #[test]
    fn a_send_that_is_late_by_less_than_a_tenth_of_the_limit_leaves_none() {
        let told = |lag, limit| {
            let mut c = Cohorts::default();
            c.answered(MS(50), (MS(40), Nanos::from_micros(lag)), &[limit; 3]);
            let mut w = Wakes::default();
            let seen = Observation {
                cohorts: Some(c),
                ..tick(100, 1)
            };
            w.hear(&seen, limit);
            w.touch(MS(50))
        };

        assert!(!told(8_000, MS(80)) && told(8_001, MS(80)));
        assert!(!told(2_000, MS(5)) && told(2_001, MS(5)), "2 ms at least");
    }
}
