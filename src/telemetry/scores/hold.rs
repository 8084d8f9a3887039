//! How well targets are kept: the figures of one plant and one held quantity.

/// One plant and one held quantity; medians over the seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct HoldCell {
    /// Name of the plant.
    pub plant: &'static str,
    /// `mean`, `rps` or `queue`.
    pub variable: &'static str,
    /// Runs it rests on, ≥ 1.
    pub seeds: u32,
    /// From a cold start until the target is kept, s; `None` for never.
    pub settle_cold: Option<f64>,
    /// From the step of the target until it is kept, s; `None` for never.
    pub settle_step: Option<f64>,
    /// Most the moving mean went beyond the target until a second after it settled, as a share of it, ≥ 0.
    pub overshoot: f64,
    /// (mean − target)/target over the last 5 s in which the target could be had; by the law's own estimate for a queue.
    pub error: f64,
    /// The same against the plant's own idle latency; queue only.
    pub error_truth: Option<f64>,
    /// What became of the target when the plant changed.
    pub beyond: Option<Beyond>,
}

/// A target that a change of the plant put out of reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beyond {
    /// From the change until it was said, s; `None` for never.
    pub flagged: Option<f64>,
    /// What was had in the last 5 s as a share of what could be had: rate, or idle latency over latency.
    pub attained: f64,
    /// Most workers after the change as multiples of the knee before or after it, whichever is larger.
    pub most_workers: f64,
}
