//! Steady state: the ticks at the resting worker count, never mixed with ramp or probes.

use super::shift::Rest;
use crate::model::setpoints::Mode;
use crate::model::units::Nanos;
use crate::telemetry::batches::Batches;
use crate::telemetry::column::Column;
use crate::telemetry::frame::Steady;
use crate::telemetry::grid::Grid;
use crate::telemetry::latency::{Latency, Summary, enough};
use crate::telemetry::tally::Tally;
use std::sync::Arc;

/// Evidence a basis `hold` needs, s.
const LEAST: f64 = 2.0;
/// A rest shorter than this tells little, s.
const BRIEF: f64 = 1.0;
/// Rests this close to each other, as a share of the workers, speak of the same place: the knee is no sharper.
const CLOSE_BY: f64 = 0.25;
/// Share by which the workers of a law of the school may swing and still be at one rest.
const SWINGS: f64 = 0.4;

/// Ticks of one kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    from: Nanos,
    pub(super) span: f64,
    workers: f64,
    queue: f64,
    pub(super) ok: u64,
    all: u64,
    response: Latency,
    pub(super) batches: Batches,
}

impl Block {
    /// Adds one tick that began at `from`.
    pub(super) fn add(&mut self, tally: &Tally, from: Nanos, span: f64, workers: f64, queue: f64) {
        if self.span == 0.0 {
            self.from = from;
        }
        self.span += span;
        self.workers += workers * span;
        self.queue += queue * span;
        self.ok += tally.ok;
        self.all += tally.ok + tally.bad_status + tally.error_total();
        self.response.merge(&tally.direct);
        if let Some(p) = &tally.parts {
            self.response.merge(&p.response);
        }
        self.batches.add(tally.ok, span);
    }

    /// Its mean workers are about so many, or it is empty.
    fn near(&self, workers: f64) -> bool {
        let mean = self.workers / self.span.max(1e-9);
        self.span == 0.0 || (workers - mean).abs() <= CLOSE_BY * mean + 1e-9
    }

    pub(super) fn good_rate(&self) -> f64 {
        if self.span > 0.0 { self.ok as f64 / self.span } else { 0.0 }
    }

    /// Half width of the 95 % interval of the good rate: from batch means, or from the count while there are too few.
    pub(super) fn ci95(&self) -> Option<f64> {
        self.batches
            .ci95()
            .or_else(|| (self.span > 0.0).then(|| 1.96 * (self.ok as f64).sqrt() / self.span))
    }

    fn steady(&self, basis: &'static str) -> Option<Steady> {
        (self.span > 0.0).then(|| Steady {
            basis,
            from: self.from,
            span: self.span,
            workers: (self.workers / self.span * 1e6).round() / 1e6,
            rate: self.all as f64 / self.span,
            good_rate: self.good_rate(),
            ci95: self.ci95(),
            errors: if self.all > 0 {
                (self.all - self.ok) as f64 / self.all as f64
            } else {
                0.0
            },
            latency: self.response.summary(),
            queue: self.queue / self.span,
        })
    }
}

/// Resting ticks now, the rest before it, and the run as a whole.
#[derive(Clone, Debug, Default)]
pub(super) struct Resting {
    now: Block,
    at: f64,
    /// On target with other workers, so far too shortly to be a rest.
    way: Block,
    /// Rests close by since the target last changed, and where the first of them was.
    about: Block,
    around: f64,
    before: Option<Steady>,
    pub(super) whole: Block,
    /// Since when the same is asked for.
    since: Nanos,
}

impl Resting {
    /// Nothing yet; what was before is not looked at.
    pub(super) fn since(now: Nanos) -> Self {
        Self {
            since: now,
            ..Self::default()
        }
    }

    /// Adds a resting tick of a mode.
    pub(super) fn tick(&mut self, mode: Mode, tally: &Tally, from: Nanos, span: f64, (workers, queue): (f64, f64)) {
        match mode {
            Mode::Hold => self.add_kept(tally, from, span, workers, queue),
            Mode::Slo => self.add(tally, from, span, workers, queue, f64::MAX),
            mode if mode.school() => self.add(tally, from, span, workers, queue, SWINGS),
            _ => self.add(tally, from, span, workers, queue, 0.0),
        }
    }

