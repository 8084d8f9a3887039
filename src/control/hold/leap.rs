//! Large moves of `hold`: how far to go at once when the target is far away. It refuses fine work; the loop does that.

use crate::model::setpoints::{ProcessVariable, Setpoint};

/// A feed-forward step, e-folds of workers.
const FORWARD: std::ops::RangeInclusive<f64> = -1.4..=0.7;
/// Moves smaller than this say nothing about the plant's gain, e-folds.
const TELLING: f64 = 0.1;

/// Gain of a latency where nothing is known, past the top; and what it may grow by from one leap to the next.
const STEEP: f64 = 1.25;
const GROWING: f64 = 0.6;

/// What the last large move taught of d ln PV/d ln N.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Leap {
    /// ln N and ln PV before it.
    from: Option<(f64, f64)>,
}

impl Leap {
    /// Forgets what it knew.
    pub(super) fn forget(&mut self) {
        self.from = None;
    }

    /// Δ ln N from `workers` at the measured `pv` to the target, by the gain of the last leap where there was one. A queue
    /// grows by one for each worker who finds the target busy, so the workers follow at once. `ramping`: from far below.
    pub(super) fn towards(&mut self, target: Setpoint, pv: f64, workers: f64, ramping: bool) -> f64 {
        let now = (workers.max(1e-3).ln(), pv.max(1e-9).ln());
        let gain = self
            .from
            .replace(now)
            .filter(|f| (now.0 - f.0).abs() > TELLING)
            .map(|f| (now.1 - f.1) / (now.0 - f.0));
        let e = target.value.ln() - now.1;
        let du = match target.variable {
            ProcessVariable::Queue => ((workers + target.value - pv).max(0.1) / workers.max(1e-3)).ln(),
            // A rate follows workers at most one to one.
            ProcessVariable::Rps => e / gain.unwrap_or(1.0).clamp(0.6, 1.0),
            // A latency hardly does below the knee, one to one there, more past the top: on the way up the gain grows.
            _ if e > 0.0 && ramping => e / (gain.unwrap_or(0.0) + GROWING).clamp(GROWING, 2.5),
            _ => e / gain.unwrap_or(STEEP).clamp(1.0, 2.5),
        };
        du.clamp(*FORWARD.start(), *FORWARD.end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(variable: ProcessVariable, value: f64) -> Setpoint {
        Setpoint { variable, value }
    }

    #[test]
    fn the_second_leap_knows_what_the_first_one_brought() {
        let mut leap = Leap::default();
        let rate = target(ProcessVariable::Rps, 1200.0);

        let first = leap.towards(rate, 1000.0, 10.0, false);
        // Seven tenths of what was asked for came.
        let second = leap.towards(rate, 1000.0 * (0.7 * first).exp(), 10.0 * first.exp(), false);

        assert!(
            (first - 0.182).abs() < 1e-3 && (second - 0.078).abs() < 1e-3,
            "{first} {second}"
        );
    }

    #[test]
    fn a_queue_takes_the_workers_it_lacks() {
        let du = Leap::default().towards(target(ProcessVariable::Queue, 12.0), 4.0, 20.0, false);

        assert!((20.0 * du.exp() - 28.0).abs() < 1e-9);
    }
}
