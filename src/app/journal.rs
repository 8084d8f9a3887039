//! `-o FILE.jsonl`: ticks, events and at last the summary, written while the run goes.
//! It refuses to hold the run up: in real time a line that finds no room is left out, counted, and told.

use crate::report::lines::Lines;
use crate::telemetry::frame::Frame;
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Frames on their way to one file: six seconds of a disk that does not answer.
const CHANNEL: usize = 64;

/// The conductor's end: every frame goes through it.
#[derive(Debug, Default)]
pub(super) struct Feed {
    /// With whether frames wait for room: in virtual time nobody is kept waiting.
    out: Vec<(SyncSender<Arc<Frame>>, bool)>,
}

/// One file being written beside its place; it gets its name at the end.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    fresh: PathBuf,
    writer: JoinHandle<io::Result<Written>>,
}

/// What a writer leaves behind.
#[derive(Debug)]
struct Written {
    file: BufWriter<File>,
    lines: Lines,
    missed: u64,
}

/// Opens a journal for every `.jsonl` among `files`. `patient`: frames wait for room.
///
/// # Errors
/// What the file system says, with the path.
pub(super) fn open(files: &[PathBuf], patient: bool) -> Result<(Vec<Journal>, Feed)> {
    let (mut journals, mut feed) = (Vec::new(), Feed::default());
    for path in files.iter().filter(|p| takes(p)) {
        let fresh = beside(path)?;
        let file = File::create(&fresh).with_context(|| format!("cannot write {}", path.display()))?;
        let (out, frames) = sync_channel(CHANNEL);
        let writer = std::thread::Builder::new()
            .name("recorder".into())
            .spawn(move || write(BufWriter::new(file), &frames))
            .context("cannot start a recorder's thread")?;
        feed.out.push((out, patient));
        journals.push(Journal {
            path: path.clone(),
            fresh,
            writer,
        });
    }
    Ok((journals, feed))
}

/// Whether a file is written line by line.
pub(super) fn takes(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "jsonl")
}

fn beside(path: &Path) -> Result<PathBuf> {
    let name = path
        .file_name()
        .and_then(|n| n.to_str())
        .context("the path has no file name")?;
    Ok(path.with_file_name(format!(".{name}.{}.part", std::process::id())))
}

/// Until the feed is dropped. The lines of a second reach the disk within it, should the program be killed.
fn write(mut file: BufWriter<File>, frames: &Receiver<Arc<Frame>>) -> io::Result<Written> {
    let (mut lines, mut missed, mut seq) = (Lines::default(), 0, 0);
    for frame in frames {
        if seq > 0 {
            missed += frame.seq - seq - 1;
        }
        seq = frame.seq;
        lines.write(&frame, &mut file)?;
        if seq.is_multiple_of(10) {
            file.flush()?;
        }
    }
    Ok(Written { file, lines, missed })
}

impl Feed {
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
        drop(fs::remove_file(&self.fresh));
    }

    /// Ends the file with what `frame`, the last one, still has to say, and gives it its name. Ticks that are missing.
    ///
    /// # Errors
    /// What the file system said; a file that was there before is untouched then.
    pub(super) fn finish(self, frame: &Frame) -> Result<u64> {
        let Self { path, fresh, writer } = self;
        let end = || -> Result<u64> {
            let Written {
                mut file,
                mut lines,
                missed,
            } = writer.join().map_err(|_| io::Error::other("its writer panicked"))??;
            if !lines.over() {
                lines.write(frame, &mut file)?;
            }
            file.flush()?;
            file.get_ref().sync_all()?;
            fs::rename(&fresh, &path)?;
            Ok(missed)
        };
        end()
            .inspect_err(|_| drop(fs::remove_file(&fresh)))
            .with_context(|| format!("cannot write {}", path.display()))
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

    /// Feeds these frames, then ends with the last of them; what the file holds, a word a line.
    fn recorded(frames: &[Arc<Frame>], patient: bool) -> (Vec<String>, u64) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.jsonl");
        let (mut journals, feed) = open(&[path.clone(), folder.path().join("run.json")], patient).unwrap();
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
                0
            )
        );
    }

    #[test]
    fn a_run_that_never_began_still_has_its_summary_and_gaps_are_counted() {
        let (lines, missed) = recorded(&[frame(1, Phase::Run, 0), frame(5, Phase::Run, 0)], false);

        assert_eq!((lines, missed), (vec!["t_s".to_owned(), "t_s".into(), "t_s".into()], 3));
        let mut journal = {
            let folder = tempfile::tempdir().unwrap();
            open(&[folder.path().join("a.jsonl")], true).unwrap().0
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
