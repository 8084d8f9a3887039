//! The open model: arrivals come at their own times; workers are a limit on exchanges at once.
//!
//! ```text
//!  arrival due ─► idle worker, else one started below the limit, else it waits in the backlog
//! ```

use super::{What, World};
use crate::load::{Backlog, Offer, Traffic};
use crate::model::demand::{Demand, Drive};
use crate::model::failure::Failure;
use crate::model::seen::Seen;
use crate::model::units::Nanos;
use crate::sim::worker::{Doing, Worker};
use crate::telemetry::tally::Outcome;
use std::cmp::Reverse;

/// Arrivals have random numbers of their own: the plant does the same to other arrivals.
pub(super) fn backlog(traffic: Traffic, seed: u64) -> Backlog {
    Backlog::new(traffic, seed ^ 0xa11)
}

impl World {
    /// The demand of the open model is in force from now on.
    pub(super) fn open(&mut self) {
        // Some workers at all: a limit below one would be no limit but the end.
        self.full = self.full.max(usize::from(self.demand.workers > 0.0));
        self.backlog.follow(self.now, &self.demand);
        self.idle.clear();
        for (i, w) in self.workers.iter_mut().enumerate().rev() {
            if w.doing == Doing::Busy {
                continue;
            }
            w.stamp = w.stamp.wrapping_add(1);
            w.credited = false;
            w.doing = if i < self.full { Doing::Idle } else { Doing::Absent };
            if i < self.full {
                self.idle.push(i as u32);
            }
        }
        self.employ();
        self.plan();
    }

    /// The open model ends: what waits is never sent.
    pub(super) fn close(&mut self) {
        let closed = Demand {
            rate: None,
            ..self.demand
        };
        self.backlog.follow(self.now, &closed);
        let age = self.backlog.oldest().map_or(Nanos::ZERO, |t| self.now - t);
        self.tally.forgo(self.backlog.clear(), age);
        (self.due, self.credit) = (Nanos::MAX, Nanos::MAX);
        self.idle.clear();
        for w in self.workers.iter_mut().filter(|w| w.doing == Doing::Idle) {
            w.doing = Doing::Absent;
        }
    }

    /// An arrival is due now.
    pub(super) fn arrival(&mut self) {
        let number = (!self.spent()).then_some(self.begun);
        // Each that came before has been taken already, if anybody could.
        let offer = self.backlog.offer(0, || number);
        if offer.is_some_and(|o| o != Offer::Held) {
            if self.demand.limits.is_some() {
                self.tally.cohorts.get_or_insert_default().arrived(self.due);
            }
            self.begun += 1;
            self.tally.scheduled += 1;
        }
        match offer {
            Some(Offer::Queued) => self.employ(),
            Some(Offer::Shed) => self.tally.shed += 1,
            Some(Offer::Refused) => {
                let seen = Seen {
                    intended: self.due,
                    ..Seen::default()
                };
                self.tally.finish(&seen, Outcome::Failed(Failure::LocalQueue), self.now);
            }
            Some(Offer::Held) | None => {}
        }
        self.plan();
    }

    /// A worker is free again.
    pub(super) fn free(&mut self, worker: u32) {
        let wanted = (worker as usize) < self.full;
        let w = &mut self.workers[worker as usize];
        w.doing = if wanted { Doing::Idle } else { Doing::Absent };
        if wanted {
            self.idle.push(worker);
            self.employ();
        }
    }

    /// Gives arrivals that wait to workers that are idle.
    fn employ(&mut self) {
        let still = self.standstills.heeded(self.now) > self.now;
        if still || !matches!(self.demand.drive, Drive::Run | Drive::Drain) {
            return;
        }
        while self.backlog.waiting() > 0 {
            if !self.affords() {
                return;
            }
            let Some(worker) = self.idle_worker() else { return };
            let Some(arrival) = self.backlog.take(self.now) else { return };
            if let Some(throttle) = &mut self.throttle {
                throttle.take(self.now);
            }
            self.workers[worker as usize].taken = true;
            self.plan();
            let travel = self.half_delay();
            self.send(worker, arrival.intended, travel);
        }
    }

    /// Whether the throttle has a credit; else those that wait look again when it has.
    fn affords(&mut self) -> bool {
        let ready = self.throttle.map_or(Nanos::ZERO, |t| t.ready());
        if ready > self.now && self.credit != ready {
            self.credit = ready;
            self.events.push(Reverse((ready, What::Credit, 0, 0)));
        }
        ready <= self.now
    }

    /// There is a credit.
    pub(super) fn credited(&mut self) {
        self.credit = Nanos::MAX;
        if self.demand.rate.is_some() {
            self.employ();
        }
    }

    /// An idle worker, or a new one below the limit.
    fn idle_worker(&mut self) -> Option<u32> {
        while let Some(worker) = self.idle.pop() {
            if self.workers[worker as usize].doing == Doing::Idle {
                return Some(worker);
            }
        }
        (self.workers.len() < self.full).then(|| {
            self.workers.push(Worker::default());
            self.workers.len() as u32 - 1
        })
    }