    /// Adds a tick on target, where the workers follow it: a count far from those of the present rest is on the way to another
    /// one, which begins where it has lasted long enough.
    fn add_kept(&mut self, tally: &Tally, from: Nanos, span: f64, workers: f64, queue: f64) {
        if self.now.near(workers) {
            self.way = Block::default();
            self.add(tally, from, span, workers, queue, f64::MAX);
            return;
        }
        if !self.way.near(workers) {
            self.way = Block::default();
        }
        self.way.add(tally, from, span, workers, queue);
        if self.way.span >= LEAST {
            self.before = self.now.steady("hold").filter(|s| s.span >= LEAST);
            (self.now, self.at) = (std::mem::take(&mut self.way), workers);
            (self.about, self.around) = (self.now.clone(), workers);
        }
    }

    /// Adds a resting tick at `workers`; one further than `band` (a share) from the first of a rest begins anew.
    fn add(&mut self, tally: &Tally, from: Nanos, span: f64, workers: f64, queue: f64, band: f64) {
        if (workers - self.at).abs() > band * self.at + 1e-9 {
            if self.now.span >= LEAST {
                self.before = self.now.steady("hold");
            }
            self.now = Block::default();
            self.at = workers;
        }
        self.now.add(tally, from, span, workers, queue);
        if (workers - self.around).abs() > CLOSE_BY * self.around + 1e-9 {
            self.about = Block::default();
            self.around = workers;
        }
        self.about.add(tally, from, span, workers, queue);
    }

    /// Another mode, a change of the target, `reset`: what was at rest no longer counts.
    pub(super) fn clear(&mut self) {
        self.now = Block::default();
        self.about = Block::default();
        self.way = Block::default();
        self.before = None;
    }

    /// Evidence at rest here or close by: seconds, good rate, its half width.
    pub(super) fn evidence(&self) -> (f64, f64, Option<f64>) {
        (self.about.span, self.about.good_rate(), self.about.ci95())
    }

    /// The present rest, to be compared with another.
    pub(super) fn rest(&self) -> Rest {
        rest(&self.now, self.at)
    }

    /// The rest that an alarm ends: the present one, or where it has just begun those close by.
    pub(super) fn ended(&self) -> Rest {
        if self.now.span < BRIEF {
            rest(&self.about, self.around)
        } else {
            self.rest()
        }
    }

    /// The block of the present rest.
    pub(super) fn block(&self) -> &Block {
        &self.now
    }

    /// The steady state as defined: `hold` from two seconds of rest on, else the last third; `whole` where nothing searches.
    pub(super) fn steady(&self, searching: bool, columns: &[Arc<Column>]) -> Option<Steady> {
        if !searching {
            return self.whole.steady("whole");
        }
        if self.now.span >= LEAST {
            return self.now.steady("hold");
        }
        let since = columns.partition_point(|c| c.from < self.since);
        self.before.clone().or_else(|| last_third(&columns[since..]))
    }
}

fn rest(block: &Block, workers: f64) -> Rest {
    Rest {
        span: block.span,
        rate: block.good_rate(),
        ok: block.ok,
        workers,
        spread: block.batches.spread(),
    }
}

