//! What the laws of limits have in common: a limit on workers, decided anew on every window of a second.
//! It decides nothing; the law does.
//!
//! Source: Netflix/concurrency-limits, `WindowedLimit.java`: windows of 1 s with at least ten answers; the limit is 20
//! where nothing was in force before.

use super::super::variable::Sample;
use super::super::{Move, Observation};
use super::rest::Rest;
use super::{Voice, in_force, to, within};
use crate::model::setpoints::Setpoints;
use crate::telemetry::frame::Term;

/// Length of a window, s, and its fewest answers.
const WINDOW: f64 = 1.0;
const ENOUGH: f64 = 10.0;
/// Where it begins when nothing was in force before, workers.
const FIRST: f64 = 20.0;

/// A limit and the window under way.
#[derive(Clone, Debug)]
pub struct Windowed {
    /// Workers; `None` before the first tick after another law.
    pub limit: Option<f64>,
    /// Keeps the log readable.
    pub(super) voice: Voice,
    window: Sample,
    rest: Rest,
}

impl Windowed {
    /// From a cold start, or `again` after another law: then from whatever is in force.
    pub fn new(again: bool) -> Self {
        Self {
            limit: (!again).then_some(FIRST),
            voice: Voice::default(),
            window: Sample::default(),
            rest: Rest::within(0.1),
        }
    }

    /// From `workers` in force.
    pub fn at(workers: f64) -> Self {
        Self {
            limit: Some(workers),
            ..Self::new(true)
        }
    }

    /// One tick. When it fills a window: that window, and the limit to decide from. `answers` are those that count.
    pub fn see(&mut self, seen: &Observation, answers: impl Fn(&Sample) -> f64) -> Option<(Sample, f64)> {
        let limit = *self.limit.get_or_insert(seen.workers);
        self.window.add(seen);
        let full = self.window.span >= WINDOW - 1e-9 && answers(&self.window) >= ENOUGH;
        full.then(|| {
            self.rest.decided();
            (std::mem::take(&mut self.window), in_force(limit, seen))
        })
    }

    /// The move of this tick; `decided` is the new limit after a full window.
    pub fn go(&mut self, decided: Option<f64>, seen: &Observation, set: &Setpoints, terms: Vec<Term>) -> Move {
        let limit = within(decided.or(self.limit).unwrap_or(seen.workers), set);
        self.limit = Some(limit);
        self.rest.see(seen, set);
        to(limit, &self.rest, terms, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_a_second_and_ten_answers_long() {
        let full_at = |answers: u64| {
            let mut w = Windowed::new(false);
            (1..=30).find(|i| w.see(&Observation::tick(*i, answers, 0.01, 20.0), |s| s.ok).is_some())
        };

        assert_eq!((full_at(100), full_at(1)), (Some(10), Some(10)));
        assert_eq!(full_at(0), None);
    }

    #[test]
    fn it_begins_at_twenty_or_where_it_took_over_and_stays_inside_the_bounds() {
        let (seen, set) = (Observation::tick(0, 10, 0.01, 7.0), Setpoints::default());
        let first = |mut w: Windowed| {
            w.see(&seen, |s| s.ok);
            w.go(None, &seen, &set, Vec::new()).workers
        };

        assert_eq!((first(Windowed::new(false)), first(Windowed::new(true))), (20.0, 7.0));
        assert_eq!(
            Windowed::at(9.0).go(Some(1e9), &seen, &set, Vec::new()).workers,
            f64::from(set.bounds.max)
        );
    }
}
