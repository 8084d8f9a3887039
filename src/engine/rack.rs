//! Connections: how many are open, and those that retired workers left for the next.
//! It refuses to test them: a stale one is found by its next exchange, which re-dials.

use crate::model::units::Nanos;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

/// A parked connection is closed after this long.
const IDLE: Nanos = Nanos::from_secs(5);
/// At least this many may be parked.
const LEAST: usize = 16;
/// Closed at one beat, at most.
const CLOSES: usize = 128;

/// Open connections of a lane.
#[derive(Debug, Default)]
struct Open {
    now: Cell<u64>,
    peak: Cell<u64>,
}

/// A connection with its age in exchanges. Dropping it closes it and counts it out.
pub(super) struct Kept<S> {
    /// The connection.
    pub(super) session: S,
    /// Exchanges begun on it.
    pub(super) uses: u64,
    open: Rc<Open>,
}

impl<S> Drop for Kept<S> {
    fn drop(&mut self) {
        self.open.now.set(self.open.now.get() - 1);
    }
}

/// Parked connections: last in, first out, at most max(16, N/4) for long.
pub(super) struct Rack<S> {
    parked: RefCell<VecDeque<(Kept<S>, Nanos)>>, // oldest first
    open: Rc<Open>,
}

impl<S> Rack<S> {
    /// Nothing is open.
    pub(super) fn new() -> Self {
        Self {
            parked: RefCell::default(),
            open: Rc::default(),
        }
    }

    /// Counts a new connection in.
    pub(super) fn keep(&self, session: S, uses: u64) -> Kept<S> {
        let now = self.open.now.get() + 1;
        self.open.now.set(now);
        self.open.peak.set(self.open.peak.get().max(now));
        Kept {
            session,
            uses,
            open: Rc::clone(&self.open),
        }
    }

    /// The connection parked last.
    pub(super) fn take(&self) -> Option<Kept<S>> {
        self.parked.borrow_mut().pop_back().map(|(kept, _)| kept)
    }

    /// Parks a connection. Where there are too many, the beat closes the oldest.
    pub(super) fn park(&self, kept: Kept<S>, now: Nanos) {
        self.parked.borrow_mut().push_back((kept, now));
    }

    /// Closes the oldest of those beyond what `workers` may want again, and what has been parked for 5 s; call at the beat.
    /// No more than so many at once: a close costs as much as an exchange, and thousands would hold up the lane.
    pub(super) fn trim(&self, workers: usize, now: Nanos) {
        self.close(LEAST.max(workers / 4), |since| now - since >= IDLE);
    }

    /// As `trim`, when nobody wants any of them again.
    pub(super) fn clear(&self) {
        self.close(0, |_| true);
    }

    fn close(&self, most: usize, old: impl Fn(Nanos) -> bool) {
        let mut parked = self.parked.borrow_mut();
        for _ in 0..CLOSES {
            let Some((_, since)) = parked.front() else { break };
            if parked.len() <= most && !old(*since) {
                break;
            }
            parked.pop_front();
        }
    }

    /// How many are parked, open, and were ever open at once.
    pub(super) fn counts(&self) -> (u64, u64, u64) {
        (self.parked.borrow().len() as u64, self.open.now.get(), self.open.peak.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rack_of(parked: usize) -> Rack<usize> {
        let rack = Rack::new();
        for i in 0..parked {
            rack.park(rack.keep(i, 0), Nanos::from_secs(1));
        }
        rack
    }

    #[test]
    fn the_last_parked_is_taken_first_and_the_oldest_surplus_is_closed() {
        let rack = rack_of(20);

        rack.trim(40, Nanos::from_secs(1));

        assert_eq!(rack.counts(), (16, 16, 20));
        assert_eq!(rack.take().unwrap().session, 19);
        rack.trim(8, Nanos::from_secs(1));
        assert_eq!(rack.counts().0, 15, "at least 16 may stay");
    }

    #[test]
    fn thousands_are_closed_a_few_at_every_beat() {
        let rack = rack_of(1000);

        let left = [(); 3].map(|()| {
            rack.trim(1, Nanos::from_secs(1));
            rack.counts().0
        });
        let beats = (0..).take_while(|_| {
            rack.clear();
            rack.counts().0 > 0
        });

        assert_eq!(left, [1000 - 128, 1000 - 256, 1000 - 384]);
        assert_eq!(beats.count(), 4, "616 are 4 x 128 and some");
    }

    #[test]
    fn a_parked_connection_is_closed_after_five_seconds() {
        let rack = Rack::new();
        rack.park(rack.keep("old", 0), Nanos::from_secs(1));
        rack.park(rack.keep("new", 0), Nanos::from_secs(3));

        rack.trim(0, Nanos::from_secs(6));

        assert_eq!(rack.counts().0, 1);
        assert_eq!(rack.take().unwrap().session, "new");
        assert_eq!(rack.counts().1, 0, "taken and dropped");
    }

    #[test]
    fn nothing_is_old_in_the_first_seconds_of_a_run() {
        let rack = Rack::new();
        rack.park(rack.keep((), 0), Nanos::ZERO);

        rack.trim(0, Nanos::from_secs(4));

        assert_eq!(rack.counts().0, 1);
    }
}
