//! The screen and the hand: frames in, commands out.
//! It refuses to know an engine; all it sees comes over the link.
//!
//! `terminal event → keymap → Message → update(&mut Model, Message) → Effect`, and `view(&Frame, &Model)` draws.

pub mod action;
mod backlog;
mod density;
mod foresee;
pub mod keymap;
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
pub mod update;
pub mod view;
mod widgets;

pub use run::run;
pub use still::still;
pub use terminal::{background, columns};

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
}

/// Saves a frame and its picture, at a path or where the program chooses; returns the path, or why not.
pub type Save<'a> = &'a dyn Fn(&Frame, &str, Option<&str>) -> Result<String, String>;

/// What the program gives the screen.
pub struct Options<'a> {
    /// Colours and glyphs, such as `Surroundings::of(…).theme(background())`.
    pub theme: theme::Theme,
    /// A typed line as a command, or why not.
    pub parse: fn(&str, &Setpoints) -> Result<Command, String>,
    /// A command as one would type it.
    pub print: fn(&Command) -> String,
    /// Saves what is on the screen.
    pub save: Save<'a>,
    /// The next signal that has come in, if any; asked every turn.
    pub signals: &'a dyn Fn() -> Option<Signal>,
    /// Most pictures of the run a second, from 1.
    pub fps: u32,
}
