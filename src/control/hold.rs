//! `hold`: keeps a latency, a rate or a queue at a value, as incremental PI in the logarithm of real-valued workers.
//! It refuses to chase what more workers cannot give: then it says so and rests at the knee.
//!
//! u = ln N, y = ln PV, e = ln SP − y:  Δu = Kp(b·Δr − Δy) + Ki·e − Kd·Δ²y. By Little's law N = X·R the loop has about the
//! same gain everywhere; on a latency Ki·e is the damped iteration N ← N·(SP/R)^Ki.

mod gain;
mod idle;
mod leap;
mod loose;
mod reach;

use super::max::Max;
use super::recent::Recent;
use super::variable::{Sample, Window};
use super::{Controller, Move, Observation};
use crate::model::setpoints::{ProcessVariable, Setpoint, Setpoints};
use crate::telemetry::frame::{Evidence, State, Term};
use gain::{Gain, SURE};
use idle::Idle;
use leap::Leap;
use loose::Loose;
use reach::Reach;

/// Share of a new measurement that is believed at once.
const FILTER: f64 = 0.7;
/// Below this error the ramp ends; a new target closer than this is left to the loop.
const NEAR: f64 = 0.15;
/// Above it the ramp begins again.
const FAR: f64 = 0.6;
/// After a leap, an error above this is worth one more: the filter still remembers the far side.
const LANDED: f64 = 0.05;
/// Standard errors of its measurement that such an error must have.
const DOUBT: f64 = 1.5;
/// Standard errors beyond `NEAR` that let the ramp go on before its window is full, and fewest answers for that.
const PLAIN: f64 = 2.5;
const FEW: f64 = 8.0;
/// From this mean response on, s, a window is not shorter than it.
const WAVES: f64 = 0.15;
/// One step of the loop, e-folds.
const STEP: f64 = std::f64::consts::LN_2;
/// Longest dead time and longest window of a percentile, s.
const LONGEST: f64 = 2.0;

/// The law.
#[derive(Clone, Debug, Default)]
pub struct Hold {
    ramping: bool,
    /// The last step was a leap: one more may follow.
    leapt: bool,
    leap: Leap,
    gain: Gain,
    /// The target was kept from the first window on: any count up to the present one keeps it.
    loose: Loose,
    /// Fewest workers that missed the latency: no doubling leads there again.
    missed: Option<f64>,
    started: bool,
    target: Option<Setpoint>,
    dead: f64,
    window: Window,
    /// Filtered ln PV, and the one before it.
    y: Option<f64>,
    y_before: f64,
    r_before: f64,
    idle: Idle,
    reach: Reach,
    /// The target is out of reach: this law holds the knee meanwhile. `None` inside: below the idle latency.
    beyond: Option<Option<Box<Max>>>,
    recent: Recent,
    terms: [f64; 4],
    workers: f64,
}

impl Hold {
    fn retarget(&mut self, target: Setpoint, seen: &Observation, set: &Setpoints) {
        let before = self.target.replace(target).filter(|t| t.variable == target.variable);
        self.recent.restart();
        let waiting = self.beyond.take().is_some();
        self.reach = Reach::default();
        self.leap.forget();
        self.loose = Loose::default();
        self.missed = None;
        if before.is_none() {
            self.gain = Gain::default();
            self.y = None;
            self.window = Window::default();
        }
        if !self.started {
            self.started = true;
            self.ramping = true;
            self.workers = seen.workers;
            self.r_before = target.value.ln();
        }
        let moved = before.is_some_and(|b| (target.value / b.value).ln().abs() > NEAR);
        let now = self.recent.read(target.variable, self.idle.seconds());
        if let (true, false, false, Some(pv)) = (moved, waiting, self.ramping, now.filter(|v| *v > 0.0)) {
            self.set_off(target, pv, set);
            self.dead += seen.span; // this tick saw nothing of it
        }
    }

    /// A new target far from what is measured: one leap at once, on the last second.
    fn set_off(&mut self, target: Setpoint, pv: f64, set: &Setpoints) {
        let du = self.leap.towards(target, pv, self.workers, false);
        self.leapt = true;
        self.terms = [0.0, du, 0.0, du];
        self.y = None;
        let s = std::mem::take(&mut self.window).sample;
        self.go(du, s, target, set);
    }

    /// Answers that a measurement of this quantity takes.
    fn answers(&self, target: Setpoint) -> f64 {
        match target.variable {
            ProcessVariable::Quantile(q) => (10.0 / (1.0 - q)).max(100.0),
            _ => 100.0,
        }
    }

