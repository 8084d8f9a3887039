//! What the colours of the map mean; always beside it where there is room for a map.

use super::super::density::Meaning;
use super::super::pen::Pen;
use super::super::scene::Scene;
use super::super::theme::glyph;
use ratatui::style::Style;

/// The legend, right-aligned before column `end` of row 0; returns where it begins.
pub(in crate::ui) fn draw(scene: &Scene, pen: &mut Pen, meaning: &Meaning, end: u16) -> u16 {
    let theme = scene.theme();
    let dim = pen.dim();
    if theme.lettered() {
        let text = ". <.3 %  o <1.5 %  O <3 %  @ more";
        return if pen.measure(text) + 30 <= end {
            pen.right(end, 0, text, dim)
        } else {
            end
        };
    }
    let (least, most) = meaning.ends();
    let (left, right) = (pen.measure(&least), pen.measure(&most));
    // The title beside it needs 34 columns.
    let Some(cells) = [16, 8].into_iter().find(|cells| left + right + cells + 36 <= end) else {
        return end;
    };
    pen.right(end, 0, &most, dim);
    let from = end - right - 1 - cells;
    for i in 0..cells {
        let style = Style::new().fg(theme.heat(legend_value(i, cells)));
        pen.glyph(from + i, 0, glyph::FULL, style);
    }
    pen.right(from - 1, 0, &least, dim)
}

/// The value a cell of the legend stands for.
fn legend_value(i: u16, cells: u16) -> f64 {
    f64::from(i) / f64::from(cells - 1)
}

#[cfg(test)]
mod tests {
    use super::super::super::theme::heat;
    use super::*;

    #[test]
    fn the_legend_runs_from_the_first_colour_to_the_last() {
        assert_eq!(legend_value(0, 16), heat::value(heat::RARE));
        assert_eq!(legend_value(15, 16), heat::value(heat::FULL));
        assert_eq!(Meaning::Share.ends(), (".03 %".into(), "≥30 %".into()));
    }
}
