//! Open arrivals: when exchanges should happen, and what waits until somebody can do them. Told the time, no I/O.
//!
//! ```text
//!  Arrivals: gaps of mean 1 ─► Schedule: moments at the live rate ─► Backlog: queue, overflow policy, counts ─► worker
//! ```

pub mod backlog;
pub mod burst;
pub mod constant;
pub mod poisson;
pub mod schedule;

pub use crate::model::arrival::Process;
pub use backlog::{Backlog, Offer};
pub use schedule::Schedule;

/// Gaps between arrivals in expected arrivals: no unit, mean 1, ≥ 0. A `Schedule` takes one per arrival and spreads it
/// over the live rate, so a gap must not depend on time.
pub trait Arrivals: std::fmt::Debug + Send {
    /// The gap before the next arrival.
    fn gap(&mut self) -> f64;
}

impl Process {
    /// The process itself, deterministic by seed.
    pub fn arrivals(self, seed: u64) -> Box<dyn Arrivals> {
        match self {
            Self::Constant => Box::new(constant::Constant),
            Self::Poisson => Box::new(poisson::Poisson::new(seed)),
            Self::Burst(size) => Box::new(burst::Burst::new(size)),
            Self::Uniform | Self::Pareto | Self::Trace => Box::new(constant::Constant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_process_has_gaps_of_mean_one() {
        for process in [Process::Constant, Process::Poisson, Process::Burst(50)] {
            let mut arrivals = process.arrivals(3);

            let mean = (0..1_000_000).map(|_| arrivals.gap()).sum::<f64>() / 1e6;

            // 5 sigma of a million exponential gaps.
            assert!((mean - 1.0).abs() < 5e-3, "{process:?}: {mean}");
        }
    }
}
