//! The glyphs, all one cell wide, and what stands for them where only ASCII may be sent.
//! It refuses to let a wide or invisible character of the outside world through.

use std::borrow::Cow;
use unicode_width::UnicodeWidthChar;

/// Points from a label to the edge of the data.
pub const POINTER: char = '◂';
/// Marks a row.
pub const ROW_MARK: char = '▸';
/// Something lies above the plot.
pub const ABOVE: char = '▲';
/// The vertical axis.
pub const AXIS: char = '│';
/// A horizontal rule.
pub const RULE: char = '─';
/// Where the axes meet.
pub const CORNER: char = '└';
/// A tick of the time axis.
pub const TICK: char = '┬';
/// A grid line.
pub const GRID: char = '┄';
/// The target on the map.
pub const TARGET: char = '╌';
/// The target on a strip.
pub const TARGET_BAR: char = '━';
/// Where the search stands now.
pub const NOW: char = '●';
/// A measured point.
pub const POINT: char = '•';
/// A point measured before the target changed.
pub const STALE: char = '◦';
/// Ages of what has not been answered.
pub const HATCH: char = '░';
/// Too few requests for a colour.
pub const DOT: char = '·';
/// The upper of two pixels.
pub const UPPER: char = '▀';
/// The lower of two pixels.
pub const LOWER: char = '▄';
/// A full cell.
pub const FULL: char = '█';
/// Corners of a frame: top left, top right, bottom left, bottom right.
pub const FRAME: [char; 4] = ['╭', '╮', '╰', '╯'];
/// A line within a cell: upper edge, middle, lower edge.
pub const LINE: [char; 3] = ['▔', '─', '▁'];
/// Eighths of a cell from below, 1 … 8.
pub const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Eighths of a cell from the left, 1 … 8.
pub const LEFT_EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// What stands for a glyph in ASCII; empty for what is better left out.
fn plain(c: char) -> &'static str {
    match c {
        '◂' => "<",
        '▸' => ">",
        '▲' => "^",
        '│' => "|",
        '─' | '━' | '╌' | '·' | '—' | '–' | '−' | '▔' => "-",
        '└' | '┬' | '╭' | '╮' | '╰' | '╯' | '┴' => "+",
        '┄' => " ",
        '●' | '█' => "#",
        '•' => "o",
        '◦' | '░' => ":",
        '▁' | '▂' => "_",
        '▃' | '▄' | '▅' | '▆' | '▇' | '▀' | '▌' | '▋' | '▊' | '▉' => "#",
        '▏' | '▎' | '▍' => "|",
        '×' => "x",
        '±' => "+-",
        '≈' => "~",
        '≤' => "<=",
        '≥' => ">=",
        '→' => "->",
        '←' => "<-",
        '↑' => "^",
        '↓' => "v",
        '…' => "..",
        'µ' => "u",
        'σ' | 'Σ' => "S",
        'α' => "a",
        'β' => "b",
        '⇧' => "shift-",
        _ => "?",
    }
}

/// The text as it may be drawn: every character one cell wide, and ASCII where asked.
pub fn drawable(text: &str, ascii: bool) -> Cow<'_, str> {
    let fine = |c: char| {
        if ascii {
            (' '..='~').contains(&c)
        } else {
            c.width() == Some(1)
        }
    };
    if text.chars().all(fine) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match (fine(c), ascii) {
            (true, _) => out.push(c),
            (false, true) => out.push_str(plain(c)),
            (false, false) => out.push('\u{fffd}'),
        }
    }
    Cow::Owned(out)
}

/// One glyph as it may be drawn.
pub fn one(c: char, ascii: bool) -> char {
    drawable(c.encode_utf8(&mut [0; 4]), ascii).chars().next().unwrap_or(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_glyph_is_one_cell_wide_and_has_an_ascii_stand_in() {
        let mut all = vec![
            POINTER, ROW_MARK, ABOVE, AXIS, RULE, CORNER, TICK, GRID, TARGET, TARGET_BAR, NOW, POINT, STALE, HATCH, DOT, UPPER,
            LOWER, FULL,
        ];
        all.extend(FRAME.iter().chain(&LINE).chain(&EIGHTHS).chain(&LEFT_EIGHTHS));
        for c in all {
            assert_eq!(c.width(), Some(1), "{c}");
            assert_ne!(one(c, true), '?', "{c}");
        }
    }

    #[test]
    fn wide_and_invisible_text_from_outside_becomes_one_cell_each() {
        assert_eq!(drawable("a漢\u{200d}b", false), "a\u{fffd}\u{fffd}b");
        assert_eq!(drawable("±1 % · 41–45", true), "+-1 % - 41-45");
    }
}
