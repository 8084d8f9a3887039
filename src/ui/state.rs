//! What the screen knows and no engine can: focus, zoom, what is being typed, what was just asked.
//! It refuses to change itself; `update` does.

use super::theme::Theme;
use crate::model::command::Command;
use crate::model::setpoints::Setpoints;
use crate::model::units::Nanos;
use crate::telemetry::column::Series;
use tui_input::Input;

/// The panes, by their number on the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    /// 1, the spectrogram.
    #[default]
    Latency,
    /// 2, good answers per second.
    Throughput,
    /// 3, requests in flight.
    Workers,
    /// 4, the queue.
    Queue,
    /// 5, ladder, controller or promise.
    Law,
    /// 6, good rate against workers; in the open model the queue in figures.
    Curve,
    /// 7, events.
    Events,
    /// 8, the books and this machine.
    Books,
    /// 9, errors by class.
    Errors,
    /// 0, the table of percentiles.
    Percentiles,
}

impl Pane {
    /// In the order of Tab.
    pub const ALL: [Self; 10] = [
        Self::Latency,
        Self::Throughput,
        Self::Workers,
        Self::Queue,
        Self::Law,
        Self::Curve,
        Self::Events,
        Self::Books,
        Self::Errors,
        Self::Percentiles,
    ];

    /// Its digit.
    pub fn digit(self) -> char {
        let i = Self::ALL.iter().position(|p| *p == self).unwrap_or(0);
        ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0'][i]
    }

    /// The pane `by` places further, round and round.
    pub fn turned(self, by: usize) -> Self {
        let i = Self::ALL.iter().position(|p| *p == self).unwrap_or(0);
        Self::ALL[(i + by) % Self::ALL.len()]
    }
}

/// What a colour of the map means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Share of the column's requests, per 1/20 decade; fixed range.
    #[default]
    Share,
    /// Count, logarithmic, up to the largest on the screen.
    Count,
    /// Rank among all counts on the screen (Gregg and Pacheco).
    Rank,
}

impl Scale {
    /// As in the title.
    pub fn name(self) -> &'static str {
        match self {
            Self::Share => "share of the column, per 1/20 decade",
            Self::Count => "requests per 1/20 decade, logarithmic",
            Self::Rank => "rank among all cells",
        }
    }

    /// The following one, round and round.
    pub fn next(self) -> Self {
        match self {
            Self::Share => Self::Count,
            Self::Count => Self::Rank,
            Self::Rank => Self::Share,
        }
    }
}

/// What a typed line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// A command.
    Command,
    /// The text of a bookmark.
    Bookmark,
}

/// What lies over the panes.
#[derive(Clone, Debug, Default)]
pub enum Screen {
    /// Nothing.
    #[default]
    Plain,
    /// The keys.
    Help {
        /// Words a line must have.
        filter: Input,
        /// The filter is being typed.
        filtering: bool,
        /// First line shown.
        scroll: usize,
    },
    /// The modes; `at` counts in the lines of the menu.
    Modes {
        /// The chosen one.
        at: usize,
    },
    /// The knobs of the present mode.
    Knobs {
        /// The chosen one.
        at: usize,
    },
    /// A line is being typed.
    Prompt {
        /// What for.
        asks: Asks,
        /// The line.
        input: Input,
        /// Why the last one was refused.
        error: Option<String>,
    },
}

/// A short message that leaves by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// One line.
    pub text: String,
    /// When it goes, since the screen opened.
    pub until: Nanos,
    /// Something was refused.
    pub alarm: bool,
}

/// How commands are read and written; given by the program.
#[derive(Clone, Copy, Debug)]
pub struct Speech {
    /// A typed line as a command, or why not.
    pub parse: fn(&str, &Setpoints) -> Result<Command, String>,
    /// A command as one would type it.
    pub print: fn(&Command) -> String,
}

/// The screen's own state.
#[derive(Clone, Debug)]
pub struct Model {
    /// What lies over the panes.
    pub screen: Screen,
    /// The pane the keys mean.
    pub focus: Pane,
    /// The focused pane has the whole screen.
    pub zoomed: bool,
    /// The view stands still; traffic does not.
    pub frozen: bool,
    /// Colours and glyphs.
    pub theme: Theme,
    /// What a colour means.
    pub scale: Scale,
    /// Whose times the map shows.
    pub series: Series,
    /// Response over service, whatever `series` says.
    pub split: bool,
    /// Powers of two by which a column is longer than the window needs.
    pub window: i8,
    /// The terminal's columns and rows.
    pub size: (u16, u16),
    /// The present message.
    pub toast: Option<Toast>,
    /// The time, since the screen opened.
    pub now: Nanos,
    /// Number of the last command on the desk.
    pub sent: u64,
    /// What an undo or redo under way did is to be said.
    pub turning_back: bool,
    /// The setpoints as they will be when everything on the desk has been applied.
    pub expected: Option<Setpoints>,
    /// The end was asked for; the next time is at once.
    pub quitting: bool,
    /// The last frame stays in the scrollback.
    pub leave: bool,
    /// Lines typed at the prompt, oldest first, at most 50.
    pub typed: Vec<String>,
    /// How commands are read and written.
    pub speech: Speech,
    /// Pictures left out because the terminal had not taken the one before.
    pub missed: u64,
    /// The last time that happened, since the screen opened.
    pub missed_at: Option<Nanos>,
    /// Counts what would change the picture.
    pub revision: u64,
}

impl Model {
    /// The screen as it opens.
    pub fn new(theme: Theme, speech: Speech) -> Self {
        Self {
            screen: Screen::Plain,
            focus: Pane::Latency,
            zoomed: false,
            frozen: false,
            theme,
            scale: Scale::Share,
            series: Series::Response,
            split: false,
            window: 0,
            size: (0, 0),
            toast: None,
            now: Nanos::ZERO,
            sent: 0,
            turning_back: false,
            expected: None,
            quitting: false,
            leave: false,
            typed: Vec::new(),
            speech,
            missed: 0,
            missed_at: None,
            revision: 0,
        }
    }

    /// A screen nobody types at: for stills.
    pub fn still(theme: Theme, size: (u16, u16)) -> Self {
        let speech = Speech {
            parse: |_, _| Err(String::new()),
            print: |_| String::new(),
        };
        Self {
            size,
            ..Self::new(theme, speech)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tab_goes_round_all_ten_panes_and_digits_are_unique() {
        let mut pane = Pane::Latency;
        let mut digits = String::new();
        for _ in 0..10 {
            digits.push(pane.digit());
            pane = pane.turned(1);
        }
        assert_eq!(digits, "1234567890");
        assert_eq!(pane, Pane::Latency);
    }
}
