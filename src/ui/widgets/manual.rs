//! `manual`: what the user holds, what is under way, and the rows held so far.

use super::super::pen::Pen;
use super::super::scene::Scene;
use super::super::theme::Ink;
use super::header::titled;
use super::ladder;
use crate::model::format;

/// Draws the inside of the pane.
pub(in crate::ui) fn draw(scene: &Scene, pen: &mut Pen) {
    let (dim, strong) = (pen.dim(), pen.theme.strong());
    let set = &scene.frame.setpoints;
    let asked = set.asked.map_or_else(|| format::MISSING.into(), |n| n.to_string());
    let bounds = format!("{}…{}", set.bounds.min, set.bounds.max);
    pen.spans(
        1,
        0,
        [("workers ", dim), (&asked, strong), ("  within ", dim), (&bounds, dim)],
    );
    if let Some((rate, process)) = scene.offered().filter(|_| scene.open()) {
        let text = format!("{}/s", format::quantity(rate));
        pen.spans(1, 1, [("offered ", dim), (&text, strong), (" ", dim), (titled(process), dim)]);
    }
    if scene.open() {
        levels(scene, pen);
    }
    let keys = if scene.open() {
        "↑↓ rate 5 %, o full queue, + - workers"
    } else {
        "↑↓ 10 %, + - one or 2 %"
    };
    pen.put(1, 5, keys, dim);
    let back = format!("m modes: {} finds them by itself", set.last_auto.name());
    pen.put(1, 6, &back, dim);
    let (w, h) = (pen.width(), pen.height());
    if h > 11 && !scene.frame.curve.is_empty() {
        ladder::table(scene, &mut pen.part(0, 8, w, h - 8), usize::from(h - 9), w >= 58);
    }
}

/// What is in flight, how many workers are free, and how far the schedule has slipped.
fn levels(scene: &Scene, pen: &mut Pen) {
    let (dim, strong) = (pen.dim(), pen.theme.strong());
    let g = &scene.frame.gauges;
    let (busy, free) = (format::count(g.in_flight), format::count(g.idle));
    pen.spans(
        1,
        2,
        [("in flight ", dim), (&busy, strong), ("   free ", dim), (&free, strong)],
    );
    if g.slip.secs() > 0.0 {
        let slip = format::length(g.slip.secs());
        let alarm = pen.theme.ink(Ink::Queue).patch(strong);
        pen.spans(1, 3, [("schedule slipped ", dim), (slip.as_str(), alarm)]);
    }
}
