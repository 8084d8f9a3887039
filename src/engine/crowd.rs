//! Thousands of workers that come and go, counted in beats: how many start, and how many connections close, at each.
//! It refuses to look at a clock: the beat is struck by hand.

use super::beat::{Beat, Post};
use super::due::Due;
use super::fake::{Fake, Habit, plan};
use super::lane::{Lane, Terms};
use super::launch::{Seat, furnish};
use super::orders::Orders;
use super::supply::Supply;
use crate::clock::Epoch;
use crate::model::demand::Demand;
use crate::model::units::Nanos;
use crate::plan::Plan;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use tokio::runtime::{Builder, LocalOptions};

/// One lane of more dials than starts, and its beat in the tester's hand.
struct Hand {
    lane: Rc<Lane<Fake>>,
    orders: Arc<Orders>,
    now: Nanos,
}

impl Hand {
    fn new() -> Self {
        let (plan, epoch) = (Plan { threads: 1, ..plan() }, Epoch::new());
        let seat = Seat {
            lane: 0,
            lanes: 1,
            epoch,
            seed: 1,
        };
        let due = Arc::new(Due::new(&plan, epoch, None, 0));
        let supply = Supply::new(None, 0, 0, 1);
        let orders = Arc::new(Orders::default());
        let (out, _) = sync_channel(1);
        let (_, spares) = sync_channel(1);
        let beat = Beat::new(Arc::clone(&orders), Post { out, spares }, None, Nanos::ZERO);
        let fake = Fake(Habit::Answers { ms: 0, bad: 0 });
        let lane = furnish(seat, Terms::of(&plan), ((20_000.0, 500), beat), (supply, due), fake);
        Self {
            lane: Rc::new(lane),
            orders,
            now: Nanos::ZERO,
        }
    }

    fn order(&mut self, workers: u64) {
        self.orders.put(workers * 1000, &Demand::default());
    }

    /// One beat, and what the workers do after it. Workers present and connections open then.
    async fn strike(&mut self) -> (u64, u64) {
        self.now += Nanos::from_millis(10);
        self.lane.strike(self.now);
        self.lane.late.set(Nanos::MAX);
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
        (self.lane.roster.levels(self.now).workers, self.lane.rack.counts().1)
    }
}

fn by_hand(test: impl AsyncFnOnce(Hand)) {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default());
    runtime.unwrap().block_on(async { test(Hand::new()).await });
}

#[test]
fn two_thousand_workers_come_and_go_in_counted_beats() {
    by_hand(async |mut hand| {
        hand.order(1);
        assert_eq!(hand.strike().await, (1, 1));

        hand.order(2000);
        let (mut rising, mut levels) = (vec![], (1, 1));
        while levels != (2000, 2000) {
            let next = hand.strike().await;
            rising.push((next.0 - levels.0, next.1 - levels.1));
            levels = next;
            assert!(rising.len() <= 11, "{rising:?}");
        }
        // 200 starts and 200 dials a beat: 1,999 are there in 10 beats.
        assert!(
            rising.iter().all(|(starts, dials)| *starts <= 200 && *dials <= 200),
            "{rising:?}"
        );

        hand.order(1);
        let mut falling = vec![hand.strike().await];
        while falling.last() != Some(&(1, 17)) {
            falling.push(hand.strike().await);
            assert!(falling.len() <= 17, "{falling:?}");
        }
        // All leave at once; their connections, but 16, close 128 a beat.
        assert!(falling.iter().all(|(workers, _)| *workers == 1), "{falling:?}");
        assert!(falling.windows(2).all(|w| w[0].1 - w[1].1 <= 128), "{falling:?}");
    });
}

#[test]
fn an_overdue_beat_is_struck_by_a_worker_between_two_exchanges() {
    by_hand(async |mut hand| {
        hand.order(1);
        hand.strike().await;
        hand.order(5);
        let levels = async |hand: &Hand| {
            for _ in 0..200 {
                tokio::task::yield_now().await;
            }
            hand.lane.roster.levels(hand.now).workers
        };

        assert_eq!(levels(&hand).await, 1, "the beat is not due");
        hand.lane.late.set(hand.lane.epoch.now());

        assert_eq!(levels(&hand).await, 5);
    });
}
