//! Labels at the edge of the data: they point at a row, and move apart where they would overlap.

use super::super::pen::Pen;
use super::super::theme::glyph;
use ratatui::style::Style;

/// Columns left of the data: labels and the axis.
pub(in crate::ui) const LEFT: u16 = 8;
/// Columns kept free right of the data.
pub(in crate::ui) const RIGHT: u16 = 13;

/// One label.
#[derive(Clone, Debug)]
pub(in crate::ui) struct Label {
    /// The row it speaks of; may lie outside.
    pub(in crate::ui) row: f64,
    /// Without the pointer.
    pub(in crate::ui) text: String,
    /// Its colour.
    pub(in crate::ui) style: Style,
}

/// Writes the labels from column `x`, apart from each other; returns the rows taken.
pub(in crate::ui) fn labels(pen: &mut Pen, x: u16, mut labels: Vec<Label>) -> Vec<u16> {
    labels.retain(|l| l.row.is_finite());
    labels.sort_by(|a, b| a.row.total_cmp(&b.row));
    let rows = apart(&labels.iter().map(|l| l.row).collect::<Vec<_>>(), pen.height());
    for (label, row) in labels.iter().zip(&rows) {
        let at = x;
        pen.glyph(at, *row, glyph::POINTER, label.style);
        pen.put(at + 1, *row, &format!("{} ", label.text), label.style);
    }
    rows
}

/// Rows for rising wishes: each its own, downwards first, then up from the bottom.
fn apart(wishes: &[f64], height: u16) -> Vec<u16> {
    let mut rows: Vec<i32> = Vec::new();
    for wish in wishes {
        let wish = wish.floor().clamp(0.0, f64::from(height.max(1)) - 1.0) as i32;
        rows.push(rows.last().map_or(wish, |last| wish.max(last + 1)));
    }
    let mut below = i32::from(height);
    for row in rows.iter_mut().rev() {
        *row = (*row).min(below - 1);
        below = *row;
    }
    rows.into_iter().filter(|r| *r >= 0).map(|r| r as u16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_never_share_a_row_and_never_leave_the_pane() {
        assert_eq!(apart(&[3.2, 3.4, 3.9], 10), [3, 4, 5]);
        assert_eq!(apart(&[8.0, 9.0, 9.5], 10), [7, 8, 9]);
        assert_eq!(apart(&[-4.0, 99.0], 10), [0, 9]);
        assert!(apart(&[1.0, 2.0, 3.0], 0).is_empty());
    }
}
