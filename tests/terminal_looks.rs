//! The screen in terminals of every size and kind: no colours where none are wanted, no characters that are not there.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "support/terminal.rs"]
mod terminal;

use terminal::Terminal;

/// Runs a demo for a while with these variables; every byte of it.
fn drawn(args: &[&str], variables: &[(&str, &str)]) -> Vec<u8> {
    let mut terminal = Terminal::start_with(&[&["demo"], args].concat(), variables);
    terminal.shows(&["RUN", "LATENCY"]);
    terminal.keys("?");
    terminal.shows(&["pause or resume sending"]);
    terminal.keys("\x1b");
    terminal.hides(&["pause or resume sending"]);
    terminal.until("a map of some seconds", |t| t.row(0).contains("0:03").then_some(()));
    terminal.keys("q");
    terminal.until("the closing text", |t| t.text().contains("ended by q").then_some(()));
    let bytes = terminal.bytes();
    assert_eq!(terminal.end().code, 0);
    bytes
}

/// Parameters of every SGR sequence.
fn attributes(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let sequences = text.split("\x1b[").skip(1);
    sequences
        .filter_map(|s| {
            let end = s.find(|c: char| c.is_ascii_alphabetic())?;
            s[end..].starts_with('m').then(|| s[..end].to_owned())
        })
        .collect()
}

/// Whether an SGR sequence sets a colour; back to the default is none.
fn colours(parameters: &str) -> bool {
    let code = |p: &str| p.parse::<u16>().unwrap_or(0);
    parameters
        .split([';', ':'])
        .map(code)
        .any(|c| matches!(c, 30..=38 | 40..=48 | 58 | 90..=97 | 100..=107))
}

#[test]
fn with_no_color_nothing_is_coloured() {
    let bytes = drawn(&[], &[("NO_COLOR", "1")]);
    let bad: Vec<String> = attributes(&bytes).into_iter().filter(|p| colours(p)).collect();
    assert!(bad.is_empty(), "{bad:?}");
    let never = drawn(&["--color", "never"], &[]);
    assert!(!attributes(&never).iter().any(|p| colours(p)));
}

#[test]
fn an_empty_no_color_counts_for_nothing_and_always_wins() {
    let forced = drawn(&["--color", "always"], &[("NO_COLOR", "1")]);
    assert!(attributes(&forced).iter().any(|p| p.contains("38;2")));
}

#[test]
fn colours_are_no_deeper_than_the_terminal_can() {
    let full = attributes(&drawn(&[], &[]));
    assert!(
        full.iter().any(|p| p.contains("38;2") || p.contains("48;2")),
        "24 bit with COLORTERM"
    );

    let indexed = attributes(&drawn(&[], &[("COLORTERM", "")]));
    assert!(!indexed.iter().any(|p| p.contains("38;2") || p.contains("48;2")));
    assert!(indexed.iter().any(|p| p.contains("38;5") || p.contains("48;5")));

    let sixteen = attributes(&drawn(&[], &[("COLORTERM", ""), ("TERM", "ansi")]));
    let deep = |p: &String| {
        let parts: Vec<u16> = p.split(';').filter_map(|n| n.parse().ok()).collect();
        let above = |w: &[u16]| matches!(w, [38 | 48, 2, _] | [38 | 48, 5, 16..=255]);
        parts.windows(3).any(above)
    };
    assert!(!sixteen.iter().any(deep), "a colour beyond 16");
    assert!(sixteen.iter().any(|p| colours(p)));
}

#[test]
fn without_utf_8_every_byte_is_ascii() {
    for (args, variables) in [(&[][..], &[("LC_ALL", "C")][..]), (&["--charset", "ascii"], &[])] {
        let bytes = drawn(args, variables);
        let text = String::from_utf8_lossy(&bytes);
        let odd: Vec<&str> = text.lines().filter(|l| !l.is_ascii()).take(3).collect();
        assert!(odd.is_empty(), "{args:?} {variables:?} {odd:?}");
    }
}

#[test]
fn a_terminal_that_cannot_be_drawn_on_gets_a_notice_and_no_escape_codes() {
    for variables in [&[("TERM", "dumb")][..], &[("TERM", "")]] {
        let terminal = Terminal::start_with(&["demo", "-c", "3", "-n", "100", "--quiet"], variables);
        terminal.until("the closing text", |t| t.text().contains("Trust").then_some(()));
        let bytes = terminal.bytes();
        let left = terminal.end();

        assert_eq!(left.code, 0, "{}", left.text);
        assert!(left.text.contains("headless"), "{}", left.text);
        assert!(!bytes.contains(&0x1b), "{}", String::from_utf8_lossy(&bytes).escape_debug());
    }
}

#[test]
fn a_small_terminal_gets_three_lines_and_a_large_one_everything_again() {
    let mut terminal = Terminal::start(&["demo"]);
    terminal.shows(&["RUN", "LADDER"]);

    terminal.resize(10, 40);
    terminal.shows(&["RUN", "60x16", "q quit"]);
    terminal.resize(1, 1);
    // Something of it is still drawn: the first letter of the name.
    terminal.until("one letter", |t| (t.text().trim() == "c").then_some(()));
    terminal.resize(35, 120);
    terminal.shows(&["RUN", "LADDER", "LATENCY"]);
    terminal.until("a footer in the last row", |t| t.row(34).contains("quit").then_some(()));
    terminal.resize(24, 80);
    terminal.shows(&["RUN", "LATENCY"]);
    terminal.resize(50, 200);
    terminal.shows(&["RUN", "LADDER", "EVENTS"]);
    terminal.keys("q");
    let left = terminal.end();

    assert_eq!(left.code, 0, "{}", left.text);
}

#[test]
fn a_storm_of_sizes_ends_with_a_whole_picture() {
    let mut terminal = Terminal::start(&["demo", "-c", "4"]);
    terminal.shows(&["RUN"]);
    for i in 0..60u16 {
        terminal.resize(1 + (i * 7) % 50, 1 + (i * 13) % 160);
    }
    terminal.resize(35, 120);
    terminal.shows(&["RUN", "LATENCY", "EVENTS"]);
    terminal.until("header and footer", |t| {
        (t.row(0).contains("clobber") && t.row(34).contains("quit")).then_some(())
    });
    terminal.keys("q");
    assert_eq!(terminal.end().code, 0);
}

/// A key was lost until the next one when it came together with a new size.
#[test]
fn a_key_pressed_while_the_size_changes_acts_at_once() {
    let mut terminal = Terminal::start(&["demo", "-c", "4"]);
    terminal.shows(&["RUN"]);
    for workers in 5..45u16 {
        // While it draws for the first, the second and the key arrive together: at another moment of that each time.
        terminal.resize(34, 119);
        std::thread::sleep(std::time::Duration::from_micros(u64::from(workers) * 100));
        terminal.resize(35, 120);
        terminal.keys("+");
        terminal.shows(&[&format!(" workers {workers} ")]);
    }
    terminal.keys("q");
    assert_eq!(terminal.end().code, 0);
}

#[test]
fn keys_come_from_the_terminal_when_standard_input_does_not() {
    let mut terminal = Terminal::start_with(&["demo", "-c", "4"], &[("INPUT", "/dev/null")]);
    terminal.shows(&["RUN"]);
    terminal.keys("q");
    assert_eq!(terminal.end().code, 0);
}
