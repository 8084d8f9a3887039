//! Two panels over one axis as SVG: CPU a request on the left, memory on the right, all axes logarithmic.
//! It refuses a ground of its own: every ink stands out from white and from black alike.
//!
//! ```text
//!  title              ● clobber-tui  ■ wrk  ▲ oha
//!  CPU µs a request        memory, MB
//!  10 ┤     ╱              100 ┤    ╱
//!   1 ┼───┬───┬─            10 ┼───┬───┬─
//!         what was varied
//! ```

use std::fmt::Write;

/// Width and height of the picture.
const SIZE: (f64, f64) = (960.0, 360.0);
/// Left edges of the plots, and their width.
const PLOTS: ([f64; 2], f64) = ([70.0, 560.0], 370.0);
/// Top and bottom of the plots.
const SPAN: (f64, f64) = (84.0, 296.0);
/// Text and axes: 4.3 to 1 against white and against GitHub's dark ground.
const INK: &str = "#767b81";
/// Blue, orange and green, told apart by lightness and by their marks too.
const COLOURS: [&str; 3] = ["#2f81f7", "#d9730d", "#2da44e"];

/// One generator's line.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) points: Vec<(f64, f64)>,
}

/// One plot.
pub(crate) struct Panel {
    /// What the height means, with its unit.
    pub(crate) title: &'static str,
    pub(crate) lines: Vec<Line>,
}

/// The whole.
pub(crate) struct Picture {
    pub(crate) title: String,
    /// What was varied, with its unit.
    pub(crate) varied: &'static str,
    /// Values of it, and what is written at each. 0 stands a decade below the smallest other.
    pub(crate) ticks: Vec<(f64, String)>,
    pub(crate) panels: [Panel; 2],
}

/// A logarithmic axis from one value to another.
#[derive(Clone, Copy)]
struct Axis {
    from: f64,
    to: f64,
}

impl Axis {
    /// Place of a value in [0, 1]; what lies below is put at 0.
    fn place(self, value: f64) -> f64 {
        let span = (self.to / self.from).ln();
        ((value.max(self.from) / self.from).ln() / span).clamp(0.0, 1.0)
    }

    /// Round bounds of what is shown, half a decade apart at least.
    fn around(values: impl Iterator<Item = f64> + Clone) -> Self {
        let (low, high) = (
            values.clone().fold(f64::MAX, f64::min),
            values.fold(f64::MIN_POSITIVE, f64::max),
        );
        let steps = Self::round(low.min(high) / 10.0, high * 10.0);
        let from = steps.iter().copied().rfind(|s| *s <= low * 0.95).unwrap_or(low);
        let to = steps.iter().copied().find(|s| *s >= (high * 1.05).max(from * 4.0));
        Self {
            from,
            to: to.unwrap_or(high),
        }
    }

    /// 1, 2 and 5 times every power of ten from one value to another.
    fn round(from: f64, to: f64) -> Vec<f64> {
        let decades = from.log10().floor() as i32..=to.log10().ceil() as i32;
        let all = decades.flat_map(|d| [1.0, 2.0, 5.0].map(|n| n * 10f64.powi(d)));
        all.filter(|v| (from..=to).contains(v)).collect()
    }

    /// What is written at its side: powers of ten where there are three, else more.
    fn ticks(self) -> Vec<f64> {
        let (from, to) = (self.from * 0.999, self.to * 1.001);
        let all = Self::round(from, to);
        let tens: Vec<f64> = all.iter().copied().filter(|v| v.log10().fract().abs() < 1e-9).collect();
        if tens.len() >= 3 { tens } else { all }
    }
}

/// Letters of this font are about half as wide as it is high.
const LETTER: f64 = 7.6;

