//! All keys, from the one table: two columns where there is room, filtered by words, scrolled.

use super::super::keymap::{Binding, Group, TABLE};
use super::super::pen::{Pen, fit};
use super::super::scene::Scene;
use super::super::theme::Ink;
use super::frame::outline;

/// Columns of one half of the panel.
const WIDE: u16 = 56;

/// One line of the panel.
enum Line {
    Heading(&'static str),
    Key(&'static str, &'static str),
    Gap,
}

/// The lines of some groups that have every word of the filter.
fn lines(groups: &[Group], filter: &str) -> Vec<Line> {
    let words: Vec<String> = filter.split_whitespace().map(str::to_lowercase).collect();
    let mut out = Vec::new();
    for group in groups {
        let matching = |b: &&Binding| {
            let all = format!("{} {} {}", b.label, b.text, group.name()).to_lowercase();
            b.group == *group && words.iter().all(|w| all.contains(w.as_str()))
        };
        let mut rows = TABLE.iter().filter(matching).peekable();
        if rows.peek().is_none() {
            continue;
        }
        if !out.is_empty() {
            out.push(Line::Gap);
        }
        out.push(Line::Heading(group.name()));
        out.extend(rows.map(|b| Line::Key(b.label, b.text)));
    }
    out
}

/// Draws the panel over the middle of `pen`.
pub(in crate::ui) fn draw(scene: &Scene, pen: &mut Pen, filter: &str, filtering: bool, scroll: usize) {
    let halves: &[&[Group]] = if pen.width() >= 104 {
        &[&Group::ALL[..2], &Group::ALL[2..]]
    } else {
        &[&Group::ALL]
    };
    let columns = halves.len() as u16;
    let tallest = |filter: &str| halves.iter().map(|g| lines(g, filter).len()).max().unwrap_or(0);
    let w = (columns * WIDE + 2).min(pen.width());
    let h = (tallest("") as u16 + 2).min(pen.height().saturating_sub(2));
    if w < 4 || h < 3 {
        return;
    }
    let (x, y) = ((pen.width() - w) / 2, (pen.height() - h) / 2);
    let mut panel = pen.part(x, y, w, h);
    panel.clear();
    let edge = panel.dim();
    outline(&mut panel, edge);
    caption(scene, &mut panel, filter, filtering);
    let room = usize::from(h - 2);
    let longest = tallest(filter);
    let first = scroll.min(longest.saturating_sub(room));
    for (column, groups) in (0..columns).zip(halves) {
        let wide = ((w - 2) / columns).min(WIDE);
        for (row, line) in lines(groups, filter).iter().skip(first).take(room).enumerate() {
            draw_line(scene, &mut panel.part(1 + column * wide, 1 + row as u16, wide, 1), line);
        }
    }
    let below = longest.saturating_sub(first + room);
    if below > 0 {
        panel.right(w.saturating_sub(2), h - 1, &format!(" {below} more ↓ "), edge);
    }
}

fn caption(scene: &Scene, panel: &mut Pen, filter: &str, filtering: bool) {
    let strong = scene.theme().strong();
    let text = match (filtering, filter.is_empty()) {
        (true, _) => format!(" /{filter}█ "),
        (false, false) => format!(" keys with {filter:?}: Esc closes "),
        (false, true) => " keys: / filters, Esc closes ".into(),
    };
    let x = panel.width().saturating_sub(panel.measure(&text)) / 2;
    panel.put(x, 0, &text, strong);
}

fn draw_line(scene: &Scene, cell: &mut Pen, line: &Line) {
    let theme = scene.theme();
    match line {
        Line::Gap => {}
        Line::Heading(name) => {
            cell.put(1, 0, name, theme.ink(Ink::Dim).patch(theme.strong()));
        }
        Line::Key(label, text) => {
            let x = cell.put(3, 0, label, theme.strong()).max(13);
            let room = usize::from(cell.width().saturating_sub(x + 2));
            let text = fit(&cell.drawable(text), room);
            cell.put(x + 1, 0, &text, ratatui::style::Style::new());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_panel_lists_every_row_of_the_table_and_filters_by_words() {
        let keys = |filter| {
            lines(&Group::ALL, filter)
                .iter()
                .filter(|l| matches!(l, Line::Key(..)))
                .count()
        };
        assert_eq!(keys(""), TABLE.len());
        assert!((1..5).contains(&keys("zoom")), "{}", keys("zoom"));
        assert_eq!(keys("no such words"), 0);
    }
}
