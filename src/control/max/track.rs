//! At rest, with a look to both sides now and then: the optimum is followed when it moves.
//! No step is longer than 30 %; what lies farther, and a changed target, is handed back to the ramp.
//!
//! ```text
//!  hold ───────── up ─ down ── hold ─────────── down ─ up ── hold …      the order alternates: a drift cancels
//! ```

mod far;
mod moves;
mod ruling;

use super::Step;
use super::change::Detector;
use super::known::Known;
use super::race;
use super::slope::Slope;
use super::trial::{Tick, Trial, within};
use crate::control::Observation;
use crate::model::format::{percent, workers};
use crate::model::setpoints::Setpoints;
use ruling::belied;

/// First rest, s, long enough to be a steady state of its own.
const FIRST_HOLD: f64 = 2.6;
/// Longest rest, s.
const LONGEST_HOLD: f64 = 8.0;
/// Rest between two comparisons until both sides are confirmed, s: somebody waits for the answer. At half of it the rate at
/// rest is known no better than those beside it; at twice it every answer takes two seconds longer.
const EAGER: f64 = 1.0;
/// Comparisons that confirm both sides.
const CONFIRMED: u32 = 2;
/// Rest per time spent probing, once they are.
const REST: f64 = 2.5;
/// Answers of a probe at Poisson noise.
const PROBE: f64 = 400.0;
/// A look down as long as the near side is not pinned; answers it is given, and seconds it may take.
const NEAR_SIDE: f64 = 0.29;
const NEAR_ANSWERS: f64 = 1000.0;
const NEAR_LONGEST: f64 = 1.5;
/// Answers without which it says nothing.
const NEAR_NEEDS: f64 = 300.0;
/// Shares of the rest's rate that say "as good" and, at most, "clearly worse".
const AS_GOOD: f64 = 0.97;
const CLEARLY_WORSE: f64 = 0.95;
/// Sway of the rate from second to second above which one look at the near side says nothing.
const MOODY: f64 = 0.08;
/// A second of rest leaves this much of older evidence.
const FADE: f64 = 0.985;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Hold,
    First,
    Second,
    /// Far beyond the knee.
    Far,
}

/// Resting and probing.
#[derive(Clone, Debug)]
pub struct Track {
    /// At rest here.
    pub workers: u32,
    /// Neutral probe pairs in a row.
    pub pairs: u32,
    /// Probe size, fraction.
    pub size: f64,
    stage: Stage,
    trial: Trial,
    hold: f64,
    left: f64,
    up_first: bool,
    first: Option<Trial>,
    /// Rates that the curve foretold for the two probes, before they were measured.
    foretold: [Option<f64>; 2],
    slope: Slope,
    direction: i8,
    /// Steps in that direction without a neutral pair between them.
    walked: u32,
    detector: Detector,
    /// Looks down go far enough to pin the near side of the knee, until that side is clearly worse.
    near: bool,
    /// Looks far beyond the knee so far.
    looks: u32,
    /// How often the curve has moved the rest: each makes the next one harder, or it would never come to rest.
    corrections: f64,
}

/// About so many seconds that `pairs` comparisons take: two looks each, their settling, and the rest between.
pub(super) fn confirming(pairs: u32, known: &Known) -> f64 {
    let rate = known.rate().max(0.1);
    let longest = if known.slow() { 6.0 } else { NEAR_LONGEST };
    let look = (NEAR_ANSWERS / rate).clamp(0.5, longest) + 2.0 * known.response().min(2.0);
    let rest = if known.slow() { LONGEST_HOLD } else { EAGER };
    f64::from(pairs) * (2.0 * look + rest)
}

impl Track {
    /// At rest at `workers`.
    pub fn new(workers: u32, from: f64, set: &Setpoints, known: &mut Known) -> Self {
        Self {
            workers,
            pairs: 0,
            size: set.knobs.p0,
            stage: Stage::Hold,
            trial: Trial::new(workers, from as u32, known),
            hold: FIRST_HOLD,
            left: FIRST_HOLD,
            up_first: true,
            first: None,
            foretold: [None; 2],
            slope: Slope::default(),
            direction: 0,
            walked: 0,
            detector: Detector::expecting(known.expected(workers)),
            near: true,
            looks: 0,
            corrections: 0.0,
        }
    }

    /// It looks to the sides now.
    pub fn probing(&self) -> bool {
        self.stage != Stage::Hold
    }

    /// Pooled slope of the utility, d U/d ln N; 0 before the first pair.
    pub fn slope(&self) -> f64 {
        self.slope.value()
    }

    /// One tick; `changed` in the step means that the target is another now.
    pub fn step(&mut self, seen: &Observation, set: &Setpoints, known: &mut Known) -> Step {
        let within_bounds = within(f64::from(self.workers), set.bounds);
        if within_bounds != self.workers {
            self.rest_at(within_bounds, seen, known);
        }
        match self.trial.see(seen, known) {
            Tick::Settling => return Step::at(self.trial.workers),
            Tick::Refused if self.stage == Stage::Hold => {
                self.rest_at(within(seen.workers, set.bounds), seen, known);
                return Step::at(self.workers);
            }
            Tick::Refused => {
                self.rest_at(self.workers, seen, known);
                return Step::at(self.workers);
            }
            Tick::Evidence => {}
        }
        let resting = self.stage == Stage::Hold;
        let mut step = if resting {
            self.rest(seen, set, known)
        } else {
            self.probe(seen, set, known)
        };
        step.settled = true;
        step.resting = resting;
        step
    }

