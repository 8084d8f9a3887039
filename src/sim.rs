//! The simulated plant: queueing stations in virtual time.
//! It refuses sockets, threads and clocks.

pub mod station;
