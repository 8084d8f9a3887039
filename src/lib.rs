//! `clobber`: an interactive load tester that finds by feedback how many workers give the highest goodput.

pub mod answer;
pub mod clock;
pub mod conduct;
pub mod control;
pub mod engine;
pub mod link;
pub mod model;
pub mod net;
pub mod plan;
pub mod protocol;
pub mod report;
pub mod serve;
pub mod sim;
pub mod telemetry;
pub mod ui;
