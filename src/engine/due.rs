//! The one queue of arrivals in the open model: all lanes pull from it, so an arrival never waits in one lane while a worker
//! idles in another. The closed model never touches it.
//!
//! ```text
//!  conductor ─follow─► [ schedule │ backlog │ throttle ] ─turn: a worker that ends takes the next, or idles
//!      ▲                          └──────────────────────── rouse: a lane's alarm, an idle worker or a new one takes it
//!      └──── account: scheduled, shed, refused, waiting, taken by each lane ── the authority the lanes are checked against
//! ```
//!
//! A mutex, not a channel per lane: the order is first come first served over all lanes, and what is under way is exact. It is
//! held for some tens of nanoseconds an arrival.

use super::alarm::{Alarm, Timing};
use super::rawlog::{Outlet, Tap};
use super::supply::Budget;
use crate::clock::Epoch;
use crate::load::{Backlog, Offer, Throttle};
use crate::model::arrival::Arrival;
use crate::model::demand::{Demand, Drive};
use crate::model::failure::Failure;
use crate::model::promise::TERMS;
use crate::model::seen::Seen;
use crate::model::units::Nanos;
use crate::plan::Plan;
use crate::telemetry::cohorts::Cohorts;
use crate::telemetry::interval::Interval;
use crate::telemetry::tally::Outcome;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// Numbers of a model the run did not begin with start here, so that none is used twice.
const LATER: u64 = 1 << 41;

/// The queue and what every lane needs to know of it.
#[derive(Debug)]
pub(super) struct Due {
    desk: Mutex<Desk>,
    /// Of all lanes.
    pub(super) alarms: Vec<Arc<Alarm>>,
    /// Each lane's: the demand has changed since it last looked.
    news: Vec<AtomicBool>,
    judging: Judging,
}

/// Limits that answers are judged by, as lanes read them. Written under the lock before the arrivals they concern are taken.
#[derive(Debug)]
struct Judging {
    since: AtomicU64, // ns; MAX: no promise is kept
    limits: [AtomicU64; TERMS],
}

#[derive(Debug)]
struct Desk {
    epoch: Epoch,
    backlog: Backlog,
    throttle: Option<Throttle>,
    budget: Option<Arc<Budget>>,
    number: u64, // of the next arrival, without a budget
    used: u64,   // exchanges that the probe was
    demand: Option<Demand>,
    taken: Vec<u64>,       // by each lane
    idle: usize,           // workers of all lanes that wait for an arrival
    dropped: (u64, Nanos), // never sent, and how long the first of those had waited
    log: Option<Tap>,      // of those that never reach a lane
    cohorts: Option<Box<Cohorts>>,
    judged: Nanos, // arrivals wanted since then are counted into cohorts
    missed: u64,   // shed or refused of a crowd at whose begin a worker was free
    told: Told,
}

/// What the last account said.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    scheduled: u64,
    shed: u64,
    refused: u64,
    dropped: u64,
}

/// Who in a lane could serve an arrival.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hands {
    /// Workers that wait for one.
    pub(super) idle: usize,
    /// One more may be started.
    pub(super) room: bool,
    /// The alarm may not ring before.
    pub(super) earliest: Nanos,
}

impl Due {
    /// For so many lanes; `used` exchanges happened before the run.
    pub(super) fn new(plan: &Plan, epoch: Epoch, budget: Option<Arc<Budget>>, used: u64) -> Self {
        let lanes = plan.threads.max(1);
        let timing = if plan.precise { Timing::Eager } else { Timing::Fine };
        Self {
            desk: Mutex::new(Desk {
                epoch,
                backlog: Backlog::new(plan.traffic.clone(), plan.seed),
                throttle: plan.throttle.map(Throttle::new),
                budget,
                number: used,
                used,
                demand: None,
                taken: vec![0; lanes],
                idle: 0,
                dropped: (0, Nanos::ZERO),
                log: None,
                cohorts: None,
                judged: Nanos::ZERO,
                missed: 0,
                told: Told::default(),
            }),
            alarms: (0..lanes).map(|_| Arc::new(Alarm::new(epoch, timing))).collect(),
            news: (0..lanes).map(|_| AtomicBool::new(false)).collect(),
            judging: Judging {
                since: AtomicU64::new(u64::MAX),
                limits: [const { AtomicU64::new(0) }; TERMS],
            },
        }
    }

    /// Arrivals that end here have their line in the raw log; those shed were no requests.
    #[must_use]
    pub(super) fn logged(self, log: Option<Outlet>) -> Self {
        self.desk().log = log.map(Outlet::tap);
        self
    }

