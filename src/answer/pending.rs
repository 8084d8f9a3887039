//! UNDECIDED: what is missing for an answer, in words.

use super::consistent::contradiction;
use super::judge::{FEW, Found, ended};
use super::{Code, asked, offered, promise};
use crate::model::format::{change, length, quantity, worker_count, workers};
use crate::model::setpoints::Mode;
use crate::telemetry::frame::{Frame, Phase, State};

/// Under so many good answers a second a search takes its time.
const SLOW: f64 = 200.0;

pub(super) fn undecided(f: &Frame) -> Found {
    let sentence = match f.setpoints.mode {
        Mode::Max if f.answered => contradiction(f)?,
        Mode::Max => searching(f),
        Mode::Slo => return promise::pending(f).map(|s| (Code::Undecided, s)),
        Mode::Hold if f.control.converged => return asked::missed(f).map(|s| (Code::Undecided, s)),
        Mode::Hold => holding(f),
        mode if mode.school() => return school(f).map(|s| (Code::Undecided, s)),
        _ if f.books.ok + f.books.bad_status + f.books.failed == 0 => "no answers yet".into(),
        _ => return few(f).or_else(|| offered::too_short(f)).map(|s| (Code::Undecided, s)),
    };
    Some((Code::Undecided, sentence))
}

/// A share or a percentile of so few would be chance.
fn few(f: &Frame) -> Option<String> {
    let n = ended(f);
    let good = match n - f.books.ok {
        0 => "all good so far".into(),
        bad => format!("{bad} of them not good"),
    };
    let exchanges = if n == 1 { "exchange is" } else { "exchanges are" };
    (n < FEW).then(|| format!("{n} {exchanges} too few to tell, {good}: at least {FEW} (-n {FEW}, or longer)"))
}

/// The best so far, what is looked at, and when there will be an answer; at the end, what to run to get it.
fn searching(f: &Frame) -> String {
    if f.books.ok == 0 {
        return "no answers yet".into();
    }
    let now = format!("{}/s at {}", quantity(f.last.good_rate), worker_count(f.control.workers));
    if f.setpoints.overridden() {
        return format!("{now}, held by hand: a gives control back");
    }
    let so_far = so_far(f).unwrap_or(now);
    let missing = f.control.answer_in.map(|s| s.ceil().max(1.0));
    if f.phase == Phase::Done {
        let again = missing.map_or_else(String::new, |s| format!(", {} more would tell ({})", about(s), longer(f, s)));
        return format!("{so_far}: not confirmed{again}");
    }
    let when = missing.map_or_else(String::new, |s| format!(", answer in about {}", about(s)));
    format!("{so_far}: {}{when}", doing(f))
}

/// The knee as far as it is known, once the search has been on both sides of it: what it gives at least.
fn so_far(f: &Frame) -> Option<String> {
    let knee = f.knee.as_ref()?;
    let growing = matches!(f.control.state, State::Ramp | State::Reprobe);
    if growing && knee.workers == knee.hi {
        return None;
    }
    let least = knee.good_rps - knee.ci95_rps.unwrap_or(0.0);
    (least > 0.0).then(|| {
        format!(
            "about {} ({} to {}), at least {}/s",
            workers(knee.workers),
            knee.lo,
            knee.hi,
            quantity(least)
        )
    })
}

/// What is being compared.
fn doing(f: &Frame) -> String {
    let c = &f.control;
    let here = c.workers.round();
    match (c.state, c.resting) {
        (State::Probe, Some(rest)) if here != rest.round() => format!("comparing {here:.0} with {rest:.0}"),
        _ if c.converged => format!("{} of 2 comparisons done", c.neutral_pairs.min(2)),
        _ if f.last.good_rate < SLOW => format!("{}/s is slow", quantity(f.last.good_rate)),
        _ => format!("trying {here:.0}"),
    }
}

