//! One source that is on and off for Pareto lengths: bursts on every time scale up to a bound. It knows no rate: that is
//! the schedule's.
//!
//! On: arrivals at `PEAK` times the mean rate, as many as a Pareto law of shape 1.5 says, from 1 to 1000. Off: silence of
//! the same law, stretched so that the mean rate is kept. On/off periods of infinite variance (shape in (1, 2)) are what
//! makes traffic bursty on all scales (Willinger, Taqqu, Sherman, Wilson, *Self-similarity through high-variability*,
//! IEEE/ACM Transactions on Networking 5(1), 1997); shape 1.5 is the usual choice of simulators. Here the law is cut at 1000,
//! so that its mean is exact and a run of minutes comes near it.

use super::Arrivals;

/// Rate within a burst over the mean rate.
const PEAK: f64 = 4.0;
/// Tail index, in (1, 2).
const SHAPE: f64 = 1.5;
/// Longest period over the shortest.
const LONGEST: f64 = 1000.0;

/// Gaps of mean 1: short ones in bursts, long ones between.
#[derive(Clone, Debug)]
pub struct Pareto {
    rng: fastrand::Rng,
    left: u64,
}

impl Pareto {
    /// Deterministic by seed.
    pub fn new(seed: u64) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(seed),
            left: 0,
        }
    }

    /// A length in [1, 1000], by inversion of the cut law.
    fn length(&mut self) -> f64 {
        let cut = 1.0 - LONGEST.powf(-SHAPE);
        (1.0 - self.rng.f64() * cut).powf(-1.0 / SHAPE)
    }
}

impl Arrivals for Pareto {
    fn gap(&mut self) -> f64 {
        if self.left > 0 {
            self.left -= 1;
            return 1.0 / PEAK;
        }
        // Rounded up or down by chance, so that the mean number is the mean length.
        let size = (self.length() + self.rng.f64()) as u64;
        self.left = size.max(1) - 1;
        // A burst of k lasts k/PEAK and was owed k: the rest is silence.
        1.0 / PEAK + self.length() * (1.0 - 1.0 / PEAK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_have_the_size_and_the_tail_of_the_law() {
        let mut p = Pareto::new(8);
        let (mut sizes, mut size) = (Vec::new(), 0u32);
        while sizes.len() < 200_000 {
            if p.gap() > 1.0 / PEAK && size > 0 {
                sizes.push(size);
                size = 0;
            }
            size += 1;
        }

        let mean = sizes.iter().map(|s| f64::from(*s)).sum::<f64>() / 2e5;
        let beyond_100 = sizes.iter().filter(|s| **s > 100).count() as f64 / 2e5;

        // E = 3 (1 − 1000^−½)/(1 − 1000^−1.5) = 2.905, sigma of the mean 9.1/√200000 = 0.02; P(> 100) = 100^−1.5 − 1000^−1.5
        assert!((mean - 2.905).abs() < 0.1, "{mean}");
        assert!((beyond_100 / 9.7e-4 - 1.0).abs() < 0.4, "{beyond_100}");
    }
}
