//! What the screen costs: `cargo bench --bench screen`.
//!
//! The product runs in a pseudo-terminal of 200×50 whose other end counts and throws away. CPU is that of the thread that
//! draws, as the kernel says; pictures are counted by their synchronized updates. Throughput is counted by the product, with a
//! screen and without, in turns, against an nginx of its own. `CLOBBER_SECONDS` (30) of drawing, `CLOBBER_ROUNDS` (5) of
//! throughput, `CLOBBER_PRODUCT` another build. It needs nginx, and a machine that does nothing else: the load average is printed.
#![allow(clippy::unwrap_used, reason = "a bench that cannot go on stops there")]

#[path = "../tests/support/nginx.rs"]
mod nginx;
#[path = "screen/pty.rs"]
mod pty;

use nginx::Nginx;
use pty::{Cost, Pty};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What the terminal is like and what is typed before the cost is taken.
struct Case {
    name: &'static str,
    args: &'static [&'static str],
    keys: &'static str,
}

/// Narrowed, the map scrolls with every column of 0.5 s.
const CASES: [Case; 4] = [
    Case {
        name: "max, as it starts",
        args: &["demo", "--seed", "6"],
        keys: "",
    },
    Case {
        name: "max, scrolling",
        args: &["demo", "--seed", "6"],
        keys: "wwwwww",
    },
    Case {
        name: "open, overloaded",
        args: &["demo", "-q", "9k", "--seed", "6"],
        keys: "",
    },
    Case {
        name: "slo",
        args: &["demo", "--slo", "p99<80ms", "--seed", "6"],
        keys: "",
    },
];

fn main() {
    // `cargo test --benches` calls benches too; they measure only when asked to.
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    let number = |name: &str, or: u64| std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(or);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load average {}\n", load.trim());
    costs(number("CLOBBER_SECONDS", 30));
    starts();
    throughput(number("CLOBBER_ROUNDS", 5));
}

/// Cost of the drawing thread over some seconds, once the search has begun.
fn costs(seconds: u64) {
    println!("| 200×50, {seconds} s | ms/picture | pictures/s | kB/s | share of a core |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for case in CASES {
        let terminal = Pty::start(case.args, true);
        terminal.until_pictures(20);
        terminal.keys(case.keys);
        // The window is full before it scrolls.
        let settle = if case.keys.is_empty() { 2 } else { 50 };
        std::thread::sleep(Duration::from_secs(settle));
        let begin = terminal.cost();
        std::thread::sleep(Duration::from_secs(seconds));
        row(case.name, &terminal.cost().since(&begin));
        terminal.end();
    }
}

fn row(name: &str, cost: &Cost) {
    let (cpu, span) = (cost.cpu.as_secs_f64(), cost.at.as_secs_f64());
    println!(
        "| {name} | {:.2} | {:.1} | {:.1} | {:.2} % |",
        cpu * 1e3 / cost.pictures.max(1) as f64,
        cost.pictures as f64 / span,
        cost.bytes as f64 / 1e3 / span,
        cpu / span * 100.0
    );
}

/// From the start of the process to the first picture, and to the first byte at the target.
fn starts() {
    println!("\n| from Enter, median of 9 | first picture | first request |");
    println!("| --- | ---: | ---: |");
    for (name, answers) in [("a terminal that answers", true), ("one that does not", false)] {
        let mut both = [Vec::new(), Vec::new()];
        for _ in 0..9 {
            let (picture, request) = start(answers);
            both[0].push(picture);
            both[1].push(request);
        }
        let [picture, request] = both.map(median);
        println!("| {name} | {:.0} ms | {:.0} ms |", picture * 1e3, request * 1e3);
    }
}

fn start(answers: bool) -> (f64, f64) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = [0; 4096];
        let _ = stream.read(&mut buffer).unwrap();
        let at = Instant::now();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        at
    });
    let begun = Instant::now();
    let terminal = Pty::start(&["-c", "1", &url], answers);
    let request = asked.join().unwrap() - begun;
    let picture = terminal.until_pictures(1) - begun;
    terminal.end();
    (picture.as_secs_f64(), request.as_secs_f64())
}

/// Answers per second at 64 workers with a screen and without, in turns.
fn throughput(rounds: u64) {
    let nginx = Nginx::start();
    let url = nginx.url();
    let args = ["-c", "64", "-z", "4s", "--warmup", "500ms", "-o", "report.json", &url];
    let mut ratios = Vec::new();
    println!("\n| 64 workers, nginx | screen | headless | ratio |");
    println!("| --- | ---: | ---: | ---: |");
    for round in 1..=rounds {
        let with = || rate(Pty::start(&args, true).finish());
        let without = || rate(headless(&args));
        // Whoever goes second finds the machine warmer.
        let (with, without) = if round % 2 == 0 {
            let first = with();
            (first, without())
        } else {
            let first = without();
            (with(), first)
        };
        println!("| {round} | {with:.0}/s | {without:.0}/s | {:.3} |", with / without);
        ratios.push(with / without);
    }
    println!("| median | | | {:.3} |", median(ratios));
}

fn headless(args: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(pty::product());
    command.args(args).arg("--headless").current_dir(folder.path());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(command.status().unwrap().success());
    folder
}

fn rate(folder: tempfile::TempDir) -> f64 {
    let text = std::fs::read_to_string(folder.path().join("report.json")).unwrap();
    let report: Value = serde_json::from_str(&text).unwrap();
    report["throughput"]["good_rps"].as_f64().unwrap()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
