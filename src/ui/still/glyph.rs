//! Glyphs that are geometry: blocks in eighths, half blocks, shades, box drawing, braille, and the few marks.

use std::fmt::Write;

/// Where a glyph, or a run of one glyph, stands.
pub(super) struct Place {
    /// Left.
    pub(super) x: f64,
    /// Top.
    pub(super) y: f64,
    /// Cells in the run.
    pub(super) cells: f64,
    /// Width of a cell.
    pub(super) w: f64,
    /// Height of a cell.
    pub(super) h: f64,
}

/// Thickness of box lines.
const THIN: f64 = 1.3;

/// Drawn as shapes instead of text.
pub(super) fn geometric(c: char) -> bool {
    matches!(c, '▀'..='▐' | '▔' | '░' | '▒' | '▓' | '\u{2800}'..='\u{28ff}') || "─━│┄╌└┬╭╮╰╯●•◦◂▸▲·".contains(c)
}

/// A run of it is one shape.
pub(super) fn stretches(c: char) -> bool {
    matches!(c, '▀'..='█' | '▔') || "─━".contains(c)
}

/// Appends the shapes of a glyph.
pub(super) fn draw(c: char, p: &Place, fill: &str, out: &mut String) {
    match c {
        '▀' => part(p, (0.0, 0.0, 1.0, 0.5), fill, out),
        '▔' => part(p, (0.0, 0.0, 1.0, 0.1), fill, out),
        '▁'..='█' => {
            let eighths = f64::from(c as u32 - '▁' as u32 + 1) / 8.0;
            part(p, (0.0, 1.0 - eighths, 1.0, eighths), fill, out);
        }
        '▉'..='▏' => {
            let eighths = f64::from(8 - (c as u32 - '█' as u32)) / 8.0;
            part(p, (0.0, 0.0, eighths, 1.0), fill, out);
        }
        '▐' => part(p, (0.5, 0.0, 0.5, 1.0), fill, out),
        '░' | '▒' | '▓' => shade(c, p, fill, out),
        '\u{2800}'..='\u{28ff}' => braille(c as u32 - 0x2800, p, fill, out),
        '●' => circle(p, (0.5, 0.5), 4.2, fill, out),
        '•' => circle(p, (0.5, 0.5), 2.2, fill, out),
        '·' => circle(p, (0.5, 0.5), 1.2, fill, out),
        '◦' => {
            let (x, y) = (p.x + p.w / 2.0, p.y + p.h / 2.0);
            let _ = writeln!(
                out,
                "<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"2.4\" fill=\"none\" stroke=\"{fill}\"/>"
            );
        }
        '◂' => polygon(p, &[(0.75, 0.35), (0.75, 0.65), (0.15, 0.5)], fill, out),
        '▸' => polygon(p, &[(0.2, 0.35), (0.2, 0.65), (0.8, 0.5)], fill, out),
        '▲' => polygon(p, &[(0.5, 0.2), (0.05, 0.8), (0.95, 0.8)], fill, out),
        other => lines(other, p, fill, out),
    }
}

/// A rectangle in shares of the run's cells: x, y, width, height.
fn part(p: &Place, (x, y, w, h): (f64, f64, f64, f64), fill: &str, out: &mut String) {
    let wide = p.w * p.cells;
    let _ = writeln!(
        out,
        "<rect x=\"{:.2}\" y=\"{:.2}\" width=\"{:.2}\" height=\"{:.2}\" fill=\"{fill}\"/>",
        p.x + x * wide,
        p.y + y * p.h,
        w * wide,
        h * p.h
    );
}

fn circle(p: &Place, (x, y): (f64, f64), r: f64, fill: &str, out: &mut String) {
    let _ = writeln!(
        out,
        "<circle cx=\"{:.2}\" cy=\"{:.2}\" r=\"{r}\" fill=\"{fill}\" shape-rendering=\"auto\"/>",
        p.x + x * p.w,
        p.y + y * p.h
    );
}

fn polygon(p: &Place, points: &[(f64, f64)], fill: &str, out: &mut String) {
    let text: Vec<String> = points
        .iter()
        .map(|(x, y)| format!("{:.2},{:.2}", p.x + x * p.w, p.y + y * p.h))
        .collect();
    let _ = writeln!(
        out,
        "<polygon points=\"{}\" fill=\"{fill}\" shape-rendering=\"auto\"/>",
        text.join(" ")
    );
}

fn shade(c: char, p: &Place, fill: &str, out: &mut String) {
    let opacity = match c {
        '░' => 0.25,
        '▒' => 0.5,
        _ => 0.75,
    };
    let _ = writeln!(
        out,
        "<rect x=\"{:.2}\" y=\"{:.2}\" width=\"{:.2}\" height=\"{:.2}\" fill=\"{fill}\" fill-opacity=\"{opacity}\"/>",
        p.x, p.y, p.w, p.h
    );
}

/// Bits 0–2 and 6 are the left column, 3–5 and 7 the right.
fn braille(bits: u32, p: &Place, fill: &str, out: &mut String) {
    const DOTS: [(f64, f64); 8] = [
        (0.25, 0.125),
        (0.25, 0.375),
        (0.25, 0.625),
        (0.75, 0.125),
        (0.75, 0.375),
        (0.75, 0.625),
        (0.25, 0.875),
        (0.75, 0.875),
    ];
    for (i, at) in DOTS.into_iter().enumerate() {
        if bits & (1 << i) != 0 {
            circle(p, at, 1.25, fill, out);
        }
    }
}

/// Box drawing: arms from the middle to the edges, dots for the dotted ones.
fn lines(c: char, p: &Place, fill: &str, out: &mut String) {
    let (tx, ty) = (THIN / p.w / p.cells, THIN / p.h);
    let (cx, cy) = (0.5 - tx / 2.0, 0.5 - ty / 2.0);
    let across = |from: f64, to: f64, out: &mut String| part(p, (from, cy, to - from, ty), fill, out);
    let down = |from: f64, to: f64, out: &mut String| part(p, (cx, from, tx, to - from), fill, out);
    match c {
        '─' => across(0.0, 1.0, out),
        '━' => part(p, (0.0, 0.42, 1.0, 0.16), fill, out),
        '│' => down(0.0, 1.0, out),
        '┄' => (0..3).for_each(|i| across(f64::from(i) / 3.0 + 0.08, f64::from(i) / 3.0 + 0.2, out)),
        '╌' => (0..2).for_each(|i| part(p, (f64::from(i) / 2.0 + 0.04, 0.44, 0.42, 0.12), fill, out)),
        '┬' => {
            across(0.0, 1.0, out);
            down(0.5, 1.0, out);
        }
        '└' => {
            across(0.5, 1.0, out);
            down(0.0, 0.5, out);
        }
        '╭' | '╮' | '╰' | '╯' => {
            let (mx, my) = (p.x + p.w / 2.0, p.y + p.h / 2.0);
            let side = if matches!(c, '╭' | '╰') { p.x + p.w } else { p.x };
            let end = if matches!(c, '╭' | '╮') { p.y + p.h } else { p.y };
            let _ = writeln!(
                out,
                "<path d=\"M{side:.2} {my:.2}Q{mx:.2} {my:.2} {mx:.2} {end:.2}\" fill=\"none\" stroke=\"{fill}\" \
                 stroke-width=\"{THIN}\" shape-rendering=\"auto\"/>"
            );
        }
        _ => {}
    }
}
