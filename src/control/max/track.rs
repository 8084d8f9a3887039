//! At rest, with a look to both sides now and then: the optimum is followed when it moves.
//! No step is longer than 30 %; what lies farther, and a changed target, is handed back to the ramp.
//!
//! ```text
//!  hold ───────── up ─ down ── hold ─────────── down ─ up ── hold …      the order alternates: a drift cancels
//! ```

use super::Step;
use super::change::Detector;
use super::known::Known;
use super::race;
use super::slope::Slope;
use super::trial::{Tick, Trial, within};
use crate::control::Observation;
use crate::model::setpoints::Setpoints;

/// First rest, s, long enough to be a steady state of its own.
const FIRST_HOLD: f64 = 2.6;
/// Longest rest that neutral probes grow it to, and longest of all, s.
const LONG_HOLD: f64 = 5.0;
const LONGEST_HOLD: f64 = 8.0;
/// Rest per time spent probing.
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
/// Widest probe that neutral pairs grow it to.
const WIDEST: f64 = 0.2;
/// Standard errors that a step up and a step down need.
const UP: f64 = 2.0;
const DOWN: f64 = 2.0;
/// Slope of the utility below which there is nothing to gain.
const FLAT: f64 = 0.02;
/// Slope and standard errors of it that overrule the curve.
const CONTRADICTS: f64 = 0.15;
const CLEAR: f64 = 3.0;
/// How far, in e-folds, the curve must see the knee elsewhere to move there, and answers it needs on both sides.
const OFF: f64 = 0.14;
const WIDE_NEEDS: f64 = 200.0;
/// A second of rest leaves this much of older evidence.
const FADE: f64 = 0.985;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Hold,
    First,
    Second,
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
    /// Steps in that direction in a row.
    walked: u32,
    detector: Detector,
    /// Looks down go far enough to pin the near side of the knee, until that side is clearly worse.
    near: bool,
    /// How often the curve has moved the rest: each makes the next one harder, or it would never come to rest.
    corrections: f64,
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
            return self.astray("both probes say that the target changed: looking anew".to_owned());
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
            return self.astray(format!("{} is far from the best: looking anew", self.workers));
        }
        let note = match ruling {
            1 => self.go(1, seen, set, known),
            -1 => self.go(-1, seen, set, known),
            _ => match self.correction(set, known) {
                Some(to) => self.correct(to, seen, known),
                None => self.stay(spent, seen, known),
            },
        };
        self.left = self.hold.max(REST * spent).min(LONGEST_HOLD);
        Step {
            note,
            ..Step::at(self.workers)
        }
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

    /// 1 for up, −1 for down, 0 for staying; beyond a bound nothing can be wanted.
    fn ruling(&self, up: &Trial, down: &Trial, set: &Setpoints, known: &Known) -> i8 {
        match self.wish(up, down, set, known) {
            1 if self.workers >= set.bounds.max => 0,
            -1 if self.workers <= set.bounds.min.max(1) => 0,
            wish => wish,
        }
    }

    /// The same without bounds.
    fn wish(&self, up: &Trial, down: &Trial, set: &Setpoints, known: &Known) -> i8 {
        let (slope, z) = (self.slope(), self.slope.z());
        let queued = |idle: f64| up.sample.mean().is_some_and(|r| set.knobs.g > 0.0 && r > set.knobs.g * idle);
        if known.idle().is_some_and(queued) {
            return -1;
        }
        // Across a sharp knee the slope between both sides says nothing of where the top is: the middle must lose, too.
        let worth = |t: &Trial| super::utility::utility(&t.sample, f64::from(t.workers), set.knobs.kappa);
        let middle = known.utility(self.workers, set.knobs.kappa).0;
        // The curve knows more than a few probes, as long as they do not clearly contradict it.
        let (n, knee) = (f64::from(self.workers), known.knee(self.workers));
        let clear = z.abs() > CLEAR && slope.abs() > CONTRADICTS;
        match z {
            z if z > UP && slope > FLAT && worth(up) > middle && (clear || knee > 1.04 * n) => 1,
            z if z < -DOWN && slope < -FLAT && worth(down) > middle && (clear || knee < 0.96 * n) => -1,
            _ => 0,
        }
    }

    /// The near side gives as much: this is a flat top, not its edge.
    fn descend(&mut self, to: u32, seen: &Observation, known: &mut Known) -> Step {
        if self.far_off(-1) {
            return self.astray(format!("{to} workers do as well as {}: looking anew", self.workers));
        }
        let note = format!("{to}: as good as {}", self.workers);
        self.pairs = 0;
        self.walked = if self.direction < 0 { self.walked + 1 } else { 1 };
        self.direction = -1;
        self.near = true;
        self.hold = FIRST_HOLD;
        self.slope = Slope::default();
        self.rest_at(to, seen, known);
        Step {
            note: Some(note),
            ..Step::at(to)
        }
    }

    fn go(&mut self, direction: i8, seen: &Observation, set: &Setpoints, known: &mut Known) -> Option<String> {
        let by = if direction > 0 {
            1.0 + self.size
        } else {
            1.0 / (1.0 + self.size)
        };
        let n = f64::from(self.workers);
        let wished = if direction > 0 { (n * by).ceil() } else { (n * by).floor() };
        let to = within(wished, set.bounds);
        self.pairs = 0;
        self.size = match self.direction == direction {
            true => (self.size * 1.5).min(0.3),
            false => (self.size * 0.6).max(0.08),
        };
        self.walked = if self.direction == direction { self.walked + 1 } else { 1 };
        self.direction = direction;
        self.slope.fade(0.3);
        self.hold = 0.8;
        let moved = to != self.workers;
        let why = if direction > 0 {
            "more workers still pay"
        } else {
            "fewer workers do as well"
        };
        self.rest_at(to, seen, known);
        moved.then(|| format!("{to}: {why}"))
    }

    /// Where the curve, with all the answers of the rest by now, sees the knee: if that is elsewhere, and the curve still
    /// rests on answers from both sides.
    fn correction(&self, set: &Setpoints, known: &Known) -> Option<u32> {
        let n = f64::from(self.workers);
        let held = |side: &dyn Fn(f64) -> bool| known.points().any(|(m, s)| side(f64::from(m)) && s.ok >= WIDE_NEEDS);
        let wide = held(&|m| m >= 1.35 * n) && held(&|m| m <= 0.8 * n);
        let to = within(known.knee(self.workers).clamp(n / 1.3, n * 1.3), set.bounds);
        let off = (f64::from(to) / n).ln().abs();
        (wide && off > OFF * (1.0 + 0.5 * self.corrections) && to.abs_diff(self.workers) > 1).then_some(to)
    }

    fn correct(&mut self, to: u32, seen: &Observation, known: &mut Known) -> Option<String> {
        let from = self.workers;
        self.pairs = 0;
        self.corrections += 1.0;
        self.hold = 0.8;
        self.slope = Slope::default();
        self.rest_at(to, seen, known);
        Some(format!("{to}: all answers so far put the knee here, not at {from}"))
    }

    fn stay(&mut self, spent: f64, seen: &Observation, known: &mut Known) -> Option<String> {
        self.pairs += 1;
        self.size = (self.size * 1.2).min(WIDEST);
        self.hold = (self.hold * 1.5).min(LONG_HOLD);
        self.left = self.hold.max(REST * spent);
        let detector = std::mem::take(&mut self.detector);
        self.rest_at(self.workers, seen, known);
        self.detector = detector; // the same worker count: its base line stays
        (self.pairs == 2).then(|| format!("{} confirmed: neither more nor fewer are better", self.workers))
    }

    fn rest_at(&mut self, workers: u32, seen: &Observation, known: &mut Known) {
        if workers != self.workers {
            self.left = self.hold;
        }
        self.workers = workers;
        self.stage = Stage::Hold;
        self.detector = Detector::expecting(known.expected(workers));
        self.trial = Trial::new(workers, seen.workers as u32, known);
    }
}

/// Whether both probes say that the target is another: both off what was foretold to the same side, on average by more
/// than 20 % and three errors.
fn belied(rates: [f64; 2], foretold: [Option<f64>; 2], error: f64) -> bool {
    let [Some(a), Some(b)] = [0, 1].map(|i| foretold[i].map(|f| (rates[i].max(1e-9) / f).ln())) else {
        return false;
    };
    a * b > 0.0 && ((a + b) / 2.0).abs() > 0.20 + 3.0 * error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_probes_off_to_one_side_belie_what_is_known() {
        assert!(belied([140.0, 150.0], [Some(100.0); 2], 0.03));
        assert!(!belied([140.0, 60.0], [Some(100.0); 2], 0.03), "a slope is no change");
        assert!(!belied([115.0, 110.0], [Some(100.0); 2], 0.03), "within the noise");
        assert!(!belied([140.0, 150.0], [None; 2], 0.03), "nothing was foretold");
    }
}
