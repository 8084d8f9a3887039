//! One exchange of a worker: on its kept connection, or a new one, with one re-dial where the peer had closed it idle.
//! It refuses to measure more than the clock read at its begin and at its end.

use super::lane::{Permit, Terms};
use super::roster::{Mark, Stage};
use super::worker::Worker;
use crate::model::arrival::Arrival;
use crate::model::failure::Failure;
use crate::model::format::bytes;
use crate::model::seen::Seen;
use crate::model::units::Nanos;
use crate::protocol::{Protocol, Session};
use crate::telemetry::tally::Outcome;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// Why an exchange did not complete.
pub(super) enum Stop {
    Failed(Failure),
    Marked(Mark),
}

/// How a worker came out of dialling.
enum Fresh {
    /// It has a connection, and an exchange to send on it.
    Ready,
    /// There is none; the exchange was counted.
    Failed(Stop),
    /// Disturbed before it took a number: look at the orders again.
    Disturbed,
    /// `-n` is used up.
    Exhausted,
}

impl<P: Protocol> Worker<P> {
    /// One exchange and its record; false when `-n` is used up.
    ///
    /// On a kept connection this is the hot path. It reads the clock once: the end of one exchange is the moment the
    /// worker is free for the next, and in the closed model that is the intended start and the send.
    pub(super) async fn turn(&mut self) -> bool {
        let begun = if poll_fn(|cx| Poll::Ready(self.reuse(cx))).await {
            let Some(seq) = self.lane.supply.draw() else { return false };
            self.lane.tally.borrow_mut().scheduled += 1;
            self.begin(Stage::Sent, self.now(seq), self.free);
            Ok(())
        } else {
            match Box::pin(self.fresh()).await {
                Fresh::Ready => {
                    self.sent();
                    Ok(())
                }
                Fresh::Failed(stop) => Err(stop),
                Fresh::Disturbed => return true,
                Fresh::Exhausted => return false,
            }
        };
        let mut result = match begun {
            Ok(()) => self.exchange().await,
            Err(stop) => Err(stop),
        };
        if self.repeats(&result) {
            result = Box::pin(self.again()).await;
        }
        if self.finish(result) {
            Box::pin(self.back_off()).await;
        }
        true
    }

    /// In the closed model the next exchange is wanted when its worker is free.
    fn now(&self, seq: u64) -> Arrival {
        Arrival::at(seq, self.free)
    }

    /// Begins an exchange now; with stage `Sent` it is also sent. Its deadline counts from here.
    pub(super) fn begin(&mut self, stage: Stage, arrival: Arrival, now: Nanos) {
        let sent = stage == Stage::Sent;
        self.began = now;
        self.seen = Seen {
            seq: arrival.seq,
            intended: arrival.intended,
            free: self.free.max(arrival.ready),
            sent: sent.then_some(now),
            ..Seen::default()
        };
        let lane = &self.lane;
        let limit = if sent {
            lane.terms.request
        } else {
            lane.terms.request.min(lane.terms.connect)
        };
        lane.roster.begin(&self.slot, stage, now, now + limit);
        let mut tally = lane.tally.borrow_mut();
        tally.sent += u64::from(sent);
    }

    /// Whether there is a connection to send on: its own, or else a parked one. One that the peer has closed meanwhile, or
    /// spoken on unasked, is let go before anything is counted or sent.
    pub(super) fn reuse(&mut self, cx: &mut Context<'_>) -> bool {
        loop {
            if self.kept.is_none() {
                self.kept = self.lane.rack.take();
            }
            let Some(kept) = &mut self.kept else { return false };
            (self.seen.rx, self.seen.surplus) = (0, 0);
            let alive = kept.session.alive(cx, &mut self.seen);
            if self.seen.rx > 0 {
                let mut tally = self.lane.tally.borrow_mut();
                tally.rx += self.seen.rx;
                tally.surplus += self.seen.surplus;
            }
            if alive {
                return true;
            }
            self.kept = None;
        }
    }

    /// Whether to send once more on a new connection, where that can do no harm.
    pub(super) fn repeats(&self, result: &Result<(), Stop>) -> bool {
        matches!(result, Err(Stop::Failed(Failure::ReusedConnClosed)))
            && self.kept.as_ref().is_some_and(|k| k.session.repeatable())
    }

