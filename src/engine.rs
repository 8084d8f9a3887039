//! The real plant: lanes of sockets. A lane is one thread with one runtime; its connections never move to another.
//! It refuses to judge what it measures, and to know a protocol by name.
//!
//! ```text
//!   conductor ── Orders (atomics, latest wins) ──▶ lane: every 10 ms a beat ── starts, stirs, expires ──▶ workers
//!       ▲                                            │                                                   │
//!       └──── Interval, bounded, every 100 ms ───────┘◀──────────── tally, roster (plain cells) ─────────┘
//! ```
//!
//! In the open model all lanes pull arrivals from one queue (`due`), woken by their alarms. The closed model never touches it:
//! its per-request path has no lock, no channel, no timer and no allocation. Deadlines are kept by the lane's sweep, and
//! latencies go into histograms that belong to the lane.

mod alarm;
mod attend;
mod beat;
mod due;
mod exchange;
mod gate;
mod health;
mod idlers;
mod lane;
mod lanes;
mod launch;
mod open;
mod orders;
mod ports;
mod rack;
mod ramp;
mod rawlog;
mod room;
mod roster;
mod slot;
mod supply;
mod worker;

#[cfg(test)]
mod arrivals;
#[cfg(test)]
mod crowd;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod unheard;

pub use lanes::Lanes;
pub use launch::{Done, First, Seat, launch};
pub use rawlog::{Outlet, RawLog};