/// From the closed columns of the last third; percentiles from the grid (≈).
fn last_third(columns: &[Arc<Column>]) -> Option<Steady> {
    let live: Vec<&Arc<Column>> = columns.iter().filter(|c| !c.paused).collect();
    let part = &live[live.len() - live.len().div_ceil(3)..];
    let first = part.first()?;
    let (mut grid, mut span, mut ok, mut errors, mut workers, mut queue, mut max) = (Grid::default(), 0.0, 0, 0, 0.0, 0.0, None);
    for c in part {
        grid.merge(&c.response);
        span += c.span();
        ok += c.ok;
        errors += c.errors;
        workers += c.workers * c.span();
        queue += c.queue * c.span();
        max = [max, c.max].into_iter().flatten().reduce(f64::max);
    }
    let count = grid.total();
    let at = |q: f64| if enough(q, count) { grid.quantile(q) } else { None };
    let latency = Summary {
        count,
        p50: at(0.5),
        p75: at(0.75),
        p90: at(0.9),
        p95: at(0.95),
        p99: at(0.99),
        p999: at(0.999),
        max,
        ..Summary::default()
    };
    let all = (ok + errors) as f64;
    (span > 0.0).then(|| Steady {
        basis: "last_third",
        from: first.from,
        span,
        workers: workers / span,
        rate: all / span,
        good_rate: ok as f64 / span,
        ci95: Some(1.96 * (ok as f64).sqrt() / span),
        errors: if all > 0.0 { errors as f64 / all } else { 0.0 },
        latency,
        queue: queue / span,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(ok: u64) -> Tally {
        let mut t = Tally { ok, ..Tally::default() };
        t.direct.record_n(Nanos::from_millis(10), ok);
        t
    }

    #[test]
    fn another_resting_count_begins_anew_and_keeps_the_last_rest_until_it_counts() {
        let mut r = Resting::default();
        for i in 0..30 {
            r.add(&tick(100), Nanos::from_millis(i * 100), 0.1, 40.0, 0.0, 0.0);
        }
        r.add(&tick(200), Nanos::from_secs(3), 0.1, 44.0, 0.0, 0.0);

        let s = r.steady(true, &[]).unwrap();

        assert_eq!((s.basis, s.workers), ("hold", 40.0));
        assert!((s.good_rate - 1000.0).abs() < 1e-6);
    }

    #[test]
    fn what_swings_within_its_band_is_one_rest() {
        let mut r = Resting::default();
        for i in 0..30 {
            r.add(&tick(100), Nanos::from_millis(i * 100), 0.1, 40.0 + (i % 5) as f64, 0.0, 0.25);
        }

        let s = r.steady(true, &[]).unwrap();
        assert_eq!((s.basis, s.workers), ("hold", 42.0));
        r.add(&tick(100), Nanos::from_secs(3), 0.1, 51.0, 0.0, 0.25);

        assert!(r.evidence().0 < 0.2, "another place is another rest");
    }

    #[test]
    fn a_target_kept_on_the_way_to_its_workers_is_no_part_of_their_rest() {
        let mut r = Resting::default();
        let kept = |r: &mut Resting, ticks, workers| {
            (0..ticks).for_each(|_| r.add_kept(&tick(10 * workers as u64), Nanos::ZERO, 0.1, workers, 0.0));
        };
        let seen = |r: &Resting| {
            r.steady(true, &[])
                .map(|s| (s.workers, (2.0 * s.good_rate).round(), (10.0 * s.span).round()))
        };

        // On its way it is on target too: with 2 workers, a little more, and 16.
        kept(&mut r, 60, 2.0);
        kept(&mut r, 15, 16.0);
        assert_eq!(seen(&r), Some((2.0, 400.0, 60.0)), "16 may not last");
        kept(&mut r, 15, 17.0);
        assert_eq!(seen(&r), Some((16.5, 3300.0, 30.0)));

        kept(&mut r, 5, 30.0);
        kept(&mut r, 10, 16.0);
        assert_eq!(seen(&r), Some((16.375, 3275.0, 40.0)), "a visit is no rest");
    }

    #[test]
    fn rests_close_by_are_evidence_together_until_the_target_changes() {
        let mut r = Resting::default();
        let rest = |r: &mut Resting, workers| (0..30).for_each(|_| r.add(&tick(100), Nanos::ZERO, 0.1, workers, 0.0, 0.0));
        rest(&mut r, 40.0);
        rest(&mut r, 44.0);

        assert!((r.evidence().0 - 6.0).abs() < 1e-9 && (r.rest().span - 3.0).abs() < 1e-9);
        r.add(&tick(100), Nanos::ZERO, 0.1, 42.0, 0.0, 0.0);
        assert!(
            r.ended().span > 6.0,
            "an alarm a moment after a move ends the rest about there"
        );
        rest(&mut r, 60.0);
        assert!((r.evidence().0 - 3.0).abs() < 1e-9, "another place");
        r.clear();
        assert_eq!((r.evidence().0, r.ended().span), (0.0, 0.0));
    }

    #[test]
    fn without_rest_the_last_third_of_the_columns_speaks() {
        let columns: Vec<_> = (0..9u64)
            .map(|i| {
                Arc::new(Column {
                    from: Nanos::from_secs(i),
                    to: Nanos::from_secs(i + 1),
                    ok: 10 * (i + 1),
                    workers: 2.0,
                    ..Column::default()
                })
            })
            .collect();

        let s = Resting::default().steady(true, &columns).unwrap();

        assert_eq!((s.basis, s.from), ("last_third", Nanos::from_secs(6)));
        assert!((s.good_rate - 80.0).abs() < 1e-9, "(70 + 80 + 90)/3");
    }
}
