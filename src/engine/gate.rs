//! How fast and how many at once a lane may dial.
//! It refuses to be asked on a kept connection.

use super::ramp::BEAT;
use crate::model::units::Nanos;
use std::cell::Cell;
use tokio::sync::{Semaphore, SemaphorePermit};

/// So many dials a second, and at most some outstanding. Waits in order of asking.
///
/// A token bucket that the beat fills and that holds one beat's worth, at least one. Not one sleeper waking the next: on a
/// busy lane each such step costs a round over all tasks, and dials would crawl. Semaphores for their queues: one thread
/// owns the lane, they are never contended.
pub(super) struct Gate {
    rate: f64,         // 1/s
    last: Cell<Nanos>, // when the bucket was filled
    owed: Cell<f64>,   // part of a token, in [0, 1)
    turns: Semaphore,  // tokens
    open: Semaphore,   // held while dialling
}

impl Gate {
    /// `rate` dials a second and `outstanding` at once, for this lane alone.
    pub(super) fn new(rate: f64, outstanding: usize) -> Self {
        let gate = Self {
            rate: rate.max(1e-3),
            last: Cell::new(Nanos::ZERO),
            owed: Cell::new(0.0),
            turns: Semaphore::new(0),
            open: Semaphore::new(outstanding.max(1)),
        };
        gate.turns.add_permits(gate.depth());
        gate
    }

    /// Fills the bucket for the time since the last beat.
    pub(super) fn beat(&self, now: Nanos) {
        let owed = self.owed.get() + self.rate * (now - self.last.replace(now)).secs();
        let room = self.depth().saturating_sub(self.turns.available_permits());
        self.turns.add_permits((owed as usize).min(room));
        self.owed.set(owed.fract());
    }

    /// Waits for the turn to dial. Keep the permit until the dial has ended.
    pub(super) async fn pass(&self) -> SemaphorePermit<'_> {
        self.turns.acquire().await.expect("the gate is never closed").forget();
        self.open.acquire().await.expect("the gate is never closed")
    }

    /// Dials of one beat, ≥ 1.
    pub(super) fn depth(&self) -> usize {
        ((self.rate * BEAT.secs()) as usize).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Poll, Waker};

    /// How many of `asked` pass at once.
    fn passing(gate: &Gate, asked: usize) -> usize {
        let mut context = Context::from_waker(Waker::noop());
        let pass = |_: &usize| std::pin::pin!(gate.pass()).poll(&mut context).is_ready();
        (0..asked).filter(pass).count()
    }

    #[test]
    fn a_hundred_dials_a_second_are_one_a_beat() {
        let gate = Gate::new(100.0, 500);

        let passed = [0, 10, 20, 25, 30].map(|ms| {
            gate.beat(Nanos::from_millis(ms));
            passing(&gate, 5)
        });

        assert_eq!(passed, [1, 1, 1, 0, 1]);
    }

    #[test]
    fn a_late_beat_does_not_flood() {
        let gate = Gate::new(20_000.0, 500);
        gate.beat(Nanos::from_millis(10));

        assert_eq!(passing(&gate, 900), 200);
        gate.beat(Nanos::from_secs(10));
        assert_eq!(passing(&gate, 900), 200, "one beat's worth");
    }

    #[test]
    fn no_more_than_the_allowed_dials_are_outstanding() {
        let gate = Gate::new(20_000.0, 2);
        let mut context = Context::from_waker(Waker::noop());

        let held = [(); 2].map(|()| match std::pin::pin!(gate.pass()).poll(&mut context) {
            Poll::Ready(permit) => permit,
            Poll::Pending => panic!("there is room"),
        });
        assert_eq!(passing(&gate, 1), 0);
        drop(held);
        assert_eq!(passing(&gate, 1), 1);
    }
}
