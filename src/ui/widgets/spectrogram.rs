//! Latency over time: two pixels a cell, colour is the share of a column's requests; percentiles as thin lines over it.
//! Where there is no colour it is letters, and the lines are `5` and `9`.

use super::super::density::{self, Meaning};
use super::super::memo::{MapKey, Values};
use super::super::pen::Pen;
use super::super::scale::LogAxis;
use super::super::scene::Scene;
use super::super::theme::{Ink, glyph, heat};
use super::super::timeline::{ENOUGH, Slot, Timeline};
use super::gutter::{LEFT, Label, labels};
use crate::model::format;
use crate::telemetry::column::Series;
use ratatui::style::{Color, Style};

/// Draws axis, cells, lines and labels into all rows of `pen`.
pub(in crate::ui) fn draw(scene: &Scene, pen: &mut Pen, timeline: &Timeline, axis: &LogAxis, meaning: &Meaning) {
    let aim = scene.latency_aim().filter(|_| timeline.series == Series::Response);
    let rows = usize::from(pen.height());
    grid(scene, pen, axis);
    let known = scene.memo.map(key(scene, timeline, axis, rows * 2), || {
        values(timeline, axis, meaning, rows * 2)
    });
    for (i, (slot, values)) in timeline.slots.iter().zip(known.iter()).enumerate() {
        let Some(slot) = slot else { continue };
        let x = LEFT + i as u16;
        cells(scene, pen, x, slot, values);
        for (value, letter) in [(slot.p50, '5'), (slot.p99, '9')] {
            let under: &[_] = if slot.samples < ENOUGH { &[] } else { values };
            line(scene, pen, x, axis, value, under, letter);
        }
        if let Some((_, aim)) = aim.filter(|_| i.is_multiple_of(4)) {
            mark_target(scene, pen, x, axis, aim);
        }
    }
    above(scene, pen, timeline, axis);
    gutter(scene, pen, timeline, axis, aim);
}

/// Of every slot and pixel.
fn values(timeline: &Timeline, axis: &LogAxis, meaning: &Meaning, pixels: usize) -> Values {
    let of = |slot: &Slot| {
        let densities = density::column(slot, axis, pixels).into_iter();
        densities.map(|d| meaning.value(d, slot.samples)).collect()
    };
    let slots = timeline.slots.iter();
    slots.map(|slot| slot.as_ref().map(of).unwrap_or_default()).collect()
}

fn key(scene: &Scene, timeline: &Timeline, axis: &LogAxis, pixels: usize) -> MapKey {
    MapKey {
        series: timeline.series as u8,
        slots: (timeline.slots.len(), timeline.step),
        start: timeline.start,
        ends: (axis.low, axis.high),
        pixels,
        scale: scene.model.scale as u8,
    }
}

fn row_of(pen: &Pen, axis: &LogAxis, seconds: f64) -> f64 {
    axis.depth(seconds) * f64::from(pen.height())
}

/// The vertical axis, its labels, and dotted lines at the decades (colour and full glyphs only).
fn grid(scene: &Scene, pen: &mut Pen, axis: &LogAxis) {
    let theme = scene.theme();
    let (faint, dim) = (theme.ink(Ink::Faint), pen.dim());
    let (width, height) = (pen.width(), pen.height());
    if height == 0 {
        return;
    }
    for y in 0..height {
        pen.glyph(LEFT - 1, y, glyph::AXIS, faint);
    }
    let ticks = axis.ticks();
    let last = ticks.len() - 1;
    let mut free = 0;
    for (i, seconds) in ticks.into_iter().enumerate() {
        let y = (row_of(pen, axis, seconds) as u16).min(height - 1);
        if i > 0 && i < last && !theme.lettered() {
            pen.rule(LEFT, width.saturating_sub(2), y, glyph::GRID, faint);
        }
        if y < free || (i > 0 && i < last && y + 1 >= height) {
            continue;
        }
        pen.right(LEFT - 1, y, &format::length(seconds).replace(".0 ", " "), dim);
        free = y + 1;
    }
}

/// One column of cells; dots where there are too few requests for a colour.
fn cells(scene: &Scene, pen: &mut Pen, x: u16, slot: &Slot, values: &[Option<f64>]) {
    let theme = scene.theme();
    let few = slot.samples < ENOUGH;
    for (y, pair) in values.chunks(2).enumerate() {
        let (upper, lower) = (pair[0], pair.get(1).copied().flatten());
        let Some(most) = [upper, lower].into_iter().flatten().reduce(f64::max) else {
            continue;
        };
        let y = y as u16;
        if few {
            let style = Style::new().fg(theme.heat(most.max(0.45)));
            pen.glyph(x, y, if theme.lettered() { '.' } else { glyph::DOT }, style);
        } else if theme.lettered() {
            pen.glyph(x, y, heat::letter(most), Style::new().fg(theme.heat(most)));
        } else {
            match (upper, lower) {
                (Some(u), Some(l)) => {
                    pen.glyph(x, y, glyph::UPPER, Style::new().fg(theme.heat(u)).bg(theme.heat(l)));
                }
                (Some(u), None) => pen.glyph(x, y, glyph::UPPER, Style::new().fg(theme.heat(u))),
                (None, _) => pen.glyph(x, y, glyph::LOWER, Style::new().fg(theme.heat(most))),
            }
        }
    }
}