    /// Answers and seconds of a full window. A rate is measured over a fixed time: to stop at a count would favour lucky
    /// spans.
    fn needs(&self, target: Setpoint) -> (f64, f64) {
        match target.variable {
            ProcessVariable::Quantile(_) if !self.ramping => (self.answers(target), LONGEST),
            ProcessVariable::Rps => {
                let time = (100.0 / target.value)
                    .clamp(0.1, 0.5)
                    .max((25.0 / target.value).min(1.5 * LONGEST));
                (f64::INFINITY, time)
            }
            _ => (100.0, 0.5),
        }
    }

    /// Enough for one step of the loop.
    fn enough(&self, target: Setpoint) -> bool {
        let s = self.window.sample;
        let response = s.mean().unwrap_or(0.0).min(LONGEST);
        let (answers, time) = self.needs(target);
        let answered = s.ok > 0.0 || s.span >= LONGEST;
        // Where answers are slow they come in waves as long as a response.
        let whole = response < WAVES || s.span >= response - 1e-9;
        (s.ok >= answers - 1e-6 && whole) || (s.span >= response.max(time) - 1e-9 && answered) || self.plain(target)
    }

    /// Ramping, and so far below the target that few answers tell.
    fn plain(&self, target: Setpoint) -> bool {
        let ok = self.window.sample.ok;
        let mean = matches!(target.variable, ProcessVariable::Mean | ProcessVariable::Queue);
        let error = || self.measure(target).map_or(0.0, |y| self.aim(target) - y);
        self.ramping && mean && ok >= FEW && error() > NEAR + PLAIN * (self.window.sample.variation() / ok).sqrt()
    }

    /// What the present step of the loop rests on.
    fn evidence(&self, target: Setpoint) -> Evidence {
        let s = self.window.sample;
        let rate = self.recent.rate().max(0.1);
        let (answers, time) = self.needs(target);
        let need = if answers.is_finite() {
            answers
        } else {
            (rate * time).max(1.0)
        };
        Evidence {
            have: s.ok.min(need),
            need,
            seconds: ((need - s.ok).max(0.0) / rate).min((time - s.span).max(0.0)),
        }
    }

    /// ln PV on the window; half an answer is added to counts, so that their logarithm is not biased.
    fn measure(&self, target: Setpoint) -> Option<f64> {
        let pv = self.window.read(target.variable, self.idle.seconds())?;
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
        let error = self.window.error(target.variable);
        let u = self.workers.max(1e-3).ln();
        self.gain.see(u, raw);
        self.loose.see(self.workers, r - raw, error);
        if raw > r && self.full(target) {
            self.missed = Some(self.missed.unwrap_or(f64::MAX).min(self.workers));
        }
        if target.variable.is_latency() && self.climbs(target, r - raw, error) {
            (self.y, self.leapt, self.ramping) = (Some(raw), false, true);
            (self.y_before, self.r_before) = (raw, r);
            self.terms = [0.0, STEP, 0.0, STEP];
            return STEP;
        }
        let landed = LANDED.max(DOUBT / self.window.sample.ok.max(1.0).sqrt());
        if self.ramping || e > FAR || self.leapt && e > landed {
            // Twice from afar; a leap that came from near by is the last.
            self.leapt = e > FAR || self.ramping;
            self.ramping = r - raw >= NEAR && (self.ramping || e > FAR);
            self.y = Some(raw);
            (self.y_before, self.r_before) = (raw, r);
            let pv = self.window.read(target.variable, self.idle.seconds()).unwrap_or(0.0);
            let du = self.leap.towards(target, pv, self.workers, self.ramping);
            self.terms = [0.0, du, 0.0, du];
            return du;
        }
        self.leapt = false;
        let (dy, dy_before, dr) = (y - before, before - self.y_before, r - self.r_before);
        // The loop's gain is Ki whatever the plant's: what is no noise is divided by the plant's.
        let sure = e > SURE * error && self.far_below(r - raw) && self.gain.flat();
        let boost = if sure { self.gain.boost() } else { 1.0 };
        let (p, i) = (set.gains.kp * (set.knobs.b * dr - dy), boost * set.gains.ki * (r - y));
        let d = set.gains.kd * -(dy - dy_before);
        self.y_before = before;
        self.r_before = r;
        self.y = Some(y);
        let sum = (p + i + d).clamp(-STEP, STEP);
        self.terms = [p, i, d, sum];
        sum
    }

