//! The table of percentiles: response, service and wait of the whole run beside the last 5 s.
//! A percentile without enough samples is a dash.

use super::super::pen::Pen;
use super::super::scene::Scene;
use super::super::state::Pane;
use super::super::theme::Ink;
use super::frame::{Title, boxed};
use crate::model::format;
use crate::telemetry::latency::Summary;
use ratatui::style::Style;

/// One row of the table: its name and how to read it.
type Row = (&'static str, fn(&Summary) -> Option<f64>);

const ROWS: [Row; 10] = [
    ("min", |s| s.min),
    ("mean", |s| s.mean),
    ("p50", |s| s.p50),
    ("p75", |s| s.p75),
    ("p90", |s| s.p90),
    ("p95", |s| s.p95),
    ("p99", |s| s.p99),
    ("p99.9", |s| s.p999),
    ("p99.99", |s| s.p9999),
    ("max", |s| s.max),
];

/// Draws the pane.
pub(in crate::ui) fn draw(scene: &Scene, pen: &mut Pen) {
    let heading = Title {
        pane: Pane::Percentiles,
        name: "PERCENTILES",
        words: "from the intended start; service from the send".into(),
    };
    let f = scene.frame;
    let latency = scene.theme().ink(Ink::Latency);
    let mut inner = boxed(scene, pen, &heading);
    let (dim, strong) = (inner.dim(), inner.theme.strong());
    let all = [
        ("last 5 s", &f.last.latency),
        ("response", &f.table.response),
        ("service", &f.table.service),
        ("wait", &f.table.wait),
        ("connect", &f.table.connect),
    ];
    let step = ((inner.width().saturating_sub(9)) / 5).clamp(9, 14);
    let columns = usize::from(inner.width().saturating_sub(9) / step).min(all.len());
    for (i, (name, summary)) in all.iter().take(columns).enumerate() {
        let end = 8 + step * (i as u16 + 1);
        inner.right(end, 0, name, dim);
        for (y, (row, read)) in ROWS.iter().enumerate() {
            let style = match *row {
                "p99" => latency.patch(strong),
                _ if i == 0 => strong,
                _ => Style::new(),
            };
            inner.right(end, y as u16 + 1, &format::latency(read(summary)), style);
        }
        inner.right(end, 11, &format::count(summary.count), dim);
    }
    for (y, (row, _)) in ROWS.iter().enumerate() {
        inner.put(1, y as u16 + 1, row, dim);
    }
    inner.put(1, 11, "samples", dim);
}
