//! `hold`: keeps a latency, a rate or a queue at a value, as incremental PI in the logarithm of real-valued workers.
//! It refuses to chase what more workers cannot give: then it says so and rests at the knee.
//!
//! u = ln N, y = ln PV, e = ln SP − y:  Δu = Kp(b·Δr − Δy) + Ki·e − Kd·Δ²y. By Little's law N = X·R the loop has about the
//! same gain everywhere; on a latency Ki·e is the damped iteration N ← N·(SP/R)^Ki.

use super::max::Max;
use super::recent::Recent;
use super::variable::Window;
use super::{Controller, Move, Observation};
use crate::model::format;
use crate::model::setpoints::{ProcessVariable, Setpoint, Setpoints};
use crate::telemetry::frame::{State, Term};

/// Share of a new measurement that is believed at once.
const FILTER: f64 = 0.7;
/// Below this error the ramp ends with one feed-forward step.
const NEAR: f64 = 0.15;
/// Above it the ramp begins again.
const FAR: f64 = 0.6;
/// After a leap from beyond `FAR`, an error above this is worth one more: the filter still remembers the far side.
const LANDED: f64 = 0.05;
/// A feed-forward step, e-folds.
const FORWARD: std::ops::RangeInclusive<f64> = -1.4..=0.7;
/// One step of the loop, e-folds.
const STEP: f64 = std::f64::consts::LN_2;
/// Longest dead time and longest window of a percentile, s.
const LONGEST: f64 = 2.0;
/// The reach guard compares worker counts at least this far apart.
const APART: f64 = 1.3;

/// A point the reach guard compares with.
#[derive(Clone, Copy, Debug)]
struct Reference {
    workers: f64,
    rate: f64,
    weak: u32,
}

/// The law.
#[derive(Clone, Debug, Default)]
pub struct Hold {
    ramping: bool,
    /// The last step was a leap from far away: one more may follow.
    leapt: bool,
    started: bool,
    target: Option<Setpoint>,
    dead: f64,
    window: Window,
    /// Filtered ln PV, and the one before it.
    y: Option<f64>,
    y_before: f64,
    r_before: f64,
    idle: Option<f64>,
    reference: Option<Reference>,
    /// The target is out of reach: this law holds the knee meanwhile. `None` inside: below the idle latency.
    beyond: Option<Option<Box<Max>>>,
    recent: Recent,
    terms: [f64; 4],
    workers: f64,
}

impl Hold {
    fn retarget(&mut self, target: Setpoint, seen: &Observation) {
        let same_kind = self.target.is_some_and(|t| t.variable == target.variable);
        self.target = Some(target);
        self.recent.restart();
        self.beyond = None;
        self.reference = None;
        if !same_kind {
            self.y = None;
            self.window = Window::default();
        }
        if !self.started {
            self.started = true;
            self.ramping = true;
            self.workers = seen.workers;
            self.r_before = target.value.ln();
        }
    }

    /// Enough for one step of the loop. A rate is measured over a fixed time: to stop at a count would favour lucky spans.
    fn enough(&self, target: Setpoint) -> bool {
        let s = self.window.sample;
        let response = s.mean().unwrap_or(0.0).min(LONGEST);
        let (answers, time) = match target.variable {
            ProcessVariable::Quantile(q) if !self.ramping => ((10.0 / (1.0 - q)).max(100.0), LONGEST),
            ProcessVariable::Rps => {
                let time = (100.0 / target.value)
                    .clamp(0.1, 0.5)
                    .max((25.0 / target.value).min(1.5 * LONGEST));
                (f64::INFINITY, time)
            }
            _ => (100.0, 0.5),
        };
        let answered = s.ok > 0.0 || s.span >= LONGEST;
        s.ok >= answers - 1e-6 || (s.span >= response.max(time) - 1e-9 && answered)
    }

    /// ln PV on the window; half an answer is added to counts, so that their logarithm is not biased.
    fn measure(&self, target: Setpoint) -> Option<f64> {
        let pv = self.window.read(target.variable, self.idle)?;
        Some(match target.variable {
            ProcessVariable::Rps => ((self.window.sample.ok + 0.5) / self.window.sample.span).ln(),
            ProcessVariable::Queue => (pv + queue_offset(self.window.workers())).ln(),
            _ => pv.max(1e-9).ln(),
        })
    }

