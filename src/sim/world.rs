//! A closed loop of workers around one station in virtual time: the plant the laws are tested on.
//! It knows no clock and no socket; time passes when `collect` is told that it has.
//!
//! ```text
//!  begin ─► Z/2 ─► arrive │ station, processor sharing │ depart ─► Z/2 ─► back: recorded, then begin again at once
//!                                                                   index ≥ N: absent · index = ⌊N⌋: thinks first
//! ```

use super::plants::{Recipe, Stretch};
use super::station::Sharing;
use super::weather::Weather;
use super::worker::{self, Doing, Worker};
use crate::conduct::Plant;
use crate::model::demand::{Demand, Drive};
use crate::model::units::Nanos;
use crate::telemetry::interval::{Gauges, Interval};
use crate::telemetry::tally::Tally;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Least share of time a duty worker may have; below it there is none.
const LEAST_DUTY: f64 = 0.05;

/// What happens next to a worker or to the plant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Change,
    Back,
    Arrive,
    Begin,
}

/// In the order of time. A `Begin` whose stamp is not its worker's any more was called off.
type Event = Reverse<(Nanos, What, u32, u32)>;

/// One simulated plant, from an empty station at time zero.
#[derive(Debug)]
pub struct World {
    recipe: Recipe,
    stretch: Stretch,
    weather: Weather,
    rng: fastrand::Rng,
    now: Nanos,
    heard: Nanos,
    station: Sharing,
    events: BinaryHeap<Event>,
    workers: Vec<Worker>,
    demand: Demand,
    /// ⌊N⌋: these run flat out.
    full: usize,
    /// Share of time of the worker after them; 0 for none.
    duty: f64,
    begun: u64,
    limit: Option<u64>,
    tally: Tally,
    busy: u64,
    busy_ns: u128,
    peak: u64,
}

impl World {
    /// The same recipe, limit and seed give the same run. `limit`: this many exchanges in all.
    pub fn new(recipe: Recipe, limit: Option<u64>, seed: u64) -> Self {
        let changes = recipe.stretches.iter().skip(1);
        Self {
            stretch: recipe.stretch(Nanos::ZERO),
            weather: Weather::new(recipe.warm, recipe.noisy, seed),
            rng: fastrand::Rng::with_seed(seed),
            now: Nanos::ZERO,
            heard: Nanos::ZERO,
            station: Sharing::new(),
            events: changes.map(|s| Reverse((s.from, What::Change, 0, 0))).collect(),
            workers: Vec::new(),
            demand: Demand::default(),
            full: 0,
            duty: 0.0,
            begun: 0,
            limit,
            tally: Tally::default(),
            busy: 0,
            busy_ns: 0,
            peak: 0,
            recipe,
        }
    }

