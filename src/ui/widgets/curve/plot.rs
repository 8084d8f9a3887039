//! The two scales of the curve over dots, and the axes that name them.

use super::super::super::pen::Pen;
use super::super::super::scale::ceiling;
use super::super::super::scene::Scene;
use super::super::super::theme::{Ink, glyph};
use super::LEFT;
use crate::model::format;

/// The two scales of a picture, over dots.
pub(super) struct Plot {
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) most_workers: f64,
    pub(super) top_rate: f64,
    pub(super) top_p99: f64,
}

impl Plot {
    pub(super) fn x(&self, workers: f64) -> f64 {
        let span = self.most_workers.max(4.0).ln();
        workers.max(1.0).ln() / span * (f64::from(self.width) * 2.0 - 1.0)
    }

    pub(super) fn y(&self, share: f64) -> f64 {
        (1.0 - share) * (f64::from(self.height) * 4.0 - 1.0)
    }

    pub(super) fn rate(&self, workers: f64, rate: f64) -> (f64, f64) {
        (self.x(workers), self.y(rate / self.top_rate))
    }
}

/// The scales that hold all rows and the present point.
pub(super) fn of(scene: &Scene, width: u16, height: u16) -> Plot {
    let f = scene.frame;
    let rows = || f.curve.iter().filter(|r| r.good_rps.is_finite());
    let workers = rows()
        .map(|r| f64::from(r.workers))
        .fold(f.control.workers.max(3.0), f64::max);
    let best = rows().map(|r| r.good_rps).fold(f.last.good_rate, f64::max);
    let p99 = rows().filter_map(|r| r.p99).filter(|p| p.is_finite()).fold(0.0, f64::max);
    Plot {
        width,
        height,
        most_workers: 4f64.powf((workers * 1.05).log(4.0).ceil()).max(16.0),
        top_rate: ceiling(best * 1.05, 1.0),
        top_p99: ceiling(p99 * 1e3, 1.0) / 1e3,
    }
}

/// Labels of both scales and the axis below, with powers of four and the knee.
pub(super) fn axes(scene: &Scene, pen: &mut Pen, plot: &Plot) {
    let theme = scene.theme();
    let (faint, dim) = (theme.ink(Ink::Faint), pen.dim());
    let (w, bottom) = (pen.width(), plot.height);
    for y in 0..bottom {
        pen.glyph(LEFT - 1, y, glyph::AXIS, faint);
    }
    pen.glyph(LEFT - 1, bottom, glyph::CORNER, faint);
    pen.rule(LEFT, LEFT + plot.width, bottom, glyph::RULE, faint);
    ticks(scene, pen, plot);
    if scene.frame.curve.is_empty() && scene.frame.last.span <= 0.0 {
        return;
    }
    let latency = theme.ink(Ink::Latency);
    pen.right(LEFT - 1, 0, &format::quantity(plot.top_rate), theme.ink(Ink::Rate));
    pen.right(LEFT - 1, bottom - 1, "0", dim);
    let middle = (bottom - 1) / 2;
    if bottom >= 5 {
        pen.right(LEFT - 1, middle, &format::quantity(plot.top_rate / 2.0), dim);
    }
    if w > LEFT + plot.width + 6 && scene.frame.curve.iter().any(|r| r.p99.is_some()) {
        let x = LEFT + plot.width + 1;
        pen.put(x, 0, &format::length(plot.top_p99), latency);
        if bottom >= 5 {
            pen.put(x, middle, &format::length(plot.top_p99 / 2.0), dim);
        }
        pen.put(x, bottom - 1, "0", dim);
    }
}

fn ticks(scene: &Scene, pen: &mut Pen, plot: &Plot) {
    let (dim, strong) = (pen.dim(), pen.theme.strong());
    let y = plot.height;
    let knee = scene.frame.knee.as_ref().map(|k| k.workers);
    let mut taken: Vec<(u16, u16)> = Vec::new();
    let powers = std::iter::successors(Some(1u32), |n| n.checked_mul(4)).take_while(|n| f64::from(*n) <= plot.most_workers);
    for (n, style) in knee.map(|k| (k, strong)).into_iter().chain(powers.map(|n| (n, dim))) {
        let text = n.to_string();
        let x = LEFT + (plot.x(f64::from(n)) / 2.0) as u16;
        let from = (x + 1).saturating_sub(text.len() as u16).max(LEFT - 1);
        let to = from + text.len() as u16;
        if taken.iter().any(|(a, b)| from <= *b && *a <= to) {
            continue;
        }
        taken.push((from, to));
        pen.glyph(x, y, glyph::TICK, style);
        pen.put(from, y + 1, &text, style);
    }
}
