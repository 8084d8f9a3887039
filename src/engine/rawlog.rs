//! The raw log: one line per request, written by a thread of its own.
//! It refuses to hold a lane up: what the file does not take in time is left out, counted, and said.
//!
//! ```text
//! lane ── put ──▸ batch of its own ── full, or each interval ──▸ bounded channel ──▸ writer ──▸ file
//!   ▴                                  no room: dropped, counted                       │
//!   └──────────────────────────── emptied batch ◂──────────────────────────────────────┘
//! ```

mod writer;

use crate::model::failure::Failure;
use crate::model::seen::Seen;
use crate::model::units::Nanos;
use crate::telemetry::tally::Outcome;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Lines of a batch.
const BATCH: usize = 1024;
/// Batches under way to the writer, over all lanes.
const DEPTH: usize = 64;
/// Every request has a line up to so many lines.
const WHOLE: u64 = 10_000_000;
/// From there on, every so many-th request has one.
const THINNED: u64 = 100;
/// The file may take so long to swallow what is left after the end.
const PATIENCE: Duration = Duration::from_secs(2);

/// One request as the log has it. Moments are since run start.
#[derive(Clone, Copy, Debug)]
struct Line {
    seq: u64,
    intended: Nanos,
    sent: Option<Nanos>,
    first: Option<Nanos>,
    end: Nanos,
    class: &'static str,
    status: u16,
    tx: u64,
    rx: u64,
}

/// A batch and its way home.
struct Batch {
    lines: Vec<Line>,
    home: SyncSender<Vec<Line>>,
}

/// What everybody counts.
#[derive(Debug, Default)]
struct Counts {
    handed: AtomicU64,  // lines given to the writer
    lost: AtomicU64,    // lines it had no room for, or could not write
    thinned: AtomicU64, // requests left out above the limit
    fault: Mutex<Option<String>>,
}

/// The log of one run, owned by whoever ends the run.
pub struct RawLog {
    path: PathBuf,
    counts: Arc<Counts>,
    batches: SyncSender<Batch>,
    writer: JoinHandle<()>,
    whole: u64,
}

/// Where lanes put their lines. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Outlet {
    counts: Arc<Counts>,
    batches: SyncSender<Batch>,
    whole: u64,
}

/// One lane's end.
#[derive(Debug)]
pub(super) struct Tap {
    outlet: Outlet,
    lines: Vec<Line>,
    home: SyncSender<Vec<Line>>,
    spares: Receiver<Vec<Line>>,
    every: u64, // only requests with a number divisible by this have a line
    thinned: u64,
}

