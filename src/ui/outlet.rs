//! Bytes on their way to a terminal that may not take them. It never waits: what is not taken stays here, in order.
//! It refuses to drop bytes, which would cut a picture in two: a picture is left out whole, before it is drawn.

use super::tty;
use crate::clock::Epoch;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::OFlags;
use rustix::io::{Errno, write};
use std::io::{self, Stdout, Write, stdout};
use std::sync::LazyLock;
use std::time::Duration;

/// Bytes that a terminal which is ready takes without waiting, as good as always.
const LITTLE: usize = 256;

/// The way out, and what has not gone it yet.
pub(super) struct Outlet {
    /// Never blocks. `None` where the terminal cannot be opened anew: standard output then gets a little whenever it is ready.
    own: Option<OwnedFd>,
    waiting: Vec<u8>,
    /// How much of `waiting` has been taken.
    taken: usize,
}

impl Outlet {
    /// To the terminal on standard output.
    pub(super) fn open() -> Self {
        Self::to(tty::anew(stdout(), OFlags::WRONLY))
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
                None if ready(self.fd(), Duration::ZERO) => write(stdout(), &rest[..rest.len().min(LITTLE)]),
                None => Err(Errno::AGAIN),
            };
            match done {
                Ok(n) => self.taken += n,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(false),
                Err(e) => return Err(e.into()),
            }
        }
        self.clear();
        Ok(true)
    }

    fn fd(&self) -> BorrowedFd<'_> {
        static OUTPUT: LazyLock<Stdout> = LazyLock::new(stdout);
        self.own.as_ref().map_or(OUTPUT.as_fd(), AsFd::as_fd)
    }

    /// To wait on while something is left: it becomes writable.
    pub(super) fn blocked(&self) -> Option<BorrowedFd<'_>> {
        (!self.waiting.is_empty()).then(|| self.fd())
    }

    /// Forgets what is left: the terminal is no longer ours.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        self.taken = 0;
    }

    /// Hands over the rest, however long the terminal takes for it.
    pub(super) fn wait(self) {
        // Nobody is left to tell of an error.
        let _ = stdout()
            .write_all(&self.waiting[self.taken..])
            .and_then(|()| stdout().flush());
    }

    /// Waits for everything to be taken, at most `long` in all; whether it was.
    pub(super) fn settle(&mut self, long: Duration) -> bool {
        let begun = Epoch::new();
        loop {
            match self.push() {
                Ok(false) => {}
                done => return done.is_ok(),
            }
            let left = long.saturating_sub(begun.now().duration());
            if left.is_zero() || !ready(self.fd(), left) {
                return false;
            }
        }
    }
}

/// Waits until it takes something, or has gone away and says so; at most `long`.
fn ready(fd: BorrowedFd<'_>, long: Duration) -> bool {
    let limit = Timespec::try_from(long).ok();
    let found = poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::OUT)], limit.as_ref());
    matches!(found, Ok(1..) | Err(Errno::INTR))
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
