//! The law in one line, for the small screen.

use super::super::backlog::{self, Fate};
use super::super::foresee::target_value;
use super::super::pen::{Pen, fit};
use super::super::scene::Scene;
use super::controller::signed;
use super::ladder::foot::evidence;
use super::{check, promise};
use crate::model::format;
use crate::model::setpoints::{Mode, Setpoint};
use crate::telemetry::frame::State;
use ratatui::style::Style;

/// Draws into the first row of `pen`.
pub(in crate::ui) fn draw(scene: &Scene, pen: &mut Pen) {
    let (control, set) = (&scene.frame.control, &scene.frame.setpoints);
    let width = usize::from(pen.width().saturating_sub(2));
    let text = match (scene.override_words(), set.mode) {
        _ if matches!(control.state, State::Step | State::Tune) => format!("{}   {}", control.state.name(), control.narration),
        (Some(manual), _) => format!("{manual}   a gives control back"),
        (None, Mode::Slo) => promise::line(scene),
        (None, Mode::Manual) if scene.open() => open_line(scene),
        (None, Mode::Manual) => format!("manual {} workers", set.asked.unwrap_or(0)),
        (None, Mode::Hold) => hold_line(scene),
        (None, Mode::Max) if scene.frame.check.is_some() => check::words(scene).map(|w| w.0).unwrap_or_default(),
        (None, Mode::Max) if check::offered(scene) => {
            let knee = scene
                .frame
                .knee
                .as_ref()
                .map_or_else(String::new, |k| format!("knee {}–{}–{}", k.lo, k.workers, k.hi));
            format!("{knee}   v: try 75 % of it as open traffic")
        }
        (None, mode) if mode.school() => format!("{}   {}", mode.name(), control.narration),
        (None, _) => match &scene.frame.knee {
            Some(k) => format!("knee {}–{}–{}   {}", k.lo, k.workers, k.hi, control.narration),
            None if control.narration.is_empty() => control.state.name().into(),
            None => control.narration.clone(),
        },
    };
    let proof = evidence(scene).unwrap_or_default();
    let room = width.saturating_sub(if proof.is_empty() { 0 } else { proof.chars().count() + 2 });
    let text = fit(&pen.drawable(&text), room);
    let (dim, end) = (pen.dim(), pen.width().saturating_sub(1));
    pen.right(end, 0, &proof, dim);
    pen.sentence(1, 0, &text, Style::new());
}

/// `full: drop   waiting 12,340 of 65,536, growing +50/s`.
fn open_line(scene: &Scene) -> String {
    let (f, fate) = (scene.frame, backlog::fate(scene.frame));
    let shed = match backlog::shed(f) {
        Some((share, rate)) if share > 0.0 => format!("   shed {}/s", format::quantity(rate)),
        _ => String::new(),
    };
    let (now, policy) = (format::quantity(f.queue.now.round()), f.setpoints.overflow.name());
    if matches!(fate, Fate::Empty | Fate::Gone(..)) {
        return format!("{}{shed}   full: {policy} (o)", fate.words());
    }
    let oldest = if f.queue.oldest > 0.0 {
        format!(", oldest {}", format::length(f.queue.oldest))
    } else {
        String::new()
    };
    format!("waiting {now}{oldest}, {}{shed}   full: {policy} (o)", fate.words())
}

fn hold_line(scene: &Scene) -> String {
    let control = &scene.frame.control;
    let Some(target) = scene.frame.setpoints.target else {
        return "hold: no target yet, it holds what it sees in a moment".into();
    };
    let now = control
        .measured
        .map_or_else(|| format::MISSING.into(), |value| target_value(&Setpoint { value, ..target }));
    let off = control.off_target.map_or_else(|| format::MISSING.into(), signed);
    let terms: Vec<String> = control
        .terms
        .iter()
        // Beside the evidence there is room for the sum alone.
        .filter(|t| control.evidence.is_none() || t.name == "Σ")
        .map(|t| format!("{} {}", t.name, signed(t.value)))
        .collect();
    format!(
        "hold {} {}  now {now}  off {off}  {}",
        target.variable.name(),
        target_value(&target),
        terms.join("  ")
    )
}
