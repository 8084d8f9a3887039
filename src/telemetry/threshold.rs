//! What a threshold is judged on: its metric as a frame has it, and whether there is evidence enough.
//! It refuses to guess: a percentile that its samples cannot carry has no value, and is not kept.

use super::frame::{Frame, Steady};
use super::latency::Summary;
use crate::model::expr::{Expr, Metric, Op, Unit};
use crate::model::format::{count, latency, percent, quantity};
use crate::model::setpoints::Mode;

/// Seconds of evidence before a rate or a level can end a run early.
const SPAN: f64 = 5.0;
/// Answers before a mean can, and errors that would be allowed before a share of them can.
const ANSWERS: f64 = 10.0;

/// One threshold, judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// What was to hold.
    pub expr: Expr,
    /// The metric, in its unit (s, a share, 1/s, a count); `None` without evidence.
    pub value: Option<f64>,
    /// Exchanges it rests on.
    pub count: u64,
    /// It holds. Never without a value.
    pub ok: bool,
}

/// All thresholds of a run as they stand: on the steady state where something searches, else on the measured run.
/// Counts (`ok`, `shed`) are those of the books in either case.
pub fn judge(f: &Frame) -> Vec<Judged> {
    f.run.thresholds.iter().map(|e| one(*e, f)).collect()
}

fn one(expr: Expr, f: &Frame) -> Judged {
    let (value, count) = measure(expr.metric, f);
    let ok = value.is_some_and(|v| expr.op.holds(v, expr.value));
    Judged { expr, value, count, ok }
}

/// The law moves the load by itself: only its rest tells about the target.
fn searching(f: &Frame) -> bool {
    f.setpoints.mode != Mode::Manual
}

fn measure(metric: Metric, f: &Frame) -> (Option<f64>, u64) {
    let ended = f.books.ok + f.books.bad_status + f.books.failed + f.books.unsent;
    let counted = match metric {
        Metric::Ok => Some(f.books.ok),
        Metric::Shed => Some(f.books.shed),
        _ => None,
    };
    if let Some(n) = counted {
        return (Some(n as f64), ended);
    }
    if searching(f) {
        return f.steady.as_ref().map_or((None, 0), |s| (at_rest(metric, s), s.latency.count));
    }
    let w = &f.whole;
    let begun = w.span > 0.0;
    let value = match metric {
        Metric::Errors => (begun && ended > 0).then_some(w.errors),
        Metric::Rps => begun.then_some(w.rate),
        Metric::GoodRps => begun.then_some(w.good_rate),
        Metric::Queue => Some(f.queue.max),
        Metric::Workers => f.steady.as_ref().map(|s| s.workers),
        _ => response(metric, &f.table.response),
    };
    let count = if metric.unit() == Unit::Time {
        f.table.response.count
    } else {
        ended
    };
    (value, count)
}

fn at_rest(metric: Metric, s: &Steady) -> Option<f64> {
    match metric {
        Metric::Errors => (s.rate > 0.0).then_some(s.errors),
        Metric::Rps => Some(s.rate),
        Metric::GoodRps => Some(s.good_rate),
        Metric::Queue => Some(s.queue),
        Metric::Workers => Some(s.workers),
        _ => response(metric, &s.latency),
    }
}

fn response(metric: Metric, s: &Summary) -> Option<f64> {
    match metric {
        Metric::Mean => s.mean,
        Metric::Max => s.max,
        Metric::Quantile(q) => [
            (0.5, s.p50),
            (0.75, s.p75),
            (0.9, s.p90),
            (0.95, s.p95),
            (0.99, s.p99),
            (0.999, s.p999),
            (0.9999, s.p9999),
        ]
        .into_iter()
        .find(|(at, _)| *at == q)
        .and_then(|(_, v)| v),
        _ => None,
    }
}

impl Judged {
    /// Failed, and with evidence that more of the same run will not turn: a percentile has its samples (10/(1 − q)), a
    /// mean ten answers, a share of errors ten times the exchanges in which one error would be allowed, a rate or a level
    /// five seconds. What can only grow has failed for good above its bound and cannot have failed below it.
    pub fn beyond_doubt(&self, f: &Frame) -> bool {
        if self.ok || self.value.is_none() {
            return false;
        }
        if searching(f) && f.steady.as_ref().is_none_or(|s| s.basis != "hold") {
            return false;
        }
        let below = matches!(self.expr.op, Op::Less | Op::AtMost);
        match self.expr.metric {
            Metric::Ok | Metric::Shed | Metric::Max => below,
            Metric::Queue if !searching(f) => below,
            Metric::Quantile(_) => true,
            Metric::Mean => self.count as f64 >= ANSWERS,
            Metric::Errors => below && self.count as f64 * self.expr.value.max(1e-9) >= ANSWERS || self.expr.value == 0.0,
            Metric::Rps | Metric::GoodRps | Metric::Queue | Metric::Workers => f.whole.span >= SPAN,
        }
    }

    /// What is missing for a value; `None` when there is one.
    pub fn needs(&self) -> Option<String> {
        if self.value.is_some() {
            return None;
        }
        Some(match self.expr.metric {
            Metric::Quantile(q) if q > 0.5 && self.count > 0 => {
                let needed = (10.0 / (1.0 - q)).round() as u64;
                format!("needs {} answers, had {}", count(needed), count(self.count))
            }
            _ if self.count == 0 => "nothing was measured".into(),
            _ => "needs 2 s at rest".into(),
        })
    }

