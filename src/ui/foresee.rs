//! What a command will have done once it is applied, and how to say so in a few words.
//! It refuses to decide anything: the engine applies commands, this only speaks early.

use crate::model::command::{Change, Command, Gain};
use crate::model::format;
use crate::model::promise::Promise;
use crate::model::setpoints::{KNOBS, LoadModel, Mode, Setpoint, Setpoints};
use crate::model::units::Nanos;

/// Changes `set` as the command will, and says it: `p99 target 25 → 26 ms`. `present`: workers in force.
/// `None` where nothing can be said before it happened.
pub(super) fn foresee(set: &mut Setpoints, command: &Command, present: f64) -> Option<String> {
    match command {
        Command::Setpoint(_) | Command::SetpointTimes(_) if !matches!(set.mode, Mode::Hold | Mode::Slo | Mode::Classic) => {
            Some(format!("no target in {}: m chooses hold", set.mode.name()))
        }
        Command::Setpoint(target) => Some(retarget(set, *target)),
        Command::SetpointTimes(times) => {
            let now = set.aim().or(set.target)?;
            let value = now.value * times;
            Some(retarget(set, Setpoint { value, ..now }))
        }
        Command::Workers(change) => Some(workers(set, *change, present)),
        Command::Rate(change) => Some(rate(set, *change)),
        Command::Set(name, change) => knob(set, name, *change),
        Command::Gain(gain, change) => Some(gains(set, *gain, *change)),
        Command::Bounds(min, max) => {
            (set.bounds.min, set.bounds.max) = (*min, *max);
            Some(format!("workers within {min}…{max}"))
        }
        Command::Mode(mode) => Some(change_mode(set, *mode, present)),
        Command::Slo(promise) => Some(promised(set, promise)),
        Command::Verify(share, time) => {
            let (share, time) = (format::percent(*share), format::length(time.secs()).replace(".0 ", " "));
            Some(format!("verifying {share} of the knee's rate as open traffic, {time}"))
        }
        Command::Overflow(policy) => {
            let before = std::mem::replace(&mut set.overflow, *policy);
            Some(format!("full queue: {} → {}", before.name(), policy.name()))
        }
        Command::Model(model) => {
            set.model = *model;
            Some(match model {
                LoadModel::Open => "open model: arrivals at their own times, at the present good rate".into(),
                LoadModel::Closed => "closed model: a new request after an answer".into(),
            })
        }
        Command::Auto => {
            if set.mode == Mode::Manual {
                set.mode = set.last_auto;
            }
            set.asked = None;
            Some(format!("{} has control again", set.mode.name()))
        }
        Command::Pause | Command::Resume => {
            set.paused = *command == Command::Pause;
            Some(if set.paused {
                "paused: space resumes".into()
            } else {
                "sending".into()
            })
        }
        _ => None,
    }
}

fn change_mode(set: &mut Setpoints, mode: Mode, present: f64) -> String {
    if mode == Mode::Manual {
        set.asked = Some(present.round().max(1.0) as u32);
    } else {
        (set.last_auto, set.asked) = (mode, None);
    }
    set.mode = mode;
    format!("mode {}: {}", mode.name(), mode.explanation())
}

/// `promise p99 < 80ms → p99 < 84ms`.
fn promised(set: &mut Setpoints, promise: &Promise) -> String {
    let before = set.promise.replace(*promise).filter(|_| set.mode == Mode::Slo);
    (set.mode, set.last_auto, set.asked, set.model) = (Mode::Slo, Mode::Slo, None, LoadModel::Open);
    match before {
        Some(before) => format!("promise {before} → {promise}"),
        None => format!("slo: the highest open rate that keeps {promise}"),
    }
}

/// `25 → 26 ms`: the unit once where both have it.
fn arrow(before: &str, after: &str) -> String {
    match (before.rsplit_once(' '), after.rsplit_once(' ')) {
        (Some((number, a)), Some((_, b))) if a == b => format!("{number} → {after}"),
        _ => format!("{before} → {after}"),
    }
}

/// A target's value with its unit: `25 ms`, `1,200/s`, `12 waiting`.
pub(super) fn target_value(target: &Setpoint) -> String {
    use crate::model::setpoints::ProcessVariable::*;
    match target.variable {
        Rps => format!("{}/s", format::quantity(target.value)),
        Queue => format!("{} waiting", format::quantity(target.value)),
        Mean | Quantile(_) => format::length(target.value),
    }
}

fn retarget(set: &mut Setpoints, target: Setpoint) -> String {
    let name = target.variable.name();
    let after = target_value(&target);
    let text = match set.target.replace(target) {
        Some(before) if before.variable == target.variable => arrow(&target_value(&before), &after),
        _ => after,
    };
    format!("{name} target {text}")
}

