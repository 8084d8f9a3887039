//! What a command does to the record, and how it is undone.
//! It refuses commands that change nothing here (quit, snapshot, mark): the conductor has those.

mod traffic;
mod words;

use super::{Gains, KNOBS, Knobs, LoadModel, Mode, ProcessVariable, Setpoint, Setpoints};
use crate::model::command::{Change, Command, Gain};
use crate::model::expr::Metric;
use traffic::{change_rate, close, enter, open_from};
use words::{differences, guard_said};

/// What is in force now, for commands that start from it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Present {
    /// Workers in force.
    pub workers: f64,
    /// Good answers per second, lately.
    pub good_rate: f64,
    /// Exchanges in flight.
    pub in_flight: u64,
    /// Good answers per second, over the last seconds.
    pub recent_rate: f64,
    /// Most of those at any time.
    pub most_rate: f64,
    /// Workers there can be in this run; `None`: as many as one likes.
    pub most: Option<u32>,
}

impl From<f64> for Present {
    /// Workers alone: nothing was answered, nothing is in flight.
    fn from(workers: f64) -> Self {
        Self {
            workers,
            ..Self::default()
        }
    }
}

/// The record with its history.
#[derive(Clone, Debug)]
pub struct History {
    now: Setpoints,
    undo: Vec<Step>,
    redo: Vec<Step>,
}

/// One change: the record on its other side, and the command that made it.
#[derive(Clone, Debug)]
struct Step {
    other: Setpoints,
    by: String,
}

/// Steps that can be undone.
const DEPTH: usize = 200;

impl History {
    /// A history that begins with `now`.
    pub fn new(now: Setpoints) -> Self {
        Self {
            now,
            undo: Vec::new(),
            redo: Vec::new(),
        }
    }

    /// The record in force.
    pub fn now(&self) -> &Setpoints {
        &self.now
    }

    /// Applies a command; `present` is where `workers +5`, `rate *2` and `model open` start from. Returns what changed as a sentence, or
    /// `None` where the command is not about setpoints.
    ///
    /// # Errors
    /// A refusal with its reason; nothing has changed then.
    pub fn apply(&mut self, command: &Command, present: impl Into<Present>) -> Result<Option<String>, String> {
        match command {
            Command::Undo => self.step_back().map(Some),
            Command::Redo => self.step_forward().map(Some),
            _ => {
                let mut next = self.now.clone();
                let Some(said) = change(&mut next, command, &present.into())? else {
                    return Ok(None);
                };
                if next != self.now {
                    self.step_to(next, command.to_string());
                }
                Ok(Some(said))
            }
        }
    }

    /// Writes the target that `hold` chose by itself; not a step of the history.
    pub fn choose(&mut self, target: Setpoint) {
        self.now.target = Some(target);
    }

    /// Writes what the stages say now; not a step of the history.
    pub fn stage(&mut self, level: f64) {
        match self.now.model {
            LoadModel::Open => self.now.rate = Some(level),
            LoadModel::Closed => self.now.asked = Some(level.round().clamp(1.0, f64::from(self.now.bounds.max)) as u32),
        }
    }

    /// Takes proposed gains, as one step of the history.
    pub fn accept(&mut self, gains: Gains) -> String {
        let before = self.now.gains;
        if gains != before {
            let next = Setpoints {
                gains,
                ..self.now.clone()
            };
            self.step_to(next, Command::TuneAccept.to_string());
        }
        format!(
            "gains kp {:.3} → {:.3}, ki {:.3} → {:.3}",
            before.kp, gains.kp, before.ki, gains.ki
        )
    }

    fn step_to(&mut self, next: Setpoints, by: String) {
        let other = std::mem::replace(&mut self.now, next);
        self.undo.push(Step { other, by });
        self.redo.clear();
        if self.undo.len() > DEPTH {
            self.undo.remove(0);
        }
    }

    /// `undid workers 20: workers automatic`.
    fn step_back(&mut self) -> Result<String, String> {
        let Step { other, by } = self.undo.pop().ok_or("nothing to undo")?;
        let left = std::mem::replace(&mut self.now, other);
        let said = format!("undid {by}: {}", differences(&left, &self.now));
        self.redo.push(Step { other: left, by });
        Ok(said)
    }

