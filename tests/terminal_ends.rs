//! However the product ends, the terminal is as it was, and the report is on the normal screen.
//! `Terminal::end` checks the terminal's settings, the alternate screen, the cursor and the modes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "support/dead.rs"]
mod dead;
#[path = "support/product.rs"]
mod product;
#[path = "support/schema.rs"]
mod schema;
#[path = "support/terminal.rs"]
mod terminal;

use dead::DeadPort;
use product::Product;
use schema::{check, text};
use serde_json::Value;
use std::time::Duration;
use terminal::{Signal, Terminal};

fn demo(args: &[&str]) -> Terminal {
    let terminal = Terminal::start(&[&["demo", "-c", "4"], args].concat());
    terminal.shows(&["RUN", "LATENCY"]);
    terminal.screen(|s| assert!(s.alternate_screen() && s.hide_cursor()));
    terminal
}

#[test]
fn a_signal_from_outside_leaves_the_terminal_as_it_was() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let terminal = demo(&[]);
        terminal.signal(signal);
        let left = terminal.end();
        assert_eq!(left.code, code, "{}", left.text);
        assert!(
            left.text.contains("ended by signal") && left.text.contains("Trust"),
            "{}",
            left.text
        );
    }
}

#[test]
fn ctrl_c_is_a_key_that_ends_the_run() {
    let mut terminal = demo(&[]);
    terminal.keys("\x03");
    let left = terminal.end();
    assert_eq!(left.code, 130, "{}", left.text);
    assert!(left.text.contains("ended by signal"), "{}", left.text);
}

#[test]
fn a_second_ctrl_c_does_not_wait_for_what_is_under_way() {
    let mut queue = Product::start(&["serve", "queue", "--service", "const:60s"]);
    let line = queue.line_with("listening on", Duration::from_secs(20));
    let target = format!("tcp://{}", line.rsplit(' ').next().unwrap());
    let payload = "GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n";
    let mut terminal = Terminal::start(&[&target, "-d", payload, "-c", "3", "-t", "50s", "--drain", "50s"]);
    terminal.shows(&["RUN"]);

    terminal.keys("\x03");
    terminal.shows(&["DRAIN", "again to stop now"]);
    terminal.keys("\x03");
    let left = terminal.end();

    assert_eq!(left.code, 130, "{}", left.text);
    assert!(left.text.contains("3 aborted (oldest "), "{}", left.text);
}

#[test]
fn a_signal_during_the_question_or_the_waiting_ends_it_too() {
    let port = DeadPort::new();
    let dead = port.addr().to_string();
    let terminal = Terminal::start(&[&dead]);
    terminal.shows(&["q quits"]);
    terminal.signal(Signal::TERM);
    let left = terminal.end();
    assert_eq!(left.code, 143, "{}", left.text);
}

#[test]
fn a_panic_in_one_worker_is_told_on_the_normal_screen_and_the_others_went_on() {
    let terminal = Terminal::start_with(
        &["demo", "-c", "5", "-z", "4s", "-o", "report.json"],
        &[("CLOBBER_FAULT", "panic_worker:3@2s")],
    );
    let report = terminal.folder().join("report.json");
    let summary = terminal.until("the report", |_| {
        serde_json::from_str::<Value>(&std::fs::read_to_string(&report).ok()?).ok()
    });
    let left = terminal.end();

    assert_eq!(left.code, 1, "{}", left.text);
    check(&summary);
    assert_eq!(summary["errors"]["internal"], 1, "{summary:#}");
    assert!(summary["books"]["ok"].as_u64().unwrap() > 100, "{:#}", summary["books"]);
    assert!(
        left.text.contains("panicked") && left.text.contains("ended by duration"),
        "{}",
        left.text
    );
}

