//! What a terminal sends that is no key: replies nobody waits for any more, sequences without an end.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "support/terminal.rs"]
mod terminal;

use std::time::Duration;
use terminal::{Signal, Terminal};

/// Each stopped the screen for ever.
const UNFINISHED: [&[u8]; 7] = [
    b"\x1b[",
    b"\xe6",
    b"\x1b[?1049l",
    b"\x1b[200~abc",
    b"\x1b[?62;",
    b"\x1b[?2026;2$",
    b"\x1bP>|xterm",
];

fn demo(args: &[&str]) -> Terminal {
    let terminal = Terminal::start(&[&["demo", "-c", "4"], args].concat());
    terminal.shows(&["RUN", "LATENCY"]);
    terminal
}

/// Seconds of the run on the screen's first row.
fn shown(terminal: &Terminal) -> u32 {
    let row = terminal.row(0);
    let clock = row
        .split_whitespace()
        .find_map(|word| word.split_once(':').filter(|(_, s)| s.len() == 2));
    let (minutes, seconds) = clock.unwrap_or(("0", "0"));
    minutes.parse::<u32>().unwrap_or(0) * 60 + seconds.parse::<u32>().unwrap_or(0)
}

/// Until the screen has been drawn for two more seconds of the run: what was begun has been given up.
fn two_seconds(terminal: &Terminal) {
    let before = shown(terminal);
    terminal.until("a screen two seconds later", |t| (shown(t) >= before + 2).then_some(()));
}

#[test]
fn after_a_sequence_without_an_end_the_screen_goes_on_and_keys_are_keys() {
    let mut terminal = demo(&[]);
    for (k, begun) in UNFINISHED.into_iter().enumerate() {
        terminal.bytes_in(begun);
        two_seconds(&terminal);
        terminal.keys("+");
        terminal.shows(&[&format!(" workers {} ", 5 + k)]);
    }
    terminal.keys("q");
    let left = terminal.end();
    assert_eq!(left.code, 0, "{}", left.text);
}

#[test]
fn within_a_sequence_without_an_end_signals_are_heard() {
    for (begun, signal, code) in [
        (UNFINISHED[0], Signal::INT, 130),
        (UNFINISHED[1], Signal::TERM, 143),
        (UNFINISHED[3], Signal::HUP, 129),
    ] {
        let mut terminal = demo(&[]);
        terminal.bytes_in(begun);
        terminal.signal(signal);
        let left = terminal.end();
        assert_eq!(left.code, code, "{}", left.text);
        assert!(left.text.contains("ended by signal"), "{}", left.text);
    }
}

#[test]
fn ctrl_c_ends_a_run_in_which_a_sequence_has_no_end() {
    let mut terminal = demo(&[]);
    terminal.keys("\x1b]11;rgb:\x03");
    assert_eq!(terminal.end().code, 130);
}

/// Every letter of these would do something: g opens the knobs, b asks for a bookmark, q ends the run.
#[test]
fn replies_that_come_late_in_pieces_or_unasked_do_nothing() {
    let mut terminal = demo(&["-o", "report.json"]);
    for reply in [
        "\x1b]11;rgb:2e2e/3434/3636\x07",
        "\x1b]10;rgb:bbbb/bbbb/gggg\x1b\\",
        "\x1b]|11;rgb:ff|ff/ffff/ff|ff\x07",
        "\x1b]11;rgb:ffff/ffff/ffff\x1b|\\",
        "\x1b]4;7;rgb:qqqq\x07",
        "\x1bP>|xq|qz\x1b\\",
        "\x1bP1+r5463=q\x1b\\",
        "\x1b_Gq\x1b\\",
        "\x1b[?|62;22|c",
        "\x1b[?2026;2$|y",
        "\x1b[>41;370;0c",
        "\x1b[12;40R",
    ] {
        for piece in reply.split('|') {
            terminal.keys(piece);
            // As the pieces of a slow connection come.
            std::thread::sleep(Duration::from_millis(80));
        }
    }
    let before = shown(&terminal);
    terminal.until("a later screen", |t| (shown(t) > before).then_some(()));
    let text = terminal.text();
    assert!(!text.contains("knobs of") && terminal.row(34).contains("q quit"), "{text}");
    terminal.keys("q");
    let left = terminal.end();
    assert_eq!(left.code, 0, "{}", left.text);
    assert!(left.text.contains("ended by q"), "{}", left.text);
}

/// What the screen asks when it opens.
fn asked(args: &[&str], variables: &[(&str, &str)]) -> bool {
    let mut terminal = Terminal::start_with(&[&["demo", "-c", "4"], args].concat(), variables);
    terminal.shows(&["RUN", "LATENCY"]);
    let bytes = terminal.bytes();
    terminal.keys("q");
    assert_eq!(terminal.end().code, 0);
    bytes.windows(7).any(|w| w == b"\x1b]11;?\x07")
}

#[test]
fn the_background_is_asked_for_only_where_nothing_says_it_and_the_terminal_is_near() {
    assert!(asked(&[], &[]));
    assert!(!asked(&["--theme", "light"], &[]));
    assert!(!asked(&[], &[("COLORFGBG", "15;0")]));
    assert!(!asked(&[], &[("SSH_TTY", "/dev/pts/9")]));
}

/// The colour behind the footer.
fn footer(args: &[&str], reply: &str) -> vt100::Color {
    let mut terminal = Terminal::start(&[&["demo", "-c", "4"], args].concat());
    // It lies there before the terminal is asked, so however busy this machine is it comes in time.
    terminal.keys(reply);
    terminal.shows(&["RUN", "LATENCY", "quit"]);
    let colour = terminal.screen(|s| s.cell(34, 60).map(vt100::Cell::bgcolor));
    terminal.keys("q");
    assert_eq!(terminal.end().code, 0);
    colour.unwrap()
}

#[test]
fn the_background_that_the_terminal_tells_is_drawn_for_and_what_was_typed_meanwhile_is_kept() {
    let (light, dark) = (footer(&["--theme", "light"], ""), footer(&["--theme", "dark"], ""));
    assert_ne!(light, dark);

    assert_eq!(footer(&[], "\x1b]11;rgb:ffff/ffff/ffff\x07"), light);
    assert_eq!(footer(&[], "\x1b]11;rgb:0000/0000/0000\x1b\\"), dark);
    assert_eq!(footer(&[], ""), dark);

    let mut terminal = Terminal::start(&["demo", "-c", "4"]);
    terminal.keys("?");
    terminal.shows(&["pause or resume sending"]);
    terminal.keys("\x1b");
    terminal.hides(&["pause or resume sending"]);
    terminal.keys("q");
    assert_eq!(terminal.end().code, 0);
}