    /// As a sentence: `p99<80ms holds: 12 ms`, `p99<80ms FAILED: 95 ms`, `p999<80ms FAILED: needs 10,000 answers, had 310`.
    pub fn sentence(&self) -> String {
        let Self { expr, value, .. } = self;
        match self.needs() {
            Some(needs) => format!("{expr} FAILED: {needs}"),
            None if self.ok => format!("{expr} holds: {}", said(expr.metric, *value)),
            None => format!("{expr} FAILED: {}", said(expr.metric, *value)),
        }
    }
}

fn said(metric: Metric, value: Option<f64>) -> String {
    let v = value.unwrap_or(f64::NAN);
    match metric.unit() {
        Unit::Time => latency(value),
        Unit::Share => percent(v),
        Unit::Rate => format!("{}/s", quantity(v)),
        Unit::Count => quantity(v),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::run::RunInfo;
    use crate::model::setpoints::Setpoints;
    use crate::model::units::Nanos;
    use crate::telemetry::latency::Latency;
    use std::sync::Arc;

    /// `n` answers of 10 ms in 20 s, a tenth of them bad, in `mode`.
    fn frame(thresholds: &[&str], n: u64, mode: Mode) -> Frame {
        let mut response = Latency::new();
        response.record_n(Nanos::from_millis(10), n);
        let mut f = Frame {
            run: Arc::new(RunInfo {
                thresholds: thresholds.iter().map(|t| Expr::parse(t).unwrap()).collect(),
                ..RunInfo::default()
            }),
            setpoints: Setpoints {
                mode,
                ..Setpoints::default()
            },
            ..Frame::default()
        };
        f.table.response = response.summary();
        (f.books.ok, f.books.bad_status) = (n - n / 10, n / 10);
        (f.whole.span, f.whole.rate, f.whole.errors) = (20.0, n as f64 / 20.0, 0.1);
        f
    }

    #[test]
    fn the_measured_run_is_judged_where_nothing_searches() {
        let f = frame(
            &[
                "p99<80ms",
                "p99<5ms",
                "errors<5%",
                "rps>=50",
                "ok>1000",
                "shed<1",
                "mean<=10ms",
            ],
            1_000,
            Mode::Manual,
        );

        let judged = judge(&f);

        let ok: Vec<bool> = judged.iter().map(|j| j.ok).collect();
        assert_eq!(ok, [true, false, false, true, false, true, true]);
        assert_eq!(judged[3].value, Some(50.0));
        assert_eq!(judged[0].sentence(), "p99<80ms holds: 10 ms");
        assert_eq!(judged[2].sentence(), "errors<5% FAILED: 10 %");
    }

    #[test]
    fn a_search_is_judged_at_its_rest_and_without_one_nothing_holds() {
        let mut f = frame(&["p99<80ms"], 1_000, Mode::Max);
        assert_eq!(judge(&f)[0].sentence(), "p99<80ms FAILED: nothing was measured");

        let mut latency = Summary {
            count: 5_000,
            p99: Some(0.1),
            ..Summary::default()
        };
        let mut rest = |basis, p99| {
            latency.p99 = Some(p99);
            f.steady = Some(Steady {
                basis,
                latency,
                ..Steady::default()
            });
            let j = judge(&f)[0];
            (j.value, j.ok, j.beyond_doubt(&f))
        };

        assert_eq!(rest("hold", 0.1), (Some(0.1), false, true));
        assert_eq!(rest("hold", 0.01), (Some(0.01), true, false));
        assert!(!rest("last_third", 0.1).2, "not at rest yet");
    }

    #[test]
    fn a_percentile_that_its_samples_cannot_carry_is_not_kept_and_says_what_it_needs() {
        let f = frame(&["p999<80ms", "p99>1ms"], 310, Mode::Manual);

        let judged = judge(&f);

        assert_eq!((judged[0].value, judged[0].ok), (None, false));
        assert_eq!(judged[0].sentence(), "p999<80ms FAILED: needs 10,000 answers, had 310");
        assert!(judged[1].sentence().contains("needs 1,000 answers"), "{:?}", judged[1]);
        assert!(!judged[0].beyond_doubt(&f), "no evidence, no early end");
    }

    #[test]
    fn only_what_more_of_the_run_cannot_turn_ends_it() {
        let doubt = |text: &str, n: u64, span: f64| {
            let mut f = frame(&[text], n, Mode::Manual);
            f.whole.span = span;
            judge(&f)[0].beyond_doubt(&f)
        };

        // One error in a hundred allowed: ten times that are 1,000 exchanges.
        assert!(!doubt("errors<1%", 990, 20.0) && doubt("errors<1%", 1_000, 20.0));
        assert!(doubt("errors<=0", 10, 20.0), "one is one too many");
        assert!(!doubt("rps>=500", 400, 4.0) && doubt("rps>=500", 400, 5.0));
        assert!(!doubt("ok>=1000", 100, 20.0), "it may still come");
        assert!(doubt("max<5ms", 10, 1.0) && !doubt("max>1s", 10, 1.0));
        assert!(!doubt("mean<5ms", 9, 20.0) && doubt("mean<5ms", 10, 20.0));
    }
}
