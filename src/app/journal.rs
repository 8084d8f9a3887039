//! `-o FILE.jsonl`, `--output-format jsonl`: ticks, events and at last the summary, written while the run goes.
//! It refuses to hold the run up: in real time a line that finds no room is left out, counted, and told.

use super::output;
use crate::cli::{Format, Output};
use crate::report::lines::Lines;
use crate::telemetry::frame::Frame;
use anyhow::{Context, Result, bail};
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Frames on their way to one reader: six seconds of a disk that does not answer.
const CHANNEL: usize = 64;

/// The conductor's end: every frame goes through it.
#[derive(Debug, Default)]
pub(super) struct Feed {
    /// With whether frames wait for room: in virtual time nobody is kept waiting.
    out: Vec<(SyncSender<Arc<Frame>>, bool)>,
}

/// One report that grows with the run.
#[derive(Debug)]
pub(super) struct Journal {
    place: Place,
    writer: JoinHandle<io::Result<Written>>,
}

/// Where it goes.
#[derive(Debug)]
enum Place {
    Output,
    /// A file beside `path`, `FILE.part`, which gets that name at the end.
    File {
        path: PathBuf,
        fresh: PathBuf,
        file: File,
    },
}

/// What a writer leaves behind.
struct Written {
    out: Box<dyn Write + Send>,
    lines: Lines,
    missed: u64,
}

/// Opens a journal for every `.jsonl` among the files, and for standard output where that is its format. `patient`: frames
/// wait for room.
///
/// # Errors
/// What the file system says, with the path.
pub(super) fn open(output: &Output, patient: bool) -> Result<(Vec<Journal>, Feed)> {
    let (mut journals, mut feed) = (Vec::new(), Feed::default());
    let mut start = |place: Place, to: Box<dyn Write + Send>| -> Result<()> {
        let (out, frames) = sync_channel(CHANNEL);
        let writer = std::thread::Builder::new()
            .name("recorder".into())
            .spawn(move || write(to, &frames))
            .context("cannot start a recorder's thread")?;
        feed.out.push((out, patient));
        journals.push(Journal { place, writer });
        Ok(())
    };
    if output.format == Format::Jsonl {
        start(Place::Output, Box::new(io::stdout()))?;
    }
    for path in output.files.iter().filter(|p| takes(p)) {
        let fresh = output::part(path);
        let file = claim(&fresh).with_context(|| format!("cannot write {}", path.display()))?;
        file.set_len(0)?;
        let to = file.try_clone()?;
        let path = path.clone();
        start(Place::File { path, fresh, file }, Box::new(BufWriter::new(to)))?;
    }
    Ok((journals, feed))
}

/// Whether a file is written line by line.
pub(super) fn takes(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "jsonl")
}

/// A file, made if need be and not yet emptied, ours until it is closed.
///
/// # Errors
/// It cannot be made, or another run is writing it.
pub(super) fn claim(path: &Path) -> Result<File> {
    let file = File::options().create(true).write(true).truncate(false).open(path)?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        bail!("another run is writing it (end that one, or name another file)");
    }
    Ok(file)
}

/// Until the feed is dropped. The lines of a second reach the disk within it, should the program be killed.
fn write(mut out: Box<dyn Write + Send>, frames: &Receiver<Arc<Frame>>) -> io::Result<Written> {
    let (mut lines, mut missed, mut seq, mut flushed) = (Lines::default(), 0, 0, 0);
    for frame in frames {
        if seq > 0 {
            missed += frame.seq - seq - 1;
        }
        seq = frame.seq;
        lines.write(&frame, &mut out)?;
        if seq >= flushed + 5 {
            out.flush()?;
            flushed = seq;
        }
    }
    Ok(Written { out, lines, missed })
}

impl Feed {
    /// One more reader, who may miss frames.
    pub(super) fn add(&mut self, out: SyncSender<Arc<Frame>>) {
        self.out.push((out, false));
    }

    /// One more frame.
    pub(super) fn give(&self, frame: &Arc<Frame>) {
        for (out, patient) in &self.out {
            if *patient {
                let _ = out.send(Arc::clone(frame)); // the writer has stopped: its fault is told at the end
            } else {
                let _ = out.try_send(Arc::clone(frame)); // no room: the gap in the frames' numbers tells
            }
        }
    }
}

impl Journal {
    /// Nothing was sent: there is nothing to tell.
    pub(super) fn discard(self) {
        drop(self.writer.join());
        if let Place::File { fresh, .. } = self.place {
            drop(fs::remove_file(fresh));
        }
    }

    /// It goes to standard output, whose reader may keep it waiting.
    pub(super) fn printed(&self) -> bool {
        matches!(self.place, Place::Output)
    }

