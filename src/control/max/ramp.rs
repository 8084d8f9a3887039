//! Growing by factors until more workers stop paying, from one worker or, after a change, from where it stands.
//! It leaves the fine question to refine and trim.

use super::known::{Known, SLOW};
use super::race::{self, Pace, Verdict};
use super::trial::{Tick, Trial, within};
use super::{Step, gain_note};
use crate::control::Observation;
use crate::control::variable::Sample;
use crate::model::format::workers;
use crate::model::setpoints::Setpoints;

/// Up to here factors of four are not too bold.
const BOLD_UP_TO: u32 = 1024;
/// Rungs lie far apart: a few answers tell them from each other.
const PACE: Pace = Pace {
    answers: 8.0,
    longest: 1.0,
};
/// d ln X/d ln N below which a rung is a strike even if it wins.
const WEAK: f64 = 0.3;
/// Answers and seconds of the first rung after a change: everything is compared with it.
const AGAIN: (f64, f64) = (250.0, 0.2);
/// Answers of a first tick that is judged alone, and by how many standard errors it must win.
const EARLY: f64 = 24.0;
const CLEARLY: f64 = 3.0;
/// Squared variation of answers so regular that three of them tell the response.
const REGULAR: f64 = 0.02;
/// Errors that end it.
const ERRORS: f64 = 0.05;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Up, from the start of a run.
    Fresh,
    /// Up after a change or hand-over, or from where the user began.
    Again,
    /// Down, since the first step up lost.
    Down,
}

/// The ramp.
#[derive(Clone, Debug)]
pub struct Ramp {
    trial: Trial,
    best: u32,
    /// The newcomer that won narrowly: a count between it and `best` is on trial, after it.
    rival: Option<u32>,
    strikes: f64,
    way: Way,
    first: bool,
    /// The last rung won clearly; if a bound stops it now, it was still rising.
    rising: bool,
}

impl Ramp {
    /// From `workers` in force; up or down from there, after a change, when `again`.
    pub fn new(workers: u32, again: bool, known: &mut Known) -> Self {
        Self {
            trial: Trial::new(workers, workers, known),
            best: workers,
            rival: None,
            strikes: 0.0,
            way: if again { Way::Again } else { Way::Fresh },
            first: true,
            rising: false,
        }
    }

    /// The first tick of a run: the workers were there from its beginning.
    pub fn begin(&mut self, seen: &Observation, known: &mut Known) {
        if self.trial.workers == 1 && seen.ok > 0 {
            self.trial.begin(seen, known);
        }
    }

    /// One tick; done when the step says so, the best worker count is then `step.workers`.
    pub fn step(&mut self, seen: &Observation, set: &Setpoints, known: &mut Known) -> Step {
        match self.trial.see(seen, known) {
            Tick::Settling if !self.glimpse(seen, set, known) => return Step::at(self.trial.workers),
            Tick::Settling => return self.climb(Verdict::Win, seen, set, known),
            Tick::Refused => return self.end(format!("{} not available, back", workers(self.trial.workers))),
            Tick::Evidence => {}
        }
        let mut step = if self.first {
            self.start(seen, set, known)
        } else {
            self.rung(seen, set, known)
        };
        step.settled = true;
        step.evidence = Some(race::evidence(self.trial.sample.ok, set, known));
        step
    }

    /// The first rung has nothing to be compared with: it only needs to be known.
    fn start(&mut self, seen: &Observation, set: &Setpoints, known: &mut Known) -> Step {
        let s = self.trial.sample;
        let least = if seen.gentle { 1.0 } else { 0.1 } - 1e-9;
        let enough = if self.way == Way::Fresh && !seen.gentle && self.trial.workers == 1 {
            (s.ok >= 12.0 && s.span >= least) || (s.ok >= 3.0 && (s.ok >= 8.0 || s.variation() < REGULAR))
        } else if known.slow() {
            known.rung_known(self.trial.workers) || (s.span >= 8.0 && s.ok >= 8.0) || (s.span >= 20.0 && s.ok >= 1.0)
        } else {
            let (answers, time) = if self.way == Way::Fresh { (24.0, least) } else { AGAIN };
            (s.ok >= answers && s.span >= time - 1e-9) || s.span >= 1.0 - 1e-9
        };
        if !enough || !self.trial.whole_waves(seen, known) {
            return Step::at(self.trial.workers);
        }
        self.first = false;
        if self.way == Way::Again && known.full(self.best, set.knobs.g) {
            self.way = Way::Down;
            return self.move_to(f64::from(self.best) / 2.0, set, known);
        }
        self.rising = true;
        let factor = if self.bold(seen, known) { 4.0 } else { 2.0 };
        self.grow(factor, set, known)
    }

