//! Progress on the terminal of standard error. What it does not take at once is left out: a line of progress is worth no
//! waiting, and whoever writes it has signals to hear.

use crate::ui;
use rustix::fd::OwnedFd;
use rustix::fs::OFlags;
use rustix::io::Errno;
use std::io::{self, Write};

/// Writes without waiting.
pub(super) struct Ticker(Option<OwnedFd>);

impl Ticker {
    /// To the terminal on standard error; where it cannot be opened anew, or is none, to standard error itself.
    pub(super) fn open() -> Self {
        Self(ui::anew(io::stderr(), OFlags::WRONLY))
    }
}

impl Write for Ticker {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(own) = &self.0 else {
            return io::stderr().write(bytes);
        };
        match rustix::io::write(own, bytes) {
            Err(Errno::AGAIN) => Ok(bytes.len()),
            done => Ok(done?),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pipe::{PipeFlags, pipe_with};

    #[test]
    fn what_nobody_reads_is_left_out_and_not_waited_for() {
        let (_from, to) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC).unwrap();
        let mut ticker = Ticker(Some(to));

        for _ in 0..2000 {
            ticker.write_all(&[b'x'; 100]).unwrap();
        }
    }
}
