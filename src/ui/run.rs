//! The loop of the screen: keys before drawing, a picture only when something changed, never faster than the eye.
//! It refuses to hold anything up or to be held up: frames are read when there is time, commands go to a desk that never
//! blocks, and a terminal that is behind gets no further picture until it has taken the last.

use super::action::Message;
use super::session::Session;
use super::terminal::{self, Guard, Keyboard};
use super::{Options, Signal, keymap};
use crate::clock::Epoch;
use crate::link::Link;
use anyhow::Result;
use crossterm::event::{self, Event, KeyEventKind};
use std::time::Duration;

/// Longest wait for a key: a key is on the screen within this and one picture.
const TURN: Duration = Duration::from_millis(25);
/// Most events taken before the next picture.
const BURST: usize = 64;

/// Shows a run until it is over or its engine is gone; how many pictures the terminal was too slow for.
///
/// # Errors
/// When the terminal cannot be taken or written to. It has been given back.
pub fn run(link: &Link, options: &Options) -> Result<u64> {
    let epoch = Epoch::new();
    let clock = || epoch.now();
    let keyboard = Keyboard::open()?;
    let mut session = Session::new(link, options, Guard::take()?, &clock)?;
    while !session.over() {
        match (options.signals)() {
            Some(Signal::End) => session.take(Message::Signalled)?,
            Some(Signal::Suspend) => session.take(Message::Suspend)?,
            None => {}
        }
        let typed = keyboard.wait(session.blocked(), TURN)?;
        if event::poll(Duration::ZERO)? {
            keys(&mut session)?;
        } else if typed {
            keyboard.remind();
        }
        session.refresh()?;
    }
    let left = session.close()?;
    if let Some(picture) = left.picture {
        terminal::leave(&picture)?;
    }
    Ok(left.missed)
}

/// Everything that has been typed so far.
fn keys(session: &mut Session) -> Result<()> {
    for _ in 0..BURST {
        match event::read()? {
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                if let Some(message) = keymap::message(&session.model, &key) {
                    session.take(message)?;
                }
            }
            Event::Paste(text) => session.take(Message::Paste(text))?,
            Event::Resize(columns, rows) => session.take(Message::Resize(columns, rows))?,
            _ => {}
        }
        if !event::poll(Duration::ZERO)? {
            break;
        }
    }
    Ok(())
}