    fn step_forward(&mut self) -> Result<String, String> {
        let Step { other, by } = self.redo.pop().ok_or("nothing to redo")?;
        let left = std::mem::replace(&mut self.now, other);
        let said = format!("did again {by}: {}", differences(&left, &self.now));
        self.undo.push(Step { other: left, by });
        Ok(said)
    }
}

fn change(set: &mut Setpoints, command: &Command, present: &Present) -> Result<Option<String>, String> {
    Ok(Some(match command {
        Command::Mode(mode) => change_mode(set, *mode)?,
        Command::Slo(promise) => {
            set.promise = Some(*promise);
            let said = change_mode(set, Mode::Slo)?;
            format!("{said}, {promise}")
        }
        Command::Setpoint(target) if set.mode == Mode::Slo => promise_at(set, target.variable, target.value)?,
        Command::SetpointTimes(x) if set.mode == Mode::Slo => {
            let target = set.aim().ok_or("there is no promise to move (say slo p99<80ms)")?;
            promise_at(set, target.variable, target.value * x)?
        }
        Command::Setpoint(_) | Command::SetpointTimes(_) if !matches!(set.mode, Mode::Hold | Mode::Classic) => {
            return Err(format!("no target in {}: m chooses hold (mode hold)", set.mode.name()));
        }
        Command::Setpoint(target) if set.mode == Mode::Classic && target.variable != ProcessVariable::Rps => {
            return Err("classic keeps a rate alone (say sp rps=400, or mode hold first)".into());
        }
        Command::Setpoint(target) => {
            set.target = Some(*target);
            format!("target {target}")
        }
        Command::SetpointTimes(x) => {
            set.target = set.aim().or(set.target);
            let target = set
                .target
                .as_mut()
                .ok_or("there is no target to move (say sp p99=25ms or sp rps=400)")?;
            let before = target.to_string();
            target.value *= x;
            format!("target {before} → {target}")
        }
        Command::Gain(gain, by) => change_gain(set, *gain, *by),
        Command::Set(name, by) => change_knob(set, name, *by)?,
        Command::Workers(by) => change_workers(set, *by, present.workers)?,
        Command::Auto => release(set)?,
        Command::Guard(guard) => {
            set.guard = *guard;
            guard_said(*guard)
        }
        Command::Bounds(_, max) if present.most.is_some_and(|most| *max > most) => {
            return Err(format!(
                "no more than {} workers fit in this run (start it with --max-workers {max})",
                present.most.unwrap_or_default()
            ));
        }
        Command::Bounds(min, max) => {
            set.bounds.min = *min;
            set.bounds.max = *max;
            format!("bounds {min}..{max}")
        }
        Command::Rate(by) => change_rate(set, *by, present)?,
        Command::Model(LoadModel::Open) if set.model == LoadModel::Open => "open model already".into(),
        Command::Model(LoadModel::Open) => open_from(set, present)?,
        Command::Model(LoadModel::Closed) => close(set, present),
        Command::Overflow(policy) => {
            set.overflow = *policy;
            let now = set.model == LoadModel::Open;
            let when = if now {
                ""
            } else {
                ", once the model is open: the closed one has no queue here"
            };
            format!("full queue: {}{when}", policy.name())
        }
        Command::Pause | Command::Resume => {
            let pause = *command == Command::Pause;
            let already = std::mem::replace(&mut set.paused, pause) == pause;
            match (pause, already) {
                (true, false) => "paused: no new request is sent",
                (true, true) => "paused already",
                (false, false) => "resumed: sending again",
                (false, true) => "not paused",
            }
            .into()
        }
        _ => return Ok(None),
    }))
}

