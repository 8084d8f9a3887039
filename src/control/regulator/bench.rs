//! The regulator's experiments: begun by a command, run instead of the law, ended by themselves, a guard or the user.
//! It refuses to run two at once and to leave other workers in force than it found.

use super::super::Move;
use super::super::Observation;
use super::super::experiment::{Experiment, Outcome, Traffic};
use super::super::limits::Gate;
use super::{HAND_OVER, Regulator, Ruling};
use crate::model::setpoints::{LoadModel, Mode, Setpoints};
use crate::telemetry::experiment::{StepTest, Tune};
use crate::telemetry::promise::Check;

/// The one that runs, and what the last ones found.
#[derive(Clone, Debug, Default)]
pub(super) struct Bench {
    running: Option<Experiment>,
    found: Found,
    notes: Vec<String>,
}

/// What experiments found so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Found {
    /// The last step test.
    pub step_test: Option<StepTest>,
    /// The last relay.
    pub tune: Option<Tune>,
    /// The check in open traffic, under way or over; without latencies.
    pub check: Option<Check>,
}

impl Regulator {
    /// Begins a step test by `fraction` of the workers in force.
    ///
    /// # Errors
    /// A refusal with its remedy.
    pub fn step_test(&mut self, fraction: f64, set: &Setpoints) -> Result<String, String> {
        let base = self.may_begin(set)?;
        let begun = Experiment::step(base, fraction, set.mode != Mode::Hold, set.bounds)?;
        Ok(self.start(begun))
    }

    /// Begins a relay around the workers in force.
    ///
    /// # Errors
    /// A refusal with its remedy.
    pub fn tune(&mut self, set: &Setpoints) -> Result<String, String> {
        let base = self.may_begin(set)?;
        let target = set.target.filter(|_| set.mode == Mode::Hold);
        let begun = Experiment::relay(base, target, set.bounds)?;
        Ok(self.start(begun))
    }

    /// Begins a check in open traffic, in place of the workers in force.
    ///
    /// # Errors
    /// A refusal with its remedy.
    pub fn verify(&mut self, traffic: Traffic, set: &Setpoints) -> Result<String, String> {
        let base = self.may_begin(set)?;
        let begun = Experiment::verify(base, traffic, set.bounds)?;
        let said = traffic.to_string();
        self.bench.found.check = begun.check();
        self.bench.running = Some(begun);
        Ok(said)
    }

    /// What experiments found so far.
    pub fn found(&self) -> Found {
        self.bench.found
    }

    /// Ends a running experiment; the sentence, if there was one. The workers are those it began with again.
    pub fn interrupt(&mut self, why: &str) -> Option<String> {
        let ended = self.bench.running.take()?;
        if let Some(check) = ended.check() {
            // Without a verdict it says nothing.
            self.bench.found.check = Some(Check { over: true, ..check }).filter(|c| c.steady.is_some());
        }
        self.workers = ended.workers();
        self.standing = HAND_OVER;
        Some(format!("{} ended without a result: {why}", ended.name()))
    }

    fn may_begin(&mut self, set: &Setpoints) -> Result<f64, String> {
        if let Some(running) = &self.bench.running {
            return Err(format!(
                "a {} is under way (wait for it, or end it with workers N)",
                running.name()
            ));
        }
        if set.model == LoadModel::Open {
            return Err("experiments move workers, and the open model has none to move (say model closed)".into());
        }
        if set.paused {
            return Err("nothing is sent while paused (say resume)".into());
        }
        self.notice(set);
        let asked = set.asked.map(|n| f64::from(n.clamp(set.bounds.min, set.bounds.max)));
        Ok(asked.unwrap_or(self.workers))
    }

    fn start(&mut self, experiment: Experiment) -> String {
        let said = format!("{} around {:.0} workers", experiment.name(), experiment.workers());
        self.bench.running = Some(experiment);
        said
    }

    /// Ends it if the user moved what it rests on.
    pub(super) fn yield_to(&mut self, set: &Setpoints) {
        let was = &self.last;
        let moved = set.mode != was.mode || set.asked != was.asked || set.model != was.model || set.bounds != was.bounds;
        let target = set.mode == Mode::Hold && set.target != was.target;
        if moved || target {
            let note = self.interrupt("the setpoints were moved");
            self.bench.notes.extend(note);
        }
    }

    /// Sentences of experiments that ended outside their own tick.
    pub(super) fn endings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.bench.notes)
    }

    /// The ruling of a running experiment; a guard ends it.
    pub(super) fn experiment(&mut self, seen: &Observation, set: &Setpoints, gate: &Gate) -> Option<Ruling> {
        self.bench.running.as_ref()?;
        let running = self.bench.running.as_mut();
        if let (Some(breach), Some(running)) = (gate.breach, running)
            && !running.objects(breach)
        {
            let why = gate.because.clone().or_else(|| gate.note.clone()).unwrap_or_default();
            let note = self.interrupt(&why);
            self.bench.notes.extend(note);
            return None;
        }
        let running = self.bench.running.as_mut()?;
        let progress = running.tick(seen);
        let (state, base) = (running.state(), running.workers());
        self.bench.found.check = running.check().or(self.bench.found.check);
        let name = running.name();
        let mut notes = Vec::new();
        if let Some(outcome) = progress.outcome {
            self.bench.running = None;
            self.standing = if set.mode == Mode::Manual { 0.0 } else { HAND_OVER };
            notes.push(self.learn(name, outcome));
        }
        let followed = if progress.open.is_some() { base } else { progress.workers };
        let tracked = Observation {
            workers: if progress.open.is_some() { base } else { seen.workers },
            ..seen.clone()
        };
        self.law.controller().track(&tracked, followed);
        self.latest.workers = followed;
        let stand = self.stand(state);
        Some(Ruling {
            workers: progress.workers,
            open: progress.open,
            law: Move {
                evidence: progress.evidence,
                ..stand.law.clone()
            },
            notes,
            ..stand
        })
    }

    fn learn(&mut self, name: &str, outcome: Outcome) -> String {
        match outcome {
            Outcome::Step(found) => {
                self.bench.found.step_test = Some(found);
                found.to_string()
            }
            Outcome::Tune(found) => {
                self.bench.found.tune = Some(found);
                found.to_string()
            }
            Outcome::Check(found) => {
                self.bench.found.check = Some(found);
                found.to_string()
            }
            Outcome::Failed(why) => format!("{name} ended without a result: {why}"),
        }
    }
}
