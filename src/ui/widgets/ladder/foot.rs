//! The sentences below a ladder: the last decision, then what is known of the knee or still missing.

use super::super::super::foresee::knob_value;
use super::super::super::pen::{Pen, fit};
use super::super::super::scene::Scene;
use super::super::super::theme::Ink;
use super::super::check;
use crate::model::format;
use crate::telemetry::frame::State;
use ratatui::style::Style;

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
        let checked = check::words(scene);
        let (said, style) = checked.unwrap_or_else(|| (scene.frame.control.narration.clone(), Style::new()));
        let said = pen.drawable(&said).into_owned();
        pen.lines_in(1, top, &said, width, usize::from(keep), style);
    }
    if rows > 1 {
        let text = outlook(scene, width);
        let x = pen.put(1, top + keep, &fit(&pen.drawable(&text), width), dim);
        if check::offered(scene) && x + 10 <= pen.width() {
            let end = pen.width() - 1;
            pen.spans(end - 8, top + keep, [("v", scene.theme().strong()), (" verify", dim)]);
        }
    }
}

/// The numbers a law of the school decides by: `queue 4 · R 12 ms · R min 9.8 ms`.
fn inner_terms(scene: &Scene) -> String {
    let said = scene.frame.control.terms.iter().map(|t| {
        let value = match t.unit {
            "s" => format::length(t.value),
            "%" => format::change(t.value),
            "workers" if t.value.abs() < 10.0 => format!("{:.2}", t.value),
            "workers" => format::quantity(t.value),
            _ => format!("{:.2}", t.value),
        };
        format!("{} {value}", t.name)
    });
    said.collect::<Vec<_>>().join(" · ")
}

/// What is known of the knee, or what it still takes.
fn outlook(scene: &Scene, width: usize) -> String {
    let f = scene.frame;
    let thrift = format!("Thrift {} (↑↓)", knob_value(f.setpoints.knobs.kappa, 0.02));
    if let Some(limit) = &f.control.limited_by {
        return limit.clone();
    }
    if scene.mode().school() {
        return inner_terms(scene);
    }
    let (proof, missing) = (evidence(scene), f.control.evidence.is_some_and(|e| e.have < e.need));
    let experiment = matches!(f.control.state, State::Step | State::Tune);
    match proof {
        Some(text) if experiment => format!("State: {}. {text}", f.control.state.name()),
        Some(text) if missing && !f.answered => capital(&text),
        Some(text) => {
            let known = known(scene, width, &thrift);
            let short = known.split(':').next().unwrap_or_default();
            let both = [&known, short].map(|k| format!("{k}  {text}"));
            let fits = both.into_iter().find(|b| b.chars().count() <= width);
            fits.unwrap_or(known)
        }
        None => known(scene, width, &thrift),
    }
}

/// `evidence 340 / 1,600 · 48 s`: answers the present decision rests on and needs, and the time that takes.
pub(in crate::ui) fn evidence(scene: &Scene) -> Option<String> {
    let e = scene.frame.control.evidence.filter(|e| e.need > 0.0 && e.have.is_finite())?;
    let left = if e.have < e.need && e.seconds.is_finite() {
        format!(" · {}", format::length(e.seconds.max(0.1)))
    } else {
        String::new()
    };
    let (have, need) = (format::quantity(e.have.round()), format::quantity(e.need.round()));
    Some(format!("evidence {have} / {need}{left}"))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or(String::new(), |c| c.to_uppercase().chain(letters).collect())
}

/// What is known of the knee.
fn known(scene: &Scene, width: usize, thrift: &str) -> String {
    let f = scene.frame;
    match &f.knee {
        Some(k) if width >= 60 => {
            format!(
                "Knee {}–{}–{}: fewest workers within 2 % of best. {thrift}.",
                k.lo, k.workers, k.hi
            )
        }
        Some(k) => format!("Knee {}–{}–{}: within 2 % of best", k.lo, k.workers, k.hi),
        None if scene.ready() => thrift.to_owned(),
        None => format!("State: {}. {thrift}.", f.control.state.name()),
    }
}