    /// Sends what was begun, on the connection at hand.
    pub(super) async fn exchange(&mut self) -> Result<(), Stop> {
        let kept = self.kept.as_mut().expect("an exchange has a connection");
        kept.uses += 1;
        let exchange = pin!(kept.session.exchange(self.seen.seq, &mut self.seen));
        match self.slot.watch(exchange).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(class)) => Err(Stop::Failed(class)),
            Err(mark) => Err(Stop::Marked(mark)),
        }
    }

    /// Waits for the turn to dial, then takes an arrival, so that our own limit on dials is in no latency.
    async fn fresh(&mut self) -> Fresh {
        let lane = Rc::clone(&self.lane);
        let Some(pass) = self.slot.rest(Stage::Queueing, lane.gate.pass()).await else {
            self.free = lane.epoch.now();
            return Fresh::Disturbed;
        };
        self.free = lane.epoch.now();
        if matches!(lane.permit(&self.slot), Permit::Wait | Permit::Leave) {
            return Fresh::Disturbed;
        }
        let Some(seq) = lane.supply.draw() else {
            return Fresh::Exhausted;
        };
        lane.tally.borrow_mut().scheduled += 1;
        self.begin(Stage::Dialling, self.now(seq), self.free);
        // In a box of its own: of thousands that wait for their turn few dial, and none needs the room afterwards.
        let (slot, seen) = (&self.slot, &mut self.seen);
        let made = Box::pin(async { slot.watch(pin!(lane.dial(seen))).await }).await;
        drop(pass);
        match made {
            Ok(Ok(kept)) => self.kept = Some(kept),
            Ok(Err(class)) => return Fresh::Failed(Stop::Failed(class)),
            Err(mark) => return Fresh::Failed(Stop::Marked(mark)),
        }
        Fresh::Ready
    }

    /// The dial is over: the request is about to go on the new connection.
    pub(super) fn sent(&mut self) {
        self.failures = 0;
        let lane = &self.lane;
        self.seen.sent = Some(lane.epoch.now());
        lane.tally.borrow_mut().sent += 1;
        lane.roster.sent(&self.slot, self.began + lane.terms.request);
    }

    /// The peer had closed the kept connection: dials once more and sends again. What had been written stays one `sent`, at
    /// its first moment.
    pub(super) async fn again(&mut self) -> Result<(), Stop> {
        let lane = Rc::clone(&self.lane);
        self.kept = None;
        self.seen.retries += 1;
        let written = self.seen.tx > 0;
        self.seen.sent = written.then_some(self.began);
        let seen = &mut self.seen;
        let dial = async {
            let _pass = lane.gate.pass().await;
            lane.dial(seen).await
        };
        let made = self.slot.watch(pin!(dial)).await;
        match made {
            Ok(Ok(kept)) => self.kept = Some(kept),
            Ok(Err(class)) if written => {
                self.seen.detail = Some(format!(
                    "the server closed the kept connection, and dialling again failed: {}",
                    class.name()
                ));
                return Err(Stop::Failed(Failure::ReusedConnClosed));
            }
            Ok(Err(class)) => return Err(Stop::Failed(class)),
            Err(mark) => {
                self.seen.sent = Some(self.began);
                return Err(Stop::Marked(mark));
            }
        }
        self.seen.sent.get_or_insert(lane.epoch.now());
        self.exchange().await
    }

    /// Records the exchange and keeps or closes its connection; true when it ended before it was sent.
    pub(super) fn finish(&mut self, result: Result<(), Stop>) -> bool {
        let whole = result.is_ok();
        let end = self.seen.whole.filter(|_| whole).unwrap_or_else(|| self.lane.epoch.now());
        let stage = self.slot.stage();
        self.took = self.lane.roster.end(&self.slot, end);
        let outcome = self.outcome(result, stage);
        let lane = &self.lane;
        let closed = outcome == Some(Outcome::Failed(Failure::ReusedConnClosed));
        if self.kept.as_ref().is_some_and(|k| k.uses > 1) && !closed {
            lane.tally.borrow_mut().reused += 1;
        }
        let unsent = match outcome {
            Some(outcome) => {
                lane.record(&self.seen, outcome, end);
                self.seen.sent.is_none()
            }
            None => {
                lane.give_up(&self.seen, end);
                false
            }
        };
        let uses = lane.terms.uses;
        if !(whole && self.kept.as_ref().is_some_and(|k| k.uses < uses && k.session.reusable())) {
            self.kept = None;
        }
        self.free = end;
        self.judge(outcome);
        unsent
    }

    /// `None`: cut off by our own end before it was sent.
    fn outcome(&mut self, result: Result<(), Stop>, stage: Stage) -> Option<Outcome> {
        let sent = stage == Stage::Sent;
        if matches!(result, Err(Stop::Marked(Mark::Expired))) {
            self.tell_deadline(sent);
        }
        Some(match result {
            Ok(()) if !self.lane.terms.expect.good(self.seen.status) => Outcome::BadStatus,
            Ok(()) if self.seen.mismatch => Outcome::Failed(Failure::BodyCheck),
            Ok(()) => Outcome::Ok,
            Err(Stop::Failed(class)) => {
                if sent && self.seen.sent.is_none() {
                    self.take_back();
                }
                Outcome::Failed(class)
            }
            Err(Stop::Marked(Mark::Cut)) if sent => Outcome::Aborted,
            Err(Stop::Marked(Mark::Cut)) => return None,
            Err(Stop::Marked(_)) if !sent => Outcome::Failed(Failure::ConnectTimeout),
            Err(Stop::Marked(_)) if self.seen.head => Outcome::Failed(Failure::TimeoutBody),
            Err(Stop::Marked(_)) => Outcome::Failed(Failure::TimeoutHead),
        })
    }

    /// Which deadline passed, how long it was, and what had come until then.
    fn tell_deadline(&mut self, sent: bool) {
        let Terms { request, connect, .. } = self.lane.terms;
        let (what, limit, flag) = match (sent, self.seen.head) {
            (false, _) if connect < request => ("no connection", connect, "--connect-timeout"),
            (false, _) => ("no connection", request, "-t"),
            (true, false) => ("no answer", request, "-t"),
            (true, true) => ("no whole answer", request, "-t"),
        };
        let came = if sent {
            format!(", {} received", bytes(self.seen.rx))
        } else {
            String::new()
        };
        self.seen.detail = Some(format!("{what} within {limit} ({flag}){came}"));
    }

    /// The session knows that nothing was written: the `sent` just counted is taken back, unless it was already told.
    fn take_back(&mut self) {
        let mut tally = self.lane.tally.borrow_mut();
        match tally.sent.checked_sub(1) {
            Some(fewer) => tally.sent = fewer,
            None => self.seen.sent = Some(self.began),
        }
    }

    /// Waits after a failed connect, unless its orders say leave.
    pub(super) async fn back_off(&mut self) {
        self.failures += 1;
        if self.lane.permit(&self.slot) != Permit::Leave {
            let length = self.lane.back_off(self.failures);
            if length > Nanos::ZERO {
                self.rest(Stage::Backing, tokio::time::sleep(length.duration())).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Habit, Run, plan};
    use crate::conduct::Plant;
    use crate::model::demand::{Demand, Drive};
    use crate::model::units::Nanos;

    /// Longest service, s.
    fn longest(habit: Habit, limit: Nanos) -> f64 {
        let mut plan = plan();
        plan.timeouts.request = limit;
        let mut run = Run::new(&plan, habit);
        run.set(3.0, Drive::Run);
        run.go(200);
        run.end(Drive::Abort);
        run.total.service().max().unwrap()
    }

    #[test]
    fn while_the_target_is_down_every_arrival_is_tried_and_ends_unsent() {
        let unsent = |trying| {
            let mut run = Run::new(&plan(), Habit::Refuses);
            run.offer(200.0, 2.0, |d| d.trying = trying);
            run.go(1_000);
            let books = run.end(Drive::Abort);
            assert_eq!(books.sent, 0);
            (books.unsent, books.scheduled)
        };

        let (tried, due) = unsent(true);

        assert!(tried > 100 && tried + 20 > due, "{tried} of {due}");
        assert!(unsent(false).0 < 30, "two workers that back off try a few");
    }

    #[test]
    fn in_the_closed_model_one_worker_tries_for_all_at_an_even_pace() {
        let mut run = Run::new(&plan(), Habit::Refuses);
        run.set(30.0, Drive::Run);
        run.go(300);
        run.lanes.set(Demand {
            workers: 1.0,
            trying: true,
            ..Demand::default()
        });
        run.until(|g| g.workers == 1);
        let before = run.total.unsent;
        run.go(1_200);

        let tries = run.total.unsent - before;
        assert!((1..=5).contains(&tries), "{tries} tries in 1.2 s");
        run.end(Drive::Abort);
    }

    #[test]
    fn an_exchange_ends_when_its_answer_was_whole_and_a_timeout_when_it_is_noticed() {
        assert_eq!(longest(Habit::Whole { says: true }, Nanos::from_secs(10)), 0.001);
        assert!(longest(Habit::Whole { says: false }, Nanos::from_millis(60)) >= 0.03);
    }
}
