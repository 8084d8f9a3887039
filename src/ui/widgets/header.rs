//! Row 1: program, state, mode, target, time, load model; on the right what may be wrong with this machine, or the target card.
//! On a narrow screen fields leave from the right, never state, target and time.

use super::super::pen::{Pen, fit};
use super::super::scene::{Scene, Size};
use super::super::theme::{Band, Chip, Ink};
use super::check;
use crate::model::arrival::Process;
use crate::model::format;
use crate::telemetry::frame::Phase;
use crate::telemetry::validity::doubts;

/// Draws into the first row of `pen`.
pub(in crate::ui) fn draw(scene: &Scene, pen: &mut Pen) {
    let theme = scene.theme();
    pen.tint(0, theme.band(Band::Edge));
    let mut x = pen.put(0, 0, &theme.chip_text(Chip::Brand, "clobber"), theme.chip(Chip::Brand));
    let state = if scene.frame.phase == Phase::Run {
        Chip::Run
    } else {
        Chip::Quiet
    };
    let word = theme.chip_text(state, scene.frame.phase.name());
    x = pen.put(x, 0, &word, theme.chip(state));
    if scene.model.frozen {
        let chip = theme.chip(Chip::Plain);
        x = pen.put(x, 0, &theme.chip_text(Chip::Plain, "FROZEN"), chip);
    }
    let mode = theme.ink(Ink::Mode).patch(theme.strong());
    x = pen.put(x + 2, 0, scene.mode().name(), mode);
    x = target_and_time(scene, pen, x + 2);
    let fits = |words: &String| x + 2 + pen.measure(words) <= pen.width();
    if let Some(words) = load(scene).into_iter().find(fits) {
        x = pen.put(x + 2, 0, &words, pen.dim());
    }
    right(scene, pen, x + 3);
}

fn target_and_time(scene: &Scene, pen: &mut Pen, x: u16) -> u16 {
    let run = &scene.frame.run;
    let time = format::clock(scene.frame.at.secs());
    let planned = run
        .duration
        .map(|d| format!(" / {}", format::clock(d.secs())))
        .unwrap_or_default();
    let left = usize::from(pen.width().saturating_sub(x)).saturating_sub(time.len() + planned.len() + 2);
    let strong = pen.theme.strong();
    let shown = fit(&pen.drawable(&run.target), left);
    let mut x = pen.put(x, 0, &shown, strong);
    x = pen.put(x + if shown.is_empty() { 0 } else { 2 }, 0, &time, strong);
    let dim = pen.dim();
    pen.put(x, 0, &planned, dim)
}

/// The load model in words, the longest first: `open 1,250/s Poisson`.
fn load(scene: &Scene) -> Vec<String> {
    let word = scene.loop_word();
    let Some((rate, process)) = scene.offered() else {
        return match scene.size {
            Size::Medium | Size::Large => vec![format!("{word} model"), word.into()],
            _ => vec![word.into()],
        };
    };
    let word = if check::running(scene) { "verify" } else { word };
    let rate = format!("{word} {}/s", format::quantity(rate));
    vec![format!("{rate} {}", titled(process)), rate]
}

/// A process with the capital of its namesake.
pub(super) fn titled(process: Process) -> &'static str {
    match process {
        Process::Poisson => "Poisson",
        Process::Pareto => "Pareto",
        other => other.name(),
    }
}

/// What there is to say of this machine and this terminal, gravest first; red where it changes the answer.
fn warnings(scene: &Scene) -> Vec<(String, Chip)> {
    let f = scene.frame;
    let mut out = Vec::new();
    if f.saturated.is_some() {
        out.push(("this machine is the limit".into(), Chip::Alarm));
    }
    if let Some((have, want)) = f.short_of {
        let text = format!("{} of {} workers", format::count(have), format::count(want));
        out.push((text, Chip::Alarm));
    }
    if f.unheard {
        out.push(("a lane is silent".into(), Chip::Alarm));
    }
    if out.is_empty() && !doubts(f).is_empty() {
        out.push(("not valid so far".into(), Chip::Alarm));
    }
    let cpu = f.cpu.max(f.health.cpu);
    if cpu >= 0.9 {
        out.push((format!("CPU {}", format::percent(cpu.min(1.0))), Chip::Quiet));
    }
    if f.cpu_wait >= 0.1 {
        let wait = format::percent(f.cpu_wait.min(1.0));
        out.push((format!("CPU shared: {wait} wait"), Chip::Quiet));
    }
    if let Some((_, length)) = f.stalls.last().filter(|(at, _)| (f.at - *at).secs() < 10.0) {
        out.push((format!("stood still {length}"), Chip::Quiet));
    }
    let model = scene.model;
    if model.missed_at.is_some_and(|at| (model.now - at).secs() < 5.0) {
        let text = format!("slow terminal: {} pictures left out", format::count(model.missed));
        out.push((text, Chip::Quiet));
    }
    out
}

fn right(scene: &Scene, pen: &mut Pen, from: u16) {
    let theme = scene.theme();
    let mut end = pen.width().saturating_sub(1);
    for (warning, chip) in warnings(scene) {
        let text = format!(" ! {warning} ");
        let wide = pen.measure(&text);
        if from + wide > end {
            continue;
        }
        end = pen.right(end, 0, &text, theme.chip(chip)).saturating_sub(1);
    }
    let room = usize::from(end.saturating_sub(from));
    let mut card = String::new();
    for part in &scene.frame.run.detection.card {
        let part = pen.drawable(part);
        let longer = if card.is_empty() {
            part.into_owned()
        } else {
            format!("{card} · {part}")
        };
        if pen.measure(&longer) as usize > room {
            break;
        }
        card = longer;
    }
    let dim = pen.dim();
    pen.right(end, 0, &card, dim);
}
