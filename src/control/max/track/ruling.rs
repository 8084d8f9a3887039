//! What a pair of probes says: up, down, stay; or that the target is another.
//! It moves nothing.

use super::Track;
use crate::control::max::known::Known;
use crate::control::max::trial::Trial;
use crate::control::max::utility::utility;
use crate::model::setpoints::Setpoints;

/// Standard errors that a step up and a step down need.
const UP: f64 = 2.0;
const DOWN: f64 = 2.0;
/// Slope of the utility below which there is nothing to gain.
const FLAT: f64 = 0.02;
/// Slope and standard errors of it that overrule the curve.
const CONTRADICTS: f64 = 0.15;
const CLEAR: f64 = 3.0;

impl Track {
    /// 1 for up, −1 for down, 0 for staying; beyond a bound nothing can be wanted.
    pub(super) fn ruling(&self, up: &Trial, down: &Trial, set: &Setpoints, known: &Known) -> i8 {
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
        let worth = |t: &Trial| utility(&t.sample, f64::from(t.workers), set.knobs.kappa);
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
}

/// Whether both probes say that the target is another: both off what was foretold to the same side, on average by more
/// than 20 % and three errors.
pub(super) fn belied(rates: [f64; 2], foretold: [Option<f64>; 2], error: f64) -> bool {
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
