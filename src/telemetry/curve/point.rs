//! What is accumulated for one worker count, and how well its rate is known.
//! It compares nothing.

use super::Row;
use crate::telemetry::batches::Batches;
use crate::telemetry::latency::Latency;
use crate::telemetry::tally::Tally;

/// Squared variation of responses from which their tail is heavy.
const HEAVY: f64 = 2.0;

/// Settled evidence for one worker count.
#[derive(Clone, Debug)]
pub(super) struct Point {
    /// Good answers.
    pub(super) ok: u64,
    /// Exchanges that were not good.
    pub(super) errors: u64,
    /// Seconds held.
    pub(super) held: f64,
    /// Times that workers came here.
    looks: u32,
    response: Latency,
    batches: Batches,
}

impl Default for Point {
    fn default() -> Self {
        Self {
            ok: 0,
            errors: 0,
            held: 0.0,
            looks: 0,
            response: Latency::coarse(),
            batches: Batches::default(),
        }
    }
}

impl Point {
    /// Adds `span` seconds; `arrived` when the workers were elsewhere before.
    pub(super) fn add(&mut self, tally: &Tally, span: f64, arrived: bool) {
        self.ok += tally.ok;
        self.errors += tally.bad_status + tally.error_total();
        self.held += span;
        self.looks += u32::from(arrived);
        self.batches.add(tally.ok, span);
        self.response.merge(&tally.direct);
        if let Some(p) = &tally.parts {
            self.response.merge(&p.response);
        }
    }

    /// Evidence for the same worker count from before.
    pub(super) fn join(&mut self, old: &Self) {
        self.ok += old.ok;
        self.errors += old.errors;
        self.held += old.held;
        self.looks += old.looks;
        self.response.merge(&old.response);
        self.batches.join(&old.batches);
    }

    /// Good answers per second while it was held, whatever the level was then.
    pub(super) fn rate(&self) -> f64 {
        self.ok as f64 / self.held
    }

    /// Mean response, s.
    pub(super) fn mean(&self) -> Option<f64> {
        self.response.mean()
    }

    /// Variance of ln X times the answers: of the count, or of the mean response where that is heavier. X = N/R, so X is
    /// known no better than R; shared capacity makes up for a third of the spread of R.
    pub(super) fn noise(&self, dispersion: f64) -> f64 {
        dispersion.max(self.heavy())
    }

    fn heavy(&self) -> f64 {
        if self.errors * 50 < self.ok {
            self.response_spread() / 1.5
        } else {
            0.0
        }
    }

    /// Under a heavy tail a worker count has not settled until its longest answers have come and gone: relative variance
    /// of a rate held for few of their lengths; 0 for ordinary responses.
    pub(super) fn unsettled(&self) -> f64 {
        let spread = 1.5 * self.heavy();
        let longest = self.response.quantile(0.99).filter(|_| spread > HEAVY && self.held > 0.0);
        longest.map_or(0.0, |l| (0.5 * l / self.held).min(1.0).powi(2))
    }

    /// Relative variance of the rate as it stands alone: counted answers, and the target's own swings.
    pub(super) fn alone(&self, dispersion: f64) -> f64 {
        let counted = self.noise(dispersion) / self.ok.max(1) as f64;
        counted + self.unsettled() + self.swings(counted)
    }

    /// The target's own swings from second to second, beyond counting; zero where it was held shortly or is calm. Looks at
    /// different times meet them independently.
    fn swings(&self, counted: f64) -> f64 {
        let seen = self.batches.spread();
        let counted = counted * self.held;
        let own = seen.variance() - counted;
        if seen.batches() < 10.0 || own < counted {
            return 0.0;
        }
        own * (seen.alike() / self.held).min(1.0 / f64::from(self.looks.max(1)))
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

    /// The row of `workers` where they gave `good_rps`, known to this relative variance.
    pub(super) fn row(&self, workers: u32, good_rps: f64, variance: f64) -> Row {
        let all = (self.ok + self.errors) as f64;
        Row {
            workers,
            good_rps,
            ci95_rps: (self.ok > 0).then_some(1.96 * variance.sqrt() * good_rps),
            p50: self.response.quantile(0.5),
            p99: self.response.honest_quantile(0.99),
            mean: self.mean(),
            errors: if all > 0.0 { self.errors as f64 / all } else { 0.0 },
            completions: self.ok,
            held: self.held,
            stale: false,
        }
    }
}
