//! The table of percentiles: every series of the whole run beside the last 5 s, the one on the map first.
//! Where not all answers are good, those that are stand in a column of their own. A percentile without enough samples is a
//! dash.

use super::super::pen::Pen;
use super::super::scene::Scene;
use super::super::state::Pane;
use super::super::theme::Ink;
use super::frame::{Title, boxed};
use crate::model::format;
use crate::telemetry::column::Series;
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
    let (p50, p99) = f.table.send_lag;
    let lag = Summary {
        p50,
        p99,
        ..Summary::default()
    };
    let chosen = scene.model.series;
    // The chosen series stands first: it is seen where there is no room for all.
    let mut series = Series::ALL;
    series.sort_by_key(|s| *s != chosen);
    let of = |s: Series| match s {
        Series::Response => &f.table.response,
        Series::Service => &f.table.service,
        Series::Wait => &f.table.wait,
        Series::Connect => &f.table.connect,
        Series::SendLag => &lag,
    };
    let last = ("last 5 s", &f.last.latency);
    let mut all: Vec<(&str, &Summary)> = [last].into_iter().chain(series.map(|s| (s.name(), of(s)))).collect();
    // Beside the response of all, timeouts among them.
    let place = all.iter().position(|(name, _)| *name == Series::Response.name());
    if let (Some(good), Some(place)) = (&f.table.good, place) {
        all.insert(place + 1, ("good only", good));
    }
    let step = ((inner.width().saturating_sub(9)) / 6).clamp(9, 14);
    let columns = usize::from(inner.width().saturating_sub(9) / step).min(all.len());
    for (i, (name, summary)) in all.iter().take(columns).enumerate() {
        let end = 8 + step * (i as u16 + 1);
        inner.right(end, 0, name, if *name == chosen.name() { strong } else { dim });
        for (y, (row, read)) in ROWS.iter().enumerate() {
            let style = match *row {
                "p99" => latency.patch(strong),
                _ if i == 0 => strong,
                _ => Style::new(),
            };
            inner.right(end, y as u16 + 1, &format::latency(read(summary)), style);
        }
        let samples = if summary.count > 0 {
            format::count(summary.count)
        } else {
            format::MISSING.into()
        };
        inner.right(end, 11, &samples, dim);
    }
    for (y, (row, _)) in ROWS.iter().enumerate() {
        inner.put(1, y as u16 + 1, row, dim);
    }
    inner.put(1, 11, "samples", dim);
}
