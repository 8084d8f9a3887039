//! A picture as the bytes that turn the last one into it: only cells that differ, only the attributes that change.
//! It refuses wide glyphs; the pen has let none through.

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// The attributes the theme has.
const ATTRIBUTES: [(Modifier, u8); 3] = [(Modifier::BOLD, 1), (Modifier::UNDERLINED, 4), (Modifier::REVERSED, 7)];

/// Appends what turns `before` into `next`, of the same size. The terminal's attributes are plain before and after.
pub(super) fn difference(out: &mut Vec<u8>, before: &Buffer, next: &Buffer) {
    let width = usize::from(next.area.width.max(1));
    let mut brush = Brush::default();
    let rows = before.content.chunks(width).zip(next.content.chunks(width));
    // Where the terminal's cursor stands.
    let mut cursor = None;
    for (y, (old, new)) in rows.enumerate() {
        for (x, (old, cell)) in old.iter().zip(new).enumerate() {
            if old == cell {
                continue;
            }
            match cursor {
                Some((row, at)) if row == y && at == x => {}
                Some((row, at)) if row == y && at < x => forward(out, x - at),
                _ => to(out, x, y),
            }
            brush.put(out, cell);
            // Behind the last column terminals differ.
            cursor = (x + 1 < width).then_some((y, x + 1));
        }
    }
    brush.clean(out);
}

/// Appends a picture row by row, each with a line end.
pub(super) fn rows(out: &mut Vec<u8>, picture: &Buffer) {
    for row in picture.content.chunks(usize::from(picture.area.width.max(1))) {
        let mut brush = Brush::default();
        row.iter().for_each(|cell| brush.put(out, cell));
        brush.clean(out);
        out.push(b'\n');
    }
}

fn to(out: &mut Vec<u8>, x: usize, y: usize) {
    out.extend_from_slice(b"\x1b[");
    number(out, y + 1);
    out.push(b';');
    number(out, x + 1);
    out.push(b'H');
}

fn forward(out: &mut Vec<u8>, by: usize) {
    out.extend_from_slice(b"\x1b[");
    if by > 1 {
        number(out, by);
    }
    out.push(b'C');
}

fn number(out: &mut Vec<u8>, n: usize) {
    if n >= 10 {
        number(out, n / 10);
    }
    out.push(b'0' + (n % 10) as u8);
}

/// The attributes the terminal writes with.
#[derive(Default)]
struct Brush {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Brush {
    fn put(&mut self, out: &mut Vec<u8>, cell: &Cell) {
        if (cell.fg, cell.bg, cell.modifier) != (self.fg, self.bg, self.modifier) {
            self.turn(out, cell);
        }
        out.extend_from_slice(cell.symbol().as_bytes());
    }

    /// One sequence for everything that changes. Attributes leave all together.
    fn turn(&mut self, out: &mut Vec<u8>, cell: &Cell) {
        out.extend_from_slice(b"\x1b[");
        if !cell.modifier.contains(self.modifier) {
            out.extend_from_slice(b"0;");
            *self = Self::default();
        }
        for (attribute, code) in ATTRIBUTES {
            if cell.modifier.contains(attribute) && !self.modifier.contains(attribute) {
                number(out, usize::from(code));
                out.push(b';');
            }
        }
        for (now, wanted, base) in [(self.fg, cell.fg, 30), (self.bg, cell.bg, 40)] {
            if now != wanted {
                color(out, wanted, base);
            }
        }
        // The last separator becomes the end.
        match out.last_mut() {
            Some(last) if *last == b';' => *last = b'm',
            _ => out.push(b'm'),
        }
        (self.fg, self.bg, self.modifier) = (cell.fg, cell.bg, cell.modifier);
    }

