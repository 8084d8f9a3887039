//! A metronome with jitter: gaps uniform in [0, 2]. It knows no rate: that is the schedule's.

use super::Arrivals;

/// Uniform gaps of mean 1.
#[derive(Clone, Debug)]
pub struct Uniform {
    rng: fastrand::Rng,
}

impl Uniform {
    /// Deterministic by seed.
    pub fn new(seed: u64) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(seed),
        }
    }
}

impl Arrivals for Uniform {
    fn gap(&mut self) -> f64 {
        2.0 * self.rng.f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_lie_between_nothing_and_two_with_a_third_of_variance() {
        let n = 100_000;
        let mut u = Uniform::new(4);
        let gaps: Vec<f64> = (0..n).map(|_| u.gap()).collect();

        let variance = gaps.iter().map(|g| (g - 1.0).powi(2)).sum::<f64>() / f64::from(n);

        assert!(gaps.iter().all(|g| (0.0..2.0).contains(g)));
        // 2²/12; fourth central moment 1/5, so sigma of the variance is sqrt((1/5 − 1/9)/n).
        assert!(
            (variance - 1.0 / 3.0).abs() < 5.0 * (0.0889 / f64::from(n)).sqrt(),
            "{variance}"
        );
    }
}
