//! The promised percentile against the offered rate (both logarithmic): what the search has seen, the limit, the interval
//! of the answer shaded, and where it stands now. Hollow points rest on too few answers to be believed.

use super::super::pen::Pen;
use super::super::scale::{LogAxis, snap_down, snap_up};
use super::super::scene::Scene;
use super::super::state::Pane;
use super::super::theme::{Band, Ink, glyph};
use super::frame::{Title, boxed};
use crate::model::expr::Metric;
use crate::model::format;
use crate::telemetry::frame::Frame;
use crate::telemetry::grid::Grid;
use crate::telemetry::latency::enough;
use std::collections::BTreeMap;

/// Columns for the labels on the left, the axis included.
const LEFT: u16 = 8;
/// Rates this close (in e-folds) are one point.
const CLOSE: f64 = 0.08;

/// Everything answered at about one offered rate.
#[derive(Clone, Debug, PartialEq)]
struct Point {
    /// 1/s.
    rate: f64,
    /// The percentile, s.
    latency: f64,
    /// It rests on enough answers.
    firm: bool,
}

/// One point per offered rate, rising.
fn points(frame: &Frame, quantile: f64) -> Vec<Point> {
    let mut rates: BTreeMap<i64, (f64, f64, Grid)> = BTreeMap::new();
    for c in frame.columns.iter().filter(|c| c.offered > 0 && !c.paused && c.span() > 0.0) {
        let place = ((c.offered as f64 / c.span()).ln() / CLOSE).round() as i64;
        let (offered, span, grid) = rates.entry(place).or_default();
        *offered += c.offered as f64;
        *span += c.span();
        grid.merge(&c.response);
    }
    let point = |(offered, span, grid): &(f64, f64, Grid)| {
        Some(Point {
            rate: offered / span,
            latency: grid.quantile(quantile)?,
            firm: enough(quantile, grid.total()),
        })
    };
    rates.values().filter_map(point).collect()
}

/// Draws the pane; empty without a promise.
pub(in crate::ui) fn draw(scene: &Scene, pen: &mut Pen) {
    let Some(promise) = scene.promise() else { return };
    let main = promise.main();
    let name = main.expr.metric.name();
    let Metric::Quantile(quantile) = main.expr.metric else {
        return;
    };
    let heading = Title {
        pane: Pane::Curve,
        name: "CURVE",
        words: format!("{name} against offered rate"),
    };
    boxed(scene, pen, &heading);
    // The numbers below the axis stand in the lower edge.
    let (w, h) = (pen.width(), pen.height());
    let mut inner = pen.part(1, 1, w.saturating_sub(2), h.saturating_sub(1));
    let (w, h) = (inner.width(), inner.height());
    if h < 4 || w < LEFT + 16 {
        return;
    }
    let points = points(scene.frame, quantile);
    let plot = Plot::of(&points, main.limit.secs(), w - LEFT - 2, h - 2);
    axes(&mut inner, &plot, main.limit.secs());
    interval(scene, &mut inner, &plot);
    let mut area = inner.part(LEFT, 0, plot.width, plot.height);
    let limit = plot.row(main.limit.secs());
    let green = area.theme.ink(Ink::Target);
    (0..plot.width)
        .filter(|x| x % 3 < 2)
        .for_each(|x| area.glyph(x, limit, glyph::TARGET, green));
    let (dim, latency) = (area.dim(), area.theme.ink(Ink::Latency));
    for p in &points {
        let (c, style) = if p.firm {
            (glyph::POINT, latency)
        } else {
            (glyph::STALE, dim)
        };
        area.glyph(plot.column(p.rate), plot.row(p.latency), c, style);
    }
    now(scene, &mut area, &plot, quantile);
}

/// `●` where it stands.
fn now(scene: &Scene, area: &mut Pen, plot: &Plot, quantile: f64) {
    let l = &scene.frame.last.latency;
    let known = [(0.5, l.p50), (0.9, l.p90), (0.95, l.p95), (0.99, l.p99), (0.999, l.p999)];
    let latency = known.iter().find(|(q, _)| (q - quantile).abs() < 1e-9).and_then(|k| k.1);
    if let (Some((rate, _)), Some(latency)) = (scene.offered(), latency) {
        let strong = area.theme.strong();
        area.glyph(plot.column(rate), plot.row(latency), glyph::NOW, strong);
    }
}

/// The answer's interval as a lighter ground.
fn interval(scene: &Scene, pen: &mut Pen, plot: &Plot) {
    let Some((rate, half)) = scene.frame.slo.as_ref().and_then(|s| s.answer) else {
        return;
    };
    let (from, to) = (plot.column(rate - half), plot.column(rate + half));
    let band = pen.theme.band(Band::Raised);
    for y in 0..plot.height {
        pen.part(LEFT + from, y, to.saturating_sub(from) + 1, 1).tint(0, band);
    }
}