/// An estimate has no tenths.
fn about(seconds: f64) -> String {
    if seconds < 100.0 {
        format!("{seconds:.0} s")
    } else {
        length(seconds)
    }
}

/// The time limit that a run would need, at least ten seconds more than it had.
fn longer(f: &Frame, missing: f64) -> String {
    let seconds = ((f.at.secs() + 1.5 * missing) / 10.0).ceil() * 10.0;
    format!("-z {seconds:.0}s")
}

/// A law of the school: undecided until it rests, and again while it is away from its rest.
fn school(f: &Frame) -> Option<String> {
    let (name, c) = (f.setpoints.mode.name(), &f.control);
    if f.books.ok == 0 {
        return Some("no answers yet".into());
    }
    let now = format!("{}/s at {}", quantity(f.last.good_rate), worker_count(c.workers));
    if f.setpoints.overridden() {
        return Some(format!("{now}, held by hand: a gives control back"));
    }
    if c.workers >= f64::from(f.setpoints.bounds.max) {
        return Some(format!("{now}, your limit: {name} finds no rest below it"));
    }
    let away = c.state != State::Hold;
    (!c.converged || away).then(|| match c.off_target {
        Some(off) => format!("{now}: {name} is {} off its goal", change(off)),
        None if c.converged => format!("{now}: {name} has left its rest"),
        None => format!("{now}: {name} has found no rest yet"),
    })
}

fn holding(f: &Frame) -> String {
    let Some(target) = f.setpoints.target else {
        return "looking for a target to hold".into();
    };
    if f.control.state == State::Unreachable {
        return format!("{target} cannot be reached: {}", f.control.narration);
    }
    let off = f
        .control
        .off_target
        .map_or_else(String::new, |o| format!(", {} off target", change(o)));
    format!("moving to {target}{off}")
}

#[cfg(test)]
mod tests {
    use super::super::verdict;
    use super::*;
    use crate::model::units::Nanos;
    use crate::telemetry::books::Books;
    use crate::telemetry::curve::Knee;

    fn frame() -> Frame {
        let mut f = Frame {
            at: Nanos::from_secs(12),
            phase: Phase::Run,
            books: Books {
                ok: 9_000,
                sent: 9_000,
                ..Books::default()
            },
            knee: Some(Knee {
                workers: 46,
                lo: 30,
                hi: 70,
                good_rps: 4_200.0,
                ci95_rps: Some(100.0),
                p50: None,
                p99: None,
                best_workers: 52,
                best_rps: 4_250.0,
                usl: None,
            }),
            ..Frame::default()
        };
        f.last.good_rate = 4_150.0;
        (f.control.state, f.control.workers, f.control.resting) = (State::Probe, 52.0, Some(46.0));
        (f.control.converged, f.control.answer_in) = (true, Some(7.2));
        f
    }

    #[test]
    fn who_waits_is_told_the_best_so_far_what_is_compared_and_when_there_is_an_answer() {
        let mut f = frame();
        assert_eq!(
            verdict(&f).sentence,
            "about 46 workers (30 to 70), at least 4,100/s: comparing 52 with 46, answer in about 8 s"
        );

        (f.control.state, f.control.workers, f.control.neutral_pairs) = (State::Hold, 46.0, 1);
        assert!(verdict(&f).sentence.ends_with("1 of 2 comparisons done, answer in about 8 s"));

        (f.control.state, f.control.converged, f.knee) = (State::Ramp, false, None);
        assert_eq!(verdict(&f).sentence, "4,150/s at 46 workers: trying 46, answer in about 8 s");
    }

    #[test]
    fn who_leaves_is_told_what_to_run() {
        let f = Frame {
            phase: Phase::Done,
            ..frame()
        };

        assert_eq!(
            verdict(&f).sentence,
            "about 46 workers (30 to 70), at least 4,100/s: not confirmed, 8 s more would tell (-z 30s)"
        );
    }
}