/// The promise with another main limit.
fn promise_at(set: &mut Setpoints, variable: ProcessVariable, value: f64) -> Result<String, String> {
    let (Some(promise), ProcessVariable::Quantile(q)) = (set.promise, variable) else {
        return Err("mode slo keeps a percentile (say sp p99=60ms, or slo p99<60ms)".into());
    };
    let moved = promise.aimed(Metric::Quantile(q), value)?;
    set.promise = Some(moved);
    Ok(format!("promise {promise} → {moved}"))
}

fn change_mode(set: &mut Setpoints, mode: Mode) -> Result<String, String> {
    if mode == Mode::Slo && set.promise.is_none() {
        return Err("mode slo needs a promise to keep (say slo p99<80ms)".into());
    }
    let before = set.mode;
    set.staged = false;
    if before != Mode::Manual {
        set.last_auto = before;
    }
    if mode != Mode::Manual {
        set.last_auto = mode;
    }
    set.mode = mode;
    // In the open model the workers are a limit, whoever moves the rate.
    if set.model == LoadModel::Closed || mode != Mode::Manual {
        set.asked = None;
    }
    let traffic = enter(set, before);
    Ok(format!("mode {} → {}{traffic}", before.name(), mode.name()))
}

fn change_gain(set: &mut Setpoints, gain: Gain, by: Change) -> String {
    let defaults = Gains::default();
    let (slot, default, min, max) = match gain {
        Gain::Kp => (&mut set.gains.kp, defaults.kp, 0.0, 1.0),
        Gain::Ki => (&mut set.gains.ki, defaults.ki, 0.05, 0.9),
        Gain::Kd => (&mut set.gains.kd, defaults.kd, 0.0, 0.3),
    };
    let before = *slot;
    *slot = moved(before, default, by).clamp(min, max);
    format!("gain {} {before:.3} → {:.3}", gain.name(), *slot)
}

fn change_knob(set: &mut Setpoints, name: &str, by: Change) -> Result<String, String> {
    let knob = KNOBS
        .iter()
        .find(|k| k.name == name)
        .ok_or_else(|| format!("{name:?} is not a knob"))?;
    let default = Knobs::default().get(name).unwrap_or(knob.min);
    let slot = set.knobs.slot(name).ok_or_else(|| format!("{name:?} is not a knob"))?;
    let before = *slot;
    *slot = (moved(before, default, by).clamp(knob.min, knob.max) * 1e9).round() / 1e9;
    Ok(format!("{name} {before} → {}", *slot))
}

fn change_workers(set: &mut Setpoints, by: Change, workers: f64) -> Result<String, String> {
    let base = set.asked.map_or_else(|| workers.max(1.0), f64::from);
    let wish = match by {
        Change::By(n) => base + n,
        Change::ByFraction(p) => {
            let step = (base * p.abs()).round().max(1.0);
            base + step.copysign(p)
        }
        other => moved(base, 1.0, other),
    };
    if let (Change::To(n), max) = (by, f64::from(set.bounds.max))
        && n > max
    {
        return Err(format!(
            "{n} workers are above the bound of {max} (say bounds {}..{n})",
            set.bounds.min
        ));
    }
    let workers = wish.round().clamp(f64::from(set.bounds.min), f64::from(set.bounds.max)) as u32;
    set.asked = Some(workers);
    // In the open model the stages move the rate, and this is its limit.
    set.staged &= set.model == LoadModel::Open;
    Ok(format!("workers {workers} by hand"))
}

fn release(set: &mut Setpoints) -> Result<String, String> {
    if set.mode == Mode::Manual {
        let mode = if set.last_auto == Mode::Manual {
            Mode::Max
        } else {
            set.last_auto
        };
        set.mode = mode;
    } else if set.asked.is_none() {
        return Err("control is automatic already".into());
    }
    set.asked = None;
    set.staged = false;
    Ok(format!("control back to {}{}", set.mode.name(), enter(set, Mode::Manual)))
}

fn moved(value: f64, default: f64, by: Change) -> f64 {
    match by {
        Change::To(v) => v,
        Change::Times(x) => value * x,
        Change::By(n) => value + n,
        Change::ByFraction(p) => value * (1.0 + p),
        Change::Default => default,
    }
}

#[cfg(test)]
mod tests;