    fn rung(&mut self, seen: &Observation, set: &Setpoints, known: &mut Known) -> Step {
        let (n, best) = (self.trial.workers, self.best);
        if known.errors() > ERRORS && self.trial.sample.err >= 5.0 {
            let share = known.errors() * 100.0;
            known.fence.put(n);
            return self.end(format!("{}: {share:.0} % errors, back to {best}", workers(n)));
        }
        let verdict = race::judge(&self.trial, self.rival.unwrap_or(best), PACE, seen, set, known);
        if verdict == Verdict::Open || !self.patient(seen, known) {
            return Step::at(n);
        }
        // Gently, no step is more than a doubling: from the fewer workers the next rung would be a fourfold one.
        let doubted = self.rival.is_none() && verdict == Verdict::Win && !seen.gentle;
        if doubted && race::narrow(n, best, known) {
            return self.once_more(n, known);
        }
        // On trial is what lies between: its win is the newcomer's loss.
        let newcomer = match verdict {
            _ if self.rival.is_none() => verdict,
            Verdict::Win => Verdict::Loss,
            _ => Verdict::Win,
        };
        self.climb(newcomer, seen, set, known)
    }

    /// Before the rate has settled: nothing queues at all, or the first tick alone says clearly more. Then the rung is won,
    /// and what was seen of it is kept.
    fn glimpse(&self, seen: &Observation, set: &Setpoints, known: &mut Known) -> bool {
        let (n, best) = (self.trial.workers, self.best);
        if self.first || self.rival.is_some() || seen.gentle || self.way == Way::Down || seen.err > 0 {
            return false;
        }
        let idle = self
            .trial
            .unqueued(known)
            .filter(|_| self.way == Way::Fresh)
            .map(|s| (s, 0.0));
        let clear = |(s, doubt): &(Sample, f64)| {
            let gain = (s.rate() / known.at(best).rate()).ln();
            let apart = (f64::from(n) / f64::from(best)).ln();
            let error = known.noise.error(s.ok).hypot(known.utility(best, 0.0).1).hypot(*doubt);
            s.ok >= EARLY && gain - set.knobs.kappa.max(WEAK) * apart > CLEARLY * error
        };
        let found = idle.or_else(|| self.trial.early(seen).filter(clear));
        found.inspect(|(s, doubt)| known.glance(n, *s, *doubt)).is_some()
    }

    /// A narrow win: what lies between is held after it. On a target that warms up, the later one wins; on a soft knee, it
    /// is nearer to the top than either, where the fewer workers held again would lose a second.
    fn once_more(&mut self, n: u32, known: &mut Known) -> Step {
        let between = (f64::from(self.best) * f64::from(n)).sqrt().round() as u32;
        self.rival = Some(n);
        self.trial = Trial::new(between, n, known);
        known.renew(between);
        Step {
            note: Some(format!("{n} workers: a little more, {between} next")),
            ..Step::at(between)
        }
    }

    /// A rung is decided.
    fn climb(&mut self, verdict: Verdict, seen: &Observation, set: &Setpoints, known: &mut Known) -> Step {
        let (n, best) = (self.rival.take().unwrap_or(self.trial.workers), self.best);
        let (old, new) = (known.at(best).rate(), known.at(n).rate());
        let elasticity = race::elasticity(n, best, known);
        let note = gain_note(n, new / old, best, verdict == Verdict::Win);
        let between = self.trial.workers;
        let better = |m: u32| known.utility(m, set.knobs.kappa).0 > known.utility(best, set.knobs.kappa).0;
        if verdict == Verdict::Win {
            self.best = n;
        } else if between != n && better(between) {
            self.best = between;
        }
        let mut step = match self.way {
            Way::Down => self.downwards(verdict, set, known),
            _ => self.upwards(n, verdict, elasticity, new < 0.5 * old, seen, set, known),
        };
        step.note = Some(note);
        step
    }

