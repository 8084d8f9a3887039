//! A sliding window over the last seconds. It forgets; the totals do not.

use super::latency::{Latency, Summary};
use super::tally::Tally;
use crate::model::units::Nanos;
use std::cmp::Ordering;
use std::collections::VecDeque;
use std::sync::Arc;

/// The largest length of a bucket, ns, and its count.
type Bucket = (u64, u64);

/// One tick's worth, small: occupied buckets only. Windows share it.
#[derive(Clone, Debug)]
pub struct Slice {
    to: Nanos,
    span: f64,
    ok: u64,
    errors: u64,
    busy: f64,
    buckets: Vec<Bucket>, // in rising order, each once
    sum: u128,            // ns
    ends: (u64, u64),     // smallest and largest, ns
}

impl Slice {
    /// One interval's tally that ended at `to` after `span` seconds, with `busy` workers on average.
    pub fn of(tally: &Tally, to: Nanos, span: f64, busy: f64) -> Arc<Self> {
        let (mut buckets, mut sum, mut ends) = (Vec::new(), 0, NONE);
        let mut add = |series: &Latency| {
            series.each_rounded(|ns, bucket, n| {
                buckets.push((bucket, n));
                sum += u128::from(ns) * u128::from(n);
                ends = widest(ends, (ns, ns));
            });
        };
        add(&tally.direct);
        if let Some(p) = &tally.parts {
            add(&p.response);
        }
        buckets.sort(); // one or two rising runs, unless the samples are few
        buckets.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 += if same { next.1 } else { 0 };
            same
        });
        Arc::new(Self {
            to,
            span,
            ok: tally.ok,
            errors: tally.bad_status + tally.error_total(),
            busy,
            buckets,
            sum,
            ends,
        })
    }
}

/// Smallest and largest of nothing.
const NONE: (u64, u64) = (u64::MAX, 0);

fn widest(a: (u64, u64), b: (u64, u64)) -> (u64, u64) {
    (a.0.min(b.0), a.1.max(b.1))
}

/// Figures of a window, as a KPI row shows them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stats {
    /// Length, s.
    pub span: f64,
    /// Good answers per second.
    pub good_rate: f64,
    /// All completions per second, good or not.
    pub rate: f64,
    /// Share of exchanges that were not good, in [0, 1].
    pub errors: f64,
    /// Average of busy workers.
    pub busy: f64,
    /// Percentiles of response.
    pub latency: Summary,
}

/// Keeps slices of the last `reach`, and their buckets added up: a tick costs one pass over them, not over all slices.
#[derive(Clone, Debug)]
pub struct Window {
    reach: Nanos,
    slices: VecDeque<Arc<Slice>>,
    held: Vec<Bucket>,  // of all slices, in rising order
    spare: Vec<Bucket>, // the memory of the sum before
}

impl Window {
    /// An empty window over the last `reach`.
    pub fn new(reach: Nanos) -> Self {
        Self {
            reach,
            slices: VecDeque::new(),
            held: Vec::new(),
            spare: Vec::new(),
        }
    }

    /// Adds a slice; those before the reach of its end leave.
    pub fn push(&mut self, slice: &Arc<Slice>) {
        self.combine(&slice.buckets, |held, more| held + more);
        self.slices.push_back(Arc::clone(slice));
        while let Some(old) = self.slices.front().filter(|s| s.to + self.reach <= slice.to) {
            let old = Arc::clone(old);
            self.combine(&old.buckets, |held, gone| held - gone);
            self.slices.pop_front();
        }
    }

    /// Changes the counts held by those of other buckets; what has none left is dropped.
    fn combine(&mut self, other: &[Bucket], count: impl Fn(u64, u64) -> u64) {
        self.spare.clear();
        let (mut held, mut other) = (self.held.as_slice(), other);
        while let (Some(h), Some(o)) = (held.first(), other.first()) {
            let order = h.0.cmp(&o.0);
            let n = match order {
                Ordering::Less => h.1,
                Ordering::Equal => count(h.1, o.1),
                Ordering::Greater => count(0, o.1),
            };
            if n > 0 {
                self.spare.push((h.0.min(o.0), n));
            }
            held = &held[usize::from(order.is_le())..];
            other = &other[usize::from(order.is_ge())..];
        }
        self.spare.extend_from_slice(held);
        self.spare.extend(other.iter().map(|o| (o.0, count(0, o.1))));
        std::mem::swap(&mut self.held, &mut self.spare);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.slices.clear();
        self.held.clear();
    }

    /// Samples in the window.
    pub fn count(&self) -> u64 {
        self.held.iter().map(|(_, n)| n).sum()
    }

    /// The figures of the window now.
    pub fn stats(&self) -> Stats {
        let (mut span, mut ok, mut errors, mut busy) = (0.0, 0, 0, 0.0);
        let (mut sum, mut ends) = (0, NONE);
        for s in &self.slices {
            span += s.span;
            ok += s.ok;
            errors += s.errors;
            busy += s.busy * s.span;
            sum += s.sum;
            ends = widest(ends, s.ends);
        }
        if span <= 0.0 {
            return Stats::default();
        }
        let all = (ok + errors) as f64;
        Stats {
            span,
            good_rate: ok as f64 / span,
            rate: all / span,
            errors: if all > 0.0 { errors as f64 / all } else { 0.0 },
            busy: busy / span,
            latency: Summary::of(self.count(), sum, ends, self.held.iter().copied()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_seconds_count() {
        let mut w = Window::new(Nanos::from_secs(2));
        let mut t = Tally {
            ok: 10,
            ..Tally::default()
        };
        t.direct.record_n(Nanos::from_millis(5), 10);
        for i in 1..=50 {
            w.push(&Slice::of(&t, Nanos::from_millis(100 * i), 0.1, 3.0));
        }

        let s = w.stats();

        assert!((s.span - 2.0).abs() < 1e-9, "{}", s.span);
        assert!((s.good_rate - 100.0).abs() < 1e-6);
        assert_eq!(s.latency.count, 200);
        assert!((s.busy - 3.0).abs() < 1e-9);
    }

    /// The sum that slices enter and leave is the sum of those that are there: in buckets, in few samples, in parts.
    #[test]
    fn a_window_that_has_moved_on_says_what_a_series_of_its_slices_says() {
        let mut w = Window::new(Nanos::from_secs(1));
        let mut ticks = Vec::new();
        for i in 0..40_u64 {
            let mut t = Tally::default();
            for k in 0..[3, 400, 2_500, 0][i as usize % 4] {
                t.direct
                    .record(Nanos::new(1_000_000 + (i * 7_919 + k * k * 104_729) % 90_000_000));
            }
            if i % 3 == 0 {
                let parts = t.parts.get_or_insert_default();
                (0..20).for_each(|k| parts.response.record_n(Nanos::new(i * 40_000 + k * 977), 2));
            }
            w.push(&Slice::of(&t, Nanos::from_millis(100 * (i + 1)), 0.1, 1.0));
            ticks.push(t);

            let mut series = Latency::new();
            for t in ticks.iter().rev().take(10) {
                t.direct.each(|s, n| series.record_n(Nanos::from_secs_f64(s), n));
                if let Some(p) = &t.parts {
                    p.response.each(|s, n| series.record_n(Nanos::from_secs_f64(s), n));
                }
            }
            assert_eq!(w.stats().latency, series.summary(), "tick {i}");
            assert_eq!(w.count(), series.count());
        }
        w.clear();
        assert_eq!((w.count(), w.stats()), (0, Stats::default()));
    }
}
