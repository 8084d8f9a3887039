//! Events of a run, as sentences with a time and an author.

use super::units::Nanos;

/// Who caused an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A key or the prompt.
    User,
    /// `--script`.
    Script,
    /// The control law.
    Controller,
    /// Lanes, sockets, this machine.
    Engine,
}

impl Who {
    /// As in the JSON summary.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Script => "script",
            Self::Controller => "controller",
            Self::Engine => "engine",
        }
    }
}

/// One event. `what` is one plain sentence without a full stop, already sanitized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// When, since run start.
    pub at: Nanos,
    /// Whose doing.
    pub who: Who,
    /// The sentence.
    pub what: String,
}