    fn aim(&self, target: Setpoint) -> f64 {
        match target.variable {
            ProcessVariable::Queue => (target.value + queue_offset(self.window.workers())).ln(),
            _ => target.value.ln(),
        }
    }

    /// One step of the loop on a full window; Δu.
    fn regulate(&mut self, target: Setpoint, set: &Setpoints) -> f64 {
        let Some(raw) = self.measure(target) else { return 0.0 };
        let r = self.aim(target);
        let before = self.y.unwrap_or(raw);
        let y = before + FILTER * (raw - before);
        let e = (r - raw).abs();
        if self.ramping || e > FAR || self.leapt && e > LANDED {
            self.leapt = e > FAR;
            self.y = Some(raw);
            (self.y_before, self.r_before) = (raw, r);
            return self.ramp(r - raw, target);
        }
        let (dy, dy_before, dr) = (y - before, before - self.y_before, r - self.r_before);
        let (p, i) = (set.gains.kp * (set.knobs.b * dr - dy), set.gains.ki * (r - y));
        let d = set.gains.kd * -(dy - dy_before);
        self.y_before = before;
        self.r_before = r;
        self.y = Some(y);
        let sum = (p + i + d).clamp(-STEP, STEP);
        self.terms = [p, i, d, sum];
        sum
    }

    /// Far away: factors of two, then one step by what Little's law says.
    fn ramp(&mut self, e: f64, target: Setpoint) -> f64 {
        self.ramping = e >= NEAR;
        let queue = target.variable == ProcessVariable::Queue;
        let du = if self.ramping {
            if target.variable == ProcessVariable::Rps {
                e.min(STEP)
            } else {
                STEP
            }
        } else if let (true, Some(idle)) = (queue, self.idle) {
            ((self.window.sample.rate() * idle + target.value).max(0.1) / self.workers).ln()
        } else {
            e
        };
        let du = du.clamp(*FORWARD.start(), *FORWARD.end());
        self.terms = [0.0, du, 0.0, du];
        du
    }

    /// A rate that more workers no longer raise is out of reach; so is a latency below the idle one.
    fn out_of_reach(&mut self, target: Setpoint, error: f64) -> Option<String> {
        let (n, s) = (self.window.workers(), self.window.sample);
        if target.variable.is_latency() {
            let bottom = n <= 1.001 && error < -0.05 && s.ok >= 20.0;
            let name = target.variable.name();
            let text = || format!("{name} is {} even with one worker", format::length(s.mean().unwrap_or(0.0)));
            return bottom.then(text);
        }
        if target.variable != ProcessVariable::Rps {
            return None;
        }
        let x = s.rate().max(1e-9);
        let fresh = Reference {
            workers: n,
            rate: x,
            weak: 0,
        };
        let Some(old) = self.reference.as_mut().filter(|r| n >= r.workers * 0.9) else {
            self.reference = Some(fresh);
            return None;
        };
        if n < APART * old.workers || error <= 0.03 {
            return None;
        }
        let elasticity = (x / old.rate).ln() / (n / old.workers).ln();
        let doubt = (2.0 / s.ok.max(1.0)).sqrt().min(0.5);
        if elasticity >= 0.25 - 0.5 * doubt {
            self.reference = Some(fresh);
            return None;
        }
        old.weak += 1;
        let text = format!(
            "{} a second cannot be reached: more workers do not give more",
            format::quantity(target.value)
        );
        (old.weak >= 2 || elasticity < -0.3).then_some(text)
    }

