//! A strip of bars over time: throughput, workers or queue. One dimmed colour, a bright label at the end.
//! Errors are drawn in red on top; what was asked for is a line over the data at one column in four.

mod bars;

use super::super::backlog::{self, Fate};
use super::super::pen::Pen;
use super::super::scale::ceiling;
use super::super::scene::Scene;
use super::super::state::Pane;
use super::super::theme::{Ink, glyph};
use super::super::timeline::{Slot, Timeline};
use super::gutter::{LEFT, Label, labels};
use crate::model::format;
use crate::model::promise::Promise;
use crate::model::setpoints::ProcessVariable;
use crate::telemetry::grid::Grid;
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
    pub(in crate::ui) words: String,
    fill: Ink,
    ink: Option<Ink>,
    /// The promise whose misses it shows, in place of workers.
    promise: Option<Promise>,
}

/// The strip of a pane.
pub(in crate::ui) fn of(scene: &Scene, pane: Pane) -> Strip {
    let promise = scene.promise().filter(|_| pane == Pane::Workers);
    let (name, short, fill, ink) = match pane {
        Pane::Workers if promise.is_some() => ("TOO LATE", "late", Ink::WorkersFill, None),
        Pane::Workers if scene.open() => ("IN FLIGHT", "flight", Ink::WorkersFill, None),
        Pane::Workers => ("WORKERS", "workers", Ink::WorkersFill, None),
        Pane::Queue => ("QUEUE", "queue", Ink::QueueFill, Some(Ink::Queue)),
        _ => ("THROUGHPUT", "good/s", Ink::RateFill, Some(Ink::Rate)),
    };
    Strip {
        pane,
        name,
        short,
        words: words(scene, pane, promise),
        fill,
        ink,
        promise,
    }
}

fn words(scene: &Scene, pane: Pane, promise: Option<Promise>) -> String {
    match (pane, promise) {
        (Pane::Workers, Some(p)) => {
            let main = p.main();
            let limit = format::length(main.limit.secs()).replace(".0 ", " ");
            format!("than {limit}, failed or shed; promised ≤ {}", format::percent(main.q))
        }
        (Pane::Workers, None) => "requests in flight, one connection each".into(),
        (Pane::Queue, _) if scene.open() => format!("due here and not yet sent: {}", backlog::fate(scene.frame).words()),
        (Pane::Queue, _) => "waiting at the target (estimate)".into(),
        _ if scene.open() => "good answers per second; a line where more was offered".into(),
        _ => "good answers per second".into(),
    }
}

/// Share of a slot's arrivals that missed a limit, as far as the map's grid tells: late, failed or shed.
fn missed(slot: &Slot, limit: f64) -> f64 {
    let late: f64 = slot
        .grid
        .iter()
        .map(|(bin, n)| {
            let (low, high) = (Grid::edge(bin).max(1e-9), Grid::edge(bin + 1));
            let above = ((high / limit).ln() / (high / low).ln()).clamp(0.0, 1.0);
            above * f64::from(n)
        })
        .sum();
    let all = (slot.samples.max(slot.ok + slot.errors) + slot.shed) as f64;
    if all > 0.0 {
        ((late + slot.shed as f64).max(slot.errors as f64) / all).min(1.0)
    } else {
        0.0
    }
}

impl Strip {
    fn value(&self, slot: &Slot) -> f64 {
        match (self.pane, self.promise) {
            (Pane::Workers, Some(p)) => missed(slot, p.main().limit.secs()),
            (Pane::Workers, None) => slot.workers,
            (Pane::Queue, _) => slot.queue,
            _ => slot.per_second(slot.ok),
        }
    }

    /// The least that the whole height stands for.
    fn least(&self) -> f64 {
        match (self.pane, self.promise) {
            (_, Some(p)) => 2.0 * p.main().q,
            (Pane::Queue, _) => 4.0,
            _ => 1.0,
        }
    }