impl RawLog {
    /// Starts the writer, which replaces the file. That the file cannot be made is said at the end.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(path: &Path) -> std::io::Result<Self> {
        Self::thinned_after(path, None, WHOLE)
    }

    /// The same into a file that is open already, from its beginning.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start_in(path: &Path, file: Option<File>) -> std::io::Result<Self> {
        Self::thinned_after(path, file, WHOLE)
    }

    fn thinned_after(path: &Path, file: Option<File>, whole: u64) -> std::io::Result<Self> {
        let (batches, to_write) = sync_channel(DEPTH);
        let counts = Arc::new(Counts::default());
        let writer = writer::start((path.to_owned(), file), Arc::clone(&counts), to_write)?;
        Ok(Self {
            path: path.to_owned(),
            counts,
            batches,
            writer,
            whole,
        })
    }

    /// For the lanes.
    pub fn outlet(&self) -> Outlet {
        Outlet {
            counts: Arc::clone(&self.counts),
            batches: self.batches.clone(),
            whole: self.whole,
        }
    }

    /// Waits until everything is in the file, at most two seconds, and says what is missing there. Every lane must have
    /// ended.
    ///
    /// # Errors
    /// A sentence: the file could not be written, or not in time.
    pub fn finish(self) -> Result<Option<String>, String> {
        let outlet = self.outlet();
        let missing = outlet.missing();
        drop((self.batches, outlet));
        let begun = crate::clock::Epoch::new();
        while !self.writer.is_finished() {
            if begun.now().duration() > PATIENCE {
                return Err(format!(
                    "cannot write {}: it takes nothing any more (is anybody reading it?)",
                    self.path.display()
                ));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        drop(self.writer.join()); // a panic there has been printed
        match self.counts.fault() {
            Some(fault) => Err(format!("cannot write {}: {fault}", self.path.display())),
            None => Ok(missing),
        }
    }
}

impl Counts {
    fn fail(&self, fault: String) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
    }

    fn fault(&self) -> Option<String> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Outlet {
    /// For one lane.
    pub(super) fn tap(self) -> Tap {
        let (home, spares) = sync_channel(DEPTH);
        Tap {
            outlet: self,
            lines: Vec::with_capacity(BATCH),
            home,
            spares,
            every: 1,
            thinned: 0,
        }
    }

    /// What is missing in the log, once every lane has flushed; `None`: nothing is.
    pub(super) fn missing(&self) -> Option<String> {
        let (lost, thinned) = (
            self.counts.lost.load(Ordering::Relaxed),
            self.counts.thinned.load(Ordering::Relaxed),
        );
        let mut why = Vec::new();
        if lost > 0 {
            why.push(format!("{lost} because the file could not keep up"));
        }
        if thinned > 0 {
            why.push(format!(
                "{thinned} because above {} lines only every {THINNED}th is kept",
                self.whole
            ));
        }
        (!why.is_empty()).then(|| format!("raw log: {} requests have no line: {}", lost + thinned, why.join(", ")))
    }
}

impl Tap {
    /// Adds an ended request. `None`: it was cut off before it was sent.
    pub(super) fn put(&mut self, seen: &Seen, outcome: Option<Outcome>, end: Nanos) {
        if self.every > 1 && !seen.seq.is_multiple_of(self.every) {
            self.thinned += 1;
            return;
        }
        self.lines.push(Line {
            seq: seen.seq,
            intended: seen.intended,
            sent: seen.sent,
            first: seen.first,
            end,
            class: class(outcome),
            status: seen.status,
            tx: seen.tx,
            rx: seen.rx,
        });
        if self.lines.len() == BATCH {
            self.flush();
        }
    }

    /// Hands over what there is. Never waits.
    pub(super) fn flush(&mut self) {
        let counts = Arc::clone(&self.outlet.counts);
        counts.thinned.fetch_add(std::mem::take(&mut self.thinned), Ordering::Relaxed);
        if self.lines.is_empty() {
            return;
        }
        let lines = self.lines.len() as u64;
        let fresh = self.spares.try_recv().unwrap_or_else(|_| Vec::with_capacity(BATCH));
        let full = std::mem::replace(&mut self.lines, fresh);
        let batch = Batch {
            lines: full,
            home: self.home.clone(),
        };
        if let Err(TrySendError::Full(back) | TrySendError::Disconnected(back)) = self.outlet.batches.try_send(batch) {
            self.lines = back.lines;
            self.lines.clear();
            counts.lost.fetch_add(lines, Ordering::Relaxed);
            return;
        }
        let handed = counts.handed.fetch_add(lines, Ordering::Relaxed) + lines;
        self.every = if handed >= self.outlet.whole { THINNED } else { 1 };
    }
}

/// As in the log's column.
fn class(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        Some(Outcome::Ok) => "ok",
        Some(Outcome::BadStatus) => "bad_status",
        Some(Outcome::Failed(class)) => Failure::name(class),
        Some(Outcome::Aborted) => "aborted",
        None => "not_sent",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(seq: u64) -> Seen {
        Seen {
            seq,
            intended: Nanos::new(100 * seq),
            sent: (seq != 2).then_some(Nanos::new(100 * seq + 1)),
            status: 200,
            tx: 40,
            rx: 90,
            ..Seen::default()
        }
    }

    fn written(path: &Path) -> Vec<String> {
        std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_line_tells_a_request_and_a_dash_what_never_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("raw.tsv");
        let log = RawLog::start(&path).unwrap();
        let mut tap = log.outlet().tap();

        tap.put(&seen(1), Some(Outcome::Ok), Nanos::new(900));
        tap.put(&seen(2), None, Nanos::new(950));
        tap.put(&seen(3), Some(Outcome::Failed(Failure::Reset)), Nanos::new(999));
        tap.flush();
        drop(tap);
        log.finish().unwrap();

        assert_eq!(
            written(&path),
            [
                "seq\tintended_ns\tsent_ns\tfirst_ns\tend_ns\tclass\tstatus\ttx_bytes\trx_bytes",
                "1\t100\t101\t-\t900\tok\t200\t40\t90",
                "2\t200\t-\t-\t950\tnot_sent\t200\t40\t90",
                "3\t300\t301\t-\t999\treset\t200\t40\t90",
            ]
        );
    }

    #[test]
    fn above_the_limit_every_hundredth_is_kept_and_the_rest_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("raw.tsv");
        let log = RawLog::thinned_after(&path, None, 2 * BATCH as u64).unwrap();
        let outlet = log.outlet();
        let mut tap = log.outlet().tap();

        (0..4 * BATCH as u64).for_each(|seq| tap.put(&seen(seq), Some(Outcome::Ok), Nanos::new(1)));
        tap.flush();
        let missing = outlet.missing().unwrap();
        drop((tap, outlet));
        log.finish().unwrap();

        // 2048 lines whole, then 2100, 2200 … 4000: 20 lines of the other 2048
        assert_eq!(written(&path).len(), 1 + 2048 + 20);
        assert!(missing.starts_with("raw log: 2028 requests have no line"), "{missing}");
    }

    #[test]
    fn a_writer_that_takes_nothing_costs_lines_and_never_a_wait() {
        let (batches, kept) = sync_channel(DEPTH);
        let counts = Arc::new(Counts::default());
        let outlet = Outlet {
            counts,
            batches,
            whole: WHOLE,
        };
        let mut tap = outlet.clone().tap();

        let lines = (DEPTH as u64 + 3) * BATCH as u64;
        (0..lines).for_each(|seq| tap.put(&seen(seq), Some(Outcome::Ok), Nanos::new(1)));

        assert_eq!(kept.try_iter().count(), DEPTH);
        assert!(
            outlet.missing().unwrap().contains("3072 because the file"),
            "{:?}",
            outlet.missing()
        );
    }

    #[test]
    fn a_file_that_cannot_be_written_is_said_at_the_end() {
        let folder = tempfile::tempdir().unwrap();

        let log = RawLog::start(&folder.path().join("gone").join("raw.tsv")).unwrap();
        let mut tap = log.outlet().tap();
        tap.put(&seen(1), Some(Outcome::Ok), Nanos::new(900));
        tap.flush();
        drop(tap);

        assert!(log.finish().unwrap_err().contains("raw.tsv"));
    }
}
