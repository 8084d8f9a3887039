//! A lane's alarm clock for the open model: one timer, absolute, set by whoever knows the next due moment.
//! It refuses to know what is due.
//!
//! On Linux it is a timerfd, late by tens of microseconds; the runtime's own timers are late by a millisecond and are used
//! where there is no timerfd.

use crate::clock::Epoch;
use crate::model::units::Nanos;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;

/// The part that any thread may set.
#[derive(Debug)]
pub(super) struct Alarm {
    epoch: Epoch,
    timer: Option<Arc<OwnedFd>>,
    at: AtomicU64, // set for, ns; MAX: not set
    moved: Notify, // without a timerfd: `at` has changed
}

impl Alarm {
    /// Not set. `fine`: by timerfd, where there is one.
    pub(super) fn new(epoch: Epoch, fine: bool) -> Self {
        Self {
            epoch,
            timer: fine.then(timer).flatten().map(Arc::new),
            at: AtomicU64::new(u64::MAX),
            moved: Notify::new(),
        }
    }

    /// It is as fine as the kernel's timers.
    pub(super) fn fine(&self) -> bool {
        self.timer.is_some()
    }

    /// Rings at this moment, at once if that has passed. The last call wins: serialize calls that must not overtake.
    pub(super) fn set(&self, at: Nanos) {
        if self.at.swap(at.ns(), Ordering::AcqRel) == at.ns() {
            return;
        }
        match &self.timer {
            Some(timer) => arm(timer, self.epoch.monotonic(at)),
            None => self.moved.notify_one(),
        }
    }
}

/// The part that the lane's own thread waits on.
pub(super) enum Bell {
    Fine(AsyncFd<Arc<OwnedFd>>, Arc<Alarm>),
    Coarse(Arc<Alarm>),
}

impl Bell {
    /// Within the lane's runtime.
    #[allow(
        deprecated,
        reason = "the other constructor is unsafe; a timer in an Arc stays open and the same, which is all it asks"
    )]
    pub(super) fn new(alarm: Arc<Alarm>) -> Self {
        match alarm.timer.clone().map(AsyncFd::new) {
            Some(Ok(timer)) => Self::Fine(timer, alarm),
            _ => Self::Coarse(alarm),
        }
    }

    /// Waits until the alarm rings; it is not set then.
    pub(super) async fn ring(&self) {
        match self {
            Self::Fine(timer, alarm) => loop {
                let Ok(mut ready) = timer.readable().await else { continue };
                // Read before `at` is forgotten: a setting in between rings once too often, never too seldom.
                let rang = rustix::io::read(timer.get_ref(), &mut [0; 8]).is_ok();
                ready.clear_ready();
                if rang {
                    alarm.at.store(u64::MAX, Ordering::Release);
                    return;
                }
            },
            Self::Coarse(alarm) => loop {
                let at = Nanos::new(alarm.at.load(Ordering::Acquire));
                let until = alarm.epoch.instant(at.min(alarm.epoch.now() + Nanos::from_secs(3600)));
                let elapsed = tokio::time::timeout_at(until.into(), alarm.moved.notified()).await.is_err();
                if elapsed && at <= alarm.epoch.now() {
                    // Set anew meanwhile: the next round sees it.
                    let _ = alarm
                        .at
                        .compare_exchange(at.ns(), u64::MAX, Ordering::AcqRel, Ordering::Relaxed);
                    return;
                }
            },
        }
    }
}

#[cfg(target_os = "linux")]
fn timer() -> Option<OwnedFd> {
    use rustix::time::{TimerfdClockId, TimerfdFlags, timerfd_create};
    timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC).ok()
}

#[cfg(target_os = "linux")]
fn arm(timer: &OwnedFd, monotonic_ns: u64) {
    use rustix::time::{Itimerspec, TimerfdTimerFlags, Timespec, timerfd_settime};
    let ns = monotonic_ns.clamp(1, i64::MAX as u64); // 0 would disarm it
    let at = Timespec {
        tv_sec: (ns / 1_000_000_000) as i64,
        tv_nsec: (ns % 1_000_000_000) as i64,
    };
    let once = Itimerspec {
        it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
        it_value: at,
    };
    let _ = timerfd_settime(timer, TimerfdTimerFlags::ABSTIME, &once); // a valid timer and a valid time
}

#[cfg(not(target_os = "linux"))]
fn timer() -> Option<OwnedFd> {
    None
}

#[cfg(not(target_os = "linux"))]
fn arm(_: &OwnedFd, _: u64) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn rings(fine: bool) -> (Nanos, Nanos) {
        let epoch = Epoch::new();
        let alarm = Arc::new(Alarm::new(epoch, fine));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let bell = Bell::new(Arc::clone(&alarm));
            let again = Arc::clone(&alarm);
            alarm.set(Nanos::from_secs(100));
            let setter = std::thread::spawn(move || alarm.set(Nanos::from_millis(30)));
            bell.ring().await;
            let first = epoch.now();
            setter.join().unwrap();
            again.set(Nanos::ZERO);
            bell.ring().await;
            (first, epoch.now())
        })
    }

    #[test]
    fn it_rings_when_it_was_set_last_from_any_thread_and_at_once_for_the_past() {
        for fine in [true, false] {
            let (first, second) = rings(fine);

            assert!(first >= Nanos::from_millis(30), "{first}");
            assert!(second < Nanos::from_secs(50) && second >= first, "{second}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_has_fine_timers() {
        assert!(Alarm::new(Epoch::new(), true).fine() && !Alarm::new(Epoch::new(), false).fine());
    }
}
