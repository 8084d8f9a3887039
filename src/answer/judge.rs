//! The verdict: the first of the closed set that applies, with its figures in one sentence.

use super::bend::{collapses, not_saturated, saturated};
use super::bound::{bound, rate_words};
use super::cause::cause;
use super::limiter::{limit, rate_limited};
use super::pending::undecided;
use super::silence::{down, stalled};
use super::{Code, Verdict, bad, offered, promise};
use crate::model::failure::Failure;
use crate::model::format::{clock, count, length, percent, quantity};
use crate::model::run::EndedBy;
use crate::model::setpoints::{LoadModel, Mode};
use crate::telemetry::curve::Row;
use crate::telemetry::frame::{Frame, Phase};

/// The verdict of a frame; defined from the first frame on.
pub fn verdict(f: &Frame) -> Verdict {
    let found = unreachable(f)
        .or_else(|| down(f))
        .or_else(|| generator(f))
        .or_else(|| rate_limited(f))
        .or_else(|| broken(f))
        .or_else(|| stalled(f))
        .or_else(|| drifting(f))
        .or_else(|| undecided(f))
        .or_else(|| promise::decided(f))
        .or_else(|| not_saturated(f))
        .or_else(|| collapses(f))
        .or_else(|| saturated(f))
        .or_else(|| offered::behind(f));
    let steady = || if offered::open(f) { offered::steady(f) } else { steady(f) };
    let (code, sentence) = found.unwrap_or_else(|| (Code::Steady, steady()));
    Verdict {
        code,
        sentence,
        bound: bound(f, code),
        cause: cause(f, code),
        limit: if code == Code::RateLimited { limit(f) } else { None },
    }
}

pub(super) type Found = Option<(Code, String)>;

/// Nothing ever answered, and something was tried.
fn unreachable(f: &Frame) -> Found {
    if let Some(why) = &f.run.unreachable {
        return Some((Code::Unreachable, why.clone()));
    }
    let tried = f.books.unsent + f.books.failed;
    let unlike = f.totals.errors.iter().any(|(class, _)| *class == Failure::BodyCheck);
    if f.books.ok + f.books.bad_status > 0 || !f.totals.status.is_empty() || unlike || tried == 0 {
        return None;
    }
    let why = f
        .totals
        .samples
        .last()
        .map_or_else(String::new, |s| format!("{}, ", s.detail));
    let tries = if tried == 1 { "try" } else { "tries" };
    Some((
        Code::Unreachable,
        format!("nothing answered: {why}{} {tries} in {}", count(tried), length(f.at.secs())),
    ))
}

/// What was asked did not leave by our fault.
fn generator(f: &Frame) -> Found {
    let why = f.saturated.as_ref()?;
    let closed = f.setpoints.model == LoadModel::Closed && f.whole.good_rate > 0.0;
    let rate = || format!("at least {}/s; ", quantity(f.whole.good_rate));
    let rate = if closed { rate() } else { String::new() };
    Some((
        Code::GeneratorLimited,
        format!("THIS MACHINE is the limit, not the target: {rate}{why}"),
    ))
}

/// More than half bad or failed, over the last 5 s while it runs and over the run at its end.
fn broken(f: &Frame) -> Found {
    let share = if f.phase == Phase::Done {
        f.whole.errors
    } else {
        f.last.errors
    };
    if share <= 0.5 || f.books.sent + f.books.unsent < 20 {
        return None;
    }
    let what = bad::named(f);
    let above = fine_up_to(f).map_or_else(String::new, |n| format!(" above {n} in flight"));
    Some((
        Code::Broken,
        format!("errors dominate: {what}{} of requests{above}", percent(share)),
    ))
}

/// Most workers without errors, where all that had some were more.
fn fine_up_to(f: &Frame) -> Option<u32> {
    let (fine, bad): (Vec<&Row>, Vec<&Row>) = f.curve.iter().filter(|r| !r.stale).partition(|r| r.errors < 0.05);
    let fewest = bad.iter().map(|r| r.workers).min()?;
    let most = fine.iter().map(|r| r.workers).max()?;
    (most < fewest).then_some(most)
}

