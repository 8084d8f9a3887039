//! What the conductor asks of a plant from now on.
//! It is a wish: the plant says in its intervals what it made of it.

use super::arrival::Process;
use super::promise::TERMS;
use super::units::Nanos;

/// Whether exchanges start, finish, or are cut off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Drive {
    /// Start new exchanges.
    #[default]
    Run,
    /// Start none; those under way finish. The schedule's time stands still.
    Pause,
    /// Start none beyond those already due; those under way finish. There is no way back.
    Drain,
    /// Cut off what is under way, with its age recorded. There is no way back.
    Abort,
}

/// What happens to an arrival when the client queue is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// The newest arrival is shed; not an error.
    #[default]
    Drop,
    /// It ends at once as an error, `local_queue`.
    Reject,
    /// The schedule slips, and the slip is measured.
    Block,
}

impl Overflow {
    /// As typed and printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Reject => "reject",
            Self::Block => "block",
        }
    }
}

/// Demand on a plant. Copied, small, sent every tick.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Demand {
    /// Exchanges allowed at once; ≥ 0. The fraction is one duty worker's share of time.
    pub workers: f64,
    /// Arrivals per second; `None` in the closed model.
    pub rate: Option<f64>,
    /// The stages of the run give the rate, where there are any (closed model: the workers).
    pub staged: bool,
    /// No arrival comes due after that, since run start (open model).
    pub until: Option<Nanos>,
    /// New workers start spread evenly over this time.
    pub stagger: Nanos,
    /// How arrivals come (open model).
    pub arrivals: Process,
    /// Most exchanges in flight; an arrival above it is shed. `None`: the workers alone are the limit (open model).
    pub cap: Option<u32>,
    /// Count cohorts of arrivals against these limits; `None`: none are kept.
    pub limits: Option<[Nanos; TERMS]>,
    /// Policy of the client queue (open model).
    pub overflow: Overflow,
    /// The target is down: whoever finds no connection tries again at an even pace, or at once where arrivals wait.
    pub trying: bool,
    /// Start, pause, drain or abort.
    pub drive: Drive,
}
