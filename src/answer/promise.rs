//! HOLDS and MISSED, what a search for a promise still needs, and the advice that follows from one.
//! It refuses a rate that was not held still and counted.

use super::judge::Found;
use super::{Advice, Code, floor};
use crate::model::format::{length, percent, quantity, worker_count};
use crate::telemetry::frame::{Frame, Phase};
use crate::telemetry::promise::{Slo, Stage};

/// Confirmed, or not possible.
pub(super) fn decided(f: &Frame) -> Found {
    let s = f.slo.as_ref().filter(|s| s.late_here(false).is_none())?;
    match (s.confirmed?, s.answer) {
        (true, Some(answer)) => Some((Code::Holds, holds(s, answer))),
        (false, None) => Some((Code::Missed, missed(s))),
        _ => None,
    }
}

fn holds(s: &Slo, (rate, half): (f64, f64)) -> String {
    let held = s.confirm.map_or(0.0, |(held, _)| held);
    format!(
        "keeps {} up to {}/s ({}–{}), confirmed {}",
        s.promise,
        quantity(rate),
        quantity(rate - half),
        quantity(rate + half),
        length(held)
    )
}

fn missed(s: &Slo) -> String {
    let limit = s.promise.main().limit.secs();
    match s.idle {
        Some(idle) if idle > limit => format!("{} is not possible: {} when idle", s.promise, length(idle)),
        _ => format!("{} is not possible: not kept at {}/s either", s.promise, quantity(s.rate)),
    }
}

/// What the search does and needs, where it has not decided.
pub(super) fn pending(f: &Frame) -> Option<String> {
    let Some(s) = &f.slo else {
        return Some("no answers yet".into());
    };
    if decided(f).is_some() {
        return None;
    }
    if f.setpoints.overridden() {
        let n = worker_count(f.control.workers);
        return Some(format!("{n}, held by hand: a gives control back"));
    }
    if let Some(ours) = s.late_here(f.phase == Phase::Done) {
        return Some(format!(
            "{ours}: {} is neither kept nor missed at {}/s (a quieter machine, or -z 5m)",
            s.promise,
            quantity(s.rate)
        ));
    }
    let more = needs(f, s);
    let rate = quantity(s.rate);
    Some(match (s.stage, s.answer) {
        (Stage::Idle, _) => format!("{}: what does it take idle?{more}", s.promise),
        (Stage::Ramp | Stage::Recover, _) => format!("{}: looking for its rate, {rate}/s now{more}", s.promise),
        (Stage::Missed, Some((answer, _))) => format!(
            "{} was not confirmed, about {}/s: {} late at {rate}/s (give it longer: -z 5m, or promise less)",
            s.promise,
            quantity(answer),
            percent(s.bad.0)
        ),
        (Stage::Confirm, Some((answer, half))) => format!(
            "{} up to about {}/s ± {}, holding {rate}/s to confirm it{more}",
            s.promise,
            quantity(answer),
            quantity(half)
        ),
        _ => format!("{} at about {rate}/s{more}", s.promise),
    })
}

/// While it runs the time left, at its end the time it would have taken.
fn needs(f: &Frame, s: &Slo) -> String {
    if f.phase == Phase::Done {
        let all = s.price.filter(|p| *p > f.at.secs());
        return all.map_or_else(String::new, |p| format!(": all told it needs {} (-z)", length(p.ceil())));
    }
    let left = f.control.evidence.map(|e| e.seconds).filter(|t| *t >= 1.0);
    left.map_or_else(String::new, |t| format!(": answer in about {}", length(t.ceil())))
}

