//! Errors by class and status, the most frequent first, with what was said and when.

use super::super::pen::{Pen, fit};
use super::super::scene::Scene;
use super::super::state::Pane;
use super::super::theme::Ink;
use super::frame::{Title, boxed};
use crate::model::format;
use ratatui::style::Style;

/// One line of the list.
struct Line {
    name: String,
    count: u64,
    said: String,
}

fn lines(scene: &Scene) -> Vec<Line> {
    let totals = &scene.frame.totals;
    let mut all: Vec<Line> = totals
        .errors
        .iter()
        .filter(|(_, n)| *n > 0)
        .map(|(class, count)| {
            let sample = totals.samples.iter().rev().find(|s| s.class == *class);
            let said = sample.map(|s| format!("{} {}", format::clock(s.at.secs()), s.detail));
            Line {
                name: class.name().replace('_', " "),
                count: *count,
                said: said.unwrap_or_default(),
            }
        })
        .collect();
    if scene.frame.books.bad_status > 0 {
        let bad = totals.status.iter().filter(|(status, n)| *status >= 400 && *n > 0);
        all.extend(bad.map(|(status, count)| Line {
            name: format!("status {status}"),
            count: *count,
            said: "answered, not expected".into(),
        }));
    }
    all.sort_by(|a, b| b.count.cmp(&a.count).then(a.name.cmp(&b.name)));
    all
}

/// Draws the pane.
pub(in crate::ui) fn draw(scene: &Scene, pen: &mut Pen) {
    let n = scene.errors();
    let heading = Title {
        pane: Pane::Errors,
        name: "ERRORS",
        words: if n > 0 {
            format!("{} so far", format::count(n))
        } else {
            String::new()
        },
    };
    let alarm = scene.theme().ink(Ink::Alarm);
    let mut inner = boxed(scene, pen, &heading);
    let (room, dim) = (inner.height(), inner.dim());
    let all = lines(scene);
    if all.is_empty() {
        inner.put(1, 0, if n == 0 { "none so far" } else { "not told apart" }, dim);
        return;
    }
    let hidden = all.len().saturating_sub(usize::from(room));
    let ended = scene.frame.books.sent + scene.frame.books.unsent;
    for (y, line) in all.iter().take(usize::from(room)).enumerate() {
        let y = y as u16;
        inner.right(11, y, &format::count(line.count), alarm.patch(inner.theme.strong()));
        let share = line.count as f64 / ended.max(1) as f64;
        inner.right(19, y, &format::percent(share), dim);
        let x = inner.put(21, y, &line.name, Style::new()).max(41);
        let width = usize::from(inner.width().saturating_sub(x + 1));
        let said = fit(&inner.drawable(&line.said), width);
        inner.put(x + 1, y, &said, dim);
    }
    if hidden > 0 && room > 0 {
        let text = format!(" {hidden} more ");
        let end = inner.width();
        inner.right(end, room - 1, &text, dim);
    }
}
