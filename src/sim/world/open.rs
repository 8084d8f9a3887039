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
        let later = self.backlog.follow(self.now, &self.demand);
        self.postpone(later);
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

    /// What waits is wanted so much later than before.
    fn postpone(&mut self, later: Nanos) {
        if later == Nanos::ZERO || self.demand.limits.is_none() {
            return;
        }
        let cohorts = self.tally.cohorts.get_or_insert_default();
        for at in self.backlog.wanted() {
            cohorts.postponed(at - later);
            cohorts.arrived(at);
        }
    }

    /// The open model ends: what waits is never sent.
    pub(super) fn close(&mut self) {
        let closed = Demand {
            rate: None,
            ..self.demand
        };
        self.backlog.follow(self.now, &closed);
        let age = self.backlog.age(self.now);
        self.tally.forgo(self.backlog.clear().len() as u64, age);
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
                let cohorts = self.tally.cohorts.get_or_insert_default();
                cohorts.arrived(self.due);
                if offer != Some(Offer::Queued) {
                    cohorts.unsent(self.due);
                }
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
mod tests;
