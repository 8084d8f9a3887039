//! From the best down to the knee of the curve: the place it proposes is measured until the curve does not move any more.
//! It never accepts a step on one lucky count. The near side of the knee is looked at later, from rest (`track`).

use super::Step;
use super::known::Known;
use super::race;
use super::trial::{Tick, Trial, within};
use crate::control::Observation;
use crate::model::setpoints::Setpoints;

/// The curve has settled when its knee lies this close (in e-folds) to a firm count.
const CLOSE: f64 = 0.10;
/// Deepest single step down.
const DEEPEST: f64 = 0.5;
/// Most trials.
const MOST: u32 = 6;

/// Trimming from the best.
#[derive(Clone, Debug)]
pub struct Trim {
    best: u32,
    trial: Option<Trial>,
    tried: u32,
}

impl Trim {
    /// From `best` workers.
    pub fn new(best: u32) -> Self {
        Self {
            best,
            trial: None,
            tried: 0,
        }
    }

    /// One tick; done when the step says so.
    pub fn step(&mut self, seen: &Observation, set: &Setpoints, known: &mut Known) -> Step {
        let Some(trial) = &mut self.trial else {
            return self.next(seen.workers, set, known);
        };
        let n = trial.workers;
        match trial.see(seen, known) {
            Tick::Settling => return Step::at(n),
            Tick::Refused => return self.rest(set, known),
            Tick::Evidence => {}
        }
        let mut step = Step::at(n);
        let evidence = race::evidence(trial.sample.ok, set, known);
        if trial.whole_waves(seen, known) && (trial.firm(known) || trial.hopeless(known)) {
            let note = self.settle(n, known);
            step = self.next(seen.workers, set, known);
            step.note = Some(note);
        }
        step.settled = true;
        step.evidence = Some(evidence);
        step
    }

    fn settle(&self, n: u32, known: &Known) -> String {
        let shares = known.shares(n);
        let percent = 100.0 * (shares.counted * shares.fitted).sqrt();
        format!("{n}: {percent:.0} % of best")
    }

    fn next(&mut self, from: f64, set: &Setpoints, known: &mut Known) -> Step {
        let wished = if self.tried < MOST { self.wish(set, known) } else { None };
        self.tried += 1;
        let Some(n) = wished else { return self.rest(set, known) };
        self.trial = Some(Trial::new(n, from as u32, known));
        Step::at(n)
    }

    /// The knee of the curve, until it is firm.
    fn wish(&self, set: &Setpoints, known: &Known) -> Option<u32> {
        let knee = self.aim(known);
        if known.firm_near(knee, CLOSE) {
            return None;
        }
        let n = known.snap(within(knee, set.bounds), CLOSE / 2.0);
        Some(n).filter(|n| known.at(*n).ok < 0.7 * known.firm())
    }

    fn aim(&self, known: &Known) -> f64 {
        let best = f64::from(self.best);
        let failing = known.fence.at().map_or(f64::INFINITY, |n| f64::from(n - 1));
        known.knee(self.best).clamp(DEEPEST * best, best / DEEPEST).min(failing)
    }

    fn rest(&self, set: &Setpoints, known: &Known) -> Step {
        Step {
            done: true,
            ..Step::at(within((self.aim(known) - 0.1).ceil(), set.bounds)) // the fewest whole workers on that side
        }
    }
}
