//! Good rate against workers: rows as ratios to the one held longest, the knee by isotonic regression.
//! It refuses models: the USL fit is printed as a hint and never moves the knee.

mod isotonic;
mod knee;
mod point;
mod usl;

pub use isotonic::isotonic;
pub use usl::fit;

use super::tally::Tally;
use super::visits::{LevelStep, Ratios, Visits};
use crate::model::units::Nanos;
use point::Point;
use std::collections::BTreeMap;

/// One worker count that was held, after settling.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Workers.
    pub workers: u32,
    /// Good answers per second: the rate of the row held longest times what this one gave against it.
    pub good_rps: f64,
    /// Half width of its 95 % confidence interval, 1/s; `None` when unknown.
    pub ci95_rps: Option<f64>,
    /// Median response, s.
    pub p50: Option<f64>,
    /// 99th percentile, s.
    pub p99: Option<f64>,
    /// Mean response, s.
    pub mean: Option<f64>,
    /// Share of exchanges that were not good, in [0, 1].
    pub errors: f64,
    /// Good answers the row rests on.
    pub completions: u64,
    /// Seconds held.
    pub held: f64,
    /// Measured before the last change of the target.
    pub stale: bool,
}

/// Parameters of Gunther's universal scalability law, X = λN/(1 + α(N−1) + βN(N−1)). A hint, never the knee.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usl {
    /// One worker's rate, 1/s.
    pub lambda: f64,
    /// Contention.
    pub alpha: f64,
    /// Coherency.
    pub beta: f64,
    /// Coefficient of determination, ≤ 1.
    pub r2: f64,
}

/// Fewest workers with ≥ 98 % of the best good rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Knee {
    /// Best estimate.
    pub workers: u32,
    /// Fewest workers a test at 95 % cannot exclude.
    pub lo: u32,
    /// Most workers a test at 95 % cannot exclude.
    pub hi: u32,
    /// Good rate there, 1/s.
    pub good_rps: f64,
    /// Half width of its 95 % interval, 1/s.
    pub ci95_rps: Option<f64>,
    /// Median response there, s.
    pub p50: Option<f64>,
    /// 99th percentile there, s.
    pub p99: Option<f64>,
    /// The row with the highest good rate.
    pub best_workers: u32,
    /// Its good rate, 1/s.
    pub best_rps: f64,
    /// The law fitted through the rows, as a hint.
    pub usl: Option<Usl>,
}

/// Most rows kept; the one with the least evidence goes first.
const ROWS: usize = 256;

/// All points since the last change, by worker count, and the rows from before it.
#[derive(Clone, Debug)]
pub struct Curve {
    points: BTreeMap<u32, Point>,
    visits: Visits,
    /// All of the run, whatever changed.
    whole: Visits,
    /// Of the points to the one held longest, as of the last piece of a visit.
    ratios: Ratios,
    /// The row held longest then.
    reference: Option<u32>,
    stale: Vec<Row>,
    /// What is behind the stale rows.
    past: (BTreeMap<u32, Point>, Visits),
    /// var/mean of counts over a tick; 1 for a Poisson process.
    dispersion: f64,
    last: Option<(u32, f64)>,
}

impl Default for Curve {
    fn default() -> Self {
        Self {
            points: BTreeMap::new(),
            visits: Visits::default(),
            whole: Visits::default(),
            ratios: Ratios::default(),
            reference: None,
            stale: Vec::new(),
            past: (BTreeMap::new(), Visits::default()),
            dispersion: 1.0,
            last: None,
        }
    }
}

impl Curve {
    /// Adds settled evidence for `workers`: an interval's tally over `span` seconds that ended `now`.
    pub fn add(&mut self, workers: u32, tally: &Tally, span: f64, now: Nanos) {
        let arrived = self.last.is_none_or(|(before, _)| before != workers);
        self.learn_dispersion(workers, tally.ok as f64 / span.max(1e-9) * 0.1);
        if self.points.len() >= ROWS && !self.points.contains_key(&workers) {
            self.drop_weakest();
        }
        self.points.entry(workers).or_default().add(tally, span, arrived);
        self.whole.add(workers, tally.ok, now.secs(), span);
        if self.visits.add(workers, tally.ok, now.secs(), span) {
            self.compare();
        }
    }

