//! The last second or two of `hold`: the measured quantity as shown, whether it stays on target, and the words for it.
//! It moves nothing.

use super::Observation;
use super::variable::Window;
use crate::model::format;
use crate::model::setpoints::{ProcessVariable, Setpoint};
use std::collections::VecDeque;

/// Ticks of a second; a percentile may look back twice as far.
const SECOND: usize = 10;
/// Shortest time between two sentences, s.
const QUIET: f64 = 3.0;

/// The recent past.
#[derive(Clone, Debug, Default)]
pub struct Recent {
    ticks: VecDeque<Observation>,
    inside: f64,
    converged: bool,
    quiet: f64,
    said: i8,
}

impl Recent {
    /// A new target: nothing is on it yet.
    pub fn restart(&mut self) {
        self.inside = 0.0;
        self.converged = false;
        self.quiet = QUIET;
        self.said = 0;
    }

    /// One tick. On target: inside the band for a second; off it again at twice the band.
    pub fn add(&mut self, seen: &Observation, target: Setpoint, idle: Option<f64>) {
        self.ticks.push_back(seen.clone());
        while self.ticks.len() > 2 * SECOND {
            self.ticks.pop_front();
        }
        self.quiet += seen.span;
        let off = self.off(target, idle).abs();
        let band = self.band(target.variable);
        self.inside = if off <= band { self.inside + seen.span } else { 0.0 };
        self.converged = (self.converged && off <= 2.0 * band) || self.inside >= 1.0 - 1e-9;
    }

    /// 5 % for a rate, 10 % for a latency or a queue; at low rates two standard errors of the second's count, at most 25 %.
    fn band(&self, variable: ProcessVariable) -> f64 {
        let ok: u64 = self.ticks.iter().rev().take(SECOND).map(|t| t.ok).sum();
        let noise = 2.0 / (ok.max(1) as f64).sqrt();
        if variable == ProcessVariable::Rps {
            noise.clamp(0.05, 0.25)
        } else {
            0.10
        }
    }

    /// A full second is known.
    pub fn full(&self) -> bool {
        self.ticks.len() >= SECOND
    }

    /// On target.
    pub fn converged(&self) -> bool {
        self.converged
    }

    /// Good answers per second over the last second; 0 without any.
    pub fn rate(&self) -> f64 {
        self.second().sample.rate()
    }

    /// Their mean response, s.
    pub fn mean(&self) -> Option<f64> {
        self.second().sample.mean()
    }

    fn second(&self) -> Window {
        let mut window = Window::default();
        self.ticks.iter().rev().take(SECOND).for_each(|t| window.add(t));
        window
    }

    /// The quantity over the last second; a percentile over as many answers as it needs, at most two seconds.
    pub fn read(&self, variable: ProcessVariable, idle: Option<f64>) -> Option<f64> {
        let need = match variable {
            ProcessVariable::Quantile(q) => 10.0 / (1.0 - q),
            _ => 0.0,
        };
        let mut window = Window::default();
        for (i, tick) in self.ticks.iter().rev().enumerate() {
            if i >= SECOND && window.sample.ok >= need {
                break;
            }
            window.add(tick);
        }
        window.read(variable, idle)
    }

    /// (measured − target)/target; infinite without a measurement.
    fn off(&self, target: Setpoint, idle: Option<f64>) -> f64 {
        self.read(target.variable, idle)
            .map_or(f64::INFINITY, |v| v / target.value - 1.0)
    }

    /// A sentence when it goes off target to another side, or comes onto it; not more often than every 3 s.
    pub fn narrate(&mut self, target: Setpoint, idle: Option<f64>, workers: f64) -> Option<String> {
        let off = self.off(target, idle);
        let side = match off {
            _ if self.converged => 0,
            o if o > 0.10 => 1,
            o if o < -0.10 => -1,
            _ => return None,
        };
        let news = side != self.said || (side == 0) != (self.said == 0);
        if !news || self.quiet < QUIET || !off.is_finite() || !self.full() {
            return None;
        }
        self.quiet = 0.0;
        self.said = side;
        let name = target.variable.name();
        let wished = value(target.variable, target.value);
        Some(match side {
            0 => format!("{name} is {wished} with {workers:.1} workers"),
            1 => format!("{name} above {wished}: fewer workers"),
            _ => format!("{name} below {wished}: more workers"),
        })
    }
}

/// A measured value in words.
fn value(variable: ProcessVariable, v: f64) -> String {
    if variable.is_latency() {
        format::length(v)
    } else {
        format::quantity(v)
    }
}
