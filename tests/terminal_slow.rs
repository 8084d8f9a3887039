//! A terminal that takes nothing: the load goes on, keys are obeyed, pictures are left out and counted, files are written.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "support/nginx.rs"]
mod nginx;
#[path = "support/schema.rs"]
mod schema;
#[path = "support/terminal.rs"]
mod terminal;

use nginx::Nginx;
use schema::{check, text};
use serde_json::Value;
use terminal::{Signal, Terminal};

/// A run whose terminal has taken nothing for many pictures' worth of bytes, and keys that asked for as many.
fn held_up(nginx: &Nginx) -> Terminal {
    let mut terminal = Terminal::start(&["-c", "4", "-o", "report.json", &nginx.url()]);
    terminal.shows(&["RUN", "LATENCY"]);
    terminal.read_on(false);
    // A terminal's buffer holds less than four whole pictures; each of these keys asks for one.
    for _ in 0..40 {
        terminal.keys("\x0c");
        let before = nginx.counts().requests;
        terminal.until("more requests", |_| (nginx.counts().requests > before + 50).then_some(()));
    }
    terminal
}

/// The report, once it is there.
fn report(terminal: &Terminal) -> Value {
    let path = terminal.folder().join("report.json");
    terminal.until("the report", |_| {
        serde_json::from_str(&std::fs::read_to_string(&path).ok()?).ok()
    })
}

#[test]
fn a_terminal_that_does_not_read_misses_pictures_and_nothing_else() {
    let nginx = Nginx::start();
    let mut terminal = held_up(&nginx);

    // Keys are read all the while.
    terminal.keys(" ");
    terminal.until("an end of the sending", |_| {
        let before = nginx.counts().requests;
        std::thread::sleep(std::time::Duration::from_millis(100));
        (nginx.counts().requests == before).then_some(())
    });
    terminal.read_on(true);
    terminal.shows(&["PAUSED", "LATENCY", "EVENTS"]);
    terminal.keys("q");
    let left = terminal.end();

    assert_eq!(left.code, 0, "{}", left.text);
    assert!(left.text.contains("the terminal was too slow for"), "{}", left.text);
}

#[test]
fn a_run_that_nobody_reads_ends_by_a_signal_and_leaves_its_files() {
    let nginx = Nginx::start();
    let terminal = held_up(&nginx);

    terminal.signal(Signal::TERM);
    let summary = report(&terminal);

    check(&summary);
    assert_eq!(text(&summary, "/ended_by"), "signal");
    // Whoever reads again finds the normal screen with the closing text.
    terminal.read_on(true);
    let left = terminal.end();
    assert_eq!(left.code, 143, "{}", left.text);
    assert!(left.text.contains("ended by signal"), "{}", left.text);
}

/// The run is over and its files are there; what is left is to print, which nobody takes.
#[test]
fn a_second_signal_ends_what_nobody_reads_and_whoever_reads_again_finds_a_normal_screen() {
    let nginx = Nginx::start();
    let terminal = held_up(&nginx);

    terminal.signal(Signal::TERM);
    report(&terminal);
    // More than two signals that are taken for one are apart.
    std::thread::sleep(std::time::Duration::from_millis(60));
    terminal.signal(Signal::TERM);
    let stat = std::path::PathBuf::from(format!("/proc/{}/stat", terminal.pid()));
    terminal.until("end of the process", |_| {
        let stat = std::fs::read_to_string(&stat).unwrap_or_default();
        (stat.is_empty() || stat.contains(") Z ")).then_some(())
    });
    terminal.read_on(true);
    assert_eq!(terminal.end().code, 143);
}
