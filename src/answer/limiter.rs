//! RATE-LIMITED: fast refusals above a good rate that more workers do not raise.
//! It refuses to call a full queue a limiter: that one gives as much without refusals at fewer workers.

use super::judge::Found;
use super::{Code, Limit};
use crate::model::format::{length, percent, quantity};
use crate::telemetry::curve::Row;
use crate::telemetry::frame::Frame;

/// Share of all answers that must be refusals, and share of the bad ones.
const REFUSED: f64 = 0.05;
const AMONG_BAD: f64 = 0.9;
/// A row is limited from this share of refusals on, and clean below it.
const LIMITED: f64 = 0.02;
/// Refusals take less than this share of the time of good answers: of a rate, and of a limit in flight, where a distant target
/// takes nearly as long for either.
const FAST: f64 = 0.5;
const SOONER: f64 = 0.9;
/// Refusals of a row that tell of a limit.
const TOLD: f64 = 8.0;
/// Share of refusals up to which workers are below the limit, where some are.
const CLEAN: f64 = 0.005;
/// Workers over fewer ones from which on two rows tell whether the rate still rose.
const APART: f64 = 1.2;
/// Good answers without which a row says nothing.
const ENOUGH: u64 = 50;
/// Good rates of limited rows lie within this factor of each other.
const FLAT: f64 = 1.3;
/// One worker count alone: its good rate must be known to this share.
const STEADY: f64 = 0.15;
/// A clean row that gives this share of the best limited one: the refusals come with the queue.
const AS_MUCH: f64 = 0.9;

/// Share refused with which a limiter known by its 429 is paced: at rest just above its limit.
const PACED: std::ops::Range<f64> = 0.001..0.2;
/// Fewest refusing workers over the most that were never refused, up to which the limit lies between them.
const NEXT: f64 = 1.5;
/// What twice the workers must bring below a limit in flight, e-folds per e-fold: else a queue was full.
const RISING: f64 = 0.3;

/// Refusals answered in less than half the time of the others, and a good rate that does not grow with workers.
pub(super) fn rate_limited(f: &Frame) -> Found {
    let (limit, fast) = found(f)?;
    let sentence = if limit.kind == "concurrency" {
        let row = f.curve.iter().find(|r| !r.stale && f64::from(r.workers) == limit.value);
        let (rate, errors) = row.map_or((0.0, 0.0), |r| (r.good_rps, r.errors));
        let how = match errors {
            0.0 => "without an error".into(),
            some => format!("with {} refused", percent(some)),
        };
        format!(
            "{} in flight is its limit: {}/s {how}; above it refuses in {}",
            limit.value,
            quantity(rate),
            length(fast)
        )
    } else {
        format!(
            "you measured a rate limiter: {}/s admitted, the rest refused in {}",
            quantity(limit.value),
            length(fast)
        )
    };
    Some((Code::RateLimited, sentence))
}

/// What is limited, and at what.
pub(super) fn limit(f: &Frame) -> Option<Limit> {
    found(f).map(|(limit, _)| limit)
}

/// The limit, and how soon it refuses, s.
fn found(f: &Frame) -> Option<(Limit, f64)> {
    let fast = f.totals.bad_mean?;
    let share = fast / good_time(f, fast)?;
    if !refuses(f) || share > SOONER {
        return None;
    }
    // Whoever rests below a limit in flight is hardly refused: the rows beyond it tell.
    if let Some(most) = in_flight(f).filter(|_| !mostly_429(f)) {
        let value = f64::from(most.workers);
        let kind = "concurrency";
        return Some((Limit { kind, value }, fast));
    }
    if !often(f) || share > FAST {
        return None;
    }
    let rate = |value| Limit { kind: "rate", value };
    let paced = f.steady.as_ref().filter(|s| s.basis != "whole" && PACED.contains(&s.errors));
    if let (Some(s), true) = (paced, mostly_429(f)) {
        return Some((rate(s.good_rate), fast));
    }
    let rows = f.curve.iter().filter(|r| !r.stale && r.completions >= ENOUGH);
    let (limited, clean): (Vec<&Row>, Vec<&Row>) = rows.partition(|r| r.errors > LIMITED);
    let (lo, hi) = limited
        .iter()
        .fold((f64::MAX, 0.0f64), |(lo, hi), r| (lo.min(r.good_rps), hi.max(r.good_rps)));
    if !mostly_429(f) && clean.iter().any(|r| r.good_rps >= AS_MUCH * hi) {
        return None;
    }
    let flat = match limited.as_slice() {
        [] => false,
        [one] => mostly_429(f) && one.ci95_rps.is_some_and(|c| c <= STEADY * one.good_rps),
        _ => hi <= FLAT * lo,
    };
    flat.then(|| (rate(hi), fast))
}

/// Most workers that were never refused, where a few more were and the rate still rose up to there: a limit in flight, and
/// no queue that was full long after the knee.
fn in_flight(f: &Frame) -> Option<&Row> {
    let fresh = || f.curve.iter().filter(|r| !r.stale);
    let refused = |r: &&Row| r.errors > LIMITED && r.completions as f64 * r.errors / (1.0 - r.errors).max(1e-9) >= TOLD;
    let fewest = fresh().filter(refused).map(|r| r.workers).min()?;
    let clean = |most: f64| {
        let known = move |r: &&Row| r.workers < fewest && r.completions >= ENOUGH && r.errors <= most;
        fresh().filter(known)
    };
    let top = [CLEAN, LIMITED]
        .into_iter()
        .find_map(|most| clean(most).max_by_key(|r| r.workers))?;
    let n = f64::from(top.workers);
    let below = clean(CLEAN)
        .filter(|r| f64::from(r.workers) <= n / APART)
        .max_by_key(|r| r.workers)?;
    let slope = (top.good_rps / below.good_rps).ln() / (n / f64::from(below.workers)).ln();
    (f64::from(fewest) <= NEXT * n && slope >= RISING).then_some(top)
}

