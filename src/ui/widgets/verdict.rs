//! Row 2: the verdict, the same words as the summary, from the first second; advice on the right where there is room.

use super::super::pen::Pen;
use super::super::scene::Scene;
use super::super::theme::{Band, Chip};

/// Draws into the first row of `pen`.
pub(in crate::ui) fn draw(scene: &Scene, pen: &mut Pen) {
    let theme = scene.theme();
    let band = theme.band(Band::Raised);
    pen.tint(0, band);
    let code = scene.verdict.code;
    let chip = if code.alarming() { Chip::Alarm } else { Chip::Plain };
    let (word, sentence) = scene.verdict.words();
    let x = pen.put(0, 0, &theme.chip_text(chip, word), theme.chip(chip));
    let x = pen.sentence(x + 1, 0, sentence, band);
    let Some(advice) = scene.advice else { return };
    let text = &advice.text;
    let end = pen.width().saturating_sub(1);
    if x + 4 + pen.measure(text) <= end {
        let start = end - pen.measure(text);
        pen.sentence(start, 0, text, band);
    }
}
