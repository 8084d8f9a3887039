//! The regulator: owns the law in force, hands over between laws without a jump, and keeps every law inside the limits.
//! It refuses commands; it notices what changed in the setpoints.
//!
//! ```text
//!  observation ─► limits ─┬─ paused, stalled: nothing moves
//!                         ├─ an experiment runs: it moves, the law only tracks
//!                         ├─ forced, overridden, handing over: the law only tracks
//!                         └─ law.step ─► bounds, slew, gates ─► ruling
//! ```

mod bench;
#[cfg(test)]
mod guards;
mod hand_over;
#[cfg(test)]
mod tests;

use super::law::Law;
use super::limits::{self, Gate, Limits};
use super::variable::Window;
use super::{Move, Observation, Open};
use crate::model::setpoints::{LoadModel, Mode, ProcessVariable, Setpoint, Setpoints};
use crate::model::units::Nanos;
use crate::telemetry::frame::State;
use bench::Bench;
use std::collections::VecDeque;

pub use bench::Found;

/// Workers stand still this long after a hand-over, s.
const HAND_OVER: f64 = 0.8;
/// After a pause nothing is decided for the tick in which sending resumes, for the next one, and until what was sent then is
/// answered; s, and most of the latter.
const RESUME: f64 = 0.2;
const REFILL: f64 = 1.0;
/// Growth a tick, e-folds: in the first ramp, and later.
const BOLD: f64 = 2.0 * std::f64::consts::LN_2;
const CALM: f64 = std::f64::consts::LN_2;
/// Ticks that `hold` looks back on to choose a target.
const CHOICE: usize = 20;
/// Answers below which it chooses a rate instead of a percentile.
const CHOICE_NEEDS: f64 = 100.0;

/// What the plant shall do from now on, and what there is to say about it.
#[derive(Clone, Debug, Default)]
pub struct Ruling {
    /// Workers from now on, > 0.
    pub workers: f64,
    /// Open traffic that the law or an experiment offers.
    pub open: Option<Open>,
    /// What the law asked for; the last one while it only tracks.
    pub law: Move,
    /// Workers the law would have without override and limits.
    pub wants: f64,
    /// New workers start spread over this time.
    pub stagger: Nanos,
    /// What it is doing.
    pub state: State,
    /// Converged at least once since the mode, the override or the target of `hold` last changed.
    pub converged: bool,
    /// The first time that was.
    pub converged_at: Option<Nanos>,
    /// A bound, gate or guard that acts now, in words.
    pub limited_by: Option<String>,
    /// At a bound this tick.
    pub saturated: bool,
    /// The tick seen is settled evidence for its workers.
    pub settled: bool,
    /// The tick seen is rest at the working point.
    pub resting: bool,
    /// The target changed: older rows are stale.
    pub changed: bool,
    /// Decisions, as sentences.
    pub notes: Vec<String>,
    /// A guard asks for a pause, and why.
    pub pause: Option<String>,
    /// `hold` was started without a target and chose this one: to be written into the setpoints.
    pub chosen: Option<Setpoint>,
}

/// The regulator.
#[derive(Clone, Debug)]
pub struct Regulator {
    law: Law,
    last: Setpoints,
    limits: Limits,
    workers: f64,
    /// Seconds of standing still left.
    standing: f64,
    converged_at: Option<Nanos>,
    latest: Move,
    seen: VecDeque<Observation>,
    bounded: bool,
    /// Seconds without a decision left after a pause.
    resuming: f64,
    gentle: bool,
    bench: Bench,
}

impl Regulator {
    /// Starts at the workers asked for, else where the law is to start. `gentle`: the gentle profile, whatever observations say.
    pub fn new(set: &Setpoints, gentle: bool) -> Self {
        let workers = f64::from(set.first());
        Self {
            law: Law::of(set.mode, false),
            last: set.clone(),
            limits: Limits::default(),
            workers,
            standing: 0.0,
            converged_at: None,
            latest: Move {
                workers,
                ..Move::default()
            },
            seen: VecDeque::new(),
            bounded: false,
            resuming: 0.0,
            gentle,
            bench: Bench::default(),
        }
    }

