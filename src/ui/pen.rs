//! Writes into one pane and nowhere else: everything outside its area is cut off.
//! It refuses wide glyphs, and in ASCII mode all but ASCII.

use super::theme::{Band, Ink, Theme, glyph};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use std::borrow::Cow;

/// A bounded pen. Coordinates are relative to its area.
pub(super) struct Pen<'a> {
    buf: &'a mut Buffer,
    area: Rect,
    /// Colours and glyphs.
    pub(super) theme: Theme,
}

impl<'a> Pen<'a> {
    /// A pen for the part of `area` that exists.
    pub(super) fn new(buf: &'a mut Buffer, area: Rect, theme: Theme) -> Self {
        let area = area.intersection(buf.area);
        Self { buf, area, theme }
    }

    /// A pen for a part of this pane.
    pub(super) fn part(&mut self, x: u16, y: u16, width: u16, height: u16) -> Pen<'_> {
        let part = Rect {
            x: self.area.x.saturating_add(x),
            y: self.area.y.saturating_add(y),
            width,
            height,
        };
        let area = part.intersection(self.area);
        let area = if area.width == 0 || area.height == 0 {
            Rect::ZERO
        } else {
            area
        };
        Pen {
            buf: self.buf,
            area,
            theme: self.theme,
        }
    }

    /// Columns.
    pub(super) fn width(&self) -> u16 {
        self.area.width
    }

    /// Rows.
    pub(super) fn height(&self) -> u16 {
        self.area.height
    }

    /// The text as it will be drawn.
    pub(super) fn drawable<'t>(&self, text: &'t str) -> Cow<'t, str> {
        glyph::drawable(text, self.theme.ascii())
    }

    /// Columns the text will take.
    pub(super) fn measure(&self, text: &str) -> u16 {
        u16::try_from(self.drawable(text).chars().count()).unwrap_or(u16::MAX)
    }

    /// Writes to the right, cut at the pane's edge; returns the column behind the text.
    pub(super) fn put(&mut self, x: u16, y: u16, text: &str, style: Style) -> u16 {
        let ascii = self.theme.ascii();
        let mut at = x;
        for c in glyph::drawable(text, ascii).chars() {
            self.cell(at, y, c, style);
            at = at.saturating_add(1);
        }
        at
    }

    /// Writes so that the text ends before column `end`; what does not fit on the left is not drawn.
    pub(super) fn right(&mut self, end: u16, y: u16, text: &str, style: Style) -> u16 {
        let text = self.drawable(text).into_owned();
        let n = text.chars().count() as u16;
        let skip = n.saturating_sub(end);
        let rest: String = text.chars().skip(usize::from(skip)).collect();
        self.put(end.saturating_sub(n), y, &rest, style);
        end.saturating_sub(n)
    }

    /// Writes several pieces one behind the other.
    pub(super) fn spans<'t>(&mut self, x: u16, y: u16, spans: impl IntoIterator<Item = (&'t str, Style)>) -> u16 {
        spans.into_iter().fold(x, |at, (text, style)| self.put(at, y, text, style))
    }

    /// One glyph.
    pub(super) fn glyph(&mut self, x: u16, y: u16, c: char, style: Style) {
        let c = glyph::one(c, self.theme.ascii());
        self.cell(x, y, c, style);
    }

    /// What stands there; a space outside.
    pub(super) fn at(&self, x: u16, y: u16) -> char {
        if x >= self.area.width || y >= self.area.height {
            return ' ';
        }
        let cell = self.buf.cell((self.area.x + x, self.area.y + y));
        cell.and_then(|c| c.symbol().chars().next()).unwrap_or(' ')
    }

    fn cell(&mut self, x: u16, y: u16, c: char, style: Style) {
        if x >= self.area.width || y >= self.area.height {
            return;
        }
        if let Some(cell) = self.buf.cell_mut((self.area.x + x, self.area.y + y)) {
            if cell.symbol() != " " {
                // What is written over leaves nothing behind but the row's tint.
                let tinted = cell.bg != Color::Reset;
                cell.fg = if tinted {
                    self.theme.band(Band::Edge).fg.unwrap_or_default()
                } else {
                    Color::Reset
                };
                cell.modifier &= Modifier::REVERSED;
            }
            cell.set_char(c).set_style(style);
        }
    }

    /// Tints a row without touching its text.
    pub(super) fn tint(&mut self, y: u16, style: Style) {
        self.buf.set_style(self.row(y), style);
    }

    /// Empties the pane.
    pub(super) fn clear(&mut self) {
        for position in self.area.positions() {
            if let Some(cell) = self.buf.cell_mut(position) {
                cell.reset();
            }
        }
    }

    fn row(&self, y: u16) -> Rect {
        if y >= self.area.height {
            return Rect::ZERO;
        }
        Rect {
            y: self.area.y + y,
            height: 1,
            ..self.area
        }
    }

    /// Repeats a glyph over `[from, to)`.
    pub(super) fn rule(&mut self, from: u16, to: u16, y: u16, c: char, style: Style) {
        for x in from..to.min(self.area.width) {
            self.glyph(x, y, c, style);
        }
    }

    /// A sentence with its figures in bold, cut at a word; returns the column behind it.
    pub(super) fn sentence(&mut self, x: u16, y: u16, text: &str, style: Style) -> u16 {
        let text = fit(&self.drawable(text), usize::from(self.width().saturating_sub(x)));
        let mut at = x;
        for (i, word) in text.split(' ').enumerate() {
            let figure = word.starts_with(|c: char| c.is_ascii_digit());
            let style = if figure { style.patch(self.theme.strong()) } else { style };
            at = self.put(if i > 0 { at.saturating_add(1) } else { at }, y, word, style);
        }
        at
    }

    /// Text in at most `most` lines of `width`, the last one ending in `…` where something is missing.
    pub(super) fn lines(&mut self, x: u16, y: u16, text: &str, width: usize, most: usize) {
        self.lines_in(x, y, text, width, most, Style::new());
    }

    /// The same in a style.
    pub(super) fn lines_in(&mut self, x: u16, y: u16, text: &str, width: usize, most: usize, style: Style) {
        let lines = wrap(text, width);
        for (i, line) in lines.iter().take(most).enumerate() {
            let rest = if i + 1 == most && lines.len() > most {
                fit(&lines[i..].join(" "), width)
            } else {
                line.clone()
            };
            self.put(x, y.saturating_add(i as u16), &rest, style);
        }
    }

    /// Small explanations.
    pub(super) fn dim(&self) -> Style {
        self.theme.ink(Ink::Dim)
    }
}

