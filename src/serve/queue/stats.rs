//! What the target knows of itself, as `GET /stats` prints it.
//! It refuses to estimate: every figure was counted or computed by the station.

use crate::telemetry::latency::{Latency, Summary};
use serde::Serialize;

/// Counts since the start, and the present state.
#[derive(Clone, Debug, Serialize)]
pub struct Stats {
    /// Requests fully read, the rejected ones among them; `/stats` itself is not counted.
    pub received: u64,
    /// Answered 503 because the station was full.
    pub rejected: u64,
    /// Waiting and in service now.
    pub in_station: u64,
    /// Highest rate the present law can serve, 1/s.
    pub capacity_rps: f64,
    /// From read to due, both halves of the delay included: the truth, whenever the answer was delivered.
    pub latency: Percentiles,
    /// From due to written: how far the delivery is from the truth.
    pub lateness: Lateness,
}

/// A latency series in ms; `None` where there are fewer than 10/(1 − q) samples.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Percentiles {
    /// Samples.
    pub count: u64,
    /// Smallest.
    pub min_ms: Option<f64>,
    /// Mean.
    pub mean_ms: Option<f64>,
    /// Median.
    pub p50_ms: Option<f64>,
    /// 75th percentile.
    pub p75_ms: Option<f64>,
    /// 90th percentile.
    pub p90_ms: Option<f64>,
    /// 95th percentile.
    pub p95_ms: Option<f64>,
    /// 99th percentile.
    pub p99_ms: Option<f64>,
    /// 99.9th percentile.
    pub p999_ms: Option<f64>,
    /// 99.99th percentile.
    pub p9999_ms: Option<f64>,
    /// Largest.
    pub max_ms: Option<f64>,
}

/// How late answers left, ms; `None` before the first.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Lateness {
    /// Median.
    pub p50_ms: Option<f64>,
    /// 99th percentile, nearest rank however few there are.
    pub p99_ms: Option<f64>,
    /// Largest.
    pub max_ms: Option<f64>,
}

impl Stats {
    /// One line of JSON.
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("a struct of numbers has a JSON form") + "\n"
    }
}

impl From<Summary> for Percentiles {
    fn from(s: Summary) -> Self {
        let ms = |seconds: Option<f64>| seconds.map(|x| x * 1e3);
        Self {
            count: s.count,
            min_ms: ms(s.min),
            mean_ms: ms(s.mean),
            p50_ms: ms(s.p50),
            p75_ms: ms(s.p75),
            p90_ms: ms(s.p90),
            p95_ms: ms(s.p95),
            p99_ms: ms(s.p99),
            p999_ms: ms(s.p999),
            p9999_ms: ms(s.p9999),
            max_ms: ms(s.max),
        }
    }
}

impl From<&Latency> for Lateness {
    fn from(l: &Latency) -> Self {
        Self {
            p50_ms: l.quantile(0.5).map(|x| x * 1e3),
            p99_ms: l.quantile(0.99).map(|x| x * 1e3),
            max_ms: l.max().map(|x| x * 1e3),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_has_the_six_promised_fields_and_null_for_what_is_unknown() {
        let stats = Stats {
            received: 3,
            rejected: 1,
            in_station: 2,
            capacity_rps: 1600.0,
            latency: Latency::new().summary().into(),
            lateness: (&Latency::new()).into(),
        };

        let json: serde_json::Value = serde_json::from_str(&stats.json()).unwrap();

        let mut keys: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(
            keys,
            ["capacity_rps", "in_station", "latency", "lateness", "received", "rejected"]
        );
        assert!(json["latency"]["p50_ms"].is_null() && json["lateness"]["max_ms"].is_null());
    }
}
