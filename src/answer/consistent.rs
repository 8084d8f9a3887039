//! Whether the rows can all be of one target: what is said of the knee must not be gainsaid by the table beside it.
//! It refuses a sentence over a contradiction.

use super::bend::overload;
use crate::model::format::{percent, quantity, workers};
use crate::telemetry::curve::{Knee, Row};
use crate::telemetry::frame::Frame;

/// More than the knee gives by this share: half of it is what a knee may lie below the best by definition.
const MORE: f64 = 0.03;
/// Standard errors by which a row that is told for where it stands must be more.
const TOLD: f64 = 2.0;
/// Chance that the highest of all rows passes though none is more.
const CHANCE: f64 = 0.02;
/// Share that was not good from which on a row is no place to rest, and gainsays none.
const FAILING: f64 = 0.02;
/// Good answers without which a row gainsays nothing.
const ENOUGH: u64 = 200;
/// Share of the best from which on a row is efficient.
const EFFICIENT: f64 = 0.75;

/// Rows since the last change.
fn live(f: &Frame) -> impl Iterator<Item = &Row> {
    f.curve.iter().filter(|r| !r.stale)
}

/// The row the knee is.
pub(super) fn knee_row<'a>(f: &'a Frame, knee: &Knee) -> Option<&'a Row> {
    live(f).find(|r| r.workers == knee.workers)
}

/// The good rate of the peak, 1/s: that of its row, wherever it is told.
pub fn peak_rate(f: &Frame, knee: &Knee) -> f64 {
    let at = |n| live(f).find(|r| r.workers == n).map(|r| r.good_rps);
    let best = at(knee.best_workers).unwrap_or(knee.best_rps);
    best.max(at(knee.workers).unwrap_or(knee.good_rps))
}

/// The fewest workers held that give three quarters of the best.
pub fn efficient<'a>(f: &'a Frame, knee: &Knee) -> Option<&'a Row> {
    let best = peak_rate(f, knee);
    live(f).find(|r| r.good_rps >= EFFICIENT * best && r.workers < knee.workers)
}

/// Standard errors that the highest of `rows` equal ones passes with 2 % chance at most: a bound of Bonferroni with Chernoff's
/// bound of the normal tail, P(Z > z) ≤ exp(−z²/2)/2.
fn sigmas(rows: usize) -> f64 {
    (2.0 * (rows.max(1) as f64 / (2.0 * CHANCE)).ln()).sqrt()
}

/// The row that gives clearly more than the knee.
fn gainsays<'a>(f: &'a Frame, knee: &Knee) -> Option<&'a Row> {
    let at = knee_row(f, knee)?;
    let error = |r: &Row| r.ci95_rps.unwrap_or(r.good_rps) / 1.96;
    let told = [overload(f, knee), efficient(f, knee)].map(|r| r.map(|r| r.workers));
    let any = sigmas(live(f).filter(|r| r.completions >= ENOUGH).count());
    let clearly = |r: &&Row| {
        let sigmas = if told.contains(&Some(r.workers)) { TOLD } else { any };
        let more = r.good_rps - at.good_rps;
        r.completions >= ENOUGH
            && r.errors <= FAILING.max(at.errors)
            && more > MORE * at.good_rps
            && more > sigmas * error(r).hypot(error(at))
    };
    live(f)
        .filter(|r| r.workers != knee.workers)
        .filter(clearly)
        .max_by(|a, b| a.good_rps.total_cmp(&b.good_rps))
}

/// The contradiction in words, with what to do about it.
pub(super) fn contradiction(f: &Frame) -> Option<String> {
    let knee = f.knee.as_ref()?;
    let (row, at) = (gainsays(f, knee)?, knee_row(f, knee)?);
    let (few, many) = (row.workers.min(at.workers), row.workers.max(at.workers));
    let sim = if f.run.simulated { "sim " } else { "" };
    let target = f.run.target.trim_start_matches("sim ");
    Some(format!(
        "{} gave {} more than {} ({}/s, {}/s): machine or target moved meanwhile. Run: clobber-tui {sim}{target} -c {few}, then -c {many}",
        workers(row.workers),
        percent(row.good_rps / at.good_rps - 1.0),
        at.workers,
        quantity(row.good_rps),
        quantity(at.good_rps)
    ))
}

#[cfg(test)]
mod tests {
    use super::super::{Code, advice, verdict};
    use super::*;
    use crate::telemetry::books::Books;
    use std::sync::Arc;

    fn frame(rows: &[(u32, f64, f64)]) -> Frame {
        let knee = Knee {
            workers: 24,
            lo: 20,
            hi: 30,
            good_rps: 1000.0,
            ci95_rps: Some(10.0),
            p50: None,
            p99: None,
            best_workers: 24,
            best_rps: 1000.0,
            usl: None,
        };
        let row = |(workers, good_rps, share): &(u32, f64, f64)| Row {
            workers: *workers,
            good_rps: *good_rps,
            ci95_rps: Some(share * good_rps),
            completions: 5_000,
            ..Row::default()
        };
        let run = crate::model::run::RunInfo {
            target: "http://10.0.0.1/".into(),
            ..Default::default()
        };
        Frame {
            answered: true,
            knee: Some(knee),
            curve: rows.iter().map(row).collect::<Vec<_>>().into(),
            books: Books {
                ok: 60_000,
                sent: 60_000,
                ..Books::default()
            },
            run: Arc::new(run),
            ..Frame::default()
        }
    }

    #[test]
    fn a_table_that_gainsays_the_sentence_is_undecided_and_says_what_to_run() {
        let f = frame(&[(8, 400.0, 0.02), (24, 1000.0, 0.01), (49, 1300.0, 0.02)]);

        let v = verdict(&f);

        assert_eq!(v.code, Code::Undecided);
        assert_eq!(
            v.sentence,
            "49 workers gave 30 % more than 24 (1,300/s, 1,000/s): machine or target moved meanwhile. Run: clobber-tui http://10.0.0.1/ -c 24, then -c 49"
        );
        assert_eq!(advice(&f), None, "no number over a contradiction");
        let below = frame(&[(18, 1100.0, 0.01), (24, 1000.0, 0.01)]);
        assert!(verdict(&below).sentence.contains("18 workers gave 10 % more than 24"));
    }

    #[test]
    fn the_highest_of_many_rows_must_pass_what_chance_would_make_of_them() {
        let rows = |n: u32| {
            let others = (0..n).map(|i| (30 + i, 1000.0, 0.02));
            let all: Vec<_> = [(24, 1000.0, 0.01), (29, 1033.0, 0.02)].into_iter().chain(others).collect();
            contradiction(&frame(&all)).is_some()
        };

        // 3.3 % more at 1.14 %: 2.9 standard errors.
        assert!(rows(0) && !rows(30));
        assert!((2.5..2.6).contains(&sigmas(1)) && (3.5..3.6).contains(&sigmas(20)));
    }

    #[test]
    fn what_lies_within_the_noise_gainsays_nothing() {
        for rows in [
            [(24, 1000.0, 0.01), (49, 1025.0, 0.005)],
            [(24, 1000.0, 0.01), (49, 1080.0, 0.10)],
            [(24, 1000.0, 0.01), (160, 1060.0, 0.04)],
        ] {
            assert_eq!(contradiction(&frame(&rows)), None, "{rows:?}");
        }
    }
}