/// A percentile within its cell: at the upper edge, in the middle or at the lower edge.
fn line(scene: &Scene, pen: &mut Pen, x: u16, axis: &LogAxis, at: Option<f64>, values: &[Option<f64>], letter: char) {
    let Some(row) = at
        .map(|s| row_of(pen, axis, s))
        .filter(|r| *r >= 0.0 && *r < f64::from(pen.height()))
    else {
        return;
    };
    let y = row as usize;
    let theme = scene.theme();
    if theme.lettered() {
        pen.glyph(x, y as u16, letter, theme.strong());
        return;
    }
    let third = (((row - row.floor()) * 3.0) as usize).min(2);
    let (upper, lower) = (values.get(2 * y).copied().flatten(), values.get(2 * y + 1).copied().flatten());
    let under = match (upper, lower, third) {
        (Some(u), Some(l), _) => Some((u + l) / 2.0),
        (Some(u), None, 0 | 1) => Some(u),
        (None, Some(l), 1 | 2) => Some(l),
        _ => None,
    };
    let mut style = theme.line_over(under);
    if let Some(value) = under {
        style = style.bg(theme.heat(value));
    }
    pen.glyph(x, y as u16, glyph::LINE[third], style);
}

fn mark_target(scene: &Scene, pen: &mut Pen, x: u16, axis: &LogAxis, target: f64) {
    let row = row_of(pen, axis, target);
    if row >= 0.0 && row < f64::from(pen.height()) {
        let style = scene.theme().ink(Ink::Target).patch(scene.theme().strong());
        pen.glyph(x, row as u16, glyph::TARGET, style);
    }
}

/// `▲` where the largest response lies above the axis; the largest of all says how far.
fn above(scene: &Scene, pen: &mut Pen, timeline: &Timeline, axis: &LogAxis) {
    let strong = scene.theme().strong();
    let over = |s: &Option<Slot>| s.as_ref().and_then(|s| s.max).filter(|m| *m > axis.high);
    let mut worst: Option<(usize, f64)> = None;
    for (i, max) in timeline.slots.iter().enumerate().filter_map(|(i, s)| Some((i, over(s)?))) {
        pen.glyph(LEFT + i as u16, 0, glyph::ABOVE, strong.bg(Color::Reset));
        if worst.is_none_or(|(_, w)| max >= w) {
            worst = Some((i, max));
        }
    }
    let Some((i, max)) = worst else { return };
    let text = format::length(max).replace(' ', "");
    let x = LEFT + i as u16 + 1;
    let edge = LEFT + timeline.slots.len() as u16;
    let x = if x + pen.measure(&text) > edge {
        x.saturating_sub(pen.measure(&text) + 1)
    } else {
        x
    };
    pen.put(x, 0, &text, strong.bg(Color::Reset));
}

/// Labels at the edge of the data; while nothing is answered, how old the oldest request is.
fn gutter(scene: &Scene, pen: &mut Pen, timeline: &Timeline, axis: &LogAxis, aim: Option<(&str, f64)>) {
    let theme = scene.theme();
    let f = scene.frame;
    let latency = theme.ink(Ink::Latency).patch(theme.strong());
    let edge = LEFT + timeline.slots.len() as u16;
    let mut all: Vec<Label> = Vec::new();
    let mut add = |name: &str, at: Option<f64>, style: Style| {
        if let Some(seconds) = at {
            let row = axis.depth(seconds) * f64::from(pen.height());
            let text = format!("{name} {}", format::length(seconds));
            all.push(Label { row, text, style });
        }
    };
    let stalled = f.gauges.in_flight > 0 && f.gauges.oldest.secs() > 1.0 && silent(timeline);
    if stalled {
        add("oldest", Some(f.gauges.oldest.secs()), theme.ink(Ink::Alarm));
    }
    let (max, p99, p50) = latest(scene, timeline);
    add("max", max, theme.ink(Ink::Dim));
    add("p99", p99, latency);
    add("p50", p50, latency);
    if let Some((name, seconds)) = aim {
        add(name, Some(seconds), theme.ink(Ink::Target));
    }
    if stalled {
        let top = row_of(pen, axis, f.gauges.oldest.secs()).clamp(0.0, f64::from(pen.height())) as u16;
        for y in top..pen.height() {
            pen.glyph(edge.saturating_sub(1), y, glyph::HATCH, theme.ink(Ink::Alarm));
        }
    }
    labels(pen, edge, all);
}

/// Largest, p99 and p50: of the last five seconds where they are known, else of the newest column that has any.
fn latest(scene: &Scene, timeline: &Timeline) -> (Option<f64>, Option<f64>, Option<f64>) {
    let known = timeline.slots.iter().rev().flatten().find(|s| s.samples > 0);
    match (timeline.series, known) {
        _ if timeline.slots.is_empty() => (None, None, None),
        // Beside the service, of the same column as that.
        (Series::Response, _) if !scene.model.split => {
            let l = &scene.frame.last.latency;
            (l.max, l.p99, l.p50)
        }
        (_, Some(slot)) => (slot.max, slot.p99, slot.p50),
        _ => (None, None, None),
    }
}

/// Nothing was answered in the newest column.
fn silent(timeline: &Timeline) -> bool {
    timeline
        .slots
        .last()
        .is_some_and(|s| s.as_ref().is_none_or(|s| s.samples == 0 && !s.paused))
}
