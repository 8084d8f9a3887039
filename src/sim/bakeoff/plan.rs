//! What a bake-off runs: lists of plants and controllers as typed, seeds, jitter; cut into tasks.
//! It refuses what does not exist, and names what does.

use super::cell::cell;
use super::oracle::Oracle;
use super::score::Score;
use super::trial;
use crate::model::setpoints::{Mode, ProcessVariable};
use crate::sim::plants::{self, Recipe};
use crate::sim::setpoints::{self, VARIABLES};
use crate::telemetry::scores::{Bakeoff, Cell, HoldCell};

/// The plants that controllers are compared on.
const PLANTS: [&str; 15] = [
    "mmc", "usl", "uslsteep", "flat", "latup", "latdown", "capdrop", "caprise", "pareto", "noisy", "warm", "reject", "twopeak",
    "huge", "tiny",
];
/// The plant with the most exchanges gets so many seeds at most.
const HUGE: (&str, u32) = ("huge", 6);
/// The first seed, unless another is asked for; the tests of the laws use smaller ones.
const FIRST_SEED: u64 = 1000;

/// A checked plan.
#[derive(Clone, Debug)]
pub struct Plan {
    recipes: Vec<Recipe>,
    controllers: Vec<Mode>,
    /// The plants on which `hold` keeps targets; empty where it was not asked for.
    held: Vec<Recipe>,
    seeds: u32,
    jitter: f64,
    first_seed: u64,
}

/// One plant with one seed: under every controller, or with one quantity held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Task {
    plant: usize,
    held: Option<ProcessVariable>,
    seed: u32,
    /// How much work it is, beside others.
    pub weight: f64,
}

/// What a task gave.
#[derive(Clone, Debug)]
pub enum Done {
    /// A score per controller, in order.
    Scored(Vec<Score>),
    /// One run of `hold`.
    Held(Option<setpoints::Run>),
}

impl Plan {
    /// `plants`, `controllers`: `all`, or names with commas; `hold` among the controllers keeps targets instead of searching.
    /// `seeds` ≥ 1; `jitter` in [0, 0.9].
    ///
    /// # Errors
    /// One sentence that names what there is.
    pub fn new(plants: &str, controllers: &str, seeds: u32, jitter: f64) -> Result<Self, String> {
        if seeds == 0 {
            return Err("--seeds 0 runs nothing (say 1 or more, such as --seeds 20)".into());
        }
        if !(0.0..=0.9).contains(&jitter) {
            return Err(format!(
                "--jitter {jitter} is out of range (say 0 to 0.9, such as --jitter 0.4)"
            ));
        }
        let (hold, controllers) = modes(controllers)?;
        let (searched, held) = (recipes(plants, &PLANTS)?, recipes(plants, &setpoints::PLANTS)?);
        Ok(Self {
            recipes: if controllers.is_empty() { Vec::new() } else { searched },
            controllers,
            held: if hold { held } else { Vec::new() },
            seeds,
            jitter,
            first_seed: FIRST_SEED,
        })
    }

    /// The same with other runs: the first of every cell has this seed, the next one the next.
    pub fn from_seed(self, first_seed: u64) -> Self {
        Self { first_seed, ..self }
    }

    /// The heaviest first.
    pub fn tasks(&self) -> Vec<Task> {
        let searched = (0..self.recipes.len()).map(|plant| (plant, None));
        let held = (0..self.held.len()).flat_map(|plant| VARIABLES.map(|v| (plant, Some(v))));
        let mut tasks: Vec<Task> = searched
            .chain(held)
            .flat_map(|(plant, held)| self.seeded(plant, held))
            .collect();
        tasks.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        tasks
    }

    fn seeded(&self, plant: usize, held: Option<ProcessVariable>) -> impl Iterator<Item = Task> {
        let huge = self.recipe(plant, held).name == HUGE.0;
        let seeds = if huge { self.seeds.min(HUGE.1) } else { self.seeds };
        (0..seeds).map(move |seed| Task {
            plant,
            held,
            seed,
            weight: if huge { 8.0 } else { 1.0 },
        })
    }

