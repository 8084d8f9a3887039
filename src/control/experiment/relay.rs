//! The relay of Åström and Hägglund: workers switch between two values around the present ones whenever the quantity
//! crosses its base; period and height of the oscillation give the ultimate gain. It refuses to oscillate for ever.
//!
//! ln N = ln N₀ ± d, with hysteresis ε on ln PV:  Ku = 4d/(π·a);  Kp = Ku/3.2, Ti = 2.2·Tu (Tyreus and Luyben).

use super::{Outcome, Progress, evidence};
use crate::control::Observation;
use crate::control::variable::Window;
use crate::model::setpoints::{Bounds, Gains, ProcessVariable, Setpoint};
use crate::telemetry::experiment::Tune;
use std::f64::consts::PI;

/// Half the height of the switching, and the hysteresis, e-folds.
const HEIGHT: f64 = 0.3;
const HYSTERESIS: f64 = 0.05;
/// Answers of the base, shortest and longest time for it, s.
const ANSWERS: f64 = 1000.0;
const SHORTEST: f64 = 1.0;
const LONGEST: f64 = 10.0;
/// Answers of one reading.
const READING: f64 = 50.0;
/// Full cycles it takes, the time they should fill at least, and the time after which it ends anyway, s.
const CYCLES: usize = 4;
const FILL: f64 = 4.0;
const PATIENCE: f64 = 20.0;

/// Standard errors of a reading that the oscillation must be high: noise alone makes the relay switch, too.
const CLEAR: f64 = 2.5;

/// A running relay.
#[derive(Clone, Debug)]
pub struct Relay {
    pub(super) centre: f64,
    variable: ProcessVariable,
    waited: f64,
    base: Window,
    /// ln of the base, once it is known.
    middle: Option<f64>,
    high: bool,
    window: Window,
    elapsed: f64,
    /// When it switched up.
    ups: Vec<f64>,
    /// Extremes since the last switch up, and (highest, lowest) of the full cycles.
    extremes: (f64, f64),
    cycles: Vec<(f64, f64)>,
    /// Summed standard errors of the readings, e-folds, and their number.
    noise: (f64, f64),
}

impl Relay {
    pub(super) fn new(centre: f64, target: Option<Setpoint>, bounds: Bounds) -> Result<Self, String> {
        let (low, high) = (centre * (-HEIGHT).exp(), centre * HEIGHT.exp());
        if low < 1.5 {
            return Err(format!(
                "{centre:.1} workers are too few to tune around (say workers 8 first)"
            ));
        }
        if low < f64::from(bounds.min) || high > f64::from(bounds.max) {
            let (min, max) = (bounds.min.min(low as u32), bounds.max.max(high.ceil() as u32));
            return Err(format!(
                "tuning moves workers from {low:.0} to {high:.0}, beyond the bounds (say bounds {min}..{max})"
            ));
        }
        let variable = target.map_or(ProcessVariable::Mean, |t| t.variable);
        Ok(Self {
            centre,
            // A queue and the mean response rise and fall together.
            variable: if variable == ProcessVariable::Queue {
                ProcessVariable::Mean
            } else {
                variable
            },
            waited: 0.0,
            base: Window::default(),
            middle: None,
            high: true,
            window: Window::default(),
            elapsed: 0.0,
            ups: Vec::new(),
            extremes: (f64::NEG_INFINITY, f64::INFINITY),
            cycles: Vec::new(),
            noise: (0.0, 0.0),
        })
    }

    pub(super) fn tick(&mut self, seen: &Observation) -> Progress {
        match self.middle {
            None => self.begin(seen),
            Some(middle) => self.switch(seen, middle),
        }
    }

    fn begin(&mut self, seen: &Observation) -> Progress {
        self.waited += seen.span;
        if self.waited > seen.mean.unwrap_or(0.0).max(0.2) {
            self.base.add(seen);
        }
        let s = self.base.sample;
        let enough = s.ok >= ANSWERS && s.span >= SHORTEST.max(4.0 * s.mean().unwrap_or(0.0)).min(LONGEST) - 1e-9;
        if enough || s.span >= LONGEST - 1e-9 {
            let pv = self.base.read(self.variable, None).filter(|v| *v > 0.0 && s.ok >= READING);
            match pv {
                Some(v) => self.middle = Some(v.ln()),
                None => return self.over(Outcome::Failed(format!("only {:.0} answers in {:.0} s", s.ok, s.span))),
            }
            return self.at(self.level(), None);
        }
        self.at(self.centre, Some(evidence(&s, ANSWERS, LONGEST)))
    }

