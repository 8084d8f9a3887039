//! The product on a screen: keys do what they say, and what they did is on the screen and in the report.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "support/dead.rs"]
mod dead;
#[path = "support/nginx.rs"]
mod nginx;
#[path = "support/product.rs"]
mod product;
#[path = "support/schema.rs"]
mod schema;
#[path = "support/terminal.rs"]
mod terminal;

use dead::DeadPort;
use nginx::Nginx;
use product::Product;
use schema::{check, text};
use serde_json::Value;
use std::path::PathBuf;
use terminal::Terminal;

/// A demo that has begun.
fn demo(args: &[&str]) -> Terminal {
    let terminal = Terminal::start(&[&["demo"], args].concat());
    terminal.shows(&["RUN", "clobber"]);
    terminal
}

/// The summary that a run leaves in `report.json` of its folder.
fn report(terminal: &Terminal) -> PathBuf {
    terminal.folder().join("report.json")
}

#[test]
fn a_search_shows_its_state_its_verdict_its_ladder_and_its_keys_and_q_ends_it_well() {
    let mut terminal = demo(&[]);

    terminal.shows(&["RUN", "max", "LADDER", "LATENCY", "THROUGHPUT", "WORKERS", "QUEUE", "EVENTS"]);
    let first = terminal.row(0);
    assert!(first.contains("clobber") && first.contains("127.0.0.1"), "{first}");
    let footer = terminal.row(34);
    assert!(footer.contains("help") && footer.contains("quit"), "{footer}");
    // The verdict bar: undecided at first, then with a number of its own.
    terminal.until("a verdict in row 2", |t| t.row(1).contains("UNDECIDED").then_some(()));
    terminal.keys("q");
    let left = terminal.end();

    assert_eq!(left.code, 0, "{}", left.text);
    for piece in ["ended by q", "UNDECIDED", "Trust", "Again"] {
        assert!(left.text.contains(piece), "{piece} is missing in:\n{}", left.text);
    }
}

#[test]
fn help_opens_and_closes_and_lists_the_keys() {
    let mut terminal = demo(&["-c", "4"]);

    terminal.keys("?");
    terminal.shows(&["pause or resume sending", "CONTROL"]);
    terminal.keys("/zoom\r");
    terminal.hides(&["pause or resume sending"]);
    terminal.keys("\x1b");
    terminal.hides(&["zoom the pane; Esc goes back"]);
    terminal.keys("q");
    assert_eq!(terminal.end().code, 0);
}

#[test]
fn a_mode_is_chosen_from_its_list() {
    let mut terminal = demo(&["-c", "4"]);
    terminal.shows(&["manual"]);

    terminal.keys("m");
    terminal.shows(&["max", "slo", "hold", "manual", "Enter"]);
    // From manual upwards: hold, slo, then max.
    terminal.keys("kkk\r");
    terminal.shows(&["LADDER"]);
    terminal.keys("q");
    assert_eq!(terminal.end().code, 0);
}

