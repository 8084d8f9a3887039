//! The buckets of a series: an HDR histogram that takes memory from its first sample on.
//! It refuses to look at empty ends: walks go from the smallest to the largest recorded length.

use hdrhistogram::Histogram;
use std::iter::from_fn;

/// Range and resolution of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// 1 ns … 1 h, 3 significant digits: 264 KiB.
    Fine,
    /// 1 µs … 1000 s, 2 significant digits: 10 KiB.
    Coarse,
}

impl Scale {
    fn empty(self) -> Histogram<u64> {
        match self {
            Self::Fine => Histogram::new_with_bounds(1, 3_600_000_000_000, 3),
            Self::Coarse => Histogram::new_with_bounds(1_000, 1_000_000_000_000, 2),
        }
        .expect("fixed bounds are valid")
    }
}

/// Counts per bucket.
#[derive(Clone, Debug)]
pub(super) struct Buckets {
    scale: Scale,
    hdr: Option<Histogram<u64>>,
}

impl Buckets {
    /// Nothing yet.
    pub(super) fn new(scale: Scale) -> Self {
        Self { scale, hdr: None }
    }

    /// Adds `n` samples of `ns`; beyond the range they count in the last bucket.
    pub(super) fn record(&mut self, ns: u64, n: u64) {
        self.hdr.get_or_insert_with(|| self.scale.empty()).saturating_record_n(ns, n);
    }

    /// Adds all counts of another.
    pub(super) fn merge(&mut self, other: &Self) {
        if self.scale == other.scale && self.count() == 0 {
            self.hdr.clone_from(&other.hdr);
        } else {
            other.occupied().for_each(|(ns, n)| self.record(ns, n));
        }
    }

    /// Forgets everything, keeps the memory.
    pub(super) fn clear(&mut self) {
        if let Some(hdr) = self.hdr.as_mut().filter(|h| !h.is_empty()) {
            hdr.reset();
        }
    }

    /// Samples.
    pub(super) fn count(&self) -> u64 {
        self.hdr.as_ref().map_or(0, Histogram::len)
    }

    /// Nearest rank, ns; 0 when empty.
    pub(super) fn quantile(&self, q: f64) -> u64 {
        self.hdr.as_ref().map_or(0, |h| h.value_at_quantile(q))
    }

    /// The largest length of the bucket in which `ns` was recorded.
    pub(super) fn rounded(&self, ns: u64) -> u64 {
        let recorded = |h: &Histogram<u64>| h.highest_equivalent(if ns <= h.max() { ns } else { h.high() });
        self.hdr.as_ref().map_or(ns, recorded)
    }

    /// The largest length of each occupied bucket, ns, and its count, in rising order. A tick's answers lie within a few
    /// octaves of the thirty there are, so this is many times shorter than the library's walk from zero.
    pub(super) fn occupied(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.hdr.iter().filter(|h| !h.is_empty()).flat_map(|hdr| {
            let (mut at, last) = (hdr.min(), hdr.max());
            from_fn(move || {
                while at <= last {
                    let (n, next) = (hdr.count_at(at), at + hdr.equivalent_range(at));
                    at = next;
                    if n > 0 {
                        return Some((next - 1, n));
                    }
                }
                None
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000_000_000;

    #[test]
    fn the_walk_meets_what_the_library_s_own_walk_meets() {
        let spread: Vec<u64> = (0..60).flat_map(|i| [1 << i, (1 << i) + 1, 3 << i >> 1]).collect();
        let series: [&[u64]; 8] = [
            &[],
            &[0],
            &[0, 7],
            &[2_047, 2_048, 2_049],
            &[HOUR],
            &[HOUR * 3],
            &[u64::MAX, 5],
            &spread,
        ];

        for scale in [Scale::Fine, Scale::Coarse] {
            for samples in series {
                let mut b = Buckets::new(scale);
                samples.iter().enumerate().for_each(|(i, ns)| b.record(*ns, 1 + i as u64));

                let hdr = b.hdr.clone().unwrap_or_else(|| scale.empty());
                let theirs: Vec<_> = hdr
                    .iter_recorded()
                    .map(|v| (v.value_iterated_to(), v.count_at_value()))
                    .collect();
                assert_eq!(b.occupied().collect::<Vec<_>>(), theirs, "{scale:?} {samples:?}");
                let mut rounded: Vec<_> = samples.iter().map(|ns| b.rounded(*ns)).collect();
                rounded.sort();
                rounded.dedup();
                assert_eq!(rounded, theirs.iter().map(|(ns, _)| *ns).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn merged_is_what_the_library_adds_and_nothing_takes_no_memory() {
        let of = |samples: &[u64]| {
            let mut b = Buckets::new(Scale::Fine);
            samples.iter().for_each(|ns| b.record(*ns, 2));
            b
        };
        let (a, b) = (of(&[3, 70_000, HOUR * 2]), of(&[70_001, 5_000_000]));
        let mut sum = a.clone();

        sum.merge(&b);
        sum.merge(&of(&[]));

        let mut theirs = a.hdr.unwrap();
        theirs.add(b.hdr.unwrap()).unwrap();
        let ours = sum.hdr.unwrap();
        assert!(ours == theirs && (ours.min(), ours.max()) == (theirs.min(), theirs.max()));
        assert!(of(&[]).hdr.is_none());
    }

    #[test]
    fn cleared_is_empty_and_keeps_its_memory() {
        let mut b = Buckets::new(Scale::Coarse);
        b.record(70_000, 1);

        b.clear();

        assert!(b.count() == 0 && b.occupied().next().is_none() && b.hdr.is_some());
    }
}