    /// Its frames do not end: it is left as it is. What is to be said of that.
    pub(super) fn abandon(self) -> Option<String> {
        match self.place {
            Place::Output => None,
            Place::File { path, fresh, .. } => Some(format!(
                "{} was not finished: its lines are in {}",
                path.display(),
                fresh.display()
            )),
        }
    }

    /// Standard output takes no more lines: nobody reads what the run goes on to tell. To be asked while the run goes.
    pub(super) fn unheard(&self) -> bool {
        matches!(self.place, Place::Output) && self.writer.is_finished()
    }

    /// Ends the report with what `frame`, the last one, still has to say; a file gets its name. What is to be said of ticks
    /// that are missing.
    ///
    /// # Errors
    /// What the file system said; a file that was there before is untouched then.
    pub(super) fn finish(self, frame: &Frame) -> Result<Option<String>> {
        let end = || -> Result<u64> {
            let written = self.writer.join().map_err(|_| io::Error::other("its writer panicked"))?;
            let mut written = written?;
            if !written.lines.over() {
                written.lines.write(frame, &mut written.out)?;
            }
            written.out.flush()?;
            Ok(written.missed)
        };
        let (ended, reader) = match &self.place {
            Place::Output => (end().context("cannot write to standard output"), "standard output"),
            Place::File { path, fresh, file } => {
                let kept = end().and_then(|missed| {
                    file.sync_all()?;
                    fs::rename(fresh, path)?;
                    Ok(missed)
                });
                let kept = kept.inspect_err(|_| drop(fs::remove_file(fresh)));
                (kept.with_context(|| format!("cannot write {}", path.display())), "the disk")
            }
        };
        let missed = ended?;
        Ok((missed > 0).then(|| format!("the lines of {missed} ticks found {reader} too slow and were left out")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::notice::{Notice, Who};
    use crate::model::units::Nanos;
    use crate::telemetry::frame::Phase;

    fn frame(seq: u64, phase: Phase, events: usize) -> Arc<Frame> {
        let notice = |i| Notice {
            at: Nanos::from_secs(i as u64),
            who: Who::User,
            what: format!("event {i}"),
        };
        Arc::new(Frame {
            seq,
            phase,
            notices: (0..events).map(notice).collect(),
            ..Frame::default()
        })
    }

    fn files(files: Vec<PathBuf>) -> Output {
        Output {
            files,
            ..Output::default()
        }
    }

    /// Feeds these frames, then ends with the last of them; what the file holds, a word a line.
    fn recorded(frames: &[Arc<Frame>], patient: bool) -> (Vec<String>, Option<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.jsonl");
        let (mut journals, feed) = open(&files(vec![path.clone(), folder.path().join("run.json")]), patient).unwrap();
        assert_eq!(journals.len(), 1, "only .jsonl is a journal");
        frames.iter().for_each(|f| feed.give(f));
        drop(feed);

        let missed = journals.remove(0).finish(frames.last().unwrap()).unwrap();

        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing half-made is left");
        let text = fs::read_to_string(path).unwrap();
        let word = |line: &str| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            value.as_object().unwrap().keys().next().unwrap().clone()
        };
        (text.lines().map(word).collect(), missed)
    }

    #[test]
    fn ticks_events_and_the_summary_in_order() {
        let run = [frame(1, Phase::Run, 0), frame(2, Phase::Run, 2), frame(3, Phase::Done, 3)];

        assert_eq!(
            recorded(&run, true),
            (
                ["t_s", "event", "event", "t_s", "event", "summary"]
                    .map(String::from)
                    .to_vec(),
                None
            )
        );
    }

    #[test]
    fn a_run_that_never_began_still_has_its_summary_and_gaps_are_counted() {
        let (lines, missed) = recorded(&[frame(1, Phase::Run, 0), frame(5, Phase::Run, 0)], false);

        assert_eq!(lines, ["t_s"; 3]);
        assert!(missed.unwrap().contains("of 3 ticks found the disk too slow"));
        let mut journal = {
            let folder = tempfile::tempdir().unwrap();
            open(&files(vec![folder.path().join("a.jsonl")]), true).unwrap().0
        };
        assert!(
            journal.remove(0).finish(&frame(1, Phase::Done, 0)).is_err(),
            "its folder is gone"
        );
    }

    #[test]
    fn all_of_many_frames_are_there_when_time_is_virtual() {
        let run: Vec<Arc<Frame>> = (1..=500).map(|k| frame(k, Phase::Run, 0)).collect();

        assert_eq!(recorded(&run, true).0.len(), 501);
    }
}
