//! Rows of figures, each naming its window: `last 5 s`, and `at knee` or `whole run`.
//! Columns leave by importance on narrow screens; a missing figure is a dash.

use super::super::backlog;
use super::super::pen::Pen;
use super::super::scene::Scene;
use super::super::theme::Ink;
use crate::model::format;
use crate::model::setpoints::Mode;
use crate::telemetry::latency::Summary;
use ratatui::style::Style;

/// The figures of one window.
struct Row {
    label: &'static str,
    good: f64,
    workers: f64,
    latency: Summary,
    errors: f64,
    queue: f64,
    shed: f64,
    note: String,
    empty: bool,
}

/// Title, least width, importance (0 stays longest).
const COLUMNS: [(&str, u16, u8); 10] = [
    ("good/s", 8, 0),
    ("workers", 9, 1),
    ("p50", 8, 2),
    ("p90", 8, 7),
    ("p99", 8, 0),
    ("p99.9", 8, 8),
    ("max", 8, 4),
    ("errors", 7, 3),
    ("queue", 6, 5),
    ("shed", 7, 6),
];
/// In the open model the workers are a limit; what is in flight is a result.
const IN_FLIGHT: (&str, u16) = ("in flight", 11);
const LABEL: u16 = 10;

/// Draws three rows into `pen`.
pub(in crate::ui) fn draw(scene: &Scene, pen: &mut Pen) {
    let columns = columns(scene.open());
    let kept = kept(&columns, pen.width());
    let extra = (pen.width().saturating_sub(108) / 9).min(4);
    let (last, other) = (last(scene), other(scene));
    let dim = pen.dim();
    pen.put(1, 0, scene.loop_word(), dim);
    pen.put(1, 1, last.label, dim);
    pen.put(1, 2, other.label, dim);
    let mut end = LABEL;
    for i in kept {
        let (title, width, _) = columns[i];
        end += width + extra;
        pen.right(end, 0, title, dim);
        for (y, row, newest) in [(1, &last, true), (2, &other, false)] {
            let (text, style) = cell(scene, row, i, newest);
            pen.right(end, y, &text, style);
        }
    }
    note(scene, pen, end + 3, &other.note);
}

/// The columns of a load model; nothing is shed in the closed one.
fn columns(open: bool) -> Vec<(&'static str, u16, u8)> {
    let mut columns = COLUMNS.to_vec();
    if open {
        (columns[1].0, columns[1].1) = IN_FLIGHT;
    } else {
        columns.pop();
    }
    columns
}

/// The columns that fit, by importance, in their own order.
fn kept(columns: &[(&str, u16, u8)], width: u16) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..columns.len()).collect();
    while LABEL + kept.iter().map(|i| columns[*i].1).sum::<u16>() > width {
        let Some(least) = (0..kept.len()).max_by_key(|k| columns[kept[*k]].2) else {
            break;
        };
        kept.remove(least);
    }
    kept
}

fn cell(scene: &Scene, row: &Row, i: usize, newest: bool) -> (String, Style) {
    let theme = scene.theme();
    let strong = if newest { theme.strong() } else { Style::new() };
    if row.empty {
        return (format::MISSING.into(), theme.ink(Ink::Dim));
    }
    let l = &row.latency;
    match i {
        0 => (format::quantity(row.good), theme.ink(Ink::Rate).patch(strong)),
        1 => (format::quantity(row.workers.round()), Style::new()),
        2 => (format::latency(l.p50), strong),
        3 => (format::latency(l.p90), Style::new()),
        4 => (format::latency(l.p99), strong),
        5 => (format::latency(l.p999), Style::new()),
        6 => (format::latency(l.max), Style::new()),
        7 => {
            let style = if row.errors > 0.0 {
                theme.ink(Ink::Alarm).patch(theme.strong())
            } else {
                strong
            };
            (format::percent(row.errors), style)
        }
        8 => (queue(scene, row.queue), theme.ink(Ink::Queue)),
        _ => {
            let style = if row.shed > 0.0 {
                theme.ink(Ink::Queue).patch(theme.strong())
            } else {
                Style::new()
            };
            (format::percent(row.shed), style)
        }
    }
}

fn queue(scene: &Scene, value: f64) -> String {
    let about = if scene.open() { "" } else { "≈" };
    format!(
        "{about}{}",
        format::quantity(if value >= 9.95 { value.round() } else { value })
    )
}

fn last(scene: &Scene) -> Row {
    let s = &scene.frame.last;
    Row {
        label: "last 5 s",
        good: s.good_rate,
        workers: s.busy,
        latency: s.latency,
        errors: s.errors,
        queue: scene.frame.queue.now,
        shed: backlog::shed(scene.frame).map_or(0.0, |(share, _)| share),
        note: String::new(),
        empty: s.span <= 0.0,
    }
}

/// The hold at the knee in `max`, the whole run elsewhere.
fn other(scene: &Scene) -> Row {
    let f = scene.frame;
    let at_knee = f.steady.as_ref().filter(|s| s.basis == "hold");
    if let Some(s) = at_knee.filter(|_| scene.mode() == Mode::Max && f.knee.is_some()) {
        return Row {
            label: "at knee",
            good: s.good_rate,
            workers: s.workers,
            latency: s.latency,
            errors: s.errors,
            queue: s.queue,
            shed: 0.0,
            note: note_text("held ", s.span, s.latency.count),
            empty: false,
        };
    }
    let (workers, queue) = means(scene);
    let latency = f.table.response;
    Row {
        label: "whole run",
        good: f.whole.good_rate,
        workers,
        latency,
        errors: f.whole.errors,
        queue,
        shed: f.books.shed as f64 / f.books.scheduled.max(1) as f64,
        note: note_text("", f.whole.span, latency.count),
        empty: f.whole.span <= 0.0,
    }
}

fn note_text(held: &str, span: f64, count: u64) -> String {
    if count == 0 {
        return String::new();
    }
    format!(
        "{held}{} · {} requests",
        format::length(span.round()).replace(".0 ", " "),
        format::count(count)
    )
}

/// Mean workers and queue over the run, by time.
fn means(scene: &Scene) -> (f64, f64) {
    let columns = scene.frame.columns.iter().filter(|c| !c.paused);
    let (span, workers, queue) = columns.fold((0.0, 0.0, 0.0), |(s, w, q), c| {
        (s + c.span(), w + c.workers * c.span(), q + c.queue * c.span())
    });
    if span > 0.0 {
        (workers / span, queue / span)
    } else {
        (0.0, 0.0)
    }
}

fn note(scene: &Scene, pen: &mut Pen, x: u16, text: &str) {
    let room = pen.width().saturating_sub(x);
    let dim = pen.dim();
    if pen.measure(text) <= room {
        pen.put(x, 2, text, dim);
    }
    let queue = if scene.open() {
        "queue = due and not yet sent"
    } else {
        "queue = waiting at the target (estimate)"
    };
    if pen.measure(queue) <= room {
        pen.put(x, 0, queue, dim);
    }
}