/// At most `width` characters: whole words, and `…` where something is missing.
pub(super) fn fit(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    if width < 2 {
        return String::new();
    }
    let cut: String = text.chars().take(width - 1).collect();
    let next_is_space = text.chars().nth(width - 1) == Some(' ');
    let whole = match cut.rfind(' ') {
        Some(space) if !next_is_space && space > 0 && cut.len() - space < 16 => &cut[..space],
        _ => cut.as_str(),
    };
    format!("{}…", whole.trim_end_matches([' ', ',', ':', '·']))
}

/// The text in lines of at most `width` characters, broken at spaces; a longer word is cut.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    if width == 0 {
        return lines;
    }
    for word in text.split_whitespace() {
        let n = word.chars().count();
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + n <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(fit(word, width)),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_crosses_its_pane() {
        let mut buf = Buffer::filled(Rect::new(0, 0, 12, 3), ratatui::buffer::Cell::new("x"));
        let mut pen = Pen::new(&mut buf, Rect::new(2, 1, 6, 1), Theme::default());

        pen.put(3, 0, "abcdefghij", Style::new());
        pen.put(0, 1, "below", Style::new());
        pen.right(2, 0, "12345", Style::new());

        let rows: Vec<String> = (0..3)
            .map(|y| (0..12).map(|x| buf[(x, y)].symbol().to_owned()).collect())
            .collect();
        assert_eq!(rows, ["xxxxxxxxxxxx", "xx45xabcxxxx", "xxxxxxxxxxxx"]);
    }

    #[test]
    fn sentences_end_at_a_word() {
        assert_eq!(fit("more workers only add latency", 15), "more workers…");
        assert_eq!(fit("short", 5), "short");
        assert_eq!(fit("abc", 0), "");
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
    }
}
