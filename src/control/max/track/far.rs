//! A look far beyond the knee, from rest: does the rate fall there, or stay? Repeated until that is plain, a few times.
//! It refuses to go where errors were met, and, on the gentle profile, farther than the search has been.

use super::{Stage, Step, Track};
use crate::control::Observation;
use crate::control::max::known::Known;
use crate::control::max::race;
use crate::control::max::trial::{Trial, within};
use crate::model::format::workers;
use crate::model::setpoints::Setpoints;

/// How far, in knees; and what else speaks of what lies beyond.
const FAR: f64 = 2.8;
const BEYOND: (f64, f64) = (1.6, 3.2);
/// A look goes to a worker count this near (in e-folds) that has answers already.
const NEAR: f64 = 0.15;
/// Share of the best below which the rate has fallen, and standard errors by which that is plain.
const FALLEN: f64 = 0.9;
const PLAIN: f64 = 2.0;
/// Fewer workers than this have had their neighbours far beyond in the ramp and in every probe.
const FEWEST: u32 = 4;
/// A look that finds so much more, in e-folds, beside three errors, says that the target is another.
const MORE: f64 = 0.15;
/// Answers without which a worker count says nothing of it.
const NEEDS: f64 = 100.0;
/// Errors that end a look and all others.
const ERRORS: f64 = 0.05;
/// Most looks, and seconds of one.
const MOST: u32 = 2;
const SHORTEST: f64 = 0.5;
const LONGEST: f64 = 1.5;

impl Track {
    /// Where to look, while it is not plain whether the rate falls beyond the knee.
    pub(super) fn far(&self, seen: &Observation, set: &Setpoints, known: &Known) -> Option<u32> {
        let n = f64::from(self.workers);
        let to = known.snap(within(FAR * n, set.bounds), NEAR);
        let beyond = |m: u32| f64::from(m) >= BEYOND.0 * n && f64::from(m) <= BEYOND.1 * n;
        let failed = known.points().any(|(m, s)| m > self.workers && s.errors() > ERRORS);
        let crowds = known.would_crowd(f64::from(to), self.workers, race::FAR * set.knobs.g);
        let forbidden = failed || crowds || known.fence.at().is_some() || (seen.gentle && to > known.most());
        let wanted = self.looks < MOST && self.workers >= FEWEST && !known.slow() && beyond(to) && !forbidden;
        (wanted && !known.points().any(|(m, _)| beyond(m) && self.plain(m, known))).then_some(to)
    }

    /// Whether `workers` surely give less than the share that counts as fallen, or surely more.
    fn plain(&self, workers: u32, known: &Known) -> bool {
        let (there, here) = (known.at(workers), known.at(self.workers));
        let looks = f64::from(self.looks.max(1));
        let sway = known.sway.value() / looks.sqrt();
        let error = known.noise.error(there.ok).hypot(known.noise.error(here.ok)).hypot(sway);
        let off = (there.rate() / (FALLEN * here.rate())).ln();
        there.ok >= NEEDS && off.abs() > PLAIN * error
    }

    /// Leaves the rest for a look at `to` workers.
    pub(super) fn look_far(&mut self, to: u32, known: &mut Known) {
        self.looks += 1;
        self.stage = Stage::Far;
        self.trial = Trial::new(to, self.workers, known);
    }

    /// One tick of a look; back to rest when it is over.
    pub(super) fn far_look(&mut self, seen: &Observation, set: &Setpoints, known: &mut Known) -> Step {
        let s = self.trial.sample;
        let failing = s.err >= 5.0 && s.errors() > ERRORS;
        if failing {
            known.fence.put(self.trial.workers);
        }
        let told = s.span >= SHORTEST - 1e-9 && (s.ok >= 0.4 * known.firm() || s.span >= LONGEST - 1e-9);
        if !failing && (!told || !self.trial.whole_waves(seen, known)) {
            return Step {
                evidence: Some(race::evidence(s.ok, set, known)),
                ..Step::at(self.trial.workers)
            };
        }
        let here = known.at(self.workers);
        let share = s.rate() / here.rate();
        let note = format!(
            "{}: {:.0} % of what {} give",
            workers(self.trial.workers),
            100.0 * share,
            self.workers
        );
        let sway = std::f64::consts::SQRT_2 * known.sway.value();
        let error = known.noise.error(s.ok).hypot(known.noise.error(here.ok)).hypot(sway);
        if share.ln() > MORE + 3.0 * error {
            return self.astray(format!("{note}: search again"));
        }
        self.rest_again(seen, known);
        Step {
            note: Some(note),
            ..Step::at(self.workers)
        }
    }
}