    /// Every row against the one held longest.
    fn compare(&mut self) {
        let held = self.points.iter().max_by(|a, b| a.1.held.total_cmp(&b.1.held));
        self.reference = held.map(|(n, _)| *n);
        let noise = self.noise();
        let of = |n| noise.get(&n).copied().unwrap_or(self.dispersion);
        self.ratios = self.reference.map_or_else(Ratios::default, |r| self.visits.ratios(r, of));
    }

    /// Variance of ln X times the answers, by workers.
    fn noise(&self) -> BTreeMap<u32, f64> {
        let known = self.past.0.iter().chain(&self.points);
        known.map(|(n, p)| (*n, p.noise(self.dispersion))).collect()
    }

    /// Where in the run the target's level stepped and stayed, whatever was done about it meanwhile.
    pub fn step(&self) -> Option<LevelStep> {
        let noise = self.noise();
        let of = |n| noise.get(&n).copied().unwrap_or(self.dispersion);
        self.whole.step(self.reference?, of)
    }

    /// The target has changed: what was measured before is kept as stale rows only.
    pub fn turn_page(&mut self) {
        self.stale = self.fresh_rows();
        self.stale.iter_mut().for_each(|r| r.stale = true);
        self.past = (std::mem::take(&mut self.points), std::mem::take(&mut self.visits));
        self.last = None;
        self.compare();
    }

    /// The last change was none: what was measured before it counts again.
    pub fn turn_back(&mut self) {
        self.stale.clear();
        let (points, visits) = std::mem::take(&mut self.past);
        self.visits.join(visits);
        for (n, old) in points {
            match self.points.get_mut(&n) {
                Some(point) => point.join(&old),
                None => drop(self.points.insert(n, old)),
            }
        }
        while self.points.len() > ROWS {
            self.drop_weakest();
        }
        self.compare();
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self {
            dispersion: self.dispersion,
            ..Self::default()
        };
    }

    /// Half the squared difference of neighbouring ticks over their mean, smoothed: robust against slow drift.
    fn learn_dispersion(&mut self, workers: u32, count: f64) {
        if let Some((before, c)) = self.last
            && before == workers
            && c + count > 0.0
        {
            let now = (count - c).powi(2) / (count + c);
            self.dispersion = (self.dispersion * 0.98 + now * 0.02).clamp(0.5, 100.0);
        }
        self.last = Some((workers, count));
    }

    fn drop_weakest(&mut self) {
        if let Some(weakest) = self.points.iter().min_by_key(|(_, p)| p.ok).map(|(n, _)| *n) {
            self.points.remove(&weakest);
            self.visits.drop(weakest);
        }
    }