/// A confirmed change of the target, or a rest whose last third differs by more than 5 %; a rest of the school swings by
/// itself and says nothing of the target, nor does a rate that is regulated or asked for.
fn drifting(f: &Frame) -> Found {
    if let Some(s) = f.shifts.iter().rev().find(|s| s.after.is_some()) {
        let after = s.after.unwrap_or(0.0);
        return Some((
            Code::Drifting,
            format!(
                "capacity moved during the run: {} → {}/s at {}",
                quantity(s.before),
                quantity(after),
                clock(s.at.secs())
            ),
        ));
    }
    let given = f.setpoints.mode.school() || f.setpoints.mode == Mode::Slo || offered::open(f) || f.setpoints.staged;
    let ratio = f.whole.drift.filter(|d| (d - 1.0).abs() > 0.05 && !given)?;
    let now = f.steady.as_ref()?.good_rate;
    Some((
        Code::Drifting,
        format!(
            "the rate drifts: {} lately, now {}/s",
            crate::model::format::change(ratio - 1.0),
            quantity(now)
        ),
    ))
}

/// As asked, or so many of those asked.
fn at_workers(f: &Frame) -> String {
    match f.short_of {
        Some((ran, asked)) => format!(" at {} of {} workers", count(ran), count(asked)),
        None => format!(" at {} workers, as asked", quantity(f.control.workers)),
    }
}

