//! `clobber`: an interactive load tester. It starts sending, finds by feedback control how many workers give the
//! highest goodput, keeps tracking as the target changes, and shows why.
//!
//! # Three makers of the world, one conductor
//! A pure [`conduct::Conductor`] (commands, script, regulator, books, columns, frames) drives a [`conduct::Plant`]:
//! lanes of sockets (`engine`), or a simulated queueing station in virtual time ([`sim`]). What is tested in virtual time
//! is what runs. Front ends know one waist, [`link::Link`]: commands up, frames down.
//!
//! ```text
//!   ui ─┐                        ┌─ engine::Lanes ── protocol ── net ── sockets
//!       ├─ Link ── Conductor ────┤
//!  headless                      └─ sim::World (virtual time)
//!            frames ◄── telemetry ◄── Interval
//!            commands ─► setpoints ─► control ─► Demand
//! ```
//!
//! # Rooms
//! | room | what |
//! |---|---|
//! | [`model`] | words: units, outcomes, commands, setpoints |
//! | [`telemetry`] | measured things: histograms, tallies, columns, curve, the frame |
//! | [`control`] | control laws, pure |
//! | [`load`] | open arrivals: schedule and backlog |
//! | [`conduct`] | one tick of a run, over any plant |
//! | [`sim`], `engine` | the two plants |
//! | [`net`], [`protocol`] | connections, and how an exchange is spoken, sans-I/O |
//! | [`answer`], [`report`] | verdict and advice; JSON, text, CSV |
//! | [`serve`] | built-in targets of known truth |
//! | [`ui`], [`headless`] | front ends |
//! | [`cli`], [`plan`], [`app`] | flags as typed, what they mean, and the composition of it all |
//!
//! # Words
//! *intended* start: when the schedule wanted a request. *response* = end − intended, *service* = end − sent,
//! *wait* = sent − intended. *worker*: one request in flight at most. *knee*: the fewest workers with at least 98 % of the
//! best good rate. *plant*: network, workers and target together.

pub mod answer;
pub mod app;
pub mod cli;
pub mod clock;
pub mod conduct;
pub mod control;
pub mod engine;
pub mod headless;
pub mod link;
pub mod load;
pub mod model;
pub mod net;
pub mod plan;
pub mod protocol;
pub mod report;
pub mod serve;
pub mod sim;
pub mod telemetry;
pub mod ui;
