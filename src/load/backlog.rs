//! Arrivals that are due and wait for a worker: the schedule, the queue behind it, and what happens when that is full.
//! It counts everything and starts nothing.
//!
//! ```text
//!  schedule ─offer─► [ due … capacity ] ─take─► worker       full: drop → shed · reject → refused · block → the schedule slips
//! ```

use super::{Arrivals, Schedule};
use crate::model::arrival::Arrival;
use crate::model::demand::Overflow;
use crate::model::units::Nanos;
use std::collections::VecDeque;

/// Most arrivals that wait unless something else is asked for.
pub const CAPACITY: usize = 65_536;

/// What became of an arrival when its moment came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// It waits for a worker.
    Queued,
    /// The queue was full: it is lost, and no error.
    Shed,
    /// The queue was full: it ended at once, an error of ours.
    Refused,
    /// The queue was full: it and all behind it happen later. It counts as scheduled only then.
    Held,
}

/// What was scheduled so far. `scheduled` = taken + waiting + shed + refused + dropped by `clear`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Arrivals whose moment came.
    pub scheduled: u64,
    /// Lost to a full queue.
    pub shed: u64,
    /// Turned into an error by a full queue.
    pub refused: u64,
}

/// Schedule, queue and policy.
#[derive(Debug)]
pub struct Backlog {
    schedule: Schedule,
    due: VecDeque<Arrival>,
    capacity: usize,
    overflow: Overflow,
    /// The arrival that could not get in, by the schedule's time; nothing comes behind it.
    held: Option<Nanos>,
    counts: Counts,
    slip: Nanos,
}

impl Backlog {
    /// Empty and standing still; `capacity` ≥ 1 may wait.
    pub fn new(schedule: Schedule, capacity: usize) -> Self {
        Self {
            schedule,
            due: VecDeque::new(),
            capacity: capacity.max(1),
            overflow: Overflow::Drop,
            held: None,
            counts: Counts::default(),
            slip: Nanos::ZERO,
        }
    }

    /// From now on. Rate 0: time stands still for what is to come; what waits goes on waiting.
    pub fn set(&mut self, now: Nanos, rate: f64, overflow: Overflow) {
        if self.held.is_some() && overflow != Overflow::Block {
            self.release(now);
        }
        self.overflow = overflow;
        self.schedule.set_rate(now, rate);
    }

    /// From now on arrivals of another law.
    pub fn switch(&mut self, now: Nanos, arrivals: Box<dyn Arrivals>) {
        self.schedule.switch(now, arrivals);
    }

    /// The next arrival's moment has come and it is lost before the queue. `None`: there is none.
    pub fn shed(&mut self) -> Option<Nanos> {
        let at = self.next()?;
        self.schedule.take();
        self.counts.scheduled += 1;
        self.counts.shed += 1;
        Some(at)
    }

    /// When the next arrival is due; `None` while the schedule stands still or is held up.
    pub fn next(&self) -> Option<Nanos> {
        if self.held.is_some() { None } else { self.schedule.next() }
    }

    /// The next arrival's moment has come. `None`: there is none.
    pub fn offer(&mut self) -> Option<Offer> {
        let at = self.next()?;
        if self.due.len() < self.capacity {
            self.schedule.take();
            self.queue(at);
            return Some(Offer::Queued);
        }
        if self.overflow == Overflow::Block {
            self.held = Some(at);
            return Some(Offer::Held);
        }
        self.schedule.take();
        self.counts.scheduled += 1;
        if self.overflow == Overflow::Drop {
            self.counts.shed += 1;
            return Some(Offer::Shed);
        }
        self.counts.refused += 1;
        Some(Offer::Refused)
    }

    /// The arrival that waits longest. The schedule goes on from `now` if it was held up.
    pub fn take(&mut self, now: Nanos) -> Option<Arrival> {
        let first = self.due.pop_front()?;
        if self.held.is_some() {
            self.release(now);
            // The one held up is due now and there is room for it.
            self.offer();
        }
        Some(first)
    }

