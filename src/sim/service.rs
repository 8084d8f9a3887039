//! Laws of work: how much a job brings. Constant, exponential, bounded Pareto, lognormal, or a mixture of two constants.
//! They refuse to know who serves a job and how fast.

use crate::model::units::{Nanos, parse_duration};
use std::fmt;

/// Largest over smallest job of the Pareto law. Without a bound the mean of a run would never reach the law's.
const SPREAD: f64 = 1e4;

/// A law of work with mean 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// Every job the same.
    Constant,
    /// Exponential.
    Exponential,
    /// Bounded Pareto, largest 10 000 times the smallest. The tail index lies in [1.01, 10]; the smaller, the heavier.
    Pareto(f64),
    /// Lognormal. The standard deviation of the logarithm lies in (0, 4].
    Lognormal(f64),
    /// A share of the jobs, in (0, 1), is so many times as long as the others, > 0.
    Mixed {
        /// Of the jobs.
        share: f64,
        /// Length of these over the length of the others.
        times: f64,
    },
}

/// A law of work and its mean: the time one server needs for a job, alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Service {
    /// The law.
    pub shape: Shape,
    /// E\[S\], > 0.
    pub mean: Nanos,
}

impl Service {
    /// As typed: `const:5ms`, `exp:5ms`, `pareto:1.5:5ms`, `lognormal:1:80ms`, `mixed:.1:50ms:5ms`.
    ///
    /// # Errors
    /// A sentence with the forms.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fault = |why: &str| {
            format!(
                "service {text:?} {why} (use const:5ms, exp:5ms, pareto:ALPHA:5ms, lognormal:SIGMA:5ms or mixed:SHARE:50ms:5ms)"
            )
        };
        let parts: Vec<&str> = text.split(':').collect();
        let time = |t: &str| parse_duration(t).map_err(|_| fault(&format!("has no positive time in {t:?}")));
        let number = |t: &str, from: f64, to: f64, what: &str| {
            let n = t.parse().ok().filter(|n: &f64| (from..=to).contains(n));
            n.ok_or_else(|| fault(&format!("has a {what} outside {from} to {to}")))
        };
        let (shape, mean) = match parts.as_slice() {
            ["const", mean] => (Shape::Constant, time(mean)?),
            ["exp", mean] => (Shape::Exponential, time(mean)?),
            ["pareto", alpha, mean] => (Shape::Pareto(number(alpha, 1.01, 10.0, "tail index")?), time(mean)?),
            ["lognormal", sigma, mean] => (Shape::Lognormal(number(sigma, 0.001, 4.0, "sigma")?), time(mean)?),
            ["mixed", share, long, short] => {
                return Ok(Self::mixed(
                    number(share, 0.000_001, 0.999_999, "share")?,
                    time(long)?,
                    time(short)?,
                ));
            }
            ["const" | "exp" | "pareto" | "lognormal" | "mixed", ..] => return Err(fault("does not have the parts of its law")),
            [_] => return Err(fault("has no law and mean")),
            _ => return Err(fault("has an unknown law")),
        };
        Ok(Self { shape, mean })
    }

    /// `share` of the jobs take `long`, the others `short`.
    fn mixed(share: f64, long: Nanos, short: Nanos) -> Self {
        let mean = share * long.secs() + (1.0 - share) * short.secs();
        Self {
            shape: Shape::Mixed {
                share,
                times: long.secs() / short.secs(),
            },
            mean: Nanos::from_secs_f64(mean),
        }
    }

    /// E\[S\], s, > 0.
    pub fn mean(&self) -> f64 {
        self.mean.secs()
    }

    /// One job's work, s, ≥ 0.
    pub fn draw(&self, rng: &mut fastrand::Rng) -> f64 {
        self.mean() * self.shape.sampler().draw(rng)
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let us = self.mean.ns() as f64 / 1e3;
        match self.shape {
            Shape::Constant => write!(f, "const:{us}us"),
            Shape::Exponential => write!(f, "exp:{us}us"),
            Shape::Pareto(alpha) => write!(f, "pareto:{alpha}:{us}us"),
            Shape::Lognormal(sigma) => write!(f, "lognormal:{sigma}:{us}us"),
            Shape::Mixed { share, times } => {
                let short = us / (share * times + 1.0 - share);
                write!(f, "mixed:{share}:{}us:{short}us", short * times)
            }
        }
    }
}

impl Shape {
    /// Draws from it, its constants worked out once.
    pub fn sampler(self) -> Sampler {
        match self {
            Self::Constant => Sampler::Constant,
            Self::Exponential => Sampler::Exponential,
            Self::Pareto(alpha) => Sampler::pareto(alpha),
            Self::Lognormal(sigma) => Sampler::Lognormal { sigma },
            Self::Mixed { share, times } => {
                let short = 1.0 / (share * times + 1.0 - share);
                let long = short * times;
                Sampler::Mixed { share, long, short }
            }
        }
    }

    /// Squared coefficient of variation: variance over squared mean, here the variance; ≥ 0.
    pub fn scv(self) -> f64 {
        match self {
            Self::Constant => 0.0,
            Self::Exponential => 1.0,
            Self::Pareto(alpha) => second_moment(alpha) - 1.0,
            Self::Lognormal(sigma) => (sigma * sigma).exp() - 1.0,
            Self::Mixed { share, times } => {
                let short = 1.0 / (share * times + 1.0 - share);
                short * short * (share * times * times + 1.0 - share) - 1.0
            }
        }
    }
}

