//! The time axis below map and strips: ticks, labels, and `now` at the edge of the data.

use super::super::pen::Pen;
use super::super::scale::time_step;
use super::super::scene::Scene;
use super::super::theme::{Ink, glyph};
use super::super::timeline::Timeline;
use super::gutter::LEFT;
use crate::model::format::clock;

/// Draws into the first row of `pen`.
pub(in crate::ui) fn draw(scene: &Scene, pen: &mut Pen, timeline: &Timeline) {
    let theme = scene.theme();
    let faint = theme.ink(Ink::Faint);
    let (width, dim) = (pen.width(), pen.dim());
    pen.glyph(LEFT - 1, 0, glyph::CORNER, faint);
    pen.rule(LEFT, width.saturating_sub(1), 0, glyph::RULE, faint);
    let slots = timeline.slots.len() as u16;
    let edge = LEFT + slots;
    let step = time_step(timeline.step.max(0.1), 10.0);
    let mut t = (timeline.start / step).ceil() * step;
    if slots == 0 {
        return;
    }
    loop {
        let x = LEFT + ((t - timeline.start) / timeline.step).round() as u16;
        let text = clock(t);
        if x + 2 + text.len() as u16 > edge.saturating_sub(1) {
            break;
        }
        pen.glyph(x, 0, glyph::TICK, dim);
        pen.put(x + 1, 0, &format!("{text} "), dim);
        t += step;
    }
    pen.glyph(edge - 1, 0, glyph::TICK, theme.strong());
    pen.put(edge, 0, &format!(" {} now ", clock(scene.frame.at.secs())), theme.strong());
}
