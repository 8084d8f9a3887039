//! Bytes on their way to a terminal that may not take them. It never waits: what is not taken stays here, in order.
//! It refuses to drop bytes, which would cut a picture in two: a picture is left out whole, before it is drawn.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, write};
use std::io::{self, Write, stdout};
use std::time::Duration;

/// The way out, and what has not gone it yet.
pub(super) struct Outlet {
    /// The terminal opened anew. Only this description of it never blocks: the one on standard output belongs to the shell
    /// too. `None` where it cannot be opened; writing then waits.
    own: Option<OwnedFd>,
    waiting: Vec<u8>,
    /// How much of `waiting` has been taken.
    taken: usize,
}

impl Outlet {
    /// To the terminal on standard output.
    pub(super) fn open() -> Self {
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let path = rustix::termios::ttyname(stdout(), Vec::new());
        Self::to(path.and_then(|path| open(path, flags, Mode::empty())).ok())
    }

    fn to(own: Option<OwnedFd>) -> Self {
        Self {
            own,
            waiting: Vec::new(),
            taken: 0,
        }
    }

    /// The end of what waits, to append to.
    pub(super) fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.waiting
    }

    /// Hands over what is taken at once; whether nothing is left.
    ///
    /// # Errors
    /// The terminal has gone away.
    pub(super) fn push(&mut self) -> io::Result<bool> {
        while self.taken < self.waiting.len() {
            let rest = &self.waiting[self.taken..];
            let done = match &self.own {
                Some(own) => write(own, rest),
                None => write(stdout(), rest),
            };
            match done {
                Ok(n) => self.taken += n,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(false),
                Err(e) => return Err(e.into()),
            }
        }
        self.waiting.clear();
        self.taken = 0;
        Ok(true)
    }

    /// To wait on while something is left: it becomes writable.
    pub(super) fn blocked(&self) -> Option<BorrowedFd<'_>> {
        self.own.as_ref().filter(|_| !self.waiting.is_empty()).map(AsFd::as_fd)
    }

    /// Hands over the rest, however long the terminal takes for it.
    pub(super) fn wait(self) {
        // Nobody is left to tell of an error.
        let _ = stdout()
            .write_all(&self.waiting[self.taken..])
            .and_then(|()| stdout().flush());
    }

    /// Waits for everything to be taken, at most `long`; whether it was.
    pub(super) fn settle(&mut self, long: Duration) -> bool {
        let limit = Timespec::try_from(long).ok();
        loop {
            match self.push() {
                Ok(true) => return true,
                Ok(false) => {}
                Err(_) => return false,
            }
            let Some(fd) = self.blocked() else { return false };
            let ready = poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::OUT)], limit.as_ref());
            if matches!(ready, Ok(0)) || ready.is_err_and(|e| e != Errno::INTR) {
                return false;
            }
        }
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.push().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pipe::{PipeFlags, pipe_with};
    use std::io::Read;

    #[test]
    fn what_is_not_taken_stays_in_order_and_nothing_waits_for_it() {
        let (from, to) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC).unwrap();
        let mut outlet = Outlet::to(Some(to));
        // More than a pipe holds.
        let sent: Vec<u8> = (0..200_000u32).map(|i| (i % 251) as u8).collect();

        outlet.write_all(&sent).unwrap();
        assert!(!outlet.push().unwrap(), "nobody reads");
        assert!(outlet.blocked().is_some());
        assert!(!outlet.settle(Duration::ZERO));

        let (mut from, mut got, mut part) = (std::fs::File::from(from), Vec::new(), [0; 10_000]);
        while got.len() < sent.len() {
            let n = from.read(&mut part).unwrap();
            got.extend_from_slice(&part[..n]);
            outlet.flush().unwrap();
        }
        assert!(got == sent, "the same bytes");
        assert!(outlet.blocked().is_none() && outlet.push().unwrap());
    }
}
