//! The lane's 10 ms beat: reads the orders, keeps the workers to them, sweeps deadlines, sends intervals.
//! It refuses to touch a connection in use.

use super::attend::listen;
use super::health::{Pulse, thread_cpu};
use super::lane::{Lane, Quota};
use super::orders::Orders;
use super::ramp::{BEAT, Ramp};
use super::roster::{Levels, Stage};
use super::worker::work;
use crate::model::demand::Drive;
use crate::model::units::{Nanos, parse_duration};
use crate::protocol::Protocol;
use crate::telemetry::interval::{Gauges, Interval};
use crate::telemetry::tally::Tally;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError};

/// An interval is sent once in so many beats.
const BEATS_PER_INTERVAL: u64 = 10;
/// A beat that is so late is struck by the first worker that looks at the clock.
const LATE: Nanos = Nanos::from_millis(2);
/// Workers started at one beat: more only where the rate of dials allows more, for one without a connection waits for that.
const STARTS: usize = 50;
const HALF: Nanos = Nanos::new(BEAT.ns() / 2);

/// What was measured in a stretch of time, and how many arrivals the lane has taken since run start.
pub(super) struct Parcel {
    /// What was measured.
    pub(super) interval: Interval,
    /// Arrivals taken.
    pub(super) took: u64,
}

/// A lane's two ends towards the conductor, both bounded by 4. When `out` is full the lane keeps adding to its tally: the
/// span grows and nothing is lost. When no spare has come back it makes a new tally.
pub(super) struct Post {
    /// Filled intervals.
    pub(super) out: SyncSender<Parcel>,
    /// Emptied tallies.
    pub(super) spares: Receiver<Tally>,
}

/// A worker that is to panic, for a drill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Its place in the lane.
    pub(super) index: usize,
    /// When.
    pub(super) at: Nanos,
}

impl Fault {
    /// `panic_worker:INDEX@TIME`; anything else is no fault.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (index, at) = text.strip_prefix("panic_worker:")?.split_once('@')?;
        Some(Self {
            index: index.parse().ok()?,
            at: parse_duration(at).ok()?,
        })
    }
}

/// The state of the beat.
pub(super) struct Beat {
    orders: Arc<Orders>,
    post: Post,
    fault: Option<Fault>,
    ramp: Ramp,
    pulse: Pulse,
    drive: Drive,
    from: Nanos,  // begin of the interval being filled
    then: Levels, // at `from`
}

impl Beat {
    /// The first interval begins at `from`.
    pub(super) fn new(orders: Arc<Orders>, post: Post, fault: Option<Fault>, from: Nanos) -> Self {
        Self {
            orders,
            post,
            fault,
            ramp: Ramp::default(),
            pulse: Pulse::default(),
            drive: Drive::Run,
            from,
            then: Levels::default(),
        }
    }

    /// The lane is to end.
    pub(super) fn stopped(&self) -> bool {
        self.orders.stopped()
    }

    /// When to strike next: beats lie half a beat beside the conductor's ticks, so that an interval is there when it asks.
    pub(super) fn next(&self, now: Nanos) -> Nanos {
        BEAT * (number(now) + 1) - HALF
    }

