//! What one step of the inner loops costs, on one core, without a network: `cargo bench --bench inner`.
//! One call is one request, arrival, interval, tick or frame; divan prints ns or µs a call.
//! It refuses to judge: figures are for reading beside the ones before a change.
#![allow(clippy::unwrap_used, reason = "a bench that cannot go on stops there")]

#[path = "inner/arrivals.rs"]
mod arrivals;
#[path = "inner/conductor.rs"]
mod conductor;
#[path = "inner/recording.rs"]
mod recording;
#[path = "inner/screen.rs"]
mod screen;
#[path = "inner/wire.rs"]
mod wire;

fn main() {
    divan::main();
}
