//! The loop of the screen: keys before drawing, a picture only when something changed, never faster than the eye.
//! It refuses to hold anything up: frames are read when there is time, commands go to a desk that never blocks.

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

/// Shows a run until it is over or its engine is gone.
///
/// # Errors
/// When the terminal cannot be taken or written to. It has been given back.
pub fn run(link: &Link, options: &Options) -> Result<()> {
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
        keyboard.wait(TURN)?;
        if event::poll(Duration::ZERO)? {
            keys(&mut session)?;
        }
        session.refresh()?;
    }
    if let Some(picture) = session.close()? {
        terminal::leave(&picture)?;
    }
    Ok(())
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
