//! `-o FILE` while the run goes: once a second its state in `FILE.part`, whole and readable, should the program be killed.
//! It refuses to touch FILE itself before the end, and to keep the run waiting.

use super::output::{self, Still};
use crate::clock::Epoch;
use crate::model::units::Nanos;
use crate::telemetry::frame::{Frame, Phase};
use anyhow::Result;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Time between two states: with the time to write one, the last is never older than a second.
const EVERY: Nanos = Nanos::from_millis(800);
/// A disk that does not answer is waited for so long at the end.
const PATIENCE: Duration = Duration::from_secs(2);

/// One report that is replaced once a second.
pub(super) struct Live {
    path: PathBuf,
    part: PathBuf,
    still: Still,
    writer: JoinHandle<()>,
}

impl Live {
    /// Starts to write beside `path`; the sender takes frames and drops those that find it busy.
    ///
    /// # Errors
    /// Nothing can be written there, or no thread started.
    pub(super) fn open(path: &Path, still: &Still) -> Result<(Self, SyncSender<Arc<Frame>>)> {
        output::probe(path)?;
        let part = output::part(path);
        let (out, frames) = sync_channel(1);
        let writer = {
            let (part, still) = (part.clone(), Arc::clone(still));
            let name = path.to_owned();
            std::thread::Builder::new()
                .name("live".into())
                .spawn(move || write(&name, &part, &still, &frames))?
        };
        let live = Self {
            path: path.to_owned(),
            part,
            still: Arc::clone(still),
            writer,
        };
        Ok((live, out))
    }

    /// Nothing was sent: there is nothing to tell.
    pub(super) fn discard(self) {
        self.settle();
        drop(fs::remove_file(self.part));
    }

    /// The report of the last frame under its own name; only then the state before it goes. `over`: no other frame follows.
    ///
    /// # Errors
    /// What the file system said; the file that was there before and the last state are untouched then.
    pub(super) fn finish(self, frame: &Frame, over: bool) -> Result<()> {
        if over {
            self.settle();
        }
        output::write(frame, &self.path, &self.still)?;
        drop(fs::remove_file(&self.part));
        Ok(())
    }

    /// Waits for the writer, unless the disk has stopped answering it.
    fn settle(&self) {
        let begun = Epoch::new();
        while !self.writer.is_finished() && begun.now().duration() < PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Until the run is over. What cannot be written now may be written later: the end tells.
fn write(path: &Path, part: &Path, still: &Still, frames: &Receiver<Arc<Frame>>) {
    let begun = Epoch::new();
    let mut due = Nanos::ZERO;
    for frame in frames {
        let sends = !matches!(frame.phase, Phase::Ready | Phase::Done);
        if sends && begun.now() >= due {
            drop(output::write_as(&frame, path, part, still));
            due = begun.now() + EVERY;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn still() -> Still {
        Arc::new(|_: &Frame| "<svg/>".into())
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_state_lies_beside_the_file_until_the_end_and_the_file_is_replaced_then() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.json");
        fs::write(&path, "old").unwrap();
        let (live, out) = Live::open(&path, &still()).unwrap();

        out.send(Arc::new(Frame {
            phase: Phase::Run,
            ..Frame::default()
        }))
        .unwrap();
        while !output::part(&path).exists() {
            std::thread::yield_now();
        }
        let state: serde_json::Value = serde_json::from_slice(&fs::read(output::part(&path)).unwrap()).unwrap();
        assert!(state["ended_by"].is_null() && state["schema"] == 1);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");

        drop(out);
        live.finish(&Frame::default(), true).unwrap();

        assert_eq!(names(folder.path()), ["run.json"]);
        assert!(fs::read_to_string(&path).unwrap().contains("\"schema\": 1"));
    }

    #[test]
    fn a_place_where_nothing_can_be_written_is_known_before_the_run() {
        let folder = tempfile::tempdir().unwrap();

        assert!(Live::open(&folder.path().join("gone").join("run.txt"), &still()).is_err());
        assert_eq!(names(folder.path()), [""; 0]);
    }
}
