//! What lies over the panes: help, modes, knobs, and the line being typed.

use super::super::action::{Effect, Go};
use super::super::knobs;
use super::super::menu::{self, Choice};
use super::super::state::{Asks, Model, Screen};
use super::load;
use crate::model::command::Command;
use crate::model::format::sanitize;
use crate::model::setpoints::{LoadModel, Mode};
use crate::telemetry::frame::Frame;
use tui_input::{Input, InputRequest};

/// Lines the prompt remembers.
const REMEMBERED: usize = 50;

pub(super) fn escape(model: &mut Model) {
    match &mut model.screen {
        Screen::Plain => model.zoomed = false,
        Screen::Help { filter, filtering, .. } if *filtering => {
            *filter = Input::default();
            *filtering = false;
        }
        _ => model.screen = Screen::Plain,
    }
}

pub(super) fn help(model: &mut Model) {
    model.screen = match model.screen {
        Screen::Help { .. } => Screen::Plain,
        _ => Screen::Help {
            filter: Input::default(),
            filtering: false,
            scroll: 0,
        },
    };
}

pub(super) fn filter(model: &mut Model) {
    if let Screen::Help { filtering, .. } = &mut model.screen {
        *filtering = true;
    }
}

pub(super) fn modes(model: &mut Model, frame: &Frame) {
    let at = menu::place(load::expected(model, frame).mode);
    model.screen = Screen::Modes { at };
}

pub(super) fn go(model: &mut Model, go: Go, frame: &Frame) -> Vec<Effect> {
    match &mut model.screen {
        Screen::Help { scroll, .. } => {
            *scroll = match go {
                Go::Up => scroll.saturating_sub(1),
                Go::Down => *scroll + 1,
                Go::PageUp => scroll.saturating_sub(10),
                Go::PageDown => *scroll + 10,
                Go::Left | Go::Right => *scroll,
            }
            .min(super::super::keymap::TABLE.len());
            Vec::new()
        }
        Screen::Modes { at } => {
            *at = menu::next(*at, go);
            Vec::new()
        }
        Screen::Knobs { at } => {
            let at = *at;
            turn(model, at, go, frame)
        }
        Screen::Prompt { .. } => {
            recall(model, go);
            Vec::new()
        }
        Screen::Plain => Vec::new(),
    }
}

fn turn(model: &mut Model, at: usize, go: Go, frame: &Frame) -> Vec<Effect> {
    let set = load::expected(model, frame).clone();
    let items = knobs::items(&set);
    let at = at.min(items.len() - 1);
    let next = match go {
        Go::Up => at.saturating_sub(1),
        Go::Down => (at + 1).min(items.len() - 1),
        Go::Left | Go::Right => {
            let command = items[at].step(&set, go == Go::Right);
            return load::step(model, command, frame);
        }
        Go::PageUp | Go::PageDown => at,
    };
    model.screen = Screen::Knobs { at: next };
    Vec::new()
}

/// Earlier and later lines of the prompt; past the latest an empty one.
fn recall(model: &mut Model, go: Go) {
    let Screen::Prompt {
        asks: Asks::Command,
        input,
        error,
    } = &mut model.screen
    else {
        return;
    };
    let n = model.typed.len();
    let here = model.typed.iter().rposition(|l| l == input.value()).unwrap_or(n);
    let there = if go == Go::Up {
        here.saturating_sub(1)
    } else {
        (here + 1).min(n)
    };
    *input = Input::new(model.typed.get(there).cloned().unwrap_or_default());
    *error = None;
}

pub(super) fn edit(model: &mut Model, request: InputRequest) {
    match &mut model.screen {
        Screen::Help { filter, scroll, .. } => {
            filter.handle(request);
            *scroll = 0;
        }
        Screen::Prompt { input, error, .. } => {
            input.handle(request);
            *error = None;
        }
        _ => {}
    }
}

pub(super) fn paste(model: &mut Model, text: &str) {
    let line: String = text.split(['\n', '\r']).find(|l| !l.trim().is_empty()).unwrap_or("").into();
    for c in sanitize(&line).chars() {
        edit(model, InputRequest::InsertChar(c));
    }
}

pub(super) fn enter(model: &mut Model, frame: &Frame) -> Vec<Effect> {
    match std::mem::take(&mut model.screen) {
        Screen::Help { filter, scroll, .. } => {
            model.screen = Screen::Help {
                filter,
                filtering: false,
                scroll,
            };
            Vec::new()
        }
        Screen::Modes { at } => choose(model, menu::enter(at), frame),
        Screen::Prompt { asks, input, .. } => typed(model, asks, input, frame),
        Screen::Knobs { .. } | Screen::Plain => Vec::new(),
    }
}

/// A line of the mode menu. `slo` first asks what is to be kept.
fn choose(model: &mut Model, choice: Choice, frame: &Frame) -> Vec<Effect> {
    match choice {
        Choice::Mode(Mode::Slo) => {
            let kept = load::expected(model, frame).promise;
            let line = kept.map_or_else(|| "slo p99<80ms".into(), |p| format!("slo {p}"));
            super::prompt(model, Asks::Command, &line);
            Vec::new()
        }
        Choice::Mode(mode) => load::send(model, Command::Mode(mode), frame),
        Choice::Model => {
            let other = match load::expected(model, frame).model {
                LoadModel::Open => LoadModel::Closed,
                LoadModel::Closed => LoadModel::Open,
            };
            load::send(model, Command::Model(other), frame)
        }
        Choice::Line(at) => {
            model.screen = Screen::Modes { at };
            Vec::new()
        }
    }
}

fn typed(model: &mut Model, asks: Asks, input: Input, frame: &Frame) -> Vec<Effect> {
    let line = input.value().trim().to_owned();
    if asks == Asks::Bookmark {
        let text = if line.is_empty() { "bookmark".into() } else { sanitize(&line) };
        return load::say(model, Command::Mark(text.clone()), &format!("marked: {text}"));
    }
    if line.is_empty() {
        return Vec::new();
    }
    match (model.speech.parse)(&line, load::expected(model, frame)) {
        Ok(command) => {
            remember(model, line);
            perform(model, command, frame)
        }
        Err(why) => {
            model.screen = Screen::Prompt {
                asks,
                input,
                error: Some(why),
            };
            Vec::new()
        }
    }
}

/// A typed command: a snapshot is the screen's own work, `quit` is the key, the rest goes to the engine.
fn perform(model: &mut Model, command: Command, frame: &Frame) -> Vec<Effect> {
    match command {
        Command::Snapshot(path) => vec![Effect::SaveSnapshot(path)],
        Command::Quit => super::end(model, &super::Message::Quit),
        Command::QuitNow => {
            model.quitting = true;
            vec![Effect::Send(Command::QuitNow)]
        }
        Command::Undo | Command::Redo => load::turn_back(model, command),
        command => {
            super::toast(model, format!("asked: {}", (model.speech.print)(&command)), false);
            load::send(model, command, frame)
        }
    }
}

fn remember(model: &mut Model, line: String) {
    model.typed.retain(|l| *l != line);
    model.typed.push(line);
    if model.typed.len() > REMEMBERED {
        model.typed.remove(0);
    }
}