    /// Out of reach: the knee is held, or one worker; whether the target is within reach again.
    fn wait(&mut self, seen: &Observation, set: &Setpoints, target: Setpoint) -> Move {
        let lucky = match (target.variable, self.recent.read(target.variable, self.idle)) {
            (ProcessVariable::Rps, Some(x)) => self.recent.full() && x > 1.05 * target.value,
            (_, Some(latency)) => self.recent.full() && latency < target.value,
            _ => false,
        };
        let mut step = match self.beyond.as_mut() {
            Some(Some(max)) => max.step(seen, set),
            _ => Move {
                workers: 1.0,
                ..Move::default()
            },
        };
        step.note = None;
        if lucky {
            self.beyond = None;
            self.workers = seen.workers;
            self.reference = None;
            step.note = Some("within reach again".to_owned());
        }
        Move {
            state: State::Unreachable,
            converged: false,
            neutral_pairs: 0,
            at_limit: false,
            terms: self.published(),
            measured: self.recent.read(target.variable, self.idle),
            ..step
        }
    }

    fn published(&self) -> Vec<Term> {
        let named = ["P", "I", "D", "Σ"].into_iter().zip(self.terms);
        named.map(|(name, value)| Term { name, value, unit: "%" }).collect()
    }

    /// A full window: decide, then wait until the decision shows.
    fn decide(&mut self, seen: &Observation, set: &Setpoints, target: Setpoint) -> Option<String> {
        if self.window.sample.ok >= 24.0 {
            self.idle = [self.idle, self.window.sample.mean()]
                .into_iter()
                .flatten()
                .min_by(f64::total_cmp);
        }
        let error = self.measure(target).map_or(0.0, |y| self.aim(target) - y);
        let beyond = self.out_of_reach(target, error);
        let du = self.regulate(target, set);
        let before = self.workers;
        let floor = if target.variable == ProcessVariable::Rps {
            super::limits::LEAST
        } else {
            1.0
        };
        self.workers = (self.workers * du.exp()).clamp(floor, f64::from(set.bounds.max).max(floor));
        let s = self.window.sample;
        let response = s.mean().unwrap_or(0.01);
        let settle = response
            .max((self.workers / s.rate().max(1e-9)).min(2.0 * response))
            .min(LONGEST);
        self.dead = if self.workers < 0.7 * before { 1.5 * settle } else { settle };
        if (self.workers / before - 1.0).abs() < 0.02 {
            self.dead = 0.0; // nothing to wait for
        }
        self.window = Window::default();
        if beyond.is_some() {
            let knee = (!target.variable.is_latency()).then(|| Box::new(Max::new(true)));
            self.beyond = Some(knee);
            self.workers = seen.workers.max(1.0);
        }
        beyond
    }
}

impl Controller for Hold {
    fn step(&mut self, seen: &Observation, set: &Setpoints) -> Move {
        let Some(target) = set.target else {
            return Move {
                workers: seen.workers,
                state: State::Track,
                ..Move::default()
            };
        };
        if self.target != Some(target) {
            self.retarget(target, seen);
        }
        self.recent.add(seen, target, self.idle);
        if self.beyond.is_some() {
            return self.wait(seen, set, target);
        }
        if (seen.workers / self.workers - 1.0).abs() > 0.01 && (seen.workers - self.workers).abs() > 0.02 {
            self.workers = seen.workers; // a limit cut it: stored as it came out, so nothing winds up
        }
        let mut note = None;
        let settled = self.dead <= 1e-9 && seen.workers > 0.0;
        if self.dead > 1e-9 {
            self.dead -= seen.span;
        } else {
            self.window.add(seen);
            if self.enough(target) {
                note = self.decide(seen, set, target);
            }
        }
        let note = note.or_else(|| self.recent.narrate(target, self.idle, self.workers));
        let converged = self.recent.converged();
        Move {
            workers: self.workers,
            state: if converged { State::Hold } else { State::Track },
            settled,
            resting: converged,
            converged,
            terms: self.published(),
            measured: self.recent.read(target.variable, self.idle),
            note,
            ..Move::default()
        }
    }

    fn track(&mut self, _seen: &Observation, workers: f64) {
        let idle = self.idle;
        *self = Self {
            idle,
            started: true,
            workers,
            target: None,
            ..Self::default()
        };
    }
}

/// Keeps the logarithm of a queue sane near zero.
fn queue_offset(workers: f64) -> f64 {
    1.0 + 0.05 * workers
}
