//! `manual`: what the user holds, what waits, and the rows held so far.

use super::super::pen::Pen;
use super::super::scene::Scene;
use super::super::theme::Ink;
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
    if let Some(rate) = set.rate.filter(|_| scene.open()) {
        let text = format!("{}/s", format::quantity(rate));
        pen.spans(1, 1, [("offered ", dim), (&text, strong)]);
    }
    if scene.open() {
        backlog(scene, pen);
    }
    let keys = if scene.open() {
        "↑↓ rate 5 %, + - workers"
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

/// What waits here, how old it is, and how long it would take to work off.
fn backlog(scene: &Scene, pen: &mut Pen) {
    let (dim, strong) = (pen.dim(), pen.theme.strong());
    let violet = pen.theme.ink(Ink::Queue).patch(strong);
    let (f, g) = (scene.frame, &scene.frame.gauges);
    let waiting = format::quantity(f.queue.now.round());
    let shed = if f.books.shed > 0 {
        format!("   shed {}", format::count(f.books.shed))
    } else {
        String::new()
    };
    let alarm = pen.theme.ink(Ink::Alarm);
    let x = pen.spans(1, 2, [("waiting ", dim), (&waiting, violet)]);
    let x = pen.put(x, 2, &shed, alarm);
    if g.oldest.secs() > 0.0 {
        pen.spans(x, 2, [("   oldest ", dim), (&format::length(g.oldest.secs()), strong)]);
    }
    if f.queue.now >= 1.0 && f.last.rate > 0.0 {
        let drain = format::length(f.queue.now / f.last.rate);
        let rate = format!(" at {}/s", format::quantity(f.last.rate));
        pen.spans(1, 3, [("worked off in ", dim), (&drain, strong), (&rate, dim)]);
    }
}
