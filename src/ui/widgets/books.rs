//! The books, the connections and this machine: what was asked for, what became of it, and whether the generator kept up.

use super::super::pen::Pen;
use super::super::scene::Scene;
use super::super::state::Pane;
use super::super::theme::Ink;
use super::frame::{Title, boxed};
use crate::model::format;
use ratatui::style::Style;

/// Draws the pane.
pub(in crate::ui) fn draw(scene: &Scene, pen: &mut Pen) {
    let f = scene.frame;
    let balanced = f.books.balanced();
    let heading = Title {
        pane: Pane::Books,
        name: "BOOKS",
        words: if balanced {
            "every request is accounted for".into()
        } else {
            "they do not balance".into()
        },
    };
    let alarm = scene.theme().ink(Ink::Alarm);
    let mut inner = boxed(scene, pen, &heading);
    let dim = inner.dim();
    let half = (inner.width() / 2).min(40);
    let books = books(scene);
    let rows = inner.height().min((books.len() as u16).div_ceil(2));
    for (i, (name, value, bad)) in books.into_iter().enumerate() {
        let (x, y) = place(i, rows, half);
        let style = if bad { alarm } else { Style::new() };
        inner.put(x + 1, y, name, dim);
        inner.right((x + half).saturating_sub(2), y, &value, style);
    }
}

/// Down the left half, then down the right.
fn place(i: usize, rows: u16, half: u16) -> (u16, u16) {
    let rows = usize::from(rows.max(1));
    ((i / rows) as u16 * half, (i % rows) as u16)
}

fn books(scene: &Scene) -> Vec<(&'static str, String, bool)> {
    let (f, b, g) = (scene.frame, &scene.frame.books, &scene.frame.gauges);
    let n = |n: u64| format::count(n);
    let mut out = vec![
        ("called for", n(b.scheduled), false),
        ("sent", n(b.sent), false),
        ("good", n(b.ok), false),
        ("unexpected status", n(b.bad_status), b.bad_status > 0),
        ("failed", n(b.failed), b.failed > 0),
        ("never sent", n(b.unsent), b.unsent > 0),
        ("in flight", n(b.in_flight), false),
        ("waiting here", n(b.queued), false),
        ("shed", n(b.shed), b.shed > 0),
        ("connections open", n(g.active), false),
        ("opened so far", n(f.totals.opened), false),
        ("re-dialled", n(f.totals.retries), false),
        ("sent bytes", format::bytes(f.totals.tx), false),
        ("read bytes", format::bytes(f.totals.rx), false),
        ("this machine's CPU", format::percent(f.cpu), f.cpu >= 0.9),
        ("send lag p99", format::latency(f.table.send_lag.1), false),
    ];
    if let Some(ratio) = f.whole.little_ratio.filter(|r| (r - 1.0).abs() > 0.02) {
        out.push((
            "rate × latency within",
            format::percent((ratio - 1.0).abs()),
            (ratio - 1.0).abs() > 0.05,
        ));
    }
    out
}