fn steady(f: &Frame) -> String {
    let (rate, p99) = f
        .steady
        .as_ref()
        .map_or((f.whole.good_rate, f.table.response.p99), |s| (s.good_rate, s.latency.p99));
    let asked = match (f.setpoints.mode, f.setpoints.target) {
        (Mode::Hold, Some(t)) => format!(", {t} as asked"),
        (mode, _) if mode.school() => {
            let n = f.steady.as_ref().map_or(f.control.workers, |s| s.workers);
            format!(", {} rests at {} workers", mode.name(), quantity(n.round()))
        }
        _ => at_workers(f),
    };
    let stopped = if f.ended_by == Some(EndedBy::Signal) {
        ", stopped by a signal"
    } else {
        ""
    };
    format!(
        "{}{}/s closed{asked}, p99 {}{stopped}",
        rate_words(f),
        quantity(rate),
        crate::model::format::latency(p99)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::setpoints::Setpoints;
    use crate::model::units::Nanos;
    use crate::telemetry::books::Books;
    use crate::telemetry::curve::Knee;
    use crate::telemetry::frame::{Shift, Totals, Whole};
    use crate::telemetry::tally::ErrorSample;

    fn row(workers: u32, good_rps: f64) -> Row {
        Row {
            workers,
            good_rps,
            ci95_rps: Some(good_rps * 0.01),
            completions: 10_000,
            ..Row::default()
        }
    }

    fn answered(rows: &[(u32, f64)]) -> Frame {
        let knee = Knee {
            workers: 41,
            lo: 38,
            hi: 45,
            good_rps: 1662.0,
            ci95_rps: Some(16.0),
            p50: None,
            p99: None,
            best_workers: 49,
            best_rps: 1689.0,
            usl: None,
        };
        Frame {
            answered: true,
            knee: Some(knee),
            curve: rows.iter().map(|(n, x)| row(*n, *x)).collect::<Vec<_>>().into(),
            books: Books {
                ok: 60_000,
                sent: 60_000,
                ..Books::default()
            },
            whole: Whole {
                span: 40.0,
                ..Whole::default()
            },
            ..Frame::default()
        }
    }

    #[test]
    fn a_flat_top_is_saturated_and_a_falling_one_collapses() {
        assert_eq!(verdict(&answered(&[(41, 1662.0), (82, 1650.0)])).code, Code::Saturated);
        let fallen = verdict(&answered(&[(41, 1662.0), (82, 1105.0)]));
        assert_eq!(fallen.code, Code::Collapses);
        assert!(fallen.sentence.contains("1,689 → 1,105/s at 82"), "{}", fallen.sentence);
    }

    #[test]
    fn nothing_answered_names_the_reason_and_the_tries() {
        let sample = ErrorSample {
            class: Failure::Refused,
            detail: "connection refused".into(),
            at: Nanos::ZERO,
        };
        let f = Frame {
            books: Books {
                unsent: 12,
                ..Books::default()
            },
            totals: Totals {
                samples: vec![sample],
                ..Totals::default()
            },
            at: Nanos::from_secs(6),
            ..Frame::default()
        };

        let v = verdict(&f);

        assert_eq!(v.code, Code::Unreachable);
        assert_eq!(v.sentence, "nothing answered: connection refused, 12 tries in 6.0 s");
    }

    #[test]
    fn without_an_answer_it_is_undecided_whatever_the_curve_says() {
        let f = Frame {
            answered: false,
            ..answered(&[(41, 1662.0), (82, 1105.0)])
        };

        assert_eq!(verdict(&f).code, Code::Undecided);
    }

    #[test]
    fn this_machine_comes_before_the_target() {
        let f = Frame {
            saturated: Some("CPU 98 %".into()),
            ..answered(&[(41, 1662.0)])
        };

        assert_eq!(verdict(&f).code, Code::GeneratorLimited);
    }

    #[test]
    fn a_confirmed_change_is_drifting_with_its_figures() {
        let f = Frame {
            shifts: vec![Shift {
                at: Nanos::from_secs(31),
                before: 1660.0,
                after: Some(650.0),
            }],
            ..answered(&[(41, 1662.0)])
        };

        let v = verdict(&f);
        assert_eq!(
            (v.code, v.sentence.as_str()),
            (Code::Drifting, "capacity moved during the run: 1,660 → 650/s at 0:31")
        );
    }

    #[test]
    fn a_rate_that_moves_as_the_stages_asked_does_not_drift() {
        let mut f = answered(&[(41, 1662.0)]);
        f.setpoints.mode = Mode::Manual;
        f.whole.drift = Some(1.5);
        f.steady = Some(crate::telemetry::frame::Steady::default());
        assert_eq!(verdict(&f).code, Code::Drifting);

        f.setpoints.staged = true;

        assert_ne!(verdict(&f).code, Code::Drifting);
    }

    #[test]
    fn a_limit_of_the_user_is_named() {
        let set = Setpoints::default();
        let f = Frame {
            at_limit: true,
            setpoints: set,
            ..answered(&[(41, 1662.0)])
        };

        assert!(verdict(&f).sentence.contains("limit of 4096 workers"));
    }

    #[test]
    fn mostly_errors_is_broken_and_names_the_status() {
        let mut f = answered(&[(41, 1662.0)]);
        f.last.errors = 0.71;
        f.totals.status = vec![(200, 10), (503, 700)];
        f.books.bad_status = 700;

        let v = verdict(&f);

        assert_eq!(v.code, Code::Broken);
        assert_eq!(v.sentence, "errors dominate: 503 on 71 % of requests");
    }

    #[test]
    fn errors_are_said_to_begin_above_a_count_only_where_they_do() {
        let said = |erring: &[(u32, f64)]| {
            let mut f = answered(&[]);
            (f.last.errors, f.books.bad_status) = (0.71, 700);
            let rows = erring.iter().map(|(n, errors)| Row {
                errors: *errors,
                ..row(*n, 1000.0)
            });
            f.curve = rows.collect::<Vec<_>>().into();
            verdict(&f).sentence
        };

        assert!(said(&[(24, 0.0), (48, 0.9)]).ends_with(" above 24 in flight"));
        assert!(said(&[(2, 0.98), (42, 0.0)]).ends_with("of requests"), "it became so later");
        assert!(said(&[(24, 0.0)]).ends_with("of requests"));
    }
}
