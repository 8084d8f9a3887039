//! One latency series: an HDR histogram with exact count, sum, minimum and maximum beside it.
//! It refuses synthetic samples: what is recorded was measured.

mod buckets;

use self::buckets::{Buckets, Scale};
use crate::model::units::Nanos;

/// 1 ns … 1 h, 3 significant digits: at most 0.1 % off, 264 KiB once it has samples, merges without loss.
#[derive(Clone, Debug)]
pub struct Latency {
    buckets: Buckets,
    sum: u128,
    min: u64,
    max: u64,
    few: Few,
}

/// The samples themselves while they are few: a tick's worth is merged by walking these, not 33 000 buckets.
#[derive(Clone, Debug, Default)]
struct Few {
    samples: Vec<(u64, u64)>,
    /// There were more than [`FEW`]; the samples are gone.
    over: bool,
}

/// Most samples that are walked: beyond some thousand the buckets are cheaper.
const FEW: usize = 1_000;

impl Few {
    fn push(&mut self, ns: u64, n: u64) {
        if self.samples.len() < FEW {
            self.samples.push((ns, n));
        } else {
            self.over = true;
        }
    }

    fn all(&self) -> Option<&[(u64, u64)]> {
        (!self.over).then_some(&self.samples)
    }
}

/// Percentiles of a series, in seconds. `None` where there are fewer than 10/(1 − q) samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    /// Samples.
    pub count: u64,
    /// Smallest, s.
    pub min: Option<f64>,
    /// Mean, s.
    pub mean: Option<f64>,
    /// Median.
    pub p50: Option<f64>,
    /// 75th percentile.
    pub p75: Option<f64>,
    /// 90th percentile.
    pub p90: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// 99.9th percentile.
    pub p999: Option<f64>,
    /// 99.99th percentile.
    pub p9999: Option<f64>,
    /// Largest, s.
    pub max: Option<f64>,
}

impl Default for Latency {
    fn default() -> Self {
        Self::new()
    }
}

impl Latency {
    /// An empty series of full resolution.
    pub fn new() -> Self {
        Self::of(Scale::Fine)
    }

    /// An empty series at 1 %, 10 KiB: for the many rows of the curve.
    pub fn coarse() -> Self {
        Self::of(Scale::Coarse)
    }

    fn of(scale: Scale) -> Self {
        Self {
            buckets: Buckets::new(scale),
            sum: 0,
            min: u64::MAX,
            max: 0,
            few: Few::default(),
        }
    }

    /// Adds one measured length. Above the range it counts in the last bucket; minimum, maximum and sum stay exact.
    pub fn record(&mut self, length: Nanos) {
        self.record_n(length, 1);
    }

    /// Adds `n` samples of one length.
    pub fn record_n(&mut self, length: Nanos, n: u64) {
        if n == 0 {
            return;
        }
        let ns = length.ns();
        self.few.push(ns, n);
        self.buckets.record(ns, n);
        self.sum += u128::from(ns) * u128::from(n);
        self.min = self.min.min(ns);
        self.max = self.max.max(ns);
    }

    /// Adds all samples of another series. Commutative and associative; loses nothing between series of one resolution.
    pub fn merge(&mut self, other: &Self) {
        if let Some(few) = other.few.all() {
            few.iter().for_each(|(ns, n)| self.record_n(Nanos::new(*ns), *n));
            return;
        }
        self.few.over = true;
        self.buckets.merge(&other.buckets);
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// Forgets everything, keeps the memory.
    pub fn clear(&mut self) {
        self.buckets.clear();
        (self.sum, self.min, self.max) = (0, u64::MAX, 0);
        self.few.samples.clear();
        self.few.over = false;
    }

    /// Samples.
    pub fn count(&self) -> u64 {
        self.buckets.count()
    }

    /// Exact sum, s.
    pub fn sum_secs(&self) -> f64 {
        self.sum as f64 / 1e9
    }

    /// Exact mean, s; `None` when empty.
    pub fn mean(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.sum_secs() / self.count() as f64)
    }

