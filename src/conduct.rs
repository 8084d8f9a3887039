//! The conductor: commands, script, regulator, books, columns and frames over any plant, in real or virtual time.
//! It refuses to know what a plant is made of.
//!
//! ```text
//!  plant ──Interval──► ledger ─► axis, steady, curve ─┐
//!  desk, script ─► orders ─► setpoints ─► regulator ──┼─► Demand ─► plant
//!                                                     └─► Frame
//! ```

mod axis;
mod conductor;
mod ending;
mod experiments;
mod generator;
mod guard;
mod ledger;
mod observe;
mod orders;
mod outage;
mod outside;
mod play;
mod publish;
mod quiet;
mod record;
mod shift;
mod standstill;
mod steady;
mod traffic;
mod vigil;

pub use conductor::{Conductor, Limits};
pub use observe::observe;
pub use orders::Said;
pub use outside::SnapshotWish;

use crate::model::demand::Demand;
use crate::model::units::Nanos;
use crate::telemetry::interval::Interval;

/// Network, workers and target together. Real (`engine::Lanes`), simulated (`sim::World`).
/// Called from the conductor's thread only, once a tick: `collect`, then `set`.
pub trait Plant {
    /// From now on. Takes effect at the plant's next beat (≤ 10 ms); never blocks.
    fn set(&mut self, demand: Demand);

    /// Everything since the last call, with the span it covers; `heard < lanes` means no evidence, not zero.
    /// Never blocks.
    fn collect(&mut self, now: Nanos) -> Interval;
}