    fn clean(&mut self, out: &mut Vec<u8>) {
        if (self.fg, self.bg, self.modifier) != Default::default() {
            out.extend_from_slice(b"\x1b[0m");
        }
        *self = Self::default();
    }
}

/// The codes of a colour, each with a separator behind it; `base` is 30 for text and 40 for the ground.
fn color(out: &mut Vec<u8>, color: Color, base: usize) {
    let mut codes = |all: &[usize]| {
        for code in all {
            number(out, *code);
            out.push(b';');
        }
    };
    match color {
        Color::Rgb(r, g, b) => codes(&[base + 8, 2, r.into(), g.into(), b.into()]),
        Color::Indexed(i) => codes(&[base + 8, 5, i.into()]),
        Color::Reset => codes(&[base + 9]),
        Color::Black => codes(&[base]),
        Color::Red => codes(&[base + 1]),
        Color::Green => codes(&[base + 2]),
        Color::Yellow => codes(&[base + 3]),
        Color::Blue => codes(&[base + 4]),
        Color::Magenta => codes(&[base + 5]),
        Color::Cyan => codes(&[base + 6]),
        Color::Gray => codes(&[base + 7]),
        Color::DarkGray => codes(&[base + 60]),
        Color::LightRed => codes(&[base + 61]),
        Color::LightGreen => codes(&[base + 62]),
        Color::LightYellow => codes(&[base + 63]),
        Color::LightBlue => codes(&[base + 64]),
        Color::LightMagenta => codes(&[base + 65]),
        Color::LightCyan => codes(&[base + 66]),
        Color::White => codes(&[base + 67]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;
    use std::num::NonZeroU16;

    /// Random cells: few glyphs, so that neighbours and pictures often agree.
    fn picture(rng: &mut fastrand::Rng) -> Buffer {
        let mut buf = Buffer::empty(Rect::new(0, 0, 23, 9));
        let colors = [
            Color::Reset,
            Color::Rgb(1, 20, 255),
            Color::Indexed(99),
            Color::Red,
            Color::LightCyan,
        ];
        for cell in &mut buf.content {
            let one = |rng: &mut fastrand::Rng| colors[rng.usize(..colors.len())];
            let mut style = Style::new().fg(one(rng)).bg(one(rng));
            for (attribute, _) in ATTRIBUTES {
                if rng.u8(..4) == 0 {
                    style = style.add_modifier(attribute);
                }
            }
            cell.set_char(['a', ' ', '▀', '━'][rng.usize(..4)]).set_style(style);
        }
        buf
    }

    fn foreign(color: Color) -> vt100::Color {
        match color {
            Color::Rgb(r, g, b) => vt100::Color::Rgb(r, g, b),
            Color::Indexed(i) => vt100::Color::Idx(i),
            Color::Red => vt100::Color::Idx(1),
            Color::LightCyan => vt100::Color::Idx(14),
            _ => vt100::Color::Default,
        }
    }

    fn shows(terminal: &vt100::Parser, picture: &Buffer) {
        for (x, y) in picture.area.positions().map(|p| (p.x, p.y)) {
            let (cell, seen) = (&picture[(x, y)], terminal.screen().cell(y, x).unwrap());
            let text = Some(seen.contents()).filter(|t| !t.is_empty()).unwrap_or(" ");
            assert_eq!(text, cell.symbol(), "{x} {y}");
            assert_eq!(
                (seen.fgcolor(), seen.bgcolor()),
                (foreign(cell.fg), foreign(cell.bg)),
                "{x} {y}"
            );
            let has = |m| cell.modifier.contains(m);
            assert_eq!(
                (seen.bold(), seen.underline(), seen.inverse()),
                (has(Modifier::BOLD), has(Modifier::UNDERLINED), has(Modifier::REVERSED)),
                "{x} {y}"
            );
        }
    }

    #[test]
    fn a_terminal_shows_each_picture_after_its_difference_from_the_last() {
        let mut rng = fastrand::Rng::with_seed(7);
        let (high, wide) = (NonZeroU16::new(9).unwrap(), NonZeroU16::new(23).unwrap());
        let mut terminal = vt100::Parser::new(high, wide, 0);
        let mut before = Buffer::empty(Rect::new(0, 0, 23, 9));
        for _ in 0..40 {
            let mut next = picture(&mut rng);
            // Half of it stays.
            for (old, new) in before.content.iter().zip(&mut next.content) {
                if rng.bool() {
                    *new = old.clone();
                }
            }
            let mut bytes = Vec::new();
            difference(&mut bytes, &before, &next);
            terminal.process(&bytes);
            shows(&terminal, &next);
            before = next;
        }
    }

    #[test]
    fn what_is_equal_costs_nothing_and_a_run_of_one_colour_one_sequence() {
        let before = Buffer::empty(Rect::new(0, 0, 10, 2));
        let mut next = before.clone();
        next.set_string(2, 1, "abc", Style::new().fg(Color::Rgb(1, 2, 3)));
        next.set_string(7, 1, "d", Style::new().fg(Color::Rgb(1, 2, 3)));
        let said = |from: &Buffer, to: &Buffer| {
            let mut bytes = Vec::new();
            difference(&mut bytes, from, to);
            String::from_utf8(bytes).unwrap()
        };

        assert_eq!(said(&next, &next), "");
        assert_eq!(said(&before, &next), "\x1b[2;3H\x1b[38;2;1;2;3mabc\x1b[2Cd\x1b[0m");
    }
}
