//! What a step of the history changed, in words.
//! It names only what differs.

use crate::model::expr::Expr;
use crate::model::setpoints::{KNOBS, LoadModel, Setpoints};

/// The guard in force, in words.
pub(super) fn guard_said(guard: Option<Expr>) -> String {
    guard.map_or("no guard of yours".into(), |g| format!("pause when {g} for 1 s"))
}

/// What differs, in words.
pub(super) fn differences(from: &Setpoints, to: &Setpoints) -> String {
    let mut parts = Vec::new();
    if from.mode != to.mode {
        parts.push(format!("mode {}", to.mode.name()));
    }
    if from.promise != to.promise {
        parts.push(to.promise.map_or("no promise".into(), |p| p.to_string()));
    }
    if from.target != to.target {
        parts.push(to.target.map_or("no target".into(), |t| format!("target {t}")));
    }
    if from.gains != to.gains {
        parts.push(format!(
            "gains kp {:.3} ki {:.3} kd {:.3}",
            to.gains.kp, to.gains.ki, to.gains.kd
        ));
    }
    for k in KNOBS.iter().filter(|k| from.knobs.get(k.name) != to.knobs.get(k.name)) {
        parts.push(format!("{} {}", k.name, to.knobs.get(k.name).unwrap_or_default()));
    }
    if from.bounds != to.bounds {
        parts.push(format!("bounds {}..{}", to.bounds.min, to.bounds.max));
    }
    if from.asked != to.asked {
        parts.push(to.asked.map_or("workers automatic".into(), |n| format!("workers {n}")));
    }
    if from.model != to.model {
        let open = to.model == LoadModel::Open;
        parts.push(if open { "open model" } else { "closed model" }.into());
    }
    if let Some(rate) = to.rate.filter(|_| from.rate != to.rate) {
        parts.push(format!("rate {}/s", crate::model::format::quantity(rate)));
    }
    if from.overflow != to.overflow {
        parts.push(format!("overflow {}", to.overflow.name()));
    }
    if from.guard != to.guard {
        parts.push(guard_said(to.guard));
    }
    if from.paused != to.paused {
        parts.push(if to.paused { "paused" } else { "resumed" }.into());
    }
    parts.join(", ")
}
