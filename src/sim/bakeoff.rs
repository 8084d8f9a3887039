//! Every controller on every plant, scored against the exact truth: what a run loses, and how fast it gets there.
//! It refuses clocks and threads: a task is a pure function of the plan, and whoever calls it may spread them.
//!
//! ```text
//!  plan ─► tasks (plant, seed) ─► oracle: the best fixed workers, once ─┐
//!                            └──► trial: the conductor, per controller ─┴─► score ─► cells (medians over seeds)
//! ```

mod cell;
mod oracle;
mod plan;
mod score;
mod trial;

pub use plan::{Done, Plan, Task};
pub use score::Score;

use crate::model::units::Nanos;

/// The control period.
const TICK: Nanos = Nanos::from_millis(100);
/// Ticks of a run.
const TICKS: usize = 600;
/// Responses count from here on.
const LATE: Nanos = Nanos::from_secs(40);
/// Most workers.
const MOST: u32 = 16_384;