    #[allow(clippy::too_many_arguments, reason = "one call, each a fact of the rung")]
    fn upwards(
        &mut self,
        n: u32,
        verdict: Verdict,
        elasticity: f64,
        collapsed: bool,
        seen: &Observation,
        set: &Setpoints,
        known: &mut Known,
    ) -> Step {
        let again = self.way == Way::Again;
        let queues = elasticity <= race::PAYS && known.crowded(n, set.knobs.g);
        let weak = verdict == Verdict::Loss || (elasticity <= WEAK && n > 4);
        // A strike stands until growth plainly pays: between the two, a target that warms up would take it back.
        self.strikes = match weak {
            true => self.strikes + 1.0,
            false if elasticity > race::PAYS => 0.0,
            false => self.strikes,
        };
        self.rising = !weak;
        let moved = self.best == n;
        if again && !moved && self.strikes == 1.0 && known.points().count() <= 2 {
            self.way = Way::Down;
            return self.move_to(f64::from(self.best) / 2.0, set, known);
        }
        if collapsed || queues || self.strikes >= if again { 1.0 } else { set.knobs.patience } {
            return self.end_quietly();
        }
        let bold = elasticity > 0.85 && self.bold(seen, known);
        self.move_to(f64::from(n) * if bold { 4.0 } else { 2.0 }, set, known)
    }

    fn downwards(&mut self, verdict: Verdict, set: &Setpoints, known: &mut Known) -> Step {
        if verdict == Verdict::Loss || self.trial.workers <= set.bounds.min {
            return self.end_quietly();
        }
        self.grow(0.5, set, known)
    }

    /// Whether a factor of four is fair to the target: nothing queues yet, and answers come fast enough to notice.
    fn bold(&self, seen: &Observation, known: &Known) -> bool {
        let now = known.at(self.trial.workers).mean().unwrap_or(0.0);
        let unqueued = known.idle().is_none_or(|idle| now <= 1.08 * idle);
        let small = self.trial.workers < BOLD_UP_TO && self.way == Way::Fresh;
        let fast = known.at(self.trial.workers).rate() >= SLOW || self.trial.workers == 1 || self.trial.unqueued(known).is_some();
        unqueued && small && fast && !seen.gentle
    }

    /// Rungs of the gentle profile last ≥ 1 s and ≥ 200 answers (≤ 3 s); those of a slow target 40 answers.
    fn patient(&self, seen: &Observation, known: &Known) -> bool {
        let s = self.trial.sample;
        let gentle = !seen.gentle || (s.span >= 1.0 - 1e-9 && (s.ok >= 200.0 || s.span >= 3.0 - 1e-9));
        gentle && (!known.slow() || known.rung_known(self.trial.workers))
    }

    fn grow(&mut self, factor: f64, set: &Setpoints, known: &mut Known) -> Step {
        self.move_to(f64::from(self.trial.workers) * factor, set, known)
    }

    fn move_to(&mut self, workers: f64, set: &Setpoints, known: &mut Known) -> Step {
        let from = self.trial.workers;
        let failing = known.fence.at().is_some_and(|n| workers >= f64::from(n));
        let halfway = || known.fence.halfway(self.best).unwrap_or(f64::from(self.best));
        let to = within(if failing { halfway() } else { workers }, set.bounds);
        if to == from || to == self.best {
            let mut step = self.end_quietly();
            step.at_limit = self.rising && workers > f64::from(to);
            if step.at_limit {
                step.note = Some(format!("{from} workers are the limit, still rising"));
            }
            return step;
        }
        self.trial = Trial::new(to, from, known);
        Step::at(to)
    }

    fn end(&mut self, note: String) -> Step {
        let mut step = self.end_quietly();
        step.note = Some(note);
        step
    }

    fn end_quietly(&mut self) -> Step {
        Step {
            done: true,
            ..Step::at(self.best)
        }
    }
}
