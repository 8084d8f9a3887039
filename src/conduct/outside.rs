//! What a conductor owes to those around it: snapshots to write, events of theirs, and its last words when it breaks.

use super::conductor::Conductor;
use crate::model::notice::Who;
use crate::model::run::EndedBy;
use crate::model::units::Nanos;
use crate::telemetry::frame::{Frame, Phase};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A snapshot that a command asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotWish {
    /// Who asked.
    pub who: Who,
    /// Folder that it goes to; `None` is the present one.
    pub under: Option<String>,
}

impl Conductor {
    /// Snapshots asked for since the last question; of the frame just made.
    pub fn snapshots(&mut self) -> Vec<SnapshotWish> {
        std::mem::take(&mut self.orders.snapshots)
    }

    /// Something happened around the run.
    pub fn tell(&mut self, now: Nanos, who: Who, what: String) {
        self.orders.note(now, who, what);
    }

    /// The last frame of a run whose tick panicked with `why`: everything as it was told last, and books, percentiles and
    /// totals as they are now where they still agree. Never panics.
    pub fn salvage(&mut self, why: &str) -> Arc<Frame> {
        let mut frame = Frame::clone(&self.frame);
        frame.seq += 1;
        (frame.phase, frame.ended_by, frame.valid) = (Phase::Done, Some(EndedBy::Fault), false);
        let ledger = &self.ledger;
        let figures = || (ledger.books(), ledger.table(), ledger.totals(), ledger.whole());
        if let Ok((books, table, totals, whole)) = catch_unwind(AssertUnwindSafe(figures))
            && books.balanced()
        {
            (frame.books, frame.table, frame.totals, frame.whole) = (books, table, totals, whole);
        }
        let said = format!("our own fault ended the run: {why}");
        let noted = AssertUnwindSafe(|| self.orders.note(frame.at, Who::Engine, said));
        if catch_unwind(noted).is_ok() {
            (frame.notices, frame.noted) = (self.orders.notices(), self.orders.noted);
        }
        Arc::new(frame)
    }
}
