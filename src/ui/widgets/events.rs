//! Events: sentences with a letter; the same letter stands over the map at their time.

use super::super::pen::{Pen, fit};
use super::super::scene::{Scene, Size};
use super::super::state::Pane;
use super::super::theme::{Chip, Ink};
use super::super::timeline::Timeline;
use super::frame::{Title, boxed};
use super::gutter::LEFT;
use crate::model::format;
use ratatui::style::{Modifier, Style};

/// The letter of the event with this number: a … z, A … Z, and again.
fn letter(i: usize) -> char {
    let i = i % 52;
    (if i < 26 { b'a' + i as u8 } else { b'A' + (i - 26) as u8 }) as char
}

fn reverse(scene: &Scene) -> Style {
    let theme = scene.theme();
    match theme.chip(Chip::Quiet) {
        style if style.bg.is_some() => style,
        _ => Style::new().add_modifier(Modifier::REVERSED),
    }
}

/// Letters over the map, in the first row of `pen`; where two fall together the later stands beside, or is left out.
pub(in crate::ui) fn letters(scene: &Scene, pen: &mut Pen, timeline: &Timeline) {
    let style = reverse(scene);
    for (i, notice) in scene.frame.notices.iter().enumerate() {
        let Some(slot) = timeline.index(notice.at.secs()) else {
            continue;
        };
        let x = LEFT + slot as u16;
        if let Some(free) = (x..=x + 1).find(|x| pen.at(*x, 0) == ' ') {
            pen.glyph(free, 0, letter(i), style);
        }
    }
}

/// The pane: the newest events that fit, oldest of them first.
pub(in crate::ui) fn draw(scene: &Scene, pen: &mut Pen) {
    let (width, errors) = (pen.width(), scene.errors());
    let heading = Title {
        pane: Pane::Events,
        name: "EVENTS",
        words: String::new(),
    };
    {
        let mut inner = boxed(scene, pen, &heading);
        let notices = &scene.frame.notices;
        let room = usize::from(inner.height());
        let first = notices.len().saturating_sub(room);
        for (y, (i, notice)) in notices.iter().enumerate().skip(first).enumerate() {
            let y = y as u16;
            inner.glyph(1, y, letter(i), reverse(scene));
            let dim = inner.dim();
            let x = inner.put(3, y, &format::clock(notice.at.secs()), dim);
            let left = usize::from(inner.width().saturating_sub(x + 1));
            let text = fit(&inner.drawable(&notice.what), left);
            inner.put(x + 1, y, &text, Style::new());
        }
        if notices.is_empty() {
            let dim = inner.dim();
            inner.put(1, 0, "nothing has happened yet", dim);
        }
    }
    if errors > 0 && scene.size == Size::Medium && width > 40 {
        let text = format!(" {} errors: e ", format::count(errors));
        let style = scene.theme().ink(Ink::Alarm);
        pen.right(width - 3, 0, &text, style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_go_from_a_to_z_then_on_in_capitals() {
        assert_eq!([0, 25, 26, 51, 52].map(letter), ['a', 'z', 'A', 'Z', 'a']);
    }
}
