//! The verdict: the first of the closed set that applies, with its figures in one sentence.

use super::bend::{collapses, not_saturated, saturated};
use super::bound::bound;
use super::cause::cause;
use super::limiter::{limit, rate_limited};
use super::paced::{self, paces};
use super::pending::undecided;
use super::silence::{down, stalled};
use super::{Code, Verdict, asked, bad, offered, promise};
use crate::model::failure::Failure;
use crate::model::format::{clock, count, length, percent, quantity};
use crate::model::setpoints::{LoadModel, Mode, ProcessVariable};
use crate::telemetry::curve::Row;
use crate::telemetry::frame::{Frame, Phase};

/// The verdict of a frame; defined from the first frame on.
pub fn verdict(f: &Frame) -> Verdict {
    let found = unreachable(f)
        .or_else(|| down(f))
        .or_else(|| generator(f))
        .or_else(|| rate_limited(f))
        .or_else(|| paces(f))
        .or_else(|| broken(f))
        .or_else(|| stalled(f))
        .or_else(|| drifting(f))
        .or_else(|| undecided(f))
        .or_else(|| promise::decided(f))
        .or_else(|| not_saturated(f))
        .or_else(|| collapses(f))
        .or_else(|| saturated(f))
        .or_else(|| offered::behind(f));
    let steady = || {
        if offered::open(f) {
            offered::steady(f)
        } else {
            asked::steady(f)
        }
    };
    let (code, mut sentence) = found.unwrap_or_else(|| (Code::Steady, steady()));
    if let Some((at, knee)) = f.knee_at.zip(f.knee.as_ref()) {
        sentence += &format!("; knee {}, found at {}", knee.workers, clock(at.secs()));
    }
    Verdict {
        code,
        sentence,
        bound: bound(f, code),
        cause: cause(f, code),
        limit: limit(f).or_else(|| paced::limit(f)).filter(|_| code == Code::RateLimited),
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

/// Exchanges on which a share rests, at least.
pub(super) const FEW: u64 = 20;
/// Chance that fewer show a majority of bad ones where there is none.
const CHANCE: f64 = 0.05;

/// Exchanges that are over.
pub(super) fn ended(f: &Frame) -> u64 {
    f.books.ok + f.books.bad_status + f.books.failed + f.books.unsent
}

/// So many of `n` are more than a coin would give: the one-sided sign test.
fn majority(bad: u64, n: u64) -> bool {
    let (mut ways, mut beyond) = (1.0, 0.0);
    for k in 0..=n - bad.min(n) {
        beyond += ways;
        ways *= (n - k) as f64 / (k + 1) as f64;
    }
    n > 0 && beyond / 2f64.powi(n as i32) < CHANCE
}

/// More than half bad or failed, over the last 5 s while it runs and over the run at its end.
fn broken(f: &Frame) -> Found {
    let share = if f.phase == Phase::Done {
        f.whole.errors
    } else {
        f.last.errors
    };
    let ended = ended(f);
    let wrong = (share * ended as f64).round() as u64;
    if share <= 0.5 || (ended < FEW && !majority(wrong, ended)) {
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

/// A confirmed change of the target, a step that all visits show together, or a rest whose last third differs by more than
/// 5 %; a rest of the school swings by itself and says nothing of the target, nor does a rate that is regulated or asked
/// for, or follows a latency that is held.
fn drifting(f: &Frame) -> Found {
    let held = f.setpoints.mode == Mode::Hold && f.setpoints.target.is_some_and(|t| t.variable != ProcessVariable::Rps);
    let searched = f.setpoints.mode.school() || f.setpoints.mode == Mode::Slo;
    let given = searched || held || offered::open(f) || f.setpoints.staged;
    let noticed = f.shifts.iter().rev().find(|s| s.after.is_some());
    if let Some(s) = noticed.or(f.step.as_ref().filter(|_| !given)) {
        return Some((
            Code::Drifting,
            format!(
                "capacity moved during the run: {} → {}/s at {}",
                quantity(s.before),
                quantity(s.after.unwrap_or(0.0)),
                clock(s.at.secs())
            ),
        ));
    }
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;
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

    /// Forty seconds of good answers and no more.
    pub(in crate::answer) fn good() -> Frame {
        Frame {
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
            ..good()
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
    fn a_limit_of_the_user_is_named_where_it_was_reached() {
        let said = |workers| {
            let mut f = answered(&[(41, 1662.0)]);
            (f.at_limit, f.control.workers) = (true, workers);
            verdict(&f).sentence
        };

        assert!(said(4096.0).contains("limit of 4096 workers"));
        assert!(
            said(64.0).ends_with("at 64 workers, still rising; errors above stopped me"),
            "{}",
            said(64.0)
        );
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
    fn few_exchanges_are_undecided_unless_they_are_plainly_broken() {
        let of = |ok: u64, bad: u64| {
            let mut f = Frame {
                phase: Phase::Done,
                ..Frame::default()
            };
            f.setpoints.mode = Mode::Manual;
            (f.books.ok, f.books.bad_status, f.books.sent) = (ok, bad, ok + bad);
            f.whole.errors = bad as f64 / (ok + bad) as f64;
            f.totals.status = vec![(200, ok), (500, bad)];
            verdict(&f)
        };

        assert_eq!((of(1, 14).code, of(1, 8).code), (Code::Broken, Code::Broken));
        assert_eq!(
            (of(4, 6).code, of(0, 4).code),
            (Code::Undecided, Code::Undecided),
            "a coin would"
        );
        let few = of(15, 0);
        assert_eq!(few.code, Code::Undecided);
        assert_eq!(
            few.sentence,
            "15 exchanges are too few to tell, all good so far: at least 20 (-n 20, or longer)"
        );
        assert_eq!(of(30, 0).code, Code::Steady);
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
