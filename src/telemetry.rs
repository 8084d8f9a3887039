//! What was measured: histograms, tallies, columns, windows, books, and the frame that shows them.
//! It never decides and never waits; everything is given to it with its time.

pub mod batches;
pub mod books;
pub mod cohorts;
pub mod column;
pub mod connects;
pub mod curve;
pub mod delayed_ack;
pub mod experiment;
pub mod flow;
pub mod frame;
pub mod grid;
pub mod interval;
pub mod latency;
pub mod outage;
pub mod promise;
pub mod rates;
pub mod samples;
pub mod scores;
pub mod tally;
pub mod threshold;
pub mod validity;
pub mod visits;
pub mod window;
