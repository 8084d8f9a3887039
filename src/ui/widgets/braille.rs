//! A canvas of braille dots, two by four a cell, one colour a cell. In ASCII a cell with dots is one dot.

use super::super::pen::Pen;
use ratatui::style::Style;

/// Dots of one pane. Coordinates are dots from the top left; what lies outside is not drawn.
pub(in crate::ui) struct Canvas {
    width: u16,
    cells: Vec<(u8, Style)>,
}

impl Canvas {
    /// An empty canvas of a pane's size in cells.
    pub(in crate::ui) fn new(width: u16, height: u16) -> Self {
        let cells = vec![(0, Style::new()); usize::from(width) * usize::from(height)];
        Self { width, cells }
    }

    /// One dot; a later colour wins its cell.
    pub(in crate::ui) fn dot(&mut self, x: f64, y: f64, style: Style) {
        const BITS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
        if !(x >= 0.0 && y >= 0.0 && x < f64::from(self.width) * 2.0) {
            return;
        }
        let (x, y) = (x as usize, y as usize);
        let i = (y / 4) * usize::from(self.width) + x / 2;
        if let Some(cell) = self.cells.get_mut(i) {
            cell.0 |= BITS[x % 2][y % 4];
            cell.1 = style;
        }
    }

    /// A straight line of dots, one every `gap` dots.
    pub(in crate::ui) fn line(&mut self, from: (f64, f64), to: (f64, f64), gap: usize, style: Style) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let steps = dx.abs().max(dy.abs()).min(4_000.0);
        if !steps.is_finite() {
            return;
        }
        for i in (0..=steps as usize).step_by(gap.max(1)) {
            let t = if steps > 0.0 { i as f64 / steps } else { 0.0 };
            self.dot(from.0 + dx * t, from.1 + dy * t, style);
        }
    }

    /// Writes all cells that have dots.
    pub(in crate::ui) fn draw(&self, pen: &mut Pen) {
        let ascii = pen.theme.ascii();
        for (i, (bits, style)) in self.cells.iter().enumerate().filter(|(_, (bits, _))| *bits > 0) {
            let (x, y) = (i as u16 % self.width, i as u16 / self.width);
            let braille = char::from_u32(0x2800 + u32::from(*bits)).unwrap_or('.');
            pen.glyph(x, y, if ascii { '.' } else { braille }, *style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::theme::Theme;
    use super::*;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;

    #[test]
    fn dots_land_in_their_cell_and_nowhere_else() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 3, 2));
        let mut canvas = Canvas::new(3, 2);
        canvas.dot(0.0, 0.0, Style::new());
        canvas.dot(5.0, 7.0, Style::new());
        canvas.dot(-1.0, 3.0, Style::new());
        canvas.dot(6.0, 0.0, Style::new());
        canvas.dot(f64::NAN, 0.0, Style::new());

        canvas.draw(&mut Pen::new(&mut buf, Rect::new(0, 0, 3, 2), Theme::default()));

        let text: String = buf.content.iter().map(|c| c.symbol()).collect();
        assert_eq!(text, "⠁    ⢀");
    }
}
