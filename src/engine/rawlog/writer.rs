//! The raw log's own thread: takes batches, writes lines.
//! It refuses to give up on a full disk: it says so, and goes on taking batches so that no lane notices.

use super::{Batch, Counts, Line};
use crate::model::units::Nanos;
use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::thread::JoinHandle;

/// Names of the columns, in the order of a line.
const HEADER: &str = "seq\tintended_ns\tsent_ns\tfirst_ns\tend_ns\tclass\tstatus\ttx_bytes\trx_bytes";

/// Writes until every sender is gone.
///
/// # Errors
/// The thread cannot be started.
pub(super) fn start(
    (path, file): (PathBuf, Option<File>),
    counts: Arc<Counts>,
    batches: Receiver<Batch>,
) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("raw-log".into()).spawn(move || {
        let mut file = open(&path, file).map_err(|e| counts.fail(e.to_string())).ok();
        while let Some(mut batch) = next(&batches, &mut file, &counts) {
            let lines = batch.lines.len() as u64;
            match file.as_mut().map(|f| write(f, &batch.lines)) {
                Some(Ok(())) => {}
                Some(Err(e)) => {
                    counts.fail(e.to_string());
                    file = None;
                }
                None => drop(counts.lost.fetch_add(lines, Ordering::Relaxed)),
            }
            batch.lines.clear();
            drop(batch.home.try_send(batch.lines)); // the lane has spares enough, or is gone
        }
    })
}

fn open(path: &Path, file: Option<File>) -> io::Result<BufWriter<File>> {
    let file = match file {
        Some(file) => file.set_len(0).map(|()| file)?,
        None => File::create(path)?,
    };
    let mut file = BufWriter::with_capacity(1 << 18, file);
    writeln!(file, "{HEADER}")?;
    Ok(file)
}

/// The next batch; what is buffered is written out before waiting for one, and at the end.
fn next(batches: &Receiver<Batch>, file: &mut Option<BufWriter<File>>, counts: &Counts) -> Option<Batch> {
    match batches.try_recv() {
        Ok(batch) => return Some(batch),
        Err(TryRecvError::Empty | TryRecvError::Disconnected) => {}
    }
    if let Some(Err(e)) = file.as_mut().map(Write::flush) {
        counts.fail(e.to_string());
        *file = None;
    }
    batches.recv().ok()
}

fn write(file: &mut BufWriter<File>, lines: &[Line]) -> io::Result<()> {
    for l in lines {
        writeln!(
            file,
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
            l.seq,
            l.intended.ns(),
            Moment(l.sent),
            Moment(l.first),
            l.end.ns(),
            l.class,
            l.status,
            l.tx,
            l.rx
        )?;
    }
    Ok(())
}

/// Nanoseconds since run start, or a dash.
struct Moment(Option<Nanos>);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(at) => write!(f, "{}", at.ns()),
            None => f.write_str("-"),
        }
    }
}
