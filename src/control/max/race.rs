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

/// A win of more workers by less than this, in e-folds of rate, is measured again A B A: on a target that warms up
/// whatever is measured later wins. 20 % is more than twice what a target gains in the second between two rungs with a
/// time constant of 8 s, once it is half warm. At twice this the last rungs before an ordinary knee are all held twice, and
/// t5 of soft knees doubles; at half of it a warming target passes.
const NARROW: f64 = 0.182;
/// d ln X/d ln N up to which growth into a long queue does not pay: where nothing but a queue grows it is 0, where servers
/// are found it is 1.
pub const PAYS: f64 = 0.5;

/// A look far beyond the knee goes no farther than so many times the knob of the queue's length: what it is for, a rate
/// that falls, shows before. At twice this a rest that is too high already looks at twenty knees; at half of it a soft
/// knee's fall is never seen.
pub const FAR: f64 = 1.5;

/// From so many times the workers on a narrow win is doubted: shorter steps cannot run away. At twice this a doubling is
/// not, and the ramp of a warming target goes on; at 1.2 every step of the refinement is held twice.
const FAR_APART: f64 = 1.5;

/// Whether `new` workers, which won against fewer, must win again.
pub fn narrow(new: u32, best: u32, known: &Known) -> bool {
    f64::from(new) >= FAR_APART * f64::from(best) && (known.at(new).rate() / known.at(best).rate()).ln() < NARROW
}

/// d ln X/d ln N from `best` to `new`.
pub fn elasticity(new: u32, best: u32, known: &Known) -> f64 {
    (known.at(new).rate() / known.at(best).rate()).ln() / (f64::from(new) / f64::from(best)).ln()
}

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
