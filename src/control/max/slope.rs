//! The slope of the utility around a worker count, d U/d ln N, pooled over probe pairs.
//! It does not know what is done about it.

use super::trial::Trial;
use super::utility::utility;

/// What older probe pairs count.
const FORGET: f64 = 0.92;
/// A pair this many standard errors off the older ones speaks of another target.
const ANOTHER: f64 = 4.0;

/// A weighted mean; a weight is one over a variance.
#[derive(Clone, Copy, Debug, Default)]
pub struct Slope {
    sum: f64,
    weight: f64,
}

impl Slope {
    /// Adds what a pair says; `error` is that of ln X up against ln X down.
    pub fn add(&mut self, up: &Trial, down: &Trial, error: f64, kappa: f64) {
        let run = (f64::from(up.workers) / f64::from(down.workers)).ln();
        let worth = |t: &Trial| utility(&t.sample, f64::from(t.workers), kappa);
        let (slope, weight) = ((worth(up) - worth(down)) / run, (run / error).powi(2));
        if run > 0.0 && slope.is_finite() && weight > 0.0 {
            self.pool(slope, weight);
        }
    }

    fn pool(&mut self, slope: f64, weight: f64) {
        let spread = (1.0 / self.weight + 1.0 / weight).sqrt(); // infinite for the first
        if (slope - self.value()).abs() > ANOTHER * spread {
            *self = Self::default();
        }
        self.sum = FORGET * self.sum + weight * slope;
        self.weight = FORGET * self.weight + weight;
    }

    /// The slope; 0 before the first pair.
    pub fn value(&self) -> f64 {
        if self.weight > 0.0 { self.sum / self.weight } else { 0.0 }
    }

    /// The slope in standard errors of itself.
    pub fn z(&self) -> f64 {
        self.value() * self.weight.sqrt()
    }

    /// The same slope with this share of its weight: workers moved a little.
    pub fn fade(&mut self, by: f64) {
        self.sum *= by;
        self.weight *= by;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_pooled_by_their_precision() {
        let mut s = Slope::default();
        s.pool(0.2, 100.0);
        s.pool(0.0, 100.0);

        // (0.92·100·0.2 + 0)/(92 + 100)
        assert!((s.value() - 18.4 / 192.0).abs() < 1e-12);
        assert!((s.z() - s.value() * 192f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn a_pair_from_another_target_begins_anew() {
        let mut s = Slope::default();
        (0..10).for_each(|_| s.pool(0.0, 400.0));
        s.pool(0.6, 400.0);

        assert!((s.value() - 0.6).abs() < 1e-12);
    }
}
