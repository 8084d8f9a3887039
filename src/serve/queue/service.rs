//! How much work a job brings: constant, exponential or bounded Pareto.
//! It refuses to know who serves it and how fast.

use crate::model::units::{Nanos, parse_duration};
use std::fmt;

/// Largest over smallest job of the Pareto law. Without a bound the mean of a run would never reach the law's.
const SPREAD: f64 = 1e4;

/// The law of a job's work: the time one server needs for it, alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Service {
    /// Every job the same.
    Constant(Nanos),
    /// Exponential with this mean.
    Exponential(Nanos),
    /// Bounded Pareto, largest 10 000 times the smallest.
    Pareto {
        /// Tail index, in (1, 10]; the smaller, the heavier.
        alpha: f64,
        /// Mean of the bounded law.
        mean: Nanos,
    },
}

impl Service {
    /// As typed: `const:5ms`, `exp:5ms`, `pareto:1.5:5ms`.
    ///
    /// # Errors
    /// A sentence with the three forms.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fault = |why: String| format!("service {text:?} {why} (use const:5ms, exp:5ms or pareto:1.5:5ms)");
        let (law, rest) = text.split_once(':').ok_or_else(|| fault("has no law and mean".into()))?;
        let mean = |t: &str| parse_duration(t).map_err(|_| fault(format!("has no positive mean in {t:?}")));
        match law {
            "const" => Ok(Self::Constant(mean(rest)?)),
            "exp" => Ok(Self::Exponential(mean(rest)?)),
            "pareto" => {
                let (alpha, length) = rest.split_once(':').ok_or_else(|| fault("lacks its mean".into()))?;
                let alpha = alpha.parse().ok().filter(|a| (1.01..=10.0).contains(a));
                let alpha = alpha.ok_or_else(|| fault("has a tail index outside 1.01 to 10".into()))?;
                let mean = mean(length)?;
                Ok(Self::Pareto { alpha, mean })
            }
            _ => Err(fault(format!("has the unknown law {law:?}"))),
        }
    }

    /// E\[S\], s, > 0.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Constant(mean) | Self::Exponential(mean) | Self::Pareto { mean, .. } => mean.secs(),
        }
    }

    /// One job's work, s, ≥ 0.
    pub fn draw(&self, rng: &mut fastrand::Rng) -> f64 {
        match *self {
            Self::Constant(mean) => mean.secs(),
            Self::Exponential(mean) => -mean.secs() * (1.0 - rng.f64()).ln(),
            Self::Pareto { alpha, mean } => mean.secs() * unit_pareto(alpha, rng.f64()),
        }
    }
}

/// The bounded Pareto law of mean 1 by inversion. With smallest L, H = 10 000 L and c = 1 − (L/H)^α:
/// x = L (1 − u c)^(−1/α), mean = L α/(α−1) (1 − (L/H)^(α−1)) / c.
fn unit_pareto(alpha: f64, u: f64) -> f64 {
    let c = 1.0 - SPREAD.powf(-alpha);
    let mean_over_smallest = alpha / (alpha - 1.0) * (1.0 - SPREAD.powf(1.0 - alpha)) / c;
    (1.0 - u * c).powf(-1.0 / alpha) / mean_over_smallest
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (law, mean) = match self {
            Self::Constant(mean) => ("const".to_owned(), mean),
            Self::Exponential(mean) => ("exp".to_owned(), mean),
            Self::Pareto { alpha, mean } => (format!("pareto:{alpha}"), mean),
        };
        write!(f, "{law}:{}us", mean.ns() as f64 / 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_are_read_and_printed_as_something_readable_again() {
        for text in ["const:5ms", "exp:250us", "pareto:1.5:5ms"] {
            let law = Service::parse(text).unwrap();

            assert_eq!(Service::parse(&law.to_string()), Ok(law), "{text}");
        }
    }

    #[test]
    fn faults_name_the_remedy() {
        for text in [
            "",
            "5ms",
            "exp",
            "exp:",
            "exp:-5ms",
            "normal:5ms",
            "pareto:5ms",
            "pareto:0.5:5ms",
            "pareto:NaN:5ms",
        ] {
            let fault = Service::parse(text).unwrap_err();

            assert!(fault.contains("use const:5ms"), "{text}: {fault}");
        }
    }

    #[test]
    fn draws_have_the_mean_they_claim() {
        let mut rng = fastrand::Rng::with_seed(7);
        for (text, tolerance) in [("const:5ms", 1e-9), ("exp:5ms", 0.01), ("pareto:1.5:5ms", 0.05)] {
            let law = Service::parse(text).unwrap();

            let mean = (0..400_000).map(|_| law.draw(&mut rng)).sum::<f64>() / 400_000.0;

            assert!((mean / law.mean() - 1.0).abs() < tolerance, "{text}: {mean}");
        }
    }
}
