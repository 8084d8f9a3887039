//! The waist between a front end and whatever makes frames: a watch of commands up, a watch of frames down.
//! It refuses to queue: a full desk refuses the key, a newer frame replaces an unread one.

use crate::model::command::Command;
use crate::model::notice::Who;
use crate::telemetry::frame::Frame;
use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::watch;

/// Commands that may lie unread.
pub const DESK: usize = 64;

/// A command with its number and author.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// Counts from 1.
    pub number: u64,
    /// Who said it.
    pub who: Who,
    /// What.
    pub command: Command,
}

/// What the front end has said. Nothing is lost, nothing queues: the conductor reads what is newer than it has applied.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    /// Number of the last command said.
    pub last: u64,
    /// The most recent ones, oldest first, at most [`DESK`].
    pub recent: VecDeque<Note>,
}

/// A front end's end. Dropping it asks for a drain and the end of the run.
#[derive(Debug)]
pub struct Link {
    desk: watch::Sender<Desk>,
    frames: watch::Receiver<Arc<Frame>>,
    engine: Option<JoinHandle<()>>,
}

/// The engine's end.
#[derive(Debug)]
pub struct Far {
    /// Commands.
    pub desk: watch::Receiver<Desk>,
    /// Frames.
    pub frames: watch::Sender<Arc<Frame>>,
}

impl Link {
    /// Both ends; the engine's thread is joined by [`Link::join`] once given to [`Link::attach`].
    pub fn pair(first: Frame) -> (Self, Far) {
        let (desk, desk_far) = watch::channel(Desk::default());
        let (frames_far, frames) = watch::channel(Arc::new(first));
        (
            Self {
                desk,
                frames,
                engine: None,
            },
            Far {
                desk: desk_far,
                frames: frames_far,
            },
        )
    }

    /// Hands over the engine's thread.
    pub fn attach(&mut self, engine: JoinHandle<()>) {
        self.engine = Some(engine);
    }

    /// Puts a command on the desk and returns its number; `None` when the engine has fallen [`DESK`] commands behind.
    pub fn send(&self, who: Who, command: Command) -> Option<u64> {
        let applied = self.frames.borrow().applied;
        let mut number = None;
        self.desk.send_if_modified(|desk| {
            if desk.last - applied.min(desk.last) >= DESK as u64 {
                return false;
            }
            desk.last += 1;
            desk.recent.push_back(Note {
                number: desk.last,
                who,
                command,
            });
            if desk.recent.len() > DESK {
                desk.recent.pop_front();
            }
            number = Some(desk.last);
            true
        });
        number
    }

    /// The newest frame. Cheap: one reference count.
    pub fn frame(&self) -> Arc<Frame> {
        self.frames.borrow().clone()
    }

    /// The engine has gone away: no frame will follow.
    pub fn closed(&self) -> bool {
        self.frames.has_changed().is_err()
    }

    /// Waits for the engine to end, or until it is `late`; its last frame and how it ended. One that is late is left behind.
    pub fn join(mut self, late: impl Fn() -> bool) -> (Arc<Frame>, Ended) {
        let Some(engine) = self.engine.take() else {
            return (self.frame(), Ended::Well);
        };
        while !engine.is_finished() {
            if late() {
                return (self.frame(), Ended::Late);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let ended = if engine.join().is_ok() { Ended::Well } else { Ended::Panicked };
        (self.frame(), ended)
    }
}

/// How an engine ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// In order.
    Well,
    /// By a panic.
    Panicked,
    /// It has not: it was waited for no longer.
    Late,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_desk_that_is_not_read_refuses_the_sixty_fifth_command_and_loses_none() {
        let (link, far) = Link::pair(Frame::default());

        let taken = (0..80).filter_map(|_| link.send(Who::User, Command::Auto)).count();

        assert_eq!(taken, DESK);
        let numbers: Vec<u64> = far.desk.borrow().recent.iter().map(|n| n.number).collect();
        assert_eq!(numbers, (1..=64).collect::<Vec<_>>());
    }

    #[test]
    fn a_read_desk_takes_more() {
        let (link, far) = Link::pair(Frame::default());
        (0..64).for_each(|_| assert!(link.send(Who::User, Command::Auto).is_some()));

        far.frames.send_replace(Arc::new(Frame {
            applied: 64,
            ..Frame::default()
        }));

        assert_eq!(link.send(Who::User, Command::Auto), Some(65));
    }

    #[test]
    fn an_engine_that_does_not_end_is_waited_for_until_it_is_late() {
        let engine = |ends: bool| {
            let (mut link, far) = Link::pair(Frame {
                seq: 7,
                ..Frame::default()
            });
            link.attach(std::thread::spawn(move || {
                while !ends && far.desk.borrow().last == 0 {
                    std::thread::park();
                }
            }));
            link
        };

        let (frame, ended) = engine(false).join(|| true);
        assert_eq!((frame.seq, ended), (7, Ended::Late));
        assert_eq!(engine(true).join(|| false).1, Ended::Well);
    }
}
