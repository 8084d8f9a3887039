//! A strip of bars over time: throughput, workers or queue. One dimmed colour, a bright label at the end.
//! Errors are drawn in red on top; what was asked for is a line over the data at one column in four.

mod bars;

use super::super::pen::Pen;
use super::super::scale::ceiling;
use super::super::scene::Scene;
use super::super::state::Pane;
use super::super::theme::{Ink, glyph};
use super::super::timeline::{Slot, Timeline};
use super::gutter::{LEFT, Label, labels};
use crate::model::format;
use crate::model::setpoints::ProcessVariable;
use bars::{asked_mark, bar, scale_labels};
use ratatui::style::Style;

/// What one strip shows.
pub(in crate::ui) struct Strip {
    /// Its pane.
    pub(in crate::ui) pane: Pane,
    /// In the title.
    pub(in crate::ui) name: &'static str,
    /// Two words at most, for the small screen.
    pub(in crate::ui) short: &'static str,
    /// In the title.
    pub(in crate::ui) words: &'static str,
    fill: Ink,
    ink: Option<Ink>,
}

/// The strip of a pane.
pub(in crate::ui) fn of(scene: &Scene, pane: Pane) -> Strip {
    let queue = if scene.open() {
        "due and not yet sent"
    } else {
        "at the target, estimated: N − X·R idle"
    };
    let (name, short, words, fill, ink) = match pane {
        Pane::Workers => (
            "WORKERS",
            "workers",
            "requests in flight, one connection each",
            Ink::WorkersFill,
            None,
        ),
        Pane::Queue => ("QUEUE", "queue", queue, Ink::QueueFill, Some(Ink::Queue)),
        _ if scene.open() => (
            "THROUGHPUT",
            "good/s",
            "good answers per second; a line where more was offered",
            Ink::RateFill,
            Some(Ink::Rate),
        ),
        _ => (
            "THROUGHPUT",
            "good/s",
            "good answers per second",
            Ink::RateFill,
            Some(Ink::Rate),
        ),
    };
    Strip {
        pane,
        name,
        short,
        words,
        fill,
        ink,
    }
}

impl Strip {
    fn value(&self, slot: &Slot) -> f64 {
        match self.pane {
            Pane::Workers => slot.workers,
            Pane::Queue => slot.queue,
            _ => slot.per_second(slot.ok),
        }
    }

    fn errors(&self, slot: &Slot) -> f64 {
        if self.pane == Pane::Throughput {
            slot.per_second(slot.errors)
        } else {
            0.0
        }
    }

    /// What was asked for in a slot: the target, or the arrivals offered.
    fn asked(&self, scene: &Scene, slot: &Slot) -> Option<f64> {
        let offered = Some(slot.per_second(slot.offered)).filter(|_| scene.open());
        match self.pane {
            Pane::Throughput => scene.target(|v| v == ProcessVariable::Rps).and(slot.setpoint).or(offered),
            Pane::Queue => scene.target(|v| v == ProcessVariable::Queue).and(slot.setpoint),
            _ => None,
        }
    }

    fn now(&self, scene: &Scene) -> (f64, String) {
        let f = scene.frame;
        match self.pane {
            Pane::Workers => (f.last.busy, format::quantity(f.last.busy.round())),
            Pane::Queue => {
                let about = if scene.open() { "" } else { "≈" };
                (f.queue.now, format!("{about}{}", format::quantity(f.queue.now.round())))
            }
            _ => (f.last.good_rate, format!("{}/s", format::quantity(f.last.good_rate))),
        }
    }
}

/// Draws bars, ceiling and labels into all rows of `pen`; `short` puts the name beside the bars.
pub(in crate::ui) fn draw(scene: &Scene, pen: &mut Pen, strip: &Strip, timeline: &Timeline, short: bool) {
    let faint = scene.theme().ink(Ink::Faint);
    let height = pen.height();
    let slots = || timeline.slots.iter().flatten();
    let data = slots().map(|s| (strip.value(s) + strip.errors(s)).max(strip.asked(scene, s).unwrap_or(0.0)));
    let top = ceiling(
        data.fold(0.0, f64::max) * 1.02,
        if strip.pane == Pane::Queue { 4.0 } else { 1.0 },
    );
    for y in 0..height {
        pen.glyph(LEFT - 1, y, glyph::AXIS, faint);
    }
    if short || !timeline.slots.is_empty() {
        scale_labels(pen, strip, top, short);
    }
    for (i, slot) in timeline.slots.iter().enumerate() {
        let Some(slot) = slot.as_ref().filter(|s| !s.paused) else {
            continue;
        };
        let x = LEFT + i as u16;
        bar(scene, pen, x, strip, strip.value(slot) / top, strip.errors(slot) / top);
        if let Some(asked) = strip.asked(scene, slot).filter(|_| i.is_multiple_of(4)) {
            asked_mark(scene, pen, x, asked / top);
        }
    }
    if timeline.slots.is_empty() || scene.frame.last.span <= 0.0 {
        return;
    }
    end_labels(scene, pen, strip, timeline, top);
}

fn end_labels(scene: &Scene, pen: &mut Pen, strip: &Strip, timeline: &Timeline, top: f64) {
    let theme = scene.theme();
    let (value, text) = strip.now(scene);
    let row = |v: f64| ((1.0 - v / top) * f64::from(pen.height())).max(0.0);
    let ink = strip.ink.map_or(Style::new(), |i| theme.ink(i));
    let mut all = vec![Label {
        row: row(value),
        text,
        style: ink.patch(theme.strong()),
    }];
    let newest = timeline.slots.iter().rev().flatten().next();
    if let Some(asked) = newest.and_then(|s| strip.asked(scene, s)).filter(|a| *a > 0.0) {
        let word = if scene.open() { "offered" } else { "asked" };
        all.push(Label {
            row: row(asked),
            text: format!("{} {word}", format::quantity(asked)),
            style: theme.ink(Ink::Target),
        });
    }
    labels(pen, LEFT + timeline.slots.len() as u16, all);
}