    /// Arrivals waiting.
    pub fn waiting(&self) -> usize {
        self.due.len()
    }

    /// Intended start of the one that waits longest.
    pub fn oldest(&self) -> Option<Nanos> {
        self.due.front().map(|a| a.intended)
    }

    /// Forgets what waits and says how many those were: they will never be sent.
    pub fn clear(&mut self) -> u64 {
        let lost = self.due.len() as u64;
        self.due.clear();
        self.held = None;
        lost
    }

    /// Totals so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// How far the schedule lies behind what it was, all told.
    pub fn slip(&self) -> Nanos {
        self.slip
    }

    fn queue(&mut self, intended: Nanos) {
        let seq = self.counts.scheduled;
        self.due.push_back(Arrival { seq, intended });
        self.counts.scheduled += 1;
    }

    fn release(&mut self, now: Nanos) {
        if let Some(at) = self.held.take() {
            self.schedule.slip(now - at);
            self.slip += now - at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Process;
    use super::*;

    const MS: fn(u64) -> Nanos = Nanos::from_millis;

    /// One arrival every 10 ms, two may wait.
    fn backlog(overflow: Overflow) -> Backlog {
        let mut b = Backlog::new(Schedule::new(Process::Constant.arrivals(1)), 2);
        b.set(Nanos::ZERO, 100.0, overflow);
        b
    }

    fn offers(b: &mut Backlog, until: u64) -> Vec<Offer> {
        std::iter::from_fn(|| b.next().filter(|t| *t <= MS(until)).and_then(|_| b.offer())).collect()
    }

    #[test]
    fn arrivals_leave_in_order_with_the_moment_they_were_wanted() {
        let mut b = backlog(Overflow::Drop);
        offers(&mut b, 20);

        let taken = [b.take(MS(99)), b.take(MS(99)), b.take(MS(99))];

        let arrival = |seq, ms| Some(Arrival { seq, intended: MS(ms) });
        assert_eq!(taken, [arrival(0, 10), arrival(1, 20), None]);
    }

    #[test]
    fn a_full_queue_sheds_the_newest() {
        let mut b = backlog(Overflow::Drop);

        assert_eq!(offers(&mut b, 40), [Offer::Queued, Offer::Queued, Offer::Shed, Offer::Shed]);
        assert_eq!((b.counts().scheduled, b.counts().shed, b.waiting()), (4, 2, 2));
        assert_eq!(b.oldest(), Some(MS(10)));
    }

    #[test]
    fn a_full_queue_refuses_when_asked_to() {
        let mut b = backlog(Overflow::Reject);

        assert_eq!(offers(&mut b, 30).last(), Some(&Offer::Refused));
        assert_eq!((b.counts().refused, b.counts().shed), (1, 0));
    }

    #[test]
    fn a_full_queue_that_blocks_lets_the_schedule_slip_and_measures_it() {
        let mut b = backlog(Overflow::Block);

        assert_eq!(offers(&mut b, 1_000), [Offer::Queued, Offer::Queued, Offer::Held]);
        assert_eq!((b.counts().scheduled, b.next()), (2, None));
        b.take(MS(75));
        // The third was wanted at 30: all behind it come 45 ms later, the next at 85.
        assert_eq!((b.slip(), b.next(), b.waiting()), (MS(45), Some(MS(85)), 2));
        b.take(MS(80));
        assert_eq!(b.oldest(), Some(MS(75)), "the slipped moment is the wanted one");
    }

    #[test]
    fn a_pause_keeps_what_waits_and_stops_what_comes() {
        let mut b = backlog(Overflow::Drop);
        offers(&mut b, 10);
        b.set(MS(15), 0.0, Overflow::Drop);

        assert_eq!((offers(&mut b, 5_000).len(), b.waiting()), (0, 1));
        b.set(MS(5_000), 100.0, Overflow::Drop);
        assert_eq!((b.next(), b.clear(), b.waiting()), (Some(MS(5_005)), 1, 0));
    }
}