    /// Workers in force by the last ruling; the plant begins with these.
    pub fn workers(&self) -> f64 {
        self.workers
    }

    /// One tick: what was seen of it, and what the user wishes now.
    pub fn tick(&mut self, seen: &Observation, set: &Setpoints) -> Ruling {
        let seen = &Observation {
            gentle: self.gentle || seen.gentle,
            ..seen.clone()
        };
        if self.last.model == LoadModel::Open && set.model == LoadModel::Closed {
            // The limit of the open model was no working point: what is in flight is.
            let most = f64::from(set.bounds.max);
            self.workers = (seen.in_flight as f64).clamp(1.0, most.max(1.0));
        }
        self.notice(set);
        if self.resuming <= 1e-9 {
            self.remember(seen);
        }
        self.law.hear(seen);
        let mut gate = self.limits.see(seen, set);
        if self.latest.paced && !gate.stalled {
            // Its refusals are what it is paced by.
            gate = Gate {
                pause: gate.pause,
                ..Gate::default()
            };
        }
        let mut ruling = self.rule(seen, set, &gate);
        self.workers = ruling.workers;
        ruling.stagger = Nanos::from_secs_f64(self.limits.response().min(1.0));
        ruling.wants = self.latest.workers;
        ruling.limited_by = ruling.limited_by.or(gate.because);
        ruling.notes.splice(0..0, self.endings());
        // Whoever holds the workers by hand keeps them: nothing is cut, so nothing is said.
        ruling
            .notes
            .extend(gate.note.filter(|_| !self.law.manual() && !set.overridden()));
        ruling.pause = gate.pause;
        if ruling.law.converged && ruling.state != State::Override {
            self.converged_at.get_or_insert(seen.now);
        }
        ruling.converged = self.converged_at.is_some();
        ruling.converged_at = self.converged_at;
        ruling
    }

    /// A tick in which nothing is decided, because sending is paused or the evidence is incomplete: what became of arrivals
    /// counts all the same.
    pub fn hear(&mut self, seen: &Observation, set: &Setpoints) {
        self.law.hear(seen);
        if set.paused {
            self.resuming = RESUME + self.limits.response().min(REFILL);
        }
    }

    fn remember(&mut self, seen: &Observation) {
        self.seen.push_back(seen.clone());
        while self.seen.len() > CHOICE {
            self.seen.pop_front();
        }
    }

    fn rule(&mut self, seen: &Observation, set: &Setpoints, gate: &Gate) -> Ruling {
        if self.resuming > 1e-9 {
            return self.resume(seen, set);
        }
        if let Some(ruling) = self.experiment(seen, set, gate) {
            return ruling;
        }
        if let Some(workers) = self.overridden(set) {
            self.law.controller().track(seen, workers);
            self.latest.open = None;
            return Ruling {
                workers,
                ..self.stand(State::Override)
            };
        }
        if self.law.manual() {
            return self.manual(seen, set, gate);
        }
        if let Some(workers) = gate.forced {
            self.law.controller().track(seen, workers);
            if let Some(open) = &mut self.latest.open {
                open.rate *= 0.5;
            }
            let state = if gate.stalled { State::Stalled } else { self.latest.state };
            return Ruling {
                workers,
                ..self.stand(state)
            };
        }
        if gate.stalled {
            return self.stand(State::Stalled);
        }
        if self.standing > 1e-9 {
            self.standing -= seen.span;
            let workers = self.entry(set);
            self.law.controller().track(seen, workers);
            return Ruling {
                workers,
                ..self.stand(State::Hold)
            };
        }
        self.automatic(seen, set, gate)
    }