    fn rest(&mut self, seen: &Observation, set: &Setpoints, known: &mut Known) -> Step {
        known.fade(FADE.powf(seen.span));
        let noise = known.noise;
        known.sway.rest(seen, |ok| noise.error(ok));
        if let Some(note) = self.detector.see(seen, set.knobs.h * known.caution, known) {
            return self.astray(note);
        }
        if let Some(to) = self.retreat(set, known) {
            known.fence.put(self.workers);
            let note = format!(
                "{} fail at {}: to {to}",
                percent(known.at(self.workers).errors()),
                self.workers
            );
            self.pairs = 0;
            self.rest_at(to, seen, known);
            return Step {
                note: Some(note),
                ..Step::at(to)
            };
        }
        self.left -= seen.span;
        if self.left > 1e-9 {
            return Step {
                evidence: Some(race::evidence(known.at(self.workers).ok, set, known)),
                ..Step::at(self.workers)
            };
        }
        self.stage = Stage::First;
        self.look(self.up_first, self.workers, set, known)
    }

    /// Starts a probe on one side.
    fn look(&mut self, up: bool, from: u32, set: &Setpoints, known: &mut Known) -> Step {
        let n = f64::from(self.workers);
        let to = if up {
            (n * (1.0 + self.size)).ceil()
        } else {
            let size = if self.near { NEAR_SIDE.max(self.size) } else { self.size };
            (n * (1.0 - size)).floor().max(1.0)
        };
        let to = within(to, set.bounds);
        self.foretold[usize::from(self.stage == Stage::Second)] = known.expected(to);
        self.trial = Trial::new(to, from, known);
        Step::at(to)
    }

    fn probe(&mut self, seen: &Observation, set: &Setpoints, known: &mut Known) -> Step {
        if self.stage == Stage::Far {
            return self.far_look(seen, set, known);
        }
        let s = self.trial.sample;
        let near = self.near && self.trial.workers < self.workers;
        let (answers, longest) = if near { (NEAR_ANSWERS, NEAR_LONGEST) } else { (PROBE, 1.0) };
        let need = answers * known.noise.dispersion().clamp(1.0, 4.0);
        let longest = if known.slow() { 6.0 } else { longest };
        let enough = s.span >= known.response().max(0.19) && (s.ok >= need || s.span >= longest - 1e-9);
        let here = self.trial.workers;
        if !enough || !self.trial.whole_waves(seen, known) {
            return Step {
                evidence: Some(race::evidence(s.ok, set, known)),
                ..Step::at(here)
            };
        }
        if self.stage == Stage::First {
            self.first = Some(self.trial.clone());
            self.stage = Stage::Second;
            return self.look(!self.up_first, here, set, known);
        }
        self.decide(seen, set, known)
    }

    fn decide(&mut self, seen: &Observation, set: &Setpoints, known: &mut Known) -> Step {
        let second = self.trial.clone();
        let first = self.first.take().unwrap_or_else(|| second.clone());
        let spent = 2.0 * (first.sample.span + second.sample.span);
        let counted = known.noise.error(first.sample.ok).hypot(known.noise.error(second.sample.ok));
        let error = counted.hypot(std::f64::consts::SQRT_2 * known.sway.value());
        if belied(
            [&first, &second].map(|t| t.sample.rate()),
            self.foretold,
            known.caution * error / 2.0,
        ) {
            return self.astray("both probes differ: searching again".to_owned());
        }
        let (up, down) = if self.up_first { (first, second) } else { (second, first) };
        self.up_first = !self.up_first;
        self.slope.add(&up, &down, error, set.knobs.kappa);
        let share = down.sample.rate() / known.at(self.workers).rate();
        if self.near && down.workers < self.workers && down.sample.ok >= NEAR_NEEDS && known.sway.value() < MOODY {
            self.near = share > CLEARLY_WORSE;
            if share > AS_GOOD {
                return self.descend(down.workers, seen, known);
            }
        }
        let ruling = self.ruling(&up, &down, set, known);
        if self.far_off(ruling) {
            return self.astray(format!("{} far off: searching again", workers(self.workers)));
        }
        let note = match ruling {
            1 => self.go(1, seen, set, known),
            -1 => self.go(-1, seen, set, known),
            _ => match self.correction(set, known) {
                Some(to) => self.correct(to, seen, known),
                None => self.stay(spent, seen, set, known),
            },
        };
        self.left = self.between(spent, known);
        Step {
            note,
            ..Step::at(self.trial.workers)
        }
    }

    /// Seconds of rest after a comparison that took `spent`.
    fn between(&self, spent: f64, known: &Known) -> f64 {
        if self.pairs < CONFIRMED && !known.slow() {
            return EAGER;
        }
        self.hold.max(REST * spent).min(LONGEST_HOLD)
    }

    /// About so many seconds until both sides are confirmed; `None` once they are.
    pub(super) fn confirmed_in(&self, known: &Known) -> Option<f64> {
        let missing = CONFIRMED.checked_sub(self.pairs).filter(|n| *n > 0)?;
        let spent = if self.stage == Stage::Hold {
            self.hold.min(EAGER) - self.left
        } else {
            self.trial.sample.span
        };
        Some((confirming(missing, known) - spent.max(0.0)).max(1.0))
    }

    /// What is known is of another target: the ramp must look anew.
    fn astray(&self, note: String) -> Step {
        Step {
            changed: true,
            note: Some(note),
            ..Step::at(self.workers)
        }
    }

    /// It has walked the same way twice before: steps are too small for what lies ahead.
    fn far_off(&self, ruling: i8) -> bool {
        ruling != 0 && self.walked >= 2 && self.direction == ruling
    }
}
