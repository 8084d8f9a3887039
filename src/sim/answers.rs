//! How often the answer is right: verdict, knee and advice of the product on plants nobody tuned for.
//! It refuses to word an answer: what was said is told to it, and only the plant's exact truth judges it.
//!
//! ```text
//!  plant i mod all, figures moved ±40 % ─► conductor, max, 60 s ─► last frame ─► said ─┐
//!                                └──────► truth: verdict · knee · open traffic ────────┴─► judged
//! ```

mod classes;
mod draw;
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
use crate::telemetry::scores::{Answers, Group, Miss};
use classes::{CLASSES, class};
use draw::Drawn;
use std::sync::Arc;

pub use open::survives;
pub use right::verdicts;
use right::verdicts_by;

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
    /// Most over fewest workers of the knee's interval.
    width: Option<f64>,
    advice: Option<bool>,
    misses: Vec<Miss>,
    /// Most workers over the knee in force then.
    peak: f64,
    /// When it was answered, s.
    answered: Option<f64>,
    /// The verdict was right when it was first given, of what had happened until then.
    first: Option<bool>,
    /// Answered as soon as half the runs should be, and as nine in ten should be.
    within: [bool; 2],
}

/// Half the runs should be answered within so many seconds or answers of the target at its best, whichever takes longer,
/// and nine in ten within the second pair.
const SOON: [(f64, f64); 2] = [(8.0, 32_000.0), (15.0, 60_000.0)];

/// A checked exam: which runs on which plants.
#[derive(Clone, Debug)]
pub struct Exam {
    runs: u32,
    seed: u64,
    drawn: Vec<Drawn>,
}

impl Exam {
    /// `runs` ≥ 1, the first with `seed`, over all plants and `draw` ≤ 200 drawn ones.
    ///
    /// # Errors
    /// One sentence that names the remedy.
    pub fn new(runs: u32, seed: u64, draw: u32) -> Result<Self, String> {
        if runs == 0 {
            return Err("--runs 0 runs nothing (say 1 or more, such as --runs 200)".into());
        }
        if draw > 200 {
            return Err(format!("--draw {draw} is too many (say 0 to 200, such as --draw 22)"));
        }
        let drawn = (0..draw).map(|k| Drawn::new(seed, k)).collect();
        Ok(Self { runs, seed, drawn })
    }

    /// How much work each run is, beside others.
    pub fn weights(&self) -> Vec<f64> {
        let (named, all) = (named(), self.plants());
        let weight = |i| if named.get(i % all) == Some(&HUGE) { 10.0 } else { 1.0 };
        (0..self.runs as usize).map(weight).collect()
    }

    /// How many plants there are.
    fn plants(&self) -> usize {
        named().len() + self.drawn.len()
    }

    /// The plant of a run, and what it is called.
    fn plant(&self, run: usize, seed: u64) -> (Recipe, String) {
        let (named, i) = (named(), run % self.plants());
        match named.get(i).and_then(|name| Recipe::named(name)) {
            Some(recipe) => (recipe.jittered(seed, JITTER), named[i].into()),
            None => (self.drawn[i - named.len()].recipe.clone(), called(i - named.len())),
        }
    }

    /// Runs and judges one; `read` words the answer of the last frame.
    pub fn run(&self, run: usize, read: impl Fn(&Frame) -> Said) -> Judged {
        let seed = self.seed.wrapping_add(run as u64);
        let (recipe, name) = self.plant(run, seed);
        let ran = conduct(&recipe, seed);
        let judged = judge(&recipe, &name, seed, &read(&ran.last));
        let answered = ran.first.as_ref().map(|f| f.0.secs());
        let best = recipe.truth(Nanos::ZERO).best_rps;
        let right = |f: &(Nanos, Arc<Frame>)| verdicts_by(&recipe, f.0).contains(&read(&f.1).code);
        Judged {
            peak: ran.peak,
            answered,
            first: ran.first.as_ref().map(right),
            within: SOON.map(|(s, answers)| answered.is_some_and(|t| t <= s.max(answers / best))),
            ..judged
        }
    }

    /// Everything that was judged; `done` in the order of the runs.
    pub fn result(&self, done: &[Option<Judged>]) -> Answers {
        let names = named();
        let labels = names.iter().map(|n| (*n).to_owned());
        let drawn = self.drawn.iter().enumerate();
        let mut all = Answers {
            wanted: self.runs,
            jitter: JITTER,
            classes: CLASSES.map(|c| (c, Group::default())).into(),
            plants: labels
                .chain((0..self.drawn.len()).map(called))
                .map(|p| (p, Group::default()))
                .collect(),
            drawn: drawn.map(|(k, d)| (called(k), d.command())).collect(),
            ..Answers::default()
        };
        let count = all.plants.len();
        for (i, judged) in done.iter().enumerate() {
            let Some(j) = judged else { continue };
            all.runs += 1;
            let plant = i % count;
            let class = names.get(plant).map_or(CLASSES.len() - 1, |name| class(name));
            for group in [&mut all.total, &mut all.classes[class].1, &mut all.plants[plant].1] {
                group.marks.verdict.count(Some(j.verdict));
                group.marks.knee.count(j.knee);
                group.marks.advice.count(j.advice);
                group.widths.extend(j.width);
                group.peaks.push(j.peak);
                group.answered.push(j.answered);
                group.marks.first.count(j.first);
                group.marks.soon.count(Some(j.within[0]));
                group.marks.in_time.count(Some(j.within[1]));
            }
            all.misses.extend(j.misses.iter().cloned());
        }
        all.classes.retain(|(_, g)| g.runs() > 0);
        all
    }
}

