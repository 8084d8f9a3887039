//! The one place that reads a clock. Everything else is told the time.

use crate::model::units::Nanos;
use std::time::{Duration, Instant};

/// Run start on the monotonic clock. Copy it wherever time is needed; all copies agree.
#[derive(Clone, Copy, Debug)]
pub struct Epoch(Instant);

impl Epoch {
    /// The run starts now.
    #[allow(clippy::new_without_default, reason = "reading the clock is not a default")]
    pub fn new() -> Self {
        Self(Instant::now())
    }

    /// Time since run start.
    pub fn now(&self) -> Nanos {
        Nanos::from(self.0.elapsed())
    }

    /// The moment as the operating system's clock has it, for timers.
    pub fn instant(&self, at: Nanos) -> Instant {
        self.0 + Duration::from_nanos(at.ns())
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