/// Both scales over the cells of the plot.
struct Plot {
    width: u16,
    height: u16,
    rates: LogAxis,
    latencies: LogAxis,
}

impl Plot {
    fn of(points: &[Point], limit: f64, width: u16, height: u16) -> Self {
        let ends = |of: &dyn Fn(&Point) -> f64, first: f64| {
            let fine = || points.iter().map(of).filter(|v| v.is_finite() && *v > 0.0).chain([first]);
            (fine().fold(f64::INFINITY, f64::min), fine().fold(0.0, f64::max))
        };
        let most = points.iter().map(|p| p.rate).fold(1.0, f64::max);
        let (low, high) = ends(&|p| p.rate, most);
        Self {
            width,
            height,
            rates: LogAxis {
                low: (low / 1.1).min(high / 4.0),
                high: high * 1.1,
            },
            latencies: latencies(ends(&|p| p.latency, limit)),
        }
    }

    fn column(&self, rate: f64) -> u16 {
        let x = (1.0 - self.rates.depth(rate.max(1e-9))) * f64::from(self.width);
        x.clamp(0.0, f64::from(self.width.saturating_sub(1))) as u16
    }

    fn row(&self, latency: f64) -> u16 {
        let y = self.latencies.depth(latency.max(1e-9)) * f64::from(self.height);
        y.clamp(0.0, f64::from(self.height.saturating_sub(1))) as u16
    }
}

/// Round ends with room for the limit between them, at least a factor of four apart.
fn latencies((low, high): (f64, f64)) -> LogAxis {
    let high = snap_up((high * 1.1).clamp(1e-6, 100.0));
    let low = snap_down(low.clamp(1e-7, high / 4.0));
    LogAxis { low, high }
}

/// Labels of both scales: the ends, the limit, and rates a factor of four apart.
fn axes(pen: &mut Pen, plot: &Plot, limit: f64) {
    let (faint, dim) = (pen.theme.ink(Ink::Faint), pen.dim());
    let bottom = plot.height;
    for y in 0..bottom {
        pen.glyph(LEFT - 1, y, glyph::AXIS, faint);
    }
    pen.glyph(LEFT - 1, bottom, glyph::CORNER, faint);
    pen.rule(LEFT, LEFT + plot.width, bottom, glyph::RULE, faint);
    let short = |s: f64| format::length(s).replace(".0 ", " ");
    let (green, here) = (pen.theme.ink(Ink::Target), plot.row(limit));
    for (y, seconds) in [(0, plot.latencies.high), (bottom - 1, plot.latencies.low)] {
        if y != here {
            pen.right(LEFT - 1, y, &short(seconds), dim);
        }
    }
    pen.right(LEFT - 1, here, &short(limit), green);
    let mut free = 0;
    let mut rate = 10f64.powf(plot.rates.low.log10().ceil());
    while rate > plot.rates.low * 4.0 {
        rate /= 4.0;
    }
    while rate <= plot.rates.high {
        let x = LEFT + plot.column(rate);
        let text = format::quantity(rate);
        if rate >= plot.rates.low && x >= free && x + pen.measure(&text) < pen.width() {
            pen.glyph(x, bottom, glyph::TICK, dim);
            pen.put(x, bottom + 1, &text, dim);
            free = x + pen.measure(&text) + 1;
        }
        rate *= 4.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::units::Nanos;
    use crate::telemetry::column::Column;
    use std::sync::Arc;

    #[test]
    fn columns_of_one_rate_are_one_point_and_few_answers_make_it_hollow() {
        let column = |offered: u64, bin: usize, n: u64| {
            let mut response = Grid::default();
            response.add(bin, n);
            Arc::new(Column {
                to: Nanos::from_millis(500),
                offered,
                response,
                ..Column::default()
            })
        };
        let frame = Frame {
            columns: vec![column(500, 150, 5_000), column(502, 150, 5_000), column(25, 100, 25)].into(),
            ..Frame::default()
        };

        let p = points(&frame, 0.99);

        let seen: Vec<(f64, bool)> = p.iter().map(|p| (p.rate, p.firm)).collect();
        assert_eq!(seen, [(50.0, false), (1002.0, true)]);
        assert!(p[1].latency > p[0].latency);
    }

    #[test]
    fn everything_stays_on_the_plot() {
        let wild = [f64::NAN, 0.0, 1e-9, 40.0, 1e12].map(|v| Point {
            rate: v,
            latency: v,
            firm: true,
        });
        let plot = Plot::of(&wild, 0.080, 30, 6);

        for v in [f64::NAN, 0.0, 1e-9, 40.0, f64::INFINITY] {
            assert!(plot.column(v) < 30 && plot.row(v) < 6, "{v}");
        }
    }
}
