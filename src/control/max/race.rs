//! Two worker counts against each other, sequentially: as little evidence as the difference allows.
//! It does not know what either of them is for.

use super::known::Known;
use super::trial::Trial;
use crate::control::Observation;
use crate::model::setpoints::Setpoints;
use crate::telemetry::frame::Evidence;

/// Answers after which more would be waste.
const PLENTY: f64 = 2400.0;
/// Answers without which a slow target is not judged by the sign alone.
const LEAST: f64 = 100.0;
/// The difference, in e-folds of rate, that evidence is planned for: what twice the workers must bring.
const DIFFERENCE: f64 = 0.07;

/// Where a race stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// The newcomer is better.
    Win,
    /// It is not.
    Loss,
    /// More evidence is needed.
    Open,
}

/// How hasty a race may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Answers before a clear difference counts.
    pub answers: f64,
    /// Seconds after which the sign decides.
    pub longest: f64,
}

/// Judges the trial against `best` by utility: at |z| above the caution knob from 0.4·min(R, 1 s) and enough answers on;
/// by the sign after `pace.longest` or 2400 answers, never by the sign with fewer than 100 answers when the target is slow.
pub fn judge(trial: &Trial, best: u32, pace: Pace, seen: &Observation, set: &Setpoints, known: &Known) -> Verdict {
    let (new, old) = (
        known.utility(trial.workers, set.knobs.kappa),
        known.utility(best, set.knobs.kappa),
    );
    let z = (new.0 - old.0) / new.1.hypot(old.1);
    let verdict = if new.0 > old.0 { Verdict::Win } else { Verdict::Loss };
    let response = known.response();
    let (ok, span) = (trial.sample.ok, trial.sample.span);
    if !trial.whole_waves(seen, known) {
        return Verdict::Open;
    }
    if span >= 0.4 * response.min(1.0) - 1e-9 && ok >= pace.answers && z.abs() > set.knobs.z {
        return verdict;
    }
    let late = span >= pace.longest.max(response.min(2.0)) - 1e-9 && (!known.slow() || ok >= LEAST);
    if late || ok >= PLENTY { verdict } else { Verdict::Open }
}

/// What a decision on `have` answers still needs: 2·I·z²/d² per worker count, for d = 7 %.
pub fn evidence(have: f64, set: &Setpoints, known: &Known) -> Evidence {
    let need = 2.0 * known.noise.dispersion() * set.knobs.z.powi(2) / DIFFERENCE.powi(2);
    Evidence {
        have: have.min(need),
        need,
        seconds: (need - have).max(0.0) / known.rate().max(0.1),
    }
}