    fn switch(&mut self, seen: &Observation, middle: f64) -> Progress {
        self.elapsed += seen.span;
        self.window.add(seen);
        if self.read_enough() {
            let window = std::mem::take(&mut self.window);
            let error = self.error(&window);
            self.noise = (self.noise.0 + error, self.noise.1 + 1.0);
            if let Some(v) = window.read(self.variable, None).filter(|v| *v > 0.0) {
                self.see(v.ln() - middle);
            }
        }
        let full = self.cycles.len() >= CYCLES && self.elapsed >= FILL - 1e-9;
        if full || self.elapsed >= PATIENCE - 1e-9 {
            return self.over(self.judge());
        }
        self.at(self.level(), None)
    }

    /// A percentile needs more answers than a mean; a slow target a response or half a second.
    fn read_enough(&self) -> bool {
        let s = self.window.sample;
        let (need, longest) = match self.variable {
            ProcessVariable::Quantile(q) => (READING.max(10.0 / (1.0 - q)), 2.0),
            _ => (READING, s.mean().unwrap_or(0.5).clamp(0.5, 2.0)),
        };
        s.ok >= need || (s.span >= longest - 1e-9 && s.ok > 0.0)
    }

    /// Standard error of a reading, e-folds: of a count, or of a mean; a percentile rests on fewer.
    fn error(&self, window: &Window) -> f64 {
        let s = window.sample;
        let ok = s.ok.max(1.0);
        match self.variable {
            ProcessVariable::Rps => (1.0 / ok).sqrt(),
            ProcessVariable::Quantile(q) => (s.variation() / (ok * (1.0 - q).max(0.01)) * q).sqrt().min(HEIGHT),
            _ => (s.variation() / ok).sqrt(),
        }
    }

    /// One reading, relative to the base.
    fn see(&mut self, y: f64) {
        self.extremes = (self.extremes.0.max(y), self.extremes.1.min(y));
        if self.high && y > HYSTERESIS {
            self.high = false;
        } else if !self.high && y < -HYSTERESIS {
            self.high = true;
            // The first cycle comes from rest.
            if !self.ups.is_empty() {
                self.cycles.push(self.extremes);
            }
            self.ups.push(self.elapsed);
            self.extremes = (f64::NEG_INFINITY, f64::INFINITY);
        }
    }

    fn level(&self) -> f64 {
        let up = if self.high { HEIGHT } else { -HEIGHT };
        self.centre * up.exp()
    }

    fn judge(&self) -> Outcome {
        let n = self.cycles.len();
        let name = self.variable.name();
        let height = self.cycles.iter().map(|(top, bottom)| (top - bottom) / 2.0).sum::<f64>() / n.max(1) as f64;
        let noise = self.noise.0 / self.noise.1.max(1.0);
        if n < 2 || height < CLEAR * noise {
            return Outcome::Failed(format!(
                "{name} does not follow {:.0} to {:.0} workers: nothing to tune on",
                self.centre * (-HEIGHT).exp(),
                self.centre * HEIGHT.exp()
            ));
        }
        let ku = 4.0 * HEIGHT / (PI * height.max(HYSTERESIS));
        let tu = (self.ups[n] - self.ups[0]) / n as f64;
        Outcome::Tune(Tune {
            variable: name,
            workers: self.centre,
            ultimate_gain: ku,
            ultimate_period_s: tu,
            cycles: n as u32,
            gains: self.propose(ku, tu),
        })
    }

    fn propose(&self, ku: f64, tu: f64) -> Gains {
        let (kp, ti) = (ku / 3.2, 2.2 * tu);
        Gains {
            kp: kp.clamp(0.0, 1.0),
            ki: (kp * self.sample_time() / ti).clamp(0.05, 0.9),
            kd: 0.0,
        }
    }

    /// Time between two decisions of `hold` here, s: a response until a move shows, then a window, in whole ticks.
    fn sample_time(&self) -> f64 {
        const TICK: f64 = 0.1;
        let s = self.base.sample;
        let (rate, response) = (s.rate().max(0.1), s.mean().unwrap_or(TICK).min(2.0));
        let window = match self.variable {
            ProcessVariable::Rps => (100.0 / rate).clamp(0.1, 0.5).max((25.0 / rate).min(3.0)),
            ProcessVariable::Quantile(q) => ((10.0 / (1.0 - q)).max(100.0) / rate).min(2.0),
            _ => (100.0 / rate).min(response.max(0.5)),
        };
        let ticks = |t: f64| (t / TICK - 1e-9).ceil().max(1.0) * TICK;
        ticks(response) + ticks(window)
    }

    fn at(&self, workers: f64, evidence: Option<crate::telemetry::frame::Evidence>) -> Progress {
        Progress {
            workers,
            open: None,
            evidence,
            outcome: None,
        }
    }

    fn over(&self, outcome: Outcome) -> Progress {
        Progress {
            workers: self.centre,
            open: None,
            evidence: None,
            outcome: Some(outcome),
        }
    }
}
