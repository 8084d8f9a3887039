//! One JSON object a line as the run goes: ticks, events, the summary last.

use super::summary::summary;
use crate::model::notice::Notice;
use crate::telemetry::frame::Frame;
use serde_json::{Value, json};

/// The line of a tick: rates, latencies and errors are those of the last second.
pub fn tick(f: &Frame) -> Value {
    let (c, set) = (&f.control, &f.setpoints);
    let term = |name: &str| c.terms.iter().find(|t| t.name == name).map(|t| t.value);
    json!({
        "t_s": f.at.secs(), "rps": f.now.rate, "good_rps": f.now.good_rate, "workers": c.workers, "inflight": f.gauges.in_flight,
        "queue": f.columns.last().map_or(0.0, |c| c.queue), "p50_ms": f.now.latency.p50.map(|s| s * 1e3), "p99_ms": f.now.latency.p99.map(|s| s * 1e3),
        "setpoint": set.aim().map(|t| t.to_string()), "error": c.off_target,
        "p": term("P"), "i": term("I"), "d": term("D"), "mode": set.mode.name(), "state": c.state.name(),
        "phase": f.phase.name(), "errors": f.now.errors, "converged": c.converged,
    })
}

/// The line of an event.
pub fn event(n: &Notice) -> Value {
    json!({ "event": { "at_s": n.at.secs(), "who": n.who.name(), "what": n.what } })
}

/// The last line.
pub fn last(f: &Frame) -> Value {
    json!({ "summary": summary(f) })
}
