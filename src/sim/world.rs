//! Workers, network and target in virtual time: the plant the laws are tested on.
//! It knows no clock and no socket; time passes when `collect` is told that it has.
//!
//! ```text
//!  begin ─► Z/2 ─► arrive │ target │ leaves ─► Z/2 ─► back: recorded, then
//!    closed: begins again at once   index ≥ N: absent · index = ⌊N⌋: thinks first
//!    open:   takes the arrival that waits longest, else is idle
//! ```

mod closed;
mod exchange;
mod open;
mod standstill;

use super::plants::Recipe;
use super::target::Target;
use super::worker::{self, Worker};
use crate::conduct::Plant;
use crate::load::{Backlog, Throttle, Traffic, throttle};
use crate::model::demand::{Demand, Drive};
use crate::model::units::Nanos;
use crate::telemetry::interval::{Gauges, Health, Interval};
use crate::telemetry::tally::Tally;
use standstill::Standstills;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Least share of time a duty worker may have; below it there is none.
const LEAST_DUTY: f64 = 0.05;

/// What happens next to a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Back,
    Arrive,
    Begin,
    Credit,
}

/// In the order of time. A `Begin` whose stamp is not its worker's any more was called off.
type Event = Reverse<(Nanos, What, u32, u32)>;

/// One simulated plant, from an empty station at time zero.
#[derive(Debug)]
pub struct World {
    target: Target,
    rng: fastrand::Rng,
    seed: u64,
    now: Nanos,
    heard: Nanos,
    events: BinaryHeap<Event>,
    workers: Vec<Worker>,
    demand: Demand,
    /// ⌊N⌋: these run flat out. Open model: most exchanges at once.
    full: usize,
    /// Share of time of the worker after them; 0 for none.
    duty: f64,
    begun: u64,
    limit: Option<u64>,
    /// Arrivals of the open model; standing still in the closed one.
    backlog: Backlog,
    /// The backlog's next arrival; `MAX` for none.
    due: Nanos,
    /// Costs every exchange a credit.
    throttle: Option<Throttle>,
    /// When waiting arrivals look for the next credit; `MAX`: none waits for one.
    credit: Nanos,
    /// Workers that may be idle; the last is taken first.
    idle: Vec<u32>,
    standstills: Standstills,
    /// Answers have a status.
    status: bool,
    tally: Tally,
    busy: u64,
    busy_ns: u128,
    peak: u64,
}

impl World {
    /// The same recipe, limit and seed give the same run. `limit`: this many exchanges in all (open model: arrivals).
    /// Open model: 65536 arrivals may wait.
    pub fn new(recipe: Recipe, limit: Option<u64>, seed: u64) -> Self {
        Self {
            status: recipe.refuses(),
            target: Target::new(recipe, seed),
            rng: fastrand::Rng::with_seed(seed),
            seed,
            now: Nanos::ZERO,
            heard: Nanos::ZERO,
            events: BinaryHeap::new(),
            workers: Vec::new(),
            demand: Demand::default(),
            full: 0,
            duty: 0.0,
            begun: 0,
            limit,
            backlog: open::backlog(Traffic::default(), seed),
            due: Nanos::MAX,
            throttle: None,
            credit: Nanos::MAX,
            idle: Vec::new(),
            standstills: Standstills::default(),
            tally: Tally::default(),
            busy: 0,
            busy_ns: 0,
            peak: 0,
        }
    }

    /// With other open traffic. Before the first `set`.
    #[must_use]
    pub fn offering(mut self, traffic: Traffic) -> Self {
        self.backlog = open::backlog(traffic, self.seed);
        self
    }

    /// With a throttle. Before the first `set`.
    #[must_use]
    pub fn throttled(mut self, terms: Option<throttle::Terms>) -> Self {
        self.throttle = terms.map(Throttle::new);
        self
    }

    /// With a generator that stands still then, and so long; in order, and apart from each other.
    #[must_use]
    pub fn standing_still(mut self, times: Vec<(Nanos, Nanos)>) -> Self {
        self.standstills = Standstills::new(times);
        self
    }

    /// What it is made of.
    pub fn recipe(&self) -> &Recipe {
        self.target.recipe()
    }

    /// How far the schedule of the open model has slipped, policy `block`.
    pub fn slip(&self) -> Nanos {
        self.backlog.slip()
    }

