//! Keys that move the load: each is one command, said in a toast before it is in force.

use super::super::action::{Effect, Step};
use super::super::foresee::foresee;
use super::super::state::Model;
use super::toast;
use crate::model::command::{Change, Command};
use crate::model::demand::Overflow;
use crate::model::expr::Expr;
use crate::model::notice::Who;
use crate::model::promise::Promise;
use crate::model::setpoints::{LoadModel, Mode, Setpoints};
use crate::model::units::Nanos;
use crate::telemetry::frame::{Frame, Phase};

/// Presses that may lie unapplied: a held key cannot overshoot by more.
const AHEAD: u64 = 4;

/// The setpoints as they will be when the desk is empty.
pub(super) fn expected<'a>(model: &'a Model, frame: &'a Frame) -> &'a Setpoints {
    model.expected.as_ref().unwrap_or(&frame.setpoints)
}

/// Sends a command and says what it will have done.
pub(super) fn send(model: &mut Model, command: Command, frame: &Frame) -> Vec<Effect> {
    let before = expected(model, frame).clone();
    let mut set = before.clone();
    if let Some(text) = foresee(&mut set, &command, frame.control.workers) {
        let undo = set != before && !matches!(command, Command::Pause | Command::Resume | Command::Auto);
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

/// Sends `undo` or `redo`; what it did is said when the engine has done it.
pub(super) fn turn_back(model: &mut Model, command: Command) -> Vec<Effect> {
    model.turning_back = true;
    vec![Effect::Send(command)]
}

/// What the last `undo` or `redo` did, once it is known, and whether it was refused.
pub(super) fn turned_back(model: &mut Model, frame: &Frame) -> Option<(String, bool)> {
    if !model.turning_back || frame.applied < model.sent {
        return None;
    }
    model.turning_back = false;
    let event = frame.notices.iter().rev().find(|n| n.who == Who::User)?;
    let refused = event.what.strip_prefix("refused ").and_then(|text| text.split_once(": "));
    Some(refused.map_or((event.what.clone(), false), |(_, why)| (why.to_owned(), true)))
}

/// Sends one step, unless too many lie unapplied.
pub(super) fn step(model: &mut Model, command: Command, frame: &Frame) -> Vec<Effect> {
    if model.sent.saturating_sub(frame.applied) >= AHEAD {
        return Vec::new();
    }
    send(model, command, frame)
}

/// The mode's main quantity: target, limit, rate, workers or thrift.
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
            step(model, Command::Set("thrift", change), frame)
        }
    }
}

/// The target of `hold`, the goal of `classic`, the limit of `slo`.
pub(super) fn target(model: &mut Model, by: Step, frame: &Frame) -> Vec<Effect> {
    let set = expected(model, frame);
    if set.mode == Mode::Slo {
        return limit(model, by, frame);
    }
    if !matches!(set.mode, Mode::Hold | Mode::Classic) {
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

/// The latency that the promise speaks of; its other terms stay.
fn limit(model: &mut Model, by: Step, frame: &Frame) -> Vec<Effect> {
    let Some(promise) = expected(model, frame).promise else {
        toast(model, "no promise yet: m chooses slo and asks for one", true);
        return Vec::new();
    };
    let main = promise.main().expr;
    let times = by.times(if by.big() { 1.5 } else { 1.05 });
    let exprs: Vec<Expr> = promise
        .terms()
        .map(|t| match t.expr == main {
            true => Expr {
                value: three_digits(t.expr.value * times),
                ..t.expr
            },
            false => t.expr,
        })
        .collect();
    match Promise::of(&exprs) {
        Ok(promise) => step(model, Command::Slo(promise), frame),
        Err(why) => {
            toast(model, why, true);
            Vec::new()
        }
    }
}

/// To three significant digits: a nudged limit is to be read.
fn three_digits(value: f64) -> f64 {
    let scale = 10f64.powf(2.0 - value.max(1e-9).log10().floor());
    (value * scale).round() / scale
}

/// Three quarters of the knee's rate as open traffic for 20 s, as `verify` alone does.
pub(super) fn verify(model: &mut Model, frame: &Frame) -> Vec<Effect> {
    if frame.check.is_some_and(|c| !c.over) {
        toast(model, "it is being verified already", true);
        return Vec::new();
    }
    if frame.knee.is_none() {
        toast(model, "there is no knee yet to verify: max finds it", true);
        return Vec::new();
    }
    send(model, Command::Verify(0.75, Nanos::from_secs(20)), frame)
}

/// The next policy of a full queue.
pub(super) fn overflow(model: &mut Model, frame: &Frame) -> Vec<Effect> {
    let set = expected(model, frame);
    if set.model != LoadModel::Open {
        toast(model, "the closed model has no queue here: m has the open model", true);
        return Vec::new();
    }
    let next = match set.overflow {
        Overflow::Drop => Overflow::Reject,
        Overflow::Reject => Overflow::Block,
        Overflow::Block => Overflow::Drop,
    };
    send(model, Command::Overflow(next), frame)
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

#[cfg(test)]
mod tests {
    use super::super::super::action::Message;
    use super::super::super::state::Speech;
    use super::super::super::theme::Theme;
    use super::super::super::update;
    use super::*;
    use crate::model::notice::Notice;

    #[test]
    fn undo_says_what_it_undid_or_that_there_was_nothing_once_that_is_known() {
        let speech = Speech {
            parse: |_, _| Err(String::new()),
            print: |_| String::new(),
        };
        for (event, said, refused) in [
            (
                "undid workers 20: workers automatic",
                "undid workers 20: workers automatic",
                false,
            ),
            ("refused undo: nothing to undo", "nothing to undo", true),
        ] {
            let (mut m, mut frame) = (Model::new(Theme::default(), speech), Frame::default());
            turn_back(&mut m, Command::Undo);
            update::update(&mut m, Message::Sent(Some(7)), &frame);
            update::update(&mut m, Message::Tick(Nanos::from_millis(10)), &frame);
            assert_eq!(m.toast, None, "nothing is claimed before it is done");

            let notice = |who, what: &str| Notice {
                at: Nanos::ZERO,
                who,
                what: what.into(),
            };
            frame.notices = vec![notice(Who::User, event), notice(Who::Controller, "64 workers")].into();
            frame.applied = 7;
            update::update(&mut m, Message::Tick(Nanos::from_millis(20)), &frame);

            let toast = m.toast.clone().unwrap();
            assert_eq!((toast.text.as_str(), toast.alarm), (said, refused));
            m.toast = None;
            update::update(&mut m, Message::Tick(Nanos::from_millis(30)), &frame);
            assert_eq!(m.toast, None, "said once");
        }
    }
}
