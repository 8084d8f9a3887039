//! A rate is a distribution: counts per tick as quantiles per second.

use hdrhistogram::Histogram;

/// Rates in 1/s, 1 … 10^9, 3 digits.
#[derive(Clone, Debug)]
pub struct Rates {
    hdr: Histogram<u32>,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            hdr: Histogram::new_with_bounds(1, 1_000_000_000, 2).expect("fixed bounds are valid"),
        }
    }
}

impl Rates {
    /// Adds a tick with `count` happenings in `span` seconds; an empty span is nothing.
    pub fn record(&mut self, count: u64, span: f64) {
        if span > 0.0 {
            self.hdr.saturating_record((count as f64 / span).round() as u64);
        }
    }

    /// p50, p99, p99.9; `None` where the samples cannot carry them.
    pub fn quantiles(&self) -> [Option<f64>; 3] {
        [0.5, 0.99, 0.999].map(|q| super::latency::enough(q, self.hdr.len()).then(|| self.hdr.value_at_quantile(q) as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_a_steady_rate_are_that_rate() {
        let mut r = Rates::default();

        (0..50).for_each(|_| r.record(20, 0.1));

        let [p50, p99, _] = r.quantiles();
        assert!((p50.unwrap() - 200.0).abs() < 2.0);
        assert_eq!(p99, None, "50 ticks cannot carry a p99");
    }
}
