//! What an experiment with a slowly growing load measured: one column a slice of time, every series as a distribution.
//! It refuses averages of quantiles: columns are merged by their counts and samples.

mod histogram;
mod samples;

pub use histogram::{Histogram, LINE};
pub use samples::Samples;

use crate::model::demand::Overflow;

/// The median of the response has run away when it is this many times that of the beginning.
pub const RUN_AWAY: f64 = 10.0;
/// It has to stay there for this share of the slide.
pub const STAYS: f64 = 0.05;
/// The beginning, as a share of the slide.
pub const BEGINNING: f64 = 0.05;

/// Quantiles of one series; `None` where there are too few samples to carry them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quantiles {
    /// 10th percentile.
    pub p10: Option<f64>,
    /// Median.
    pub p50: Option<f64>,
    /// 90th percentile.
    pub p90: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
}

impl Quantiles {
    /// Of anything that knows a quantile for `q` in [0, 1].
    pub(crate) fn of(at: impl Fn(f64) -> Option<f64>) -> Self {
        Self {
            p10: at(0.1),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
        }
    }
}

/// One slice of time, or several merged. All lengths of time are in time units: the mean gap between two tasks of a consumer.
#[derive(Clone, Debug, Default)]
pub struct Column {
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// Tail index of the tasks that arrive in its middle.
    pub alpha: f64,
    /// Their mean service, and so the load of a consumer that is sent one a time unit.
    pub mean_service: f64,
    /// Tasks the source sent a time unit, taken in or not; one sample a short slot.
    pub arrivals: Samples,
    /// Tasks done a time unit.
    pub completions: Samples,
    /// Tasks lost or refused a time unit.
    pub refusals: Samples,
    /// Tasks waiting, sampled at even times.
    pub queue: Samples,
    /// How late the source's schedule was, sampled at the same times.
    pub slip: Samples,
    /// Wait in the queue of the tasks that were done here.
    pub wait: Histogram,
    /// Their service.
    pub service: Histogram,
    /// From when the source wanted to send them until they were done.
    pub response: Histogram,
}

impl Column {
    /// Several neighbours as one; the default of no column.
    pub fn merged(columns: &[Self]) -> Self {
        let Some((first, rest)) = columns.split_first() else {
            return Self::default();
        };
        let mut out = first.clone();
        for c in rest {
            out.to = c.to;
            for (sum, part) in [
                (&mut out.arrivals, &c.arrivals),
                (&mut out.completions, &c.completions),
                (&mut out.refusals, &c.refusals),
                (&mut out.queue, &c.queue),
                (&mut out.slip, &c.slip),
            ] {
                sum.merge(part);
            }
            out.wait.merge(&c.wait);
            out.service.merge(&c.service);
            out.response.merge(&c.response);
        }
        let n = columns.len() as f64;
        out.alpha = columns.iter().map(|c| c.alpha).sum::<f64>() / n;
        out.mean_service = columns.iter().map(|c| c.mean_service).sum::<f64>() / n;
        out
    }
}

/// Where every task ended: `offered = completed + in_service + waiting + blocked + shed + rejected`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// The source wanted to send them.
    pub offered: u64,
    /// Done within the slide.
    pub completed: u64,
    /// Under way at its end.
    pub in_service: u64,
    /// In the queue at its end.
    pub waiting: u64,
    /// Held back at the source at its end: 0 or 1.
    pub blocked: u64,
    /// Lost without a word because the queue was full.
    pub shed: u64,
    /// Refused at once for that reason: an error the sender sees.
    pub rejected: u64,
}

impl Books {
    /// Whether no task is missing and none was counted twice.
    pub fn balanced(&self) -> bool {
        self.offered == self.completed + self.in_service + self.waiting + self.blocked + self.lost()
    }

    /// Shed and rejected.
    pub fn lost(&self) -> u64 {
        self.shed + self.rejected
    }
}

/// A finite queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Tasks that may wait.
    pub waiting: u64,
    /// What happens to the next one.
    pub overflow: Overflow,
}

