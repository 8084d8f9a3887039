//! What a worker count is worth, and how sure one can be of it.
//! It compares nothing; the race does.

use crate::control::variable::Sample;

/// Errors up to this share cost nothing.
const FREE_ERRORS: f64 = 0.01;
/// What each further share of errors costs, in e-folds of rate.
const ERROR_PRICE: f64 = 20.0;

/// U = ln X − κ·ln N − 20·max(0, errors − 1 %): twice the workers must bring 2^κ in rate. −∞ without answers.
pub fn utility(sample: &Sample, workers: f64, kappa: f64) -> f64 {
    sample.rate().ln() - kappa * workers.ln() - ERROR_PRICE * (sample.errors() - FREE_ERRORS).max(0.0)
}

/// Dispersion of completions over ticks, var/mean: 1 for Poisson; in [0.5, 100]. From differences of neighbouring ticks
/// at one worker count, so that a trend does not count as noise.
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    value: f64,
    weight: f64,
    last: Option<f64>,
}

impl Default for Noise {
    fn default() -> Self {
        Self {
            value: 1.0,
            weight: 10.0, // a prior worth ten ticks of Poisson
            last: None,
        }
    }
}

impl Noise {
    /// Ticks it remembers.
    const MEMORY: f64 = 50.0;

    /// One settled tick with this many completions.
    pub fn see(&mut self, count: f64) {
        if let Some(last) = self.last.replace(count)
            && last + count > 0.0
        {
            let one = (count - last).powi(2) / (count + last);
            self.weight = (self.weight + 1.0).min(Self::MEMORY);
            self.value += (one - self.value) / self.weight;
        }
    }

    /// The workers change: the next tick has no neighbour.
    pub fn interrupt(&mut self) {
        self.last = None;
    }

    /// var/mean.
    pub fn dispersion(&self) -> f64 {
        self.value.clamp(0.5, 100.0)
    }

    /// Standard error of ln X over this many completions; infinite without any.
    pub fn error(&self, ok: f64) -> f64 {
        if ok > 0.0 {
            (self.dispersion() / ok).sqrt()
        } else {
            f64::INFINITY
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(rate: f64, err: f64) -> Sample {
        Sample {
            ok: rate,
            err,
            span: 1.0,
            sum: 1.0,
            rounded: (1.0, 1.0),
        }
    }

    #[test]
    fn twice_the_workers_must_bring_seven_percent() {
        let one = utility(&at(1000.0, 0.0), 10.0, 0.1);

        assert!(utility(&at(1075.0, 0.0), 20.0, 0.1) > one);
        assert!(utility(&at(1068.0, 0.0), 20.0, 0.1) < one);
    }

    #[test]
    fn errors_above_one_percent_cost_dearly() {
        let clean = utility(&at(1000.0, 0.0), 10.0, 0.1);

        assert!((utility(&at(1000.0, 10.0), 10.0, 0.1) - clean).abs() < 1e-9);
        assert!(utility(&at(1500.0, 100.0), 10.0, 0.1) < clean);
    }

    #[test]
    fn alternating_counts_are_noise_and_steady_ones_are_none() {
        let (mut wild, mut calm) = (Noise::default(), Noise::default());
        for i in 0..200 {
            wild.see(if i % 2 == 0 { 50.0 } else { 150.0 });
            calm.see(100.0);
        }

        // 100²/200 = 50.
        assert!((wild.dispersion() - 50.0).abs() < 1.0);
        assert_eq!(calm.dispersion(), 0.5);
    }
}
