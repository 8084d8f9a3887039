//! Signals and terminals that go away, whatever the product is busy with: it ends, and what it knows is written.
//! That a second signal takes no longer than a second is judged in the full run only.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "support/bare.rs"]
mod bare;
#[path = "support/nginx.rs"]
mod nginx;
#[path = "support/product.rs"]
mod product;
#[path = "support/quiet.rs"]
mod quiet;
#[path = "support/schema.rs"]
mod schema;

use bare::Bare;
use nginx::Nginx;
use product::{Ended, Product, Signal};
use schema::{check, number, text};
use serde_json::Value;
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(30);
/// From a second signal to the end.
const SOON: Duration = Duration::from_secs(1);
/// Longer than two signals are taken for one.
const APART: Duration = Duration::from_millis(60);

/// Sends it the signal that must be enough, and waits.
fn enough(product: Product, signal: Signal) -> Ended {
    let sent = Instant::now();
    product.signal(signal);
    let ended = product.end(LONG);
    assert!(!quiet::full() || sent.elapsed() < SOON, "after {:?}", sent.elapsed());
    ended
}

/// Waits for a report.
fn report(path: &Path) -> Value {
    let begun = Instant::now();
    loop {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        if let Ok(summary) = serde_json::from_str(&text) {
            check(&summary);
            return summary;
        }
        assert!(begun.elapsed() < LONG, "no report in {}: {text}", path.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A run whose standard output is a pipe that is full and stays so.
fn unread(args: &[&str]) -> (Product, std::os::fd::OwnedFd) {
    let (from, to) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::NONBLOCK | rustix::pipe::PipeFlags::CLOEXEC).unwrap();
    while rustix::io::write(&to, &[b'x'; 4096]).is_ok() {}
    // Writing to it waits again.
    let flags = rustix::fs::fcntl_getfl(&to).unwrap();
    rustix::fs::fcntl_setfl(&to, flags - rustix::fs::OFlags::NONBLOCK).unwrap();
    let args = [&["demo", "-c", "3", "--headless", "-o", "report.json"], args].concat();
    (
        Product::start_with(&args, |command| {
            command.stdout(to);
        }),
        from,
    )
}

#[test]
fn a_full_pipe_at_standard_output_keeps_neither_the_file_nor_a_signal_waiting() {
    for (args, code) in [
        (&["-n", "50"][..], 143),
        (&["-n", "50", "--output-format", "jsonl"], 143),
        (&["-n", "50", "--output-format", "json"], 143),
    ] {
        let (product, _from) = unread(args);
        let summary = report(&product.folder().join("report.json"));
        assert_eq!(number(&summary, "/books/sent"), 50);

        // The run is over, so the first one is enough.
        let ended = enough(product, Signal::TERM);
        assert_eq!(ended.code, Some(code), "{}", ended.stderr);
        assert!(ended.stderr.contains("ended at once"), "{}", ended.stderr);
    }
}

#[test]
fn a_second_signal_ends_a_run_whose_output_is_a_full_pipe() {
    let (product, _from) = unread(&["-z", "60s", "-o", "lines.jsonl"]);
    let lines = |product: &Product| {
        let found = std::fs::read_dir(product.folder()).unwrap().flatten();
        found.filter_map(|f| f.metadata().ok()).any(|f| f.len() > 0)
    };
    let begun = Instant::now();
    while !lines(&product) {
        assert!(begun.elapsed() < LONG, "no lines");
        std::thread::sleep(Duration::from_millis(5));
    }
    product.signal(Signal::INT);
    std::thread::sleep(APART);
    let folder = product.folder().to_owned();
    product.signal(Signal::INT);
    let summary = report(&folder.join("report.json"));
    assert_eq!(text(&summary, "/ended_by"), "signal");
    assert_eq!(product.end(LONG).code, Some(130));
}

#[test]
fn a_second_signal_ends_it_while_it_waits_for_a_first_answer() {
    // Accepts, and never answers.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = mute.local_addr().unwrap().to_string();
    let product = Product::start(&[&address, "-t", "60s", "--headless", "-o", "report.json"]);
    let (_kept, _) = mute.accept().unwrap();

    product.signal(Signal::TERM);
    std::thread::sleep(APART);
    let folder = product.folder().to_owned();
    let ended = enough(product, Signal::TERM);

    assert_eq!(ended.code, Some(143), "{}", ended.stderr);
    drop(folder);
}

#[test]
fn a_hup_that_is_ignored_from_the_beginning_stays_ignored() {
    let program = env!("CARGO_BIN_EXE_clobber-tui");
    for (before, code, by) in [
        ("--ignore-signal=HUP", 0, "duration"),
        ("--default-signal=HUP", 129, "signal"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut shell = std::process::Command::new("env");
        shell.args([before, program]);
        shell.args([
            "demo",
            "-c",
            "3",
            "-z",
            "3s",
            "--headless",
            "--output-format",
            "jsonl",
            "-o",
            "report.json",
        ]);
        shell.current_dir(folder.path()).stdout(std::process::Stdio::piped());
        let mut child = shell.spawn().unwrap();
        let mut lines = std::io::BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("\"phase\":\"RUN\"") {
            line.clear();
            assert!(std::io::BufRead::read_line(&mut lines, &mut line).unwrap() > 0, "no run");
        }
        rustix::process::kill_process(rustix::process::Pid::from_child(&child), Signal::HUP).unwrap();
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut lines, &mut rest).unwrap();

        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert_eq!(text(&report(&folder.path().join("report.json")), "/ended_by"), by);
    }
}

/// Bytes of every kind, as a terminal, a network or a cat on the keyboard sends them, and sizes in between. What ends or
/// suspends a run, or stops its traffic, is left out: these are to be survived.
fn storm(terminal: &mut Bare, seed: u64, bytes: usize, sizes: usize) {
    const BEGUN: [&[u8]; 12] = [
        b"\x1b[",
        b"\x1b[?62;",
        b"\x1b[?1049l",
        b"\x1b[?2026;2$",
        b"\x1b[200~abc",
        b"\x1bO",
        b"\x1b]11;rgb:ff",
        b"\x1bP>|x",
        b"\x1b_G",
        b"\x1b^",
        b"\xe6",
        b"\xf0\x9f",
    ];
    let mut random = fastrand::Rng::with_seed(seed);
    let chunk = bytes / sizes;
    for _ in 0..sizes {
        let mut sent: Vec<u8> = (0..chunk).map(|_| random.u8(..)).collect();
        sent.extend_from_slice(BEGUN[random.usize(..BEGUN.len())]);
        sent.iter_mut()
            .filter(|b| matches!(**b, b'q' | b'Q' | b' ' | b'f' | b's' | 0x03 | 0x1a))
            .for_each(|b| *b = b'x');
        terminal.send(&sent);
        terminal.resize(random.u16(1..60), random.u16(1..200));
    }
    // In the middle of one, whichever it is.
    terminal.send(BEGUN[seed as usize % BEGUN.len()]);
}

#[test]
fn whatever_a_terminal_sent_before_it_goes_away_the_run_ends_and_is_reported() {
    let (seeds, bytes, sizes) = if quiet::full() { (20, 10_000, 300) } else { (2, 2_000, 40) };
    let nginx = Nginx::start();
    for seed in 0..seeds {
        let folder = tempfile::tempdir().unwrap();
        let args = ["-c", "4", "--max-workers", "8", "-o", "report.json", &nginx.url()];
        let mut terminal = Bare::start(&args, folder.path());
        let before = nginx.counts().requests;
        terminal.until(|| nginx.counts().requests > before + 10);
        storm(&mut terminal, seed, bytes, sizes);

        let closed = terminal.close();
        let code = terminal.code();
        let took = closed.elapsed();
        let after = nginx.counts().requests;
        let summary = report(&folder.path().join("report.json"));
        eprintln!(
            "seed {seed}: {bytes} bytes, {sizes} sizes; gone {:.0} ms after the close with {code}, {} requests, {} at the server",
            took.as_secs_f64() * 1e3,
            number(&summary, "/books/sent"),
            after - before
        );

        assert_eq!(code, 129, "seed {seed}");
        assert_eq!(text(&summary, "/ended_by"), "signal", "seed {seed}");
        assert!(!quiet::full() || took < SOON, "seed {seed}: {took:?}");
        // Nobody is left to load it.
        assert_eq!(nginx.counts().requests, after, "seed {seed}");
    }
}
