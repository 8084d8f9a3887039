//! Where keys come from. Read here and not by crossterm, whose reader waits for the end of every sequence that begins, and
//! never returns when the terminal has gone away.

mod decoder;
mod sequence;

pub(super) use sequence::Input;

use super::theme::Ground;
use super::tty;
use crate::model::units::Nanos;
use anyhow::{Context, Result, bail};
use decoder::Decoder;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::{Errno, ioctl_fionread, read};
use rustix::termios::{QueueSelector, tcflush};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{IsTerminal, Stdin, stdin};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::LazyLock;
use std::time::Duration;

/// Bytes taken at a time; the next picture comes first.
const CHUNK: usize = 1024;
const GONE: &str = "the terminal has gone away";

/// Standard input, or the terminal itself where that is something else.
enum Source {
    /// Never blocks.
    Own(OwnedFd),
    /// Could not be opened anew: read only what is there.
    Shared(Option<File>),
}

/// What is typed, and what the terminal replies.
pub(super) struct Keyboard {
    source: Source,
    decoder: Decoder,
    heard: VecDeque<Input>,
    ground: Option<Ground>,
    answered: bool,
}

impl Keyboard {
    /// # Errors
    /// There is no terminal to read from.
    pub(super) fn open() -> Result<Self> {
        let source = if stdin().is_terminal() {
            tty::anew(stdin(), OFlags::RDONLY).map_or(Source::Shared(None), Source::Own)
        } else {
            let tty = File::open("/dev/tty").context("there is no terminal to read keys from")?;
            tty::anew(&tty, OFlags::RDONLY).map_or(Source::Shared(Some(tty)), Source::Own)
        };
        Ok(Self {
            source,
            decoder: Decoder::default(),
            heard: VecDeque::new(),
            ground: None,
            answered: false,
        })
    }

    fn fd(&self) -> BorrowedFd<'_> {
        static INPUT: LazyLock<Stdin> = LazyLock::new(stdin);
        match &self.source {
            Source::Own(own) => own.as_fd(),
            Source::Shared(tty) => tty.as_ref().map_or(INPUT.as_fd(), |tty| tty.as_fd()),
        }
    }

    /// Waits for something to be typed, or for the `blocked` way out to become free; at most `long`.
    ///
    /// # Errors
    /// The terminal has gone away.
    pub(super) fn wait(&mut self, blocked: Option<BorrowedFd>, long: Duration, clock: &dyn Fn() -> Nanos) -> Result<()> {
        let mut waited = vec![PollFd::from_borrowed_fd(self.fd(), PollFlags::IN)];
        waited.extend(blocked.map(|out| PollFd::from_borrowed_fd(out, PollFlags::OUT)));
        let (limit, before) = (Timespec::try_from(long).ok(), clock());
        match poll(&mut waited, limit.as_ref()) {
            Err(Errno::INTR) => return Ok(()),
            done => done.context("cannot wait for a key")?,
        };
        let seen = waited[0].revents();
        if seen.intersects(PollFlags::HUP | PollFlags::ERR) {
            bail!(GONE);
        }
        // Some systems cannot poll a terminal.
        if seen.contains(PollFlags::NVAL) {
            std::thread::sleep(long);
        }
        let mut bytes = [0; CHUNK];
        let count = if seen.intersects(PollFlags::IN | PollFlags::NVAL) {
            self.read(&mut bytes)?
        } else {
            0
        };
        // Nothing had come by the time before; something has come by now.
        self.decode(if count == 0 { before } else { clock() }, &bytes[..count]);
        Ok(())
    }

    /// What is there, without waiting.
    fn read(&self, bytes: &mut [u8]) -> Result<usize> {
        if matches!(self.source, Source::Shared(_)) && ioctl_fionread(self.fd()).is_ok_and(|there| there == 0) {
            return Ok(0);
        }
        match read(self.fd(), bytes) {
            Ok(0) => bail!(GONE),
            Ok(count) => Ok(count),
            Err(Errno::AGAIN | Errno::INTR) => Ok(0),
            Err(e) => Err(e).context(GONE),
        }
    }

    fn decode(&mut self, now: Nanos, bytes: &[u8]) {
        let mut out = Vec::new();
        if bytes.is_empty() {
            self.decoder.idle(now, &mut out);
        } else {
            self.decoder.feed(now, bytes, &mut out);
        }
        for input in out {
            match input {
                Input::Background(ground) => self.ground = Some(ground),
                Input::Attributes => self.answered = true,
                typed => self.heard.push_back(typed),
            }
        }
    }

    /// The next key or paste.
    pub(super) fn next(&mut self) -> Option<Input> {
        self.heard.pop_front()
    }

    /// What the terminal said of its background: nothing yet, or whether it is known that it does not say.
    pub(super) fn background(&self) -> Option<Option<Ground>> {
        (self.answered || self.ground.is_some()).then_some(self.ground)
    }

    /// Drops what was typed before now.
    pub(super) fn forget(&mut self) {
        let _ = tcflush(self.fd(), QueueSelector::IFlush);
        self.decoder = Decoder::default();
        self.heard.clear();
    }
}
