//! A sliding window over the last seconds. It forgets; the totals do not.

use super::latency::{Latency, Summary};
use super::tally::Tally;
use crate::model::units::Nanos;
use std::collections::VecDeque;

/// One tick's worth, small: occupied buckets only.
#[derive(Clone, Debug)]
struct Slice {
    to: Nanos,
    span: f64,
    ok: u64,
    errors: u64,
    busy: f64,
    buckets: Vec<(Nanos, u64)>,
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

/// Keeps slices of the last `reach`.
#[derive(Clone, Debug)]
pub struct Window {
    reach: Nanos,
    slices: VecDeque<Slice>,
}

impl Window {
    /// An empty window over the last `reach`.
    pub fn new(reach: Nanos) -> Self {
        Self {
            reach,
            slices: VecDeque::new(),
        }
    }

    /// Adds one interval's tally that ended at `to` after `span` seconds, with `busy` workers on average.
    pub fn push(&mut self, tally: &Tally, to: Nanos, span: f64, busy: f64) {
        let mut buckets = Vec::new();
        let mut take = |s: f64, n: u64| buckets.push((Nanos::from_secs_f64(s), n));
        tally.direct.each(&mut take);
        if let Some(p) = &tally.parts {
            p.response.each(&mut take);
        }
        let errors = tally.bad_status + tally.error_total();
        self.slices.push_back(Slice {
            to,
            span,
            ok: tally.ok,
            errors,
            busy,
            buckets,
        });
        while self.slices.front().is_some_and(|s| s.to + self.reach <= to) {
            self.slices.pop_front();
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.slices.clear();
    }

    /// Samples in the window.
    pub fn count(&self) -> u64 {
        self.slices.iter().flat_map(|s| &s.buckets).map(|(_, n)| n).sum()
    }

    /// The figures of the window now. `scratch` is cleared and used.
    pub fn stats(&self, scratch: &mut Latency) -> Stats {
        scratch.clear();
        let (mut span, mut ok, mut errors, mut busy) = (0.0, 0, 0, 0.0);
        for s in &self.slices {
            span += s.span;
            ok += s.ok;
            errors += s.errors;
            busy += s.busy * s.span;
            s.buckets.iter().for_each(|(v, n)| scratch.record_n(*v, *n));
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
            latency: scratch.summary(),
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
            w.push(&t, Nanos::from_millis(100 * i), 0.1, 3.0);
        }

        let s = w.stats(&mut Latency::new());

        assert!((s.span - 2.0).abs() < 1e-9, "{}", s.span);
        assert!((s.good_rate - 100.0).abs() < 1e-6);
        assert_eq!(s.latency.count, 200);
        assert!((s.busy - 3.0).abs() < 1e-9);
    }
}
