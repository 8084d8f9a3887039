//! The mode menu and the knob list, as boxes over the panes.

use super::super::knobs::{self, Item};
use super::super::menu::{self, Line};
use super::super::pen::{Pen, fit};
use super::super::scene::Scene;
use super::super::theme::{Ink, glyph};
use super::frame::outline;
use crate::model::setpoints::Mode;
use ratatui::style::Style;

/// An emptied box in the middle of `pen` with a caption; returns the pen for its inside.
fn window<'p>(pen: &'p mut Pen, width: u16, height: u16, caption: &str) -> Pen<'p> {
    let (w, h) = (width.min(pen.width()), height.min(pen.height()));
    let (x, y) = ((pen.width() - w) / 2, (pen.height() - h) / 2);
    {
        let mut frame = pen.part(x, y, w, h);
        frame.clear();
        let style = frame.dim();
        outline(&mut frame, style);
        let text = format!(" {caption} ");
        let at = w.saturating_sub(frame.measure(&text)) / 2;
        let strong = frame.theme.strong();
        frame.put(at, 0, &text, strong);
    }
    pen.part(x + 1, y + 1, w.saturating_sub(2), h.saturating_sub(2))
}

/// The modes with a line of explanation each; what is not built yet is listed and dim.
pub(in crate::ui) fn modes(scene: &Scene, pen: &mut Pen, at: usize) {
    let theme = scene.theme();
    let lines = menu::lines(at);
    let mut inner = window(pen, 82, lines.len() as u16 + 2, "modes: Enter applies, Esc closes");
    for (i, line) in lines.into_iter().enumerate() {
        let y = i as u16;
        let Line::Mode(mode) = line else {
            let (name, words) = other(scene, line);
            plain(&mut inner, y, i == at, name, &words);
            continue;
        };
        let mut name = theme.strong();
        if mode == scene.mode() {
            name = theme.ink(Ink::Mode).patch(theme.strong());
        }
        if i == at {
            inner.tint(y, theme.selected());
            inner.glyph(1, y, glyph::ROW_MARK, Style::new());
        }
        inner.put(3, y, mode.name(), name);
        let words = fit(mode.explanation(), usize::from(inner.width().saturating_sub(13)));
        inner.put(12, y, &words, Style::new());
    }
}

/// A line that is no mode: the other load model, or the way to the school.
fn other(scene: &Scene, line: Line) -> (&'static str, String) {
    match line {
        Line::More | Line::Mode(_) => {
            let school: Vec<&str> = Mode::ALL.into_iter().filter(|m| m.school()).map(Mode::name).collect();
            ("more…", format!("to compare with: {}", school.join(", ")))
        }
        Line::Model if scene.open() => ("closed", "model: a new request only after an answer".into()),
        Line::Model => ("open", "model: arrivals at their own times, at the present good rate".into()),
    }
}

fn plain(pen: &mut Pen, y: u16, chosen: bool, name: &str, words: &str) {
    if chosen {
        let selected = pen.theme.selected();
        pen.tint(y, selected);
        pen.glyph(1, y, glyph::ROW_MARK, Style::new());
    }
    let (strong, dim) = (pen.theme.strong(), pen.dim());
    pen.put(3, y, name, strong);
    let room = usize::from(pen.width().saturating_sub(13));
    pen.put(12, y, &fit(words, room), dim);
}

/// The knobs of the present mode: name, value, place in its range, meaning.
pub(in crate::ui) fn knobs(scene: &Scene, pen: &mut Pen, at: usize) {
    let theme = scene.theme();
    let set = scene.model.expected.as_ref().unwrap_or(&scene.frame.setpoints);
    let items = knobs::items(set);
    let at = at.min(items.len() - 1);
    let caption = format!("knobs of {}: ↑↓ choose, ←→ change", set.mode.name());
    let mut inner = window(pen, 78, items.len() as u16 + 2, &caption);
    for (i, item) in items.into_iter().enumerate() {
        let y = i as u16;
        if i == at {
            inner.tint(y, theme.selected());
            inner.glyph(1, y, glyph::ROW_MARK, Style::new());
        }
        inner.put(3, y, item.name(), theme.strong());
        inner.right(21, y, &item.value(set), Style::new());
        slider(scene, &mut inner, y, item);
        let dim = inner.dim();
        inner.put(37, y, item.meaning(), dim);
    }
}

fn slider(scene: &Scene, pen: &mut Pen, y: u16, item: Item) {
    const CELLS: u16 = 11;
    let set = scene.model.expected.as_ref().unwrap_or(&scene.frame.setpoints);
    let Some(fraction) = item.fraction(set) else { return };
    let faint = scene.theme().ink(Ink::Faint);
    pen.rule(23, 23 + CELLS, y, glyph::RULE, faint);
    let x = 23 + (fraction * f64::from(CELLS - 1)).round() as u16;
    pen.glyph(x, y, glyph::NOW, scene.theme().ink(Ink::Target));
}