/// A law of mean 1, ready to draw from.
#[derive(Clone, Copy, Debug)]
pub enum Sampler {
    /// 1.
    Constant,
    /// −ln u.
    Exponential,
    /// smallest·(1 − u·c)^power.
    Pareto {
        /// Smallest job.
        smallest: f64,
        /// Share of the unbounded law below the bound.
        c: f64,
        /// −1/α.
        power: f64,
    },
    /// exp(σ·z − σ²/2).
    Lognormal {
        /// σ.
        sigma: f64,
    },
    /// One of two lengths.
    Mixed {
        /// Of the long ones.
        share: f64,
        /// Their length.
        long: f64,
        /// The others'.
        short: f64,
    },
}

impl Sampler {
    /// The bounded Pareto law by inversion. With smallest L, H = 10 000 L and c = 1 − (L/H)^α:
    /// x = L (1 − u c)^(−1/α), mean = L α/(α−1) (1 − (L/H)^(α−1)) / c.
    fn pareto(alpha: f64) -> Self {
        let c = 1.0 - SPREAD.powf(-alpha);
        let mean_over_smallest = alpha / (alpha - 1.0) * (1.0 - SPREAD.powf(1.0 - alpha)) / c;
        Self::Pareto {
            smallest: 1.0 / mean_over_smallest,
            c,
            power: -1.0 / alpha,
        }
    }

    /// One job, ≥ 0.
    #[inline]
    pub fn draw(self, rng: &mut fastrand::Rng) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Exponential => -(1.0 - rng.f64()).ln(),
            Self::Pareto { smallest, c, power } => smallest * (1.0 - rng.f64() * c).powf(power),
            Self::Lognormal { sigma } => (sigma * normal(rng) - sigma * sigma / 2.0).exp(),
            Self::Mixed { share, long, short } => {
                if rng.f64() < share {
                    long
                } else {
                    short
                }
            }
        }
    }
}

/// Standard normal, by Box and Muller.
pub fn normal(rng: &mut fastrand::Rng) -> f64 {
    let (u, v) = (1.0 - rng.f64(), rng.f64());
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// E\[S²\] of the bounded Pareto law of mean 1: α L²/c · (1 − (L/H)^(α−2))/(α−2).
fn second_moment(alpha: f64) -> f64 {
    let c = 1.0 - SPREAD.powf(-alpha);
    let smallest = c * (alpha - 1.0) / (alpha * (1.0 - SPREAD.powf(1.0 - alpha)));
    let reach = if (alpha - 2.0).abs() < 1e-9 {
        SPREAD.ln()
    } else {
        (1.0 - SPREAD.powf(2.0 - alpha)) / (alpha - 2.0)
    };
    alpha * smallest * smallest / c * reach
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMS: [&str; 5] = [
        "const:5ms",
        "exp:250us",
        "pareto:1.5:5ms",
        "lognormal:1:80ms",
        "mixed:0.1:50ms:5ms",
    ];

    #[test]
    fn every_form_is_read_and_printed_as_something_readable_again() {
        for text in FORMS {
            let law = Service::parse(text).unwrap();

            let again = Service::parse(&law.to_string()).unwrap();

            assert_eq!(again.mean, law.mean, "{text}");
            assert!((again.shape.scv() - law.shape.scv()).abs() < 1e-9, "{text}");
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
            "lognormal:0:5ms",
            "mixed:2:5ms:1ms",
            "mixed:.5:5ms",
        ] {
            let fault = Service::parse(text).unwrap_err();

            assert!(fault.contains("use const:5ms"), "{text}: {fault}");
        }
    }

    #[test]
    fn draws_have_the_mean_and_the_variance_they_claim() {
        let mut rng = fastrand::Rng::with_seed(7);
        for (text, mean_within, scv_within) in [
            ("const:5ms", 1e-9, 1e-9),
            ("exp:5ms", 0.01, 0.03),
            ("pareto:1.5:5ms", 0.05, f64::INFINITY),
            ("pareto:3.5:5ms", 0.01, 0.1),
            ("lognormal:1:80ms", 0.02, 0.15),
            ("mixed:.1:50ms:5ms", 0.02, 0.03),
        ] {
            let law = Service::parse(text).unwrap();
            let draws: Vec<f64> = (0..400_000).map(|_| law.draw(&mut rng) / law.mean()).collect();

            let mean = draws.iter().sum::<f64>() / draws.len() as f64;
            let square = draws.iter().map(|d| d * d).sum::<f64>() / draws.len() as f64;

            assert!((mean - 1.0).abs() < mean_within, "{text}: {mean}");
            let off = square - 1.0 - law.shape.scv();
            assert!(
                off.abs() <= scv_within * law.shape.scv().max(1.0),
                "{text}: {square} {}",
                law.shape.scv()
            );
        }
    }

    #[test]
    fn the_second_moment_of_the_heavy_law_is_that_of_its_quantiles() {
        // Midpoints of two million equal slices of u; the largest jobs are not resolved better than this.
        let (n, law) = (2_000_000u32, Sampler::pareto(1.5));
        let Sampler::Pareto { smallest, c, power } = law else {
            unreachable!()
        };

        let square: f64 = (0..n)
            .map(|i| (smallest * (1.0 - (f64::from(i) + 0.5) / f64::from(n) * c).powf(power)).powi(2))
            .sum();

        assert!((square / f64::from(n) / second_moment(1.5) - 1.0).abs() < 0.02);
    }
}
