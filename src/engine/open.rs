//! A worker in the open model: it serves arrivals, one after another, and idles when none waits.
//! It refuses to choose: the queue says which arrival is next.

use super::exchange::Stop;
use super::roster::Stage;
use super::worker::Worker;
use crate::model::arrival::Arrival;
use crate::model::failure::Failure;
use crate::model::seen::Seen;
use crate::model::units::Nanos;
use crate::protocol::Protocol;
use crate::telemetry::tally::Outcome;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

impl<P: Protocol> Worker<P> {
    /// The arrival it was given, or else the one that waits longest; none: it idles. False: it was told to go.
    pub(super) async fn serve(&mut self) -> bool {
        let arrival = match self.slot.given() {
            Some(arrival) => Some(arrival),
            None => self.next_arrival(),
        };
        match arrival {
            Some(arrival) => {
                self.answer(arrival).await;
                true
            }
            None => Box::pin(self.idle()).await,
        }
    }

    fn next_arrival(&mut self) -> Option<Arrival> {
        let ended = std::mem::take(&mut self.engaged);
        let lane = &self.lane;
        let arrival = lane.due.turn(lane.number, ended, self.free)?;
        lane.took.set(lane.took.get() + 1);
        Some(arrival)
    }

    /// Waits to be called; the queue counts it as idle until then.
    async fn idle(&mut self) -> bool {
        let lane = Rc::clone(&self.lane);
        lane.idle.push(Rc::clone(&self.slot));
        lane.arm(self.free);
        self.slot.idle(self.free).await;
        if self.slot.called() {
            return true;
        }
        lane.idle.remove(&self.slot);
        lane.due.up();
        // In the closed model its next exchange is wanted now.
        self.free = lane.epoch.now();
        !self.slot.dismissed()
    }

    /// One arrival, from taking it to its record.
    async fn answer(&mut self, arrival: Arrival) {
        self.engaged = true;
        if self.lane.quota.get().cut {
            let seen = Seen {
                seq: arrival.seq,
                intended: arrival.intended,
                ..Seen::default()
            };
            self.lane.give_up(&seen, self.lane.epoch.now());
            return;
        }
        let kept = poll_fn(|cx| Poll::Ready(self.reuse(cx))).await;
        // A fresh look at the clock: waiting for the worker is not sending.
        let now = self.lane.epoch.now();
        let mut result = if kept {
            self.begin(Stage::Sent, arrival, now);
            self.exchange().await
        } else {
            self.begin(Stage::Dialling, arrival, now);
            Box::pin(self.dial()).await
        };
        if self.repeats(&result) {
            result = Box::pin(self.again()).await;
        }
        if self.finish(result) {
            self.disengage();
            Box::pin(self.back_off()).await;
        }
    }

    /// Connects for an arrival already begun. Waiting for the turn to dial is ours: it shows as send lag, and no deadline of
    /// the target's runs meanwhile.
    async fn dial(&mut self) -> Result<(), Stop> {
        let lane = Rc::clone(&self.lane);
        lane.roster.until(&self.slot, Nanos::MAX);
        let pass = match self.slot.watch(pin!(lane.gate.pass())).await {
            Ok(pass) => pass,
            Err(mark) => return Err(Stop::Marked(mark)),
        };
        self.began = lane.epoch.now();
        let limit = lane.terms.connect.min(lane.terms.request);
        lane.roster.until(&self.slot, self.began + limit);
        match self.slot.watch(pin!(lane.dial(&mut self.seen))).await {
            Ok(Ok(kept)) => self.kept = Some(kept),
            Ok(Err(class)) => return Err(Stop::Failed(class)),
            Err(mark) => return Err(Stop::Marked(mark)),
        }
        drop(pass);
        self.sent();
        self.exchange().await
    }

    /// Tells the queue that the arrival taken last has ended.
    pub(super) fn disengage(&mut self) {
        if std::mem::take(&mut self.engaged) {
            self.lane.due.ended();
        }
    }

    /// A good answer counts in its cohort while a promise is kept.
    pub(super) fn judge(&self, outcome: Option<Outcome>) {
        if !self.engaged || outcome != Some(Outcome::Ok) {
            return;
        }
        if let Some(limits) = self.lane.due.limits(self.seen.intended) {
            let mut tally = self.lane.tally.borrow_mut();
            let cohorts = tally.cohorts.get_or_insert_default();
            let seen = &self.seen;
            cohorts.answered(seen.intended, (self.free - seen.intended, seen.send_lag()), &limits);
        }
    }

    /// After a panic: what it had taken or was given is not lost, and it idles no more.
    pub(super) fn fumble(&mut self, now: Nanos) {
        if let Some(arrival) = self.slot.given() {
            self.engaged = true;
            let seen = Seen {
                intended: arrival.intended,
                detail: Some("a worker panicked".to_owned()),
                ..Seen::default()
            };
            self.lane.record(&seen, Outcome::Failed(Failure::Internal), now);
        } else if self.slot.stage() == Stage::Idle {
            self.lane.idle.remove(&self.slot);
            self.lane.due.up();
        }
        self.disengage();
    }
}
