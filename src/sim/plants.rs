//! The named plants of the simulator, as data: rate law, delay, work law, and how they change.
//! They run nothing; `World` does, and `exact` says what they can give.

use super::exact;
use crate::model::run::Truth;
use crate::model::units::Nanos;

/// Total rate of a station with n ≥ 1 jobs in it, 1/s (the mean job is one unit of work).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    /// min(n, `count`)·`rate`: equal servers.
    Servers {
        /// Servers, ≥ 1.
        count: u32,
        /// Rate of one, 1/s.
        rate: f64,
    },
    /// Gunther's universal scalability law: `lambda`·n/(1 + `alpha`(n−1) + `beta`·n(n−1)).
    Usl {
        /// Rate with one job, 1/s.
        lambda: f64,
        /// Contention.
        alpha: f64,
        /// Coherency.
        beta: f64,
        /// Servers: more jobs than these only disturb.
        servers: f64,
    },
    /// `rate`/(1 + `slope`(n−1)): every further job only disturbs.
    Decline {
        /// Rate with one job, 1/s.
        rate: f64,
        /// Loss per further job.
        slope: f64,
    },
    /// Linear between points (n, 1/s) in rising order of n, flat beyond the last; all rates times `times`.
    Table {
        /// The points.
        points: &'static [(f64, f64)],
        /// Scale of the rates.
        times: f64,
    },
}

impl Law {
    /// Total rate with `n` ≥ 1 jobs, 1/s.
    pub fn rate(&self, n: u32) -> f64 {
        let m = f64::from(n);
        match *self {
            Self::Servers { count, rate } => m.min(f64::from(count)) * rate,
            Self::Usl {
                lambda,
                alpha,
                beta,
                servers,
            } => lambda * m.min(servers) / (1.0 + (m - 1.0) * (alpha + beta * m)),
            Self::Decline { rate, slope } => rate / (1.0 + slope * (m - 1.0)),
            Self::Table { points, times } => times * interpolate(points, m),
        }
    }

    fn faster(self, by: f64) -> Self {
        match self {
            Self::Servers { count, rate } => Self::Servers { count, rate: rate * by },
            Self::Usl {
                lambda,
                alpha,
                beta,
                servers,
            } => Self::Usl {
                lambda: lambda * by,
                alpha,
                beta,
                servers,
            },
            Self::Decline { rate, slope } => Self::Decline { rate: rate * by, slope },
            Self::Table { points, times } => Self::Table {
                points,
                times: times * by,
            },
        }
    }
}

fn interpolate(points: &[(f64, f64)], n: f64) -> f64 {
    let i = points.partition_point(|p| p.0 <= n);
    match (i.checked_sub(1).map(|j| points[j]), points.get(i)) {
        (Some((a, x)), Some((b, y))) => x + (y - x) * (n - a) / (b - a),
        (Some((_, x)), None) => x,
        (None, first) => first.map_or(0.0, |p| p.1),
    }
}

/// Law of job sizes; the mean is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Exponential.
    Exponential,
    /// Bounded Pareto, exponent 1.5, largest = 10⁴ × smallest.
    Pareto,
}

impl Work {
    /// The size of one job, > 0.
    pub fn draw(self, rng: &mut fastrand::Rng) -> f64 {
        let u = 1.0 - rng.f64(); // in (0, 1]
        match self {
            Self::Exponential => -u.ln(),
            Self::Pareto => pareto(u),
        }
    }
}

/// Bounded Pareto with exponent a = 1.5 on [L, 10⁴·L] by inversion, mean 1: L = (1 − k^−a)/(3·(1 − k^−½)), k = 10⁴.
fn pareto(u: f64) -> f64 {
    const A: f64 = 1.5;
    const K: f64 = 1e4;
    let tail = 1.0 - K.powf(-A);
    let least = tail / (3.0 * (1.0 - K.powf(-0.5)));
    least * (1.0 - (1.0 - u) * tail).powf(-1.0 / A)
}

/// From a moment on, what the plant is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// When it begins, since run start.
    pub from: Nanos,
    /// The station.
    pub law: Law,
    /// Mean delay outside the station, s, half on the way there, half on the way back; each ±10 %.
    pub think: f64,
}

/// What a simulated plant is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// Its name.
    pub name: &'static str,
    /// What it is, in time order; the first from zero.
    pub stretches: Vec<Stretch>,
    /// Job sizes.
    pub work: Work,
    /// Time constant of a warm-up, s: the rate is multiplied by 1 − 0.8·exp(−t/warm).
    pub warm: Option<f64>,
    /// The rate is multiplied by noise, fast and slow.
    pub noisy: bool,
}

/// Every plant there is.
pub const NAMES: [&str; 16] = [
    "mmc", "usl", "uslsteep", "flat", "latup", "latdown", "capdrop", "caprise", "pareto", "noisy", "warm", "twopeak", "huge",
    "tiny", "slow", "usl64",
];

/// When the changing plants change.
pub const CHANGE: Nanos = Nanos::from_secs(30);

const TWO_PEAKS: [(f64, f64); 7] = [
    (0.0, 0.0),
    (20.0, 800.0),
    (50.0, 600.0),
    (120.0, 1200.0),
    (220.0, 1000.0),
    (500.0, 600.0),
    (2000.0, 300.0),
];

