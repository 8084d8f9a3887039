//! A simulated plant that remembers, tick by tick, what it was asked for and what it gave.
//! It changes nothing that passes through it.

use super::world::World;
use crate::conduct::Plant;
use crate::model::demand::Demand;
use crate::model::units::Nanos;
use crate::telemetry::interval::Interval;
use crate::telemetry::latency::Latency;

/// One entry per `collect`.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// Workers in force during the tick.
    pub workers: Vec<f64>,
    /// Good answers in it.
    pub ok: Vec<u64>,
    /// Exchanges in it that were not good.
    pub errors: Vec<u64>,
    /// Responses of the last part of the run.
    pub late: Latency,
}

/// A world and its trace.
#[derive(Debug)]
pub struct Watched {
    /// What happened so far.
    pub trace: Trace,
    world: World,
    asked: f64,
    late: Nanos,
}

impl Watched {
    /// Responses count as late from the moment `late` on.
    pub fn new(world: World, late: Nanos) -> Self {
        Self {
            trace: Trace::default(),
            world,
            asked: 0.0,
            late,
        }
    }
}

impl Plant for Watched {
    fn set(&mut self, demand: Demand) {
        self.asked = demand.workers;
        self.world.set(demand);
    }

    fn collect(&mut self, now: Nanos) -> Interval {
        let interval = self.world.collect(now);
        let (tally, trace) = (&interval.tally, &mut self.trace);
        trace.workers.push(self.asked);
        trace.ok.push(tally.ok);
        trace.errors.push(tally.bad_status + tally.error_total());
        if interval.from >= self.late {
            trace.late.merge(&tally.direct);
            if let Some(parts) = &tally.parts {
                trace.late.merge(&parts.response);
            }
        }
        interval
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::plants::Recipe;

    #[test]
    fn a_tick_is_booked_to_the_workers_in_force_in_it() {
        let world = World::new(Recipe::named("mmc").unwrap(), None, 1);
        let mut w = Watched::new(world, Nanos::from_secs(1));
        for (k, workers) in [4.0, 8.0, 8.0].into_iter().enumerate() {
            w.set(Demand {
                workers,
                ..Demand::default()
            });
            w.collect(Nanos::from_secs(k as u64 + 1));
        }

        assert_eq!(w.trace.workers, [4.0, 8.0, 8.0]);
        assert!(w.trace.ok[1] > 3 * w.trace.ok[0] / 2, "{:?}", w.trace.ok);
        assert_eq!(
            w.trace.late.count(),
            w.trace.ok[1] + w.trace.ok[2],
            "the first second is not late"
        );
    }
}
