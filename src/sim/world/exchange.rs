//! One exchange from its sending to its record: the same in both models.

use super::{What, World};
use crate::model::failure::Failure;
use crate::model::seen::Seen;
use crate::model::units::Nanos;
use crate::sim::target::Fate;
use crate::sim::worker::{Doing, Worker};
use crate::telemetry::tally::Outcome;
use std::cmp::Reverse;

/// A worker that gets no answer gives up after this, the product's own default.
const GIVE_UP: Nanos = Nanos::from_secs(10);
/// A refusal over no network at all takes this: an answer in no time would be asked for again in no time, for ever.
const LEAST_REFUSAL: Nanos = Nanos::from_micros(100);

impl World {
    /// It begins an exchange now that was wanted at `intended` and arrives after `travel`.
    pub(super) fn send(&mut self, worker: u32, intended: Nanos, travel: Nanos) {
        let w = &mut self.workers[worker as usize];
        w.doing = Doing::Busy;
        w.since = self.now;
        w.intended = intended;
        if w.connected {
            self.tally.reused += 1;
        } else {
            w.connected = true;
            self.tally.opened += 1;
        }
        self.busy += 1;
        self.tally.sent += 1;
        self.events.push(Reverse((self.now + travel, What::Arrive, worker, 0)));
    }

    pub(super) fn arrive(&mut self, worker: u32) {
        if let Some(fate) = self.target.arrive(u64::from(worker), &mut self.rng) {
            self.leave(worker, fate);
        }
    }

    /// It leaves the target, or is lost in it.
    pub(super) fn leave(&mut self, worker: u32, fate: Fate) {
        let travel = self.half_delay();
        let w = &mut self.workers[worker as usize];
        w.fate = fate;
        let at = match fate {
            Fate::Served => self.now + travel,
            Fate::Refused(_) if travel == Nanos::ZERO => self.now + LEAST_REFUSAL,
            Fate::Refused(_) => self.now + travel,
            Fate::Lost => self.now.max(w.since + GIVE_UP),
        };
        self.events.push(Reverse((at, What::Back, worker, 0)));
    }

    pub(super) fn back(&mut self, worker: u32) {
        let w = &mut self.workers[worker as usize];
        let length = self.now - w.since;
        w.length = length;
        let w = *w;
        self.busy -= 1;
        if let (Some(limits), Fate::Served) = (&self.demand.limits, w.fate) {
            let cohorts = self.tally.cohorts.get_or_insert_default();
            cohorts.answered(w.intended, (self.now - w.intended, Nanos::ZERO), limits);
        }
        if std::mem::take(&mut self.workers[worker as usize].taken) {
            self.backlog.ended();
        }
        if w.fate == Fate::Served && w.intended == w.since {
            self.tally.ok += 1;
            self.tally.first_byte_ns += length.ns();
            self.tally.direct.record(length);
            if self.status {
                self.tally.count_status(200);
            }
        } else {
            self.record(&w);
        }
        if self.demand.rate.is_some() {
            self.free(worker);
        } else {
            self.again(worker, length);
        }
    }

    /// One that waited, or was not served.
    fn record(&mut self, w: &Worker) {
        let (status, outcome) = match w.fate {
            Fate::Served => (if self.status { 200 } else { 0 }, Outcome::Ok),
            Fate::Refused(status) => (status, Outcome::BadStatus),
            Fate::Lost => (0, Outcome::Failed(Failure::TimeoutHead)),
        };
        let seen = Seen {
            intended: w.intended,
            free: w.since,
            sent: Some(w.since),
            status,
            ..Seen::default()
        };
        self.tally.finish(&seen, outcome, self.now);
    }

    pub(super) fn abort(&mut self) {
        for w in self.workers.iter_mut() {
            if w.doing == Doing::Busy {
                self.tally.aborted += 1;
                let age = self.now - w.intended;
                self.tally.aborted_age.get_or_insert_default().record(age);
            }
            w.doing = Doing::Absent;
        }
        self.close();
        self.events.clear();
        self.target.clear();
        self.busy = 0;
    }

    pub(super) fn half_delay(&mut self) -> Nanos {
        Nanos::from_secs_f64(self.target.think() / 2.0 * (0.9 + 0.2 * self.rng.f64()))
    }
}
