//! How often the answer is right: verdict, knee and advice of the product on plants nobody tuned for.
//! It refuses to word an answer: what was said is told to it, and only the plant's exact truth judges it.
//!
//! ```text
//!  plant i mod all, figures moved ±40 % ─► conductor, max, 60 s ─► last frame ─► said ─┐
//!                                └──────► truth: verdict · knee · open traffic ────────┴─► judged
//! ```

mod open;
mod right;

use super::plants::{NAMES, Recipe};
use super::world::World;
use crate::conduct::{Conductor, Limits};
use crate::model::format::{length, quantity};
use crate::model::run::RunInfo;
use crate::model::setpoints::{Bounds, Setpoints};
use crate::model::units::Nanos;
use crate::telemetry::frame::{Frame, Phase};
use crate::telemetry::scores::{Answers, Marks, Miss};
use std::sync::Arc;

pub use open::survives;
pub use right::verdicts;

/// How far figures are moved.
const JITTER: f64 = 0.4;
/// Virtual time of a run.
const RUN: Nanos = Nanos::from_secs(60);
/// The control period.
const TICK: Nanos = Nanos::from_millis(100);
/// Most workers.
const MOST: u32 = 16_384;
/// A plant that stands for another and is not judged twice.
const TWIN: &str = "usl64";
/// The plant with ten times the exchanges.
const HUGE: &str = "huge";

/// What a run said at its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// The verdict's stable word.
    pub code: &'static str,
    /// Its sentence.
    pub sentence: String,
    /// Fewest and most workers the knee may have.
    pub knee: Option<(u32, u32)>,
    /// The advised rate, 1/s, and the 99th percentile printed beside the knee, s.
    pub advice: Option<(f64, Option<f64>)>,
}

/// One run, judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    verdict: bool,
    knee: Option<bool>,
    advice: Option<bool>,
    misses: Vec<Miss>,
}

/// A checked exam: which runs.
#[derive(Clone, Copy, Debug)]
pub struct Exam {
    runs: u32,
    seed: u64,
}

impl Exam {
    /// `runs` ≥ 1, the first with `seed`.
    ///
    /// # Errors
    /// One sentence that names the remedy.
    pub fn new(runs: u32, seed: u64) -> Result<Self, String> {
        if runs == 0 {
            return Err("--runs 0 runs nothing (say 1 or more, such as --runs 200)".into());
        }
        Ok(Self { runs, seed })
    }

    /// How much work each run is, beside others.
    pub fn weights(&self) -> Vec<f64> {
        let weight = |i| if self.plant(i) == HUGE { 10.0 } else { 1.0 };
        (0..self.runs as usize).map(weight).collect()
    }

    fn plant(&self, run: usize) -> &'static str {
        let plants = plants();
        plants[run % plants.len()]
    }

    /// Runs and judges one; `read` words the answer of the last frame.
    pub fn run(&self, run: usize, read: impl Fn(&Frame) -> Said) -> Judged {
        let seed = self.seed.wrapping_add(run as u64);
        let recipe = Recipe::named(self.plant(run)).unwrap_or_else(|| unreachable!("every name is a plant"));
        let recipe = recipe.jittered(seed, JITTER);
        judge(&recipe, seed, &read(&conduct(&recipe, seed)))
    }

    /// Everything that was judged; `done` in the order of the runs.
    pub fn result(&self, done: &[Option<Judged>]) -> Answers {
        let mut all = Answers {
            wanted: self.runs,
            jitter: JITTER,
            plants: plants().into_iter().map(|p| (p, Marks::default())).collect(),
            ..Answers::default()
        };
        let count = all.plants.len();
        for (i, judged) in done.iter().enumerate() {
            let Some(j) = judged else { continue };
            all.runs += 1;
            for marks in [&mut all.total, &mut all.plants[i % count].1] {
                marks.verdict.count(Some(j.verdict));
                marks.knee.count(j.knee);
                marks.advice.count(j.advice);
            }
            all.misses.extend(j.misses.iter().cloned());
        }
        all
    }
}

/// Every plant once.
fn plants() -> Vec<&'static str> {
    NAMES.into_iter().filter(|n| *n != TWIN).collect()
}

