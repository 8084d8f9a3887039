//! From the best down to the knee: the fewest workers that keep 98 % of the best rate.
//! It never accepts a step on one lucky count: the curve through all answers decides, and each place it proposes is
//! measured until the curve does not move any more.

use super::Step;
use super::known::{KEEP, Known};
use super::race;
use super::trial::{Tick, Trial, within};
use crate::control::Observation;
use crate::model::setpoints::Setpoints;

/// The near side, in knees: what is clearly below it pins the curve.
const NEAR_SIDE: f64 = 0.75;
/// The curve has settled when its knee lies this close (in e-folds) to a firm count.
const CLOSE: f64 = 0.10;
/// A firm count this close does for the near side.
const NEAR_CLOSE: f64 = 0.12;
/// Longest trial of the near side, s.
const PATIENCE: f64 = 3.0;
/// Deepest single step down.
const DEEPEST: f64 = 0.5;
const NEAR: bool = false;
/// Most trials.
const MOST: u32 = 6;

/// Trimming from the best.
#[derive(Clone, Debug)]
pub struct Trim {
    best: u32,
    trial: Option<Trial>,
    tried: u32,
    /// The trial measures the near side.
    near: bool,
}

impl Trim {
    /// From `best` workers.
    pub fn new(best: u32) -> Self {
        Self {
            best,
            trial: None,
            tried: 0,
            near: false,
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
        let firm = trial.firm(known) && (!self.near || convincing(trial, known));
        if trial.whole_waves(seen, known) && (firm || trial.hopeless(known)) {
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
        let only = if percent < 100.0 * KEEP - 0.5 { " only" } else { "" };
        format!("{n} keeps{only} {percent:.0} % of the best")
    }

    fn next(&mut self, from: f64, set: &Setpoints, known: &mut Known) -> Step {
        let wished = if self.tried < MOST { self.wish(set, known) } else { None };
        self.tried += 1;
        let Some(n) = wished else { return self.rest(set, known) };
        self.trial = Some(Trial::new(n, from as u32, known));
        Step::at(n)
    }

    /// The knee of the curve until it is firm, then the near side of it, then whatever the curve makes of that.
    fn wish(&mut self, set: &Setpoints, known: &Known) -> Option<u32> {
        let knee = self.aim(known);
        let near = NEAR_SIDE * knee;
        let pinned = |n: f64| known.firm_near(n, NEAR_CLOSE) || known.points().any(|(m, _)| beside(m, near) && known.lost(m));
        let wished = match knee {
            k if !known.firm_near(k, CLOSE) => k,
            _ if NEAR && !pinned(near) => near,
            _ => return None,
        };
        self.near = wished < knee;
        let n = known.snap(within(wished, set.bounds), CLOSE / 2.0);
        Some(n).filter(|n| known.at(*n).ok < 0.7 * known.firm())
    }

    fn aim(&self, known: &Known) -> f64 {
        let best = f64::from(self.best);
        known.knee(self.best).clamp(DEEPEST * best, best / DEEPEST)
    }

    fn rest(&self, set: &Setpoints, known: &Known) -> Step {
        Step {
            done: true,
            ..Step::at(within((self.aim(known) - 0.1).ceil(), set.bounds)) // the fewest whole workers on that side
        }
    }
}

/// A place near the near side pins the curve as well, if it clearly gives too little.
fn beside(workers: u32, near: f64) -> bool {
    (f64::from(workers) / near).ln().abs() < 2.0 * NEAR_CLOSE
}

/// The near side lies on one side of 98 % by 1.5 standard errors, or was given two and a half times the answers.
fn convincing(trial: &Trial, known: &Known) -> bool {
    let ok = known.at(trial.workers).ok;
    let margin = (known.shares(trial.workers).counted / KEEP).ln();
    margin.abs() > 1.5 * known.noise.error(ok) || ok >= 2.5 * known.firm() || trial.sample.span >= PATIENCE
}
