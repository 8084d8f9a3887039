//! One controller on one plant: the conductor of the product over the simulated plant, tick by tick.
//! It tells the controller nothing but what the plant says.

use super::oracle::Oracle;
use super::score::{self, Score};
use super::{LATE, MOST, TICK, TICKS};
use crate::conduct::{Conductor, Limits};
use crate::model::run::RunInfo;
use crate::model::setpoints::{Bounds, Mode, Setpoints};
use crate::sim::plants::Recipe;
use crate::sim::watched::{Trace, Watched};
use crate::sim::world::World;

/// Ticks after which a run of nothing but errors is given up.
const HOPELESS: usize = 100;
/// What nothing but errors is.
const ERRORS: f64 = 0.9;

/// Runs it for 60 s from one worker and scores it.
pub(super) fn run(recipe: &Recipe, mode: Mode, seed: u64, oracle: &mut Oracle) -> Score {
    score(&trace(conductor(mode, seed).unwatched(), recipe, seed), oracle)
}

fn conductor(mode: Mode, seed: u64) -> Conductor {
    let set = Setpoints {
        mode,
        bounds: Bounds { min: 1, max: MOST },
        ..Setpoints::default()
    };
    let info = RunInfo {
        seed,
        simulated: true,
        ..RunInfo::default()
    };
    Conductor::new(info, set, Limits::default(), Vec::new())
}

fn trace(mut conductor: Conductor, recipe: &Recipe, seed: u64) -> Trace {
    let mut plant = Watched::new(World::new(recipe.clone(), None, seed), LATE);
    conductor.start(&mut plant);
    for tick in 0..TICKS {
        conductor.tick(TICK * (tick as u64 + 1), &mut plant, &[]);
        if hopeless(&plant.trace) {
            break;
        }
    }
    let mut trace = plant.trace;
    let last = trace.workers.last().copied().unwrap_or(1.0);
    trace.workers.resize(TICKS, last);
    trace.ok.resize(TICKS, 0);
    trace
}

/// More than 90 % errors for 10 s: what follows gives nothing either.
fn hopeless(t: &Trace) -> bool {
    let Some(from) = t.ok.len().checked_sub(HOPELESS) else {
        return false;
    };
    let ok: u64 = t.ok[from..].iter().sum();
    let errors: u64 = t.errors[from..].iter().sum();
    errors as f64 > ERRORS * (ok + errors) as f64
}

fn score(t: &Trace, oracle: &mut Oracle) -> Score {
    let shares = oracle.shares(&t.workers);
    let bounds = oracle.bounds();
    let change = (bounds.len() > 2).then(|| bounds[bounds.len() - 2]);
    Score {
        regret: score::loss(&t.ok, &oracle.ok),
        t5: score::time_to(&shares, 0, bounds[1]),
        steady_loss: score::steady_loss(&t.ok, &oracle.ok),
        n_over_knee: score::workers_at_end(&t.workers) / oracle.knee(),
        peak_over_knee: oracle.peak(&t.workers),
        p99_over_knee: t.late.quantile(0.99).zip(oracle.knee_p99).map(|(a, b)| a / b),
        recovery: change.map(|from| score::time_to(&shares, from, TICKS)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_errors_is_hopeless_after_ten_seconds_and_not_before() {
        let mut t = Trace {
            ok: vec![5; 99],
            errors: vec![95; 99],
            ..Trace::default()
        };

        assert!(!hopeless(&t));
        t.ok.push(5);
        t.errors.push(95);
        assert!(hopeless(&t));
        t.errors.fill(40);
        assert!(!hopeless(&t));
    }

    #[test]
    fn nobody_watching_changes_no_decision() {
        let recipe = Recipe::named("uslsteep").unwrap();

        let watched = trace(conductor(Mode::Max, 4), &recipe, 4);
        let alone = trace(conductor(Mode::Max, 4).unwatched(), &recipe, 4);

        assert_eq!((watched.workers, watched.ok), (alone.workers, alone.ok));
    }

    #[test]
    fn standing_at_the_best_workers_loses_nothing_and_is_there_at_once() {
        let recipe = Recipe::named("mmc").unwrap();
        let mut oracle = Oracle::new(&recipe, 2);
        let t = Trace {
            workers: vec![27.0; TICKS],
            ok: oracle.ok.clone(),
            errors: vec![0; TICKS],
            ..Trace::default()
        };

        let s = score(&t, &mut oracle);

        assert_eq!((s.regret, s.steady_loss, s.t5, s.recovery), (0.0, 0.0, Some(0.0), None));
        assert!((s.n_over_knee - 27.0 / 22.0).abs() < 1e-12);
        assert_eq!(s.peak_over_knee, 27.0 / 22.0);
        assert_eq!(s.p99_over_knee, None, "nothing was answered late in this trace");
    }
}
