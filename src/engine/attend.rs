//! What a lane does when arrivals are due: calls idle workers, starts new ones below the limit, sets its alarm.
//! It refuses to hold an arrival: each goes to a worker at once, or stays in the queue of all lanes.

use super::alarm::Bell;
use super::due::Hands;
use super::lane::Lane;
use super::worker::work;
use crate::model::units::Nanos;
use crate::protocol::Protocol;
use std::rc::Rc;
use std::sync::Arc;

/// A worker that has idled so long may go, and leave its connection to others; the last one of a lane never does.
const IDLE: Nanos = Nanos::from_secs(5);

/// Most workers started in one go. After a standstill hundreds of arrivals are due: the first ones are answered meanwhile,
/// and on their connections the others leave sooner than on new ones. Of 600 that waited 3 s, a batch of 64 opened so many
/// connections that the slowest fiftieth was served in 32 to 63 ms; 8 at a time it is 17 to 23, and all have left no later.
const BATCH: usize = 8;

/// Answers the alarm until the lane ends. A change of the demand acts at once.
pub(super) async fn listen<P: Protocol + 'static>(lane: Rc<Lane<P>>) {
    let bell = Bell::new(Arc::clone(&lane.due.alarms[lane.number]));
    loop {
        bell.ring().await;
        let now = lane.epoch.now();
        lane.rang.set(now);
        if lane.due.news(lane.number) {
            lane.strike(now);
        } else {
            lane.attend(now);
        }
    }
}

impl<P: Protocol + 'static> Lane<P> {
    /// Gives everything due to workers, and sets the alarm for what is next.
    pub(super) fn attend(self: &Rc<Self>, now: Nanos) {
        let mut room = BATCH;
        loop {
            while self.call(now) {}
            if room == 0 || !self.start(now) {
                break;
            }
            room -= 1;
        }
        self.arm(now);
    }

    /// Calls the worker that idles the shortest.
    fn call(&self, now: Nanos) -> bool {
        let Some(slot) = self.idle.pop() else {
            return false;
        };
        match self.due.rouse(self.number, true, now) {
            Some(arrival) => {
                self.took.set(self.took.get() + 1);
                slot.call(arrival);
                true
            }
            None => {
                self.idle.push(slot);
                false
            }
        }
    }

    /// Starts a worker for an arrival that nobody idles for.
    fn start(self: &Rc<Self>, now: Nanos) -> bool {
        if self.idle.count() > 0 || self.hires.get() == 0 {
            return false;
        }
        let Some(slot) = self.roster.vacancy(self.quota.get().stay as usize, now) else {
            return false;
        };
        let Some(arrival) = self.due.rouse(self.number, false, now) else {
            return false;
        };
        self.took.set(self.took.get() + 1);
        self.hires.set(self.hires.get() - 1);
        slot.call(arrival);
        tokio::task::spawn_local(work(Rc::clone(self), slot, Nanos::ZERO));
        true
    }
}

impl<P: Protocol> Lane<P> {
    /// Sets the alarm for the next arrival that this lane could serve.
    pub(super) fn arm(&self, now: Nanos) {
        let stay = self.quota.get().stay as usize;
        let hands = Hands {
            idle: self.idle.count(),
            room: self.hires.get() > 0 && self.roster.vacancy(stay, now).is_some(),
            earliest: self.rang.get() + self.terms.calm,
        };
        self.due.arm(self.number, hands);
    }

    /// Lets the worker go that has idled longest, if that is long.
    pub(super) fn thin_out(&self, now: Nanos) {
        let oldest = self.idle.oldest().filter(|_| self.idle.count() > 1);
        if let Some(slot) = oldest.filter(|s| now - s.since() >= IDLE) {
            slot.dismiss();
        }
    }
}
