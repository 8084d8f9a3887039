//! A drawn screen as SVG. Blocks, lines, braille and boxes are geometry, so no font can spoil them; text is text.
//! It refuses scripts and external references.

mod glyph;

use super::state::Model;
use super::theme::Theme;
use super::view;
use crate::telemetry::frame::Frame;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use std::fmt::Write;

/// Width of a cell, in the picture's units.
const W: f64 = 9.0;
/// Height of a cell.
const H: f64 = 19.0;
/// Margin round the screen.
const MARGIN: f64 = 12.0;

/// The screen of a frame as a picture, `size` in columns and rows.
pub fn still(frame: &Frame, size: (u16, u16), theme: &Theme) -> String {
    let mut buf = Buffer::empty(Rect::new(0, 0, size.0, size.1));
    view::draw(frame, &Model::still(*theme, size), &mut buf);
    svg(&buf, theme)
}

/// A buffer as a picture on the theme's paper.
pub fn svg(buf: &Buffer, theme: &Theme) -> String {
    let (paper, ink) = theme.paper();
    let (w, h) = (
        f64::from(buf.area.width) * W + 2.0 * MARGIN,
        f64::from(buf.area.height) * H + 2.0 * MARGIN,
    );
    let mut out = String::with_capacity(buf.content.len() * 24);
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{}\"/>\n\
         <g transform=\"translate({MARGIN} {MARGIN})\" shape-rendering=\"crispEdges\">",
        hex(paper, paper)
    );
    for y in 0..buf.area.height {
        grounds(buf, y, (paper, ink), &mut out);
    }
    for y in 0..buf.area.height {
        shapes(buf, y, (paper, ink), &mut out);
    }
    let _ = writeln!(
        out,
        "</g>\n<g transform=\"translate({MARGIN} {MARGIN})\" font-family=\"'JetBrains Mono','DejaVu Sans Mono',Menlo,Consolas,monospace\" \
         font-size=\"15\" style=\"font-variant-ligatures:none\" xml:space=\"preserve\">"
    );
    for y in 0..buf.area.height {
        texts(buf, y, (paper, ink), &mut out);
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// Foreground and background as they are seen, with reverse video applied.
fn colours(cell: &Cell, (paper, ink): (Color, Color)) -> (String, String) {
    let (fg, bg) = (hex(cell.fg, ink), hex(cell.bg, paper));
    if cell.modifier.contains(Modifier::REVERSED) {
        (bg, fg)
    } else {
        (fg, bg)
    }
}

/// Runs of one background, as rectangles; the paper's own is left out.
fn grounds(buf: &Buffer, y: u16, base: (Color, Color), out: &mut String) {
    let plain = hex(base.0, base.0);
    let bg = |x: u16| colours(&buf[(x, y)], base).1;
    let mut x = 0;
    while x < buf.area.width {
        let colour = bg(x);
        let from = x;
        while x < buf.area.width && bg(x) == colour {
            x += 1;
        }
        if colour != plain {
            rect(
                out,
                f64::from(from) * W,
                f64::from(y) * H,
                f64::from(x - from) * W,
                H,
                &colour,
            );
        }
    }
}

fn rect(out: &mut String, x: f64, y: f64, w: f64, h: f64, fill: &str) {
    let _ = writeln!(
        out,
        "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{w:.2}\" height=\"{h:.2}\" fill=\"{fill}\"/>"
    );
}

/// Runs of one glyph in one colour, as geometry.
fn shapes(buf: &Buffer, y: u16, base: (Color, Color), out: &mut String) {
    let mut x = 0;
    while x < buf.area.width {
        let c = symbol(&buf[(x, y)]);
        let fg = colours(&buf[(x, y)], base).0;
        let from = x;
        x += 1;
        if !glyph::geometric(c) {
            continue;
        }
        while glyph::stretches(c) && x < buf.area.width && symbol(&buf[(x, y)]) == c && colours(&buf[(x, y)], base).0 == fg {
            x += 1;
        }
        let place = glyph::Place {
            x: f64::from(from) * W,
            y: f64::from(y) * H,
            cells: f64::from(x - from),
            w: W,
            h: H,
        };
        glyph::draw(c, &place, &fg, out);
    }
}

fn symbol(cell: &Cell) -> char {
    cell.symbol().chars().next().unwrap_or(' ')
}

/// Runs of text in one style. Each run's length is fixed, so any monospace font keeps the columns.
fn texts(buf: &Buffer, y: u16, base: (Color, Color), out: &mut String) {
    let key = |x: u16| {
        let cell = &buf[(x, y)];
        (colours(cell, base).0, cell.modifier - Modifier::REVERSED)
    };
    let is_text = |x: u16| symbol(&buf[(x, y)]) != ' ' && !glyph::geometric(symbol(&buf[(x, y)]));
    let mut x = 0;
    while x < buf.area.width {
        if !is_text(x) {
            x += 1;
            continue;
        }
        let (from, style) = (x, key(x));
        let mut text = String::new();
        while x < buf.area.width && is_text(x) && key(x) == style {
            escape(symbol(&buf[(x, y)]), &mut text);
            x += 1;
        }
        let bold = if style.1.contains(Modifier::BOLD) {
            " font-weight=\"bold\""
        } else {
            ""
        };
        let under = if style.1.contains(Modifier::UNDERLINED) {
            " text-decoration=\"underline\""
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "<text x=\"{:.2}\" y=\"{:.2}\" textLength=\"{:.2}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{}\"{bold}{under}>{text}</text>",
            f64::from(from) * W,
            f64::from(y) * H + 14.2,
            f64::from(x - from) * W,
            style.0
        );
    }
}

fn escape(c: char, out: &mut String) {
    match c {
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '&' => out.push_str("&amp;"),
        c => out.push(c),
    }
}

/// `#rrggbb` of a colour; `base` stands for the terminal's own.
fn hex(color: Color, base: Color) -> String {
    let (r, g, b) = rgb(color).or_else(|| rgb(base)).unwrap_or((128, 128, 128));
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn rgb(color: Color) -> Option<(u8, u8, u8)> {
    const NAMED: [(Color, u32); 16] = [
        (Color::Black, 0x0d1117),
        (Color::Red, 0xcc3333),
        (Color::Green, 0x2f9e62),
        (Color::Yellow, 0x9a7b1a),
        (Color::Blue, 0x2374c6),
        (Color::Magenta, 0xb43fb8),
        (Color::Cyan, 0x2a9fbd),
        (Color::Gray, 0xc0c4cc),
        (Color::DarkGray, 0x6e6e6e),
        (Color::LightRed, 0xf0524f),
        (Color::LightGreen, 0x44c78e),
        (Color::LightYellow, 0xf5f543),
        (Color::LightBlue, 0x58b1e8),
        (Color::LightMagenta, 0xd670d6),
        (Color::LightCyan, 0x5fd7ef),
        (Color::White, 0xffffff),
    ];
    match color {
        Color::Rgb(r, g, b) => Some((r, g, b)),
        Color::Indexed(i @ 16..=231) => {
            let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let i = i - 16;
            Some((level(i / 36), level(i / 6 % 6), level(i % 6)))
        }
        Color::Indexed(i @ 232..) => Some((8 + 10 * (i - 232), 8 + 10 * (i - 232), 8 + 10 * (i - 232))),
        other => NAMED.iter().find(|(c, _)| *c == other).map(|(_, v)| {
            let [_, r, g, b] = v.to_be_bytes();
            (r, g, b)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    #[test]
    fn text_is_escaped_and_blocks_are_shapes() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 6, 1));
        buf.set_string(0, 0, "<&█▀⣀", Style::new());

        let svg = svg(&buf, &Theme::default());

        assert!(svg.contains(">&lt;&amp;</text>"), "{svg}");
        assert!(!svg.contains('█') && !svg.contains('▀') && !svg.contains('⣀'));
        assert_eq!(svg.matches("<circle").count(), 2);
    }

    #[test]
    fn a_picture_has_no_script_and_no_link() {
        let svg = still(&Frame::default(), (120, 35), &Theme::default());
        assert!(!svg.contains("<script") && !svg.contains("href"));
        assert_eq!(svg.matches("http").count(), 1, "only the name space");
    }
}
