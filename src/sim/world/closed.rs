//! The closed model: every worker wanted begins again as soon as it is back, a fraction of one thinks in between.

use super::{LEAST_DUTY, What, World};
use crate::model::demand::Drive;
use crate::model::units::Nanos;
use crate::sim::worker::{Doing, Worker};
use std::cmp::Reverse;

impl World {
    pub(super) fn begin(&mut self, worker: u32) {
        let wanted = self.wanted(worker as usize) && !self.spent();
        let travel = self.half_delay();
        if !wanted {
            self.workers[worker as usize].doing = Doing::Absent;
            return;
        }
        if !self.has_credit(worker) {
            return;
        }
        self.begun += 1;
        self.tally.scheduled += 1;
        self.send(worker, self.now, travel);
    }

    /// Whether it may begin as far as the throttle goes; else it will when its credit is there.
    fn has_credit(&mut self, worker: u32) -> bool {
        let now = self.now;
        let w = &mut self.workers[worker as usize];
        let Some(throttle) = self.throttle.as_mut().filter(|_| !std::mem::take(&mut w.credited)) else {
            return true;
        };
        let at = throttle.take(now);
        if at > now {
            (w.credited, w.length) = (true, Nanos::ZERO); // not thinking: a new share does not concern it
            self.wait(worker, now, at);
        }
        at <= now
    }

    /// A worker is free again.
    pub(super) fn again(&mut self, worker: u32, length: Nanos) {
        if worker as usize == self.full && self.wanted(worker as usize) {
            self.wait(worker, self.now, self.now + self.thinking(length));
        } else {
            self.begin(worker);
        }
    }

