//! The experiment as one JSON object: what was asked, where it ran away, what it cost, and every column's quantiles.
//! What was not measured is `null`, never absent.

use super::{map, words};
use crate::telemetry::flow::{Column, Flow, LINE, Moment, Quantiles};
use serde_json::{Value, json};

/// The whole object; `command` as the user typed it.
pub fn json(f: &Flow, command: &str) -> Value {
    let whole = f.span(0.0, 1.0);
    let b = &f.books;
    json!({
        "schema": 1,
        "experiment": "ewf",
        "command": command,
        "seed": f.seed,
        "consumers": f.consumers,
        "queue": f.bound.map(|b| b.waiting),
        "overflow": f.bound.map(|b| b.overflow.name()),
        "slide": {
            "time_units": f.length, "alpha_from": f.alpha.0, "alpha_to": f.alpha.1,
            "service_min": f.service.0, "service_max": f.service.1,
        },
        "critical": f.critical.map(moment),
        "onset": f.onset().and_then(|i| f.moment(i)).map(moment),
        "baseline": f.baseline().map(digits),
        "books": {
            "offered": b.offered, "completed": b.completed, "in_service": b.in_service, "waiting": b.waiting,
            "blocked": b.blocked, "shed": b.shed, "rejected": b.rejected, "balanced": b.balanced(),
        },
        "whole": {
            "response": quantiles(whole.response.quantiles()),
            "queue_latency": quantiles(whole.wait.quantiles()),
            "task_latency": quantiles(whole.service.quantiles()),
            "queue_length": quantiles(whole.queue.quantiles()),
            "queue_length_max": f.deepest,
        },
        "cost": f.bound.map(|_| json!({
            "lost_share": digits(f.lost_share()),
            "p99_at_end": f.span(0.95, 1.0).response.quantile(0.99).map(digits),
            "slip": digits(f.slip),
            "slip_share": digits(f.slip / f.length),
        })),
        "lesson": words::lesson(f),
        "columns": columns(f),
        "spectrogram": spectrogram(f),
    })
}

fn moment(m: Moment) -> Value {
    json!({ "share": digits(m.share), "alpha": digits(m.alpha), "mean_service": digits(m.mean_service) })
}

fn quantiles(q: Quantiles) -> Value {
    json!({ "p10": q.p10.map(digits), "p50": q.p50.map(digits), "p90": q.p90.map(digits), "p99": q.p99.map(digits) })
}

/// One array a series, in the order of the slide.
fn columns(f: &Flow) -> Value {
    let each = |of: &dyn Fn(&Column) -> Option<f64>| -> Value {
        let values: Vec<_> = f.columns.iter().map(|c| of(c).map(digits)).collect();
        json!(values)
    };
    let series = |of: &dyn Fn(&Column) -> Quantiles| -> Value {
        let all: Vec<Quantiles> = f.columns.iter().map(of).collect();
        let pick = |q: &dyn Fn(&Quantiles) -> Option<f64>| -> Vec<_> { all.iter().map(|x| q(x).map(digits)).collect() };
        json!({ "p10": pick(&|q| q.p10), "p50": pick(&|q| q.p50), "p90": pick(&|q| q.p90), "p99": pick(&|q| q.p99) })
    };
    json!({
        "from": each(&|c| Some(c.from)),
        "to": each(&|c| Some(c.to)),
        "alpha": each(&|c| Some(c.alpha)),
        "mean_service": each(&|c| Some(c.mean_service)),
        "arrival_rate": series(&|c| c.arrivals.quantiles()),
        "completion_rate": series(&|c| c.completions.quantiles()),
        "refusal_rate": series(&|c| c.refusals.quantiles()),
        "refusal_rate_mean": each(&|c| c.refusals.mean()),
        "slip": series(&|c| c.slip.quantiles()),
        "queue_length": series(&|c| c.queue.quantiles()),
        "queue_latency": series(&|c| c.wait.quantiles()),
        "task_latency": series(&|c| c.service.quantiles()),
        "response": series(&|c| c.response.quantiles()),
    })
}

/// Responses of each column counted per line of 0.05 of log10(t + 1), from t = 0 upwards.
fn spectrogram(f: &Flow) -> Value {
    let counts: Vec<Vec<u64>> = f.columns.iter().map(|c| c.response.lines()).collect();
    json!({ "y": "log10(response + 1)", "step": LINE, "lines": map::lines(f), "counts": counts })
}

/// Six significant digits: no more is known.
fn digits(v: f64) -> f64 {
    format!("{v:.5e}").parse().unwrap_or(v)
}
