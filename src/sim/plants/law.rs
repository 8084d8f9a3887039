//! Rate laws of a station: how fast it works with so many jobs in it.
//! They know nothing of what a job is.

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

    /// The same law, every rate times `by`.
    pub(super) fn faster(self, by: f64) -> Self {
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

impl Law {
    /// Servers, where there is a number of them.
    pub fn servers(&self) -> Option<u32> {
        match *self {
            Self::Servers { count, .. } => Some(count),
            Self::Usl { servers, .. } if servers.is_finite() => Some(servers as u32),
            _ => None,
        }
    }

    /// The same law with so many servers; a law without a number of them stays what it is.
    pub(super) fn among(self, servers: u32) -> Self {
        match self {
            Self::Servers { rate, .. } => Self::Servers { count: servers, rate },
            Self::Usl { lambda, alpha, beta, .. } => Self::Usl {
                lambda,
                alpha,
                beta,
                servers: f64::from(servers),
            },
            other => other,
        }
    }

    /// `times` as many servers, at least one.
    pub(super) fn wider(self, times: f64) -> Self {
        let more = |n: u32| (f64::from(n) * times).round().max(1.0) as u32;
        self.servers().map_or(self, |n| self.among(more(n)))
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

/// `count` servers of `rate` each, 1/s.
pub(super) const fn servers(count: u32, rate: f64) -> Law {
    Law::Servers { count, rate }
}

/// The universal scalability law without a bound of servers.
pub(super) const fn usl(lambda: f64, alpha: f64, beta: f64) -> Law {
    Law::Usl {
        lambda,
        alpha,
        beta,
        servers: f64::INFINITY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_law_gives_the_rates_by_hand() {
        let table = Law::Table {
            points: &[(0.0, 0.0), (20.0, 800.0), (50.0, 600.0)],
            times: 2.0,
        };

        assert_eq!([1, 8, 9].map(|n| servers(8, 250.0).rate(n)), [250.0, 2000.0, 2000.0]);
        assert_eq!([1, 2].map(|n| usl(100.0, 0.5, 0.25).rate(n)), [100.0, 100.0]);
        assert_eq!(
            [1, 11].map(|n| Law::Decline { rate: 500.0, slope: 0.1 }.rate(n)),
            [500.0, 250.0]
        );
        assert_eq!([5, 20, 35, 900].map(|n| table.rate(n)), [400.0, 1600.0, 1400.0, 1200.0]);
        assert_eq!(servers(8, 250.0).faster(2.0).rate(9), 4000.0);
        assert_eq!(usl(100.0, 0.0, 0.0).among(4).wider(2.5).rate(99), 1000.0);
    }
}
