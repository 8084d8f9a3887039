//! What changes a station's rate from outside: warming up, and noise of its own.
//! It has its own random numbers, so that two laws on one seed see the same path.

use super::service::normal;
use crate::model::units::Nanos;

/// Noise is redrawn this often.
const STEP: Nanos = Nanos::from_millis(50);
/// Memory of the slow part (Ornstein-Uhlenbeck), s.
const MEMORY: f64 = 2.0;

/// A factor on the rate, piecewise constant but for warming up.
#[derive(Debug)]
pub struct Weather {
    warm: Option<f64>,
    spread: f64,
    rng: fastrand::Rng,
    slow: f64,
    noise: f64,
    next: Nanos,
}

impl Weather {
    /// `warm`: time constant of 1 − 0.8·exp(−t/warm), s; `spread`: exp(OU + white) every 50 ms, each
    /// of this standard deviation, e-folds; 0 for none.
    pub fn new(warm: Option<f64>, spread: f64, seed: u64) -> Self {
        Self {
            warm,
            spread,
            rng: fastrand::Rng::with_seed(seed ^ 0x5eed),
            slow: 0.0,
            noise: 1.0,
            next: if spread > 0.0 { STEP } else { Nanos::MAX },
        }
    }

    /// When the noise changes next; `MAX` for never.
    pub fn next(&self) -> Nanos {
        self.next
    }

    /// The noise changes.
    pub fn turn(&mut self) {
        let keep = (-STEP.secs() / MEMORY).exp();
        self.slow = keep * self.slow + self.spread * (1.0 - keep * keep).sqrt() * normal(&mut self.rng);
        self.noise = (self.slow + self.spread * normal(&mut self.rng)).exp();
        self.next += STEP;
    }

    /// The factor at a moment.
    pub fn factor(&self, now: Nanos) -> f64 {
        self.noise * self.warm.map_or(1.0, |tau| 1.0 - 0.8 * (-now.secs() / tau).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_noise_has_the_spread_it_says() {
        let mut w = Weather::new(None, 0.15, 1);
        let logs: Vec<f64> = (0..200_000)
            .map(|_| {
                w.turn();
                w.factor(Nanos::ZERO).ln()
            })
            .collect();

        let variance = logs.iter().map(|l| l * l).sum::<f64>() / logs.len() as f64;

        // 0.15² + 0.15²
        assert!((variance / 0.045 - 1.0).abs() < 0.1, "{variance}");
    }

    #[test]
    fn a_warm_plant_begins_at_a_fifth() {
        let w = Weather::new(Some(8.0), 0.0, 1);

        assert!((w.factor(Nanos::ZERO) - 0.2).abs() < 1e-12);
        assert!(w.factor(Nanos::from_secs(80)) > 0.999);
    }
}
