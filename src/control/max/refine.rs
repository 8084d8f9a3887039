//! Between the rungs: a wide gap beside the best is split by a race, then the far side of the top is measured firmly.
//! It leaves the near side, and the knee, to trim.

use super::known::Known;
use super::race::{self, Pace, Verdict};
use super::trial::{Tick, Trial, within};
use super::{Step, gain_note};
use crate::control::Observation;
use crate::model::setpoints::Setpoints;

/// Candidates lie close together: many looks at few answers would find differences that are not there.
const PACE: Pace = Pace {
    answers: 300.0,
    longest: 1.0,
};
/// A gap wider than this beside the best is split.
const WIDE: f64 = 2.5;
/// Errors that end a trial: nobody advises one answer in fifty to fail. At half of it a target that always fails a little is
/// fenced off at one worker.
const ERRORS: f64 = 0.02;
/// Seconds that are spent on it, if they bring answers.
const FAR_TIME: f64 = 0.5;
/// χ² per degree of freedom up to which one curve goes through all points.
const ONE_CURVE: f64 = 3.0;
/// The far side, in knees.
const FAR_SIDE: f64 = 2.3;
/// A firm count this close (in e-folds) does as well.
const CLOSE: f64 = 0.2;
/// Share of a firm count's answers with which a rung that clearly lost bends the curve: 80 say it to ±11 %, and it lost by
/// more. At twice as many the far side of a soft knee is held for a second again, at nine tenths of the best.
const BENDS: f64 = 0.05;
/// Most trials.
const MOST: u32 = 4;

/// Refinement around the best rung.
#[derive(Clone, Debug)]
pub struct Refine {
    best: u32,
    trial: Option<Trial>,
    /// More workers that won narrowly: `best` is on trial again, after them.
    rival: Option<u32>,
    tried: u32,
    /// The trial splits a gap; else it measures the far side.
    split: bool,
    /// The far side was measured: once bends the curve, and each time is spent off the best.
    measured: bool,
}

impl Refine {
    /// Around `best`.
    pub fn new(best: u32) -> Self {
        Self {
            best,
            trial: None,
            rival: None,
            tried: 0,
            split: false,
            measured: false,
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
            Tick::Refused => {
                self.rival = None;
                return self.next(seen.workers, set, known);
            }
            Tick::Evidence => {}
        }
        let evidence = race::evidence(trial.sample.ok, set, known);
        if seen.err > 0 && trial.sample.errors() > ERRORS && trial.sample.err >= 5.0 {
            known.fence.put(n);
        }
        let over = match self.split {
            _ if known.fence.at() == Some(n) => true,
            true => race::judge(trial, self.rival.unwrap_or(self.best), PACE, seen, set, known) != Verdict::Open,
            false => {
                trial.whole_waves(seen, known) && (trial.firm(known) || trial.hopeless(known) || enough_of_far(trial, known))
            }
        };
        let mut step = Step::at(n);
        if over {
            step = self.decide(n, seen, set, known);
        }
        step.settled = true;
        step.evidence = Some(evidence);
        step
    }

    /// The trial of `n` workers is over. More workers that win narrowly must win again, and a long queue is no win.
    fn decide(&mut self, n: u32, seen: &Observation, set: &Setpoints, known: &mut Known) -> Step {
        let again = self.rival.is_some();
        let n = self.rival.take().unwrap_or(n);
        let more = known.utility(n, set.knobs.kappa).0 > known.utility(self.best, set.knobs.kappa).0;
        if more && !again && race::narrow(n, self.best, known) {
            self.rival = Some(n);
            let step = Step {
                note: Some(format!("{n} workers: a little more, {} again", self.best)),
                ..Step::at(self.best)
            };
            self.trial = Some(Trial::new(self.best, seen.workers as u32, known));
            known.renew(self.best);
            return step;
        }
        let queues = n > self.best && known.crowded(n, set.knobs.g) && race::elasticity(n, self.best, known) <= race::PAYS;
        let won = more && !queues;
        let note = gain_note(n, known.at(n).rate() / known.at(self.best).rate(), self.best, won);
        if won {
            self.best = n;
        }
        let mut step = self.next(seen.workers, set, known);
        step.note = Some(note);
        step
    }

    fn next(&mut self, from: f64, set: &Setpoints, known: &mut Known) -> Step {
        let candidate = if self.tried + 1 < MOST {
            self.gap(known).map(|n| (n, true))
        } else {
            None
        };
        let far = || {
            self.far(set, known)
                .map(|n| (n, false))
                .filter(|_| self.tried < MOST && !self.measured)
        };
        let candidate = candidate
            .filter(|c| known.points().all(|(m, _)| !near(*c, m) || !known.lost(m)))
            .or_else(far);
        self.tried += 1;
        let fresh = |(n, split): (f64, bool)| {
            let n = known.snap(within(n, set.bounds), CLOSE / 2.0);
            (!known.lost(n) && known.at(n).ok < 0.7 * known.firm()).then_some((n, split))
        };
        match candidate
            .and_then(fresh)
            .map(|(n, split)| (std::mem::replace(&mut self.split, split), n).1)
        {
            Some(n) => {
                self.measured |= !self.split;
                self.trial = Some(Trial::new(n, from as u32, known));
                Step::at(n)
            }
            None => Step {
                done: true,
                ..Step::at(self.best)
            },
        }
    }

    /// Where to look between the points: below a failing worker count, at the knee of the curve where one curve goes through
    /// all of it, else in the middle of a wide gap beside the best.
    fn gap(&self, known: &Known) -> Option<f64> {
        if known.fence.at().is_some() {
            return known.fence.halfway(self.best);
        }
        let one_curve = known.law_near(self.best).is_some_and(|l| l.misfit < ONE_CURVE);
        if one_curve && known.points().count() >= 4 {
            return Some(known.knee(self.best)).filter(|knee| !known.firm_near(*knee, CLOSE));
        }
        let low = known.points().rev().map(|p| p.0).find(|n| *n < self.best);
        let high = known.points().map(|p| p.0).find(|n| *n > self.best);
        let split = |a: u32, b: u32| {
            let (a, b) = (f64::from(a), f64::from(b));
            (b > WIDE * a).then(|| (a * b).sqrt())
        };
        low.and_then(|l| split(l, self.best))
            .or_else(|| high.and_then(|h| split(self.best, h)))
    }

    /// The far side of the top, unless it is known there.
    fn far(&self, set: &Setpoints, known: &Known) -> Option<f64> {
        let far = FAR_SIDE * known.knee(self.best).min(2.0 * f64::from(self.best));
        let seen = |n: u32| {
            f64::from(n) > 0.75 * far && f64::from(n) < 1.7 * far && known.lost(n) && known.at(n).ok >= BENDS * known.firm()
        };
        if known.points().any(|(n, _)| seen(n)) {
            return None;
        }
        if known.would_crowd(far, self.best, set.knobs.g) {
            return None;
        }
        let safe = known.fence.at().is_none_or(|n| far < 0.9 * f64::from(n));
        Some(far).filter(|n| safe && !known.firm_near(*n, CLOSE))
    }
}

/// A candidate beside a worker count.
fn near(candidate: (f64, bool), workers: u32) -> bool {
    (candidate.0 / f64::from(workers)).ln().abs() < CLOSE / 2.0
}

/// The far side only bends the curve: half a second of it will do.
fn enough_of_far(trial: &Trial, known: &Known) -> bool {
    trial.sample.span >= FAR_TIME - 1e-9 && trial.sample.ok >= 0.4 * known.firm()
}
