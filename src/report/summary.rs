//! The JSON summary, schema 1 (`assets/summary.schema.json`): the same keys in every run, `null` where nothing was measured.

use crate::answer;
use crate::model::expr::Unit;
use crate::model::run::Truth;
use crate::model::setpoints::LoadModel;
use crate::telemetry::curve::{Knee, Row};
use crate::telemetry::experiment::{StepTest, Tune};
use crate::telemetry::frame::{Frame, Steady};
use crate::telemetry::latency::Summary;
use crate::telemetry::outage::Outage;
use crate::telemetry::promise::{Check, Slo};
use crate::telemetry::threshold::{Judged, judge};
use serde_json::{Map, Value, json};

/// The whole summary.
pub fn summary(f: &Frame) -> Value {
    let run = &f.run;
    json!({
        "schema": 1,
        "target": run.target,
        "protocol": run.protocol,
        "detection": { "asked": run.detection.asked, "answer": run.detection.answer },
        "command": run.command,
        "seed": run.seed,
        "started_at": run.started_at,
        "elapsed_s": seconds(f.at.secs()),
        "ended_by": f.ended_by.map(|e| e.name()),
        "load": load(f),
        "books": books(f),
        "status": status(f),
        "errors": errors(f),
        "error_samples": samples(f),
        "bytes": { "tx": f.totals.tx, "rx": f.totals.rx, "surplus": f.totals.surplus },
        "connections": connections(f),
        "throughput": { "rps": rate(f.whole.rate), "good_rps": rate(f.whole.good_rate), "ci95_rps": f.whole.ci95.map(rate), "little_ratio": f.whole.little_ratio },
        "latency": latency(f),
        "controller": controller(f),
        "steady": f.steady.as_ref().map(steady),
        "curve": f.curve.iter().filter(|r| !r.stale).map(row).collect::<Vec<_>>(),
        "knee": f.knee.as_ref().map(knee),
        "open_check": f.check.as_ref().filter(|c| c.steady.is_some()).map(open_check),
        "slo": f.slo.as_ref().map(|s| slo(s, f)),
        "advice": answer::advice(f).map(|a| json!({ "rate_rps": a.rate_rps, "pool": a.pool, "basis": a.basis, "text": a.text })),
        "verdict": verdict(f),
        "valid": f.valid,
        "queue": queue(f),
        "generator": generator(f),
        "outages": f.outages.iter().map(outage).collect::<Vec<_>>(),
        "thresholds": judge(f).iter().map(threshold).collect::<Vec<_>>(),
        "events": f.notices.iter().map(|n| json!({ "at_s": seconds(n.at.secs()), "who": n.who.name(), "what": n.what })).collect::<Vec<_>>(),
        "plant": run.truth.as_ref().map(plant),
    })
}

fn load(f: &Frame) -> Value {
    let open = f.setpoints.model == LoadModel::Open;
    json!({
        "model": if open { "open" } else { "closed" },
        "arrivals": open.then(|| f.setpoints.arrivals.name()),
        "rate_rps": searched(f).or(f.staged_rate.map(rate)).or(f.setpoints.rate.filter(|_| open)),
        "overflow": f.setpoints.overflow.name(),
        "queue_capacity": open.then_some(f.run.queue_capacity),
        "profile": f.run.profile.name(),
    })
}

/// What the search for a promise has found, or else what it offers now.
fn searched(f: &Frame) -> Option<f64> {
    f.slo.as_ref().map(|s| rate(s.answer.map_or(s.rate, |(answer, _)| answer)))
}

fn books(f: &Frame) -> Value {
    let b = &f.books;
    json!({
        "scheduled": b.scheduled, "sent": b.sent, "unsent": b.unsent, "ok": b.ok, "bad_status": b.bad_status, "failed": b.failed,
        "aborted": b.aborted, "in_flight": b.in_flight, "queued": b.queued, "shed": b.shed, "not_sent": b.not_sent, "balanced": b.balanced(),
    })
}

fn status(f: &Frame) -> Value {
    Value::Object(
        f.totals
            .status
            .iter()
            .map(|(s, n)| (s.to_string(), json!(n)))
            .collect::<Map<_, _>>(),
    )
}

fn errors(f: &Frame) -> Value {
    Value::Object(
        f.totals
            .errors
            .iter()
            .map(|(c, n)| (c.name().to_owned(), json!(n)))
            .collect::<Map<_, _>>(),
    )
}

