//! Good rate against workers: the rows held, the knee by isotonic regression.
//! It refuses models: the USL fit is printed as a hint and never moves the knee.

mod isotonic;
mod knee;
mod usl;

pub use isotonic::isotonic;
pub use usl::fit;

use super::batches::Batches;
use super::latency::Latency;
use super::tally::Tally;
use std::collections::BTreeMap;

/// One worker count that was held, after settling.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Workers.
    pub workers: u32,
    /// Good answers per second.
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

/// What is accumulated for one worker count.
#[derive(Clone, Debug)]
struct Point {
    ok: u64,
    errors: u64,
    held: f64,
    /// Times that workers came here.
    looks: u32,
    response: Latency,
    batches: Batches,
}

impl Point {
    /// Evidence for the same worker count from before.
    fn join(&mut self, old: &Self) {
        self.ok += old.ok;
        self.errors += old.errors;
        self.held += old.held;
        self.looks += old.looks;
        self.response.merge(&old.response);
        self.batches.join(&old.batches);
    }

    /// Variance of ln X: of the count, or of the mean response where that is heavier. X = N/R, so X is known no better
    /// than R; shared capacity makes up for a third of the spread of R.
    fn variance(&self, dispersion: f64) -> f64 {
        let heavy = if self.errors * 50 < self.ok {
            self.response_spread() / 1.5
        } else {
            0.0
        };
        dispersion.max(heavy) / self.ok.max(1) as f64 + self.unsettled(1.5 * heavy)
    }

    /// Under a heavy tail a worker count has not settled until its longest answers have come and gone: relative variance
    /// of a rate held for few of their lengths; 0 for ordinary responses.
    fn unsettled(&self, spread: f64) -> f64 {
        let longest = self.response.quantile(0.99).filter(|_| spread > HEAVY && self.held > 0.0);
        longest.map_or(0.0, |l| (0.5 * l / self.held).min(1.0).powi(2))
    }

    /// Squared coefficient of variation of the response; 0 when nothing is known.
    fn response_spread(&self) -> f64 {
        let (Some(mean), n) = (self.response.mean(), self.response.count() as f64) else {
            return 0.0;
        };
        let mut squares = 0.0;
        self.response.each(|x, k| squares += k as f64 * (x / mean - 1.0).powi(2));
        squares / n
    }
}

/// Squared variation of responses from which their tail is heavy.
const HEAVY: f64 = 2.0;
/// Most rows kept; the one with the least evidence goes first.
const ROWS: usize = 256;

/// All points since the last change, by worker count, and the rows from before it.
#[derive(Clone, Debug)]
pub struct Curve {
    points: BTreeMap<u32, Point>,
    stale: Vec<Row>,
    /// The points behind the stale rows.
    past: BTreeMap<u32, Point>,
    /// var/mean of counts over a tick; 1 for a Poisson process.
    dispersion: f64,
    last: Option<(u32, f64)>,
}

impl Default for Curve {
    fn default() -> Self {
        Self {
            points: BTreeMap::new(),
            stale: Vec::new(),
            past: BTreeMap::new(),
            dispersion: 1.0,
            last: None,
        }
    }
}

impl Curve {
    /// Adds settled evidence for `workers`: an interval's tally over `span` seconds.
    pub fn add(&mut self, workers: u32, tally: &Tally, span: f64) {
        let arrived = self.last.is_none_or(|(before, _)| before != workers);
        self.learn_dispersion(workers, tally.ok as f64 / span.max(1e-9) * 0.1);
        if self.points.len() >= ROWS && !self.points.contains_key(&workers) {
            self.drop_weakest();
        }
        let fresh = || Point {
            ok: 0,
            errors: 0,
            held: 0.0,
            looks: 0,
            response: Latency::coarse(),
            batches: Batches::default(),
        };
        let point = self.points.entry(workers).or_insert_with(fresh);
        point.ok += tally.ok;
        point.errors += tally.bad_status + tally.error_total();
        point.held += span;
        point.looks += u32::from(arrived);
        point.batches.add(tally.ok, span);
        point.response.merge(&tally.direct);
        if let Some(p) = &tally.parts {
            point.response.merge(&p.response);
        }
    }

    /// The target has changed: what was measured before is kept as stale rows only.
    pub fn turn_page(&mut self) {
        self.stale = self.fresh_rows();
        self.stale.iter_mut().for_each(|r| r.stale = true);
        self.past = std::mem::take(&mut self.points);
        self.last = None;
    }