    /// Calls absent workers, spread over the stagger; those that think are told the new share.
    pub(super) fn call(&mut self) {
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

    /// Whether a worker of this index may begin.
    fn wanted(&self, index: usize) -> bool {
        self.demand.drive == Drive::Run && (index < self.full || (index == self.full && self.duty > 0.0))
    }

    /// After an exchange of length s the duty worker thinks s·(1/f − 1).
    fn thinking(&self, length: Nanos) -> Nanos {
        Nanos::from_secs_f64(length.secs() * (1.0 / self.duty.max(LEAST_DUTY) - 1.0))
    }

    fn wait(&mut self, worker: u32, since: Nanos, until: Nanos) {
        let w = &mut self.workers[worker as usize];
        w.doing = Doing::Waiting;
        w.since = since;
        w.stamp = w.stamp.wrapping_add(1);
        self.events.push(Reverse((until, What::Begin, worker, w.stamp)));
    }
}

#[cfg(test)]
mod tests {
    use crate::conduct::Plant;
    use crate::model::demand::{Demand, Drive};
    use crate::model::units::Nanos;
    use crate::sim::plants::Recipe;
    use crate::sim::world::World;
    use crate::telemetry::books::Books;
    use crate::telemetry::tally::Tally;

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
            ("web", 11),
            ("ratelimit", 1),
            ("ratelimit", 9),
            ("pool", 12),
            ("reject", 21),
            ("reject", 27),
            ("reject", 40),
            ("gcpause", 12),
        ] {
            let exact = Recipe::named(name).unwrap().rates(Nanos::ZERO, n)[n as usize - 1];

            let x = rate(&mut world(name, f64::from(n), None), 5, 35);

            // 5 sigma of a Poisson count, or 1 %; heavy tails converge slowly.
            let bound = (5.0 / (exact * 30.0).sqrt()).max(if name == "pareto" { 0.03 } else { 0.01 });
            assert!((x / exact - 1.0).abs() < bound, "{name} {n}: {x} {exact}");
        }
    }

    #[test]
    fn plants_that_change_by_themselves_give_what_they_should_in_each_part() {
        for (name, workers, from, to, expected) in [
            ("cold", 22.0, 2, 8, 200.0),
            ("cold", 22.0, 14, 29, 1965.0),
            ("autoscale", 40.0, 5, 29, 2000.0),
            ("autoscale", 40.0, 33, 48, 3925.0),
        ] {
            let x = rate(&mut world(name, workers, None), from, to);

            assert!((x / expected - 1.0).abs() < 0.03, "{name} {from}..{to} s: {x}");
        }
    }

    #[test]
    fn too_many_workers_kill_the_plant_that_rejects_and_their_leaving_does_not_revive_it() {
        let mut w = world("reject", 200.0, None);
        let killed = rate(&mut w, 5, 20);
        w.set(Demand {
            workers: 20.0,
            ..Demand::default()
        });

        let after = rate(&mut w, 21, 26);

        assert!(killed < 20.0 && after < 20.0, "{killed} {after}");
    }

    #[test]
    fn refusals_are_errors_with_their_status_and_as_quick_as_they_are() {
        let mut w = world("ratelimit", 4.0, None);

        let t = w.collect(Nanos::from_secs(20)).tally;

        assert_eq!(t.status, [(200, t.ok), (429, t.bad_status)]);
        assert!(t.ok.abs_diff(2400) < 20 && t.bad_status > 10_000, "{} {}", t.ok, t.bad_status);
        let mean = t.bad_ns as f64 / t.bad_status as f64 / 1e6;
        assert!((mean - 0.4).abs() < 0.01, "{mean} ms");
        assert_eq!(t.measured(), t.ok + t.bad_status);
    }

    #[test]
    fn what_is_lost_without_an_answer_times_out() {
        let mut recipe = Recipe::named("mmc").unwrap();
        recipe.apply("admit", "1").unwrap();
        recipe.apply("overflow", "drop").unwrap();
        let mut w = World::new(recipe, None, 1);
        w.set(Demand {
            workers: 3.0,
            ..Demand::default()
        });

        let early = w.collect(Nanos::from_secs(9));
        let later = w.collect(Nanos::from_secs(11));

        assert_eq!((early.tally.failed, early.gauges.in_flight), (0, 3));
        assert_eq!((later.tally.failed, later.tally.errors.iter().sum::<u64>()), (2, 2));
        assert!(later.tally.response().max().is_some_and(|m| m >= 10.0));
    }

    #[test]
    fn half_a_worker_gives_half_the_rate_of_one() {
        let one = rate(&mut world("usl", 1.0, None), 1, 29);

        let half = rate(&mut world("usl", 0.5, None), 1, 29);

        assert!((half / one - 0.5).abs() < 0.03, "{half} {one}");
    }

    #[test]
    fn the_books_balance_at_every_moment_and_after_an_abort() {
        for name in ["usl", "reject", "ratelimit", "pool"] {
            let mut w = world(name, 40.5, None);
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

                assert!(books.balanced(), "{name} {i} {books:?}");
            }
            assert!(total.aborted > 0 && total.aborted_age.unwrap().count() == total.aborted);
        }
    }

    #[test]
    fn a_limit_is_kept_exactly_and_said() {
        let mut w = world("mmc", 10.0, Some(1_000));

        let seen = w.collect(Nanos::from_secs(5));

        assert_eq!((seen.tally.sent, seen.tally.ok, seen.exhausted), (1_000, 1_000, true));
    }

    #[test]
    fn a_throttle_lets_its_burst_and_its_rate_through_however_many_there_are() {
        let terms = crate::load::throttle::Terms::parse("200:50").ok();
        let mut w = World::new(Recipe::named("mmc").unwrap(), None, 7).throttled(terms);
        let mut sent = 0;
        for k in 1..=100 {
            w.set(Demand {
                workers: [10.0, 30.0, 4.5][k as usize % 3],
                ..Demand::default()
            });
            sent += w.collect(Nanos::from_millis(100 * k)).tally.sent;
        }

        // 50 at once and 200/s for 10 s; a worker that is called off takes a credit with it
        assert!((1_900..=2_050).contains(&sent), "{sent}");
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
