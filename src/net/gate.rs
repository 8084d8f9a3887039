//! The connect limit of one lane: so many a second, so many at once.
//! It refuses reservations: a worker that gives up must not hold a turn that others then wait behind.

use crate::clock::Epoch;
use crate::model::units::Nanos;
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};

/// Unused turns are kept for this long, so that the timer's 1 ms steps cost no rate.
const CREDIT: Nanos = Nanos::from_millis(10);

/// Shared by a lane's workers. Turns are served in the order asked for (both locks are FIFO) and a dropped wait leaves no trace.
#[derive(Debug)]
pub struct Gate {
    epoch: Epoch,
    gap: Nanos,
    next: Mutex<Nanos>,
    room: Semaphore,
}

impl Gate {
    /// At most `rate` connects a second, > 0, and `outstanding` at once, ≥ 1.
    pub fn new(epoch: Epoch, rate: f64, outstanding: usize) -> Self {
        Self {
            epoch,
            gap: Nanos::from_secs_f64(1.0 / rate.max(1e-3)),
            next: Mutex::new(Nanos::ZERO),
            room: Semaphore::new(outstanding.max(1)),
        }
    }

    /// Waits for a turn. The connect counts as outstanding until the permit is dropped; `None` never happens, as the
    /// semaphore is never closed.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        let permit = self.room.acquire().await.ok();
        let mut next = self.next.lock().await;
        if *next > self.epoch.now() {
            tokio::time::sleep_until(self.epoch.instant(*next).into()).await;
        }
        *next = (*next).max(self.epoch.now() - CREDIT) + self.gap;
        permit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(future)
    }

    #[test]
    fn turns_are_never_faster_than_the_rate() {
        let epoch = Epoch::new();
        let gate = Gate::new(epoch, 1000.0, 100);

        // 21 turns, 1 ms apart, of which 10 ms are credit at most: never sooner than 10 ms.
        block_on(async {
            for _ in 0..21 {
                gate.turn().await;
            }
        });

        assert!(epoch.now() >= Nanos::from_millis(10), "{}", epoch.now());
    }

    #[test]
    fn a_worker_that_gives_up_takes_no_turn_away() {
        let epoch = Epoch::new();
        let gate = Gate::new(epoch, 20.0, 100);

        block_on(async {
            gate.turn().await;
            for _ in 0..50 {
                // Each would be a turn of 50 ms; together 2.5 s, had they been reserved.
                tokio::time::timeout(std::time::Duration::ZERO, gate.turn()).await.ok();
            }
            gate.turn().await;
        });

        assert!(epoch.now() < Nanos::from_secs(2), "{}", epoch.now());
    }

    #[test]
    fn no_more_connects_are_outstanding_than_allowed() {
        let gate = Gate::new(Epoch::new(), 1e6, 2);

        block_on(async {
            let _first = gate.turn().await;
            let second = gate.turn().await;
            let none_left = tokio::time::timeout(std::time::Duration::from_millis(5), gate.turn()).await;
            drop(second);

            assert!(none_left.is_err());
            assert!(gate.turn().await.is_some());
        });
    }
}
