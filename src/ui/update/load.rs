//! Keys that move the load: each is one command, said in a toast before it is in force.

use super::super::action::{Effect, Step};
use super::super::foresee::foresee;
use super::super::state::Model;
use super::toast;
use crate::model::command::{Change, Command};
use crate::model::setpoints::{LoadModel, Mode, Setpoints};
use crate::telemetry::frame::{Frame, Phase};

/// Presses that may lie unapplied: a held key cannot overshoot by more.
const AHEAD: u64 = 4;

/// The setpoints as they will be when the desk is empty.
pub(super) fn expected<'a>(model: &'a Model, frame: &'a Frame) -> &'a Setpoints {
    model.expected.as_ref().unwrap_or(&frame.setpoints)
}

/// Sends a command and says what it will have done.
pub(super) fn send(model: &mut Model, command: Command, frame: &Frame) -> Vec<Effect> {
    let mut set = expected(model, frame).clone();
    if let Some(text) = foresee(&mut set, &command, frame.control.workers) {
        let undo = !matches!(command, Command::Pause | Command::Resume | Command::Auto);
        let text = if undo { format!("{text}  (u undo)") } else { text };
        toast(model, text, false);
    }
    model.expected = Some(set);
    vec![Effect::Send(command)]
}

/// Sends a command with fixed words.
pub(super) fn say(model: &mut Model, command: Command, words: &str) -> Vec<Effect> {
    toast(model, words, false);
    vec![Effect::Send(command)]
}

/// Sends one step, unless too many lie unapplied.
pub(super) fn step(model: &mut Model, command: Command, frame: &Frame) -> Vec<Effect> {
    if model.sent.saturating_sub(frame.applied) >= AHEAD {
        return Vec::new();
    }
    send(model, command, frame)
}

/// The mode's main quantity: target, rate, workers or thrift.
pub(super) fn main(model: &mut Model, by: Step, frame: &Frame) -> Vec<Effect> {
    let set = expected(model, frame);
    match (set.mode, set.model) {
        (Mode::Hold | Mode::Slo | Mode::Classic, _) => target(model, by, frame),
        (_, LoadModel::Open) => {
            let times = by.times(if by.big() { 1.5 } else { 1.05 });
            step(model, Command::Rate(Change::Times(times)), frame)
        }
        (Mode::Manual, LoadModel::Closed) => {
            let share = if by.big() { 1.0 } else { 0.1 };
            let change = by_share(present(model, frame), share, by);
            step(model, Command::Workers(change), frame)
        }
        (Mode::Aimd | Mode::Vegas | Mode::Gradient, LoadModel::Closed) => {
            let text = format!("{} has no main quantity: g lists its knobs", set.mode.name());
            toast(model, text, true);
            Vec::new()
        }
        _ => {
            let size = if by.big() { 0.1 } else { 0.02 };
            let change = Change::By(if by.up() { size } else { -size });
            step(model, Command::Set("kappa", change), frame)
        }
    }
}

/// The target of `hold`, the limit of `slo`, the goal of `classic`.
pub(super) fn target(model: &mut Model, by: Step, frame: &Frame) -> Vec<Effect> {
    let set = expected(model, frame);
    if !matches!(set.mode, Mode::Hold | Mode::Slo | Mode::Classic) {
        toast(model, "only hold has a target: m chooses it", true);
        return Vec::new();
    }
    if set.aim().is_none() {
        toast(model, "no target yet: hold keeps what it sees in a moment", true);
        return Vec::new();
    }
    let times = by.times(if by.big() { 1.5 } else { 1.05 });
    step(model, Command::SetpointTimes(times), frame)
}

/// Workers by hand: 2 % or 10 %, at least one.
pub(super) fn workers(model: &mut Model, by: Step, frame: &Frame) -> Vec<Effect> {
    let share = if by.big() { 0.1 } else { 0.02 };
    let change = by_share(present(model, frame), share, by);
    step(model, Command::Workers(change), frame)
}

/// Pauses what runs, resumes what is paused.
pub(super) fn pause(model: &mut Model, frame: &Frame) -> Vec<Effect> {
    if frame.phase == Phase::Ready && frame.asking {
        return vec![Effect::Send(Command::Resume)];
    }
    let paused = match &model.expected {
        Some(set) => set.paused,
        None => frame.setpoints.paused || frame.phase == Phase::Paused,
    };
    send(model, if paused { Command::Resume } else { Command::Pause }, frame)
}

fn present(model: &Model, frame: &Frame) -> f64 {
    expected(model, frame).asked.map_or(frame.control.workers, f64::from)
}

fn by_share(now: f64, share: f64, by: Step) -> Change {
    let size = if by.up() { now * share } else { now * share / (1.0 + share) };
    let size = size.round().max(1.0);
    Change::By(if by.up() { size } else { -size })
}
