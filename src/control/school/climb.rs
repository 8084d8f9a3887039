//! `climb`: perturb and observe. A step, a look, the same way again while the utility rose, the other way when it fell.
//! It refuses to test whether a difference is noise, and so wanders on a flat top.
//!
//! Source: the hill climber of solar converters (Femia, Petrone, Spagnuolo, Vitelli 2005). Taken: fixed relative step
//! (10 %, at least one worker), the sign flips when it got worse. Its power is the utility of `max`: ln X − κ·ln N less
//! the price of errors. A look is as long as its evidence needs: one response to settle, then 0.4 s and two responses
//! and 100 answers, at most 4 s.

use super::super::max::utility::utility;
use super::super::variable::Sample;
use super::super::{Controller, Move, Observation};
use super::rest::Rest;
use super::{Voice, term, to, within};
use crate::model::format::percent;
use crate::model::setpoints::Setpoints;

/// One step, as a share of the workers.
const STEP: f64 = 0.10;
/// Shortest and longest look, s.
const LEAST: f64 = 0.4;
const MOST: f64 = 4.0;
/// Answers that end a look.
const ENOUGH: f64 = 100.0;

/// The law.
#[derive(Clone, Debug)]
pub struct Climb {
    workers: Option<f64>,
    up: bool,
    settle: f64,
    window: Sample,
    before: Option<f64>,
    gain: f64,
    rest: Rest,
    voice: Voice,
}

impl Default for Climb {
    fn default() -> Self {
        Self {
            workers: None,
            up: true,
            settle: 0.1,
            window: Sample::default(),
            before: None,
            gain: 0.0,
            rest: Rest::within(0.15),
            voice: Voice::default(),
        }
    }
}

impl Climb {
    /// The look is long enough.
    fn seen_enough(&self) -> bool {
        let w = &self.window;
        let least = LEAST.max(2.0 * w.mean().unwrap_or(0.0));
        w.span >= MOST - 1e-9 || (w.span >= least - 1e-9 && w.ok >= ENOUGH)
    }

    fn decide(&mut self, seen: &Observation, set: &Setpoints) -> Option<String> {
        let now = utility(&self.window, seen.workers, set.knobs.kappa);
        let mut note = None;
        if let Some(before) = self.before.replace(now) {
            self.gain = if now.is_finite() && before.is_finite() {
                now - before
            } else {
                -1.0
            };
            // Not above the lower bound there is only one way.
            if self.gain < 0.0 {
                self.up = !self.up;
                let (gain, way) = (self.gain, if self.up { "upwards" } else { "downwards" });
                let n = seen.workers;
                note = self.voice.say(seen.now, u8::from(self.up), || {
                    format!("{n:.0} workers: {} worse, now {way}", percent(1.0 - gain.exp()))
                });
            }
        }
        if seen.workers <= f64::from(set.bounds.min) {
            self.up = true;
        } else if seen.workers >= f64::from(set.bounds.max) {
            self.up = false;
        }
        let step = (STEP * seen.workers).round().max(1.0);
        let next = seen.workers.round() + if self.up { step } else { -step };
        self.settle = self.window.mean().unwrap_or(0.0).clamp(0.1, 2.0);
        self.window = Sample::default();
        self.workers = Some(within(next, set));
        self.rest.decided();
        note
    }
}

impl Controller for Climb {
    fn step(&mut self, seen: &Observation, set: &Setpoints) -> Move {
        let here = *self.workers.get_or_insert(seen.workers.round());
        self.settle -= seen.span;
        let mut note = None;
        if self.settle < -1e-9 {
            self.window.add(seen);
            if self.seen_enough() {
                note = self.decide(seen, set);
            }
        }
        self.rest.see(seen, set);
        let next = self.workers.unwrap_or(here);
        let way = if self.up { STEP } else { -STEP };
        let terms = vec![term("step", way, "%"), term("gain", self.gain, "%")];
        to(next, &self.rest, terms, note)
    }

    fn track(&mut self, _seen: &Observation, workers: f64) {
        *self = Self {
            workers: Some(workers.round()),
            ..Self::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps on a target that gives `rate` answers a second at N workers, noiselessly.
    fn walk(from: f64, ticks: u64, rate: impl Fn(f64) -> f64) -> Vec<f64> {
        let (mut law, set) = (Climb::default(), Setpoints::default());
        let mut n = from;
        (0..ticks)
            .map(|i| {
                let x = rate(n);
                n = law.step(&Observation::tick(i, (x / 10.0) as u64, n / x, n), &set).workers;
                n
            })
            .collect()
    }

    #[test]
    fn it_climbs_to_the_peak_and_turns_round_there() {
        let all = walk(10.0, 300, |n| 100.0 * n.min(40.0) - 50.0 * (n - 40.0).max(0.0));

        assert!(all[200..].iter().all(|n| (30.0..=50.0).contains(n)), "{:?}", &all[200..]);
        assert!(all[200..].windows(2).any(|w| w[1] < w[0]) && all[200..].windows(2).any(|w| w[1] > w[0]));
    }

    #[test]
    fn it_waits_for_its_evidence_on_a_slow_target() {
        let all = walk(10.0, 45, |_| 50.0);

        let moves = all.windows(2).filter(|w| w[0] != w[1]).count();
        assert!(moves <= 2, "100 answers at 50/s take 2 s: {all:?}");
    }
}