    /// A target that refills after a pause is evidence of nothing; a count asked for meanwhile is obeyed.
    fn resume(&mut self, seen: &Observation, set: &Setpoints) -> Ruling {
        self.resuming -= seen.span;
        if self.law.manual() {
            return Ruling {
                settled: false,
                resting: false,
                ..self.manual(seen, set, &Gate::default())
            };
        }
        Ruling {
            workers: self.overridden(set).unwrap_or(self.workers),
            ..self.stand(self.latest.state)
        }
    }

    /// Workers of an override.
    fn overridden(&self, set: &Setpoints) -> Option<f64> {
        let asked = set.asked.filter(|_| set.overridden());
        asked.map(|n| f64::from(n.clamp(set.bounds.min, set.bounds.max)))
    }

    /// Nothing moves.
    fn stand(&self, state: State) -> Ruling {
        let law = Move {
            settled: false,
            resting: false,
            converged: false,
            changed: false,
            note: None,
            ..self.latest.clone()
        };
        Ruling {
            workers: self.workers,
            open: law.open,
            law,
            state,
            ..Ruling::default()
        }
    }

    fn manual(&mut self, seen: &Observation, set: &Setpoints, gate: &Gate) -> Ruling {
        let law = self.law.controller().step(seen, set);
        let workers = law.workers.clamp(f64::from(set.bounds.min), f64::from(set.bounds.max));
        self.latest = law.clone();
        Ruling {
            workers,
            state: if gate.stalled { State::Stalled } else { law.state },
            settled: law.settled,
            resting: law.resting,
            law,
            ..Ruling::default()
        }
    }

    fn automatic(&mut self, seen: &Observation, set: &Setpoints, gate: &Gate) -> Ruling {
        let chosen = self.choose(set);
        let set = &Setpoints {
            target: set.target.or(chosen),
            ..set.clone()
        };
        let fresh = self.law.fresh();
        let mut law = self.law.controller().step(seen, set);
        // In open traffic the workers are a limit, and what must not grow is the rate.
        let slew = match law.open {
            Some(_) => f64::INFINITY,
            None if fresh => BOLD,
            None => CALM,
        };
        let (mut workers, cut) = limits::clamp(law.workers, self.workers, slew, law.paced, set);
        let mut limited_by = cut;
        let before = self.latest.open.map(|o| o.rate);
        if let (Some(open), Some(before), true) = (&mut law.open, before, gate.no_growth) {
            if open.rate > before && before > 0.0 {
                open.rate = before;
                limited_by.clone_from(&gate.because);
            }
        } else if gate.no_growth && workers > self.workers {
            workers = self.workers;
            limited_by.clone_from(&gate.because);
        } else if limited_by.is_none() && workers >= f64::from(set.bounds.max) {
            limited_by = Some(format!("the limit of {} workers", set.bounds.max));
        }
        let saturated = workers >= f64::from(set.bounds.max) || (limited_by.is_some() && workers <= limits::LEAST);
        let mut notes: Vec<String> = law.note.clone().into_iter().collect();
        if saturated && !std::mem::replace(&mut self.bounded, saturated) {
            notes.push(format!("at {}", limited_by.clone().unwrap_or_default()));
        }
        self.bounded = saturated;
        self.latest = law.clone();
        Ruling {
            workers,
            state: law.state,
            limited_by,
            saturated,
            settled: law.settled,
            resting: law.resting,
            changed: law.changed,
            notes,
            chosen,
            open: law.open,
            law,
            ..Ruling::default()
        }
    }

    /// The target of a `hold` without one: what it sees, p99 or with few answers the rate of the last two seconds.
    fn choose(&self, set: &Setpoints) -> Option<Setpoint> {
        if set.mode != Mode::Hold || set.target.is_some() || self.seen.len() < CHOICE {
            return None;
        }
        let mut window = Window::default();
        self.seen.iter().for_each(|tick| window.add(tick));
        let p99 = ProcessVariable::Quantile(0.99);
        let enough = window.sample.ok >= CHOICE_NEEDS;
        let variable = if enough { p99 } else { ProcessVariable::Rps };
        let value = window.read(variable, None).filter(|v| *v > 0.0)?;
        Some(Setpoint { variable, value })
    }
}
