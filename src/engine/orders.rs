//! What the conductor wants of one lane: atomics, latest wins, read at the lane's beat.
//! They refuse to be a queue: an order that was overtaken is of no use to anybody.

use crate::model::demand::{Demand, Drive};
use crate::model::units::Nanos;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

/// Smallest share of time a duty worker may have, in thousandths.
const LEAST_SHARE: u64 = 50;

/// One lane's orders. Fields are independent; a beat that sees one new and one old is corrected by the next.
#[derive(Debug, Default)]
pub(super) struct Orders {
    milli: AtomicU64,   // workers of this lane, in thousandths
    stagger: AtomicU64, // ns
    drive: AtomicU8,    // Drive as u8, never falls below Drain once there
    open: AtomicBool,
    trying: AtomicBool,
    stop: AtomicBool,
    settled: AtomicBool,
}

impl Orders {
    /// Replaces what was wanted. Drain and abort are one-way.
    pub(super) fn put(&self, milli: u64, demand: &Demand) {
        self.milli.store(milli, Ordering::Relaxed);
        self.stagger.store(demand.stagger.ns(), Ordering::Relaxed);
        self.open.store(demand.rate.is_some(), Ordering::Relaxed);
        self.trying.store(demand.trying, Ordering::Relaxed);
        let wish = demand.drive as u8;
        let now = self.drive.load(Ordering::Relaxed);
        let kept = if now >= Drive::Drain as u8 { now.max(wish) } else { wish };
        self.drive.store(kept, Ordering::Relaxed);
    }

    /// Workers of this lane, in thousandths.
    pub(super) fn milli(&self) -> u64 {
        self.milli.load(Ordering::Relaxed)
    }

    /// The open model is in force: the workers are a limit.
    pub(super) fn open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    /// The target is down.
    pub(super) fn trying(&self) -> bool {
        self.trying.load(Ordering::Relaxed)
    }

    /// New workers start spread over this time.
    pub(super) fn stagger(&self) -> Nanos {
        Nanos::new(self.stagger.load(Ordering::Relaxed))
    }

    /// Start, pause, drain or abort.
    pub(super) fn drive(&self) -> Drive {
        match self.drive.load(Ordering::Relaxed) {
            0 => Drive::Run,
            1 => Drive::Pause,
            2 => Drive::Drain,
            _ => Drive::Abort,
        }
    }

    /// The lane's thread is to end at its next beat.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether the thread is to end.
    pub(super) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Said by the lane after its last interval with anything in it was sent. Release: whoever sees it finds the interval.
    pub(super) fn settle(&self) {
        self.settled.store(true, Ordering::Release);
    }

    /// Whether the lane has settled.
    pub(super) fn settled(&self) -> bool {
        self.settled.load(Ordering::Acquire)
    }
}

/// Workers in thousandths for each of `lanes`, exact in sum. Whole workers are dealt out one by one; the fraction, one
/// duty worker's share, goes whole to the lane whose turn is next. Shares under 0.05 are dropped, unless they are all there is.
pub(super) fn split(workers: f64, lanes: usize) -> impl Iterator<Item = u64> {
    let milli = (workers.max(0.0) * 1000.0).round() as u64;
    let (whole, mut share) = (milli / 1000, milli % 1000);
    if share < LEAST_SHARE {
        share = if whole == 0 && share > 0 { LEAST_SHARE } else { 0 };
    }
    let lanes = lanes as u64;
    (0..lanes).map(move |lane| {
        let mine = whole / lanes + u64::from(lane < whole % lanes);
        mine * 1000 + if lane == whole % lanes { share } else { 0 }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_split_is_exact_in_sum_and_has_one_duty_worker() {
        for (workers, lanes) in [(0.0, 1), (1.0, 3), (5.5, 2), (200.25, 3), (0.05, 4), (4096.999, 7)] {
            let shares: Vec<u64> = split(workers, lanes).collect();

            assert_eq!(shares.iter().sum::<u64>(), (workers * 1000.0_f64).round() as u64, "{workers}");
            assert!(shares.iter().filter(|s| *s % 1000 != 0).count() <= 1, "{shares:?}");
        }
    }

    #[test]
    fn a_tiny_share_is_dropped_unless_it_is_all_there_is() {
        assert_eq!(split(3.04, 1).sum::<u64>(), 3000);
        assert_eq!(split(0.01, 2).sum::<u64>(), 50);
    }

    #[test]
    fn there_is_no_way_back_from_drain() {
        let orders = Orders::default();
        let put = |drive| {
            orders.put(
                1000,
                &Demand {
                    drive,
                    ..Demand::default()
                },
            )
        };

        put(Drive::Pause);
        put(Drive::Run);
        assert_eq!(orders.drive(), Drive::Run);
        put(Drive::Drain);
        put(Drive::Run);
        assert_eq!(orders.drive(), Drive::Drain);
        put(Drive::Abort);
        put(Drive::Drain);
        assert_eq!(orders.drive(), Drive::Abort);
    }
}
