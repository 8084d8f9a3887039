//! What a message does to the screen, and what it asks of the loop. Pure: no clock, no terminal, no disk.
//! It refuses to touch the run; it can only ask, by commands.

mod lists;
mod load;

use super::action::{Effect, Message};
use super::foresee::STAY;
use super::state::{Asks, Model, Pane, Screen, Toast};
use super::theme::{Ground, Palette, Theme};
use crate::model::command::Command;
use crate::model::units::Nanos;
use crate::telemetry::frame::{Frame, Phase};

/// Applies a message. `frame` is the newest, even while the view is frozen.
pub fn update(model: &mut Model, message: Message, frame: &Frame) -> Vec<Effect> {
    if let Message::Tick(now) = message {
        tick(model, now, frame);
        return Vec::new();
    }
    model.revision += 1;
    match message {
        Message::Quit | Message::QuitAndLeave | Message::Interrupt | Message::Signalled => end(model, &message),
        Message::Main(step) => load::main(model, step, frame),
        Message::Target(step) => load::target(model, step, frame),
        Message::Workers(step) => load::workers(model, step, frame),
        Message::Verify => load::verify(model, frame),
        Message::Overflow => load::overflow(model, frame),
        Message::Pause => load::pause(model, frame),
        Message::Auto => load::send(model, Command::Auto, frame),
        Message::Undo => load::turn_back(model, Command::Undo),
        Message::Redo => load::turn_back(model, Command::Redo),
        Message::Suspend => vec![Effect::Suspend],
        Message::Repaint => vec![Effect::Repaint],
        Message::Snapshot => vec![Effect::SaveSnapshot(None)],
        Message::Enter => enter(model, frame),
        Message::Go(go) => lists::go(model, go, frame),
        other => {
            look(model, other, frame);
            Vec::new()
        }
    }
}

/// Messages that change the view alone.
fn look(model: &mut Model, message: Message, frame: &Frame) {
    match message {
        Message::Freeze => model.frozen = !model.frozen,
        Message::Escape => lists::escape(model),
        Message::Help => lists::help(model),
        Message::Filter => lists::filter(model),
        Message::Modes => lists::modes(model, frame),
        Message::Knobs => model.screen = Screen::Knobs { at: 0 },
        Message::Prompt => prompt(model, Asks::Command, ""),
        Message::Bookmark => prompt(model, Asks::Bookmark, ""),
        Message::Focus(pane) => model.focus = pane,
        Message::FocusNext => model.focus = model.focus.turned(1),
        Message::FocusBack => model.focus = model.focus.turned(Pane::ALL.len() - 1),
        Message::Zoom => model.zoomed = !model.zoomed,
        Message::Errors => errors(model),
        Message::Narrow => window(model, -1, frame),
        Message::Widen => window(model, 1, frame),
        Message::Palette => palette(model),
        Message::Ground => ground(model),
        Message::Scale => model.scale = model.scale.next(),
        Message::Series => series(model),
        Message::Split => model.split = !model.split,
        Message::Type(request) => lists::edit(model, request),
        Message::Paste(text) => lists::paste(model, &text),
        Message::Resize(columns, rows) => model.size = (columns, rows),
        Message::Sent(number) => sent(model, number),
        Message::Saved(result) => saved(model, result),
        _ => {}
    }
}

/// Shows a message for two seconds.
fn toast(model: &mut Model, text: impl Into<String>, alarm: bool) {
    model.toast = Some(Toast {
        text: text.into(),
        until: model.now + STAY * if alarm { 2 } else { 1 },
        alarm,
    });
}

fn tick(model: &mut Model, now: Nanos, frame: &Frame) {
    model.now = now;
    if model.toast.as_ref().is_some_and(|t| t.until <= now) {
        model.toast = None;
    }
    if let Some((text, refused)) = load::turned_back(model, frame) {
        toast(model, text, refused);
        model.revision += 1;
    }
    if frame.applied >= model.sent && model.expected.take().is_some() {
        model.revision += 1;
    }
}

/// The first time asks for the drain, the second for the end at once.
fn end(model: &mut Model, message: &Message) -> Vec<Effect> {
    model.leave |= *message == Message::QuitAndLeave;
    let first = !std::mem::replace(&mut model.quitting, true);
    if !first {
        return vec![Effect::Send(Command::QuitNow)];
    }
    toast(model, "stopping: what is under way may finish, again to stop now", false);
    vec![Effect::Send(match message {
        Message::Interrupt | Message::Signalled => Command::Signal,
        _ => Command::Quit,
    })]
}

fn enter(model: &mut Model, frame: &Frame) -> Vec<Effect> {
    match model.screen {
        Screen::Plain if frame.phase == Phase::Ready && frame.asking => vec![Effect::Send(Command::Resume)],
        Screen::Plain => {
            model.zoomed = !model.zoomed;
            Vec::new()
        }
        _ => lists::enter(model, frame),
    }
}

fn prompt(model: &mut Model, asks: Asks, line: &str) {
    model.screen = Screen::Prompt {
        asks,
        input: line.into(),
        error: None,
    };
}

fn errors(model: &mut Model) {
    model.zoomed = !(model.zoomed && model.focus == Pane::Errors);
    model.focus = if model.zoomed { Pane::Errors } else { Pane::Latency };
}

fn window(model: &mut Model, by: i8, frame: &Frame) {
    let room = super::view::plot_room(model.size);
    let (least, most) = super::timeline::limits(&frame.columns, room);
    model.window = (model.window.clamp(least, most) + by).clamp(least, most);
}

fn palette(model: &mut Model) {
    model.theme.palette = model.theme.palette.next();
    toast(model, format!("colour map: {}", model.theme.palette.name()), false);
}

/// The next series; out of the split view back to one map.
fn series(model: &mut Model) {
    model.series = if model.split { model.series } else { model.series.next() };
    model.split = false;
    toast(model, format!("the map shows {}", model.series.meaning()), false);
}

fn ground(model: &mut Model) {
    let before = model.theme;
    let ground = match before.ground {
        Ground::Dark => Ground::Light,
        Ground::Light => Ground::Dark,
    };
    let chosen = before.palette != Palette::default_on(before.ground);
    model.theme = Theme {
        ground,
        palette: if chosen { before.palette } else { Palette::default_on(ground) },
        ..before
    };
}

fn sent(model: &mut Model, number: Option<u64>) {
    match number {
        Some(number) => model.sent = number,
        None => {
            model.turning_back = false;
            toast(model, "the engine is behind: that key was not taken", true);
        }
    }
}

fn saved(model: &mut Model, result: Result<String, String>) {
    match result {
        Ok(path) => toast(model, format!("saved {path}"), false),
        Err(why) => toast(model, format!("not saved: {why}"), true),
    }
}

#[cfg(test)]
mod tests;
