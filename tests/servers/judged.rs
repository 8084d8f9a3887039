//! What runs advised, held against what the sweep beside them found.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

use crate::product::Ended;
use crate::visits::Worth;
use serde_json::Value;

/// A pool this near to the best of the sweep is good advice.
const NEAR: f64 = 0.95;

/// One run of `max`.
pub(crate) struct Run {
    beside: bool,
    code: Option<i32>,
    summary: Value,
}

impl Run {
    pub(crate) fn of(ended: &Ended, beside: bool) -> Self {
        let summary = serde_json::from_str(&ended.stdout).unwrap_or(Value::Null);
        Self {
            beside,
            code: ended.code,
            summary,
        }
    }

    fn number(&self, pointer: &str) -> Option<f64> {
        self.summary.pointer(pointer).and_then(Value::as_f64)
    }

    fn verdict(&self) -> &str {
        self.summary
            .pointer("/verdict/code")
            .and_then(Value::as_str)
            .unwrap_or("none")
    }

    fn decided(&self) -> bool {
        !matches!(self.verdict(), "UNDECIDED" | "none")
    }

    /// The pool it advised; without an advice, where its knee is.
    pub(crate) fn pool(&self) -> Option<u32> {
        let pool = self.number("/advice/pool").or_else(|| self.number("/knee/workers"));
        pool.map(|n| n as u32).filter(|n| (1..=256).contains(n))
    }

    fn interval(&self) -> Option<(f64, f64)> {
        Some((self.number("/knee/workers_lo")?, self.number("/knee/workers_hi")?))
    }

    /// Seconds it took, and good answers a second meanwhile.
    fn took(&self) -> (f64, f64) {
        let s = self.number("/elapsed_s").unwrap_or(f64::INFINITY);
        (s, self.number("/throughput/good_rps").unwrap_or(0.0))
    }

    pub(crate) fn line(&self) -> String {
        let cause = self.summary.pointer("/verdict/cause").and_then(Value::as_str).unwrap_or("");
        let beside = if self.beside { "bursts" } else { "quiet" };
        let valid = self.summary["valid"].as_bool().unwrap_or(false);
        format!(
            "{beside} {:.1} s, {:.0}/s: {} {cause} valid {valid} exit {:?} pool {:?} of {:?}",
            self.took().0,
            self.took().1,
            self.verdict(),
            self.code,
            self.pool(),
            self.interval()
        )
    }
}

/// All runs of a server, each with the share of the best its pool gives.
pub(crate) struct Judged {
    /// Of each server.
    runs: Vec<Vec<(Run, Option<f64>)>>,
}

impl Judged {
    pub(crate) fn new(runs: Vec<Run>, worth: &Worth) -> Self {
        let with = |run: Run| {
            let share = run.pool().map(|n| worth.share(n, run.beside));
            (run, share)
        };
        Self {
            runs: vec![runs.into_iter().map(with).collect()],
        }
    }

    pub(crate) fn together(all: Vec<Self>) -> Self {
        Self {
            runs: all.into_iter().flat_map(|j| j.runs).collect(),
        }
    }

    fn each(&self) -> impl Iterator<Item = &(Run, Option<f64>)> {
        self.runs.iter().flatten()
    }

    /// Share of the runs whose pool is good; one without a pool is not.
    pub(crate) fn near_best(&self) -> f64 {
        share(self.each().map(|r| r.1.is_some_and(|s| s >= NEAR)))
    }

    /// Share of the pairs of runs of one server whose knees' intervals overlap.
    pub(crate) fn overlapping(&self) -> f64 {
        share(
            self.runs
                .iter()
                .flat_map(|runs| pairs(&runs.iter().map(|r| r.0.interval()).collect::<Vec<_>>())),
        )
    }

    /// Share of the runs decided within `s` seconds, or the time this many answers took.
    pub(crate) fn in_time(&self, s: f64, answers: f64) -> f64 {
        share(self.each().map(|r| {
            let (took, rate) = r.0.took();
            r.0.decided() && took <= s.max(answers / rate.max(1.0))
        }))
    }

    pub(crate) fn table(&self) -> String {
        let mut rows = vec!["server condition runs decided valid pool>=95% least median_s slowest_s overlap".to_owned()];
        for (server, beside) in (0..self.runs.len()).flat_map(|i| [(i, false), (i, true)]) {
            let of: Vec<_> = self.runs[server].iter().filter(|r| r.0.beside == beside).collect();
            let mut took: Vec<f64> = of.iter().map(|r| r.0.took().0).collect();
            took.sort_by(f64::total_cmp);
            rows.push(format!(
                "{server} {} {} {:.2} {:.2} {:.2} {:.3} {:.1} {:.1} {:.2}",
                if beside { "bursts" } else { "quiet" },
                of.len(),
                share(of.iter().map(|r| r.0.decided())),
                share(of.iter().map(|r| r.0.summary["valid"] == true)),
                share(of.iter().map(|r| r.1.is_some_and(|s| s >= NEAR))),
                of.iter().map(|r| r.1.unwrap_or(0.0)).fold(1.0, f64::min),
                took[(took.len() - 1) / 2],
                took[took.len() - 1],
                share(pairs(&of.iter().map(|r| r.0.interval()).collect::<Vec<_>>())),
            ));
        }
        rows.push(format!(
            "all: pool {:.2}, overlap {:.2}, soon {:.2}, in time {:.2}",
            self.near_best(),
            self.overlapping(),
            self.in_time(8.0, 32_000.0),
            self.in_time(15.0, 60_000.0)
        ));
        rows.join("\n")
    }
}

/// Share of what is true; none of nothing.
fn share(of: impl IntoIterator<Item = bool>) -> f64 {
    let (yes, all) = of
        .into_iter()
        .fold((0_u32, 0_u32), |(yes, all), b| (yes + u32::from(b), all + 1));
    f64::from(yes) / f64::from(all.max(1))
}

/// For every two whether they overlap; one that is missing overlaps nothing.
fn pairs(intervals: &[Option<(f64, f64)>]) -> Vec<bool> {
    let overlap = |a: Option<(f64, f64)>, b: Option<(f64, f64)>| a.zip(b).is_some_and(|(a, b)| a.0 <= b.1 && b.0 <= a.1);
    let with_later =
        |(i, a): (usize, &Option<(f64, f64)>)| intervals[i + 1..].iter().map(|b| overlap(*a, *b)).collect::<Vec<_>>();
    intervals.iter().enumerate().flat_map(with_later).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_overlap_where_they_share_a_count() {
        let some = |lo, hi| Some((lo, hi));

        assert_eq!(pairs(&[some(2.0, 5.0), some(5.0, 9.0), some(6.0, 7.0)]), [true, false, true]);
        assert_eq!(pairs(&[some(2.0, 5.0), None]), [false]);
        assert!((share([true, false, true, true]) - 0.75).abs() < 1e-9);
    }
}