impl Picture {
    /// The picture as a file's text.
    pub(crate) fn svg(&self) -> String {
        let (width, height) = SIZE;
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
             font-family=\"system-ui,-apple-system,Segoe UI,Helvetica,Arial,sans-serif\" font-size=\"14\" fill=\"{INK}\">\n"
        );
        text(
            &mut out,
            (70.0, 26.0),
            "start",
            &format!("<tspan font-weight=\"600\" font-size=\"17\">{}</tspan>", self.title),
        );
        self.legend(&mut out);
        for (panel, left) in self.panels.iter().zip(PLOTS.0) {
            self.panel(&mut out, panel, left);
        }
        out.push_str("</svg>\n");
        out
    }

    fn legend(&self, out: &mut String) {
        let mut right = SIZE.0 - 30.0;
        let shown = self.panels[0].lines.iter().enumerate().filter(|(_, l)| !l.points.is_empty());
        for (n, line) in shown.rev() {
            text(out, (right, 26.0), "end", line.name);
            right -= line.name.len() as f64 * LETTER + 14.0;
            mark(out, n, (right, 21.0));
            right -= 22.0;
        }
    }

    fn panel(&self, out: &mut String, panel: &Panel, left: f64) {
        let (top, bottom) = SPAN;
        let across = self.across();
        let up = Axis::around(panel.lines.iter().flat_map(|l| l.points.iter().map(|p| p.1)));
        let x = |value: f64| left + across.place(value) * PLOTS.1;
        let y = |value: f64| bottom - up.place(value) * (bottom - top);
        text(out, (left, top - 16.0), "start", panel.title);
        text(out, (left + PLOTS.1 / 2.0, bottom + 46.0), "middle", self.varied);
        for value in up.ticks() {
            let at = y(value);
            rule(out, (left, at), (left + PLOTS.1, at), 0.35);
            text(out, (left - 8.0, at + 5.0), "end", &number(value));
        }
        // From the right, and no word into another.
        let mut free = f64::MAX;
        for (value, label) in self.ticks.iter().rev() {
            let (at, half) = (x(*value), label.len() as f64 * LETTER / 2.0);
            rule(out, (at, bottom), (at, bottom + 5.0), 1.0);
            if at + half <= free {
                text(out, (at, bottom + 22.0), "middle", label);
                free = at - half - LETTER;
            }
        }
        rule(out, (left, bottom), (left + PLOTS.1, bottom), 1.0);
        for (n, line) in panel.lines.iter().enumerate() {
            let points: Vec<(f64, f64)> = line.points.iter().map(|p| (x(p.0), y(p.1))).collect();
            let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            let _ = writeln!(
                out,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2.5\"/>",
                path.join(" "),
                COLOURS[n % COLOURS.len()]
            );
            points.iter().for_each(|at| mark(out, n, *at));
        }
    }

    fn across(&self) -> Axis {
        let values = self.ticks.iter().map(|t| t.0);
        let least = values.clone().filter(|v| *v > 0.0).fold(f64::MAX, f64::min);
        let zero = values.clone().any(|v| v == 0.0);
        Axis {
            from: if zero { least / 10.0 } else { least },
            to: values.fold(least, f64::max),
        }
    }
}

fn text(out: &mut String, (x, y): (f64, f64), anchor: &str, what: &str) {
    let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{what}</text>");
}

fn rule(out: &mut String, (x1, y1): (f64, f64), (x2, y2): (f64, f64), opacity: f64) {
    let _ = writeln!(
        out,
        "<path d=\"M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}\" stroke=\"{INK}\" stroke-opacity=\"{opacity}\"/>"
    );
}

/// A circle, a square, a triangle.
fn mark(out: &mut String, n: usize, (x, y): (f64, f64)) {
    let colour = COLOURS[n % COLOURS.len()];
    let shape = match n % COLOURS.len() {
        0 => format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\""),
        1 => format!("<rect x=\"{:.1}\" y=\"{:.1}\" width=\"9\" height=\"9\"", x - 4.5, y - 4.5),
        _ => format!("<path d=\"M{:.1} {:.1}h11l-5.5 -10z\"", x - 5.5, y + 5.0),
    };
    let _ = writeln!(out, "{shape} fill=\"{colour}\"/>");
}

/// `0.5`, `20`, `1,000`.
fn number(value: f64) -> String {
    if value < 1.0 {
        return format!("{value}");
    }
    super::table::commas(value)
}
