//! What the curve says: still rising, falling past the peak, or flat.

use super::Code;
use super::judge::Found;
use crate::model::format::{percent, quantity};
use crate::model::setpoints::Mode;
use crate::telemetry::curve::{Knee, Row};
use crate::telemetry::frame::Frame;

pub(super) fn not_saturated(f: &Frame) -> Found {
    if f.setpoints.mode != Mode::Max || !f.at_limit {
        return None;
    }
    let rate = f.steady.as_ref().map_or(f.last.good_rate, |s| s.good_rate);
    let max = f.setpoints.bounds.max;
    Some((
        Code::NotSaturated,
        format!(
            "at least {}/s; still rising when your limit of {max} workers stopped me",
            quantity(rate)
        ),
    ))
}

/// The row nearest twice the knee, on a logarithmic scale, if the ramp went there.
pub fn overload<'a>(f: &'a Frame, knee: &Knee) -> Option<&'a Row> {
    let twice = 2.0 * f64::from(knee.workers);
    let off = |r: &Row| (f64::from(r.workers) / twice).ln().abs();
    f.curve
        .iter()
        .filter(|r| !r.stale && r.workers > knee.hi && r.completions >= 20 && off(r) < 1.2)
        .min_by(|a, b| off(a).total_cmp(&off(b)))
}

/// Of the half width of a two-sided 95 % interval: what a one-sided test at 95 % takes.
const ONE_SIDED: f64 = 1.645 / 1.96;

/// Farthest row that speaks of what lies beyond the knee, in knees.
const FARTHEST: f64 = 3.2;

/// The row nearest twice the knee among those that surely give less than 90 % of the best.
fn fallen<'a>(f: &'a Frame, knee: &Knee) -> Option<&'a Row> {
    let twice = 2.0 * f64::from(knee.workers);
    let off = |r: &Row| (f64::from(r.workers) / twice).ln().abs();
    let beyond = |r: &&Row| r.workers > knee.hi && f64::from(r.workers) <= FARTHEST * f64::from(knee.workers);
    let sure = |r: &&Row| r.good_rps + ONE_SIDED * r.ci95_rps.unwrap_or(r.good_rps) < 0.9 * knee.best_rps;
    let told = f.curve.iter().filter(|r| !r.stale && r.completions >= 20);
    told.filter(beyond).filter(sure).min_by(|a, b| off(a).total_cmp(&off(b)))
}

pub(super) fn collapses(f: &Frame) -> Found {
    if f.setpoints.mode != Mode::Max {
        return None;
    }
    let knee = f.knee.as_ref()?;
    let beyond = fallen(f, knee);
    beyond.map(|beyond| {
        let (from, to) = (quantity(knee.best_rps), quantity(beyond.good_rps));
        (
            Code::Collapses,
            format!(
                "past {} workers throughput falls: {from} → {to}/s at {} · knee {}–{}–{}",
                knee.best_workers, beyond.workers, knee.lo, knee.workers, knee.hi
            ),
        )
    })
}

pub(super) fn saturated(f: &Frame) -> Found {
    if f.setpoints.mode != Mode::Max {
        return None;
    }
    let knee = f.knee.as_ref()?;
    let precision = knee
        .ci95_rps
        .map_or_else(String::new, |c| format!(" ±{}", percent(c / knee.good_rps)));
    Some((
        Code::Saturated,
        format!(
            "at {} workers · {}/s{precision} closed · more workers only add latency",
            knee.workers,
            quantity(knee.good_rps)
        ),
    ))
}
