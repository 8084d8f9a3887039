//! What is known of one exchange while it runs: written as it goes, so that a worker may drop it at the deadline.
//! It decides nothing.

use super::units::Nanos;

/// The life of one exchange. Moments are since run start.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Number of the exchange, unique in the run.
    pub seq: u64,
    /// When the schedule wanted it; in the closed model equal to `free`, before any dial.
    pub intended: Nanos,
    /// When the worker that took it became able to.
    pub free: Nanos,
    /// Time spent connecting for this exchange, dials added up; zero on a kept connection.
    pub dialled: Nanos,
    /// First byte handed to the kernel; `None` before that.
    pub sent: Option<Nanos>,
    /// First byte of the answer; `None` before that.
    pub first: Option<Nanos>,
    /// The answer was whole then, where the protocol knows it: a short one is, with its first bytes. Else the worker looks
    /// at the clock itself.
    pub whole: Option<Nanos>,
    /// The answer's head was whole: a timeout from here on is `timeout_body`.
    pub head: bool,
    /// Bytes handed to the kernel.
    pub tx: u64,
    /// Bytes of answer read, surplus included.
    pub rx: u64,
    /// Bytes after the end of the answer.
    pub surplus: u64,
    /// Interim answers (1xx) skipped before the answer.
    pub interim: u32,
    /// HTTP status, 0 where the protocol has none.
    pub status: u16,
    /// The answer is whole, and its content is not what was expected.
    pub mismatch: bool,
    /// Transparent re-dials of a kept connection that the peer had closed.
    pub retries: u32,
    /// What the peer or the system said of a failure, already sanitized, at most 512 characters.
    pub detail: Option<String>,
}

impl Seen {
    /// sent − max(intended, free) − dial: ours alone; zero before it was sent.
    pub fn send_lag(&self) -> Nanos {
        self.sent
            .map_or(Nanos::ZERO, |sent| sent - self.intended.max(self.free) - self.dialled)
    }
}
