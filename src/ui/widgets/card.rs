//! What stands over the empty map before and between answers: connecting, the one question, or nothing answered for a while.

use super::super::pen::{Pen, fit, wrap};
use super::super::scene::Scene;
use super::super::theme::Ink;
use super::frame::outline;
use crate::model::format;
use crate::telemetry::frame::Phase;
use ratatui::style::Style;

/// Lines with their styles; the box is as large as they need.
type Lines = Vec<(String, Style)>;

/// Before the first answer: draws the card into the middle of `pen`.
pub(in crate::ui) fn draw(scene: &Scene, pen: &mut Pen) {
    let lines = ready(scene, pen);
    if pen.width() < 12 || pen.height() == 0 {
        return;
    }
    let widest = lines.iter().map(|(l, _)| pen.measure(l)).max().unwrap_or(0);
    let boxed = scene.frame.asking && pen.height() as usize >= lines.len() + 2;
    let edge = u16::from(boxed);
    let (w, h) = (
        (widest + 2 + 2 * edge).min(pen.width()),
        (lines.len() as u16 + 2 * edge).min(pen.height()),
    );
    let (x, y) = ((pen.width() - w) / 2, (pen.height() - h) / 2);
    let mut card = pen.part(x, y, w, h);
    card.clear();
    if boxed {
        let faint = card.dim();
        outline(&mut card, faint);
    }
    for (i, (text, style)) in lines.iter().enumerate() {
        card.put(1 + edge, i as u16 + edge, text, *style);
    }
}

/// Connecting, or the target card with its question.
fn ready(scene: &Scene, pen: &Pen) -> Lines {
    let theme = scene.theme();
    let room = usize::from(pen.width().saturating_sub(6)).min(72);
    let mut lines: Lines = Vec::new();
    let card = scene.frame.run.detection.card.join(" · ");
    let dim = theme.ink(Ink::Dim);
    if scene.frame.asking {
        lines.push((scene.frame.run.target.clone(), theme.strong()));
        lines.extend(wrap(&pen.drawable(&card), room).into_iter().map(|l| (l, dim)));
        lines.push((String::new(), dim));
    }
    let words = match &scene.frame.question {
        Some(question) => question.clone(),
        None => format!("connecting to {}", scene.frame.run.target),
    };
    let style = if scene.errors() > 0 {
        theme.ink(Ink::Alarm)
    } else {
        Style::new()
    };
    lines.extend(wrap(&pen.drawable(&words), room).into_iter().map(|l| (l, style)));
    if scene.frame.asking {
        lines.push((String::new(), dim));
        lines.push(("Enter  yes, load it     q  quit".into(), theme.strong()));
    }
    lines
}

/// A pause, or a silence while requests are in flight: one line in the first row of `pen`.
pub(in crate::ui) fn waiting(scene: &Scene, pen: &mut Pen) {
    let theme = scene.theme();
    let (f, g) = (scene.frame, &scene.frame.gauges);
    let silent = f.phase == Phase::Run && f.last.span > 0.0 && f.last.rate <= 0.0 && g.in_flight > 0;
    let (text, style) = if f.phase == Phase::Paused {
        let why = f.control.limited_by.clone().unwrap_or_else(|| "paused".into());
        (format!("{why}: space resumes"), theme.strong())
    } else if silent {
        let span = format::length(f.last.span.round()).replace(".0 ", " ");
        let flying = format::count(g.in_flight);
        let text = format!(
            "nothing completed in the last {span}: {flying} in flight, oldest {}",
            g.oldest
        );
        (text, theme.ink(Ink::Alarm).patch(theme.strong()))
    } else {
        return;
    };
    let text = fit(&pen.drawable(&text), usize::from(pen.width().saturating_sub(2)));
    pen.clear();
    pen.put(0, 0, &text, style);
}
