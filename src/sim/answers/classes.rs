//! Which kind of plant each is, so that every kind has a share of its own.
//! It knows nothing of runs.

/// Kinds of plants; an average over all of them would hide one.
pub(super) const CLASSES: [&str; 6] = ["steady", "changing", "unsteady", "heavy tails", "refusing", "drawn"];

/// The kind of a named plant.
pub(super) fn class(name: &str) -> usize {
    match name {
        "latup" | "latdown" | "capdrop" | "caprise" | "autoscale" => 1,
        "noisy" | "warm" | "cold" | "gcpause" => 2,
        "pareto" | "web" => 3,
        "reject" | "ratelimit" | "pool" => 4,
        _ => 0,
    }
}
