//! A lane's alarm clock for the open model: one timer, absolute, set by whoever knows the next due moment.
//! It refuses to know what is due.
//!
//! On Linux it is a timerfd, late by as much as the machine takes to wake a thread, some 30 to 150 µs; the runtime's own
//! timers are late by a millisecond and are used where there is no timerfd. An eager alarm wakes its thread ahead of the
//! moment and looks at the clock until then, in turns with everything else that the thread has to do.

use crate::clock::Epoch;
use crate::model::units::Nanos;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;

/// An eager alarm wakes its thread so long before the moment.
const AHEAD: Nanos = Nanos::from_micros(250);
/// A turn of the runtime so short has found nothing to do.
const EMPTY: Nanos = Nanos::from_micros(10);

/// The part that any thread may set.
#[derive(Debug)]
pub(super) struct Alarm {
    epoch: Epoch,
    timer: Option<Arc<OwnedFd>>,
    ahead: Nanos,      // the timer rings so much sooner
    at: AtomicU64,     // set for, ns; MAX: not set
    moved: Notify,     // without a timerfd: `at` has changed
    awake: AtomicBool, // eager: its thread looks at `at` by itself
    spent: AtomicU64,  // looking at the clock, ns
}

/// How an alarm keeps time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Timing {
    /// By the runtime's timers: about a millisecond.
    Coarse,
    /// By timerfd, where there is one.
    Fine,
    /// By timerfd ahead of the moment, then by looking at the clock: to some tens of µs, for as much CPU as it takes.
    Eager,
}

impl Alarm {
    /// Not set.
    pub(super) fn new(epoch: Epoch, timing: Timing) -> Self {
        Self {
            epoch,
            timer: (timing != Timing::Coarse).then(timer).flatten().map(Arc::new),
            ahead: if timing == Timing::Eager { AHEAD } else { Nanos::ZERO },
            at: AtomicU64::new(u64::MAX),
            moved: Notify::new(),
            awake: AtomicBool::new(false),
            spent: AtomicU64::new(0),
        }
    }

    /// CPU time that went into looking at the clock since the start: spent because nothing else was to be done.
    pub(super) fn spent(&self) -> Nanos {
        Nanos::new(self.spent.load(Ordering::Relaxed))
    }

    /// It is as fine as the kernel's timers.
    pub(super) fn fine(&self) -> bool {
        self.timer.is_some()
    }

    /// Rings at this moment, at once if that has passed. The last call wins: serialize calls that must not overtake.
    pub(super) fn set(&self, at: Nanos) {
        // Whoever goes to sleep says so before it looks at `at` for the last time: one of both sees the other.
        if self.at.swap(at.ns(), Ordering::SeqCst) == at.ns() || self.awake.load(Ordering::SeqCst) {
            return;
        }
        match &self.timer {
            Some(timer) => arm(timer, self.epoch.monotonic(at - self.ahead)),
            None => self.moved.notify_one(),
        }
    }

    /// Looks at the clock until the moment comes, and forgets it. False: that is longer away than it looks ahead, or not set.
    async fn reached(&self) -> bool {
        loop {
            let (at, now) = (Nanos::new(self.at.load(Ordering::SeqCst)), self.epoch.now());
            if at <= now {
                let set = self
                    .at
                    .compare_exchange(at.ns(), u64::MAX, Ordering::SeqCst, Ordering::Relaxed);
                if set.is_ok() {
                    return true;
                }
            } else if at - now > self.ahead {
                return false;
            } else {
                tokio::task::yield_now().await;
                let turn = self.epoch.now() - now;
                if turn <= EMPTY {
                    self.spent.fetch_add(turn.ns(), Ordering::Relaxed);
                }
            }
        }
    }

    /// Sleeps again: the timer is set ahead of the moment, if there is one.
    fn doze(&self, timer: &OwnedFd) {
        self.awake.store(false, Ordering::SeqCst);
        let at = self.at.load(Ordering::SeqCst);
        if at != u64::MAX {
            arm(timer, self.epoch.monotonic(Nanos::new(at) - self.ahead));
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
                if alarm.ahead > Nanos::ZERO {
                    alarm.awake.store(true, Ordering::SeqCst);
                    if alarm.reached().await {
                        return;
                    }
                    alarm.doze(timer.get_ref());
                }
                let Ok(mut ready) = timer.readable().await else { continue };
                // Read before `at` is forgotten: a setting in between rings once too often, never too seldom.
                let rang = rustix::io::read(timer.get_ref(), &mut [0; 8]).is_ok();
                ready.clear_ready();
                if rang && alarm.ahead == Nanos::ZERO {
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

    fn rings(timing: Timing) -> (Nanos, Nanos) {
        let epoch = Epoch::new();
        let alarm = Arc::new(Alarm::new(epoch, timing));
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
        for timing in [Timing::Coarse, Timing::Fine, Timing::Eager] {
            let (first, second) = rings(timing);

            assert!(first >= Nanos::from_millis(30), "{first}");
            assert!(second < Nanos::from_secs(50) && second >= first, "{second}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_has_fine_timers() {
        let fine = |timing| Alarm::new(Epoch::new(), timing).fine();
        assert!(fine(Timing::Fine) && fine(Timing::Eager) && !fine(Timing::Coarse));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_eager_alarm_lets_others_run_until_the_moment_and_tells_what_it_spent() {
        let epoch = Epoch::new();
        let alarm = Arc::new(Alarm::new(epoch, Timing::Eager));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let turns = std::rc::Rc::new(std::cell::Cell::new(0));
        let others = std::rc::Rc::clone(&turns);
        let local = tokio::task::LocalSet::new();
        local.spawn_local(async move {
            loop {
                others.set(others.get() + 1);
                tokio::task::yield_now().await;
            }
        });
        local.block_on(&runtime, async {
            let bell = Bell::new(Arc::clone(&alarm));
            // By steps shorter than it wakes ahead: all of that time is spent looking.
            for step in 1..=20 {
                let at = Nanos::from_micros(200) * step;
                alarm.set(at);
                bell.ring().await;
                assert!(epoch.now() >= at, "early");
            }
            alarm.set(epoch.now() + Nanos::from_micros(100));
            alarm.set(epoch.now() + Nanos::from_millis(5));
            let later = epoch.now() + Nanos::from_millis(4);
            bell.ring().await;
            assert!(epoch.now() > later, "set for later");
        });
        assert!(turns.get() > 20, "{}", turns.get());
        assert!(alarm.spent() > Nanos::ZERO && alarm.spent() < epoch.now());
    }
}
