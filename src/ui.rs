//! The screen and the hand: frames in, commands out.
//! It refuses to know an engine; all it sees comes over the link.
//!
//! `terminal event → keymap → Message → update(&mut Model, Message) → Effect`, and `view(&Frame, &Model)` draws.

pub mod action;
mod backlog;
mod density;
mod foresee;
pub mod keymap;
mod keys;
mod knobs;
mod memo;
mod menu;
mod outlet;
mod paint;
mod pen;
mod run;
mod scale;
mod scene;
mod session;
pub mod state;
pub mod still;
mod terminal;
pub mod theme;
mod timeline;
mod tty;
pub mod update;
pub mod view;
mod widgets;

pub use run::run;
pub use still::still;
pub use terminal::release;
pub use tty::{anew, columns};

use crate::model::command::Command;
use crate::model::setpoints::Setpoints;
use crate::telemetry::frame::Frame;

/// A signal from outside, as the screen must know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// INT, TERM or HUP: drain and end; a second one ends at once.
    End,
    /// TSTP: pause, give the terminal back, stop.
    Suspend,
    /// WINCH, CONT: another size, or a terminal that somebody else wrote to.
    Redraw,
}

/// Saves a frame and its picture, at a path or where the program chooses; returns the path, or why not.
pub type Save<'a> = &'a dyn Fn(&Frame, &str, Option<&str>) -> Result<String, String>;

/// What the program gives the screen.
pub struct Options<'a> {
    /// Colours and glyphs on the background that the terminal says it has.
    pub theme: &'a dyn Fn(Option<theme::Ground>) -> theme::Theme,
    /// Ask it for that.
    pub ask: bool,
    /// A typed line as a command, or why not.
    pub parse: fn(&str, &Setpoints) -> Result<Command, String>,
    /// A command as one would type it.
    pub print: fn(&Command) -> String,
    /// Saves what is on the screen.
    pub save: Save<'a>,
    /// The next signal that has come in, if any; asked every turn.
    pub signals: &'a dyn Fn() -> Option<Signal>,
    /// Told when the user wants the end at once.
    pub hurry: &'a dyn Fn(),
    /// Whether the engine is not waited for any longer.
    pub late: &'a dyn Fn() -> bool,
    /// Most pictures of the run a second, from 1.
    pub fps: u32,
}