fn samples(f: &Frame) -> Value {
    f.totals
        .samples
        .iter()
        .map(|s| json!({ "class": s.class.name(), "detail": s.detail, "at_s": seconds(s.at.secs()) }))
        .collect()
}

fn connections(f: &Frame) -> Value {
    let (t, g) = (&f.totals, &f.gauges);
    json!({ "opened": t.opened, "active": g.active, "peak": g.peak, "reused": t.reused, "retries": t.retries, "wanted": f.short_of.map_or(f.control.workers.ceil() as u64, |s| s.1) })
}

fn latency(f: &Frame) -> Value {
    json!({ "response": series(&f.table.response), "service": series(&f.table.service), "wait": series(&f.table.wait), "connect": series(&f.table.connect) })
}

fn series(s: &Summary) -> Value {
    json!({
        "count": s.count, "min_ms": s.min.map(ms), "mean_ms": s.mean.map(ms), "p50_ms": s.p50.map(ms), "p75_ms": s.p75.map(ms), "p90_ms": s.p90.map(ms),
        "p95_ms": s.p95.map(ms), "p99_ms": s.p99.map(ms), "p999_ms": s.p999.map(ms), "p9999_ms": s.p9999.map(ms), "max_ms": s.max.map(ms),
    })
}

fn controller(f: &Frame) -> Value {
    let (c, set) = (&f.control, &f.setpoints);
    let gains = json!({ "kp": set.gains.kp, "ki": set.gains.ki, "kd": set.gains.kd });
    json!({
        "mode": set.mode.name(), "state": c.state.name(), "converged": c.converged, "converged_at_s": c.converged_at.map(|t| seconds(t.secs())),
        "setpoint": set.aim().map(|t| t.to_string()), "gains": gains,
        "workers": c.workers, "ticks": c.ticks, "saturated_ticks": c.saturated_ticks,
        "evidence": c.evidence.map(|e| json!({ "have": e.have.round(), "need": e.need.round(), "seconds": e.seconds.is_finite().then(|| seconds(e.seconds)) })),
        "step_test": c.step_test.as_ref().map(step_test), "tune": c.tune.as_ref().map(tune),
    })
}

fn step_test(s: &StepTest) -> Value {
    json!({
        "workers": s.from, "workers_stepped": s.to, "gain": s.gain, "gain_error": s.gain_error, "latency_gain": s.latency_gain, "signal": s.signal,
        "dead_s": s.dead_s.map(seconds), "time_constant_s": s.time_constant_s.map(seconds), "overshoot": s.overshoot, "settling_s": s.settling_s.map(seconds),
    })
}

fn tune(t: &Tune) -> Value {
    json!({
        "variable": t.variable, "workers": t.workers, "ultimate_gain": t.ultimate_gain, "ultimate_period_s": seconds(t.ultimate_period_s),
        "cycles": t.cycles, "gains": { "kp": t.gains.kp, "ki": t.gains.ki, "kd": t.gains.kd },
    })
}

fn steady(s: &Steady) -> Value {
    json!({
        "basis": s.basis, "from_s": seconds(s.from.secs()), "workers": s.workers, "rps": rate(s.rate), "good_rps": rate(s.good_rate),
        "p50_ms": s.latency.p50.map(ms), "p95_ms": s.latency.p95.map(ms), "p99_ms": s.latency.p99.map(ms),
    })
}

fn row(r: &Row) -> Value {
    json!({
        "workers": r.workers, "good_rps": rate(r.good_rps), "ci95_rps": r.ci95_rps.map(rate), "p50_ms": r.p50.map(ms), "p99_ms": r.p99.map(ms),
        "errors": r.errors, "completions": r.completions, "held_s": seconds(r.held),
    })
}

fn knee(k: &Knee) -> Value {
    json!({
        "workers": k.workers, "workers_lo": k.lo, "workers_hi": k.hi, "good_rps": rate(k.good_rps), "ci95_rps": k.ci95_rps.map(rate),
        "p50_ms": k.p50.map(ms), "p99_ms": k.p99.map(ms),
        "usl": k.usl.map(|u| json!({ "lambda": u.lambda, "alpha": u.alpha, "beta": u.beta, "r2": u.r2 })),
    })
}

fn open_check(c: &Check) -> Value {
    json!({
        "rate_rps": rate(c.rate), "held_s": seconds(c.held), "p50_ms": c.response.p50.map(ms), "p99_ms": c.response.p99.map(ms),
        "p999_ms": c.response.p999.map(ms), "steady": c.steady == Some(true),
    })
}

