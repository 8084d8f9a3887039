//! What can happen to the screen and what it can ask for. Plain values; they do nothing.

use super::state::Pane;
use crate::model::command::Command;
use crate::model::units::Nanos;
use tui_input::InputRequest;

/// Direction and size of one press.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A little less.
    Down,
    /// A little more.
    Up,
    /// Much less.
    BigDown,
    /// Much more.
    BigUp,
}

impl Step {
    /// More, not less.
    pub fn up(self) -> bool {
        matches!(self, Self::Up | Self::BigUp)
    }

    /// A big one.
    pub fn big(self) -> bool {
        matches!(self, Self::BigDown | Self::BigUp)
    }

    /// `factor` or its inverse.
    pub fn times(self, factor: f64) -> f64 {
        if self.up() { factor } else { 1.0 / factor }
    }
}

/// Movement within a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Go {
    /// To the line above.
    Up,
    /// To the line below.
    Down,
    /// Lowers the chosen value.
    Left,
    /// Raises the chosen value.
    Right,
    /// Ten lines up.
    PageUp,
    /// Ten lines down.
    PageDown,
}

/// Everything that can happen.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// Drain and end; again: end at once.
    Quit,
    /// The same, and the last frame stays in the scrollback.
    QuitAndLeave,
    /// Ctrl-C.
    Interrupt,
    /// A signal from outside asks for the end.
    Signalled,
    /// Ctrl-Z.
    Suspend,
    /// Draw everything anew.
    Repaint,
    /// Pause or resume sending.
    Pause,
    /// Freeze or release the view.
    Freeze,
    /// Give control back to the law.
    Auto,
    /// Take the last change back.
    Undo,
    /// Make it again.
    Redo,
    /// The mode's main quantity.
    Main(Step),
    /// The target of `hold`, the limit of `slo`.
    Target(Step),
    /// Workers, by hand.
    Workers(Step),
    /// Yes; apply; zoom.
    Enter,
    /// Back; close.
    Escape,
    /// Open or close the help.
    Help,
    /// Filter the help.
    Filter,
    /// Open the mode menu.
    Modes,
    /// Open the knob list.
    Knobs,
    /// Open the prompt.
    Prompt,
    /// Ask for a bookmark's text.
    Bookmark,
    /// Focus one pane.
    Focus(Pane),
    /// Focus the next pane.
    FocusNext,
    /// Focus the one before.
    FocusBack,
    /// The focused pane on the whole screen, and back.
    Zoom,
    /// The errors on the whole screen, and back.
    Errors,
    /// A shorter window.
    Narrow,
    /// A longer window.
    Widen,
    /// The next colour map.
    Palette,
    /// Dark or light.
    Ground,
    /// The next meaning of colour.
    Scale,
    /// The map shows the next series of times.
    Series,
    /// Response over service, and back.
    Split,
    /// The next policy of a full queue.
    Overflow,
    /// Open traffic at three quarters of the knee's rate.
    Verify,
    /// Save what is on the screen.
    Snapshot,
    /// Move in a list.
    Go(Go),
    /// One edit of the line being typed.
    Type(InputRequest),
    /// Pasted text: typed where a line is being typed, ignored elsewhere.
    Paste(String),
    /// The time, since the screen opened.
    Tick(Nanos),
    /// The terminal's size.
    Resize(u16, u16),
    /// A command lies on the desk under this number, or the desk is full.
    Sent(Option<u64>),
    /// A snapshot was saved at a path, or why not.
    Saved(Result<String, String>),
}

/// What the loop is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Put a command on the desk.
    Send(Command),
    /// Save the frame on the screen, at a path or where the program chooses.
    SaveSnapshot(Option<String>),
    /// Pause, give the terminal back, stop; on return repaint.
    Suspend,
    /// Draw every cell.
    Repaint,
}