    /// A value as its scale and labels print it.
    pub(super) fn number(&self, value: f64) -> String {
        if self.promise.is_some() {
            format::percent(value)
        } else {
            format::quantity(value)
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
            _ if self.promise.is_some() => self.promise.map(|p| p.main().q),
            Pane::Throughput => scene.target(|v| v == ProcessVariable::Rps).and(slot.setpoint).or(offered),
            Pane::Queue => scene.target(|v| v == ProcessVariable::Queue).and(slot.setpoint),
            _ => None,
        }
    }

    fn now(&self, scene: &Scene, newest: &Slot) -> (f64, String) {
        let f = scene.frame;
        match self.pane {
            _ if self.promise.is_some() => (self.value(newest), self.number(self.value(newest))),
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
    let top = ceiling(data.fold(0.0, f64::max) * 1.02, strip.least());
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
            let filled = (strip.value(slot) + strip.errors(slot)) / top;
            asked_mark(scene, pen, x, strip, (asked / top, filled));
        }
        if strip.pane == Pane::Queue && slot.shed > 0 {
            pen.glyph(x, 0, glyph::HATCH, scene.theme().ink(Ink::Queue));
        }
    }
    if timeline.slots.is_empty() || scene.frame.last.span <= 0.0 {
        return;
    }
    end_labels(scene, pen, strip, timeline, top);
}

/// Labels at the newest column: its value, what was asked for, and of a queue what becomes of it.
fn end_labels(scene: &Scene, pen: &mut Pen, strip: &Strip, timeline: &Timeline, top: f64) {
    let theme = scene.theme();
    let Some(newest) = timeline.slots.iter().rev().flatten().next() else {
        return;
    };
    let (value, text) = strip.now(scene, newest);
    let row = |v: f64| ((1.0 - v / top) * f64::from(pen.height())).max(0.0);
    let ink = strip.ink.map_or(Style::new(), |i| theme.ink(i));
    let mut all = vec![Label {
        row: row(value),
        text,
        style: ink.patch(theme.strong()),
    }];
    if let Some(asked) = strip.asked(scene, newest).filter(|a| *a > 0.0) {
        let word = match strip.pane {
            Pane::Workers => "allowed",
            _ if scene.open() => "offered",
            _ => "asked",
        };
        all.push(Label {
            row: row(asked),
            text: format!("{} {word}", strip.number(asked)),
            style: theme.ink(Ink::Target),
        });
    }
    if strip.pane == Pane::Queue && scene.open() {
        all.extend(queue_labels(scene, row(value)));
    }
    labels(pen, LEFT + timeline.slots.len() as u16, all);
}

/// When it is empty or how it grows, and what is shed.
fn queue_labels(scene: &Scene, row: f64) -> Vec<Label> {
    let theme = scene.theme();
    let fate = backlog::fate(scene.frame);
    let ink = if matches!(fate, Fate::Drains(_)) {
        Ink::Target
    } else {
        Ink::Queue
    };
    let fate = fate.short().map(|text| Label {
        row: row + 0.5,
        text,
        style: theme.ink(ink),
    });
    let shed = backlog::shed(scene.frame)
        .filter(|(share, _)| *share > 0.0)
        .map(|(_, rate)| Label {
            row: -1.0,
            text: format!("shed {}/s", format::quantity(rate)),
            style: theme.ink(Ink::Queue).patch(theme.strong()),
        });
    shed.into_iter().chain(fate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_failed_and_shed_are_missed_and_nothing_counts_twice() {
        let mut slot = Slot::default();
        slot.grid.add(Grid::bin(0.010), 80);
        slot.grid.add(Grid::bin(0.500), 20);
        (slot.samples, slot.ok) = (100, 100);
        assert!((missed(&slot, 0.080) - 0.20).abs() < 1e-9);

        slot.shed = 25;
        // 20 late and 25 shed of 125.
        assert!((missed(&slot, 0.080) - 0.36).abs() < 1e-9);
        (slot.ok, slot.errors) = (40, 60);
        assert!(
            (missed(&slot, 0.080) - 60.0 / 125.0).abs() < 1e-9,
            "errors may be among the late"
        );
        assert_eq!(missed(&Slot::default(), 0.080), 0.0);
    }
}
