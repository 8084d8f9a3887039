//! `max`: every worker count tried, what it gave, and what doubling brought; the knee is marked.
//! Below stand the last decision in one sentence, the knee's interval and the evidence still needed.

pub(super) mod foot;
mod rows;

use super::super::pen::Pen;
use super::super::scene::Scene;
use super::super::state::Pane;
use super::super::theme::{Ink, glyph};
use super::frame::{Title, boxed};
use crate::model::format;
use crate::telemetry::curve::Row;
use ratatui::style::Style;
use rows::{chosen, gain_of, knee_row};

/// Draws the pane.
pub(in crate::ui) fn draw(scene: &Scene, pen: &mut Pen) {
    let wide = pen.width() >= 60;
    let words = match (wide, scene.loop_word()) {
        (true, word) => format!("each worker count tried, {word} model"),
        (false, word) => format!("worker counts tried, {word}"),
    };
    let heading = Title {
        pane: Pane::Law,
        name: "LADDER",
        words,
    };
    let mut inner = boxed(scene, pen, &heading);
    let foot = foot::height(inner.height(), wide);
    let rows = usize::from(inner.height().saturating_sub(1 + foot));
    table(scene, &mut inner, rows, wide);
    foot::draw(scene, &mut inner, foot);
}

/// Right edges of the columns: workers, good/s, ±, p50, p99, gain; 0 where there is no room.
struct Columns {
    workers: u16,
    good: u16,
    ci: u16,
    p50: u16,
    p99: u16,
    gain: u16,
    bar: u16,
}

fn columns(width: u16) -> Columns {
    if width >= 58 {
        Columns {
            workers: 9,
            good: 18,
            ci: 25,
            p50: 33,
            p99: 43,
            gain: 55,
            bar: 58,
        }
    } else {
        Columns {
            workers: 9,
            good: 17,
            ci: 0,
            p50: 0,
            p99: 26,
            gain: 36,
            bar: 0,
        }
    }
}

/// The table alone, with at most `room` rows below its heading.
pub(in crate::ui) fn table(scene: &Scene, pen: &mut Pen, room: usize, wide: bool) {
    let c = columns(pen.width());
    let dim = pen.dim();
    let gain = if wide { "gain per ×2" } else { "gain/×2" };
    for (end, text) in [
        (c.workers, "workers"),
        (c.good, "good/s"),
        (c.ci, "±"),
        (c.p50, "p50"),
        (c.p99, "p99"),
        (c.gain, gain),
    ] {
        if end > 0 {
            pen.right(end, 0, text, dim);
        }
    }
    let mut fresh: Vec<&Row> = scene.frame.curve.iter().filter(|r| !r.stale).collect();
    fresh.sort_by_key(|r| r.workers);
    let knee = scene.frame.knee.as_ref().map(|k| k.workers);
    if fresh.is_empty() {
        pen.put(2, 1, "nothing held yet", dim);
        return;
    }
    let shown = chosen(&fresh, knee, room);
    let most = fresh.iter().map(|r| r.good_rps).fold(0.0, f64::max);
    for (y, i) in shown.into_iter().enumerate() {
        let at_knee = knee_row(&fresh, knee) == Some(i);
        line(scene, pen, y as u16 + 1, fresh[i], gain_of(&fresh, i), at_knee, &c);
        if c.bar > 0 && most > 0.0 {
            bar(scene, pen, &c, y as u16 + 1, fresh[i].good_rps / most);
        }
    }
}

fn line(scene: &Scene, pen: &mut Pen, y: u16, row: &Row, gain: Option<Option<f64>>, knee: bool, c: &Columns) {
    let theme = scene.theme();
    let strong = if knee { theme.strong() } else { Style::new() };
    if knee {
        pen.tint(y, theme.selected());
        pen.glyph(1, y, glyph::ROW_MARK, strong);
    }
    let rate = theme.ink(Ink::Rate).patch(strong);
    pen.right(c.workers, y, &row.workers.to_string(), strong);
    pen.right(c.good, y, &format::quantity(row.good_rps), rate);
    if c.ci > 0 {
        let ci = row
            .ci95_rps
            .filter(|_| row.good_rps > 0.0)
            .map(|ci| format!("{:.0} %", (ci / row.good_rps * 100.0).max(1.0)));
        let dim = pen.dim();
        pen.right(c.ci, y, &ci.unwrap_or_default(), dim);
        pen.right(c.p50, y, &format::latency(row.p50), strong);
    }
    pen.right(c.p99, y, &format::latency(row.p99), strong);
    let errors = row.errors >= 0.001;
    let (text, style) = match gain {
        _ if errors => (format!("{} err", format::percent(row.errors)), theme.ink(Ink::Alarm)),
        Some(Some(gain)) => (format::change(gain), strong),
        Some(None) => (format::MISSING.into(), strong),
        None => (String::new(), strong),
    };
    pen.right(c.gain, y, &text, style);
    let width = pen.width();
    if knee && width >= c.gain + 6 {
        pen.right(width - 1, y, "knee", theme.strong());
    }
}

/// A bar in eighths of a cell, between the figures and `knee`.
fn bar(scene: &Scene, pen: &mut Pen, c: &Columns, y: u16, share: f64) {
    let room = pen.width().saturating_sub(c.bar + 7);
    let eighths = (share.clamp(0.0, 1.0) * f64::from(room) * 8.0).round() as u16;
    let style = scene.theme().ink(Ink::RateShade);
    for i in 0..room {
        match eighths.saturating_sub(i * 8).min(8) {
            0 => break,
            n => pen.glyph(c.bar + i, y, glyph::LEFT_EIGHTHS[usize::from(n) - 1], style),
        }
    }
}
