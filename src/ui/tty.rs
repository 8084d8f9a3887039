//! A terminal opened anew. Only such a description of it may be told never to block: the one that was inherited belongs to
//! the shell too.

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{Mode, OFlags, open};
use rustix::termios::{tcgetsid, tcgetwinsize, ttyname};
use std::io::stdout;

/// The terminal behind `of`, to be read or written without ever waiting; `None` where it is none or cannot be opened.
pub fn anew(of: impl AsFd, access: OFlags) -> Option<OwnedFd> {
    let flags = access | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let by_name = ttyname(&of, Vec::new()).and_then(|path| open(path, flags, Mode::empty()));
    // Another user's terminal, after `su`, cannot be opened by its name. As the controlling one it can.
    by_name
        .or_else(|e| {
            tcgetsid(&of)
                .map_err(|_| e)
                .and_then(|_| open("/dev/tty", flags, Mode::empty()))
        })
        .ok()
}

/// Columns and rows of the terminal on standard output, as far as it says.
pub(super) fn size() -> Option<(u16, u16)> {
    let size = tcgetwinsize(stdout()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col, size.ws_row))
}

/// Columns of the terminal, 80 where it does not say.
pub fn columns() -> usize {
    size().map_or(80, |(columns, _)| usize::from(columns))
}
