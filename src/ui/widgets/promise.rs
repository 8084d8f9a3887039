//! `slo`: the answer so far, what is sent now, how many were bad of how many may be, and what is still missing.
//! It says what the law found; the map shows the limit.

use super::super::pen::Pen;
use super::super::scene::Scene;
use super::super::state::Pane;
use super::super::theme::{Ink, glyph};
use super::frame::{Title, boxed};
use crate::model::expr::Unit;
use crate::model::format;
use crate::model::promise::{Promise, Term};
use crate::telemetry::promise::{Slo, Stage};
use ratatui::style::Style;

/// Column in which values begin.
const VALUE: u16 = 11;
/// The allowed share stands at this part of its bar: what is too much is seen as well.
const ALLOWED: f64 = 2.0 / 3.0;

/// Draws the pane.
pub(in crate::ui) fn draw(scene: &Scene, pen: &mut Pen) {
    let set = &scene.frame.setpoints;
    let promise = scene.frame.slo.as_ref().map(|s| s.promise).or(set.promise);
    let heading = Title {
        pane: Pane::Law,
        name: "PROMISE",
        words: promise.map_or_else(|| "none yet".into(), |p| format!("{}, open", words(&p))),
    };
    let mut inner = boxed(scene, pen, &heading);
    let Some(slo) = &scene.frame.slo else {
        let dim = inner.dim();
        inner.put(1, 0, "nothing has been sent yet", dim);
        return;
    };
    let spaced = inner.height() >= 15;
    let gap = u16::from(spaced);
    answer(&mut inner, slo);
    sending(&mut inner, 1, slo);
    share(&mut inner, 2 + gap, slo);
    progress(scene, &mut inner, 5 + 2 * gap, slo);
    limits(&mut inner, 7 + 3 * gap, slo);
    let air = u16::from(inner.height() >= 12);
    said(scene, &mut inner, 9 + 3 * gap + air);
}

/// `p99 < 80 ms, errors < 0.1 %`: to be read, where its own text is to be typed.
fn words(promise: &Promise) -> String {
    let term = |t: &Term| {
        let value = match t.expr.metric.unit() {
            Unit::Time => format::length(t.expr.value).replace(".0 ", " "),
            _ => format::percent(t.expr.value),
        };
        format!("{} {} {value}", t.expr.metric.name(), t.expr.op.sign())
    };
    promise.terms().map(term).collect::<Vec<_>>().join(", ")
}

fn label(pen: &mut Pen, y: u16, text: &str) {
    let dim = pen.dim();
    pen.put(1, y, text, dim);
}

/// `1,330/s  ±2.3 %  (1,300–1,362)`.
fn answer(pen: &mut Pen, slo: &Slo) {
    label(pen, 0, "answer");
    let strong = pen.theme.strong();
    let Some((rate, half)) = slo.answer else {
        pen.put(VALUE, 0, if slo.stage == Stage::Missed { "none" } else { "not yet" }, strong);
        return;
    };
    let dim = pen.dim();
    let style = match slo.confirmed {
        Some(true) => pen.theme.ink(Ink::Target).patch(strong),
        Some(false) => pen.theme.ink(Ink::Alarm).patch(strong),
        None => strong,
    };
    let value = format!("{}/s", format::quantity(rate));
    let interval = format!(
        "  ±{}  ({}–{})",
        format::percent(half / rate),
        format::quantity(rate - half),
        format::quantity(rate + half)
    );
    let x = pen.put(VALUE, 0, &value, style);
    if x + pen.measure(&interval) <= pen.width() {
        pen.put(x, 0, &interval, dim);
    }
}

/// `1,300/s  the lower bound`.
fn sending(pen: &mut Pen, y: u16, slo: &Slo) {
    label(pen, y, "sending");
    let (dim, strong) = (pen.dim(), pen.theme.strong());
    let blue = pen.theme.ink(Ink::Rate).patch(strong);
    let rate = format!("{}/s", format::quantity(slo.rate));
    let why = match slo.stage {
        Stage::Idle => "one worker, idle",
        Stage::Ramp => "up, rung by rung",
        Stage::Recover => "nothing until it is empty again",
        Stage::Regulate => "by the share of bad ones",
        Stage::Confirm => "the lower bound",
        Stage::Kept => "kept, and regulated on",
        Stage::Missed => "given up",
    };
    pen.spans(VALUE, y, [(rate.as_str(), blue), ("  ", dim), (why, dim)]);
}

/// `bad  84 of 11,481   0.73 % of 1.00 % allowed`, and the bar of it.
fn share(pen: &mut Pen, y: u16, slo: &Slo) {
    let (bad, allowed) = slo.bad;
    label(pen, y, "decided");
    let (dim, strong) = (pen.dim(), pen.theme.strong());
    let decided = format::count(slo.decided);
    pen.spans(VALUE, y, [(decided.as_str(), strong), ("  arrivals", dim)]);
    label(pen, y + 1, "bad");
    let too_many = bad > allowed;
    let style = if too_many {
        pen.theme.ink(Ink::Alarm)
    } else {
        pen.theme.ink(Ink::Target)
    };
    let (text, most) = (
        format!("{:.2} %", 100.0 * bad),
        format!(" of {:.2} % allowed", 100.0 * allowed),
    );
    pen.spans(VALUE, y + 1, [(text.as_str(), style.patch(strong)), (&most, dim)]);
    let part = if allowed > 0.0 { ALLOWED * bad / allowed } else { 0.0 };
    gauge(pen, y + 2, part, Some(ALLOWED), style);
}