    /// What the conductor wants from now on. The first demand holds from the begin of the run, however late it comes.
    pub(super) fn follow(&self, demand: &Demand) {
        let mut desk = self.desk();
        let before = desk.demand.replace(*demand);
        if before == Some(*demand) {
            return;
        }
        let now = desk.epoch.now();
        match before {
            Some(before) => {
                desk.advance(now, &before);
                let later = desk.backlog.follow(now, demand);
                desk.postpone(later);
            }
            None => desk.begin(demand),
        }
        if demand.rate.is_none() || demand.drive == Drive::Abort {
            let age = desk.backlog.age(now);
            let lost = desk.backlog.clear();
            desk.dropped = (desk.dropped.0 + lost.len() as u64, desk.dropped.1.max(age));
            lost.iter().for_each(|a| desk.log(a.seq, a.intended, None, now));
        }
        self.judge(&mut desk, demand, before.map_or(Nanos::ZERO, |_| now));
        if demand.rate.is_some() || before.is_some_and(|b| b.rate.is_some()) {
            self.news.iter().for_each(|n| n.store(true, Ordering::Release));
            self.alarms.iter().for_each(|a| a.set(now));
        }
    }

    fn judge(&self, desk: &mut Desk, demand: &Demand, now: Nanos) {
        let judged = self.judging.since.load(Ordering::Relaxed) != u64::MAX;
        match demand.limits {
            None => self.judging.since.store(u64::MAX, Ordering::Relaxed),
            Some(limits) => {
                for (slot, limit) in self.judging.limits.iter().zip(limits) {
                    slot.store(limit.ns(), Ordering::Relaxed);
                }
                if !judged {
                    self.judging.since.store(now.ns(), Ordering::Relaxed);
                    desk.judged = now;
                }
                desk.cohorts.get_or_insert_default();
            }
        }
    }

    /// Limits for the answer to an arrival wanted at `intended`; `None`: it is not judged.
    pub(super) fn limits(&self, intended: Nanos) -> Option<[Nanos; TERMS]> {
        let judged = intended.ns() >= self.judging.since.load(Ordering::Relaxed);
        judged.then(|| std::array::from_fn(|i| Nanos::new(self.judging.limits[i].load(Ordering::Relaxed))))
    }

    /// Whether the demand has changed since this lane last asked.
    pub(super) fn news(&self, lane: usize) -> bool {
        self.news[lane].swap(false, Ordering::AcqRel)
    }

    /// A worker of this lane is free, `ended` if it had taken an arrival: it takes the next, or idles.
    pub(super) fn turn(&self, lane: usize, ended: bool, now: Nanos) -> Option<Arrival> {
        let mut desk = self.desk();
        if ended {
            desk.backlog.ended();
        }
        let taken = desk.take(lane, now);
        desk.idle += usize::from(taken.is_none());
        taken
    }

    /// An arrival for an idle worker of this lane, or, where nobody idles, for one that is then started.
    pub(super) fn rouse(&self, lane: usize, idle: bool, now: Nanos) -> Option<Arrival> {
        let mut desk = self.desk();
        if !idle && desk.idle > 0 {
            return None;
        }
        let taken = desk.take(lane, now)?;
        desk.idle -= usize::from(idle);
        if idle && desk.idle == 0 {
            self.alarms.iter().for_each(|a| desk.wake(a));
        }
        Some(taken)
    }

    /// A taken arrival has ended, and its worker does something else.
    pub(super) fn ended(&self) {
        self.desk().backlog.ended();
    }

    /// An idle worker idles no more, without an arrival.
    pub(super) fn up(&self) {
        self.desk().idle -= 1;
    }

    /// Arrivals that wait.
    pub(super) fn waiting(&self) -> usize {
        self.desk().backlog.waiting()
    }

    /// Sets this lane's alarm for the next moment at which it could serve an arrival.
    pub(super) fn arm(&self, lane: usize, hands: Hands) {
        let desk = self.desk();
        if (hands.idle > 0 || (hands.room && desk.idle == 0))
            && let Some(at) = desk.moment()
        {
            self.alarms[lane].set(at.max(hands.earliest));
        }
    }

    /// A credit of the throttle for the closed model: when it may be used, ≥ `now`.
    pub(super) fn credit(&self, now: Nanos) -> Nanos {
        self.desk().throttle.as_mut().map_or(now, |t| t.take(now))
    }