impl Recipe {
    /// A plant by name; `None` for an unknown one.
    pub fn named(name: &str) -> Option<Self> {
        let name = NAMES.into_iter().find(|n| *n == name)?;
        let eight = servers(8, 250.0);
        let sixteen = servers(16, 250.0);
        let (good, poor) = (usl(100.0, 0.02, 0.0004), usl(100.0, 0.05, 0.003));
        let stretches = match name {
            "mmc" | "pareto" | "noisy" => vec![(eight, 0.005)],
            "usl" => vec![(good, 0.001)],
            "usl64" => vec![(among(64.0, good), 0.001)],
            "uslsteep" => vec![(usl(400.0, 0.05, 0.005), 0.0005)],
            "flat" => vec![(servers(4, 750.0), 0.020)],
            "latup" => vec![(sixteen, 0.001), (sixteen, 0.020)],
            "latdown" => vec![(sixteen, 0.020), (sixteen, 0.001)],
            "capdrop" => vec![(good, 0.001), (poor, 0.001)],
            "caprise" => vec![(poor, 0.001), (good, 0.001)],
            "warm" => vec![(sixteen, 0.005)],
            "huge" => vec![(servers(64, 312.5), 0.250)],
            "tiny" => vec![(Law::Decline { rate: 500.0, slope: 0.1 }, 0.000_05)],
            "slow" => vec![(servers(4, 5.0), 0.0)],
            _ => vec![(
                Law::Table {
                    points: &TWO_PEAKS,
                    times: 1.0,
                },
                0.002,
            )],
        };
        let at = |i| if i == 0 { Nanos::ZERO } else { CHANGE };
        let stretches = stretches.into_iter().enumerate();
        Some(Self {
            name,
            stretches: stretches
                .map(|(i, (law, think))| Stretch { from: at(i), law, think })
                .collect(),
            work: if name == "pareto" { Work::Pareto } else { Work::Exponential },
            noisy: name == "noisy",
            warm: (name == "warm").then_some(8.0),
        })
    }

    /// The same plant with rates and delays moved by up to ±`share`, for judging on plants nobody tuned for.
    pub fn jittered(&self, seed: u64, share: f64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut factor = || 1.0 + share * (2.0 * rng.f64() - 1.0);
        let (rate, think) = (factor(), factor());
        let mut other = self.clone();
        for s in &mut other.stretches {
            s.law = s.law.faster(rate);
            s.think *= think;
        }
        other
    }

    /// The stretch in force at a moment.
    pub fn stretch(&self, at: Nanos) -> Stretch {
        let i = self.stretches.partition_point(|s| s.from <= at);
        self.stretches[i.saturating_sub(1)]
    }

    /// Exact good rates X(1 ..= `n_max`) in force at a moment, 1/s; warmed up.
    pub fn rates(&self, at: Nanos, n_max: u32) -> Vec<f64> {
        let s = self.stretch(at);
        exact::throughput(|n| s.law.rate(n), s.think, n_max)
    }

    /// Exact best and knee at a moment; warmed up. Looks as far as the best lies well inside.
    pub fn truth(&self, at: Nanos) -> Truth {
        let mut n_max = 256;
        loop {
            let truth = exact::truth(self.name, &self.rates(at, n_max));
            if truth.best_workers <= n_max / 2 || n_max >= 16_384 {
                return truth;
            }
            n_max *= 2;
        }
    }
}

fn servers(count: u32, rate: f64) -> Law {
    Law::Servers { count, rate }
}

fn usl(lambda: f64, alpha: f64, beta: f64) -> Law {
    Law::Usl {
        lambda,
        alpha,
        beta,
        servers: f64::INFINITY,
    }
}

/// The same law with so many servers.
fn among(servers: f64, law: Law) -> Law {
    match law {
        Law::Usl { lambda, alpha, beta, .. } => Law::Usl {
            lambda,
            alpha,
            beta,
            servers,
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn best_and_knee_of_every_plant_are_the_published_ones() {
        // (plant, after its change, N with 99.9 % of the best, N with 98 %, best /s)
        let table = [
            ("mmc", false, 27, 22, 2000.0),
            ("usl64", false, 49, 41, 1689.0),
            ("usl", false, 49, 41, 1689.0),
            ("uslsteep", false, 15, 13, 2183.0),
            ("flat", false, 85, 73, 3000.0),
            ("latup", false, 25, 22, 4000.0),
            ("latup", true, 118, 104, 4000.0),
            ("capdrop", false, 49, 41, 1689.0),
            ("capdrop", true, 18, 15, 650.0),
            ("warm", false, 47, 40, 4000.0),
            ("twopeak", false, 123, 119, 1195.0),
            ("tiny", false, 1, 1, 488.0),
            ("slow", false, 4, 4, 20.0),
        ];
        for (name, after, best, knee, rate) in table {
            let at = if after { CHANGE } else { Nanos::ZERO };

            let t = Recipe::named(name).unwrap().truth(at);

            assert_eq!((t.best_workers, t.knee_workers), (best, knee), "{name} {after}");
            assert!((t.best_rps / rate - 1.0).abs() < 1e-3, "{name} {}", t.best_rps);
        }
    }

    #[test]
    fn the_huge_plant_needs_five_thousand_workers() {
        let xs = Recipe::named("huge").unwrap().rates(Nanos::ZERO, 5_400);

        let t = exact::truth("huge", &xs);

        assert_eq!(t.knee_workers, 4_993);
        assert!((5_160..=5_200).contains(&t.best_workers), "{}", t.best_workers);
    }

    #[test]
    fn every_name_is_a_plant() {
        assert!(NAMES.iter().all(|n| Recipe::named(n).is_some()));
        assert!(Recipe::named("nothing").is_none());
    }

    #[test]
    fn the_mean_job_is_one_unit_of_work() {
        let n = 1_000_000;

        let mean = (1..=n).map(|i| pareto(f64::from(i) / f64::from(n))).sum::<f64>() / f64::from(n);

        assert!((mean - 1.0).abs() < 0.02, "{mean}");
    }
}
