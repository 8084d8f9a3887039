//! Arrivals of many independent users: exponential gaps. It knows no rate: that is the schedule's.

use super::Arrivals;

/// Exponential gaps of mean 1.
#[derive(Clone, Debug)]
pub struct Poisson {
    rng: fastrand::Rng,
}

impl Poisson {
    /// Deterministic by seed.
    pub fn new(seed: u64) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(seed),
        }
    }
}

impl Arrivals for Poisson {
    fn gap(&mut self) -> f64 {
        -(1.0 - self.rng.f64()).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gaps_have_the_variance_and_the_tail_of_the_exponential_law() {
        let n = 1_000_000;
        let mut p = Poisson::new(5);
        let gaps: Vec<f64> = (0..n).map(|_| p.gap()).collect();

        let variance = gaps.iter().map(|g| (g - 1.0).powi(2)).sum::<f64>() / f64::from(n);
        let beyond_3 = gaps.iter().filter(|g| **g > 3.0).count() as f64 / f64::from(n);

        // Fourth central moment 9, so the variance of the variance is 8/n.
        assert!((variance - 1.0).abs() < 5.0 * (8.0 / f64::from(n)).sqrt(), "{variance}");
        assert!((beyond_3 / (-3.0f64).exp() - 1.0).abs() < 0.03, "{beyond_3}");
    }
}