    /// One beat.
    pub(super) fn strike<P: Protocol + 'static>(&mut self, lane: &Rc<Lane<P>>, now: Nanos) {
        self.pulse.beat(now);
        let quota = Quota {
            trying: self.orders.trying(),
            ..self.read(lane, now)
        };
        let before = lane.quota.replace(quota);
        lane.roster.sweep(now);
        lane.rack.trim(lane.quota.get().stay as usize, now);
        lane.gate.beat(now);
        lane.hires.set(lane.gate.depth().max(STARTS));
        self.disturb(lane, before, now);
        if lane.quota.get().open {
            lane.supply.make_room();
            lane.thin_out(now);
            lane.attend(now);
        } else {
            self.start(lane, lane.quota.get() != before, now);
        }
        self.report(lane, now);
    }

    /// What the orders allow until the next beat.
    fn read<P: Protocol>(&mut self, lane: &Lane<P>, now: Nanos) -> Quota {
        self.drive = self.orders.drive();
        self.ramp.follow(self.orders.milli(), self.orders.stagger(), now);
        if self.orders.open() {
            return self.limit(lane);
        }
        if self.ending() {
            return Quota {
                cut: self.drive == Drive::Abort,
                ..Quota::default()
            };
        }
        let allowed = self.ramp.allowed(now);
        let whole = u32::try_from(allowed / 1000).unwrap_or(u32::MAX);
        let share = (allowed % 1000) as f64 / 1000.0;
        let stay = whole + u32::from(share > 0.0);
        match self.drive {
            Drive::Run => Quota {
                flat: whole,
                share,
                stay,
                ..Quota::default()
            },
            _ => Quota {
                stay,
                ..Quota::default()
            },
        }
    }

    /// The open model: workers there may be, at once. When it ends, until nothing waits any more.
    fn limit<P: Protocol>(&self, lane: &Lane<P>) -> Quota {
        let limit = u32::try_from(self.orders.milli().div_ceil(1000)).unwrap_or(u32::MAX);
        let stay = match self.drive {
            Drive::Run | Drive::Pause => limit,
            Drive::Drain if lane.due.waiting() > 0 => limit,
            Drive::Drain | Drive::Abort => 0,
        };
        Quota {
            stay,
            open: true,
            cut: self.drive == Drive::Abort,
            ..Quota::default()
        }
    }

    fn ending(&self) -> bool {
        matches!(self.drive, Drive::Drain | Drive::Abort)
    }

    /// Wakes those whom new orders concern.
    fn disturb<P: Protocol>(&mut self, lane: &Lane<P>, before: Quota, now: Nanos) {
        let quota = lane.quota.get();
        let recovered = lane.recovered.replace(false);
        if self.drive == Drive::Abort {
            lane.roster.cut();
        } else if quota != before || recovered {
            lane.roster.stir(|slot| match slot.stage() {
                Stage::Waiting => true,
                Stage::Idle => !quota.open || slot.index >= quota.stay,
                Stage::Backing => recovered || (quota.trying && !before.trying) || slot.index >= quota.stay,
                _ => slot.index >= quota.stay,
            });
        }
        if self.ending() {
            lane.rack.clear();
        }
        self.fault.take_if(|f| f.at <= now && lane.roster.sabotage(f.index));
    }

    /// Starts the closed model's workers.
    fn start<P: Protocol + 'static>(&self, lane: &Rc<Lane<P>>, rising: bool, now: Nanos) {
        let stay = lane.quota.get().stay as usize;
        if stay == 0 || lane.supply.exhausted() {
            return;
        }
        lane.roster.fill((stay, lane.hires.get()), now, rising, |slot| {
            let delay = self.ramp.delay(slot.index, now);
            tokio::task::spawn_local(work(Rc::clone(lane), slot, delay));
        });
    }

    /// Sends what was measured since the last interval: on the grid, and at once when the last worker has left for good.
    fn report<P: Protocol>(&mut self, lane: &Lane<P>, now: Nanos) {
        let due = now > self.from && number(now) / BEATS_PER_INTERVAL != number(self.from) / BEATS_PER_INTERVAL;
        let last = self.ending() && !self.orders.settled();
        if !due && !last {
            return;
        }
        let levels = lane.roster.levels(now);
        let settles = last && levels.workers == 0 && lane.quota.get().stay == 0;
        if (due || settles) && self.send(lane, &levels, now) {
            (self.from, self.then) = (now, levels);
            if settles {
                self.orders.settle();
            }
        }
    }

    /// False: nobody has taken the intervals before; everything is kept for the next.
    fn send<P: Protocol>(&mut self, lane: &Lane<P>, levels: &Levels, now: Nanos) -> bool {
        // What an eager alarm spent looking at the clock says nothing of how much more the lane could do.
        let cpu = thread_cpu() - lane.due.alarms[lane.number].spent();
        if let Some(log) = &lane.log {
            log.borrow_mut().flush();
        }
        self.pulse.look();
        let spare = self.post.spares.try_recv().unwrap_or_default();
        let interval = Interval {
            from: self.from,
            to: now,
            lanes: 1,
            heard: 1,
            tally: lane.tally.replace(spare),
            gauges: self.gauges(lane, levels, now),
            health: self.pulse.health(cpu, now - self.from),
            exhausted: lane.supply.exhausted(),
        };
        let took = lane.took.get();
        match self.post.out.try_send(Parcel { interval, took }) {
            Ok(()) => {
                self.pulse.restart(cpu);
                true
            }
            Err(TrySendError::Full(back) | TrySendError::Disconnected(back)) => {
                lane.tally.replace(back.interval.tally);
                false
            }
        }
    }

    fn gauges<P: Protocol>(&self, lane: &Lane<P>, levels: &Levels, now: Nanos) -> Gauges {
        let (parked, active, peak) = lane.rack.counts();
        Gauges {
            in_flight: levels.in_flight,
            queued: levels.dialling + levels.called,
            idle: levels.workers - levels.in_flight - levels.dialling - levels.called - levels.backing,
            connecting: levels.dialling,
            backing: levels.backing,
            parked,
            active,
            peak,
            waiting: 0,
            most_waiting: 0,
            due_age: Nanos::ZERO,
            slip: Nanos::ZERO,
            throttled: false,
            workers: levels.workers,
            oldest: levels.oldest,
            busy: (levels.worked - self.then.worked).secs() / (now - self.from).secs().max(1e-9),
        }
    }
}

