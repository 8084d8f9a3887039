//! What a bake-off runs: lists of plants and controllers as typed, seeds, jitter; cut into tasks.
//! It refuses what does not exist, and names what does.

use super::cell::cell;
use super::oracle::Oracle;
use super::score::Score;
use super::trial;
use crate::model::setpoints::Mode;
use crate::sim::plants::{self, Recipe};
use crate::telemetry::scores::{Bakeoff, Cell};

/// The plants that controllers are compared on.
const PLANTS: [&str; 15] = [
    "mmc", "usl", "uslsteep", "flat", "latup", "latdown", "capdrop", "caprise", "pareto", "noisy", "warm", "reject", "twopeak",
    "huge", "tiny",
];
/// The plant with the most exchanges gets so many seeds at most.
const HUGE: (&str, u32) = ("huge", 6);
/// Seeds begin here; the tests of the laws use smaller ones.
const FIRST_SEED: u64 = 1000;

/// A checked plan.
#[derive(Clone, Debug)]
pub struct Plan {
    recipes: Vec<Recipe>,
    controllers: Vec<Mode>,
    seeds: u32,
    jitter: f64,
}

/// One plant with one seed, under every controller.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Task {
    plant: usize,
    seed: u32,
    /// How much work it is, beside others.
    pub weight: f64,
}

impl Plan {
    /// `plants`, `controllers`: `all`, or names with commas; `seeds` ≥ 1; `jitter` in [0, 0.9].
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
        Ok(Self {
            recipes: recipes(plants)?,
            controllers: modes(controllers)?,
            seeds,
            jitter,
        })
    }

    /// The heaviest first.
    pub fn tasks(&self) -> Vec<Task> {
        let mut tasks: Vec<Task> = (0..self.recipes.len())
            .flat_map(|plant| (0..self.seeds_of(plant)).map(move |seed| (plant, seed)))
            .map(|(plant, seed)| Task {
                plant,
                seed,
                weight: if self.recipes[plant].name == HUGE.0 { 8.0 } else { 1.0 },
            })
            .collect();
        tasks.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        tasks
    }

    /// One task: a score per controller, in order.
    pub fn run(&self, task: Task) -> Vec<Score> {
        let seed = FIRST_SEED + u64::from(task.seed);
        let recipe = self.recipes[task.plant].jittered(seed, self.jitter);
        let mut oracle = Oracle::new(&recipe, seed);
        let modes = self.controllers.iter();
        modes.map(|m| trial::run(&recipe, *m, seed, &mut oracle)).collect()
    }

    /// The cells whose tasks are all done; `done` in the order of `tasks`.
    pub fn result(&self, done: &[Option<Vec<Score>>]) -> Bakeoff {
        let tasks = self.tasks();
        let cells = (0..self.recipes.len()).flat_map(|plant| {
            let mine = tasks
                .iter()
                .zip(done)
                .filter(|(t, _)| t.plant == plant)
                .map(|(_, d)| d.as_ref());
            let scores: Option<Vec<&Vec<Score>>> = mine.collect();
            self.cells(plant, &scores.unwrap_or_default())
        });
        Bakeoff {
            plants: self.recipes.iter().map(|r| r.name).collect(),
            controllers: self.controllers.iter().map(|m| m.name()).collect(),
            seeds: self.seeds,
            jitter: self.jitter,
            cells: cells.collect(),
        }
    }

    fn cells(&self, plant: usize, scores: &[&Vec<Score>]) -> Vec<Cell> {
        let of = |i: usize| scores.iter().map(|s| s[i]).collect::<Vec<_>>();
        let name = self.recipes[plant].name;
        let modes = self.controllers.iter().enumerate();
        modes.filter_map(|(i, m)| cell(name, m.name(), &of(i))).collect()
    }

    fn seeds_of(&self, plant: usize) -> u32 {
        if self.recipes[plant].name == HUGE.0 {
            self.seeds.min(HUGE.1)
        } else {
            self.seeds
        }
    }
}

fn recipes(list: &str) -> Result<Vec<Recipe>, String> {
    if list == "all" {
        return Ok(PLANTS.iter().filter_map(|n| Recipe::named(n)).collect());
    }
    let there = || plants::NAMES.join(", ");
    let known = |n| Recipe::named(n).ok_or_else(|| format!("there is no plant {n:?} (there are: all, {})", there()));
    names(list).map(known).collect()
}

fn modes(list: &str) -> Result<Vec<Mode>, String> {
    let all = || {
        Mode::ALL
            .into_iter()
            .filter(|m| m.searching() && m.built() && *m != Mode::Slo)
    };
    if list == "all" {
        return Ok(all().collect());
    }
    let there = || all().map(Mode::name).collect::<Vec<_>>().join(", ");
    let known = |n: &str| {
        let mode = all().find(|m| m.name() == n);
        mode.ok_or_else(|| format!("there is no controller {n:?} (there are: all, {})", there()))
    };
    names(list).map(known).collect()
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
            ("mcm", "all", 20, 0.0, "there is no plant \"mcm\" (there are: all, mmc, "),
            ("mmc,", "all", 20, 0.0, "there is no plant \"\""),
            ("all", "best", 20, 0.0, "there is no controller \"best\" (there are: all, max"),
            ("all", "hold", 20, 0.0, "there is no controller \"hold\""),
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
            p99_over_knee: None,
            recovery: None,
        };

        let result = plan.result(&[Some(vec![score]), Some(vec![score]), Some(vec![score]), None]);

        assert_eq!((result.plants.len(), result.cells.len()), (2, 1));
        assert_eq!((result.cells[0].plant, result.cells[0].seeds), ("mmc", 2));
    }
}
