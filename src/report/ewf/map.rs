//! The spectrogram as numbers: a column's shares per line of log10(t + 1), each column over its own largest.

use crate::telemetry::flow::{Flow, Histogram, LINE};

/// Lines from t = 0 up to the longest response of the run, at least one.
pub(super) fn lines(f: &Flow) -> usize {
    let all = f.columns.iter().map(|c| c.response.lines().len());
    all.max().unwrap_or(0).max(1)
}

/// Values in [0, 1] of one column, from t = 0 upwards.
pub(super) fn normalised(h: &Histogram) -> Vec<f64> {
    over_largest(&h.lines())
}

/// Counts over the largest of them; all 0 when there is none.
pub(super) fn over_largest(counts: &[u64]) -> Vec<f64> {
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    counts.iter().map(|n| *n as f64 / most).collect()
}

/// The length of time at a height in log10(t + 1).
pub(super) fn time(height: f64) -> f64 {
    10f64.powf(height) - 1.0
}

/// The lower edge of a line as a length of time.
pub(super) fn edge(line: usize) -> f64 {
    time(line as f64 * LINE)
}
