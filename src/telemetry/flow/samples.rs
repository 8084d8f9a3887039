//! Few values, kept as they are: rates of short slots, lengths of a queue. Quantiles are exact.

use super::Quantiles;
use crate::telemetry::latency::enough;

/// Values in any order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// Adds a finite value.
    pub fn record(&mut self, value: f64) {
        self.0.push(value);
    }

    /// Adds all values of another.
    pub fn merge(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    /// Values.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The mean; `None` when empty.
    pub fn mean(&self) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.iter().sum::<f64>() / self.0.len() as f64)
    }

    /// The largest; `None` when empty.
    pub fn max(&self) -> Option<f64> {
        self.0.iter().copied().max_by(f64::total_cmp)
    }

    /// p10, p50, p90, p99 by nearest rank; `None` where the values are too few.
    pub fn quantiles(&self) -> Quantiles {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        Quantiles::of(|q| {
            let rank = ((q * n as f64).ceil() as usize).clamp(1, n.max(1));
            let carried = enough(q.max(1.0 - q), n as u64);
            sorted.get(rank - 1).copied().filter(|_| carried)
        })
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_nearest_rank_in_any_order() {
        let s: Samples = (0..1000).rev().map(|i| f64::from(i + 1)).collect();

        let q = s.quantiles();

        assert_eq!([q.p10, q.p50, q.p90, q.p99], [100.0, 500.0, 900.0, 990.0].map(Some));
        assert_eq!((s.mean(), s.max(), s.count()), (Some(500.5), Some(1000.0), 1000));
    }

    #[test]
    fn few_values_carry_a_median_only() {
        let s: Samples = [3.0, 1.0, 2.0].into_iter().collect();
        assert_eq!((s.quantiles().p50, s.quantiles().p90), (Some(2.0), None));
        assert_eq!(Samples::default().quantiles(), Quantiles::default());
    }
}
