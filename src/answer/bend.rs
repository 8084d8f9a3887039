//! What the curve says: still rising, falling past the peak, or flat.

use super::Code;
use super::bound::rate_words;
use super::consistent::peak_rate;
use super::judge::Found;
use crate::model::format::{percent, quantity, worker_count, workers};
use crate::model::setpoints::Mode;
use crate::telemetry::curve::{Knee, Row, isotonic};
use crate::telemetry::frame::Frame;

/// Share of the peak that an overload may lose and is still said to lose nothing.
const LOSS: f64 = 0.05;

/// Share of the limit at which it is reached.
const NEARLY: f64 = 0.9;

pub(super) fn not_saturated(f: &Frame) -> Found {
    if f.setpoints.mode != Mode::Max || !f.at_limit {
        return None;
    }
    let rate = f.steady.as_ref().map_or(f.last.good_rate, |s| s.good_rate);
    let max = f.setpoints.bounds.max;
    let reached = f
        .steady
        .as_ref()
        .map_or(f.control.workers, |s| s.workers)
        .max(f.control.workers);
    let bound = f.run.most_workers.map_or(max, |most| most.min(max));
    if reached < NEARLY * f64::from(bound) {
        let workers = worker_count(reached.round());
        return Some((
            Code::NotSaturated,
            format!(
                "at least {}/s at {workers}, still rising; errors above stopped me",
                quantity(rate)
            ),
        ));
    }
    let limit = match (f.run.fd_limit, f.run.most_workers) {
        (Some(files), Some(most)) if most <= max => {
            format!("the open-file limit {files} stopped me at {} (ulimit -n)", workers(most))
        }
        _ => format!("your limit of {} stopped me", workers(max)),
    };
    Some((
        Code::NotSaturated,
        format!("at least {}/s; still rising when {limit}", quantity(rate)),
    ))
}

/// Share of exchanges that were not good from which on a rate above the best is a limiter's: what it let pass meanwhile, or
/// tokens it had saved, and no overload.
const REFUSED: f64 = 0.05;

/// The row that tells of an overload: the one throughput has surely fallen at, else the one nearest twice the knee on a
/// logarithmic scale, if the ramp went there and was not just refused.
pub fn overload<'a>(f: &'a Frame, knee: &Knee) -> Option<&'a Row> {
    let twice = 2.0 * f64::from(knee.workers);
    let off = |r: &Row| (f64::from(r.workers) / twice).ln().abs();
    let refused = |r: &Row| r.errors > REFUSED && r.good_rps > knee.best_rps;
    let held = |r: &&Row| !r.stale && r.workers > knee.hi && r.completions >= 20 && off(r) < 1.2 && !refused(r);
    let nearest = || f.curve.iter().filter(held).min_by(|a, b| off(a).total_cmp(&off(b)));
    fallen(f, knee).or_else(nearest)
}

/// Of the half width of a two-sided 95 % interval: what a one-sided test at 95 % takes.
const ONE_SIDED: f64 = 1.645 / 1.96;

/// Share of the best under which the rate has fallen.
const FALLEN: f64 = 0.9;

/// Farthest row that speaks of what lies beyond the knee, in knees.
const FARTHEST: f64 = 3.2;

/// The row nearest twice the knee among those that surely give less than 90 % of the best, which is not known exactly either.
fn fallen<'a>(f: &'a Frame, knee: &Knee) -> Option<&'a Row> {
    let twice = 2.0 * f64::from(knee.workers);
    let off = |r: &Row| (f64::from(r.workers) / twice).ln().abs();
    let within = |r: &Row| f64::from(r.workers) <= FARTHEST * f64::from(knee.workers);
    let best = f.curve.iter().find(|r| !r.stale && r.workers == knee.best_workers);
    let doubt = FALLEN * best.and_then(|r| r.ci95_rps).unwrap_or(0.0);
    let sure = |(_, rate, half): &(&Row, f64, f64)| rate + ONE_SIDED * half.hypot(doubt) < FALLEN * knee.best_rps;
    let told = falling(f, knee).into_iter().filter(sure).map(|(r, ..)| r);
    told.filter(|r| within(r)).min_by(|a, b| off(a).total_cmp(&off(b)))
}

/// Rows beyond the knee with the nearest falling sequence of their rates and its half widths, 1/s: a row that gives less than
/// one with more workers was unlucky.
fn falling<'a>(f: &'a Frame, knee: &Knee) -> Vec<(&'a Row, f64, f64)> {
    let half = |r: &Row| r.ci95_rps.unwrap_or(r.good_rps).max(1e-9);
    let told = f.curve.iter().filter(|r| !r.stale && r.completions >= 20);
    let mut rows: Vec<&Row> = told.filter(|r| r.workers > knee.hi).collect();
    rows.reverse();
    let levels = isotonic(rows.iter().map(|r| (r.good_rps, half(r).powi(-2))));
    let pooled = |level: f64| {
        let same = rows.iter().zip(&levels).filter(|(_, l)| (**l - level).abs() <= 1e-9 * level);
        same.map(|(r, _)| half(r).powi(-2)).sum::<f64>().powf(-0.5)
    };
    rows.iter().zip(&levels).map(|(r, l)| (*r, *l, pooled(*l))).collect()
}

