//! The loop of the screen: keys before drawing, a picture only when something changed, never faster than the eye.
//! It refuses to hold anything up or to be held up: frames are read when there is time, commands go to a desk that never
//! blocks, keys are read as far as they are there, and a terminal that is behind gets no further picture until it has taken
//! the last.

use super::action::Message;
use super::session::Session;
use super::terminal;
use super::{Options, Signal};
use crate::clock::Epoch;
use crate::link::Link;
use anyhow::Result;
use std::time::Duration;

/// Longest wait for a key: a key is on the screen within this and one picture.
const TURN: Duration = Duration::from_millis(25);

/// Shows a run until it is over or its engine is gone; how many pictures the terminal was too slow for.
///
/// # Errors
/// When the terminal cannot be taken or written to. It has been given back.
pub fn run(link: &Link, options: &Options) -> Result<u64> {
    let epoch = Epoch::new();
    let clock = || epoch.now();
    let mut session = Session::open(link, options, &clock)?;
    while !session.over() && !(options.late)() {
        match (options.signals)() {
            Some(Signal::End) => session.take(Message::Signalled)?,
            Some(Signal::Suspend) => session.take(Message::Suspend)?,
            Some(Signal::Redraw) => session.redraw()?,
            None => {}
        }
        session.listen(TURN)?;
        session.refresh()?;
    }
    let left = session.close()?;
    if let Some(picture) = left.picture {
        terminal::leave(&picture)?;
    }
    Ok(left.missed)
}
