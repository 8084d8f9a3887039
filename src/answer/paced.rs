//! RATE-LIMITED by a pacer: requests wait until their turn comes, at regular intervals, and none is refused.
//! It refuses to call a single server one: that takes as long for the first answer as for all others.

use super::judge::Found;
use super::{Code, Limit};
use crate::model::format::{quantity, workers};
use crate::model::setpoints::Mode;
use crate::telemetry::curve::Row;
use crate::telemetry::frame::Frame;

/// Most workers at the knee: whoever waits for a turn needs one, or two where the way to the target is long.
const FEW: u32 = 2;
/// Good rates this alike, as a share, are the same: of twice the workers and more.
const ALIKE: f64 = 0.03;
/// 99th percentile over median up to which answers come regularly: those of an exponential server are at 6.6.
const REGULAR: f64 = 1.15;
/// Shortest response over the median up to which the target itself is much faster than the pace.
const FASTER: f64 = 0.25;

/// The pace, as a limit, 1/s.
pub(super) fn limit(f: &Frame) -> Option<Limit> {
    let knee = f.knee.as_ref().filter(|k| k.workers <= FEW)?;
    if f.setpoints.mode != Mode::Max || !f.answered || f.books.ok < f.books.sent {
        return None;
    }
    let at = f.curve.iter().find(|r| !r.stale && r.workers == knee.workers)?;
    let (p50, p99) = at.p50.zip(at.p99)?;
    let regular = p99 <= REGULAR * p50 && f.table.response.min? <= FASTER * p50;
    let more = |r: &&Row| !r.stale && r.workers >= 2 * at.workers && r.completions >= 50;
    let mut beyond = f.curve.iter().filter(more).peekable();
    let flat = beyond.peek().is_some() && beyond.all(|r| (r.good_rps / at.good_rps - 1.0).abs() <= ALIKE);
    (regular && flat).then_some(Limit {
        kind: "pacing",
        value: at.good_rps,
    })
}

/// What it does, in words.
pub(super) fn paces(f: &Frame) -> Found {
    let limit = limit(f)?;
    let knee = f.knee.as_ref()?;
    Some((
        Code::RateLimited,
        format!(
            "it paces at {}/s: {} {} it, more only wait for their turn",
            quantity(limit.value),
            workers(knee.workers),
            if knee.workers == 1 { "keeps" } else { "keep" }
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::verdict;
    use super::*;
    use crate::telemetry::books::Books;
    use crate::telemetry::curve::Knee;

    /// One worker and four at 200/s; the shortest answer, the median at one worker and its 99th percentile, s.
    fn frame(min: f64, p50: f64, p99: f64) -> Frame {
        let row = |workers, good_rps| Row {
            workers,
            good_rps,
            ci95_rps: Some(0.01 * good_rps),
            p50: Some(p50),
            p99: Some(p99),
            completions: 2_000,
            ..Row::default()
        };
        let mut f = Frame {
            answered: true,
            curve: vec![row(1, 200.0), row(4, 201.0)].into(),
            knee: Some(Knee {
                workers: 1,
                lo: 1,
                hi: 2,
                good_rps: 200.0,
                ci95_rps: Some(2.0),
                p50: None,
                p99: None,
                best_workers: 1,
                best_rps: 200.0,
                usl: None,
            }),
            books: Books {
                ok: 8_000,
                sent: 8_000,
                ..Books::default()
            },
            ..Frame::default()
        };
        f.table.response.min = Some(min);
        f
    }

    #[test]
    fn regular_answers_of_a_target_that_could_be_faster_are_paced() {
        let v = verdict(&frame(0.000_3, 0.005, 0.005_2));

        assert_eq!(v.code, Code::RateLimited);
        assert_eq!(
            v.sentence,
            "it paces at 200/s: 1 worker keeps it, more only wait for their turn"
        );
        let limit = v.limit.unwrap();
        assert_eq!((limit.kind, limit.value), ("pacing", 200.0));
    }

    #[test]
    fn one_server_is_no_pacer_whether_it_is_regular_or_not() {
        assert_eq!(
            verdict(&frame(0.004_9, 0.005, 0.005_2)).code,
            Code::Saturated,
            "its first answer takes as long"
        );
        assert_eq!(
            verdict(&frame(0.000_3, 0.005, 0.030)).code,
            Code::Saturated,
            "it is fast by chance"
        );
    }
}