fn changed(now: f64, change: Change, default: f64) -> f64 {
    match change {
        Change::To(x) => x,
        Change::Times(x) => now * x,
        Change::By(x) => now + x,
        Change::ByFraction(x) => now * (1.0 + x),
        Change::Default => default,
    }
}

fn workers(set: &mut Setpoints, change: Change, present: f64) -> String {
    let now = set.asked.map_or(present.round(), f64::from);
    let (min, max) = (f64::from(set.bounds.min), f64::from(set.bounds.max.max(set.bounds.min)));
    let next = changed(now, change, now).round().clamp(min, max);
    let first = set.asked.is_none() && set.mode != Mode::Manual;
    set.asked = Some(next as u32);
    if first {
        format!("workers {now:.0} → {next:.0}: MANUAL now, a gives control back")
    } else {
        format!("workers {now:.0} → {next:.0}")
    }
}

fn rate(set: &mut Setpoints, change: Change) -> String {
    let now = set.rate.unwrap_or(0.0);
    let next = changed(now, change, now);
    set.rate = Some(next);
    if set.model == LoadModel::Closed {
        set.model = LoadModel::Open;
    }
    format!("rate {} → {}/s", format::quantity(now), format::quantity(next))
}

/// A knob's value as printed: `.10`, `2`, `4e-5`.
pub(super) fn knob_value(value: f64, step: f64) -> String {
    if value != 0.0 && value.abs() < 1e-2 {
        format!("{value:.1e}").replace(".0e", "e")
    } else if step >= 1.0 {
        format!("{value:.0}")
    } else {
        let text = format!("{value:.2}");
        text.strip_prefix('0').map(String::from).unwrap_or(text)
    }
}

fn knob(set: &mut Setpoints, name: &str, change: Change) -> Option<String> {
    let knob = KNOBS.iter().find(|k| k.name == name)?;
    let default = crate::model::setpoints::Knobs::default().get(name)?;
    let slot = set.knobs.slot(name)?;
    let next = changed(*slot, change, default).clamp(knob.min, knob.max);
    let before = knob_value(std::mem::replace(slot, next), knob.step);
    Some(format!("{} {before} → {}", knob.name, knob_value(next, knob.step)))
}

fn gains(set: &mut Setpoints, gain: Gain, change: Change) -> String {
    let defaults = crate::model::setpoints::Gains::default();
    let (name, slot, default) = match gain {
        Gain::Kp => ("Kp", &mut set.gains.kp, defaults.kp),
        Gain::Ki => ("Ki", &mut set.gains.ki, defaults.ki),
        Gain::Kd => ("Kd", &mut set.gains.kd, defaults.kd),
    };
    let next = changed(*slot, change, default);
    let before = knob_value(std::mem::replace(slot, next), 0.05);
    format!("{name} {before} → {}", knob_value(next, 0.05))
}

/// How long a message stays.
pub(super) const STAY: Nanos = Nanos::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::setpoints::ProcessVariable;

    #[test]
    fn a_target_moves_in_words_with_one_unit() {
        let mut set = Setpoints {
            mode: Mode::Hold,
            target: Some(Setpoint {
                variable: ProcessVariable::Quantile(0.99),
                value: 0.025,
            }),
            ..Setpoints::default()
        };

        let said = foresee(&mut set, &Command::SetpointTimes(1.05), 4.0);

        assert_eq!(said.as_deref(), Some("p99 target 25 → 26 ms"));
        let mut aimless = Setpoints::default();
        assert_eq!(
            foresee(&mut aimless, &Command::SetpointTimes(1.05), 4.0).as_deref(),
            Some("no target in max: m chooses hold")
        );
        assert_eq!(aimless, Setpoints::default());
    }

    #[test]
    fn workers_start_from_what_is_in_force_and_stay_within_bounds() {
        let mut set = Setpoints::default();

        let first = foresee(&mut set, &Command::Workers(Change::By(1.0)), 41.2);
        let second = foresee(&mut set, &Command::Workers(Change::By(9e9)), 41.2);

        assert_eq!(first.as_deref(), Some("workers 41 → 42: MANUAL now, a gives control back"));
        assert_eq!(second.as_deref(), Some("workers 42 → 4096"));
    }

    #[test]
    fn knobs_are_clamped_to_their_range() {
        let mut set = Setpoints::default();
        assert_eq!(
            foresee(&mut set, &Command::Set("thrift", Change::By(7.0)), 1.0).as_deref(),
            Some("thrift .10 → .50")
        );
        assert_eq!(
            foresee(&mut set, &Command::Set("gain", Change::Times(2.0)), 1.0).as_deref(),
            Some("gain 1e-5 → 2e-5")
        );
    }
}
