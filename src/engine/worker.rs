//! A worker: one task that does one exchange after another, one at a time.
//! It refuses to time itself: the beat marks its slot when a deadline has passed or orders have changed.

use super::lane::{Lane, Permit};
use super::rack::Kept;
use super::roster::{Slot, Stage};
use crate::model::failure::Failure;
use crate::model::seen::Seen;
use crate::model::units::Nanos;
use crate::protocol::Protocol;
use crate::telemetry::tally::Outcome;
use std::future::{Future, pending};
use std::rc::Rc;

/// Thinking is saved up to this much, s: the timer is no finer.
const LEAST_THINK: f64 = 0.002;
/// The place of a worker that panicked stays empty this long.
const REST_AFTER_PANIC: Nanos = Nanos::from_secs(1);

/// One worker. Dropping it empties its place; a panic within an exchange is recorded there.
pub(super) struct Worker<P: Protocol> {
    pub(super) lane: Rc<Lane<P>>,
    pub(super) slot: Rc<Slot>,
    pub(super) seen: Seen,
    pub(super) kept: Option<Kept<P::S>>,
    pub(super) free: Nanos,   // since when it could begin
    pub(super) took: Nanos,   // length of the exchange just ended, until it was thought about
    pub(super) began: Nanos,  // begin of the exchange under way: in the closed model, and on a kept connection, also its send
    pub(super) engaged: bool, // it has taken an arrival that has not been reported as ended
    pub(super) failures: u32, // failed connects in a row
    credit: Option<Nanos>,    // of the throttle, from then on
    debt: f64,                // thinking still to be done, s
}

/// Runs a worker in this slot after `delay`, until its orders say leave or `-n` is used up.
/// What is not an exchange is boxed, so that the task stays small: ten thousand of them share a cache.
pub(super) async fn work<P: Protocol + 'static>(lane: Rc<Lane<P>>, slot: Rc<Slot>, delay: Nanos) {
    slot.enter().await;
    let mut worker = Worker::new(lane, slot);
    if delay > Nanos::ZERO {
        Box::pin(worker.rest(Stage::Queueing, tokio::time::sleep(delay.duration()))).await;
    }
    loop {
        if worker.free >= worker.lane.late.get() {
            worker.strike();
        }
        // One that was given an arrival serves it, whatever its orders say by now.
        let called = worker.slot.called();
        let permit = if called {
            Permit::Serve
        } else {
            worker.lane.permit(&worker.slot)
        };
        if worker.lane.terms.throttled && matches!(permit, Permit::Go | Permit::Share(_)) && !worker.credited().await {
            continue;
        }
        let more = match permit {
            Permit::Serve => worker.serve().await,
            Permit::Go => worker.turn().await,
            Permit::Share(share) => worker.turn().await && Box::pin(worker.think(share)).await,
            Permit::Wait => Box::pin(worker.rest(Stage::Waiting, pending::<()>())).await,
            Permit::Leave => false,
        };
        if !more {
            break;
        }
    }
    worker.disengage();
    worker.park();
}

impl<P: Protocol + 'static> Worker<P> {
    /// Strikes the lane's overdue beat. In the closed model the next exchange is wanted, and sent, after that.
    fn strike(&mut self) {
        self.lane.strike(self.lane.epoch.now());
        if !self.lane.quota.get().open {
            self.free = self.lane.epoch.now();
        }
    }
}

impl<P: Protocol> Worker<P> {
    fn new(lane: Rc<Lane<P>>, slot: Rc<Slot>) -> Self {
        // One that is started for an arrival could have been started any time before it.
        let free = if slot.called() { Nanos::ZERO } else { lane.epoch.now() };
        Self {
            free,
            lane,
            slot,
            seen: Seen::default(),
            kept: None,
            took: Nanos::ZERO,
            began: Nanos::ZERO,
            engaged: false,
            failures: 0,
            credit: None,
            debt: 0.0,
        }
    }

    /// Waits for a credit of the throttle; false: it was disturbed before.
    async fn credited(&mut self) -> bool {
        let now = self.free;
        let at = *self.credit.get_or_insert_with(|| self.lane.due.credit(now));
        if at > now {
            let length = (at - now).duration();
            Box::pin(self.rest(Stage::Waiting, tokio::time::sleep(length))).await;
        }
        self.credit.take_if(|_| at <= self.free).is_some()
    }

    /// Waits outside an exchange; the beat may end it. Always true.
    pub(super) async fn rest(&mut self, stage: Stage, future: impl Future) -> bool {
        self.slot.rest(stage, future).await;
        self.free = self.lane.epoch.now();
        true
    }

    /// The duty worker thinks s · (1/f − 1) after an exchange of s, f being its share in (0, 1). Always true.
    async fn think(&mut self, share: f64) -> bool {
        self.debt += std::mem::take(&mut self.took).secs() * (1.0 / share - 1.0);
        if self.debt >= LEAST_THINK {
            let begin = self.free;
            let length = std::time::Duration::from_secs_f64(self.debt.min(3600.0));
            self.rest(Stage::Waiting, tokio::time::sleep(length)).await;
            self.debt -= (self.free - begin).secs();
        }
        true
    }

    fn park(&mut self) {
        if let Some(kept) = self.kept.take() {
            self.lane.rack.park(kept, self.lane.epoch.now());
        }
    }

    fn record_panic(&mut self, now: Nanos) {
        if self.slot.stage() == Stage::Sent {
            self.seen.sent.get_or_insert(self.slot.since());
        }
        self.seen.detail = Some("a worker panicked".to_owned());
        self.lane.roster.end(&self.slot, now);
        self.lane.record(&self.seen, Outcome::Failed(Failure::Internal), now);
    }
}

impl<P: Protocol> Drop for Worker<P> {
    fn drop(&mut self) {
        let mut rest = Nanos::ZERO;
        if std::thread::panicking() {
            let now = self.lane.epoch.now();
            rest = now + REST_AFTER_PANIC;
            if self.slot.busy() {
                self.record_panic(now);
            }
            self.fumble(now);
        }
        self.lane.roster.leave(&self.slot, rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::http1::Http1;

    fn size<A, F>(_: fn(A, Rc<Slot>, Nanos) -> F) -> usize {
        size_of::<F>()
    }

    /// Ten thousand of them share a cache; what is awaited and not boxed is part of the task.
    #[test]
    fn a_worker_s_task_with_its_connection_takes_twelve_cache_lines() {
        assert!(size(work::<Http1>) <= 12 * 64, "{}", size(work::<Http1>));
    }
}
