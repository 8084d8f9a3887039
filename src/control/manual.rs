//! `manual`: the user is the controller.
//! It refuses to have an opinion.

use super::{Controller, Move, Observation};
use crate::model::setpoints::Setpoints;
use crate::telemetry::frame::State;

/// The law that has none: the workers asked for, or those in force.
#[derive(Clone, Debug, Default)]
pub struct Manual {
    kept: Option<f64>,
    settled: f64,
}

impl Controller for Manual {
    fn step(&mut self, seen: &Observation, set: &Setpoints) -> Move {
        let here = *self.kept.get_or_insert(seen.workers.round().max(1.0));
        let workers = set.asked.map_or(here, f64::from);
        if self.kept.replace(workers) != Some(workers) {
            self.settled = 0.0;
        }
        // A duty of one: in force and in flight, or nearly all of them.
        let there = (seen.workers - workers).abs() < 0.5;
        self.settled = if there { self.settled + seen.span } else { 0.0 };
        let response = seen.mean.unwrap_or(0.0);
        let settled = self.settled > response.max(0.1) + 1e-9;
        Move {
            workers,
            state: State::Hold,
            settled,
            resting: settled,
            converged: there && (settled || seen.in_flight as f64 >= 0.9 * workers),
            ..Move::default()
        }
    }

    fn track(&mut self, _seen: &Observation, workers: f64) {
        self.kept = Some(workers.round().max(1.0));
        self.settled = 0.0;
    }
}