/// A moment of the slide.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moment {
    /// Share of the slide, in [0, 1].
    pub share: f64,
    /// Tail index there.
    pub alpha: f64,
    /// Mean service there.
    pub mean_service: f64,
}

/// A whole experiment.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    /// Consumers, each sent one task a time unit.
    pub consumers: u32,
    /// The queue's bound, if it has one.
    pub bound: Option<Bound>,
    /// Seed of every random choice.
    pub seed: u64,
    /// Time units from first to last alpha.
    pub length: f64,
    /// Tail index at the beginning and at the end.
    pub alpha: (f64, f64),
    /// Shortest and longest service.
    pub service: (f64, f64),
    /// Where the mean service passes 1, if it does.
    pub critical: Option<Moment>,
    /// Equal slices of the slide, in order.
    pub columns: Vec<Column>,
    /// Every task.
    pub books: Books,
    /// Most tasks that ever waited.
    pub deepest: u64,
    /// How late the source's schedule was at the end.
    pub slip: f64,
}

impl Flow {
    /// The columns that begin between two shares of the slide, as one.
    pub fn span(&self, from: f64, to: f64) -> Column {
        let at = |share: f64| ((share * self.columns.len() as f64).round() as usize).min(self.columns.len());
        Column::merged(&self.columns[at(from)..at(to).max(at(from))])
    }

    /// Median response of the beginning.
    pub fn baseline(&self) -> Option<f64> {
        self.span(0.0, BEGINNING).response.quantile(0.5)
    }

    /// Where the run-away begins: the first column from which on every median response is [`RUN_AWAY`] times the beginning's,
    /// for at least [`STAYS`] of the slide.
    pub fn onset(&self) -> Option<usize> {
        let limit = RUN_AWAY * self.baseline()?;
        let calm = |c: &Column| c.response.quantile(0.5).is_none_or(|m| m < limit);
        let first = self.columns.iter().rposition(calm).map_or(0, |i| i + 1);
        let left = self.columns.len() - first;
        (left > 0 && left as f64 >= STAYS * self.columns.len() as f64).then_some(first)
    }

    /// Where a column begins, with the law of its middle.
    pub fn moment(&self, column: usize) -> Option<Moment> {
        let c = self.columns.get(column)?;
        Some(Moment {
            share: c.from / self.length,
            alpha: c.alpha,
            mean_service: c.mean_service,
        })
    }

    /// Share of the offered tasks that were shed or rejected; 0 when none was offered.
    pub fn lost_share(&self) -> f64 {
        self.books.lost() as f64 / self.books.offered.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(medians: &[f64]) -> Flow {
        let column = |(i, m): (usize, &f64)| {
            let mut c = Column {
                from: i as f64,
                to: i as f64 + 1.0,
                ..Column::default()
            };
            c.response.record(*m);
            c
        };
        Flow {
            length: medians.len() as f64,
            columns: medians.iter().enumerate().map(column).collect(),
            ..Flow::default()
        }
    }

    #[test]
    fn a_run_away_that_comes_back_is_none() {
        let mut medians = vec![1.0; 40];
        medians[20] = 50.0;
        medians[39] = 50.0;
        assert_eq!(flow(&medians).onset(), None, "a last column alone does not stay");

        medians[32..].fill(12.0);
        assert_eq!(flow(&medians).onset(), Some(32));
    }

    #[test]
    fn a_span_merges_what_lies_in_it() {
        let f = flow(&[1.0, 2.0, 3.0, 4.0]);

        let half = f.span(0.5, 1.0);

        assert_eq!((half.from, half.to, half.response.count()), (2.0, 4.0, 2));
        assert_eq!(f.span(0.5, 0.5).response.count(), 0);
    }

    #[test]
    fn books_balance_only_when_every_task_is_somewhere() {
        let mut b = Books {
            offered: 10,
            completed: 5,
            waiting: 2,
            in_service: 1,
            shed: 2,
            ..Books::default()
        };
        assert!(b.balanced());

        b.completed = 6;

        assert!(!b.balanced());
    }
}
