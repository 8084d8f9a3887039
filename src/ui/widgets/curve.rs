//! Good rate against workers (log), with p99 as second trace, the two bounds X = N/R idle and X = best,
//! the knee's interval shaded, `●` where the run stands, and hollow points from before the last change.

mod plot;

use super::super::pen::Pen;
use super::super::scene::Scene;
use super::super::state::Pane;
use super::super::theme::{Band, Ink, glyph};
use super::braille::Canvas;
use super::frame::{Title, boxed};
use crate::telemetry::curve::Row;
use plot::{Plot, axes};
use ratatui::style::Style;

/// Columns for the labels on the left, the axis included.
const LEFT: u16 = 7;

/// Draws the pane.
pub(in crate::ui) fn draw(scene: &Scene, pen: &mut Pen) {
    let wide = pen.width() >= 60;
    let words = if wide {
        format!("good/s and p99 against workers (log), {}", scene.loop_word())
    } else {
        format!("good/s and p99, {}", scene.loop_word())
    };
    let heading = Title {
        pane: Pane::Curve,
        name: "CURVE",
        words,
    };
    boxed(scene, pen, &heading);
    // The numbers below the axis stand in the lower edge.
    let (outer_w, outer_h) = (pen.width(), pen.height());
    let mut inner = pen.part(1, 1, outer_w.saturating_sub(2), outer_h.saturating_sub(1));
    let (w, h) = (inner.width(), inner.height());
    let right = if w >= 34 { 8 } else { 1 };
    if h < 4 || w < LEFT + right + 8 {
        return;
    }
    let plot = plot::of(scene, w - LEFT - right, h - 2);
    axes(scene, &mut inner, &plot);
    shade(scene, &mut inner, &plot);
    let mut canvas = Canvas::new(plot.width, plot.height);
    bounds(scene, &mut canvas, &plot);
    traces(scene, &mut canvas, &plot);
    let mut area = inner.part(LEFT, 0, plot.width, plot.height);
    canvas.draw(&mut area);
    points(scene, &mut area, &plot);
    name_bound(scene, &mut area, &plot);
    if scene.frame.curve.is_empty() {
        let dim = area.dim();
        area.put(2, plot.height / 2, "nothing held yet", dim);
    }
}

/// The knee's interval as a lighter ground.
fn shade(scene: &Scene, pen: &mut Pen, plot: &Plot) {
    let Some(knee) = &scene.frame.knee else { return };
    let column = |n: u32| (plot.x(f64::from(n)) / 2.0) as u16;
    let (from, to) = (column(knee.lo), column(knee.hi).min(plot.width.saturating_sub(1)));
    let band = scene.theme().band(Band::Raised);
    for y in 0..plot.height {
        pen.part(LEFT + from, y, to.saturating_sub(from) + 1, 1).tint(0, band);
    }
}

/// X = N/R idle rises until it meets X = best.
fn bounds(scene: &Scene, canvas: &mut Canvas, plot: &Plot) {
    let style = scene.theme().ink(Ink::Dim);
    let f = scene.frame;
    let best = f.knee.as_ref().map_or_else(
        || f.curve.iter().filter(|r| !r.stale).map(|r| r.good_rps).fold(0.0, f64::max),
        |k| k.best_rps,
    );
    let dots = f64::from(plot.width) * 2.0;
    if best > 0.0 {
        let y = plot.y(best / plot.top_rate);
        (0..dots as usize)
            .filter(|x| x % 5 < 2)
            .for_each(|x| canvas.dot(x as f64, y, style));
    }
    let Some(idle) = f.idle.filter(|r| *r > 0.0 && best > 0.0) else {
        return;
    };
    for x in (0..dots as usize).step_by(2) {
        let workers = (x as f64 / (dots - 1.0) * plot.most_workers.max(4.0).ln()).exp();
        let y = plot.y(workers / idle / plot.top_rate);
        if y >= 0.0 && workers / idle > best * 0.35 {
            canvas.dot(x as f64, y, style);
        }
    }
}

fn traces(scene: &Scene, canvas: &mut Canvas, plot: &Plot) {
    let theme = scene.theme();
    let fresh = rows(scene, false);
    for pair in fresh.windows(2) {
        if let (Some(a), Some(b)) = (p99(plot, pair[0]), p99(plot, pair[1])) {
            canvas.line(a, b, 1, theme.ink(Ink::Latency));
        }
    }
    for pair in fresh.windows(2) {
        canvas.line(place(plot, pair[0]), place(plot, pair[1]), 1, theme.ink(Ink::Rate));
    }
}

fn rows<'a>(scene: &Scene<'a>, stale: bool) -> Vec<&'a Row> {
    let mut rows: Vec<&Row> = scene.frame.curve.iter().filter(|r| r.stale == stale).collect();
    rows.sort_by_key(|r| r.workers);
    rows
}

fn place(plot: &Plot, row: &Row) -> (f64, f64) {
    plot.rate(f64::from(row.workers), row.good_rps)
}

fn p99(plot: &Plot, row: &Row) -> Option<(f64, f64)> {
    Some((plot.x(f64::from(row.workers)), plot.y(row.p99? / plot.top_p99)))
}

/// Measured points, old ones hollow, and the present one over all.
fn points(scene: &Scene, pen: &mut Pen, plot: &Plot) {
    let theme = scene.theme();
    let mut mark = |(x, y): (f64, f64), c: char, style: Style| {
        if x >= 0.0 && y >= 0.0 && y.is_finite() {
            pen.glyph((x / 2.0) as u16, (y / 4.0) as u16, c, style);
        }
    };
    for row in rows(scene, true) {
        mark(place(plot, row), glyph::STALE, theme.ink(Ink::Dim));
    }
    for row in rows(scene, false) {
        mark(place(plot, row), glyph::POINT, theme.ink(Ink::Rate));
    }
    let f = scene.frame;
    if f.last.span > 0.0 {
        mark(plot.rate(f.last.busy.max(1.0), f.last.good_rate), glyph::NOW, theme.strong());
    }
}

/// What the rising dots are, written left of them where there is room.
fn name_bound(scene: &Scene, pen: &mut Pen, plot: &Plot) {
    let Some(idle) = scene.frame.idle.filter(|r| *r > 0.0) else {
        return;
    };
    let dim = pen.dim();
    for text in ["X = N/R idle", "N/R idle"] {
        let wide = pen.measure(text);
        for y in (1..=plot.height / 2).rev() {
            let share = 1.0 - (f64::from(y) + 0.9) / f64::from(plot.height);
            let end = (plot.x(share * plot.top_rate * idle) / 2.0) as u16;
            let free = (end.saturating_sub(wide + 1)..end).all(|x| pen.at(x, y) == ' ');
            if end > wide + 1 && free {
                pen.put(end - wide - 1, y, text, dim);
                return;
            }
        }
    }
}