pub(super) fn collapses(f: &Frame) -> Found {
    if f.setpoints.mode != Mode::Max {
        return None;
    }
    let knee = f.knee.as_ref()?;
    let beyond = fallen(f, knee);
    beyond.map(|beyond| {
        let (from, to) = (quantity(peak_rate(f, knee)), quantity(beyond.good_rps));
        (
            Code::Collapses,
            format!(
                "past {} throughput falls: {from} → {to}/s at {} · knee {}–{}–{}",
                workers(knee.best_workers),
                beyond.workers,
                knee.lo,
                knee.workers,
                knee.hi
            ),
        )
    })
}

/// What more workers do, by the row beyond the knee that is told.
fn beyond(f: &Frame, knee: &Knee) -> String {
    let lost = overload(f, knee).map_or(0.0, |r| 1.0 - r.good_rps / peak_rate(f, knee));
    if lost > LOSS {
        format!("add latency and lose {}", percent(lost))
    } else {
        "only add latency".into()
    }
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
            "at {} · {}{}/s{precision} closed · more workers {}",
            workers(knee.workers),
            rate_words(f),
            quantity(knee.good_rps),
            beyond(f, knee)
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(workers: u32, good_rps: f64, share: f64) -> Row {
        Row {
            workers,
            good_rps,
            ci95_rps: Some(share * good_rps),
            completions: 500,
            ..Row::default()
        }
    }

    fn fallen_at(best: Row, beyond: Row) -> Option<u32> {
        fallen_among(best, vec![beyond])
    }

    fn fallen_among(best: Row, beyond: Vec<Row>) -> Option<u32> {
        told_of(best, beyond, |f, knee| fallen(f, knee).map(|r| r.workers))
    }

    fn told_of(best: Row, mut beyond: Vec<Row>, told: impl Fn(&Frame, &Knee) -> Option<u32>) -> Option<u32> {
        let knee = Knee {
            workers: 40,
            lo: 36,
            hi: 48,
            good_rps: best.good_rps,
            ci95_rps: best.ci95_rps,
            p50: None,
            p99: None,
            best_workers: best.workers,
            best_rps: best.good_rps,
            usl: None,
        };
        beyond.insert(0, best);
        let f = Frame {
            curve: beyond.into(),
            ..Frame::default()
        };
        told(&f, &knee)
    }

    #[test]
    fn a_fall_is_one_beyond_the_doubts_of_both_rows() {
        assert_eq!(fallen_at(row(44, 1000.0, 0.02), row(100, 800.0, 0.08)), Some(100));
        assert_eq!(
            fallen_at(row(44, 1000.0, 0.16), row(100, 800.0, 0.08)),
            None,
            "the best may be a lucky one"
        );
        assert_eq!(fallen_at(row(44, 1000.0, 0.02), row(100, 800.0, 0.2)), None);
        assert_eq!(
            fallen_at(row(44, 1000.0, 0.02), row(200, 500.0, 0.02)),
            None,
            "five knees are too far"
        );
    }

    #[test]
    fn the_overload_told_of_is_where_throughput_has_fallen_not_a_row_nearer_to_twice_the_knee() {
        let told = |beyond| told_of(row(44, 1000.0, 0.02), beyond, |f, k| overload(f, k).map(|r| r.workers));

        assert_eq!(told(vec![row(64, 1010.0, 0.02), row(128, 700.0, 0.02)]), Some(128));
        assert_eq!(told(vec![row(64, 1010.0, 0.02), row(128, 980.0, 0.02)]), Some(64));
        let failing = |good_rps| Row {
            errors: 0.97,
            ..row(64, good_rps, 0.02)
        };
        assert_eq!(told(vec![failing(1500.0)]), None, "refusals are no overload");
        assert_eq!(told(vec![failing(400.0)]), Some(64), "a target that fails is in one");
    }

    #[test]
    fn one_low_row_among_many_that_are_as_good_is_chance_and_a_steady_fall_is_not() {
        let best = || row(44, 1000.0, 0.02);
        let chance = vec![row(54, 780.0, 0.1), row(60, 960.0, 0.1), row(110, 950.0, 0.08)];
        let fall = vec![row(60, 900.0, 0.1), row(80, 780.0, 0.1), row(110, 680.0, 0.08)];

        assert_eq!(fallen_among(best(), chance), None);
        assert_eq!(fallen_among(best(), fall), Some(80));
    }
}