#[test]
fn a_command_is_typed_obeyed_and_shown_and_a_bad_one_is_refused_with_a_reason() {
    let terminal_args = ["-o", "report.json"];
    let mut terminal = demo(&terminal_args);

    terminal.keys(":frobnicate\r");
    terminal.shows(&["is not a command"]);
    terminal.keys("\x1b");
    terminal.hides(&["is not a command"]);
    terminal.keys(":workers 20\r");
    terminal.shows(&["MANUAL", "workers 20"]);
    terminal.keys("a");
    terminal.hides(&["MANUAL"]);
    terminal.keys("b");
    terminal.keys("half way\r");
    terminal.shows(&["half way"]);
    terminal.keys("q");
    let report = report(&terminal);
    let summary = terminal.until("the report", |_| {
        serde_json::from_str::<Value>(&std::fs::read_to_string(&report).ok()?).ok()
    });
    let left = terminal.end();

    assert_eq!(left.code, 0, "{}", left.text);
    check(&summary);
    assert_eq!(text(&summary, "/ended_by"), "quit");
    let said: Vec<&str> = summary["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|e| e["who"] == "user")
        .filter_map(|e| e["what"].as_str())
        .collect();
    let mut rest = said.iter();
    for piece in ["workers 20", "auto", "half way", "quit"] {
        assert!(
            rest.any(|w| w.contains(piece)),
            "{piece} is not, or not in order, in {said:?}"
        );
    }
    assert!(!said.iter().any(|w| w.contains("frobnicate")), "{said:?}");
}

#[test]
fn space_stops_the_sending_and_starts_it_again() {
    let nginx = Nginx::start();
    let mut terminal = Terminal::start(&["-c", "4", &nginx.url()]);
    terminal.shows(&["RUN"]);

    terminal.keys(" ");
    terminal.shows(&["PAUSED", "space resumes"]);
    // Quiet once what was under way has come back.
    let quiet = terminal.until("an end of the sending", |_| {
        let before = nginx.counts().requests;
        std::thread::sleep(std::time::Duration::from_millis(300));
        (nginx.counts().requests == before).then_some(before)
    });
    terminal.keys(" ");
    terminal.shows(&["RUN"]);
    terminal.until("more requests", |_| (nginx.counts().requests > quiet).then_some(()));
    terminal.keys("f");
    terminal.shows(&["FROZEN"]);
    let frozen = nginx.counts().requests;
    terminal.until("traffic behind a frozen view", |_| {
        (nginx.counts().requests > frozen + 100).then_some(())
    });
    terminal.keys("fq");
    assert_eq!(terminal.end().code, 0);
}

#[test]
fn a_snapshot_is_a_folder_with_a_report_a_text_and_the_screen() {
    let mut terminal = demo(&["-c", "4"]);

    terminal.keys("s");
    terminal.shows(&["saved "]);
    let folder = std::fs::read_dir(terminal.folder())
        .unwrap()
        .map(|f| f.unwrap().path())
        .find(|p| p.is_dir())
        .expect("a folder of the snapshot");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    check(&serde_json::from_str(&read("report.json")).unwrap());
    assert!(read("report.txt").starts_with("clobber "));
    assert!(read("screen.svg").starts_with("<svg") && read("screen.svg").contains("LATENCY"));
    assert!(folder.file_name().unwrap().to_str().unwrap().starts_with("clobber-127.0.0.1"));
    terminal.keys("q");
    assert_eq!(terminal.end().code, 0);
}

#[test]
fn every_key_may_be_pressed_and_every_pane_shown_without_an_end() {
    let mut terminal = demo(&[]);
    for keys in [
        "1z",
        "z2z",
        "z3",
        "4",
        "5z",
        "z6z",
        "z7z",
        "z8",
        "9",
        "0",
        "\t\t",
        "\x1b[Z",
        "w",
        "W",
        "n",
        "c",
        "t",
        "e",
        "e",
        "+",
        "-",
        "<",
        ">",
        "a",
        "\x1b[A",
        "\x1b[B",
        "\x1b[5~",
        "\x1b[6~",
        "[",
        "]",
        "{",
        "}",
        "u",
        "\x12",
        "g\x1b[C\x1b[D\x1b[B\x1b",
        "\x0c",
        "\x1bOP\x1b",
        "é",
        "\x1b[200~qq\x1b[201~",
    ] {
        terminal.keys(keys);
    }
    terminal.keys("\x1b\x1b:still here");
    terminal.shows(&["still here"]);
    // Wait for the effect: Esc and a letter together are another key.
    terminal.keys("\x1b");
    terminal.hides(&["still here"]);
    terminal.shows(&["RUN"]);
    terminal.keys("q");
    let left = terminal.end();
    assert_eq!(left.code, 0, "{}", left.text);
}

#[test]
fn an_answer_that_is_not_well_asks_one_line_and_enter_starts() {
    let nginx = Nginx::with("location / { return 404 'no'; }");
    let mut terminal = Terminal::start(&["-c", "3", &nginx.url()]);

    terminal.shows(&["READY", "404", "Enter"]);
    assert_eq!(nginx.counts().requests, 1, "the probe and nothing else");
    terminal.keys("\r");
    terminal.shows(&["RUN"]);
    terminal.until("requests", |_| (nginx.counts().requests > 10).then_some(()));
    terminal.keys("q");
    let left = terminal.end();

    assert_eq!(left.code, 0, "{}", left.text);
    assert!(left.text.contains("404"), "{}", left.text);
}

#[test]
fn q_leaves_the_question_and_nothing_more_is_sent() {
    let nginx = Nginx::with("location / { return 404 'no'; }");
    let mut terminal = Terminal::start(&[&nginx.url()]);

    terminal.shows(&["READY", "404"]);
    terminal.keys("q");
    let left = terminal.end();

    assert_eq!(nginx.counts().requests, 1);
    assert_eq!(left.code, 3, "no request succeeded:\n{}", left.text);
    assert!(left.text.contains("ended by q"), "{}", left.text);
}

#[test]
fn a_dead_port_shows_its_reason_goes_on_trying_and_is_loaded_when_it_comes_back() {
    let port = DeadPort::new();
    let dead = port.addr().to_string();
    let mut terminal = Terminal::start(&[&dead]);
    terminal.shows(&["connection refused", "running?", "q quits"]);
    terminal.keys("q");
    let left = terminal.end();
    assert_eq!(left.code, 3, "{}", left.text);
    assert!(
        left.text.contains("UNREACHABLE") && left.text.contains("connection refused"),
        "{}",
        left.text
    );

    let mut terminal = Terminal::start(&["-c", "3", &dead]);
    terminal.shows(&["q quits"]);
    drop(port);
    let _queue = Product::start(&["serve", "queue", "--listen", &dead]);
    terminal.shows(&["RUN"]);
    terminal.keys("q");
    let left = terminal.end();
    assert_eq!(left.code, 0, "{}", left.text);
}
