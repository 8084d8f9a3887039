//! The simulated plant: queueing stations in virtual time.
//! It refuses sockets, threads and clocks.

#[cfg(test)]
mod acceptance;
pub mod answers;
pub mod bakeoff;
pub mod drive;
pub mod ewf;
pub mod exact;
#[cfg(test)]
mod exactness;
pub mod options;
pub mod plants;
pub mod promises;
pub mod service;
pub mod setpoints;
pub mod station;
pub mod target;
#[cfg(test)]
mod tuning;
pub mod watched;
pub mod weather;
pub mod worker;
pub mod world;