    fn plan(&mut self) {
        self.due = if self.spent() {
            Nanos::MAX
        } else {
            self.backlog.next().unwrap_or(Nanos::MAX)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conduct::Plant;
    use crate::load::Process;
    use crate::model::demand::Overflow;
    use crate::sim::plants::Recipe;
    use crate::telemetry::books::Books;
    use crate::telemetry::interval::Interval;
    use crate::telemetry::tally::Tally;

    const SEC: fn(u64) -> Nanos = Nanos::from_secs;

    fn demand(rate: f64, workers: f64) -> Demand {
        Demand {
            rate: Some(rate),
            arrivals: Process::Poisson,
            workers,
            ..Demand::default()
        }
    }

    fn plant(name: &str, options: &[(&str, &str)]) -> Recipe {
        let mut r = Recipe::named(name).unwrap();
        options.iter().for_each(|(k, v)| r.apply(k, v).unwrap());
        r
    }

    fn open(name: &str, rate: f64, workers: f64) -> World {
        let mut w = World::new(Recipe::named(name).unwrap(), None, 7);
        w.set(demand(rate, workers));
        w
    }

    #[test]
    fn below_capacity_what_is_offered_is_answered() {
        let seen = open("usl", 1250.0, 512.0).collect(SEC(40));

        let t = &seen.tally;
        assert!((t.ok as f64 / 40.0 / 1250.0 - 1.0).abs() < 0.03, "{}", t.ok);
        assert!(t.parts.is_none(), "nobody waits for a worker");
        assert!(seen.gauges.idle > 0 && seen.gauges.queued == 0);
    }

    #[test]
    fn at_the_closed_knee_open_arrivals_run_away() {
        let seen = open("usl", 1662.0, 16_384.0).collect(SEC(30));

        assert!(seen.gauges.in_flight > 5_000, "{:?}", seen.gauges);
    }

    #[test]
    fn one_server_shows_every_wait_from_the_intended_start() {
        // One worker over one constant server of 5 ms at 100/s is M/D/1 at half load: mean wait ρ·S/(2(1−ρ)) = 2.5 ms.
        let recipe = plant("mmc", &[("servers", "1"), ("service", "const:5ms"), ("delay", "0")]);
        let mut w = World::new(recipe, None, 3);
        w.set(demand(100.0, 1.0));

        let t = w.collect(SEC(2_000)).tally;

        let (wait, service) = (t.wait().mean().unwrap(), t.service().mean().unwrap());
        assert!((wait / 0.0025 - 1.0).abs() < 0.05, "{wait}");
        assert!((service / 0.005 - 1.0).abs() < 1e-3, "{service}");
        assert!((t.response().mean().unwrap() - wait - service).abs() < 1e-5);
        assert_eq!(t.parts.unwrap().send_lag.max(), Some(0.0));
    }

    #[test]
    fn the_books_balance_at_every_moment_in_every_policy_and_through_changes_of_the_model() {
        for overflow in [Overflow::Drop, Overflow::Reject, Overflow::Block] {
            let mut w = World::new(Recipe::named("slow").unwrap(), None, 5).offering(Traffic {
                capacity: 20,
                ..Traffic::default()
            });
            let mut total = Tally::default();
            let mut slipped = Nanos::ZERO;
            for k in 0..120u64 {
                let drive = match k {
                    30..40 => Drive::Pause,
                    106..110 => Drive::Drain,
                    110.. => Drive::Abort,
                    _ => Drive::Run,
                };
                w.set(Demand {
                    rate: (!(50..60).contains(&k)).then_some(60.0 + k as f64),
                    workers: [3.0, 9.0, 2.5][k as usize % 3],
                    arrivals: Process::Burst(7),
                    overflow,
                    drive,
                    ..Demand::default()
                });
                let seen = w.collect(Nanos::from_millis(137 * (k + 1)));
                total.merge(&seen.tally);

                let books = Books::of(&total, &seen.gauges);

                assert!(books.balanced(), "{overflow:?} {k} {books:?}");
                assert!(w.slip() >= slipped && seen.gauges.queued <= 20);
                slipped = w.slip();
            }
            let counts = (
                total.shed > 0,
                total.errors[Failure::LocalQueue as usize] > 0,
                slipped > SEC(1),
            );
            let expected = [
                overflow == Overflow::Drop,
                overflow == Overflow::Reject,
                overflow == Overflow::Block,
            ];
            assert_eq!(counts, expected.into(), "{overflow:?}");
            assert!(total.not_sent > 0 && total.aborted > 0);
            assert!(
                total.not_sent_oldest > Nanos::ZERO && total.not_sent_oldest < SEC(16),
                "{}",
                total.not_sent_oldest
            );
        }
    }

    #[test]
    fn a_throttle_holds_arrivals_back_and_they_are_timed_from_when_they_were_wanted() {
        let terms = crate::load::throttle::Terms::parse("100:1").ok();
        let mut w = World::new(Recipe::named("mmc").unwrap(), None, 7).throttled(terms);
        w.set(Demand {
            arrivals: Process::Constant,
            ..demand(150.0, 64.0)
        });

        let seen = w.collect(SEC(10));

        // a third of 1500 waits: the last of them for 3.3 s
        assert!(
            seen.tally.sent.abs_diff(1_000) <= 2 && seen.gauges.throttled,
            "{}",
            seen.tally.sent
        );
        assert!(seen.gauges.waiting.abs_diff(500) <= 2 && seen.gauges.idle > 0);
        let wait = seen.tally.wait().max().unwrap();
        assert!((wait - 3.3).abs() < 0.05, "{wait}");
        assert_eq!(seen.tally.parts.unwrap().send_lag.max(), Some(0.0));
    }

    #[test]
    fn a_pause_stops_the_schedule_and_a_drain_sends_what_is_due() {
        let mut w = open("slow", 100.0, 4.0);
        w.collect(SEC(1));
        let stop = |drive| Demand {
            drive,
            ..demand(100.0, 4.0)
        };
        let queued = |i: &Interval| (i.tally.scheduled, i.gauges.queued);

        w.set(stop(Drive::Pause));
        let paused = w.collect(SEC(5));
        let again = w.collect(SEC(6));
        w.set(stop(Drive::Drain));
        let drained = w.collect(SEC(60));

        assert_eq!((paused.gauges.in_flight, queued(&again)), (0, (0, paused.gauges.queued)));
        assert_eq!(queued(&drained), (0, 0));
        assert_eq!(drained.tally.ok, paused.gauges.queued);
    }

    #[test]
    fn a_limit_is_kept_exactly_and_said() {
        let mut w = World::new(Recipe::named("mmc").unwrap(), Some(1_000), 2);
        w.set(demand(1_500.0, 64.0));

        let seen = w.collect(SEC(5));

        assert_eq!((seen.tally.scheduled, seen.tally.ok, seen.exhausted), (1_000, 1_000, true));
    }

    #[test]
    fn arrivals_come_as_the_demand_says_and_live() {
        let mut w = World::new(plant("mmc", &[("delay", "0")]), None, 3);
        let spread = |w: &mut World, arrivals, from: u64| {
            w.set(Demand {
                arrivals,
                ..demand(500.0, 64.0)
            });
            let counts: Vec<f64> = (0..400)
                .map(|k| w.collect(Nanos::from_millis(20_000 * from + 50 * (k + 1))).tally.scheduled as f64)
                .collect();
            let mean = counts.iter().sum::<f64>() / 400.0;
            counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / 400.0 / mean
        };

        let even = spread(&mut w, Process::Constant, 0);
        let random = spread(&mut w, Process::Poisson, 1);

        // 25 a slot: variance over mean 0 and 1, the latter to 5 sigma of 400 slots.
        assert!(even < 0.05, "{even}");
        assert!((random - 1.0).abs() < 0.36, "{random}");
    }

    #[test]
    fn a_cap_sheds_what_comes_while_so_many_are_in_flight_and_cohorts_count_it() {
        // One server of exactly 10 ms at 300/s and room for two: a good third gets in.
        let recipe = plant("mmc", &[("servers", "1"), ("service", "const:10ms"), ("delay", "0")]);
        let mut w = World::new(recipe, None, 3);
        let limits = [Nanos::from_millis(15), Nanos::from_millis(25), Nanos::MAX];
        w.set(Demand {
            cap: Some(2),
            limits: Some(limits),
            ..demand(300.0, 64.0)
        });

        let mut total = Tally::default();
        for k in 1..=100 {
            let seen = w.collect(Nanos::from_millis(100 * k));
            assert!(seen.gauges.in_flight <= 2 && seen.gauges.queued == 0, "{:?}", seen.gauges);
            total.merge(&seen.tally);
        }

        let sum = total.cohorts.as_mut().unwrap().take(SEC(10));
        assert_eq!((sum.arrived, total.shed + total.sent), (total.scheduled, total.scheduled));
        assert!(total.shed > 1_500 && total.ok > 900, "{} {}", total.shed, total.ok);
        assert_eq!(sum.timely[2], total.ok);
        // Shared by two a job takes up to 20 ms.
        assert!(sum.timely[1] == total.ok && sum.timely[0] < total.ok, "{sum:?}");
    }

    #[test]
    fn going_back_to_the_closed_model_employs_everybody_again() {
        let mut w = open("mmc", 3_000.0, 16.0);
        let before = w.collect(SEC(2));
        w.set(Demand {
            rate: None,
            ..demand(0.0, 22.0)
        });

        let after = w.collect(SEC(4));

        assert!(before.gauges.queued > 500 && after.tally.not_sent == before.gauges.queued);
        assert_eq!((after.gauges.in_flight, after.gauges.queued), (22, 0));
        assert!((after.tally.ok as f64 / 2.0 / 1965.0 - 1.0).abs() < 0.1, "{}", after.tally.ok);
    }
}
