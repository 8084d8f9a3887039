//! The lines of the mode menu: the four modes, the other load model, then `more…`, and behind it the school.
//! It refuses to put the school one careless key away: the arrows stop at `more…`, Enter opens it, a second one chooses.

use super::action::Go;
use crate::model::setpoints::Mode;

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A mode.
    Mode(Mode),
    /// The load model that is not in force.
    Model,
    /// Opens the rest.
    More,
}

/// Where `more…` stands; above it the modes, below it the school.
const MORE: usize = 5;

/// What Enter does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// Applies a mode.
    Mode(Mode),
    /// Changes between open and closed.
    Model,
    /// Goes to another line.
    Line(usize),
}

/// Every line, whether it is open or not.
fn all() -> Vec<Line> {
    let modes = |school: bool| Mode::ALL.into_iter().filter(move |m| m.school() == school).map(Line::Mode);
    modes(false).chain([Line::Model, Line::More]).chain(modes(true)).collect()
}

/// The lines to be seen while the `at`-th is chosen: those of the school only when one of them is.
pub(super) fn lines(at: usize) -> Vec<Line> {
    let mut lines = all();
    if at <= MORE {
        lines.truncate(MORE + 1);
    }
    lines
}

/// The line of a mode.
pub(super) fn place(mode: Mode) -> usize {
    all().iter().position(|l| *l == Line::Mode(mode)).unwrap_or(0)
}

/// The next line that can be chosen, in a direction; the same one at the end.
pub(super) fn next(at: usize, go: Go) -> usize {
    let lines = lines(at);
    match go {
        Go::Up => at.min(lines.len()).checked_sub(1),
        Go::Down => Some(at + 1).filter(|next| *next < lines.len()),
        _ => None,
    }
    .unwrap_or(at)
}

/// What Enter does on a line.
pub(super) fn enter(at: usize) -> Choice {
    match all().get(at) {
        Some(Line::Mode(mode)) => Choice::Mode(*mode),
        Some(Line::Model) => Choice::Model,
        _ => Choice::Line(MORE + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arrows_alone_never_reach_the_school() {
        let lowest = (0..20).fold(0, |at, _| next(at, Go::Down));

        assert_eq!(lines(lowest)[lowest], Line::More);
        assert_eq!(enter(lowest), Choice::Line(place(Mode::Aimd)));
        assert_eq!(next(place(Mode::Aimd), Go::Up), lowest, "and back");
    }

    #[test]
    fn every_mode_has_one_line() {
        for mode in Mode::ALL {
            assert_eq!(enter(place(mode)), Choice::Mode(mode));
        }
        assert_eq!(lines(MORE).len(), MORE + 1);
        assert_eq!(lines(MORE + 1).len(), Mode::ALL.len() + 2);
    }
}
