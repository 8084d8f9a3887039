//! UNDECIDED: what is missing for an answer, in words.

use super::consistent::contradiction;
use super::judge::{FEW, Found, ended};
use super::{Code, asked, offered, promise};
use crate::model::format::{change, length, quantity, worker_count};
use crate::model::setpoints::Mode;
use crate::telemetry::frame::{Frame, State};

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

fn searching(f: &Frame) -> String {
    if f.books.ok == 0 {
        return "no answers yet".into();
    }
    let now = format!("{}/s at {}", quantity(f.last.good_rate), worker_count(f.control.workers));
    if f.setpoints.overridden() {
        return format!("{now}, held by hand: a gives control back");
    }
    let Some(e) = f.control.evidence.filter(|e| e.need > e.have && e.seconds >= 1.0) else {
        let doing = if f.control.converged {
            "confirming the knee"
        } else {
            "still searching"
        };
        return format!("{now}, closed: {doing}");
    };
    let slow = if f.last.good_rate < 200.0 {
        format!("{}/s is too slow to tell yet", quantity(f.last.good_rate))
    } else {
        now
    };
    format!("{slow}: answer in about {}", length(e.seconds.ceil()))
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
