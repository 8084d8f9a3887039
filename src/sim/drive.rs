//! A regulator over a simulated plant, tick by tick in virtual time: the harness of tests and experiments.
//! It judges nothing.

use super::plants::Recipe;
use super::world::World;
use crate::conduct::{Plant, observe};
use crate::control::Observation;
use crate::control::regulator::{Regulator, Ruling};
use crate::model::demand::Demand;
use crate::model::setpoints::Setpoints;
use crate::model::units::Nanos;

/// The control period.
pub const TICK: Nanos = Nanos::from_millis(100);

/// One tick and what was ruled after it.
#[derive(Clone, Debug)]
pub struct Turn {
    /// What the plant said.
    pub seen: Observation,
    /// What the regulator made of it.
    pub ruling: Ruling,
}

/// Regulator and plant, coupled.
#[derive(Debug)]
pub struct Drive {
    /// What the user wishes; change it between turns.
    pub set: Setpoints,
    world: World,
    demand: Demand,
    regulator: Regulator,
    now: Nanos,
    gentle: bool,
}

impl Drive {
    /// From a cold start.
    pub fn new(recipe: Recipe, set: Setpoints, gentle: bool, seed: u64) -> Self {
        let regulator = Regulator::new(&set, gentle);
        let mut world = World::new(recipe, None, seed);
        let demand = Demand {
            workers: regulator.workers(),
            ..Demand::default()
        };
        world.set(demand);
        Self {
            set,
            world,
            demand,
            regulator,
            now: Nanos::ZERO,
            gentle,
        }
    }

    /// With a generator that stands still then, and so long; in order, and apart from each other. Before the first turn.
    #[must_use]
    pub fn standing_still(self, times: Vec<(Nanos, Nanos)>) -> Self {
        Self {
            world: self.world.standing_still(times),
            ..self
        }
    }

    /// The regulator, for what is no setpoint: experiments.
    pub fn regulator(&mut self) -> &mut Regulator {
        &mut self.regulator
    }

    /// One tick of 100 ms.
    pub fn turn(&mut self) -> Turn {
        self.now += TICK;
        let interval = self.world.collect(self.now);
        let seen = observe(&interval, &self.demand, self.gentle);
        let ruling = self.regulator.tick(&seen, &self.set);
        self.demand = Demand {
            workers: ruling.workers,
            stagger: ruling.stagger,
            rate: ruling.open.map(|o| o.rate),
            arrivals: ruling.open.map(|o| o.arrivals).unwrap_or_default(),
            cap: ruling.open.and_then(|o| o.cap),
            limits: ruling.open.and_then(|o| o.limits),
            ..Demand::default()
        };
        self.world.set(self.demand);
        if ruling.chosen.is_some() {
            self.set.target = ruling.chosen;
        }
        Turn { seen, ruling }
    }

    /// All turns of some seconds.
    pub fn run(&mut self, seconds: f64) -> Vec<Turn> {
        (0..(seconds * 10.0).round() as u32).map(|_| self.turn()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_law_sees_the_answers_of_late_arrivals_too() {
        let mut drive = Drive::new(Recipe::named("usl").unwrap(), Setpoints::default(), false, 1);
        drive.demand = Demand {
            workers: 4.0,
            rate: Some(1_000.0),
            ..Demand::default()
        };
        drive.world.set(drive.demand);

        let seen = drive.turn().seen;

        assert!(seen.waiting > 0 && seen.ok > 8, "more than left at once: {seen:?}");
        assert_eq!(seen.grid.total(), seen.ok, "responses told of, and answers");
    }
}
