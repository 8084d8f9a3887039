//! What a step test and a relay found. It holds figures; it runs nothing.

use crate::model::format;
use crate::model::setpoints::Gains;
use std::fmt;

/// What a step of the workers did. Gains are elasticities: d ln X/d ln N, d ln R/d ln N.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StepTest {
    /// Workers before and after.
    pub from: f64,
    /// Workers during the step.
    pub to: f64,
    /// Elasticity of the good rate, and its standard error.
    pub gain: f64,
    /// Standard error of `gain`.
    pub gain_error: f64,
    /// Elasticity of the mean response.
    pub latency_gain: Option<f64>,
    /// Which of the two the times are read from: the one that moved more. `rps` or `mean`.
    pub signal: &'static str,
    /// Until a tenth of the change shows, s; `None` where it drowns in noise, here and below.
    pub dead_s: Option<f64>,
    /// From there to 63 % of the change, s.
    pub time_constant_s: Option<f64>,
    /// Beyond the final value by more than noise, as a share of the change.
    pub overshoot: Option<f64>,
    /// Until it stays within a tenth of the change, or within noise, s.
    pub settling_s: Option<f64>,
}

/// What a relay found, and the gains that follow (Tyreus and Luyben).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tune {
    /// The quantity, as in `sp`.
    pub variable: &'static str,
    /// Workers around which it switched.
    pub workers: f64,
    /// Gain at which the loop would oscillate for ever.
    pub ultimate_gain: f64,
    /// Period of that oscillation, s.
    pub ultimate_period_s: f64,
    /// Full cycles it was measured on.
    pub cycles: u32,
    /// Proposed; `ki` is per sample of `hold`, all in their ranges.
    pub gains: Gains,
}

/// With its sign, a minus and no hyphen.
fn signed(x: f64) -> String {
    format!("{x:+.2}").replace('-', "−")
}

impl fmt::Display for StepTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let latency = self
            .latency_gain
            .map_or(String::new(), |g| format!(", latency gain {}", signed(g)));
        let (from, to) = (format::quantity(self.from), format::quantity(self.to));
        write!(
            f,
            "step {from} → {to} workers: rate gain {} ± {:.2}{latency}",
            signed(self.gain),
            self.gain_error
        )?;
        match (self.dead_s, self.time_constant_s, self.overshoot, self.settling_s) {
            (Some(dead), Some(tau), Some(over), Some(settled)) => write!(
                f,
                "; {}: dead time {}, time constant {}, overshoot {}, settled in {}",
                self.signal,
                format::length(dead),
                format::length(tau),
                format::percent(over),
                format::length(settled)
            ),
            _ => write!(f, "; too little change for times"),
        }
    }
}

impl fmt::Display for Tune {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "tune on {} at {} workers: Ku {:.2}, Tu {} over {} cycles; proposed Kp {:.2}, Ki {:.2} (tune accept)",
            self.variable,
            format::quantity(self.workers),
            self.ultimate_gain,
            format::length(self.ultimate_period_s),
            self.cycles,
            self.gains.kp,
            self.gains.ki
        )
    }
}
