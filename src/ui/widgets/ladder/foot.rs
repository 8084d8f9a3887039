//! The sentences below a ladder: the last decision, then what is known of the knee or still missing.

use super::super::super::foresee::knob_value;
use super::super::super::pen::{Pen, fit};
use super::super::super::scene::Scene;
use super::super::super::theme::Ink;
use crate::model::format;

/// Rows kept for the sentences, whether there is something to say or not: nothing jumps.
pub(super) fn height(height: u16, wide: bool) -> u16 {
    match height {
        0..6 => 0,
        6..9 => 1,
        9..14 => 3,
        _ if wide => 4,
        _ => 3,
    }
}

/// Draws the sentences into the last rows of `pen`.
pub(super) fn draw(scene: &Scene, pen: &mut Pen, rows: u16) {
    if rows == 0 {
        return;
    }
    let (dim, top) = (pen.dim(), pen.height() - rows);
    let width = usize::from(pen.width().saturating_sub(2));
    let keep = rows.saturating_sub(1).clamp(1, 2);
    if let Some(manual) = scene.override_words() {
        let mode = scene.theme().ink(Ink::Mode).patch(scene.theme().strong());
        pen.put(1, top, &manual, mode);
        if keep > 1 {
            pen.spans(1, top + 1, [("a", scene.theme().strong()), (" gives control back", dim)]);
        }
    } else {
        let said = pen.drawable(&scene.frame.control.narration).into_owned();
        pen.lines(1, top, &said, width, usize::from(keep));
    }
    if rows > 1 {
        let text = outlook(scene, width);
        pen.put(1, top + keep, &fit(&pen.drawable(&text), width), dim);
    }
}

/// What is known of the knee, or what it still takes.
fn outlook(scene: &Scene, width: usize) -> String {
    let f = scene.frame;
    let thrift = format!("Thrift {} (↑↓)", knob_value(f.setpoints.knobs.kappa, 0.02));
    if let Some(limit) = &f.control.limited_by {
        return limit.clone();
    }
    let evidence = f.control.evidence.filter(|e| e.need > 0.0 && !f.answered);
    if let Some(e) = evidence {
        let left = if e.seconds.is_finite() {
            format!(", {}", format::length(e.seconds.max(0.1)))
        } else {
            String::new()
        };
        return format!(
            "Evidence {} of {} answers{left}",
            format::quantity(e.have.round()),
            format::quantity(e.need.round())
        );
    }
    match &f.knee {
        Some(k) if width >= 60 => {
            format!(
                "Knee {}–{}–{}: fewest workers within 2 % of best. {thrift}.",
                k.lo, k.workers, k.hi
            )
        }
        Some(k) => format!("Knee {}–{}–{}: within 2 % of best", k.lo, k.workers, k.hi),
        None if scene.ready() => thrift,
        None => format!("State: {}. {thrift}.", f.control.state.name()),
    }
}