fn answers(f: &Frame, status: impl Fn(u16) -> bool) -> f64 {
    f.totals
        .status
        .iter()
        .filter(|(s, _)| status(*s))
        .map(|(_, n)| *n as f64)
        .sum()
}

fn refused(f: &Frame) -> f64 {
    answers(f, |s| matches!(s, 429 | 503))
}

/// What is bad is refused.
fn refuses(f: &Frame) -> bool {
    refused(f) >= AMONG_BAD * f.books.bad_status.max(1) as f64
}

fn often(f: &Frame) -> bool {
    refused(f) >= REFUSED * (f.books.ok + f.books.bad_status) as f64
}

/// 429 is what a limiter says of itself; 503 is also what a full queue says.
fn mostly_429(f: &Frame) -> bool {
    answers(f, |s| s == 429) >= AMONG_BAD * f.books.bad_status as f64
}

/// Mean response of the good answers, s: the mean of all, less the refusals'.
fn good_time(f: &Frame, bad: f64) -> Option<f64> {
    let (ok, refused) = (f.books.ok as f64, f.books.bad_status as f64);
    let all = f.table.response.mean?;
    (ok > 0.0).then(|| (all * (ok + refused) - bad * refused) / ok)
}

#[cfg(test)]
mod tests {
    use super::super::{Code, verdict};
    use super::*;
    use crate::telemetry::books::Books;
    use crate::telemetry::frame::Steady;

    /// `(workers, good rate, share refused)` a row; `status` for the refused, who are told so in 0.4 ms.
    fn frame(rows: &[(u32, f64, f64)], status: u16) -> Frame {
        let books = Books {
            ok: 1_000,
            bad_status: 3_000,
            sent: 4_000,
            ..Books::default()
        };
        let mut f = Frame {
            books,
            ..Frame::default()
        };
        f.totals.status = vec![(200, 1_000), (status, 3_000)];
        f.totals.bad_mean = Some(0.000_4);
        f.table.response.mean = Some(0.001_5);
        f.last.errors = 0.75;
        let row = |(workers, good_rps, errors): &(u32, f64, f64)| Row {
            workers: *workers,
            good_rps: *good_rps,
            ci95_rps: Some(0.05 * good_rps),
            errors: *errors,
            completions: 500,
            ..Row::default()
        };
        f.curve = rows.iter().map(row).collect::<Vec<_>>().into();
        f
    }

    #[test]
    fn a_limiter_is_named_at_one_worker_count_and_at_several_although_most_answers_are_bad() {
        let one = verdict(&frame(&[(1, 120.0, 0.88)], 429));
        let several = verdict(&frame(&[(1, 120.0, 0.3), (4, 118.0, 0.9)], 503));

        assert_eq!((one.code, several.code), (Code::RateLimited, Code::RateLimited));
        assert!(one.sentence.contains("120/s admitted"), "{}", one.sentence);
    }

    #[test]
    fn a_limit_in_flight_is_told_from_a_full_queue_by_the_rate_still_rising() {
        let rows = [(4, 51.0, 0.0), (8, 98.0, 0.0), (16, 174.0, 0.0), (17, 170.0, 0.97)];
        let v = verdict(&frame(&rows, 503));

        assert_eq!(v.code, Code::RateLimited);
        assert_eq!(
            v.sentence,
            "16 in flight is its limit: 174/s without an error; above it refuses in 400 µs"
        );
        let limit = v.limit.unwrap();
        assert_eq!((limit.kind, limit.value), ("concurrency", 16.0));
        let queue = [(4, 170.0, 0.0), (8, 174.0, 0.0), (16, 174.0, 0.0), (17, 170.0, 0.97)];
        assert_eq!(verdict(&frame(&queue, 503)).code, Code::Broken, "full long after the knee");
    }

    #[test]
    fn what_is_admitted_is_read_where_it_is_paced_and_not_from_what_a_bucket_had_saved() {
        let mut f = frame(&[(2, 365.0, 0.2), (4, 300.0, 0.95)], 429);
        f.steady = Some(Steady {
            basis: "hold",
            errors: 0.03,
            good_rate: 300.4,
            ..Steady::default()
        });

        let v = verdict(&f);

        assert!(v.sentence.contains("300/s admitted"), "{}", v.sentence);
        assert_eq!(v.limit.map(|l| (l.kind, l.value)), Some(("rate", 300.4)));
    }

    #[test]
    fn a_full_queue_and_a_falling_rate_are_no_limiter() {
        let queue = frame(&[(8, 120.0, 0.0), (32, 118.0, 0.5), (64, 119.0, 0.8)], 503);
        let falling = frame(&[(8, 120.0, 0.3), (32, 60.0, 0.8)], 503);
        let slow = Frame {
            totals: crate::telemetry::frame::Totals {
                bad_mean: Some(0.001_4),
                ..frame(&[(1, 120.0, 0.8)], 429).totals
            },
            ..frame(&[(1, 120.0, 0.8)], 429)
        };

        for f in [queue, falling, slow] {
            assert_eq!(verdict(&f).code, Code::Broken);
        }
    }
}
