//! The line being typed, in place of the footer, with the reason of a refusal above it; and short messages.

use super::super::pen::{Pen, fit, wrap};
use super::super::scene::Scene;
use super::super::state::Asks;
use super::super::theme::{Band, Chip, Ink};
use ratatui::style::{Modifier, Style};
use tui_input::Input;

/// Draws the line into the last row of `pen`, and a refusal into the rows above it.
pub(in crate::ui) fn draw(scene: &Scene, pen: &mut Pen, asks: Asks, input: &Input, error: Option<&str>) {
    let Some(y) = pen.height().checked_sub(1) else { return };
    let theme = scene.theme();
    let width = pen.width();
    pen.part(0, y, width, 1).clear();
    pen.tint(y, theme.band(Band::Raised));
    let lead = match asks {
        Asks::Command => ":",
        Asks::Bookmark => "bookmark: ",
    };
    let x = pen.put(1, y, lead, theme.strong());
    let room = usize::from(width.saturating_sub(x + 2));
    let scroll = input.cursor().saturating_sub(room);
    let text: String = input.value().chars().skip(scroll).take(room + 1).collect();
    pen.put(x, y, &text, Style::new());
    let at = x + (input.cursor() - scroll) as u16;
    let under = pen.at(at, y);
    pen.glyph(at, y, under, Style::new().add_modifier(Modifier::REVERSED));
    if text.is_empty() {
        let dim = pen.dim();
        let hint = match asks {
            Asks::Command => "sp p99=25ms · workers 40 · mode hold · rate 2k · bounds 1..500 · mark \"…\" · Esc leaves",
            Asks::Bookmark => "what happens now · Enter marks it · Esc leaves",
        };
        let hint = fit(&pen.drawable(hint), usize::from(width.saturating_sub(at + 3)));
        pen.put(at + 2, y, &hint, dim);
    }
    refusal(scene, pen, y, error);
}

fn refusal(scene: &Scene, pen: &mut Pen, y: u16, error: Option<&str>) {
    let Some(error) = error else { return };
    let width = pen.width();
    let text = pen.drawable(error).into_owned();
    let lines = wrap(&text, usize::from(width.saturating_sub(2)));
    let first = y.saturating_sub(lines.len() as u16);
    for (at, line) in (first..y).zip(&lines) {
        pen.part(0, at, width, 1).clear();
        pen.put(1, at, line, scene.theme().ink(Ink::Alarm));
    }
}

/// The present message, at the right end of the last row but one.
pub(in crate::ui) fn toast(scene: &Scene, pen: &mut Pen) {
    let (Some(toast), Some(y)) = (&scene.model.toast, pen.height().checked_sub(2)) else {
        return;
    };
    let theme = scene.theme();
    let chip = if toast.alarm { Chip::Alarm } else { Chip::Plain };
    let text = fit(&pen.drawable(&toast.text), usize::from(pen.width().saturating_sub(4)));
    let end = pen.width().saturating_sub(1);
    pen.right(end, y, &format!(" {text} "), theme.chip(chip));
}