/// A bar from `VALUE` to the edge; `mark` is where it should end.
fn gauge(pen: &mut Pen, y: u16, part: f64, mark: Option<f64>, style: Style) {
    let room = pen.width().saturating_sub(VALUE + 2);
    let faint = pen.theme.ink(Ink::Faint);
    pen.rule(VALUE, VALUE + room, y, glyph::RULE, faint);
    if room == 0 || !part.is_finite() {
        return;
    }
    let cells = (part.clamp(0.0, 1.0) * f64::from(room)).round() as u16;
    pen.rule(VALUE, VALUE + cells, y, glyph::TARGET_BAR, style);
    if let Some(mark) = mark {
        let target = pen.theme.ink(Ink::Target).patch(pen.theme.strong());
        pen.glyph(VALUE + (mark * f64::from(room)).round() as u16, y, glyph::AXIS, target);
    }
}

/// The stage, and what is left of it.
fn progress(scene: &Scene, pen: &mut Pen, y: u16, slo: &Slo) {
    let (dim, strong) = (pen.dim(), pen.theme.strong());
    let target = pen.theme.ink(Ink::Target);
    let (name, style) = match slo.confirmed {
        Some(true) => ("holds", target.patch(strong)),
        Some(false) => ("missed", pen.theme.ink(Ink::Alarm).patch(strong)),
        None => (slo.stage.name(), strong),
    };
    label(pen, y, "stage");
    let mut x = pen.put(VALUE, y, name, style);
    if let Some((held, need)) = slo.confirm {
        let text = format!(
            "  {:.0} of {}",
            held.floor(),
            format::length(need.round()).replace(".0 ", " ")
        );
        x = pen.put(x, y, &text, Style::new());
        gauge(pen, y + 1, held / need.max(1e-9), None, target);
    }
    let left = slo.price.map(|p| p - scene.frame.at.secs()).filter(|l| *l >= 1.0);
    if let Some(left) = left.filter(|_| slo.confirmed.is_none()) {
        let text = format!("  about {} more", about(left));
        if x + pen.measure(&text) <= pen.width() {
            pen.put(x, y, &text, dim);
        }
    }
}

/// `40 s`, `6 min`.
fn about(seconds: f64) -> String {
    if seconds < 90.0 {
        format!("{seconds:.0} s")
    } else {
        format!("{:.0} min", (seconds / 60.0).ceil())
    }
}

/// What it takes idle, and how many may be in flight.
fn limits(pen: &mut Pen, y: u16, slo: &Slo) {
    let dim = pen.dim();
    label(pen, y, "idle");
    let name = slo.promise.main().expr.metric.name();
    let x = pen.spans(
        VALUE,
        y,
        [(name, dim), (" ", dim), (&format::latency(slo.idle), Style::new())],
    );
    let recovery = slo
        .recovery
        .map_or_else(String::new, |r| format!("   emptied in {}", format::length(r)));
    if x + pen.measure(&recovery) <= pen.width() {
        pen.put(x, y, &recovery, dim);
    }
    label(pen, y + 1, "cap");
    let cap = format::count(u64::from(slo.cap));
    pen.spans(
        VALUE,
        y + 1,
        [(cap.as_str(), Style::new()), (" in flight, more are shed", dim)],
    );
}

/// The last decision.
fn said(scene: &Scene, pen: &mut Pen, y: u16) {
    let rows = usize::from(pen.height().saturating_sub(y)).min(2);
    let width = usize::from(pen.width().saturating_sub(2));
    let control = &scene.frame.control;
    let sentence = control.limited_by.as_ref().unwrap_or(&control.narration);
    let text = pen.drawable(sentence).into_owned();
    if rows > 0 {
        pen.lines(1, y, &text, width, rows);
    }
}

/// The promise in one line, for the small screen: what is missing first.
pub(in crate::ui) fn line(scene: &Scene) -> String {
    let Some(slo) = &scene.frame.slo else {
        let promise = scene.frame.setpoints.promise;
        return promise.map_or_else(|| "slo: no promise yet".into(), |p| format!("slo {}", words(&p)));
    };
    let answer = slo.answer.map_or_else(String::new, |(rate, half)| {
        format!("   {}/s ±{}", format::quantity(rate), format::percent(half / rate))
    });
    let confirm = slo
        .confirm
        .filter(|_| slo.confirmed.is_none())
        .map_or_else(String::new, |(held, need)| format!(" {held:.0} of {need:.0} s"));
    let stage = match slo.confirmed {
        Some(true) => "holds",
        Some(false) => "missed",
        None => slo.stage.name(),
    };
    let (bad, allowed) = slo.bad;
    format!(
        "{}   {stage}{confirm}   bad {:.2} % of {:.2} %{answer}",
        words(&slo.promise),
        100.0 * bad,
        100.0 * allowed
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_waits_are_told_in_minutes() {
        assert_eq!([38.4, 91.0, 360.0].map(about), ["38 s", "2 min", "6 min"]);
    }

    #[test]
    fn a_promise_reads_with_its_units_apart() {
        let p = Promise::parse("p99<80ms,errors<=0.5%").unwrap();

        assert_eq!(words(&p), "p99 < 80 ms, errors <= 0.5 %");
    }
}