    /// Exact smallest, s; `None` when empty.
    pub fn min(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.min as f64 / 1e9)
    }

    /// Exact largest, s; `None` when empty.
    pub fn max(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.max as f64 / 1e9)
    }

    /// Nearest rank, s, for `q` in [0, 1]; `None` when empty. Never above the maximum or below the minimum.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        (self.count() > 0).then(|| self.buckets.quantile(q).clamp(self.min, self.max) as f64 / 1e9)
    }

    /// The quantile, or `None` where there are fewer than 10/(1 − q) samples.
    pub fn honest_quantile(&self, q: f64) -> Option<f64> {
        if enough(q, self.count()) { self.quantile(q) } else { None }
    }

    /// Calls `f(seconds, count)` for every sample while they are few, then for every occupied bucket; in no order.
    pub fn each(&self, mut f: impl FnMut(f64, u64)) {
        if let Some(few) = self.few.all() {
            few.iter().for_each(|(ns, n)| f(*ns as f64 / 1e9, *n));
        } else {
            self.buckets.occupied().for_each(|(ns, n)| f(ns as f64 / 1e9, n));
        }
    }

    /// Calls `f(ns, bucket, count)` in the same way: the length as it is told by `each`, and the largest of its bucket.
    pub(super) fn each_rounded(&self, mut f: impl FnMut(u64, u64, u64)) {
        match self.few.all() {
            Some(few) => few.iter().for_each(|(ns, n)| f(*ns, self.buckets.rounded(*ns), *n)),
            None => self.buckets.occupied().for_each(|(ns, n)| f(ns, ns, n)),
        }
    }

    /// All percentiles in one walk over the buckets.
    pub fn summary(&self) -> Summary {
        Summary::of(self.count(), self.sum, (self.min, self.max), self.buckets.occupied())
    }

    /// The same of what is left without `part`, all of whose samples are in this series too, of the same resolution. Smallest
    /// and largest are those of their buckets: at most 0.1 % off.
    pub fn summary_without(&self, part: &Self) -> Summary {
        let mut theirs = part.buckets.occupied().peekable();
        let mut left = Vec::new();
        for (ns, n) in self.buckets.occupied() {
            while theirs.next_if(|(at, _)| *at < ns).is_some() {}
            let taken = theirs.next_if(|(at, _)| *at == ns).map_or(0, |(_, n)| n);
            left.extend((n > taken).then_some((ns, n - taken)));
        }
        let end = |place: Option<&(u64, u64)>| place.map_or(0, |(ns, _)| *ns).min(self.max);
        let (n, ends) = (left.iter().map(|(_, n)| n).sum(), (end(left.first()), end(left.last())));
        Summary::of(n, self.sum.saturating_sub(part.sum), ends, left.into_iter())
    }
}

impl Summary {
    /// Of `n` samples with this sum, minimum and maximum, ns, in these buckets: (largest length, count), in rising order.
    pub(super) fn of(n: u64, sum: u128, (min, max): (u64, u64), buckets: impl Iterator<Item = (u64, u64)>) -> Self {
        const QS: [f64; 7] = [0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999];
        if n == 0 {
            return Self::default();
        }
        let ranks = QS.map(|q| ((q * n as f64).ceil() as u64).max(1));
        let mut at = [None; QS.len()];
        let (mut cumulative, mut next) = (0u64, 0);
        for (ns, count) in buckets {
            cumulative += count;
            while next < QS.len() && cumulative >= ranks[next] {
                at[next] = enough(QS[next], n).then(|| ns.clamp(min, max) as f64 / 1e9);
                next += 1;
            }
        }
        let [p50, p75, p90, p95, p99, p999, p9999] = at;
        Self {
            count: n,
            min: Some(min as f64 / 1e9),
            mean: Some(sum as f64 / 1e9 / n as f64),
            p50,
            p75,
            p90,
            p95,
            p99,
            p999,
            p9999,
            max: Some(max as f64 / 1e9),
        }
    }
}

/// Whether `n` samples can carry quantile `q`: at least 10/(1 − q), and one for the median.
pub fn enough(q: f64, n: u64) -> bool {
    if q <= 0.5 {
        n > 0
    } else {
        n as f64 * (1.0 - q) >= 10.0 - 1e-6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_nearest_rank_within_a_thousandth() {
        let mut l = Latency::new();
        (1..=10_000).for_each(|i| l.record(Nanos::from_micros(i)));

        let s = l.summary();

        for (q, want) in [(s.p50, 0.005), (s.p90, 0.009), (s.p99, 0.0099), (s.p999, 0.00999)] {
            assert!((q.unwrap() / want - 1.0).abs() < 1.5e-3, "{q:?} {want}");
        }
        assert_eq!((s.min, s.max), (Some(1e-6), Some(0.01)));
        assert_eq!(s.p9999, None, "10 000 samples cannot carry a 99.99th percentile");
    }

    #[test]
    fn merged_equals_union() {
        let (mut a, mut b, mut union) = (Latency::new(), Latency::new(), Latency::new());
        for i in 0..5_000u64 {
            let v = Nanos::new(i * i * 37 + 1);
            if i % 3 == 0 {
                a.record(v)
            } else {
                b.record(v)
            }
            union.record(v);
        }

        a.merge(&b);

        assert_eq!(a.summary(), union.summary());
    }

    #[test]
    fn a_value_beyond_the_range_keeps_its_exact_maximum() {
        let mut l = Latency::new();

        l.record(Nanos::from_secs(7_200));

        assert_eq!(l.max(), Some(7_200.0));
        assert_eq!(l.count(), 1);
    }
}
