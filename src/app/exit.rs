//! The exit code, from what happened. Precedence 1 > 2 > 5 > 130/143/129 > 6 > 3 > 99.

use crate::model::failure::Failure;
use crate::model::run::EndedBy;
use crate::telemetry::frame::Frame;
use crate::telemetry::threshold::judge;

/// What the code depends on beside the last frame.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Circumstances {
    /// The engine's thread panicked.
    pub(super) panicked: bool,
    /// A report could not be written.
    pub(super) unwritten: bool,
    /// A signal's own code.
    pub(super) signal: Option<u8>,
    /// The terminal went away, which is a HUP even where none was heard.
    pub(super) vanished: bool,
    /// `--strict`, or a script that judges: `--threshold`, `--slo` without a screen.
    pub(super) strict: bool,
    /// `--slo`: a promise was to be kept.
    pub(super) promised: bool,
}

/// The code of a run that began.
pub(super) fn code(f: &Frame, c: Circumstances) -> u8 {
    let internal = f.totals.errors.iter().any(|(class, _)| *class == Failure::Internal);
    if c.panicked || internal || !f.books.balanced() {
        1
    } else if c.unwritten {
        5
    } else if c.vanished {
        c.signal.unwrap_or(129)
    } else if f.ended_by == Some(EndedBy::Signal) {
        c.signal.unwrap_or(130)
    } else if c.strict && !f.valid {
        6
    } else if f.books.ok == 0 {
        3
    } else if f.ended_by == Some(EndedBy::Threshold)
        || !judge(f).iter().all(|j| j.ok)
        || c.promised && f.slo.as_ref().is_none_or(|s| s.confirmed != Some(true))
    {
        99
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::expr::Expr;
    use crate::model::promise::Promise;
    use crate::model::run::RunInfo;
    use crate::telemetry::books::Books;
    use crate::telemetry::promise::{Slo, Stage};
    use std::sync::Arc;

    #[test]
    fn a_promise_not_confirmed_is_99_and_an_invalid_one_is_6() {
        let judged = Circumstances {
            promised: true,
            strict: true,
            ..Circumstances::default()
        };
        let run = |valid, confirmed| {
            let frame = Frame {
                valid,
                books: Books {
                    scheduled: 5,
                    sent: 5,
                    ok: 5,
                    ..Books::default()
                },
                slo: Some(slo(confirmed)),
                ..Frame::default()
            };
            (code(&frame, judged), code(&frame, Circumstances::default()))
        };

        assert_eq!(run(true, Some(true)), (0, 0));
        assert_eq!(run(true, Some(false)), (99, 0));
        assert_eq!(run(true, None), (99, 0));
        assert_eq!(run(false, Some(true)), (6, 0));
    }

    fn slo(confirmed: Option<bool>) -> Slo {
        Slo {
            promise: Promise::parse("p99<80ms").unwrap(),
            stage: Stage::Kept,
            rate: 1.0,
            answer: None,
            kept: None,
            bad: (0.0, 0.01),
            decided: 0,
            dispersion: None,
            idle: None,
            confirm: None,
            confirmed,
            late_here: None,
            price: None,
            cap: 8,
            recovery: None,
        }
    }

    /// What can go wrong with a run, worst first, each with its code, and how it shows.
    type Ill = fn(&mut Frame, &mut Circumstances);
    const ILLS: [(u8, &[Ill]); 6] = [
        (
            1,
            &[
                |_, c| c.panicked = true,
                |f, _| f.totals.errors.push((Failure::Internal, 1)),
                |f, _| f.books.scheduled += 1,
            ],
        ),
        (5, &[|_, c| c.unwritten = true]),
        (143, &[|f, c| (f.ended_by, c.signal) = (Some(EndedBy::Signal), Some(143))]),
        (6, &[|f, c| (f.valid, c.strict) = (false, true)]),
        (3, &[|f, _| (f.books.ok, f.books.failed) = (0, 5)]),
        (
            99,
            &[
                |f, _| f.run = Arc::new(failing()),
                |_, c| c.promised = true,
                |f, _| {
                    // A signal ends a run but once.
                    f.ended_by.get_or_insert(EndedBy::Threshold);
                    f.run = Arc::new(failing());
                },
            ],
        ),
    ];

    fn failing() -> RunInfo {
        RunInfo {
            thresholds: vec![Expr::parse("ok>5").unwrap()],
            ..RunInfo::default()
        }
    }

    fn good() -> (Frame, Circumstances) {
        let books = Books {
            scheduled: 5,
            sent: 5,
            ok: 5,
            ..Books::default()
        };
        let frame = Frame {
            valid: true,
            books,
            ..Frame::default()
        };
        (frame, Circumstances::default())
    }

    #[test]
    fn of_everything_that_went_wrong_together_the_worst_is_the_code() {
        let (frame, circumstances) = good();
        assert_eq!(code(&frame, circumstances), 0);
        for set in 1u32..1 << ILLS.len() {
            let there = || ILLS.iter().enumerate().filter(|(i, _)| set >> i & 1 == 1).map(|(_, ill)| ill);
            let ways = there().map(|(_, ways)| ways.len()).max().unwrap();
            for way in 0..ways {
                let (mut frame, mut circumstances) = good();
                for (_, ways) in there() {
                    ways[way % ways.len()](&mut frame, &mut circumstances);
                }
                let worst = there().next().unwrap().0;
                assert_eq!(code(&frame, circumstances), worst, "{set:#b} in way {way}");
            }
        }
    }

    #[test]
    fn a_terminal_that_went_away_is_a_hup_however_the_run_ended() {
        let (mut frame, mut circumstances) = good();
        circumstances.vanished = true;
        assert_eq!(code(&frame, circumstances), 129);

        frame.ended_by = Some(EndedBy::Signal);
        assert_eq!(code(&frame, circumstances), 129);
        circumstances.unwritten = true;
        assert_eq!(code(&frame, circumstances), 5);
    }

    #[test]
    fn what_only_strictness_minds_is_no_failure_without_it() {
        let (frame, circumstances) = good();
        let invalid = Frame { valid: false, ..frame };

        assert_eq!(code(&invalid, circumstances), 0);
    }

    #[test]
    fn a_threshold_that_ended_the_run_has_failed() {
        let (mut frame, circumstances) = good();
        frame.ended_by = Some(EndedBy::Threshold);

        assert_eq!(code(&frame, circumstances), 99);
    }
}
