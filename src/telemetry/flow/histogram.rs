//! Lengths of time on an even grid of log10(t + 1), from exactly nothing to a million time units.
//! It refuses exactness: a quantile is known to 0.6 % of t + 1. Merging is exact.

use super::Quantiles;
use crate::telemetry::latency::enough;
use std::ops::Range;

/// Bins per unit of log10(t + 1).
const PER_DECADE: f64 = 200.0;
/// Bins; what is longer is counted in the last.
const BINS: usize = 1240;
/// Height of a line of the spectrogram, in log10(t + 1).
pub const LINE: f64 = 0.05;
/// Bins in a line of the spectrogram.
const FINE: usize = (PER_DECADE * LINE) as usize;

/// Counts of lengths of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Exactly nothing.
    none: u64,
    /// As far as there was something.
    bins: Vec<u32>,
    count: u64,
}

impl Histogram {
    /// Adds a length of time ≥ 0, time units.
    pub fn record(&mut self, t: f64) {
        self.count += 1;
        if t <= 0.0 {
            self.none += 1;
            return;
        }
        let bin = (((1.0 + t).log10() * PER_DECADE) as usize).min(BINS - 1);
        if bin >= self.bins.len() {
            self.bins.resize(bin + 1, 0);
        }
        self.bins[bin] = self.bins[bin].saturating_add(1);
    }

    /// Adds all counts of another.
    pub fn merge(&mut self, other: &Self) {
        if self.bins.len() < other.bins.len() {
            self.bins.resize(other.bins.len(), 0);
        }
        for (sum, n) in self.bins.iter_mut().zip(&other.bins) {
            *sum = sum.saturating_add(*n);
        }
        self.none += other.none;
        self.count += other.count;
    }

    /// Samples.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Quantile `q` in [0, 1], interpolated within its bin; `None` when the samples cannot carry it.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        if self.count == 0 || !enough(q.max(1.0 - q), self.count) {
            return None;
        }
        let rank = q * self.count as f64;
        let mut below = self.none as f64;
        if below > 0.0 && rank <= below {
            return Some(0.0);
        }
        for (bin, n) in self.bins.iter().enumerate().filter(|(_, n)| **n > 0) {
            let n = f64::from(*n);
            if below + n >= rank {
                let at = bin as f64 + ((rank - below) / n).clamp(0.0, 1.0);
                return Some(10f64.powf(at / PER_DECADE) - 1.0);
            }
            below += n;
        }
        None
    }

    /// p10, p50, p90, p99.
    pub fn quantiles(&self) -> Quantiles {
        Quantiles::of(|q| self.quantile(q))
    }

    /// Counts per line of the spectrogram, from t = 0 upwards, as far as there is something.
    pub fn lines(&self) -> Vec<u64> {
        let mut out: Vec<u64> = self.bins.chunks(FINE).map(sum).collect();
        if out.is_empty() && self.none > 0 {
            out.push(0);
        }
        if let Some(first) = out.first_mut() {
            *first += self.none;
        }
        out
    }

    /// Samples within a range of lines of the spectrogram.
    pub fn within(&self, lines: Range<usize>) -> u64 {
        self.lines().iter().take(lines.end).skip(lines.start).sum()
    }
}

fn sum(bins: &[u32]) -> u64 {
    bins.iter().map(|n| u64::from(*n)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_within_a_bin_and_nothing_is_nothing() {
        let mut h = Histogram::default();
        (1..=10_000).for_each(|i| h.record(f64::from(i) / 100.0));

        for (q, want) in [(0.1, 10.0), (0.5, 50.0), (0.9, 90.0), (0.99, 99.0)] {
            let got = h.quantile(q).unwrap();
            assert!(((got + 1.0) / (want + 1.0) - 1.0).abs() < 0.012, "{q}: {got} {want}");
        }
        let mut idle = Histogram::default();
        (0..100).for_each(|_| idle.record(0.0));
        assert_eq!(idle.quantile(0.5), Some(0.0));
        assert_eq!(idle.quantile(0.99), None, "100 samples cannot carry a p99");
    }

    #[test]
    fn merged_equals_union_and_lines_lose_nothing() {
        let (mut a, mut b, mut union) = (Histogram::default(), Histogram::default(), Histogram::default());
        for i in 0..3000 {
            let t = f64::from(i * i % 977) * 1.7;
            if i % 3 == 0 { &mut a } else { &mut b }.record(t);
            union.record(t);
        }

        a.merge(&b);

        assert_eq!(a, union);
        assert_eq!(a.lines().iter().sum::<u64>(), 3000);
        assert_eq!(a.within(0..10) + a.within(10..200), 3000);
    }

    #[test]
    fn a_line_is_a_twentieth_of_a_decade_of_t_plus_one() {
        let mut h = Histogram::default();
        h.record(9.01);

        assert_eq!(h.lines().len(), 21, "log10(10.01) is just above 1");
    }
}