    fn run(&mut self, until: Nanos) {
        loop {
            let next = self.events.peek().map_or(Nanos::MAX, |Reverse(e)| e.0);
            let target = self.target.next();
            let due = self.standstills.heeded(self.due);
            if target.min(next).min(due) > until {
                break;
            }
            if target <= next && target <= due {
                self.pass(target);
                if let Some((job, fate)) = self.target.step() {
                    self.leave(job as u32, fate);
                }
            } else if due <= next {
                self.pass(due);
                self.arrival();
            } else if let Some(Reverse((at, what, worker, stamp))) = self.events.pop() {
                let heeded = self.standstills.heeded(at);
                if what != What::Arrive && heeded > at {
                    self.events.push(Reverse((heeded, what, worker, stamp)));
                } else {
                    self.pass(at);
                    self.happen(what, worker, stamp);
                }
            }
        }
        self.pass(until);
    }

    /// Time passes: the target serves, the gauge of busy workers is integrated.
    fn pass(&mut self, to: Nanos) {
        self.target.pass(to);
        self.busy_ns += u128::from(self.busy) * u128::from((to - self.now).ns());
        self.now = self.now.max(to);
    }

    fn happen(&mut self, what: What, worker: u32, stamp: u32) {
        match what {
            What::Arrive => self.arrive(worker),
            What::Back => self.back(worker),
            What::Begin if self.workers[worker as usize].stamp == stamp => self.begin(worker),
            What::Begin => {}
            What::Credit => self.credited(),
        }
    }

    fn spent(&self) -> bool {
        self.limit.is_some_and(|l| self.begun >= l)
    }

    fn gauges(&mut self, span: Nanos) -> Gauges {
        let mut g = worker::levels(&self.workers, self.now);
        g.waiting = self.backlog.waiting() as u64;
        g.most_waiting = self.backlog.most_waiting() as u64;
        g.queued = g.waiting;
        g.due_age = self.backlog.age(self.now);
        g.slip = self.backlog.slip();
        g.throttled = self.throttle.is_some_and(|t| t.binds(self.now));
        self.peak = self.peak.max(g.active);
        g.peak = self.peak;
        g.busy = self.busy_ns as f64 / (span.ns() as f64).max(1.0);
        g
    }
}

impl Plant for World {
    fn set(&mut self, demand: Demand) {
        let drive = match (self.demand.drive, demand.drive) {
            (Drive::Abort, _) => Drive::Abort,
            (Drive::Drain, Drive::Run | Drive::Pause) => Drive::Drain,
            (_, asked) => asked,
        };
        if drive == Drive::Abort && self.demand.drive != Drive::Abort {
            self.abort();
        }
        let demand = Demand { drive, ..demand };
        if demand == self.demand {
            return;
        }
        let before = std::mem::replace(&mut self.demand, demand);
        self.full = demand.workers.max(0.0) as usize;
        let duty = demand.workers.max(0.0).fract();
        self.duty = if duty < LEAST_DUTY { 0.0 } else { duty };
        match (before.rate, demand.rate) {
            (_, Some(_)) => self.open(),
            (Some(_), None) => {
                self.close();
                self.call();
            }
            (None, None) => self.call(),
        }
    }

    fn collect(&mut self, now: Nanos) -> Interval {
        self.run(now);
        let from = std::mem::replace(&mut self.heard, now);
        let gauges = self.gauges(now - from);
        self.busy_ns = 0;
        Interval {
            from,
            to: now,
            lanes: 1,
            heard: 1,
            tally: std::mem::take(&mut self.tally),
            gauges,
            health: Health {
                pauses: self.standstills.over(now),
                ..Health::default()
            },
            exhausted: self.spent() || self.backlog.exhausted(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_run_and_another_another() {
        let run = |name, rate, seed| {
            let mut w = World::new(Recipe::named(name).unwrap(), None, seed);
            w.set(Demand {
                workers: 30.0,
                rate,
                ..Demand::default()
            });
            let intervals: Vec<Interval> = (1..50).map(|k| w.collect(Nanos::from_millis(100 * k))).collect();
            format!("{intervals:?}")
        };
        for (name, rate) in [
            ("usl", None),
            ("reject", None),
            ("noisy", Some(900.0)),
            ("ratelimit", Some(200.0)),
        ] {
            let first = run(name, rate, 1);

            assert!(first == run(name, rate, 1), "{name}");
            assert!(first != run(name, rate, 2), "{name}");
        }
    }
}
