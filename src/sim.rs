//! The simulated plant: queueing stations in virtual time.
//! It refuses sockets, threads and clocks.

#[cfg(test)]
mod acceptance;
pub mod drive;
pub mod exact;
pub mod plants;
pub mod station;
pub mod weather;
pub mod worker;
pub mod world;
