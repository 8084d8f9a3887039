//! Whether a target can be had at all: a rate that more workers no longer raise cannot, nor a latency below the idle one.
//! It moves nothing.

use super::super::variable::Window;
use crate::model::format;
use crate::model::setpoints::{ProcessVariable, Setpoint};

/// Worker counts are compared at least this far apart.
const APART: f64 = 1.3;
/// Below this error the target is as good as reached.
const SHORT: f64 = 0.03;
/// d ln X/d ln N below which more workers do not pay, twice; and below which they harm, once.
const WEAK: f64 = 0.25;
const HARMS: f64 = -0.3;

/// A point the guard compares with.
#[derive(Clone, Copy, Debug)]
struct Reference {
    workers: f64,
    rate: f64,
    weak: u32,
}

/// The guard.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reach {
    reference: Option<Reference>,
}

impl Reach {
    /// A full window, and how far below the target it is, in e-folds; the sentence when the target is out of reach.
    pub(super) fn judge(&mut self, target: Setpoint, window: &Window, error: f64) -> Option<String> {
        match target.variable {
            ProcessVariable::Rps => self.rate(window, error),
            ProcessVariable::Queue => None,
            _ => latency(target, window, error),
        }
    }

    fn rate(&mut self, window: &Window, error: f64) -> Option<String> {
        let (n, s) = (window.workers(), window.sample);
        let fresh = Reference {
            workers: n,
            rate: s.rate().max(1e-9),
            weak: 0,
        };
        let Some(old) = self.reference.as_mut().filter(|r| n >= r.workers * 0.9) else {
            self.reference = Some(fresh);
            return None;
        };
        if n < APART * old.workers || error <= SHORT {
            return None;
        }
        let elasticity = (fresh.rate / old.rate).ln() / (n / old.workers).ln();
        let doubt = (2.0 / s.ok.max(1.0)).sqrt().min(0.5);
        if elasticity >= WEAK - 0.5 * doubt {
            self.reference = Some(fresh);
            return None;
        }
        old.weak += 1;
        let text = format!("{}/s is all that more workers give", format::quantity(fresh.rate));
        (old.weak >= 2 || elasticity < HARMS).then_some(text)
    }
}

/// One worker, and still slower than asked.
fn latency(target: Setpoint, window: &Window, error: f64) -> Option<String> {
    let s = window.sample;
    let bottom = window.workers() <= 1.001 && error < -0.05 && s.ok >= 20.0;
    let name = target.variable.name();
    bottom.then(|| format!("{name} is {} even with one worker", format::length(s.mean().unwrap_or(0.0))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Observation;

    fn window(workers: f64, ok: u64) -> Window {
        let mut w = Window::default();
        w.add(&Observation::tick(1, ok, 0.01, workers));
        w
    }

    #[test]
    fn twice_nothing_for_more_workers_is_out_of_reach_and_a_gain_is_not() {
        let target = Setpoint {
            variable: ProcessVariable::Rps,
            value: 5000.0,
        };
        let (mut flat, mut rising) = (Reach::default(), Reach::default());
        let flat = [10.0, 20.0, 21.0].map(|n| flat.judge(target, &window(n, 200), 0.5).is_some());
        let rising = [10.0, 20.0, 40.0].map(|n| rising.judge(target, &window(n, 20 * n as u64), 0.5).is_some());

        assert_eq!((flat, rising), ([false, false, true], [false; 3]));
    }
}