/// The last frame of a minute of `max`.
fn conduct(recipe: &Recipe, seed: u64) -> Arc<Frame> {
    let set = Setpoints {
        bounds: Bounds { min: 1, max: MOST },
        ..Setpoints::default()
    };
    let info = RunInfo {
        seed,
        simulated: true,
        ..RunInfo::default()
    };
    let limits = Limits {
        duration: Some(RUN),
        drain: Nanos::from_secs(2),
        ..Limits::default()
    };
    let mut conductor = Conductor::new(info, set, limits, Vec::new());
    let mut world = World::new(recipe.clone(), None, seed);
    conductor.start(&mut world);
    let mut now = Nanos::ZERO;
    loop {
        now += TICK;
        let frame = conductor.tick(now, &mut world, &[]);
        if frame.phase == Phase::Done {
            return frame;
        }
    }
}

/// A run that could not decide is judged by that alone.
fn judge(recipe: &Recipe, seed: u64, said: &Said) -> Judged {
    let truth = recipe.truth(RUN);
    let codes = verdicts(recipe);
    let decided = said.code != "UNDECIDED";
    let mut misses = Vec::new();
    let mut miss = |said: String, truth: String| {
        let plant = recipe.name;
        misses.push(Miss {
            plant,
            seed,
            said,
            truth,
        });
    };
    let verdict = codes.contains(&said.code);
    if !verdict {
        let facts = format!("best {}/s, knee {}", quantity(truth.best_rps), truth.knee_workers);
        miss(
            format!("{} {}", said.code, said.sentence),
            format!("{} ({facts})", codes.join(" or ")),
        );
    }
    let knee = said.knee.filter(|_| decided).map(|(lo, hi)| {
        let inside = (lo..=hi).contains(&truth.knee_workers);
        if !inside {
            miss(format!("knee {lo} to {hi}"), format!("knee {}", truth.knee_workers));
        }
        inside
    });
    let advice = said.advice.filter(|_| decided).map(|(rate, p99)| {
        let seen = survives(recipe, rate, p99, seed);
        if let Err(truth) = &seen {
            let promised = p99.map_or_else(String::new, |p| format!(", p99 {} at the knee", length(p)));
            miss(format!("plan {}/s{promised}", quantity(rate)), truth.clone());
        }
        seen.is_ok()
    });
    Judged {
        verdict,
        knee,
        advice,
        misses,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: &'static str, knee: (u32, u32), rate: f64) -> Said {
        Said {
            code,
            sentence: "at 41 workers".into(),
            knee: Some(knee),
            advice: Some((rate, Some(0.111))),
        }
    }

    #[test]
    fn every_wrong_statement_is_a_miss_with_the_truth_beside_it() {
        let usl = Recipe::named("usl").unwrap();

        let right = judge(&usl, 1, &said("COLLAPSES", (38, 45), 900.0));
        let wrong = judge(&usl, 1, &said("DRIFTING", (42, 50), 1662.0));

        assert_eq!((right.verdict, right.knee, right.advice), (true, Some(true), Some(true)));
        assert_eq!((wrong.verdict, wrong.knee, wrong.advice), (false, Some(false), Some(false)));
        assert_eq!((right.misses.len(), wrong.misses.len()), (0, 3));
        assert_eq!(wrong.misses[1].truth, "knee 41");
        assert!(wrong.misses[2].truth.starts_with("runs away"), "{:?}", wrong.misses[2]);
    }

    #[test]
    fn a_run_that_could_not_decide_counts_for_the_verdict_only() {
        let slow = judge(&Recipe::named("slow").unwrap(), 1, &said("UNDECIDED", (50, 60), 900.0));
        let usl = judge(&Recipe::named("usl").unwrap(), 1, &said("UNDECIDED", (50, 60), 900.0));

        assert_eq!((slow.verdict, slow.knee, slow.advice), (true, None, None));
        assert!(!usl.verdict, "1689/s is enough to decide");
    }

    #[test]
    fn runs_go_round_all_plants_and_add_up() {
        let exam = Exam::new(45, 7).unwrap();
        let judged = |verdict| Judged {
            verdict,
            knee: None,
            advice: Some(true),
            misses: Vec::new(),
        };
        let mut done = vec![None; 45];
        done[0] = Some(judged(true));
        done[22] = Some(judged(false));
        done[1] = Some(judged(true));

        let all = exam.result(&done);

        assert_eq!((plants().len(), exam.plant(22), all.runs, all.wanted), (22, "mmc", 3, 45));
        assert_eq!((all.total.verdict.right, all.total.verdict.of, all.total.knee.of), (2, 3, 0));
        assert_eq!(all.plants[0].1.verdict.fraction(), Some(0.5));
        assert!(Exam::new(0, 1).unwrap_err().contains("--runs 200"));
    }
}