/// Runs a lane until it is told to stop. Workers still present are dropped with the runtime. Nothing begins before the run.
pub(super) async fn run<P: Protocol + 'static>(lane: Rc<Lane<P>>) {
    tokio::task::spawn_local(listen(Rc::clone(&lane)));
    while !lane.beat.borrow().stopped() {
        let next = lane.beat.borrow().next(lane.epoch.now());
        lane.late.set(next + LATE);
        tokio::time::sleep_until(lane.epoch.instant(next).into()).await;
        let now = lane.epoch.now();
        // Not where a worker has struck it meanwhile.
        if now + LATE >= lane.late.get() {
            lane.strike(now);
        }
    }
}

impl<P: Protocol + 'static> Lane<P> {
    /// Strikes the beat: at its time; at once when the demand has changed; and from a worker between two exchanges when it
    /// is overdue, for behind ten thousand connections that are ready the beat's own task would wait a round over them all.
    pub(super) fn strike(self: &Rc<Self>, now: Nanos) {
        let mut beat = self.beat.borrow_mut();
        beat.strike(self, now);
        self.late.set(beat.next(now) + LATE);
    }
}

/// Number of the beat at or before this moment; beat `n` lies at `n · 10 ms − 5 ms`.
fn number(at: Nanos) -> u64 {
    (at + HALF).ns() / BEAT.ns()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drill_names_a_worker_and_a_time() {
        let third = Fault {
            index: 3,
            at: Nanos::from_secs(2),
        };

        assert_eq!(Fault::parse("panic_worker:3@2s"), Some(third));
        assert_eq!(Fault::parse("panic_worker:3"), None);
        assert_eq!(Fault::parse("nonsense"), None);
    }

    #[test]
    fn every_tenth_beat_lies_half_a_beat_before_the_conductors_tick() {
        let ms = Nanos::from_millis;

        assert_eq!(
            [0, 4, 5, 14, 15, 94, 95, 104].map(|at| number(ms(at))),
            [0, 0, 1, 1, 2, 9, 10, 10]
        );
    }
}
