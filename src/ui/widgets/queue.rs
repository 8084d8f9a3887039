//! The client's queue in figures: how many wait of how many may, what becomes of them, and the rates as distributions.
//! Shed is none of the errors: it stands beside the rates, in the queue's colour.

use super::super::backlog::{self, Fate};
use super::super::pen::Pen;
use super::super::scene::Scene;
use super::super::state::Pane;
use super::super::theme::{Ink, glyph};
use super::frame::{Title, boxed};
use crate::model::demand::Overflow;
use crate::model::format;
use ratatui::style::Style;

/// Draws the pane.
pub(in crate::ui) fn draw(scene: &Scene, pen: &mut Pen) {
    let heading = Title {
        pane: Pane::Curve,
        name: "QUEUE",
        words: "due here and not yet sent".into(),
    };
    let mut inner = boxed(scene, pen, &heading);
    let height = inner.height();
    let (bar, spaced) = (height >= 7, height >= 9);
    waiting(scene, &mut inner);
    if bar {
        fullness(scene, &mut inner, 1);
    }
    let y = 1 + u16::from(bar);
    becoming(scene, &mut inner, y);
    rates(scene, &mut inner, y + 1 + u16::from(spaced));
}

/// `waiting 12,340 of 65,536   oldest 2.4 s`.
fn waiting(scene: &Scene, pen: &mut Pen) {
    let (dim, strong) = (pen.dim(), pen.theme.strong());
    let queue = &scene.frame.queue;
    let violet = pen.theme.ink(Ink::Queue).patch(strong);
    let now = format::quantity(queue.now.round());
    let room = match queue.capacity {
        0 => String::new(),
        n => format!(" of {}", format::count(n as u64)),
    };
    let x = pen.spans(1, 0, [("waiting ", dim), (&now, violet), (&room, dim)]);
    if queue.oldest > 0.0 {
        pen.spans(x, 0, [("   oldest ", dim), (&format::length(queue.oldest), strong)]);
    }
}

/// How full it is, in eighths of a cell.
fn fullness(scene: &Scene, pen: &mut Pen, y: u16) {
    let queue = &scene.frame.queue;
    let share = queue.now / (queue.capacity as f64).max(1.0);
    let room = pen.width().saturating_sub(2);
    let (faint, violet) = (pen.theme.ink(Ink::Faint), pen.theme.ink(Ink::Queue));
    pen.rule(1, 1 + room, y, glyph::RULE, faint);
    if share.is_finite() && queue.capacity > 0 {
        let cells = (share.clamp(0.0, 1.0) * f64::from(room)).ceil() as u16;
        pen.rule(1, 1 + cells, y, glyph::TARGET_BAR, violet);
    }
}

/// `growing +50/s`, and on the right what happens when it is full.
fn becoming(scene: &Scene, pen: &mut Pen, y: u16) {
    let (dim, strong) = (pen.dim(), pen.theme.strong());
    let fate = backlog::fate(scene.frame);
    let style = match fate {
        Fate::Grows(_) | Fate::Full => pen.theme.ink(Ink::Queue).patch(strong),
        Fate::Drains(_) | Fate::Gone(..) => pen.theme.ink(Ink::Target).patch(strong),
        Fate::Empty | Fate::Stands => dim,
    };
    let policy = scene.frame.setpoints.overflow;
    let slip = scene.frame.gauges.slip.secs();
    let words = match policy {
        Overflow::Block if slip > 0.0 => format!("full: block, slipped {}", format::length(slip)),
        _ => format!("full: {}", policy.name()),
    };
    let text = format!("{words}  o");
    let end = pen.width().saturating_sub(1);
    let mut said = fate.words();
    if let (Fate::Gone(..), Some(comma)) = (fate, said.find(','))
        && 3 + pen.measure(&said) + pen.measure(&text) > end
    {
        said.truncate(comma);
    }
    let x = pen.put(1, y, &said, style);
    if x + 2 + pen.measure(&text) <= end {
        let from = end - pen.measure(&text);
        pen.spans(from, y, [(words.as_str(), dim), ("  ", dim), ("o", strong)]);
    }
}

/// Arrivals, answers and what was shed, a second, as quantiles over the run.
fn rates(scene: &Scene, pen: &mut Pen, y: u16) {
    let queue = &scene.frame.queue;
    let dim = pen.dim();
    let step = (pen.width().saturating_sub(12) / 3).clamp(7, 12);
    pen.put(1, y, "a second", dim);
    for (i, name) in ["p50", "p99", "p99.9"].into_iter().enumerate() {
        pen.right(10 + step * (i as u16 + 1), y, name, dim);
    }
    let shed = scene.frame.books.shed;
    let rows = [
        ("arrivals", queue.arrival, Style::new()),
        ("answers", queue.completion, pen.theme.ink(Ink::Rate)),
        ("shed", queue.shed, pen.theme.ink(Ink::Queue)),
    ];
    for (k, (name, values, style)) in rows.into_iter().enumerate() {
        let y = y + 1 + k as u16;
        let mut x = pen.put(1, y, name, dim);
        for (i, value) in values.into_iter().enumerate() {
            let text = value.map_or_else(|| format::MISSING.into(), format::quantity);
            x = 10 + step * (i as u16 + 1);
            pen.right(x, y, &text, style);
        }
        let all = format!("{} in all", format::count(shed));
        if name == "shed" && shed > 0 && x + 3 + pen.measure(&all) < pen.width() {
            pen.put(x + 3, y, &all, dim);
        }
    }
}
