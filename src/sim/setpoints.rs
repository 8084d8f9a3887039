//! How well `hold` keeps its targets on the simulated plants: how soon, how steadily, and what it does with targets
//! that cannot be had. It judges turns; it moves nothing and prints nothing.
//!
//! A target steps up at 20 s of 40; plants that change do so at 30 s. Latency 1.5 → 2.25 × the mean at the knee, rate
//! 0.6 → 0.85 × the best, queue 0.5 → 1 × the workers at the knee.

use super::drive::{Drive, TICK, Turn};
use super::plants::{CHANGE, Recipe};
use crate::control::variable::Window;
use crate::model::run::Truth;
use crate::model::setpoints::{Bounds, Gains, Mode, ProcessVariable, Setpoint, Setpoints};
use crate::model::units::Nanos;
use crate::telemetry::frame::State;
use crate::telemetry::scores::{Beyond, HoldCell};

/// Plants the table is made of.
pub(super) const PLANTS: [&str; 9] = [
    "mmc", "usl", "uslsteep", "flat", "latup", "capdrop", "pareto", "noisy", "huge",
];
/// What is held.
pub(super) const VARIABLES: [ProcessVariable; 3] = [ProcessVariable::Mean, ProcessVariable::Rps, ProcessVariable::Queue];
/// Ticks until the target steps, until a plant changes, and of a run.
const STEP: usize = 200;
const CHANGED: usize = 300;
const END: usize = 400;
/// Ticks of the moving mean, and of the end that the steady-state error is taken from.
const SECOND: usize = 10;
const LAST: usize = 50;
/// A target is kept while the moving mean is this close for this share of the time that is left.
const BAND: f64 = 0.10;
const NOISY_BAND: f64 = 0.20;
const SHARE: f64 = 0.90;

/// One cell with these gains, medians over the seeds 1 ..= `seeds`; `None` for an unknown plant or no seeds.
pub fn cell(plant: &str, variable: ProcessVariable, gains: Gains, seeds: u64) -> Option<HoldCell> {
    let recipe = Recipe::named(plant)?;
    let bench = Bench::new(&recipe, variable)?;
    let runs: Vec<Run> = (1..=seeds).map(|seed| bench.run(gains, seed)).collect();
    summary(recipe.name, variable, &runs)
}

/// One run with the gains as shipped; `None` for a plant without a rate at its knee.
pub(super) fn run(recipe: &Recipe, variable: ProcessVariable, seed: u64) -> Option<Run> {
    Bench::new(recipe, variable).map(|b| b.run(Gains::default(), seed))
}

/// Medians of some runs of one plant; `None` without any.
pub(super) fn summary(plant: &'static str, variable: ProcessVariable, runs: &[Run]) -> Option<HoldCell> {
    let first = runs.first()?;
    let over = |of: &dyn Fn(&Run) -> f64| median(runs.iter().map(of).collect());
    let beyond = |of: &dyn Fn(&Beyond) -> f64| median(runs.iter().filter_map(|r| r.beyond.as_ref()).map(of).collect());
    Some(HoldCell {
        plant,
        variable: variable.name(),
        seeds: runs.len() as u32,
        settle_cold: finite(over(&|r| r.cold)),
        settle_step: finite(over(&|r| r.step)),
        overshoot: over(&|r| r.overshoot),
        error: over(&|r| r.error),
        error_truth: (variable == ProcessVariable::Queue).then(|| over(&|r| r.error_truth)),
        beyond: first.beyond.map(|_| Beyond {
            flagged: finite(beyond(&|b| b.flagged.unwrap_or(f64::INFINITY))),
            attained: beyond(&|b| b.attained),
            most_workers: beyond(&|b| b.most_workers),
        }),
    })
}

/// What one run gave; ∞ for never.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    cold: f64,
    step: f64,
    overshoot: f64,
    error: f64,
    error_truth: f64,
    beyond: Option<Beyond>,
}

/// A plant, what it can give, and the targets that follow from it.
struct Bench {
    recipe: Recipe,
    variable: ProcessVariable,
    targets: [f64; 2],
    before: Truth,
    after: Truth,
    /// Mean response of one worker before and after the change, s.
    idle: [f64; 2],
}

