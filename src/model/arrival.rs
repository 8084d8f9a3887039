//! One wished exchange. It does not know who will do it.

use super::units::Nanos;

/// A request that should happen: its place in the run and when the schedule wanted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Counts from 0, unique over all lanes.
    pub seq: u64,
    /// Intended start. Closed model: when the worker became free.
    pub intended: Nanos,
}
