//! Bounded Pareto service times whose tail index slides linearly with time.

/// Shortest service, time units.
pub const SHORTEST: f64 = 0.5;
/// Longest service, time units.
pub const LONGEST: f64 = 100.0;

/// A bounded Pareto law on [[`SHORTEST`], [`LONGEST`]].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pareto {
    /// Tail index > 1: smaller is heavier.
    pub alpha: f64,
}

impl Pareto {
    /// The service at a uniform `u` in [0, 1): the inverse of the distribution function.
    pub fn at(self, u: f64) -> f64 {
        let cut = ((SHORTEST / LONGEST).ln() * self.alpha).exp();
        let tail = 1.0 - u * (1.0 - cut);
        (SHORTEST * (-tail.ln() / self.alpha).exp()).clamp(SHORTEST, LONGEST)
    }

    /// The `k`-th moment, `k` ≠ alpha: the mean for 1.
    pub fn moment(self, k: f64) -> f64 {
        let a = self.alpha;
        let cut = (SHORTEST / LONGEST).powf(a);
        let scale = a * SHORTEST.powf(a) / (1.0 - cut);
        scale * (SHORTEST.powf(k - a) - LONGEST.powf(k - a)) / (a - k)
    }
}

/// A tail index that slides from one value to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slide {
    /// At the beginning.
    pub from: f64,
    /// At the end.
    pub to: f64,
}

impl Slide {
    /// The law at a share of the slide in [0, 1].
    pub fn at(self, share: f64) -> Pareto {
        Pareto {
            alpha: self.from + (self.to - self.from) * share,
        }
    }

    /// The share at which the mean service passes 1; `None` when it does not on the way. The mean must rise along the slide.
    pub fn critical(self) -> Option<f64> {
        let mean = |share| self.at(share).moment(1.0);
        if mean(0.0) >= 1.0 || mean(1.0) < 1.0 {
            return None;
        }
        let (mut low, mut high) = (0.0, 1.0);
        while high - low > 1e-12 {
            let middle = 0.5 * (low + high);
            *(if mean(middle) < 1.0 { &mut low } else { &mut high }) = middle;
        }
        Some(high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TALK: Slide = Slide { from: 4.0, to: 1.5 };

    #[test]
    fn the_mean_service_passes_one_at_alpha_1_9895() {
        let share = TALK.critical().unwrap();

        assert!((share - 0.804).abs() < 0.001, "{share}");
        assert!((TALK.at(share).alpha - 1.9895).abs() < 0.001);
        assert!((TALK.at(share).moment(1.0) - 1.0).abs() < 1e-9);
        assert_eq!(Slide { from: 4.0, to: 3.0 }.critical(), None);
    }

    #[test]
    fn drawn_services_have_the_moments_of_the_law() {
        for alpha in [4.0, 2.5, 1.6] {
            let law = Pareto { alpha };
            let n = 100_000;
            let draws: Vec<f64> = (0..n).map(|i| law.at((f64::from(i) + 0.5) / f64::from(n))).collect();
            let mean = draws.iter().sum::<f64>() / f64::from(n);
            assert!((mean / law.moment(1.0) - 1.0).abs() < 1e-3, "{alpha}: {mean}");
            assert!(draws.iter().all(|s| (SHORTEST..=LONGEST).contains(s)));
        }
        assert_eq!((Pareto { alpha: 2.0 }.at(0.0)), SHORTEST);
    }
}
