//! The open model against the truth: every arrival of the schedule is measured from when it was due. Cases A01 … A33.
//! The default run judges counts, classes and one-sided facts; bounds in ms and % need `tests/run --full`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "support/neighbour.rs"]
mod beside;
#[path = "accuracy/generator.rs"]
mod generator;
#[path = "accuracy/known.rs"]
mod known;
#[path = "accuracy/neighbour.rs"]
mod neighbour;
#[path = "accuracy/paced.rs"]
mod paced;
#[path = "support/product.rs"]
mod product;
#[path = "support/quiet.rs"]
mod quiet;
#[path = "accuracy/ran.rs"]
#[allow(dead_code, reason = "shared with the closed model's cases")]
mod ran;
#[path = "support/schema.rs"]
mod schema;
#[path = "accuracy/stalls.rs"]
mod stalls;
#[path = "support/truth.rs"]
mod truth;
