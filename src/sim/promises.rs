//! How well `slo` finds the highest rate that keeps a promise, on plants nobody tuned for.
//! It refuses to word an answer; what was found is held against rates measured on the same plant for hours of virtual time.
//!
//! ```text
//!  plant i mod all, figures moved ─► a promise it can keep ─┬─► conductor, slo, 60 s ─► found ─┐
//!                                                          └─► truth, by bisection ──────────┴─► judged
//! ```

mod capped;
mod truth;

use super::plants::{NAMES, Recipe};
use super::world::World;
use crate::conduct::{Conductor, Limits};
use crate::model::arrival::Process;
use crate::model::promise::Promise;
use crate::model::run::RunInfo;
use crate::model::setpoints::{Bounds, LoadModel, Mode, Setpoints};
use crate::model::units::Nanos;
use crate::telemetry::frame::{Frame, Phase};
use crate::telemetry::scores::{Kept, Outcome, Promises};
use capped::Capped;
use std::sync::{Arc, OnceLock};

/// Virtual time of a run, and its range.
const RUN: Nanos = Nanos::from_secs(60);
const SHORTEST: Nanos = Nanos::from_secs(10);
const LONGEST: Nanos = Nanos::from_secs(3600);
/// The control period.
const TICK: Nanos = Nanos::from_millis(100);
/// Most workers.
const MOST: u32 = 16_384;
/// A plant that stands for another and is not judged twice.
const TWIN: &str = "usl64";

/// A checked exam: which runs.
#[derive(Clone, Debug)]
pub struct Exam {
    plants: Vec<&'static str>,
    runs: u32,
    jitter: f64,
    seed: u64,
    lasts: Nanos,
    /// Without jitter the truth of a plant is the same in every run.
    known: Arc<Vec<OnceLock<truth::Truth>>>,
}

impl Exam {
    /// `runs` ≥ 1 over `plants` (`all`, or names with commas), figures moved by up to `jitter`, the first run with `seed`.
    ///
    /// # Errors
    /// One sentence that names the remedy.
    pub fn new(plants: &str, runs: u32, jitter: f64, seed: u64) -> Result<Self, String> {
        if runs == 0 {
            return Err("--runs 0 runs nothing (say 1 or more, such as --runs 66)".into());
        }
        if !(0.0..=0.9).contains(&jitter) {
            return Err(format!("--jitter {jitter} is not a share from 0 to 0.9 (say --jitter .4)"));
        }
        let plants = named(plants)?;
        Ok(Self {
            known: Arc::new(plants.iter().map(|_| OnceLock::new()).collect()),
            plants,
            runs,
            jitter,
            seed,
            lasts: RUN,
        })
    }

    /// The same with runs of `time`, in [10 s, 1 h]; a minute otherwise.
    ///
    /// # Errors
    /// One sentence that names the range.
    pub fn lasting(self, time: Nanos) -> Result<Self, String> {
        if (SHORTEST..=LONGEST).contains(&time) {
            Ok(Self { lasts: time, ..self })
        } else {
            Err("-z is from 10s to 1h here (say -z 75s)".into())
        }
    }

    /// How much work each run is, beside others.
    pub fn weights(&self) -> Vec<f64> {
        let weight = |i| match self.plants[i % self.plants.len()] {
            "huge" => 8.0,
            "noisy" | "gcpause" => 2.0,
            _ => 1.0,
        };
        (0..self.runs as usize).map(weight).collect()
    }

    /// Runs and judges one.
    pub fn run(&self, run: usize) -> Kept {
        let place = run % self.plants.len();
        let seed = self.seed.wrapping_add(run as u64);
        let recipe = Recipe::named(self.plants[place]).unwrap_or_else(|| unreachable!("every name is a plant"));
        let recipe = recipe.jittered(seed, self.jitter);
        let truth = if self.jitter > 0.0 {
            truth::truth(&recipe.settled(self.lasts), seed)
        } else {
            *self.known[place].get_or_init(|| truth::truth(&recipe.settled(self.lasts), self.seed))
        };
        judge(&recipe, &truth, seed, self.lasts)
    }

