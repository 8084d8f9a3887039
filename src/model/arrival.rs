//! One wished exchange, and the law by which wishes come. Neither knows who will do it.

use super::units::Nanos;

/// A request that should happen: its place in the run and when the schedule wanted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Counts from 0, unique over all lanes.
    pub seq: u64,
    /// Intended start. Closed model: when the worker became free.
    pub intended: Nanos,
    /// Since when it may be sent, ≥ `intended`: later where a throttle had no credit for it.
    pub ready: Nanos,
}

impl Arrival {
    /// One that may be sent when it is wanted.
    pub fn at(seq: u64, intended: Nanos) -> Self {
        Self {
            seq,
            intended,
            ready: intended,
        }
    }
}

/// Which arrival process the open model follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Process {
    /// Equal gaps: requests spread evenly in the second.
    #[default]
    Constant,
    /// Exponential gaps: independent users, each rare.
    Poisson,
    /// So many at once, ≥ 1, then a gap as long as they were owed; 0: a second's worth at the start of every second.
    Burst(u32),
    /// Gaps uniform in [0, 2]: a metronome with jitter.
    Uniform,
    /// On and off periods of Pareto length: bursts on every time scale.
    Pareto,
    /// The moments of a recorded trace.
    Trace,
}

impl Process {
    /// All that `--arrivals` knows without a file.
    pub const ALL: [Self; 5] = [Self::Constant, Self::Poisson, Self::Burst(0), Self::Uniform, Self::Pareto];

    /// As typed and printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Poisson => "poisson",
            Self::Burst(_) => "burst",
            Self::Uniform => "uniform",
            Self::Pareto => "pareto",
            Self::Trace => "trace",
        }
    }
}
