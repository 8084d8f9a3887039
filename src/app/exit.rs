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
            price: None,
            cap: 8,
            recovery: None,
        }
    }

    #[test]
    fn the_worst_thing_wins() {
        let good = Frame {
            valid: true,
            books: Books {
                scheduled: 5,
                sent: 5,
                ok: 5,
                ..Books::default()
            },
            ..Frame::default()
        };
        let by_signal = Frame {
            ended_by: Some(EndedBy::Signal),
            ..good.clone()
        };
        let invalid = Frame {
            valid: false,
            ..good.clone()
        };
        let none = Frame {
            books: Books {
                scheduled: 5,
                unsent: 5,
                ..Books::default()
            },
            valid: true,
            ..Frame::default()
        };
        let unbalanced = Frame {
            books: Books {
                sent: 1,
                ..Books::default()
            },
            ..good.clone()
        };
        let failed = Frame {
            run: Arc::new(RunInfo {
                thresholds: vec![Expr::parse("ok>5").unwrap()],
                ..RunInfo::default()
            }),
            ..good.clone()
        };
        let cut_short = Frame {
            ended_by: Some(EndedBy::Threshold),
            ..good.clone()
        };
        let nothing_and_failed = Frame {
            run: failed.run.clone(),
            ..none.clone()
        };
        let strict = Circumstances {
            strict: true,
            ..Circumstances::default()
        };
        let unwritten = Circumstances {
            unwritten: true,
            signal: Some(143),
            ..Circumstances::default()
        };

        assert_eq!(code(&good, strict), 0);
        assert_eq!(
            code(
                &by_signal,
                Circumstances {
                    signal: Some(143),
                    ..strict
                }
            ),
            143
        );
        assert_eq!(code(&by_signal, unwritten), 5);
        assert_eq!(code(&invalid, strict), 6);
        assert_eq!(code(&invalid, Circumstances::default()), 0);
        assert_eq!(code(&none, strict), 3);
        assert_eq!((code(&failed, strict), code(&cut_short, strict)), (99, 99));
        assert_eq!(code(&nothing_and_failed, strict), 3);
        assert_eq!(code(&Frame { valid: false, ..failed }, strict), 6);
        assert_eq!(code(&unbalanced, unwritten), 1);
    }
}