    /// Adds what was scheduled since the last account to `whole`, whose lanes have said that they took `took` arrivals each.
    pub(super) fn account(&self, now: Nanos, took: impl Iterator<Item = u64>, whole: &mut Interval) {
        let mut desk = self.desk();
        let Some(demand) = desk.demand else { return };
        desk.advance(now, &demand);
        desk.log.iter_mut().for_each(Tap::flush);
        desk.tell(whole, now);
        whole.gauges.waiting = desk.backlog.waiting() as u64;
        whole.gauges.most_waiting = desk.backlog.most_waiting() as u64;
        whole.gauges.due_age = desk.backlog.age(now);
        whole.gauges.slip = desk.backlog.slip();
        whole.gauges.throttled = desk.throttle.is_some_and(|t| t.binds(now));
        let unheard: u64 = desk.taken.iter().zip(took).map(|(taken, took)| taken - took).sum();
        whole.gauges.queued += whole.gauges.waiting + unheard;
        whole.health.missed = std::mem::take(&mut desk.missed);
        whole.exhausted |= demand.rate.is_some() && desk.backlog.exhausted();
        if let Some(cohorts) = desk.cohorts.take().filter(|c| !c.is_empty()) {
            whole.tally.cohorts.get_or_insert_default().merge(&cohorts);
        }
        if demand.limits.is_some() {
            desk.cohorts.get_or_insert_default();
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl Desk {
    /// The first demand. The probe was the first arrival of a schedule that begins with the run.
    fn begin(&mut self, demand: &Demand) {
        self.backlog.follow(Nanos::ZERO, demand);
        if demand.rate.is_none() {
            self.number = LATER;
        } else if self.used > 0 {
            self.backlog.lead();
        }
    }

    /// Everything due until now joins the queue, or does not. Nothing is due before the run has begun.
    fn advance(&mut self, now: Nanos, demand: &Demand) {
        if now == Nanos::ZERO {
            return;
        }
        let credits = self.throttle.map_or(usize::MAX, |t| t.credits(now));
        let hands = self.backlog.free().min(credits);
        let spare = hands > self.backlog.waiting();
        while let Some(at) = self.backlog.next().filter(|t| *t <= now) {
            let (budget, number, mut seq) = (&self.budget, &mut self.number, None);
            let offer = self.backlog.offer(hands, || {
                seq = match budget {
                    Some(budget) => budget.draw(),
                    None => {
                        *number += 1;
                        Some(*number - 1)
                    }
                };
                seq
            });
            self.missed += u64::from(spare && matches!(offer, Some(Offer::Shed | Offer::Refused)));
            if let (Some(Offer::Refused), Some(seq)) = (offer, seq) {
                self.log(seq, at, Some(Outcome::Failed(Failure::LocalQueue)), now);
            }
            let counts = at >= self.judged && matches!(offer, Some(Offer::Queued | Offer::Shed | Offer::Refused));
            if let Some(cohorts) = self.cohorts.as_mut().filter(|_| counts && demand.limits.is_some()) {
                cohorts.arrived(at);
                if offer != Some(Offer::Queued) {
                    cohorts.unsent(at);
                }
            }
        }
    }

    /// What waits is wanted so much later than before.
    fn postpone(&mut self, later: Nanos) {
        let Some(cohorts) = self.cohorts.as_mut().filter(|_| later > Nanos::ZERO) else {
            return;
        };
        for at in self.backlog.wanted().filter(|at| *at >= self.judged) {
            if at - later >= self.judged {
                cohorts.postponed(at - later);
            }
            cohorts.arrived(at);
        }
    }

    /// Writes down an arrival that ends here.
    fn log(&mut self, seq: u64, intended: Nanos, outcome: Option<Outcome>, now: Nanos) {
        let seen = Seen {
            seq,
            intended,
            ..Seen::default()
        };
        if let Some(log) = &mut self.log {
            log.put(&seen, outcome, now);
        }
    }

    /// Whether arrivals are handed out.
    fn serving(&self) -> Option<Demand> {
        let serves = |d: &Demand| d.rate.is_some() && matches!(d.drive, Drive::Run | Drive::Drain);
        self.demand.filter(serves)
    }

    fn take(&mut self, lane: usize, now: Nanos) -> Option<Arrival> {
        let demand = self.serving()?;
        self.advance(now, &demand);
        if self.backlog.waiting() == 0 || self.throttle.is_some_and(|t| t.ready() > now) {
            return None;
        }
        let mut arrival = self.backlog.take(now)?;
        if let Some(throttle) = &mut self.throttle {
            arrival.ready = arrival.ready.max(throttle.ready());
            throttle.take(now);
        }
        self.taken[lane] += 1;
        Some(arrival)
    }

    /// When there is, or will be, something to hand out.
    fn moment(&self) -> Option<Nanos> {
        self.serving()?;
        let due = self.backlog.oldest().or_else(|| self.backlog.next())?;
        Some(self.throttle.map_or(due, |t| t.ready().max(due)))
    }

    /// Nobody idles any more: whoever has room for a worker must look at the next moment.
    fn wake(&self, alarm: &Alarm) {
        if let Some(at) = self.moment() {
            alarm.set(at);
        }
    }

    fn tell(&mut self, whole: &mut Interval, now: Nanos) {
        let (counts, before) = (self.backlog.counts(), self.told);
        self.told = Told {
            scheduled: counts.scheduled,
            shed: counts.shed,
            refused: counts.refused,
            dropped: self.dropped.0,
        };
        let tally = &mut whole.tally;
        tally.scheduled += counts.scheduled - before.scheduled;
        tally.shed += counts.shed - before.shed;
        tally.forgo(self.dropped.0 - before.dropped, self.dropped.1);
        let refused = counts.refused - before.refused;
        tally.unsent += refused;
        for _ in 0..refused.min(3) {
            tally.count_error(Failure::LocalQueue, Some("the client queue was full"), now);
        }
        tally.errors[Failure::LocalQueue as usize] += refused.saturating_sub(3);
    }
}
