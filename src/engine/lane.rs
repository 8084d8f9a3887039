//! One lane: what its workers share. It lives on one thread with its connections.
//! It refuses to be shared with another thread: everything here is a plain cell.

use super::beat::Beat;
use super::due::Due;
use super::gate::Gate;
use super::idlers::Idlers;
use super::rack::{Kept, Rack};
use super::rawlog::Tap;
use super::roster::{Roster, Slot};
use super::supply::Supply;
use crate::clock::Epoch;
use crate::model::failure::Failure;
use crate::model::seen::Seen;
use crate::model::units::Nanos;
use crate::plan::secret::Secrets;
use crate::plan::{Expect, Plan};
use crate::protocol::Protocol;
use crate::telemetry::tally::{Outcome, Tally};
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// After no dial has succeeded for this long, the first that does ends everybody's back-off.
const OUTAGE: Nanos = Nanos::from_millis(500);
/// First wait after a failed connect; it doubles.
const BACK_OFF: Nanos = Nanos::from_millis(100);
/// Longest wait after a failed connect, before jitter.
const MOST_BACK_OFF: Nanos = Nanos::from_secs(2);
/// The same while the target is down and one worker tries for all.
const TRY: Nanos = Nanos::from_millis(300);

/// A wake-up costs some 40 µs of CPU: arrivals that come closer together than this share one, unless told otherwise.
const CALM: Nanos = Nanos::from_micros(250);

/// What the plan says about an exchange.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    /// Which statuses are good.
    pub(super) expect: Expect,
    /// Exchanges a connection may carry, ≥ 1.
    pub(super) uses: u64,
    /// A whole exchange, from when its worker took it.
    pub(super) request: Nanos,
    /// One dial.
    pub(super) connect: Nanos,
    /// Every exchange costs a credit.
    pub(super) throttled: bool,
    /// What answers must not give back.
    pub(super) secrets: Secrets,
    /// The alarm may not ring sooner after the last time.
    pub(super) calm: Nanos,
}

impl Terms {
    /// As the plan has them.
    pub(super) fn of(plan: &Plan) -> Self {
        let request = &plan.request;
        let most = request.per_connection.unwrap_or(u64::MAX).max(1);
        Self {
            expect: request.expect.clone(),
            uses: if request.keepalive { most } else { 1 },
            request: plan.timeouts.request,
            connect: plan.timeouts.connect,
            throttled: plan.throttle.is_some(),
            secrets: Secrets::of(request, &plan.target),
            calm: if plan.precise { Nanos::ZERO } else { CALM },
        }
    }
}

/// Whether a worker may begin an exchange.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Permit {
    /// It may.
    Go,
    /// It may, and thinks afterwards: its share of time, in (0, 1).
    Share(f64),
    /// It may serve arrivals.
    Serve,
    /// Not now.
    Wait,
    /// Never more.
    Leave,
}

/// How many workers may do what, as of the last beat.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Quota {
    /// Workers that run flat out; 0 unless running.
    pub(super) flat: u32,
    /// Share of the duty worker, at place `flat`; in [0, 1).
    pub(super) share: f64,
    /// Workers that stay, running or waiting; in the open model those there may be.
    pub(super) stay: u32,
    /// The open model is in force.
    pub(super) open: bool,
    /// Nothing may begin any more: what was taken is not sent.
    pub(super) cut: bool,
    /// The target is down.
    pub(super) trying: bool,
}