fn slo(s: &Slo, f: &Frame) -> Value {
    json!({
        "expr": s.promise.to_string(), "rate_rps": s.answer.map(|a| rate(a.0)), "ci95_rps": s.answer.map(|a| rate(a.1)),
        "confirmed": s.confirmed == Some(true), "confirm_s": s.confirm.map(|c| seconds(c.0)), "decided": s.decided,
        "bad": (s.bad.0 * s.decided as f64).round() as u64, "dispersion": s.dispersion, "idle_p99_ms": s.idle.map(ms),
        "arrivals": f.setpoints.arrivals.name(), "cap": s.cap,
    })
}

fn verdict(f: &Frame) -> Value {
    let v = answer::verdict(f);
    let limit = v.limit.map(|l| json!({ "kind": l.kind, "value": rate(l.value) }));
    json!({ "code": v.code.name(), "sentence": v.sentence, "bound": v.bound.name(), "cause": v.cause, "limit": limit })
}

fn queue(f: &Frame) -> Value {
    let open = f.setpoints.model == LoadModel::Open;
    let quantiles = |q: [Option<f64>; 3]| json!({ "p50": q[0], "p99": q[1], "p999": q[2] });
    json!({
        "kind": if open { "client" } else { "estimate" }, "depth_max": rate(f.queue.max), "depth_now": rate(f.queue.now),
        "arrival_rps": quantiles(f.queue.arrival), "completion_rps": quantiles(f.queue.completion), "shed_rps": quantiles(f.queue.shed),
    })
}

fn generator(f: &Frame) -> Value {
    if f.run.simulated {
        return json!({ "saturated": null, "reason": null, "cpu": null, "cpu_wait": null, "send_lag_p50_ms": null, "send_lag_p99_ms": null, "stalls": null, "fd_limit": null });
    }
    let stalls: Value = f
        .stalls
        .iter()
        .map(|(at, long)| json!({ "at_s": seconds(at.secs()), "for_ms": ms(long.secs()) }))
        .collect();
    // In the closed model nothing is due before a worker is free: there is no lag.
    let open = f.setpoints.model == LoadModel::Open;
    let lag = |lag: Option<f64>| lag.filter(|_| open).map(ms);
    json!({
        "saturated": f.saturated.is_some(), "reason": f.saturated, "cpu": f.cpu, "cpu_wait": f.cpu_wait,
        "send_lag_p50_ms": lag(f.table.send_lag.0), "send_lag_p99_ms": lag(f.table.send_lag.1), "stalls": stalls, "fd_limit": f.run.fd_limit,
    })
}

fn outage(o: &Outage) -> Value {
    json!({ "from_s": seconds(o.from.secs()), "to_s": o.to.map(|t| seconds(t.secs())), "reason": o.reason })
}

/// A time is told in ms, as everywhere here; the others as they are.
fn threshold(j: &Judged) -> Value {
    let value = j.value.map(|v| match j.expr.metric.unit() {
        Unit::Time => ms(v),
        Unit::Share => (v * 1e9).round() / 1e9,
        Unit::Rate | Unit::Count => rate(v),
    });
    json!({ "expr": j.expr.to_string(), "value": value, "ok": j.ok })
}

fn plant(t: &Truth) -> Value {
    json!({ "name": t.name, "best_rps": rate(t.best_rps), "best_workers": t.best_workers, "knee_workers": t.knee_workers })
}

/// Seconds to milliseconds, to the nanosecond.
fn ms(seconds: f64) -> f64 {
    (seconds * 1e9).round() / 1e6
}

fn seconds(s: f64) -> f64 {
    (s * 1e3).round() / 1e3
}

fn rate(r: f64) -> f64 {
    (r * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_run_has_every_key_and_no_not_a_number() {
        let s = summary(&Frame::default());

        for key in [
            "target",
            "books",
            "latency",
            "knee",
            "verdict",
            "generator",
            "plant",
            "open_check",
            "slo",
            "thresholds",
        ] {
            assert!(s.get(key).is_some(), "{key}");
        }
        assert_eq!(s["latency"]["response"]["p99_ms"], Value::Null);
        assert_eq!(s["books"]["balanced"], true);
    }

    #[test]
    fn an_outage_without_an_end_ends_in_null() {
        let f = Frame {
            outages: vec![Outage {
                from: crate::model::units::Nanos::from_secs(4),
                to: None,
                reason: "connection refused".into(),
            }],
            ..Frame::default()
        };

        let s = summary(&f);

        assert_eq!(
            s["outages"],
            json!([{ "from_s": 4.0, "to_s": null, "reason": "connection refused" }])
        );
    }
}