    /// The last change was none: what was measured before it counts again.
    pub fn turn_back(&mut self) {
        self.stale.clear();
        for (n, old) in std::mem::take(&mut self.past) {
            match self.points.get_mut(&n) {
                Some(point) => point.join(&old),
                None => drop(self.points.insert(n, old)),
            }
        }
        while self.points.len() > ROWS {
            self.drop_weakest();
        }
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
        }
    }

    /// Rows since the last change by rising workers, then the stale ones.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = self.fresh_rows();
        rows.extend(self.stale.iter().cloned());
        rows
    }

    fn fresh_rows(&self) -> Vec<Row> {
        let slow = self.slow();
        self.points
            .iter()
            .filter(|(_, p)| p.held > 0.0)
            .map(|(n, p)| self.row(*n, p, slow))
            .collect()
    }

    /// The target's own swings from second to second, beyond counting: variance as a share of the squared mean, and the
    /// seconds over which they are alike. From the row held longest; zero where it is short or calm.
    fn slow(&self) -> (f64, f64) {
        let Some(longest) = self.points.values().max_by(|a, b| a.held.total_cmp(&b.held)) else {
            return (0.0, 1.0);
        };
        let seen = longest.batches.spread();
        let counted = longest.variance(self.dispersion) * longest.held;
        let own = seen.variance() - counted;
        if seen.batches() < 10.0 || own < counted {
            return (0.0, 1.0);
        }
        (own, seen.alike())
    }

    fn row(&self, workers: u32, p: &Point, (own, alike): (f64, f64)) -> Row {
        let all = (p.ok + p.errors) as f64;
        // Looks at different times meet the swings independently.
        let swings = own * (alike / p.held).min(1.0 / f64::from(p.looks.max(1)));
        let half = 1.96 * (p.variance(self.dispersion) + swings).sqrt() * p.ok as f64 / p.held;
        Row {
            workers,
            good_rps: p.ok as f64 / p.held,
            ci95_rps: (p.ok > 0).then_some(half),
            p50: p.response.quantile(0.5),
            p99: p.response.honest_quantile(0.99),
            mean: p.response.mean(),
            errors: if all > 0.0 { p.errors as f64 / all } else { 0.0 },
            completions: p.ok,
            held: p.held,
            stale: false,
        }
    }

    /// Smallest mean latency of a row with at least 24 completions, s: R₀.
    pub fn idle(&self) -> Option<f64> {
        self.points
            .values()
            .filter(|p| p.ok >= 24)
            .filter_map(|p| p.response.mean())
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

    #[test]
    fn evidence_for_one_worker_count_adds_up() {
        let mut c = Curve::default();

        (0..10).for_each(|_| c.add(4, &tally(40), 0.1));

        let row = &c.rows()[0];
        assert_eq!((row.workers, row.completions), (4, 400));
        assert!((row.good_rps - 400.0).abs() < 1e-6 && (row.held - 1.0).abs() < 1e-9);
        assert_eq!(c.idle(), Some(0.01));
    }

    #[test]
    fn a_change_turns_rows_stale_and_out_of_the_knee() {
        let mut c = Curve::default();
        for n in [1, 2, 4] {
            c.add(n, &tally(u64::from(n) * 100), 1.0);
        }

        c.turn_page();
        c.add(2, &tally(150), 1.0);

        assert!(c.rows().iter().filter(|r| r.stale).count() == 3 && !c.rows()[0].stale);
        assert!(c.knee().is_none(), "one fresh row is no curve");
    }

    #[test]
    fn a_change_that_was_none_brings_the_old_rows_back() {
        let mut c = Curve::default();
        for n in [1, 2, 4] {
            c.add(n, &tally(u64::from(n) * 100), 1.0);
        }
        c.turn_page();
        c.add(2, &tally(200), 1.0);
        c.turn_back();

        let rows = c.rows();
        assert!(rows.len() == 3 && rows.iter().all(|r| !r.stale), "{rows:?}");
        assert_eq!((rows[1].completions, rows[1].held), (400, 2.0));
    }

    #[test]
    fn heavy_tails_and_slow_swings_widen_a_row() {
        let (mut even, mut heavy, mut slow) = (Curve::default(), Curve::default(), Curve::default());
        for i in 0..200u64 {
            even.add(4, &tally(100), 0.1);
            let mut t = tally(99);
            t.ok += 1;
            t.direct.record(Nanos::from_millis(1_000));
            heavy.add(4, &t, 0.1);
            slow.add(4, &tally(if i / 40 % 2 == 0 { 80 } else { 120 }), 0.1);
        }
        let half = |c: &Curve| c.rows()[0].ci95_rps.unwrap();

        assert!(half(&heavy) > 3.0 * half(&even), "{} {}", half(&heavy), half(&even));
        assert!(half(&slow) > 5.0 * half(&even), "{} {}", half(&slow), half(&even));
    }

    #[test]
    fn looks_at_several_times_know_a_swaying_target_better_than_one_look_as_long() {
        let (mut once, mut often) = (Curve::default(), Curve::default());
        let rest = |c: &mut Curve, from: u64| {
            (from..from + 40).for_each(|i| c.add(4, &tally(if i / 40 % 2 == 0 { 80 } else { 120 }), 0.1))
        };
        for look in 0..4 {
            rest(&mut once, 40 * look);
            rest(&mut often, 40 * look);
            (0..4).for_each(|_| often.add(12, &tally(100), 0.1));
        }
        (0..16).for_each(|_| once.add(12, &tally(100), 0.1));
        let half = |c: &Curve| c.rows()[1].ci95_rps.unwrap();

        assert!(half(&often) < 0.7 * half(&once), "{} {}", half(&often), half(&once));
    }

    #[test]
    fn memory_stays_bounded() {
        let mut c = Curve::default();

        (1..2_000).for_each(|n| c.add(n, &tally(u64::from(n)), 0.1));

        assert_eq!(c.rows().len(), ROWS);
    }
}