#[test]
fn a_panic_of_the_engine_is_told_with_the_report_on_the_normal_screen() {
    let terminal = Terminal::start_with(&["demo"], &[("CLOBBER_FAULT", "panic_engine@2s")]);
    let left = terminal.end();

    assert_eq!(left.code, 1, "{}", left.text);
    for told in [
        "panicked at",
        "a fault of ours ended the run (exit 1)",
        "ended by a fault of ours",
        "Trust",
    ] {
        assert_eq!(left.text.matches(told).count(), 1, "{told}: {}", left.text);
    }
    assert!(!left.text.contains("the run goes on"), "it is over: {}", left.text);
}

#[test]
fn a_terminal_that_goes_away_ends_the_run_and_the_report_is_written() {
    let mut terminal = demo(&["-o", "report.json"]);
    let report = terminal.folder().join("report.json");

    terminal.hang_up();
    let summary = terminal.until("the report", |_| {
        serde_json::from_str::<Value>(&std::fs::read_to_string(&report).ok()?).ok()
    });

    check(&summary);
    assert_eq!(text(&summary, "/ended_by"), "signal");
    let process = std::path::PathBuf::from(format!("/proc/{}/stat", terminal.pid()));
    terminal.until("end of the process", |_| {
        let stat = std::fs::read_to_string(&process).unwrap_or_default();
        (stat.is_empty() || stat.contains(") Z ")).then_some(())
    });
}

#[test]
fn ctrl_z_gives_the_terminal_back_and_continuing_draws_it_again() {
    let mut terminal = demo(&[]);

    terminal.keys("\x1a");
    terminal.until("a normal screen", |t| {
        t.screen(|s| !s.alternate_screen() && !s.hide_cursor()).then_some(())
    });
    let stat = std::path::PathBuf::from(format!("/proc/{}/stat", terminal.pid()));
    terminal.until("a stopped process", |_| {
        std::fs::read_to_string(&stat).unwrap().contains(") T ").then_some(())
    });
    terminal.signal(Signal::CONT);
    terminal.until("the screen again", |t| t.screen(|s| s.alternate_screen()).then_some(()));
    terminal.shows(&["RUN", "LATENCY"]);
    terminal.keys("q");
    let left = terminal.end();

    assert_eq!(left.code, 0, "{}", left.text);
}

/// Nobody gave the terminal back: what stopped it may have been written on it since.
#[test]
fn continuing_after_a_stop_from_outside_draws_everything_anew() {
    let mut terminal = demo(&[]);
    let stat = std::path::PathBuf::from(format!("/proc/{}/stat", terminal.pid()));
    terminal.signal(Signal::STOP);
    terminal.until("a stopped process", |_| {
        std::fs::read_to_string(&stat).unwrap().contains(") T ").then_some(())
    });
    let whole = |t: &Terminal| t.bytes().windows(4).filter(|w| w == b"\x1b[2J").count();
    let before = whole(&terminal);
    terminal.signal(Signal::CONT);
    terminal.until("a whole picture", |t| (whole(t) > before).then_some(()));
    terminal.keys("q");
    assert_eq!(terminal.end().code, 0);
}

#[test]
fn ctrl_c_twice_ends_it_while_it_waits_for_a_first_answer() {
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut terminal = Terminal::start(&[&mute.local_addr().unwrap().to_string(), "-t", "60s"]);
    let (_kept, _) = mute.accept().unwrap();
    terminal.shows(&["connecting"]);
    terminal.keys("\x03\x03");
    assert_eq!(terminal.end().code, 130);
}

#[test]
fn quit_gives_the_terminal_back_before_it_ends() {
    let terminal = demo(&[]);
    terminal.signal(Signal::QUIT);
    assert_eq!(terminal.end().code, 128 + 3);
}

#[test]
fn q_in_capitals_leaves_the_last_picture_behind() {
    let mut terminal = demo(&[]);
    terminal.keys("Q");
    let left = terminal.end();
    assert_eq!(left.code, 0);
    let bytes = left.text;
    assert!(bytes.contains("ended by q"), "{bytes}");
    assert!(bytes.contains("EVENTS"), "{bytes}");
}
