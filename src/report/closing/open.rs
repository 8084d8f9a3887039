//! The rows of the open model: what was verified or kept as open traffic, and the next thing to try.
//! It refuses a rate of the closed model; where nothing open was tried, it says so.

use crate::answer::{Code, Verdict};
use crate::model::arrival::Process;
use crate::model::format::{latency, length, percent, quantity};
use crate::model::setpoints::Mode;
use crate::telemetry::frame::Frame;
use crate::telemetry::promise::{Breach, Check, Slo};

/// Columns of the label.
const LABEL: usize = 26;

/// The rows under one label, each line within `columns`.
pub(super) fn lines(f: &Frame, columns: usize) -> Vec<String> {
    let rows = rows(f).into_iter().flat_map(|text| super::wrap(&text, columns - LABEL));
    let mut lines: Vec<String> = rows.map(|text| format!("{:LABEL$}{text}", "")).collect();
    if let Some(first) = lines.first_mut() {
        let process = if f.slo.is_some() {
            f.setpoints.arrivals
        } else {
            Process::Poisson
        };
        let label = format!("  open model ({})", process.name());
        first.replace_range(..LABEL, &format!("{label:LABEL$}"));
        lines.push(String::new());
    }
    lines
}

/// What the rows say, without their label; none where there is nothing to say.
fn rows(f: &Frame) -> Vec<String> {
    if let Some(s) = &f.slo {
        return kept(s);
    }
    match f.check.as_ref().filter(|c| c.steady.is_some()) {
        Some(c) => vec![checked(c)],
        None if f.answered && f.knee.is_some() && f.setpoints.mode == Mode::Max => {
            vec!["not tested as open traffic: press v".into()]
        }
        None => Vec::new(),
    }
}

fn checked(c: &Check) -> String {
    let rate = quantity(c.rate);
    if c.steady == Some(false) {
        let why = match c.breach {
            Breach::Growth => format!("backlog {}", c.backlog),
            breach => breach.to_string(),
        };
        return format!("{rate}/s does NOT hold: {why} after {}", length(c.held));
    }
    let r = &c.response;
    format!(
        "{rate}/s verified {}: p50 {}, p99 {}, p99.9 {}, steady. Plan with this row",
        length(c.held),
        latency(r.p50),
        latency(r.p99),
        latency(r.p999)
    )
}

fn kept(s: &Slo) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(idle) = s.idle {
        out.push(format!("idle {} {}", s.promise.main().expr.metric.name(), length(idle)));
    }
    if let Some((rate, half)) = s.answer {
        let proof = match (s.kept, s.confirm) {
            (Some(kept), Some((held, _))) => format!(
                ": held {}/s for {}, {} of {} late, {} may be",
                quantity(kept),
                length(held),
                percent(s.bad.0),
                quantity(s.decided as f64),
                percent(s.bad.1)
            ),
            _ => ", not confirmed".into(),
        };
        out.push(format!(
            "{} up to {}/s ± {}{proof}",
            s.promise,
            quantity(rate),
            quantity(half)
        ));
    }
    if let Some(recovery) = s.recovery.filter(|r| *r > 0.0) {
        out.push(format!("after an overload it was empty again in {}", length(recovery)));
    }
    out
}

/// The command to try next: a promise that the knee suggests.
pub(super) fn next(f: &Frame, verdict: &Verdict) -> Option<String> {
    let found = matches!(verdict.code, Code::Saturated | Code::Collapses);
    let p99 = f.knee.as_ref().filter(|_| found && f.answered)?.p99?;
    let seen = f.check.filter(|c| c.steady == Some(true)).and_then(|c| c.response.p99);
    let limit = nice(seen.unwrap_or(0.75 * p99));
    let target = if f.run.simulated {
        f.run.target.trim_start_matches("sim ").to_owned()
    } else {
        f.run.target.clone()
    };
    let sim = if f.run.simulated { "sim " } else { "" };
    Some(format!("clobber-tui {sim}--slo 'p99<{limit}' {target}"))
}

/// One significant digit, upwards: 74 ms is 80 ms.
fn nice(seconds: f64) -> String {
    let (value, unit) = if seconds < 1.0 {
        (seconds * 1e3, "ms")
    } else {
        (seconds, "s")
    };
    let scale = 10f64.powf(value.max(1e-3).log10().floor());
    let up = (value / scale - 1e-9).ceil() * scale;
    let digits = (-scale.log10()).max(0.0).round() as usize;
    format!("{up:.digits$}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::latency::Summary;

    fn check(steady: bool) -> Frame {
        Frame {
            check: Some(Check {
                rate: 1250.0,
                of_knee: 0.75,
                at: crate::model::units::Nanos::ZERO,
                held: if steady { 20.0 } else { 2.0 },
                wanted: 20.0,
                response: Summary {
                    p50: Some(0.012),
                    p99: Some(0.074),
                    ..Summary::default()
                },
                backlog: 500,
                steady: Some(steady),
                breach: Breach::Growth,
                over: true,
            }),
            ..Frame::default()
        }
    }

    #[test]
    fn a_steady_check_tells_its_latencies_and_another_its_backlog() {
        let (steady, growing) = (rows(&check(true)), rows(&check(false)));

        assert_eq!(
            steady,
            ["1,250/s verified 20 s: p50 12 ms, p99 74 ms, p99.9 —, steady. Plan with this row"]
        );
        assert_eq!(growing, ["1,250/s does NOT hold: backlog 500 after 2.0 s"]);
        let mut failing = check(false);
        failing.check = failing.check.map(|c| Check {
            breach: Breach::Errors(0.12),
            ..c
        });
        assert_eq!(rows(&failing), ["1,250/s does NOT hold: 12 % errors after 2.0 s"]);
    }

    #[test]
    fn limits_are_rounded_up_to_one_digit() {
        assert_eq!(
            [nice(0.074), nice(0.08), nice(0.0032), nice(1.2)],
            ["80ms", "80ms", "4ms", "2s"]
        );
    }

    #[test]
    fn nothing_open_and_nothing_closed_is_no_row() {
        assert!(rows(&Frame::default()).is_empty());
    }
}