/// The rate that was confirmed, rounded down; the pool is all that the promise can have in flight.
pub(super) fn advice(f: &Frame) -> Option<Advice> {
    let s = f.slo.as_ref().filter(|s| s.confirmed == Some(true))?;
    // Held, and not above what the answer has become since.
    let rate_rps = floor(s.kept?.min(s.answer?.0));
    let pool = (rate_rps * s.promise.limit().secs()).ceil().max(8.0) as u32;
    let text = format!(
        "{} req/s per instance: {} held as open traffic, {} late; client pool {pool}, what comes above it is late anyway",
        quantity(rate_rps),
        s.promise,
        percent(s.bad.0)
    );
    Some(Advice {
        rate_rps,
        pool,
        basis: "slo",
        p99: None,
        text,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::answer::{advice, verdict};
    use crate::model::promise::Promise;
    use crate::model::setpoints::Mode;
    use crate::telemetry::books::Books;
    use crate::telemetry::promise::{Harm, Ours};

    const LATE: Ours = Ours {
        harm: Harm::Late,
        n: 412,
        of: 530,
    };

    pub(in crate::answer) fn slo(confirmed: Option<bool>, answer: Option<(f64, f64)>, stage: Stage) -> Frame {
        let mut f = Frame {
            books: Books {
                scheduled: 9_000,
                sent: 9_000,
                ok: 9_000,
                ..Books::default()
            },
            slo: Some(Slo {
                promise: Promise::parse("p99<80ms").unwrap(),
                stage,
                rate: 1300.0,
                answer,
                kept: answer.filter(|_| confirmed == Some(true)).map(|(rate, half)| rate - half),
                bad: (0.008, 0.01),
                decided: 26_000,
                dispersion: Some(4.0),
                idle: Some(0.095),
                confirm: Some((20.0, 20.0)),
                confirmed,
                late_here: None,
                price: Some(300.0),
                cap: 104,
                recovery: Some(0.4),
            }),
            ..Frame::default()
        };
        f.setpoints.mode = Mode::Slo;
        f
    }

    #[test]
    fn a_confirmed_rate_holds_with_its_interval_and_is_advised_at_its_lower_end() {
        let f = slo(Some(true), Some((1331.0, 30.0)), Stage::Kept);

        let (v, a) = (verdict(&f), advice(&f).unwrap());

        assert_eq!(
            (v.code, v.sentence.as_str()),
            (Code::Holds, "keeps p99 < 80ms up to 1,331/s (1,301–1,361), confirmed 20 s")
        );
        assert_eq!((a.rate_rps, a.pool, a.basis), (1300.0, 104, "slo"));
    }

    #[test]
    fn impossible_is_missed_and_not_confirmed_is_undecided() {
        let missed = verdict(&slo(Some(false), None, Stage::Missed));
        let unsure = verdict(&slo(Some(false), Some((1331.0, 30.0)), Stage::Missed));

        assert_eq!(missed.code, Code::Missed);
        assert!(missed.sentence.ends_with("is not possible: 95 ms when idle"), "{missed:?}");
        assert_eq!(unsure.code, Code::Undecided);
        assert!(unsure.sentence.contains("was not confirmed, about 1,331/s"), "{unsure:?}");
        assert_eq!(advice(&slo(Some(false), Some((1331.0, 30.0)), Stage::Missed)), None);
    }

    #[test]
    fn a_promise_that_our_lateness_broke_is_undecided_with_how_many_were_ours() {
        for answer in [Some((1331.0, 30.0)), None] {
            let mut f = slo(Some(false), answer, Stage::Missed);
            f.slo.as_mut().unwrap().late_here = Some(LATE);

            let v = verdict(&f);

            assert_eq!((v.code, v.cause), (Code::Undecided, Some("late_here")));
            assert!(
                v.sentence.starts_with("412 of 530 late arrivals may be late through"),
                "{v:?}"
            );
            assert_eq!(crate::telemetry::validity::doubts(&f).len(), 1, "never valid");
        }
    }

    #[test]
    fn a_run_that_ends_while_our_lateness_makes_it_ask_again_says_so() {
        let mut f = slo(None, Some((1331.0, 30.0)), Stage::Confirm);
        f.slo.as_mut().unwrap().late_here = Some(LATE);
        assert_eq!(verdict(&f).cause, Some("confirming"), "it is being asked again");

        f.phase = Phase::Done;
        let v = verdict(&f);

        assert_eq!((v.code, v.cause), (Code::Undecided, Some("late_here")));
        assert!(v.sentence.starts_with("412 of 530 late arrivals"), "{v:?}");
        assert!(
            crate::telemetry::validity::doubts(&f)
                .iter()
                .any(|d| d.starts_with("412 of 530"))
        );
        f.slo.as_mut().unwrap().confirmed = Some(true);
        assert_eq!(verdict(&f).code, Code::Holds, "a later try kept it");
    }

    #[test]
    fn undecided_says_what_it_would_have_taken() {
        let mut f = slo(None, None, Stage::Regulate);
        f.phase = Phase::Done;

        let v = verdict(&f);

        assert_eq!(v.code, Code::Undecided);
        assert!(
            v.sentence.contains("all told it needs 5 min") || v.sentence.contains("300 s") || v.sentence.contains("5m"),
            "{v:?}"
        );
    }
}