    /// What it is made of.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    fn run(&mut self, until: Nanos) {
        loop {
            let next = self.events.peek().map_or(Nanos::MAX, |Reverse(e)| e.0);
            let departure = self.next_departure().unwrap_or(Nanos::MAX);
            let turn = self.weather.next();
            if departure.min(next).min(turn) > until {
                break;
            }
            if turn <= departure.min(next) {
                self.pass(turn);
                self.weather.turn();
            } else if departure <= next {
                self.pass(departure);
                self.depart();
            } else if let Some(Reverse((at, what, worker, stamp))) = self.events.pop() {
                self.pass(at);
                self.happen(what, worker, stamp);
            }
        }
        self.pass(until);
    }

    /// Time passes: the station serves, the gauge of busy workers is integrated.
    fn pass(&mut self, to: Nanos) {
        let (stretch, factor) = (self.stretch, self.weather.factor(self.now));
        self.station.advance(to, |n| stretch.law.rate(n as u32) * factor);
        self.busy_ns += u128::from(self.busy) * u128::from((to - self.now).ns());
        self.now = self.now.max(to);
    }

    fn next_departure(&self) -> Option<Nanos> {
        let factor = self.weather.factor(self.now);
        self.station.next_departure(|n| self.stretch.law.rate(n as u32) * factor)
    }

    fn happen(&mut self, what: What, worker: u32, stamp: u32) {
        match what {
            What::Change => self.stretch = self.recipe.stretch(self.now),
            What::Arrive => {
                let work = self.recipe.work.draw(&mut self.rng);
                self.station.arrive(u64::from(worker), work);
            }
            What::Back => self.back(worker),
            What::Begin if self.workers[worker as usize].stamp == stamp => self.begin(worker),
            What::Begin => {}
        }
    }

    fn depart(&mut self) {
        if let Some(job) = self.station.depart() {
            let at = self.now + self.half_delay();
            self.events.push(Reverse((at, What::Back, job as u32, 0)));
        }
    }

    fn begin(&mut self, worker: u32) {
        let wanted = self.wanted(worker as usize) && self.limit.is_none_or(|l| self.begun < l);
        let at = self.now + self.half_delay();
        let w = &mut self.workers[worker as usize];
        if !wanted {
            w.doing = Doing::Absent;
            return;
        }
        w.doing = Doing::Busy;
        w.since = self.now;
        if w.connected {
            self.tally.reused += 1;
        } else {
            w.connected = true;
            self.tally.opened += 1;
        }
        self.begun += 1;
        self.busy += 1;
        self.tally.scheduled += 1;
        self.tally.sent += 1;
        self.events.push(Reverse((at, What::Arrive, worker, 0)));
    }

    fn back(&mut self, worker: u32) {
        let now = self.now;
        let w = &mut self.workers[worker as usize];
        let length = now - w.since;
        w.length = length;
        self.busy -= 1;
        self.tally.ok += 1;
        self.tally.first_byte_ns += length.ns();
        self.tally.direct.record(length);
        if worker as usize == self.full && self.wanted(worker as usize) {
            self.wait(worker, now, now + self.thinking(length));
        } else {
            self.begin(worker);
        }
    }

    fn wait(&mut self, worker: u32, since: Nanos, until: Nanos) {
        let w = &mut self.workers[worker as usize];
        w.doing = Doing::Waiting;
        w.since = since;
        w.stamp = w.stamp.wrapping_add(1);
        self.events.push(Reverse((until, What::Begin, worker, w.stamp)));
    }

    /// Whether a worker of this index may begin.
    fn wanted(&self, index: usize) -> bool {
        self.demand.drive == Drive::Run && (index < self.full || (index == self.full && self.duty > 0.0))
    }

    /// After an exchange of length s the duty worker thinks s·(1/f − 1).
    fn thinking(&self, length: Nanos) -> Nanos {
        Nanos::from_secs_f64(length.secs() * (1.0 / self.duty.max(LEAST_DUTY) - 1.0))
    }

    /// Calls absent workers, spread over the stagger; those that think are told the new share.
    fn call(&mut self) {
        let target = self.full + usize::from(self.duty > 0.0);
        if self.workers.len() < target {
            self.workers.resize(target, Worker::default());
        }
        for i in 0..self.workers.len() {
            let w = self.workers[i];
            if w.doing == Doing::Waiting && w.length > Nanos::ZERO {
                let pause = if i == self.full {
                    self.thinking(w.length)
                } else {
                    Nanos::ZERO
                };
                self.wait(i as u32, w.since, self.now.max(w.since + pause));
            }
        }
        let absent: Vec<u32> = (0..self.workers.len())
            .filter(|i| self.wanted(*i) && self.workers[*i].doing == Doing::Absent)
            .map(|i| i as u32)
            .collect();
        for (k, worker) in absent.iter().enumerate() {
            let share = k as f64 / absent.len() as f64;
            self.workers[*worker as usize].length = Nanos::ZERO;
            let at = self.now + Nanos::from_secs_f64(self.demand.stagger.secs() * share);
            self.wait(*worker, self.now, at);
        }
    }

    fn abort(&mut self) {
        for w in self.workers.iter_mut() {
            if w.doing == Doing::Busy {
                self.tally.aborted += 1;
                let age = self.now - w.since;
                self.tally.aborted_age.get_or_insert_default().record(age);
            }
            w.doing = Doing::Absent;
        }
        self.events.clear();
        self.station = Sharing::new();
        self.busy = 0;
    }

    fn half_delay(&mut self) -> Nanos {
        Nanos::from_secs_f64(self.stretch.think / 2.0 * (0.9 + 0.2 * self.rng.f64()))
    }

    fn gauges(&mut self, span: Nanos) -> Gauges {
        let mut g = worker::levels(&self.workers, self.now);
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
        self.demand = demand;
        self.full = demand.workers.max(0.0) as usize;
        let duty = demand.workers.max(0.0).fract();
        self.duty = if duty < LEAST_DUTY { 0.0 } else { duty };
        self.call();
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
            health: Default::default(),
            exhausted: self.limit.is_some_and(|l| self.begun >= l),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::books::Books;

    fn world(name: &str, workers: f64, limit: Option<u64>) -> World {
        let mut w = World::new(Recipe::named(name).unwrap(), limit, 7);
        w.set(Demand {
            workers,
            ..Demand::default()
        });
        w
    }

    fn rate(w: &mut World, from: u64, to: u64) -> f64 {
        w.collect(Nanos::from_secs(from));
        w.collect(Nanos::from_secs(to)).tally.ok as f64 / (to - from) as f64
    }

    #[test]
    fn the_simulated_rate_is_the_exact_one() {
        for (name, n) in [
            ("mmc", 10),
            ("usl", 41),
            ("usl", 90),
            ("flat", 64),
            ("pareto", 20),
            ("tiny", 3),
            ("slow", 3),
        ] {
            let exact = Recipe::named(name).unwrap().rates(Nanos::ZERO, n)[n as usize - 1];

            let x = rate(&mut world(name, f64::from(n), None), 2, 29);

            // 5 sigma of a Poisson count, or 1 %; heavy tails converge slowly.
            let bound = (5.0 / (exact * 27.0).sqrt()).max(if name == "pareto" { 0.03 } else { 0.01 });
            assert!((x / exact - 1.0).abs() < bound, "{name} {n}: {x} {exact}");
        }
    }

    #[test]
    fn half_a_worker_gives_half_the_rate_of_one() {
        let one = rate(&mut world("usl", 1.0, None), 1, 29);

        let half = rate(&mut world("usl", 0.5, None), 1, 29);

        assert!((half / one - 0.5).abs() < 0.03, "{half} {one}");
    }

    #[test]
    fn the_books_balance_at_every_moment_and_after_an_abort() {
        let mut w = world("usl", 40.5, None);
        let mut total = Tally::default();
        for (i, workers) in [40.5, 3.0, 90.2, 17.0, 17.0].into_iter().enumerate() {
            let drive = if i == 4 { Drive::Abort } else { Drive::Run };
            w.set(Demand {
                workers,
                drive,
                stagger: Nanos::from_millis(30),
                ..Demand::default()
            });
            let seen = w.collect(Nanos::from_millis(1 + 13 * (i as u64 + 1)));
            total.merge(&seen.tally);

            let books = Books::of(&total, &seen.gauges);

            assert!(books.balanced(), "{i} {books:?}");
        }
        assert!(total.aborted > 0 && total.aborted_age.unwrap().count() == total.aborted);
    }

    #[test]
    fn a_limit_is_kept_exactly_and_said() {
        let mut w = world("mmc", 10.0, Some(1_000));

        let seen = w.collect(Nanos::from_secs(5));

        assert_eq!((seen.tally.sent, seen.tally.ok, seen.exhausted), (1_000, 1_000, true));
    }

    #[test]
    fn a_pause_lets_exchanges_finish_and_resuming_goes_on() {
        let mut w = world("mmc", 10.0, None);
        let run = Demand {
            workers: 10.0,
            ..Demand::default()
        };
        w.collect(Nanos::from_secs(1));
        w.set(Demand {
            drive: Drive::Pause,
            ..run
        });

        assert_eq!(w.collect(Nanos::from_secs(2)).gauges.in_flight, 0);
        assert_eq!(w.collect(Nanos::from_secs(3)).tally.sent, 0);
        w.set(run);
        assert_eq!(w.collect(Nanos::from_secs(4)).gauges.in_flight, 10);
    }
}