    fn recipe(&self, plant: usize, held: Option<ProcessVariable>) -> &Recipe {
        if held.is_some() {
            &self.held[plant]
        } else {
            &self.recipes[plant]
        }
    }

    /// Runs one task.
    pub fn run(&self, task: Task) -> Done {
        let seed = self.first_seed.wrapping_add(u64::from(task.seed));
        let recipe = self.recipe(task.plant, task.held).jittered(seed, self.jitter);
        if let Some(variable) = task.held {
            return Done::Held(setpoints::run(&recipe, variable, seed));
        }
        let mut oracle = Oracle::new(&recipe, seed);
        let modes = self.controllers.iter();
        Done::Scored(modes.map(|m| trial::run(&recipe, *m, seed, &mut oracle)).collect())
    }

    /// The cells whose tasks are all done; `done` in the order of `tasks`.
    pub fn result(&self, done: &[Option<Done>]) -> Bakeoff {
        let tasks = self.tasks();
        // What became of every task of a cell; nothing where one is missing.
        let of = |plant: usize, held: Option<ProcessVariable>| {
            let mine = tasks.iter().zip(done).filter(|(t, _)| (t.plant, t.held) == (plant, held));
            mine.map(|(_, d)| d.as_ref())
                .collect::<Option<Vec<&Done>>>()
                .unwrap_or_default()
        };
        let cells = (0..self.recipes.len()).flat_map(|plant| self.cells(plant, &of(plant, None)));
        let kept = VARIABLES
            .iter()
            .flat_map(|v| (0..self.held.len()).map(move |plant| (plant, *v)));
        let setpoints = kept.filter_map(|(plant, v)| self.kept(plant, v, &of(plant, Some(v))));
        Bakeoff {
            plants: self.recipes.iter().map(|r| r.name).collect(),
            controllers: self.controllers.iter().map(|m| m.name()).collect(),
            seeds: self.seeds,
            jitter: self.jitter,
            cells: cells.collect(),
            setpoints: (!self.held.is_empty()).then(|| setpoints.collect()),
        }
    }

    fn kept(&self, plant: usize, variable: ProcessVariable, done: &[&Done]) -> Option<HoldCell> {
        let run = |d: &&Done| if let Done::Held(run) = d { *run } else { None };
        let runs: Vec<setpoints::Run> = done.iter().filter_map(run).collect();
        setpoints::summary(self.held[plant].name, variable, &runs)
    }

    fn cells(&self, plant: usize, done: &[&Done]) -> Vec<Cell> {
        let scores = |d: &&Done| if let Done::Scored(s) = d { s.clone() } else { Vec::new() };
        let scores: Vec<Vec<Score>> = done.iter().map(scores).collect();
        let of = |i: usize| scores.iter().map(|s| s[i]).collect::<Vec<_>>();
        let name = self.recipes[plant].name;
        let modes = self.controllers.iter().enumerate();
        modes.filter_map(|(i, m)| cell(name, m.name(), &of(i))).collect()
    }
}

fn recipes(list: &str, all: &[&str]) -> Result<Vec<Recipe>, String> {
    if list == "all" {
        return Ok(all.iter().filter_map(|n| Recipe::named(n)).collect());
    }
    let there = || plants::NAMES.join(", ");
    let known = |n| Recipe::named(n).ok_or_else(|| format!("there is no simulated target {n:?} (there are: all, {})", there()));
    names(list).map(known).collect()
}

/// Whether `hold` is among them, and those that search.
fn modes(list: &str) -> Result<(bool, Vec<Mode>), String> {
    let all = || Mode::ALL.into_iter().filter(|m| m.searching() && *m != Mode::Slo);
    if list == "all" {
        return Ok((false, all().collect()));
    }
    let there = || all().chain([Mode::Hold]).map(Mode::name).collect::<Vec<_>>().join(", ");
    let known = |n: &str| {
        let mode = all().chain([Mode::Hold]).find(|m| m.name() == n);
        mode.ok_or_else(|| format!("there is no controller {n:?} (there are: all, {})", there()))
    };
    let mut modes = names(list).map(known).collect::<Result<Vec<_>, _>>()?;
    let hold = modes.contains(&Mode::Hold);
    modes.retain(|m| *m != Mode::Hold);
    Ok((hold, modes))
}