/// Every plant once.
fn named() -> Vec<&'static str> {
    NAMES.into_iter().filter(|n| *n != TWIN).collect()
}

/// What drawn plant `k` is called.
fn called(k: usize) -> String {
    format!("drawn{}", k + 1)
}

/// What a run did.
struct Ran {
    last: Arc<Frame>,
    peak: f64,
    /// When it was first answered, and what was shown then.
    first: Option<(Nanos, Arc<Frame>)>,
}

/// A minute of `max`.
fn conduct(recipe: &Recipe, seed: u64) -> Ran {
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
    let knee = |at| (at, f64::from(recipe.truth(at).knee_workers));
    let knees: Vec<(Nanos, f64)> = recipe.phases().into_iter().map(knee).collect();
    let (mut now, mut peak, mut first) = (Nanos::ZERO, 0.0, None);
    loop {
        now += TICK;
        let frame = conductor.tick(now, &mut world, &[]);
        let knee = knees.iter().rfind(|k| k.0 < now).map_or(1.0, |k| k.1);
        peak = f64::max(peak, frame.control.workers / knee);
        if frame.answered && first.is_none() {
            first = Some((now, frame.clone()));
        }
        if frame.phase == Phase::Done {
            return Ran {
                last: frame,
                peak,
                first,
            };
        }
    }
}

/// A run that could not decide is judged by that alone.
fn judge(recipe: &Recipe, name: &str, seed: u64, said: &Said) -> Judged {
    let truth = recipe.truth(RUN);
    let codes = verdicts(recipe);
    let decided = said.code != "UNDECIDED";
    let mut misses = Vec::new();
    let mut miss = |said: String, truth: String| {
        misses.push(Miss {
            plant: name.into(),
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
    let width = |(lo, hi): (u32, u32)| f64::from(hi) / f64::from(lo.max(1));
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
        width: said.knee.filter(|_| decided).map(width),
        advice,
        misses,
        peak: 0.0,
        answered: None,
        first: None,
        within: [false; 2],
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

        let right = judge(&usl, "usl", 1, &said("COLLAPSES", (38, 45), 900.0));
        let wrong = judge(&usl, "usl", 1, &said("DRIFTING", (42, 50), 1662.0));

        assert_eq!((right.verdict, right.knee, right.advice), (true, Some(true), Some(true)));
        assert_eq!((wrong.verdict, wrong.knee, wrong.advice), (false, Some(false), Some(false)));
        assert_eq!((right.misses.len(), wrong.misses.len()), (0, 3));
        assert_eq!(wrong.misses[1].truth, "knee 41");
        assert!(wrong.misses[2].truth.starts_with("runs away"), "{:?}", wrong.misses[2]);
    }

    #[test]
    fn a_run_that_could_not_decide_counts_for_the_verdict_only() {
        let slow = judge(
            &Recipe::named("slow").unwrap(),
            "slow",
            1,
            &said("UNDECIDED", (50, 60), 900.0),
        );
        let usl = judge(&Recipe::named("usl").unwrap(), "usl", 1, &said("UNDECIDED", (50, 60), 900.0));

        assert_eq!((slow.verdict, slow.knee, slow.advice), (true, None, None));
        assert!(!usl.verdict, "1689/s is enough to decide");
    }

    fn judged(verdict: bool) -> Judged {
        Judged {
            verdict,
            knee: None,
            width: verdict.then_some(1.5),
            advice: Some(true),
            misses: Vec::new(),
            peak: if verdict { 2.0 } else { 70.0 },
            answered: verdict.then_some(9.0),
            first: verdict.then_some(true),
            within: [false, verdict],
        }
    }

    #[test]
    fn runs_go_round_all_plants_and_add_up() {
        let exam = Exam::new(45, 7, 0).unwrap();
        let mut done = vec![None; 45];
        done[0] = Some(judged(true));
        done[22] = Some(judged(false));
        done[1] = Some(judged(true));

        let all = exam.result(&done);

        let marks = all.total.marks;
        assert_eq!(
            (exam.plants(), exam.plant(22, 29).1, all.runs, all.wanted),
            (22, "mmc".into(), 3, 45)
        );
        assert_eq!((marks.verdict.right, marks.verdict.of, marks.knee.of), (2, 3, 0));
        assert_eq!(all.plants[0].1.marks.verdict.fraction(), Some(0.5));
        assert!(Exam::new(0, 1, 0).unwrap_err().contains("--runs 200"));
        assert!(Exam::new(1, 1, 201).unwrap_err().contains("--draw 22"));
    }

    #[test]
    fn classes_stand_apart_and_the_worst_peak_is_not_averaged_away() {
        let exam = Exam::new(48, 7, 2).unwrap();
        let mut done = vec![None; 48];
        done[0] = Some(judged(true)); // mmc
        done[22] = Some(judged(true)); // the first drawn one
        done[23] = Some(judged(false));
        done[47] = Some(judged(true));

        let all = exam.result(&done);

        let names: Vec<&str> = all.classes.iter().map(|c| c.0).collect();
        assert_eq!(names, ["steady", "drawn"], "classes without a run are left out");
        let drawn = &all.classes[1].1;
        assert_eq!((drawn.runs(), drawn.marks.verdict.right, drawn.peak()), (3, 2, Some(70.0)));
        assert_eq!((drawn.answered_by(0.5), drawn.answered_by(0.9)), (Some(9.0), None));
        assert_eq!(
            (exam.plant(47, 1).1.as_str(), all.plants[23].0.as_str()),
            ("drawn2", "drawn2")
        );
        assert_eq!(all.plants[23].1.runs(), 2);
        assert!(all.drawn[1].1.contains("--plant-arg servers="));
    }
}
