//! One logarithmic grid for the screen and the controllers: 16 bins per e-fold, 1 µs … 100 s.
//! It refuses exactness: a value is known to ±3 %; the histograms are exact.

use super::latency::Latency;

/// Bins per e-fold.
pub const PER_E: f64 = 16.0;
/// Bins between 1 µs and 100 s.
pub const BINS: usize = 295;
/// Lower edge of the first bin, s.
pub const LOW: f64 = 1e-6;

/// Counts per bin: `counts[0]` below 1 µs, `counts[1 + b]` for bin `b`, `counts[BINS + 1]` above 100 s;
/// stored trimmed to the occupied range, which begins at `start`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grid {
    start: usize,
    counts: Vec<u32>,
}

impl Grid {
    /// The bin of a latency in seconds, in 0 ..= BINS + 1.
    pub fn bin(seconds: f64) -> usize {
        if seconds < LOW {
            return 0;
        }
        let b = ((seconds / LOW).ln() * PER_E) as usize;
        if b >= BINS { BINS + 1 } else { b + 1 }
    }

    /// The latency at the geometric middle of a bin, s.
    pub fn middle(bin: usize) -> f64 {
        LOW * ((bin as f64 - 0.5) / PER_E).exp()
    }

    /// The lower edge of a bin, s; 0 for the first.
    pub fn edge(bin: usize) -> f64 {
        if bin == 0 {
            0.0
        } else {
            LOW * ((bin as f64 - 1.0) / PER_E).exp()
        }
    }

    /// The counts of a histogram on the grid.
    pub fn of(latency: &Latency) -> Self {
        let mut grid = Self::default();
        latency.each(|s, n| grid.add(Self::bin(s), n));
        grid
    }

    /// Adds `n` samples to a bin; saturates at 2^32 − 1.
    pub fn add(&mut self, bin: usize, n: u64) {
        let n = u32::try_from(n).unwrap_or(u32::MAX);
        if self.counts.is_empty() {
            self.start = bin;
        }
        if bin < self.start {
            self.counts.splice(0..0, std::iter::repeat_n(0, self.start - bin));
            self.start = bin;
        }
        let i = bin - self.start;
        if i >= self.counts.len() {
            self.counts.resize(i + 1, 0);
        }
        self.counts[i] = self.counts[i].saturating_add(n);
    }

    /// Adds all counts of another grid; merging is by sums, never by averaging percentiles.
    pub fn merge(&mut self, other: &Self) {
        for (bin, n) in other.iter() {
            self.add(bin, u64::from(n));
        }
    }

    /// Occupied range as `(bin, count)`, in rising order; zeros inside the range are included.
    pub fn iter(&self) -> impl Iterator<Item = (usize, u32)> + '_ {
        self.counts.iter().enumerate().map(|(i, n)| (self.start + i, *n))
    }

    /// Samples.
    pub fn total(&self) -> u64 {
        self.counts.iter().map(|n| u64::from(*n)).sum()
    }

    /// Quantile `q` in [0, 1], s, interpolated geometrically within its bin; `None` when empty. Marked `≈` on screen.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let total = self.total();
        let rank = (q * total as f64).max(f64::MIN_POSITIVE);
        let mut below = 0.0;
        for (bin, n) in self.iter().filter(|(_, n)| *n > 0) {
            let n = f64::from(n);
            if below + n >= rank {
                let part = (rank - below) / n;
                return Some(LOW * ((bin as f64 - 1.0 + part) / PER_E).exp());
            }
            below += n;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::units::Nanos;

    #[test]
    fn bins_span_a_microsecond_to_a_hundred_seconds() {
        assert_eq!(Grid::bin(0.9e-6), 0);
        assert_eq!(Grid::bin(1.01e-6), 1);
        assert_eq!(Grid::bin(99.0), BINS);
        assert_eq!(Grid::bin(150.0), BINS + 1);
    }

    #[test]
    fn quantiles_agree_with_the_exact_ones_within_a_bin() {
        let mut l = Latency::new();
        (1..=5_000).for_each(|i| l.record(Nanos::from_micros(i * 20)));

        let g = Grid::of(&l);

        for q in [0.05, 0.5, 0.95, 0.99] {
            let (approx, exact) = (g.quantile(q).unwrap(), l.quantile(q).unwrap());
            assert!((approx / exact).ln().abs() < 1.0 / PER_E, "{q}: {approx} {exact}");
        }
        assert_eq!(g.total(), 5_000);
    }

    #[test]
    fn merging_adds_counts_in_any_order() {
        let mut a = Grid::default();
        a.add(40, 3);
        let mut b = Grid::default();
        b.add(10, 2);
        b.add(60, 1);
        let (mut ab, mut ba) = (a.clone(), b.clone());

        ab.merge(&b);
        ba.merge(&a);

        assert_eq!(ab, ba);
        assert_eq!(ab.total(), 6);
    }
}
