//! Good rate against workers: the rows held, the knee by isotonic regression.
//! It refuses models: the USL fit is printed as a hint and never moves the knee.

use super::latency::Latency;
use std::collections::BTreeMap;

/// One worker count that was held, after settling.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Workers.
    pub workers: u32,
    /// Good answers per second.
    pub good_rps: f64,
    /// Half width of its 95 % confidence interval, 1/s; `None` when unknown.
    pub ci95_rps: Option<f64>,
    /// Median response, s.
    pub p50: Option<f64>,
    /// 99th percentile, s.
    pub p99: Option<f64>,
    /// Mean response, s.
    pub mean: Option<f64>,
    /// Share of exchanges that were not good, in [0, 1].
    pub errors: f64,
    /// Good answers the row rests on.
    pub completions: u64,
    /// Seconds held.
    pub held: f64,
    /// Measured before the last change of the target.
    pub stale: bool,
}

/// Parameters of Gunther's universal scalability law, X = λN/(1 + α(N−1) + βN(N−1)). A hint, never the knee.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usl {
    /// One worker's rate, 1/s.
    pub lambda: f64,
    /// Contention.
    pub alpha: f64,
    /// Coherency.
    pub beta: f64,
    /// Coefficient of determination, ≤ 1.
    pub r2: f64,
}

/// Fewest workers with ≥ 98 % of the best good rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Knee {
    /// Best estimate.
    pub workers: u32,
    /// Fewest workers a test at 95 % cannot exclude.
    pub lo: u32,
    /// Most workers a test at 95 % cannot exclude.
    pub hi: u32,
    /// Good rate there, 1/s.
    pub good_rps: f64,
    /// Half width of its 95 % interval, 1/s.
    pub ci95_rps: Option<f64>,
    /// Median response there, s.
    pub p50: Option<f64>,
    /// 99th percentile there, s.
    pub p99: Option<f64>,
    /// The row with the highest good rate.
    pub best_workers: u32,
    /// Its good rate, 1/s.
    pub best_rps: f64,
    /// The law fitted through the rows, as a hint.
    pub usl: Option<Usl>,
}

/// What is accumulated for one worker count.
#[derive(Clone, Debug)]
pub struct Point {
    /// Good answers.
    pub ok: u64,
    /// Everything else.
    pub errors: u64,
    /// Seconds.
    pub held: f64,
    /// Response times, 1 %.
    pub response: Latency,
}

/// All points since the last change, by worker count, and the rows from before it.
#[derive(Clone, Debug, Default)]
pub struct Curve {
    points: BTreeMap<u32, Point>,
    stale: Vec<Row>,
    /// Dispersion of counts over a tick, var/mean; 1 for Poisson, in [0.5, 100].
    pub dispersion: f64,
}
