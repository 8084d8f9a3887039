//! A simulated plant under watch: are there ever more exchanges in flight than the cap allows?
//! It changes nothing that passes through it.

use crate::conduct::Plant;
use crate::model::demand::Demand;
use crate::model::units::Nanos;
use crate::sim::world::World;
use crate::telemetry::interval::Interval;

/// A world and its witness.
#[derive(Debug)]
pub(super) struct Capped {
    world: World,
    cap: Option<u32>,
    before: u64,
    /// Ticks at whose end more were in flight than the cap, and more than were there when it came into force.
    pub(super) over: u64,
}

impl Capped {
    pub(super) fn new(world: World) -> Self {
        Self {
            world,
            cap: None,
            before: 0,
            over: 0,
        }
    }
}

impl Plant for Capped {
    fn set(&mut self, demand: Demand) {
        self.cap = demand.cap.filter(|_| demand.rate.is_some());
        self.world.set(demand);
    }

    fn collect(&mut self, now: Nanos) -> Interval {
        let interval = self.world.collect(now);
        let (flying, was) = (
            interval.gauges.in_flight,
            std::mem::replace(&mut self.before, interval.gauges.in_flight),
        );
        self.over += u64::from(self.cap.is_some_and(|cap| flying > was.max(u64::from(cap))));
        interval
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::plants::Recipe;

    #[test]
    fn more_than_the_cap_is_noticed_and_the_cap_itself_is_not() {
        let over = |cap: Option<u32>, told: u32| {
            let mut c = Capped::new(World::new(Recipe::named("slow").unwrap(), None, 1));
            for k in 1..=20 {
                c.set(Demand {
                    workers: 500.0,
                    rate: Some(200.0),
                    cap,
                    ..Demand::default()
                });
                c.cap = Some(told);
                c.collect(Nanos::from_millis(100 * k));
            }
            c.over
        };

        assert_eq!(over(Some(50), 50), 0);
        assert!(over(None, 50) > 5);
    }
}