impl Bench {
    fn new(recipe: &Recipe, variable: ProcessVariable) -> Option<Self> {
        let before = recipe.truth(Nanos::ZERO);
        let changes = recipe.stretches.len() > 1;
        let after = if changes { recipe.truth(CHANGE) } else { before.clone() };
        let knee = f64::from(before.knee_workers);
        let at_knee = recipe.rates(Nanos::ZERO, before.knee_workers);
        let response = knee / at_knee.last()?;
        let targets = match variable {
            ProcessVariable::Rps => [0.6 * before.best_rps, 0.85 * before.best_rps],
            ProcessVariable::Queue => [0.5 * knee, knee],
            _ => [1.5 * response, 2.25 * response],
        };
        let alone = |at: Nanos| recipe.rates(at, 1).first().map_or(0.0, |x| 1.0 / x);
        let idle = [alone(Nanos::ZERO), alone(CHANGE)];
        Some(Self {
            recipe: recipe.clone(),
            variable,
            targets,
            before,
            after,
            idle,
        })
    }

    fn run(&self, gains: Gains, seed: u64) -> Run {
        let at = |value| {
            Some(Setpoint {
                variable: self.variable,
                value,
            })
        };
        let set = Setpoints {
            mode: Mode::Hold,
            target: at(self.targets[0]),
            gains,
            bounds: Bounds { min: 1, max: 16_384 },
            ..Setpoints::default()
        };
        let mut drive = Drive::new(self.recipe.clone(), set, false, seed);
        let mut turns = drive.run(STEP as f64 * TICK.secs());
        drive.set.target = at(self.targets[1]);
        turns.extend(drive.run((END - STEP) as f64 * TICK.secs()));
        self.judge(&turns)
    }

    fn judge(&self, turns: &[Turn]) -> Run {
        let beyond = self.infeasible();
        let changes = self.recipe.stretches.len() > 1;
        let until = if changes { CHANGED } else { END };
        let values: Vec<f64> = (0..END)
            .map(|i| self.value(&turns[(i + 1).saturating_sub(SECOND)..=i]))
            .collect();
        let noisy = matches!(self.recipe.name, "noisy" | "pareto");
        let band = if noisy { NOISY_BAND } else { BAND };
        let (cold, step) = (&values[..STEP], &values[STEP..until]);
        let (settled, again) = (settle(cold, self.targets[0], band), settle(step, self.targets[1], band));
        let over = [excess(cold, settled, self.targets[0]), excess(step, again, self.targets[1])];
        // A queue is judged before the change: nobody can see the new idle latency under a queue.
        let queue = self.variable == ProcessVariable::Queue;
        let end = if beyond || queue { until } else { END };
        let last = &turns[end - LAST..end];
        let idle = self.idle[usize::from(end > CHANGED && changes)];
        Run {
            cold: settled,
            step: again,
            overshoot: over[0].max(over[1]),
            error: self.value(last) / self.targets[1] - 1.0,
            error_truth: window(last).read(self.variable, Some(idle)).unwrap_or(0.0) / self.targets[1] - 1.0,
            beyond: beyond.then(|| self.beyond(&turns[CHANGED..])),
        }
    }

    /// The quantity over some turns; a queue by the law's own estimate of the idle latency.
    fn value(&self, turns: &[Turn]) -> f64 {
        if self.variable == ProcessVariable::Queue {
            let own: Vec<f64> = turns.iter().filter_map(|t| t.ruling.law.measured).collect();
            let count = if turns.len() > SECOND { own.len() } else { 1 };
            return own.iter().rev().take(count).sum::<f64>() / count.max(1) as f64;
        }
        window(turns).read(self.variable, None).unwrap_or(0.0)
    }

    /// The second target cannot be had after the change.
    fn infeasible(&self) -> bool {
        match self.variable {
            ProcessVariable::Rps => self.targets[1] > self.after.best_rps,
            ProcessVariable::Queue => false,
            _ => self.targets[1] < self.idle[1],
        }
    }

    fn beyond(&self, turns: &[Turn]) -> Beyond {
        let said = turns.iter().position(|t| t.ruling.state == State::Unreachable);
        let had = window(&turns[turns.len() - LAST..]);
        let knee = f64::from(self.before.knee_workers.max(self.after.knee_workers));
        let attained = match self.variable {
            ProcessVariable::Rps => had.sample.rate() / self.after.best_rps,
            _ => self.idle[1] / had.sample.mean().unwrap_or(f64::INFINITY),
        };
        Beyond {
            flagged: said.map(|i| (i + 1) as f64 * TICK.secs()),
            attained,
            most_workers: turns.iter().map(|t| t.ruling.workers).fold(0.0, f64::max) / knee,
        }
    }
}

fn window(turns: &[Turn]) -> Window {
    let mut window = Window::default();
    turns.iter().for_each(|t| window.add(&t.seen));
    window
}

/// Seconds until the values stay within `band` of the target for 90 % of the time that is left; ∞ for never.
fn settle(values: &[f64], target: f64, band: f64) -> f64 {
    let inside: Vec<bool> = values.iter().map(|v| (v / target - 1.0).abs() <= band).collect();
    let kept = |i: &usize| {
        let left = &inside[*i..];
        inside[*i] && left.iter().filter(|k| **k).count() as f64 >= SHARE * left.len() as f64
    };
    // The last second alone proves nothing.
    let first = (0..inside.len().saturating_sub(SECOND)).find(kept);
    first.map_or(f64::INFINITY, |i| (i + 1) as f64 * TICK.secs())
}

