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

/// Parked connections: last in, first out, at most max(16, N/4).
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

    /// Parks a connection, or closes it where there are enough for `workers`.
    pub(super) fn park(&self, kept: Kept<S>, workers: usize, now: Nanos) {
        let mut parked = self.parked.borrow_mut();
        if parked.len() < LEAST.max(workers / 4) {
            parked.push_back((kept, now));
        }
    }

    /// Closes what has been parked for 5 s.
    pub(super) fn expire(&self, now: Nanos) {
        let mut parked = self.parked.borrow_mut();
        while parked.front().is_some_and(|(_, since)| now - *since >= IDLE) {
            parked.pop_front();
        }
    }

    /// Closes everything parked.
    pub(super) fn clear(&self) {
        self.parked.borrow_mut().clear();
    }

    /// How many are parked, open, and were ever open at once.
    pub(super) fn counts(&self) -> (u64, u64, u64) {
        (self.parked.borrow().len() as u64, self.open.now.get(), self.open.peak.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_parked_is_taken_first_and_the_surplus_is_closed() {
        let rack = Rack::new();
        for i in 0..20 {
            rack.park(rack.keep(i, 0), 40, Nanos::ZERO);
        }

        assert_eq!(rack.counts(), (16, 16, 17), "the one that is closed was open for a moment");
        assert_eq!(rack.take().unwrap().session, 15);
    }

    #[test]
    fn a_parked_connection_is_closed_after_five_seconds() {
        let rack = Rack::new();
        rack.park(rack.keep("old", 0), 0, Nanos::from_secs(1));
        rack.park(rack.keep("new", 0), 0, Nanos::from_secs(3));

        rack.expire(Nanos::from_secs(6));

        assert_eq!(rack.counts().0, 1);
        assert_eq!(rack.take().unwrap().session, "new");
        assert_eq!(rack.counts().1, 0, "taken and dropped");
    }
}
