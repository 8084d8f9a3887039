//! Experiments on the running target that the regulator makes instead of asking a law: a step test, a relay, a check in
//! open traffic.
//! They end by themselves, always back at the workers they began with. They refuse to change a gain.

mod relay;
mod step;
mod verify;

use super::variable::Sample;
use super::{Observation, Open};
use crate::model::setpoints::{Bounds, Setpoint};
use crate::telemetry::experiment::{StepTest, Tune};
use crate::telemetry::frame::{Evidence, State};
use crate::telemetry::promise::{Breach, Check};
use relay::Relay;
use step::Step;
use verify::Verify;

pub use verify::Traffic;

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A step test.
    Step(StepTest),
    /// A relay, with its proposal.
    Tune(Tune),
    /// A check in open traffic.
    Check(Check),
    /// Nothing, and why.
    Failed(String),
}

/// One tick of it.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Workers from now on, > 0.
    pub workers: f64,
    /// Open traffic instead of the closed model.
    pub open: Option<Open>,
    /// What it still needs.
    pub evidence: Option<Evidence>,
    /// It is over; `workers` are those of the beginning.
    pub outcome: Option<Outcome>,
}

/// The one that runs.
#[derive(Clone, Debug)]
pub enum Experiment {
    /// A step up or down and back.
    Step(Step),
    /// Switching around the present point.
    Relay(Box<Relay>),
    /// Open traffic at a fixed rate.
    Verify(Box<Verify>),
}

impl Experiment {
    /// A step by `fraction` from `workers`, by whole workers if `whole`.
    ///
    /// # Errors
    /// A refusal with its remedy.
    pub fn step(workers: f64, fraction: f64, whole: bool, bounds: Bounds) -> Result<Self, String> {
        Step::new(workers, fraction, whole, bounds).map(Self::Step)
    }

    /// A relay around `workers` on a target's quantity, without one on the mean response.
    ///
    /// # Errors
    /// A refusal with its remedy.
    pub fn relay(workers: f64, target: Option<Setpoint>, bounds: Bounds) -> Result<Self, String> {
        Relay::new(workers, target, bounds).map(|r| Self::Relay(Box::new(r)))
    }

    /// Open traffic, to be followed by `workers`.
    ///
    /// # Errors
    /// A refusal with its remedy.
    pub fn verify(workers: f64, traffic: Traffic, bounds: Bounds) -> Result<Self, String> {
        Verify::new(workers, traffic, bounds).map(|v| Self::Verify(Box::new(v)))
    }

    /// A guard objects. True: the experiment itself takes that for its result and goes on to its end.
    pub fn objects(&mut self, why: Breach) -> bool {
        match self {
            Self::Verify(e) => {
                e.object(why);
                true
            }
            _ => false,
        }
    }

    /// What a check has seen so far.
    pub fn check(&self) -> Option<Check> {
        match self {
            Self::Verify(e) => Some(e.check()),
            _ => None,
        }
    }

    /// One tick.
    pub fn tick(&mut self, seen: &Observation) -> Progress {
        match self {
            Self::Step(e) => e.tick(seen),
            Self::Relay(e) => e.tick(seen),
            Self::Verify(e) => e.tick(seen),
        }
    }

    /// Workers it began with and goes back to.
    pub fn workers(&self) -> f64 {
        match self {
            Self::Step(e) => e.from,
            Self::Relay(e) => e.centre,
            Self::Verify(e) => e.workers,
        }
    }

    /// As the screen names it.
    pub fn state(&self) -> State {
        match self {
            Self::Step(_) => State::Step,
            Self::Relay(_) => State::Tune,
            Self::Verify(e) => e.state(),
        }
    }

    /// As a sentence names it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Step(_) => "step test",
            Self::Relay(_) => "tune",
            Self::Verify(_) => "check",
        }
    }
}

/// Answers and seconds still missing.
fn evidence(sample: &Sample, need: f64, longest: f64) -> Evidence {
    let rate = sample.rate().max(0.1);
    Evidence {
        have: sample.ok.min(need),
        need,
        seconds: ((need - sample.ok).max(0.0) / rate).min((longest - sample.span).max(0.0)),
    }
}
