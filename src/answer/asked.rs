//! STEADY in the closed model: what was asked for, what it came to, and with how many workers.
//! It refuses to call a mean of two targets, or one that is off, as asked.

use super::bound::{latency_words, rate_words};
use crate::model::format::{change, count, latency, quantity, worker_count};
use crate::model::run::EndedBy;
use crate::model::setpoints::{Mode, ProcessVariable, Setpoint};
use crate::telemetry::frame::{Frame, Steady};

/// How far off a rate, and a latency or a queue, may be and is still as asked.
const RATE: f64 = 0.03;
const LATENCY: f64 = 0.10;

/// Nothing to report.
pub(super) fn steady(f: &Frame) -> String {
    let stopped = if f.ended_by == Some(EndedBy::Signal) {
        ", stopped by a signal"
    } else {
        ""
    };
    if let (Mode::Hold, Some(target), Some(s)) = (f.setpoints.mode, f.setpoints.target, &f.steady)
        && let Some(value) = seen(&target, s)
    {
        return format!("{}{stopped}", holds(f, &target, value, s));
    }
    let (rate, p99) = f
        .steady
        .as_ref()
        .map_or((f.whole.good_rate, f.table.response.p99), |s| (s.good_rate, s.latency.p99));
    let asked = match f.setpoints.mode {
        mode if mode.school() => {
            let n = f.steady.as_ref().map_or(f.control.workers, |s| s.workers);
            format!(", {} rests at {}", mode.name(), worker_count(n.round()))
        }
        _ => at_workers(f),
    };
    let (rates, latencies) = (rate_words(f), latency_words(f));
    format!(
        "{rates}{}/s closed{asked}, p99 {latencies}{}{stopped}",
        quantity(rate),
        latency(p99)
    )
}

/// As asked, or so many of those asked.
fn at_workers(f: &Frame) -> String {
    match f.short_of {
        Some((ran, asked)) => format!(" at {} of {} workers", count(ran), count(asked)),
        None => format!(" at {}, as asked", worker_count(f.control.workers)),
    }
}

fn holds(f: &Frame, target: &Setpoint, value: f64, s: &Steady) -> String {
    let (workers, rate) = (worker_count(s.workers), quantity(s.good_rate));
    let rest = match target.variable {
        ProcessVariable::Rps => format!(", p99 {}{}", latency_words(f), latency(s.latency.p99)),
        _ => format!(": {}{rate}/s", rate_words(f)),
    };
    let (is, was) = (told(target, value), told(target, target.value));
    format!(
        "holds {}{}{is} (asked {was}) with {workers}{rest}",
        name(target),
        words(f, target)
    )
}

/// It rests, and what it rests at is not what was asked for.
pub(super) fn missed(f: &Frame) -> Option<String> {
    let (target, s) = (f.setpoints.target?, f.steady.as_ref()?);
    let Some(value) = seen(&target, s) else {
        return Some(format!("{target}: {} answers at rest are too few to tell", s.latency.count));
    };
    let off = value / target.value - 1.0;
    let most = if target.variable == ProcessVariable::Rps {
        RATE
    } else {
        LATENCY
    };
    (off.abs() > most).then(|| {
        format!(
            "{}{}{}, {} off the {} asked, with {}",
            name(&target),
            words(f, &target),
            told(&target, value),
            change(off),
            told(&target, target.value),
            worker_count(s.workers)
        )
    })
}

/// Before the quantity of the target, where it may be off through this machine.
fn words(f: &Frame, target: &Setpoint) -> &'static str {
    match target.variable {
        ProcessVariable::Rps => rate_words(f),
        ProcessVariable::Queue => "",
        _ => latency_words(f),
    }
}

/// The quantity of the target at rest.
fn seen(target: &Setpoint, s: &Steady) -> Option<f64> {
    let l = &s.latency;
    match target.variable {
        ProcessVariable::Rps => Some(s.good_rate),
        ProcessVariable::Queue => Some(s.queue),
        ProcessVariable::Mean => l.mean,
        ProcessVariable::Quantile(q) => {
            let known = [
                (0.5, l.p50),
                (0.75, l.p75),
                (0.9, l.p90),
                (0.95, l.p95),
                (0.99, l.p99),
                (0.999, l.p999),
            ];
            known.iter().find(|(at, _)| *at == q).and_then(|(_, v)| *v)
        }
    }
}

/// The quantity's name before its value; a rate needs none.
fn name(target: &Setpoint) -> String {
    match target.variable {
        ProcessVariable::Rps => String::new(),
        variable => format!("{} ", variable.name()),
    }
}

fn told(target: &Setpoint, value: f64) -> String {
    match target.variable {
        ProcessVariable::Rps => format!("{}/s", quantity(value)),
        ProcessVariable::Queue => quantity(value),
        _ => latency(Some(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Code, verdict};
    use super::*;
    use crate::telemetry::books::Books;
    use crate::telemetry::latency::Summary;

    fn held(variable: ProcessVariable, value: f64, good_rate: f64, p99: f64) -> Frame {
        let mut f = Frame {
            books: Books {
                ok: 9_000,
                sent: 9_000,
                ..Books::default()
            },
            steady: Some(Steady {
                workers: 12.0,
                good_rate,
                latency: Summary {
                    count: 9_000,
                    p99: Some(p99),
                    ..Summary::default()
                },
                ..Steady::default()
            }),
            ..Frame::default()
        };
        f.setpoints.mode = Mode::Hold;
        f.setpoints.target = Some(Setpoint { variable, value });
        f.control.converged = true;
        f
    }

    #[test]
    fn hold_tells_what_it_holds_and_with_how_many_workers() {
        let p99 = verdict(&held(ProcessVariable::Quantile(0.99), 0.025, 2047.0, 0.024));
        let rate = verdict(&held(ProcessVariable::Rps, 1200.0, 1180.0, 0.011));

        assert_eq!(p99.sentence, "holds p99 24 ms (asked 25 ms) with 12 workers: 2,047/s");
        assert_eq!(rate.sentence, "holds 1,180/s (asked 1,200/s) with 12 workers, p99 11 ms");
        assert_eq!((p99.code, rate.code), (Code::Steady, Code::Steady));
    }

    #[test]
    fn what_waited_for_us_is_a_bound_in_words_beside_each_figure() {
        let said = |variable, value| {
            let mut f = held(variable, value, 1180.0, 0.024);
            f.lane_full = 0.05;
            verdict(&f).sentence
        };

        assert_eq!(
            said(ProcessVariable::Quantile(0.99), 0.025),
            "holds p99 at most 24 ms (asked 25 ms) with 12 workers: at least 1,180/s"
        );
        assert_eq!(
            said(ProcessVariable::Rps, 1200.0),
            "holds at least 1,180/s (asked 1,200/s) with 12 workers, p99 at most 24 ms"
        );
    }

    #[test]
    fn what_is_off_is_not_as_asked() {
        let rate = verdict(&held(ProcessVariable::Rps, 1200.0, 872.0, 0.011));
        let p99 = verdict(&held(ProcessVariable::Quantile(0.99), 0.025, 2047.0, 0.029));

        assert_eq!((rate.code, p99.code), (Code::Undecided, Code::Undecided));
        assert_eq!(rate.sentence, "872/s, −27 % off the 1,200/s asked, with 12 workers");
        assert_eq!(p99.sentence, "p99 29 ms, +16 % off the 25 ms asked, with 12 workers");
    }
}
