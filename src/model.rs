//! The words everything else is written in: units, arrivals, outcomes, commands, setpoints.
//! It knows no other room, no clock and no I/O.

pub mod arrival;
pub mod command;
pub mod demand;
pub mod expr;
pub mod failure;
pub mod format;
pub mod notice;
pub mod promise;
pub mod run;
pub mod seen;
pub mod setpoints;
pub mod units;
