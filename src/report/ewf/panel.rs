//! One panel of the picture: a frame with ticks, bands between two quantiles, lines.

use super::figure;
use super::scale::Scale;
use std::fmt::Write;

/// Where a panel stands, in the picture's units.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panel {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) w: f64,
    pub(super) h: f64,
    pub(super) scale: Scale,
}

/// Faint lines and quiet words.
pub(super) const FAINT: &str = "#2b2740";
pub(super) const QUIET: &str = "#8f8aa8";
/// Words that are read first.
pub(super) const BRIGHT: &str = "#efeaf6";

/// Between two ticks, at least.
const CLOSEST: f64 = 17.0;

impl Panel {
    /// The height of a value on the picture.
    pub(super) fn y_of(&self, v: f64) -> f64 {
        self.y + self.h * (1.0 - self.scale.height(v))
    }

    /// Ticks with their values at the left, and the panel's name above it.
    pub(super) fn frame(&self, name: &str, out: &mut String) {
        let (left, right) = (self.x, self.x + self.w);
        let mut lowest = f64::INFINITY;
        for tick in self.scale.ticks() {
            let y = self.y_of(tick);
            if lowest - y < CLOSEST {
                continue;
            }
            lowest = y;
            let _ = writeln!(
                out,
                "<path d=\"M{left:.1} {y:.1}H{right:.1}\" stroke=\"{FAINT}\" stroke-width=\"1\"/>"
            );
            let value = if tick >= 1.0 {
                figure(Some(tick)).replace(".00", "").replace(".0", "")
            } else {
                format!("{tick}")
            };
            write_text(
                out,
                left - 14.0,
                y + 5.0,
                &value,
                &Style {
                    anchor: "end",
                    ..Style::default()
                },
            );
        }
        let style = Style {
            fill: BRIGHT,
            spaced: true,
            ..Style::default()
        };
        write_text(out, left, self.y - 14.0, name, &style);
    }

    /// The area between two series, one value a column; nothing where either is missing.
    pub(super) fn band(&self, low: &[Option<f64>], high: &[Option<f64>], fill: &str, out: &mut String) {
        let step = self.w / low.len().max(1) as f64;
        let both: Vec<(usize, f64, f64)> = low
            .iter()
            .zip(high)
            .enumerate()
            .filter_map(|(i, (l, h))| Some((i, (*l)?, (*h)?)))
            .collect();
        if both.len() < 2 {
            return;
        }
        let x = |i: usize| self.x + (i as f64 + 0.5) * step;
        let up: Vec<String> = both
            .iter()
            .map(|(i, _, h)| format!("{:.1} {:.1}", x(*i), self.y_of(*h)))
            .collect();
        let down: Vec<String> = both
            .iter()
            .rev()
            .map(|(i, l, _)| format!("{:.1} {:.1}", x(*i), self.y_of(*l)))
            .collect();
        let _ = writeln!(
            out,
            "<path d=\"M{}L{}Z\" fill=\"{fill}\" fill-opacity=\"0.30\"/>",
            up.join("L"),
            down.join("L")
        );
    }

    /// One value a column as a line, broken where it is missing.
    pub(super) fn line(&self, values: &[Option<f64>], stroke: &str, width: f64, out: &mut String) {
        let step = self.w / values.len().max(1) as f64;
        let (mut path, mut drawing) = (String::new(), false);
        for (i, v) in values.iter().enumerate() {
            if let Some(v) = v {
                let sign = if drawing { 'L' } else { 'M' };
                let _ = write!(path, "{sign}{:.1} {:.1}", self.x + (i as f64 + 0.5) * step, self.y_of(*v));
            }
            drawing = v.is_some();
        }
        let _ = writeln!(
            out,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"{width}\" stroke-linejoin=\"round\"/>"
        );
    }

    /// A word at the right, at the height of the last value of a series.
    pub(super) fn label(&self, values: &[Option<f64>], name: &str, fill: &str, out: &mut String) {
        if let Some(v) = values.iter().rev().find_map(|v| *v) {
            let style = Style {
                fill,
                ..Style::default()
            };
            write_text(out, self.x + self.w + 12.0, self.y_of(v) + 5.0, name, &style);
        }
    }
}

/// How words look.
#[derive(Clone, Copy)]
pub(super) struct Style<'a> {
    pub(super) size: f64,
    pub(super) fill: &'a str,
    /// start, middle or end.
    pub(super) anchor: &'a str,
    /// Capitals with air between them.
    pub(super) spaced: bool,
}

impl Default for Style<'_> {
    fn default() -> Self {
        Self {
            size: 15.0,
            fill: QUIET,
            anchor: "start",
            spaced: false,
        }
    }
}

/// Words at a place.
pub(super) fn write_text(out: &mut String, x: f64, y: f64, text: &str, style: &Style) {
    let spaced = if style.spaced { " letter-spacing=\"2\"" } else { "" };
    let safe = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{}\" fill=\"{}\" text-anchor=\"{}\"{spaced}>{safe}</text>",
        style.size, style.fill, style.anchor
    );
}
