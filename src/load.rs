//! Open arrivals: when exchanges should happen, and what waits until somebody can do them. Told the time, no I/O.
//!
//! ```text
//!  Arrivals: gaps of mean 1 ─► Schedule: moments at the live rate ─► Backlog: queue, overflow policy, counts ─► worker
//! ```

pub mod backlog;
pub mod burst;
pub mod constant;
pub mod pareto;
pub mod poisson;
pub mod schedule;
pub mod stages;
pub mod throttle;
pub mod trace;
pub mod uniform;

pub use crate::model::arrival::Process;
pub use backlog::{Backlog, Offer};
pub use schedule::{Pace, Schedule};
pub use stages::Stages;
pub use throttle::Throttle;
pub use trace::Trace;

use std::sync::Arc;

/// Gaps between arrivals in expected arrivals: no unit, mean 1, ≥ 0. A `Schedule` takes one per arrival and spreads it
/// over the live rate, so a gap must not depend on time.
pub trait Arrivals: std::fmt::Debug + Send {
    /// The gap before the next arrival; infinite: there is none.
    fn gap(&mut self) -> f64;
}

impl Process {
    /// The process itself, deterministic by seed. `Burst(0)` is even: its seconds are the schedule's. `Trace` has no
    /// moments of its own: they are in [`Traffic`].
    pub fn arrivals(self, seed: u64) -> Box<dyn Arrivals> {
        match self {
            Self::Constant | Self::Burst(0) | Self::Trace => Box::new(constant::Constant),
            Self::Poisson => Box::new(poisson::Poisson::new(seed)),
            Self::Burst(size) => Box::new(burst::Burst::new(size)),
            Self::Uniform => Box::new(uniform::Uniform::new(seed)),
            Self::Pareto => Box::new(pareto::Pareto::new(seed)),
        }
    }
}

/// What is fixed about the open traffic of a run; the rest is in the demand and may change.
#[derive(Clone, Debug)]
pub struct Traffic {
    /// Arrivals that may wait, ≥ 1.
    pub capacity: usize,
    /// Levels over time, for a demand that is staged.
    pub stages: Option<Arc<Stages>>,
    /// Moments for a demand of process `Trace`.
    pub trace: Option<Trace>,
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            capacity: backlog::CAPACITY,
            stages: None,
            trace: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_process_has_gaps_of_mean_one() {
        for process in Process::ALL.into_iter().chain([Process::Burst(50)]) {
            let mut arrivals = process.arrivals(3);

            let mean = (0..1_000_000).map(|_| arrivals.gap()).sum::<f64>() / 1e6;

            // 5 sigma of a million exponential gaps; of 344 000 bursts and silences of deviation 9.1 and 6.8 at a length of 2.9.
            let sigma = if process == Process::Pareto { 6.6e-3 } else { 1e-3 };
            assert!((mean - 1.0).abs() < 5.0 * sigma, "{process:?}: {mean}");
        }
    }
}
