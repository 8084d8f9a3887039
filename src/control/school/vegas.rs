//! `vegas`: TCP Vegas on workers. Keeps a few waiting at the target, by the response against the least one seen.
//! It refuses to doubt that least response: any rise that is not a queue catches it below the knee.
//!
//! Source: Brakmo and Peterson 1994, in the form of Netflix/concurrency-limits, `VegasLimit.java` under `WindowedLimit`:
//! queue q = ⌈L(1 − Rmin/R)⌉, l = max(1, ⌊log₁₀ L⌋); q ≤ l: +6l, q < 3l: +l, q > 6l or a drop: −l; windows of 1 s
//! with at least ten answers; Rmin is measured anew every U(½, 1)·30·L windows, which here means never in a minute.
//! It begins at 20 workers where nothing was in force before.

use super::super::variable::Sample;
use super::super::{Controller, Move, Observation};
use super::windowed::Windowed;
use super::{term, used};
use crate::model::format::length;
use crate::model::setpoints::Setpoints;

/// Windows until Rmin is measured anew, times the limit, times a share in [½, 1].
const PROBE: f64 = 30.0;
/// Spreads that share evenly over the probes: the golden ratio.
const SPREAD: f64 = 0.618_034;

/// The law.
#[derive(Clone, Debug)]
pub struct Vegas {
    windowed: Windowed,
    response: f64,
    least: Option<f64>,
    queue: f64,
    windows: f64,
    share: f64,
}

impl Vegas {
    /// From a cold start, or `again` after another law.
    pub fn new(again: bool) -> Self {
        Self::from(Windowed::new(again))
    }

    fn from(windowed: Windowed) -> Self {
        Self {
            windowed,
            response: 0.0,
            least: None,
            queue: 0.0,
            windows: 0.0,
            share: 0.75,
        }
    }

    /// The limit after a full window, and why.
    fn decide(&mut self, window: &Sample, seen: &Observation, limit: f64) -> (f64, Option<String>) {
        let Some(mean) = window.mean() else { return (limit, None) };
        self.response = mean;
        self.windows += 1.0;
        if self.windows >= PROBE * self.share * limit {
            self.windows = 0.0;
            self.share = 0.5 + (self.share * 2.0 + SPREAD).fract() / 2.0;
            self.least = None;
        }
        // A window that sets the least response decides nothing else.
        let Some(least) = self.least.filter(|l| *l <= mean) else {
            self.least = Some(mean);
            return (limit, None);
        };
        self.queue = (limit * (1.0 - least / mean)).ceil();
        let l = limit.log10().floor().max(1.0);
        let by = match self.queue {
            _ if window.err > 0.0 => -l,
            _ if !used(seen, limit) => 0.0,
            q if q <= l => 6.0 * l,
            q if q < 3.0 * l => l,
            q if q > 6.0 * l => -l,
            _ => 0.0,
        };
        let (q, r) = (self.queue, length(mean));
        let kind = if by > 0.0 { 1 } else { u8::from(by < 0.0) * 2 };
        let note = self.windowed.voice.say(seen.now, kind, || match by {
            b if b > 0.0 => format!("{q:.0} of {limit:.0} waiting, {r}: {b:.0} more"),
            b if b < 0.0 => format!("{q:.0} of {limit:.0} waiting, {r}: {:.0} fewer", -b),
            _ => format!("{q:.0} of {limit:.0} waiting, {r}: staying"),
        });
        (limit + by, note)
    }
}

impl Controller for Vegas {
    fn step(&mut self, seen: &Observation, set: &Setpoints) -> Move {
        let full = self.windowed.see(seen, |w| w.ok + w.err);
        let (decided, note) = full.map(|(window, limit)| self.decide(&window, seen, limit)).unzip();
        let terms = vec![
            term("queue", self.queue, "workers"),
            term("R", self.response, "s"),
            term("R min", self.least.unwrap_or(0.0), "s"),
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

    /// What it asks for after one window at `first` seconds and one at `then`, from 40 workers.
    fn after(first: f64, then: f64) -> f64 {
        let (mut law, set) = (Vegas::new(true), Setpoints::default());
        (0..10).for_each(|i| drop(law.step(&Observation::tick(i, 100, first, 40.0), &set)));
        (10..20).fold(0.0, |_, i| law.step(&Observation::tick(i, 100, then, 40.0), &set).workers)
    }

    #[test]
    fn few_waiting_are_more_workers_and_many_are_fewer() {
        assert_eq!(after(0.010, 0.010), 46.0, "none waits");
        assert_eq!(after(0.010, 0.0105), 41.0, "2 wait");
        assert_eq!(after(0.010, 0.0111), 40.0, "4 wait");
        assert_eq!(after(0.010, 0.0130), 39.0, "10 wait");
        assert_eq!(after(0.010, 0.0090), 40.0, "a new least response");
    }

    #[test]
    fn a_cold_start_is_at_twenty_and_a_hand_over_where_it_was() {
        let set = Setpoints::default();
        let tick = Observation::tick(0, 10, 0.01, 7.0);

        assert_eq!(Vegas::new(false).step(&tick, &set).workers, 20.0);
        assert_eq!(Vegas::new(true).step(&tick, &set).workers, 7.0);
    }
}