/// Each name once, in the order typed.
fn names(list: &str) -> impl Iterator<Item = &str> {
    let all: Vec<&str> = list.split(',').map(str::trim).collect();
    let first = |i: &usize| !all[..*i].contains(&all[*i]);
    let keep: Vec<usize> = (0..all.len()).filter(first).collect();
    keep.into_iter().map(move |i| all[i])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_huge_plant_comes_first_and_gets_six_seeds() {
        let plan = Plan::new("mmc,huge", "max", 20, 0.0).unwrap();

        let tasks = plan.tasks();

        assert_eq!(tasks.len(), 26);
        assert!(tasks[..6].iter().all(|t| t.plant == 1) && tasks[6..].iter().all(|t| t.plant == 0));
    }

    #[test]
    fn what_does_not_exist_is_answered_with_what_does() {
        for (plants, controllers, seeds, jitter, piece) in [
            (
                "mcm",
                "all",
                20,
                0.0,
                "there is no simulated target \"mcm\" (there are: all, mmc, ",
            ),
            ("mmc,", "all", 20, 0.0, "there is no simulated target \"\""),
            ("all", "best", 20, 0.0, "there is no controller \"best\" (there are: all, max"),
            ("all", "slo", 20, 0.0, "there is no controller \"slo\""),
            ("all", "all", 0, 0.0, "--seeds 0"),
            ("all", "all", 1, 0.91, "say 0 to 0.9"),
            ("all", "all", 1, f64::NAN, "say 0 to 0.9"),
        ] {
            let said = Plan::new(plants, controllers, seeds, jitter).unwrap_err();

            assert!(said.contains(piece), "{said}");
        }
    }

    #[test]
    fn only_plants_with_all_their_seeds_have_cells() {
        let plan = Plan::new("mmc,usl,mmc", "max", 2, 0.0).unwrap();
        let score = Score {
            regret: 0.1,
            t5: None,
            steady_loss: 0.0,
            n_over_knee: 1.0,
            peak_over_knee: 1.0,
            p99_over_knee: None,
            recovery: None,
        };

        let done = || Some(Done::Scored(vec![score]));
        let result = plan.result(&[done(), done(), done(), None]);

        assert_eq!((result.plants.len(), result.cells.len()), (2, 1));
        assert_eq!((result.cells[0].plant, result.cells[0].seeds), ("mmc", 2));
    }

    #[test]
    fn a_seed_chooses_the_runs_of_a_cell() {
        let plan = |seeds| Plan::new("tiny", "max", seeds, 0.4).unwrap();
        let scores = |plan: Plan| {
            plan.tasks()
                .into_iter()
                .map(|t| format!("{:?}", plan.run(t)))
                .collect::<Vec<_>>()
        };

        let (default, later) = (scores(plan(2)), scores(plan(1).from_seed(1001)));

        assert_eq!(later[0], default[1]);
        assert_ne!(default[0], default[1]);
    }

    #[test]
    fn hold_keeps_its_three_quantities_on_the_plants_of_its_table() {
        let (alone, both) = (
            Plan::new("all", "hold", 1, 0.2).unwrap(),
            Plan::new("mmc", "max,hold", 2, 0.0).unwrap(),
        );

        let of = |p: &Plan| p.tasks().iter().map(|t| t.held.is_some()).collect::<Vec<_>>();

        assert_eq!(of(&alone), vec![true; 9 * 3]);
        assert_eq!(of(&both).iter().filter(|held| **held).count(), 2 * 3);
        assert_eq!(of(&both).len(), 2 + 2 * 3);
        let nothing = alone.result(&vec![None; 27]);
        assert_eq!((nothing.plants.len(), nothing.setpoints), (0, Some(Vec::new())));
    }
}
