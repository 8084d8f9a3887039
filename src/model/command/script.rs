//! Commands with times: `3s sp rps=500; 6s workers 20; 12s quit`.

use super::{Command, parse};
use crate::model::units::{Nanos, parse_duration};

/// A command and when it applies: at the first tick at or after `at`.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Since run start.
    pub at: Nanos,
    /// What.
    pub command: Command,
}

/// A whole script, separated by `;` or line ends, `#` begins a comment; sorted by time, same times in written order.
///
/// # Errors
/// A sentence naming the offending entry and the remedy.
pub fn script(text: &str) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    let entries = text.lines().flat_map(|l| l.split('#').next().unwrap_or("").split(';'));
    for entry in entries.map(str::trim).filter(|e| !e.is_empty()) {
        let (at, command) = entry.split_once(char::is_whitespace).unwrap_or((entry, ""));
        let at = time(at, entry)?;
        let command = parse(command).map_err(|why| format!("script entry {entry:?}: {why}"))?;
        lines.push(Line { at, command });
    }
    lines.sort_by_key(|l| l.at);
    Ok(lines)
}

fn time(at: &str, entry: &str) -> Result<Nanos, String> {
    if is_start(at) {
        return Ok(Nanos::ZERO);
    }
    parse_duration(at)
        .map_err(|_| format!("script entry {entry:?} does not begin with a time (such as: 3s workers 20; 12s quit)"))
}

/// Whether it is a zero, with or without a unit: no duration, but a time.
fn is_start(at: &str) -> bool {
    let number = at.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &at[number.len()..];
    number.parse() == Ok(0.0) && (unit.is_empty() || parse_duration(&format!("1{unit}")).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_sorted_by_time_and_keep_their_order_within_one_instant() {
        let lines = script("9s mode hold; 9s sp rps=400 # then\n3s workers 20; 0 mark \"x\"").unwrap();

        let said: Vec<String> = lines.iter().map(|l| format!("{} {}", l.at.secs(), l.command)).collect();

        assert_eq!(said, ["0 mark \"x\"", "3 workers 20", "9 mode hold", "9 sp rps=400"]);
    }

    #[test]
    fn the_start_may_be_written_with_any_unit() {
        for at in ["0", "0s", "0.0s", "0ms", "00m"] {
            let lines = script(&format!("{at} workers 3")).unwrap();

            assert_eq!(lines[0].at, Nanos::ZERO, "{at}");
        }
        assert!(script("0x workers 3").is_err() && script("-1s workers 3").is_err());
    }

    #[test]
    fn a_bad_entry_is_named() {
        assert!(script("3s wrkers 20").unwrap_err().contains("3s wrkers 20"));
        assert!(script("workers 20").unwrap_err().contains("begin with a time"));
    }
}
