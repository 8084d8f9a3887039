//! The one place that reads a clock. Everything else is told the time.

use crate::model::units::Nanos;
use std::time::{Duration, Instant};

/// Run start on the monotonic clock. Copy it wherever time is needed; all copies agree.
#[derive(Clone, Copy, Debug)]
pub struct Epoch {
    start: Instant,
    /// The same moment as the kernel's timers count it, ns.
    monotonic: u64,
}

impl Epoch {
    /// The run starts now.
    #[allow(clippy::new_without_default, reason = "reading the clock is not a default")]
    pub fn new() -> Self {
        Self::within(Duration::ZERO)
    }

    /// The run starts after this time; until then it is always zero.
    pub fn within(time: Duration) -> Self {
        let (start, now) = (Instant::now(), rustix::time::clock_gettime(rustix::time::ClockId::Monotonic));
        Self {
            start: start + time,
            monotonic: now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64 + Nanos::from(time).ns(),
        }
    }

    /// Time since run start.
    pub fn now(&self) -> Nanos {
        Nanos::from(self.start.elapsed())
    }

    /// The moment as the operating system's clock has it, for timers.
    pub fn instant(&self, at: Nanos) -> Instant {
        self.start + Duration::from_nanos(at.ns())
    }

    /// The moment in nanoseconds of CLOCK_MONOTONIC, for absolute kernel timers.
    pub fn monotonic(&self, at: Nanos) -> u64 {
        self.monotonic.saturating_add(at.ns())
    }
}

/// The wall clock, for labels only: RFC 3339 in UTC, whole seconds.
pub fn wall() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The wall clock as part of a file name: `20261120T190634Z`.
pub fn stamp() -> String {
    jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string()
}
