//! The school: five published laws to compare with and to learn from, each about a page, each with its source.
//! They refuse to look for the knee; where one rests, and whether it ever does, is what they are here to show.
//!
//! All rest by one rule ([`rest`]), take over from whatever is in force, and give whole workers.

pub mod aimd;
pub mod classic;
pub mod climb;
pub mod gradient;
pub mod rest;
pub mod vegas;
pub mod windowed;

use super::{Move, Observation};
use crate::model::setpoints::Setpoints;
use crate::model::units::Nanos;
use crate::telemetry::frame::{State, Term};
use rest::Rest;

/// A move to `limit`, in whole workers, with what `rest` says of the tick.
fn to(limit: f64, rest: &Rest, terms: Vec<Term>, note: Option<String>) -> Move {
    let state = match (rest.resting(), rest.rested()) {
        (true, _) => State::Hold,
        (_, true) => State::Track,
        _ => State::Ramp,
    };
    Move {
        workers: limit.floor().max(1.0),
        state,
        settled: rest.settled(),
        resting: rest.resting(),
        converged: rest.resting(),
        terms,
        note,
        ..Move::default()
    }
}

fn within(limit: f64, set: &Setpoints) -> f64 {
    limit.clamp(f64::from(set.bounds.min), f64::from(set.bounds.max))
}

/// The limit a decision starts from: the law's own, or less where a guard held the workers down.
fn in_force(limit: f64, seen: &Observation) -> f64 {
    if seen.workers < limit.floor() - 0.5 {
        seen.workers
    } else {
        limit
    }
}

/// At least half of the limit was used: else it says nothing, and must not grow.
fn used(seen: &Observation, limit: f64) -> bool {
    2.0 * seen.in_flight as f64 >= limit
}

fn term(name: &'static str, value: f64, unit: &'static str) -> Term {
    Term { name, value, unit }
}

/// Keeps decisions that repeat from flooding the log.
#[derive(Clone, Copy, Debug, Default)]
struct Voice {
    last: Option<(u8, Nanos)>,
}

impl Voice {
    /// Another kind of decision is said after three seconds, the same kind after ten.
    fn say(&mut self, now: Nanos, kind: u8, text: impl FnOnce() -> String) -> Option<String> {
        let due = self.last.is_none_or(|(before, at)| {
            let quiet = (now - at).secs();
            quiet >= 10.0 || (kind != before && quiet >= 3.0)
        });
        due.then(|| {
            self.last = Some((kind, now));
            text()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_decision_is_said_every_ten_seconds_and_another_after_three() {
        let mut voice = Voice::default();
        let mut said = |tenths: u64, kind| voice.say(Nanos::from_millis(100 * tenths), kind, String::new).is_some();

        let all = [said(0, 1), said(25, 2), said(32, 2), said(70, 2), said(132, 2)];

        assert_eq!(all, [true, false, true, false, true]);
    }

    #[test]
    fn a_decision_starts_from_where_a_guard_held_the_workers() {
        let seen = Observation::tick(1, 10, 0.01, 12.0);

        assert_eq!(in_force(40.0, &seen), 12.0);
        assert_eq!(in_force(12.8, &seen), 12.8);
    }
}
