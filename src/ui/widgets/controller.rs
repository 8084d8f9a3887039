//! `hold`: what is kept, how far off it is, P, I, D and their sum per step, workers and gains.

use super::super::foresee::{knob_value, target_value};
use super::super::pen::Pen;
use super::super::scene::Scene;
use super::super::state::Pane;
use super::super::theme::{Ink, glyph};
use super::frame::{Title, boxed};
use super::ladder::foot::evidence;
use super::manual;
use crate::model::format;
use crate::model::setpoints::{Mode, Setpoint};
use crate::telemetry::frame::Term;
use ratatui::style::Style;

/// Draws the pane.
pub(in crate::ui) fn draw(scene: &Scene, pen: &mut Pen) {
    let heading = Title {
        pane: Pane::Law,
        name: "CONTROLLER",
        words: format!("{}, {} model", scene.mode().name(), scene.loop_word()),
    };
    let mut inner = boxed(scene, pen, &heading);
    if scene.mode() == Mode::Manual {
        manual::draw(scene, &mut inner);
        return;
    }
    let height = inner.height();
    let spaced = height >= 13;
    target(scene, &mut inner, spaced);
    let terms = &scene.frame.control.terms;
    let top = 2 + u16::from(spaced);
    let after = top + bars(scene, &mut inner, top, terms);
    said(scene, &mut inner, after, spaced);
}

/// `hold p99 at 25 ms   now 26 ms` and `off target +4 %`.
fn target(scene: &Scene, pen: &mut Pen, spaced: bool) {
    let theme = scene.theme();
    let (dim, strong) = (pen.dim(), theme.strong());
    let control = &scene.frame.control;
    let Some(target) = scene.frame.setpoints.target else {
        pen.put(1, 0, "no target yet: it holds what it sees in a moment", dim);
        return;
    };
    let now = control
        .measured
        .map_or_else(|| format::MISSING.into(), |value| target_value(&Setpoint { value, ..target }));
    let (name, value) = (target.variable.name(), target_value(&target));
    let green = theme.ink(Ink::Target).patch(strong);
    let blue = theme.ink(Ink::Rate).patch(strong);
    pen.spans(
        1,
        0,
        [
            ("hold ", dim),
            (name, strong),
            (" at ", dim),
            (&value, green),
            ("   now ", dim),
            (&now, blue),
        ],
    );
    let off = control.off_target.map_or_else(|| format::MISSING.into(), signed);
    let tight = !spaced && control.evidence.is_some();
    let label = if tight { "off " } else { "off target " };
    let x = pen.spans(1, 1, [(label, dim), (&off, strong)]);
    if let Some(manual) = scene.override_words() {
        let chip = theme.ink(Ink::Mode).patch(strong);
        pen.put(x + 3, 1, &manual, chip);
    } else if let Some(proof) = evidence(scene) {
        let (x, y) = if spaced { (1, 2) } else { (x + 2, 1) };
        let whole = pen.measure(&proof) + x <= pen.width();
        let counts = proof.split(" · ").next().unwrap_or_default();
        pen.put(x, y, if whole { &proof } else { counts }, dim);
    }
}

/// `+7.9 %`, `−2.5 %`, `0 %`.
pub(super) fn signed(fraction: f64) -> String {
    if !fraction.is_finite() {
        return format::MISSING.into();
    }
    let size = format::percent(fraction.abs());
    match fraction {
        f if f.abs() < 5e-4 => "0 %".into(),
        f if f < 0.0 => format!("−{size}"),
        _ => format!("+{size}"),
    }
}

/// Signed bars around a centre line; the scale is fixed at ±20 % so that a spike cannot squash the rest.
fn bars(scene: &Scene, pen: &mut Pen, top: u16, terms: &[Term]) -> u16 {
    let theme = scene.theme();
    let (faint, dim) = (theme.ink(Ink::Faint), pen.dim());
    let right = pen.width().saturating_sub(1);
    let (from, to) = (4u16, right.saturating_sub(10));
    if to < from + 7 {
        return 0;
    }
    let half = (to - from) / 2;
    let middle = from + half;
    for (i, term) in terms.iter().take(4).enumerate() {
        let y = top + i as u16;
        let style = [Ink::Rate, Ink::Target, Ink::Queue]
            .get(i)
            .map_or(theme.strong(), |k| theme.ink(*k));
        pen.put(1, y, term.name, style.patch(theme.strong()));
        pen.rule(from, middle + half + 1, y, glyph::GRID, faint);
        bar(pen, y, middle, half, term.value, style);
        pen.glyph(middle, y, glyph::AXIS, dim);
        let off = term.name == "D" && scene.frame.setpoints.gains.kd == 0.0;
        let text = if off { "off".into() } else { signed(term.value) };
        pen.right(right, y, &text, style);
    }
    let y = top + terms.len().min(4) as u16;
    pen.put(from, y, "−20", dim);
    pen.put(middle, y, "0", dim);
    pen.right(middle + half + 1, y, "+20", dim);
    pen.right(right, y, "% a step", dim);
    terms.len().min(4) as u16 + 1
}

fn bar(pen: &mut Pen, y: u16, middle: u16, half: u16, value: f64, style: Style) {
    if !value.is_finite() {
        return;
    }
    let cells = ((value.abs() / 0.20).min(1.0) * f64::from(half)).round() as u16;
    let cells = if value.abs() > 1e-3 { cells.max(1) } else { cells };
    for k in 1..=cells {
        let x = if value < 0.0 { middle - k } else { middle + k };
        pen.glyph(x, y, glyph::LOWER, style);
    }
}

/// Workers, gains and the last decision, below the bars.
fn said(scene: &Scene, pen: &mut Pen, mut y: u16, spaced: bool) {
    let (dim, strong) = (pen.dim(), pen.theme.strong());
    let (set, control) = (&scene.frame.setpoints, &scene.frame.control);
    y += u16::from(spaced);
    let before = control.workers / (1.0 + control.last_move.max(-0.99));
    let digits = |w: f64| if w < 99.95 { format!("{w:.1}") } else { format!("{w:.0}") };
    let moved = format!("{} → {}", digits(before), digits(control.workers));
    let bounds = format!("   within {}…{}", set.bounds.min, set.bounds.max);
    pen.spans(1, y, [("workers ", dim), (&moved, strong), (&bounds, dim)]);
    let gains = format!(
        "gains Kp {}  Ki {}  Kd {}  b {}",
        knob_value(set.gains.kp, 0.05),
        knob_value(set.gains.ki, 0.05),
        if set.gains.kd == 0.0 {
            "0".into()
        } else {
            knob_value(set.gains.kd, 0.05)
        },
        knob_value(set.knobs.b, 0.1)
    );
    let x = pen.put(1, y + 1, &gains, dim);
    pen.spans(x + 2, y + 1, [("g", strong), (" knobs", dim)]);
    let width = usize::from(pen.width().saturating_sub(2));
    let sentence = control.limited_by.as_ref().unwrap_or(&control.narration);
    let text = pen.drawable(sentence).into_owned();
    pen.lines(1, y + 2 + u16::from(spaced), &text, width, 2);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_always_written() {
        assert_eq!([0.079, -0.025, 0.0, f64::NAN].map(signed), ["+7.9 %", "−2.5 %", "0 %", "—"]);
    }
}
