//! `gradient`: Netflix's limit by the ratio of the long response to the short one, and always four workers more.
//! It refuses to fall while the response stays within 1.5 of its long mean, and so follows a slow rise upwards.
//!
//! Source: Netflix/concurrency-limits, `Gradient2Limit.java` under `WindowedLimit`: g = clamp(1.5·long/short, ½, 1),
//! L ← 0.8·L + 0.2·(L·g + 4); long = mean of the first ten windows, then an exponential mean over 600, times 0.95 while
//! it is above twice the short one; unchanged while less than half of L is in flight; windows of 1 s with at least ten
//! answers. Not taken: its own bounds 20 and 200. It begins at 20 workers where nothing was in force before.

use super::super::variable::Sample;
use super::super::{Controller, Move, Observation};
use super::windowed::Windowed;
use super::{term, used};
use crate::model::format::length;
use crate::model::setpoints::Setpoints;

/// How far the short response may be above the long one.
const TOLERANCE: f64 = 1.5;
/// Workers added on top of every limit.
const QUEUE: f64 = 4.0;
/// Weight of the new limit.
const SMOOTHING: f64 = 0.2;
/// Windows of the long mean, and those that are averaged first.
const LONG: f64 = 600.0;
const FIRST: f64 = 10.0;

/// The law.
#[derive(Clone, Debug)]
pub struct Gradient {
    windowed: Windowed,
    windows: f64,
    short: f64,
    long: f64,
    gradient: f64,
}

impl Gradient {
    /// From a cold start, or `again` after another law.
    pub fn new(again: bool) -> Self {
        Self::from(Windowed::new(again))
    }

    fn from(windowed: Windowed) -> Self {
        Self {
            windowed,
            windows: 0.0,
            short: 0.0,
            long: 0.0,
            gradient: 1.0,
        }
    }

    fn learn(&mut self, mean: f64) {
        self.short = mean;
        self.windows += 1.0;
        let weight = if self.windows <= FIRST {
            1.0 / self.windows
        } else {
            2.0 / (LONG + 1.0)
        };
        self.long += weight * (mean - self.long);
        if self.long > 2.0 * mean {
            self.long *= 0.95;
        }
    }

    /// The limit after a full window, and why.
    fn decide(&mut self, window: &Sample, seen: &Observation, limit: f64) -> (f64, Option<String>) {
        let Some(mean) = window.mean() else { return (limit, None) };
        self.learn(mean);
        if !used(seen, limit) {
            return (limit, None);
        }
        self.gradient = (TOLERANCE * self.long / mean).clamp(0.5, 1.0);
        let next = (1.0 - SMOOTHING) * limit + SMOOTHING * (limit * self.gradient + QUEUE);
        let long = length(self.long);
        let note = self.windowed.voice.say(seen.now, u8::from(next > limit), || {
            format!("{} now, {long} usual: {next:.0} workers", length(mean))
        });
        (next, note)
    }
}

impl Controller for Gradient {
    fn step(&mut self, seen: &Observation, set: &Setpoints) -> Move {
        let full = self.windowed.see(seen, |w| w.ok);
        let (decided, note) = full.map(|(window, limit)| self.decide(&window, seen, limit)).unzip();
        let terms = vec![
            term("gradient", self.gradient, ""),
            term("R", self.short, "s"),
            term("R long", self.long, "s"),
        ];
        Move {
            note: note.flatten(),
            ..self.windowed.go(decided, seen, set, terms)
        }
    }

    fn track(&mut self, _seen: &Observation, workers: f64) {
        *self = Self::from(Windowed::at(workers));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(law: &mut Gradient, response: f64, count: u64) -> f64 {
        let set = Setpoints::default();
        let mut n = law.windowed.limit.unwrap_or(40.0).floor();
        for i in 0..10 * count {
            n = law.step(&Observation::tick(i, 100, response, n), &set).workers;
        }
        n
    }

    #[test]
    fn a_level_response_adds_four_fifths_of_a_worker_a_window() {
        let mut law = Gradient::new(false);

        assert_eq!(windows(&mut law, 0.010, 10), 28.0);
    }

    #[test]
    fn a_response_three_times_as_long_cuts_it() {
        let mut law = Gradient::new(false);
        windows(&mut law, 0.010, 20);

        let before = law.windowed.limit.unwrap();
        windows(&mut law, 0.030, 1);

        // g = clamp(1.5 · 10/30.., ½, 1) = ½: 0.8 L + 0.2 (L/2 + 4).
        assert!(
            (law.windowed.limit.unwrap() - (0.9 * before + 0.8)).abs() < 0.1,
            "{:?}",
            law.windowed.limit
        );
    }
}