/// What a lane's workers share.
pub(super) struct Lane<P: Protocol> {
    /// Makes connections.
    pub(super) protocol: P,
    /// The clock.
    pub(super) epoch: Epoch,
    /// What the plan says.
    pub(super) terms: Terms,
    /// The workers.
    pub(super) roster: Roster,
    /// The connections.
    pub(super) rack: Rack<P::S>,
    /// The rate of dials.
    pub(super) gate: Gate,
    /// The numbers of exchanges.
    pub(super) supply: Supply,
    /// Arrivals of the open model, of all lanes.
    pub(super) due: Arc<Due>,
    /// In [0, lanes).
    pub(super) number: usize,
    /// Workers that wait for an arrival.
    pub(super) idle: Idlers,
    /// Workers that may still be started for arrivals until the next beat.
    pub(super) hires: Cell<usize>,
    /// Arrivals taken since run start.
    pub(super) took: Cell<u64>,
    /// When the alarm last rang.
    pub(super) rang: Cell<Nanos>,
    /// What was measured since the last interval.
    pub(super) tally: RefCell<Tally>,
    /// Where every ended request gets a line, if it was asked for.
    pub(super) log: Option<RefCell<Tap>>,
    /// What the beat remembers.
    pub(super) beat: RefCell<Beat>,
    /// The beat is overdue from then on.
    pub(super) late: Cell<Nanos>,
    /// Written by the beat.
    pub(super) quota: Cell<Quota>,
    /// A dial has succeeded after an outage; the beat answers by ending back-offs.
    pub(super) recovered: Cell<bool>,
    /// Last successful dial.
    pub(super) dialled: Cell<Nanos>,
    /// Randomness of back-offs.
    pub(super) rng: RefCell<fastrand::Rng>,
}

impl<P: Protocol> Lane<P> {
    /// Whether the worker in this slot may begin.
    pub(super) fn permit(&self, slot: &Slot) -> Permit {
        let quota = self.quota.get();
        if quota.open && slot.index < quota.stay {
            Permit::Serve
        } else if slot.index < quota.flat {
            Permit::Go
        } else if slot.index >= quota.stay {
            Permit::Leave
        } else if slot.index == quota.flat && quota.share > 0.0 {
            Permit::Share(quota.share)
        } else {
            Permit::Wait
        }
    }

    /// Makes a connection; its time is in `seen.dialled` and in the tally.
    ///
    /// # Errors
    /// As `Protocol::connect`.
    pub(super) async fn dial(&self, seen: &mut Seen) -> Result<Kept<P::S>, Failure> {
        let begin = self.epoch.now();
        let before = seen.dialled;
        let made = self.protocol.connect(seen).await;
        let now = self.epoch.now();
        seen.dialled = before + (now - begin);
        let session = made?;
        self.tally.borrow_mut().connected(now - begin);
        if now - self.dialled.replace(now) > OUTAGE {
            self.recovered.set(true);
        }
        Ok(self.rack.keep(session, 0))
    }

    /// Records an ended exchange that was counted as scheduled, and as sent if it was.
    pub(super) fn record(&self, seen: &Seen, outcome: Outcome, end: Nanos) {
        let mut tally = self.tally.borrow_mut();
        match seen.detail.as_deref().filter(|_| tally.keeps_sample(outcome)) {
            Some(detail) => {
                let detail = Some(self.terms.secrets.hide(detail));
                tally.finish(&Seen { detail, ..seen.clone() }, outcome, end);
            }
            None => tally.finish(seen, outcome, end),
        }
        drop(tally);
        self.note(seen, Some(outcome), end);
    }

    /// An exchange that was cut off by our own end before it was sent.
    pub(super) fn give_up(&self, seen: &Seen, end: Nanos) {
        self.tally.borrow_mut().forgo(1, end - seen.intended);
        self.note(seen, None, end);
    }

    fn note(&self, seen: &Seen, outcome: Option<Outcome>, end: Nanos) {
        if let Some(log) = &self.log {
            log.borrow_mut().put(seen, outcome, end);
        }
    }

    /// How long to wait after so many failed connects in a row: 100 ms doubling to 2 s, and up to half as much again. While
    /// the target is down 300 ms, and in the open model not at all: every arrival is tried, as fast as dials may be.
    pub(super) fn back_off(&self, failures: u32) -> Nanos {
        let quota = self.quota.get();
        if quota.trying {
            return if quota.open { Nanos::ZERO } else { TRY };
        }
        let plain = (BACK_OFF * (1 << failures.saturating_sub(1).min(5))).min(MOST_BACK_OFF);
        plain + Nanos::new(self.rng.borrow_mut().u64(0..=plain.ns() / 2))
    }
}