    /// Near a latency that does not follow workers, where a leap would be none: they double. On few answers, while the target is not plainly missed;
    /// on a full window only while it is plainly kept, or the climb would never end.
    fn climbs(&self, target: Setpoint, e: f64, error: f64) -> bool {
        let kept = if self.full(target) || !self.ramping {
            e > SURE * error
        } else {
            e > -error
        };
        e < NEAR && kept && self.far_below(e) && self.gain.flat()
    }

    /// No count that missed the target is near: what was learned of the gain still holds.
    fn far_below(&self, e: f64) -> bool {
        e > NEAR || self.missed.is_none_or(|n| 2.0 * self.workers < n)
    }

    fn full(&self, target: Setpoint) -> bool {
        self.window.sample.ok >= self.answers(target) - 1e-6
    }

    /// Out of reach: the knee is held, or one worker; whether the target is within reach again.
    fn wait(&mut self, seen: &Observation, set: &Setpoints, target: Setpoint) -> Move {
        let idle = self.idle.seconds();
        let lucky = match (target.variable, self.recent.read(target.variable, idle)) {
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
            self.reach = Reach::default();
            step.note = Some("target within reach again".to_owned());
        }
        Move {
            state: State::Unreachable,
            converged: false,
            neutral_pairs: 0,
            at_limit: false,
            terms: self.published(),
            measured: self.recent.read(target.variable, idle),
            ..step
        }
    }

    fn published(&self) -> Vec<Term> {
        let named = ["P", "I", "D", "Σ"].into_iter().zip(self.terms);
        named.map(|(name, value)| Term { name, value, unit: "%" }).collect()
    }

    /// A full window: decide, then wait until the decision shows.
    fn decide(&mut self, seen: &Observation, set: &Setpoints, target: Setpoint) -> Option<String> {
        self.idle.add(&self.window.sample, self.window.workers());
        let error = self.measure(target).map_or(0.0, |y| self.aim(target) - y);
        let beyond = self.reach.judge(target, &self.window, error);
        let du = self.regulate(target, set);
        let sample = std::mem::take(&mut self.window).sample;
        self.go(du, sample, target, set);
        if beyond.is_some() {
            let knee = (!target.variable.is_latency()).then(|| Box::new(Max::new(true)));
            self.beyond = Some(knee);
            self.workers = seen.workers.max(1.0);
        }
        beyond
    }

    /// Moves by `du` e-folds, then stands still until the move shows.
    fn go(&mut self, du: f64, s: Sample, target: Setpoint, set: &Setpoints) {
        let before = self.workers;
        let floor = if target.variable == ProcessVariable::Rps {
            super::limits::LEAST
        } else {
            1.0
        };
        self.workers = (self.workers * du.exp()).clamp(floor, f64::from(set.bounds.max).max(floor));
        let response = s.mean().or(self.recent.mean()).unwrap_or(0.01);
        let rate = if s.ok > 0.0 { s.rate() } else { self.recent.rate() };
        let settle = response.max((self.workers / rate.max(1e-9)).min(2.0 * response)).min(LONGEST);
        self.dead = if self.workers < 0.7 * before { 1.5 * settle } else { settle };
        if self.leapt {
            self.dead += response.min(1.0); // new workers start spread over that time
        }
        if (self.workers / before - 1.0).abs() < 0.02 {
            self.dead = 0.0; // nothing to wait for
        }
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
        if (seen.workers / self.workers - 1.0).abs() > 0.01 && (seen.workers - self.workers).abs() > 0.02 {
            self.workers = seen.workers; // a limit cut it: stored as it came out, so nothing winds up
        }
        self.recent.add(seen, target, self.idle.seconds());
        if self.target != Some(target) {
            self.retarget(target, seen, set);
        }
        if self.beyond.is_some() {
            return self.wait(seen, set, target);
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
        let idle = self.idle.seconds();
        let note = note.or_else(|| self.recent.narrate(target, idle, self.workers));
        let converged = self.recent.converged();
        let bound = self.workers >= f64::from(set.bounds.max);
        let note = note.or_else(|| {
            if converged && !self.ramping || bound {
                self.loose.said(target)
            } else {
                None
            }
        });
        Move {
            workers: self.workers,
            state: if converged { State::Hold } else { State::Track },
            settled,
            resting: converged,
            converged,
            terms: self.published(),
            measured: self.recent.read(target.variable, idle),
            note,
            evidence: Some(self.evidence(target)),
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
