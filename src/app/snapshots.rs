//! `snapshot` of a script: written by a thread of its own, answered by an event that says where it lies or why not.
//! It refuses to hold the run up, but for two seconds at its end.

use crate::clock::Epoch;
use crate::conduct::SnapshotWish;
use crate::model::notice::{Notice, Who};
use crate::telemetry::frame::Frame;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// The end of a run waits so long for what is still being written.
const PATIENCE: Duration = Duration::from_secs(2);

/// Writes a snapshot under a folder: its path, or why not.
pub(super) type Save = Arc<dyn Fn(&Frame, Option<&str>) -> Result<String, String> + Send + Sync>;

/// An event about a snapshot: whose, and the sentence.
type Answer = (Who, String);

/// What is being written.
pub(super) struct Snapshots {
    save: Save,
    patient: bool,
    under_way: usize,
    say: Sender<Answer>,
    heard: Receiver<Answer>,
}

impl Snapshots {
    /// `patient`: in virtual time the run waits for each.
    pub(super) fn new(save: Save, patient: bool) -> Self {
        let (say, heard) = channel();
        Self {
            save,
            patient,
            under_way: 0,
            say,
            heard,
        }
    }

    /// Begins to write what was asked for in this tick.
    pub(super) fn begin(&mut self, wishes: Vec<SnapshotWish>, frame: &Arc<Frame>) {
        for SnapshotWish { who, under } in wishes {
            let (save, say, frame) = (Arc::clone(&self.save), self.say.clone(), Arc::clone(frame));
            self.under_way += 1;
            let write = move || {
                let what = match save(&frame, under.as_deref()) {
                    Ok(path) => format!("snapshot saved: {path}"),
                    Err(why) => format!("snapshot not saved: {why}"),
                };
                let _ = say.send((who, what)); // the run is over
            };
            let thread = std::thread::Builder::new().name("snapshot".into()).spawn(write);
            if let Err(e) = thread {
                let _ = self.say.send((who, format!("snapshot not saved: no thread for it: {e}")));
            }
        }
    }

    /// The events of those that are done.
    pub(super) fn done(&mut self) -> Vec<Answer> {
        let done: Vec<Answer> = if self.patient {
            self.heard.iter().take(self.under_way).collect()
        } else {
            self.heard.try_iter().collect()
        };
        self.under_way -= done.len();
        done
    }

    /// The last frame with the events of all that are not told yet; one that takes too long is said to.
    pub(super) fn close(&mut self, frame: Arc<Frame>) -> Arc<Frame> {
        let begun = Epoch::new();
        let mut answers = Vec::new();
        while self.under_way > 0 {
            match self.heard.recv_timeout(PATIENCE.saturating_sub(begun.now().duration())) {
                Ok(answer) => answers.push(answer),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    answers.push((Who::Engine, "snapshot not saved: the disk took more than 2 s".into()));
                }
            }
            self.under_way -= 1;
        }
        if answers.is_empty() {
            return frame;
        }
        let mut last = Frame::clone(&frame);
        let at = last.at;
        last.noted += answers.len() as u64;
        let more = answers.into_iter().map(|(who, what)| Notice { at, who, what });
        last.notices = last.notices.iter().cloned().chain(more).collect();
        Arc::new(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(under: &str) -> Vec<SnapshotWish> {
        vec![SnapshotWish {
            who: Who::Script,
            under: Some(under.into()),
        }]
    }

    fn folder_of(frame: &Frame, under: Option<&str>) -> Result<String, String> {
        match under {
            Some("full") => Err("the disk is full".into()),
            _ => Ok(format!("{}/{}", under.unwrap_or("."), frame.seq)),
        }
    }

    #[test]
    fn each_is_answered_once_with_its_path_or_its_reason() {
        let mut snapshots = Snapshots::new(Arc::new(folder_of), true);
        let frame = Arc::new(Frame {
            seq: 7,
            ..Frame::default()
        });

        snapshots.begin(wish("a"), &frame);
        let first = snapshots.done();
        snapshots.begin(wish("full"), &frame);
        let last = snapshots.close(Arc::clone(&frame));

        assert_eq!(first, [(Who::Script, "snapshot saved: a/7".to_owned())]);
        assert_eq!(last.notices.len(), 1);
        assert_eq!(last.notices[0].what, "snapshot not saved: the disk is full");
        assert_eq!((snapshots.done(), last.noted), (vec![], 1));
    }
}