    /// Everything that was judged; `done` in the order of the runs.
    pub fn result(&self, done: &[Option<Kept>]) -> Promises {
        let count = self.plants.len();
        let of = |place: usize| {
            let runs = done.iter().enumerate().filter(|(i, _)| i % count == place);
            runs.filter_map(|(_, k)| k.clone()).collect()
        };
        Promises {
            wanted: self.runs,
            jitter: self.jitter,
            seconds: self.lasts.secs(),
            plants: self.plants.iter().enumerate().map(|(i, p)| (*p, of(i))).collect(),
        }
    }
}

fn named(list: &str) -> Result<Vec<&'static str>, String> {
    if list == "all" {
        return Ok(NAMES.into_iter().filter(|n| *n != TWIN).collect());
    }
    let find = |name: &str| {
        let known = || format!("there is no simulated target {name:?} (there are: all, {})", NAMES.join(", "));
        NAMES.into_iter().find(|n| *n == name).ok_or_else(known)
    };
    list.split(',').map(|n| find(n.trim())).collect()
}

/// One run from a cold start, judged by the truth.
fn judge(recipe: &Recipe, truth: &truth::Truth, seed: u64, lasts: Nanos) -> Kept {
    let (frame, over_cap, confirmed_at) = conduct(recipe, truth.promise, seed, lasts);
    let slo = frame.slo.as_ref();
    let outcome = match slo.map(|s| (s.confirmed, s.answer)) {
        Some((Some(true), _)) => Outcome::Holds,
        Some((Some(false), None)) => Outcome::Missed,
        _ => Outcome::Undecided,
    };
    let confirmed = slo.filter(|s| s.confirmed == Some(true));
    Kept {
        seed,
        promise: truth.promise.to_string(),
        truth: truth.rate,
        answer: slo.and_then(|s| s.answer),
        outcome,
        bad: confirmed.map(|s| s.bad.0 / s.bad.1),
        at: confirmed_at,
        over_cap,
    }
}

/// The last frame, ticks with more in flight than the cap, and when it was confirmed, s.
fn conduct(recipe: &Recipe, promise: Promise, seed: u64, lasts: Nanos) -> (Arc<Frame>, u64, Option<f64>) {
    let set = Setpoints {
        mode: Mode::Slo,
        last_auto: Mode::Slo,
        model: LoadModel::Open,
        arrivals: Process::Poisson,
        promise: Some(promise),
        bounds: Bounds { min: 1, max: MOST },
        ..Setpoints::default()
    };
    let info = RunInfo {
        seed,
        simulated: true,
        ..RunInfo::default()
    };
    let limits = Limits {
        duration: Some(lasts),
        drain: Nanos::from_secs(2),
        ..Limits::default()
    };
    let mut conductor = Conductor::new(info, set, limits, Vec::new()).unwatched();
    let mut plant = Capped::new(World::new(recipe.clone(), None, seed));
    conductor.start(&mut plant);
    let (mut now, mut at) = (Nanos::ZERO, None);
    loop {
        now += TICK;
        let frame = conductor.tick(now, &mut plant, &[]);
        if at.is_none() && frame.slo.as_ref().is_some_and(|s| s.confirmed == Some(true)) {
            at = Some(now.secs());
        }
        if frame.phase == Phase::Done {
            return (frame, plant.over, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_lasts_as_long_as_was_asked_for() {
        let exam = |time| Exam::new("ratelimit", 1, 0.0, 1).and_then(|e| e.lasting(Nanos::from_secs(time)));
        let run = |time| {
            let promise = Promise::parse("p90<20ms").unwrap();
            conduct(&Recipe::named("ratelimit").unwrap(), promise, 1, time).0.at.secs()
        };

        assert_eq!(exam(75).unwrap().result(&[]).seconds, 75.0);
        assert!(exam(9).unwrap_err().contains("-z 75s") && exam(3_601).is_err());
        assert!((12.0..15.0).contains(&run(Nanos::from_secs(12))));
    }
}
