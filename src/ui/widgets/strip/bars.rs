//! The cells of a strip: one bar, one mark of what was asked for, the numbers of the scale.

use super::super::super::pen::Pen;
use super::super::super::scene::Scene;
use super::super::super::theme::{Ink, glyph};
use super::super::gutter::LEFT;
use super::Strip;
use ratatui::style::Style;

/// One column: `good` and `bad` as shares of the height.
pub(super) fn bar(scene: &Scene, pen: &mut Pen, x: u16, strip: &Strip, good: f64, bad: f64) {
    let theme = scene.theme();
    let (fill, red) = (theme.ink(strip.fill), theme.ink(Ink::AlarmFill));
    let eighths = f64::from(pen.height()) * 8.0;
    let share = |v: f64| if v.is_finite() { v.clamp(0.0, 1.0) } else { 0.0 };
    let full = (share(good + bad) * eighths).round() as i32;
    let least = if good + bad > 0.0 { full.max(1) } else { full };
    let blue = if bad > 0.0 {
        (share(good) * eighths).round() as i32
    } else {
        least
    };
    for y in 0..pen.height() {
        let below = i32::from(pen.height() - 1 - y) * 8;
        let (all, good) = ((least - below).clamp(0, 8), (blue - below).clamp(0, 8));
        if all == 0 {
            continue;
        }
        let c = glyph::EIGHTHS[all as usize - 1];
        match good {
            8 => pen.glyph(x, y, c, fill),
            0 if bad > 0.0 => pen.glyph(x, y, if theme.lettered() { 'x' } else { c }, red),
            g if g < all && !theme.lettered() => {
                let both = fill.bg(red.fg.unwrap_or_default());
                pen.glyph(x, y, glyph::EIGHTHS[(g.max(1) as usize) - 1], both);
            }
            _ => pen.glyph(x, y, c, fill),
        }
    }
}

/// What was asked for, over a bar of `filled` height; where the bar fills most of the cell, it stays behind the mark.
pub(super) fn asked_mark(scene: &Scene, pen: &mut Pen, x: u16, strip: &Strip, (share, filled): (f64, f64)) {
    if !(0.0..=1.0).contains(&share) || pen.height() == 0 {
        return;
    }
    let height = f64::from(pen.height());
    let row = ((1.0 - share) * height).floor() as u16;
    let y = row.min(pen.height() - 1);
    let mut style = scene.theme().ink(Ink::Target).patch(scene.theme().strong());
    let behind = filled * height - f64::from(pen.height() - 1 - y);
    if behind >= 0.5
        && let Some(fill) = scene.theme().ink(strip.fill).fg
    {
        style = style.bg(fill);
    }
    pen.glyph(x, y, glyph::TARGET_BAR, style);
}

pub(super) fn scale_labels(pen: &mut Pen, strip: &Strip, top: f64, short: bool) {
    let (dim, height) = (pen.dim(), pen.height());
    if height == 0 {
        return;
    }
    if short {
        let style = strip.ink.map_or(Style::new(), |i| pen.theme.ink(i));
        pen.right(LEFT - 1, 0, strip.short, style);
        if height > 1 {
            pen.right(LEFT - 1, 1, &format!("≤{}", strip.number(top)), dim);
        }
        return;
    }
    pen.right(LEFT - 1, 0, &strip.number(top), dim);
    if height > 1 {
        pen.right(LEFT - 1, height - 1, "0", dim);
    }
}
