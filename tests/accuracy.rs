//! The closed model against the truth: what is reported is what the server saw. Cases are numbered A01 … A31.
//! The default run judges counts, classes and one-sided facts; bounds in ms and % need `tests/run --full`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "accuracy/closed.rs"]
mod closed;
#[path = "accuracy/counted.rs"]
mod counted;
#[path = "support/dead.rs"]
mod dead;
#[path = "accuracy/ends.rs"]
mod ends;
#[path = "accuracy/errors.rs"]
mod errors;
#[path = "support/product.rs"]
mod product;
#[path = "support/quiet.rs"]
mod quiet;
#[path = "accuracy/ran.rs"]
#[allow(dead_code, reason = "shared with the open model's cases")]
mod ran;
#[path = "support/schema.rs"]
mod schema;
#[path = "support/truth.rs"]
mod truth;