    /// Rows since the last change by rising workers, then the stale ones.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = self.fresh_rows();
        rows.extend(self.stale.iter().cloned());
        rows
    }

    fn fresh_rows(&self) -> Vec<Row> {
        let held = self.points.iter().filter(|(_, p)| p.held > 0.0);
        held.map(|(n, p)| self.row(*n, p)).collect()
    }

    /// A row as good as the visits found it beside the one held longest; that one, and one without a comparison, as it was.
    fn row(&self, workers: u32, p: &Point) -> Row {
        let beside = self.reference.filter(|r| *r != workers).and_then(|r| self.points.get(&r));
        match beside.zip(self.ratios.at(workers)) {
            Some((reference, (ratio, variance))) => p.row(workers, ratio * reference.rate(), variance + p.unsettled()),
            None => p.row(workers, p.rate(), p.alone(self.dispersion)),
        }
    }

    /// Smallest mean latency of a row with at least 24 completions, s: R₀.
    pub fn idle(&self) -> Option<f64> {
        self.points
            .values()
            .filter(|p| p.ok >= 24)
            .filter_map(Point::mean)
            .reduce(f64::min)
    }

    /// The knee; `None` before two worker counts were held.
    pub fn knee(&self) -> Option<Knee> {
        knee::knee(&self.fresh_rows())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::units::Nanos;

    fn tally(ok: u64) -> Tally {
        let mut t = Tally { ok, ..Tally::default() };
        t.direct.record_n(Nanos::from_millis(10), ok);
        t
    }

    /// `ticks` of a tenth of a second with `ok` good answers each.
    fn hold(c: &mut Curve, workers: u32, ok: u64, ticks: u64) {
        (1..=ticks).for_each(|i| c.add(workers, &tally(ok), 0.1, Nanos::from_millis(100 * i)));
    }

    #[test]
    fn evidence_for_one_worker_count_adds_up() {
        let mut c = Curve::default();

        hold(&mut c, 4, 40, 10);

        let row = &c.rows()[0];
        assert_eq!((row.workers, row.completions), (4, 400));
        assert!((row.good_rps - 400.0).abs() < 1e-6 && (row.held - 1.0).abs() < 1e-9);
        assert_eq!(c.idle(), Some(0.01));
    }

    #[test]
    fn a_change_turns_rows_stale_and_out_of_the_knee() {
        let mut c = Curve::default();
        for (i, n) in [1, 2, 4].into_iter().enumerate() {
            c.add(n, &tally(u64::from(n) * 100), 1.0, Nanos::from_secs(i as u64 + 1));
        }

        c.turn_page();
        c.add(2, &tally(150), 1.0, Nanos::from_secs(4));

        assert!(c.rows().iter().filter(|r| r.stale).count() == 3 && !c.rows()[0].stale);
        assert!(c.knee().is_none(), "one fresh row is no curve");
    }

    #[test]
    fn a_change_that_was_none_brings_the_old_rows_back() {
        let mut c = Curve::default();
        for (i, n) in [1, 2, 4].into_iter().enumerate() {
            c.add(n, &tally(u64::from(n) * 100), 1.0, Nanos::from_secs(i as u64 + 1));
        }
        c.turn_page();
        c.add(2, &tally(200), 1.0, Nanos::from_secs(4));
        c.turn_back();

        let rows = c.rows();
        assert!(rows.len() == 3 && rows.iter().all(|r| !r.stale), "{rows:?}");
        assert_eq!((rows[1].completions, rows[1].held), (400, 2.0));
    }

    #[test]
    fn heavy_tails_and_slow_swings_widen_a_row() {
        let (mut even, mut heavy, mut slow) = (Curve::default(), Curve::default(), Curve::default());
        for i in 0..200u64 {
            let now = Nanos::from_millis(100 * (i + 1));
            even.add(4, &tally(100), 0.1, now);
            let mut t = tally(99);
            t.ok += 1;
            t.direct.record(Nanos::from_millis(1_000));
            heavy.add(4, &t, 0.1, now);
            slow.add(4, &tally(if i / 40 % 2 == 0 { 80 } else { 120 }), 0.1, now);
        }
        let half = |c: &Curve| c.rows()[0].ci95_rps.unwrap();

        assert!(half(&heavy) > 3.0 * half(&even), "{} {}", half(&heavy), half(&even));
        assert!(half(&slow) > 5.0 * half(&even), "{} {}", half(&slow), half(&even));
    }

    #[test]
    fn a_row_is_what_it_gave_beside_the_one_held_longest_whatever_the_level_was() {
        let mut c = Curve::default();
        let mut now = Nanos::ZERO;
        // The target slows by half over the run; 8 workers are mostly visited early, and always give 20 % less.
        for pair in 0..10u64 {
            for (n, rate) in [(12, 100.0), (8, 80.0)] {
                for _ in 0..if n == 8 { 28 - 3 * pair } else { 30 } {
                    now += Nanos::from_millis(100);
                    let level = 1.0 - 0.5 * now.secs() / 45.0;
                    c.add(n, &tally((rate * level * 10.0) as u64), 0.1, now);
                }
            }
        }
        let rows = c.rows();

        assert!((rows[0].good_rps / rows[1].good_rps - 0.8).abs() < 0.015, "{rows:?}");
        assert!(
            rows[0].completions as f64 / rows[0].held > 0.82 * rows[1].good_rps,
            "pooled, it looks better"
        );
    }

    #[test]
    fn memory_stays_bounded() {
        let mut c = Curve::default();

        (1..2_000).for_each(|n| c.add(n, &tally(u64::from(n)), 0.1, Nanos::from_millis(100 * u64::from(n))));

        assert_eq!(c.rows().len(), ROWS);
    }
}
