//! Titles and boxes of panes. The pane in focus shows its digit underlined: no colour is needed to see it.

use super::super::pen::{Pen, fit};
use super::super::scene::Scene;
use super::super::state::Pane;
use super::super::theme::{Ink, glyph};
use ratatui::style::{Modifier, Style};

/// A pane's heading.
pub(in crate::ui) struct Title<'a> {
    /// Which pane.
    pub(in crate::ui) pane: Pane,
    /// Its name, upper case.
    pub(in crate::ui) name: &'a str,
    /// What it shows, in a few words; cut at a word where there is no room.
    pub(in crate::ui) words: String,
}

/// Writes digit, name and words from `x` to before `end`; returns the column behind them.
pub(in crate::ui) fn title(scene: &Scene, pen: &mut Pen, x: u16, end: u16, title: &Title) -> u16 {
    let theme = scene.theme();
    let focused = scene.model.focus == title.pane;
    let mut digit = theme.ink(Ink::Dim);
    if focused {
        digit = Style::new().add_modifier(Modifier::UNDERLINED | Modifier::BOLD);
    }
    let mut at = pen.put(x, 0, title.pane.digit().encode_utf8(&mut [0; 4]), digit);
    at = pen.spans(at, 0, [(" ", Style::new()), (title.name, theme.strong())]);
    let room = usize::from(end.saturating_sub(at + 2));
    let words = fit(&pen.drawable(&title.words), room);
    if words.is_empty() || (words.ends_with('…') && words.chars().count() < 8) {
        return at;
    }
    let dim = pen.dim();
    pen.spans(at, 0, [("  ", dim), (&words, dim)])
}

/// A title within a rule over the whole row: `─2 THROUGHPUT  good answers per second ─────`.
pub(in crate::ui) fn ruled(scene: &Scene, pen: &mut Pen, heading: &Title) {
    let faint = scene.theme().ink(Ink::Faint);
    let width = pen.width();
    pen.rule(0, 1, 0, glyph::RULE, faint);
    let end = title(scene, pen, 1, width.saturating_sub(1), heading);
    pen.rule(end + 1, width.saturating_sub(1), 0, glyph::RULE, faint);
}

/// A box with a title in its upper edge; returns the pen for its inside.
pub(in crate::ui) fn boxed<'p>(scene: &Scene, pen: &'p mut Pen, heading: &Title) -> Pen<'p> {
    let focused = scene.model.focus == heading.pane;
    let style = if focused { pen.dim() } else { scene.theme().ink(Ink::Faint) };
    outline(pen, style);
    let width = pen.width();
    if width > 6 {
        let mut row = pen.part(2, 0, width - 4, 1);
        row.put(0, 0, " ", Style::new());
        let inner = row.width();
        let end = title(scene, &mut row, 1, inner.saturating_sub(1), heading);
        row.put(end, 0, " ", Style::new());
    }
    inside(pen)
}

/// A box's edge.
pub(in crate::ui) fn outline(pen: &mut Pen, style: Style) {
    let (w, h) = (pen.width(), pen.height());
    if w < 2 || h < 2 {
        return;
    }
    for y in [0, h - 1] {
        pen.rule(1, w - 1, y, glyph::RULE, style);
    }
    for y in 1..h - 1 {
        pen.glyph(0, y, glyph::AXIS, style);
        pen.glyph(w - 1, y, glyph::AXIS, style);
    }
    for (c, (x, y)) in glyph::FRAME.into_iter().zip([(0, 0), (w - 1, 0), (0, h - 1), (w - 1, h - 1)]) {
        pen.glyph(x, y, c, style);
    }
}

/// The pen within the edge.
pub(in crate::ui) fn inside<'p>(pen: &'p mut Pen) -> Pen<'p> {
    let (w, h) = (pen.width(), pen.height());
    pen.part(1, 1, w.saturating_sub(2), h.saturating_sub(2))
}