/// Most the values exceed the target until a second after they settled.
fn excess(values: &[f64], settled: f64, target: f64) -> f64 {
    let until = if settled.is_finite() {
        (settled / TICK.secs()) as usize + SECOND
    } else {
        values.len()
    };
    let most = values.iter().take(until).copied().fold(0.0, f64::max);
    (most / target - 1.0).max(0.0)
}

fn finite(v: f64) -> Option<f64> {
    v.is_finite().then_some(v)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(v: Option<f64>) -> String {
        v.map_or("never".into(), |s| format!("{s:.1}"))
    }

    fn line(c: &HoldCell) -> String {
        let beyond = c.beyond.map_or(String::new(), |b| {
            let flagged = seconds(b.flagged);
            format!(
                "  out of reach: said after {flagged} s, {:.3} of what can be had, N ≤ {:.1} knees",
                b.attained, b.most_workers
            )
        });
        let truth = c
            .error_truth
            .map_or(String::new(), |e| format!(" ({:+.1} % true)", 100.0 * e));
        format!(
            "{:6} {:9} cold {:>5}  step {:>5}  overshoot {:4.1} %  error {:+.1} %{truth}{beyond}",
            c.variable,
            c.plant,
            seconds(c.settle_cold),
            seconds(c.settle_step),
            100.0 * c.overshoot,
            100.0 * c.error,
        )
    }

    #[test]
    fn targets_are_reached_soon_and_kept() {
        for (plant, variable) in [
            ("mmc", ProcessVariable::Mean),
            ("mmc", ProcessVariable::Rps),
            ("latup", ProcessVariable::Rps),
        ] {
            let c = cell(plant, variable, Gains::default(), 3).unwrap();

            assert!(c.settle_cold.is_some_and(|s| s <= 2.2), "{}", line(&c));
            assert!(c.settle_step.is_some_and(|s| s <= 1.3), "{}", line(&c));
            assert!(c.overshoot <= 0.12 && c.error.abs() <= 0.02, "{}", line(&c));
        }
    }

    #[test]
    fn a_queue_is_kept_by_its_own_estimate_and_roughly_by_the_truth() {
        let c = cell("mmc", ProcessVariable::Queue, Gains::default(), 3).unwrap();

        assert!(c.error.abs() <= 0.05 && c.error_truth.unwrap().abs() <= 0.20, "{}", line(&c));
        assert!(c.settle_step.is_some_and(|s| s <= 1.3), "{}", line(&c));
    }

    #[test]
    fn what_a_change_puts_out_of_reach_is_said_and_the_best_is_held() {
        for (plant, variable) in [("capdrop", ProcessVariable::Rps), ("latup", ProcessVariable::Mean)] {
            let b = cell(plant, variable, Gains::default(), 3).and_then(|c| c.beyond).unwrap();

            assert!(b.flagged.is_some_and(|s| s <= 5.0), "{plant} {b:?}");
            assert!(b.attained >= 0.93 && b.most_workers <= 4.0, "{plant} {b:?}");
        }
    }

    #[test]
    fn the_judge_tells_late_from_never_and_sees_an_overshoot() {
        let late: Vec<f64> = (0..100).map(|i| if i < 30 { 5.0 } else { 10.5 }).collect();
        let wild: Vec<f64> = (0..100).map(|i| if i % 2 == 0 { 5.0 } else { 10.0 }).collect();

        assert!((settle(&late, 10.0, BAND) - 3.1).abs() < 1e-9);
        assert_eq!(settle(&wild, 10.0, BAND), f64::INFINITY);
        assert!((excess(&late, 3.1, 10.0) - 0.05).abs() < 1e-9);
        assert_eq!(excess(&late, 1.0, 10.0), 0.0, "what comes much later is no overshoot");
    }

    #[test]
    #[ignore = "minutes: tests/run --full prints the whole table"]
    fn setpoint_table_of_every_plant() {
        let seeds = std::env::var("SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(20);
        let wanted = std::env::var("PLANT").unwrap_or_default();
        for variable in VARIABLES {
            for plant in PLANTS.into_iter().filter(|p| wanted.is_empty() || wanted.contains(p)) {
                let cell = cell(
                    plant,
                    variable,
                    Gains::default(),
                    if plant == "huge" { seeds.min(6) } else { seeds },
                )
                .unwrap();
                println!("{}", line(&cell));
            }
        }
    }
}
