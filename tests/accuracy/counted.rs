//! A12 exact counts · A13 bytes · A14 connections · A16 volume.

use crate::product::Product;
use crate::ran::{Ran, alone, judged, run, say};
use crate::truth::{Behaviour, Body, Script, Truth, fnv};
use std::time::Duration;

/// A12: client, server and `-n` agree, and each number was sent once.
fn a12(n: u64, c: u64) {
    let truth = Truth::always(Behaviour::default());
    let ran = run(&truth, &["-n", &n.to_string(), "-c", &c.to_string()]).reconciled(&truth);
    let mut numbers: Vec<u64> = ran.seen.iter().filter_map(|e| e.seq).collect();
    numbers.sort();
    numbers.dedup();
    say(
        "A12",
        &format!(
            "-n {n} -c {c}: server {}, distinct numbers {}",
            truth.counts().requests,
            numbers.len()
        ),
    );
    assert_eq!((truth.counts().requests, ran.n("/books/ok"), ran.n("/status/200")), (n, n, n));
    assert_eq!((numbers.len() as u64, numbers[0], numbers[numbers.len() - 1]), (n, 0, n - 1));
}

#[test]
fn a12_a_number_of_requests_is_exact_at_both_ends() {
    let _alone = alone();
    for (n, c) in [(1, 1), (2, 7), (3, 500), (2000, 500), (30_000, 7)] {
        a12(n, c);
    }
}

#[test]
#[ignore = "a million requests"]
fn a12_full() {
    let _alone = alone();
    for (n, c) in [(100_000, 1), (100_000, 500), (1_000_001, 50)] {
        a12(n, c);
    }
}

/// A13: every byte is counted at both ends, heads too, and every body arrives as it was given.
fn a13(size: usize, reply: Body, n: u64) -> Ran {
    let truth = Truth::always(Behaviour {
        body: reply,
        ..Behaviour::default()
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("body");
    let body: Vec<u8> = (0..size).map(|i| (i * 31 % 251) as u8).collect();
    std::fs::write(&file, &body).unwrap();
    let file = file.to_str().unwrap();
    let ran = run(
        &truth,
        &["-n", &n.to_string(), "-c", "5", "-t", "60s", "-m", "PUT", "-D", file],
    )
    .reconciled(&truth);
    let counts = truth.counts();
    say(
        "A13",
        &format!(
            "{size} B, {reply:?}, n {n}: out {} = {}, in {} = {}",
            ran.n("/bytes/tx"),
            counts.rx,
            ran.n("/bytes/rx"),
            counts.tx
        ),
    );
    assert_eq!((ran.n("/bytes/tx"), ran.n("/bytes/rx")), (counts.rx, counts.tx));
    assert_eq!(ran.n("/bytes/surplus"), 0);
    let whole = ran.seen.iter().filter(|e| e.hash == fnv(&body)).count() as u64;
    assert_eq!(whole, n, "bodies that arrived as they were given");
    ran
}

#[test]
fn a13_bytes_agree_to_the_last_at_both_ends() {
    let _alone = alone();
    for (size, reply, n) in [
        (0, Body::Length(0), 200),
        (1, Body::Chunked(1), 200),
        (1460, Body::Echo, 200),
        (65_536, Body::Chunked(65_536), 50),
        (10 << 20, Body::Echo, 3),
    ] {
        a13(size, reply, n);
    }
}

#[test]
#[ignore = "ten thousand requests a size"]
fn a13_full() {
    let _alone = alone();
    for size in [0, 1, 1460, 65_536] {
        for reply in [Body::Length(size), Body::Chunked(size), Body::Echo] {
            a13(size, reply, 10_000);
        }
    }
    a13(10 << 20, Body::Length(10 << 20), 100);
    a13(10 << 20, Body::Echo, 100);
}

/// A14: connections made are connections accepted, and none is left.
fn a14(behaviour: Behaviour, args: &[&str]) -> (Ran, u64) {
    let truth = Truth::always(behaviour);
    let ran = run(&truth, args).reconciled(&truth);
    let counts = truth.counts();
    say("A14", &format!("{args:?}: {counts:?}, {}", ran.summary["connections"]));
    assert_eq!(ran.n("/books/ok"), ran.n("/books/sent"), "{:#}", ran.summary["errors"]);
    let begun = std::time::Instant::now();
    while truth.counts().open > 0 {
        assert!(begun.elapsed() < Duration::from_secs(10), "left open: {:?}", truth.counts());
        std::thread::yield_now();
    }
    (ran, counts.accepts)
}

fn a14_churn(n: u64) {
    let text = n.to_string();
    let (ran, accepts) = a14(Behaviour::default(), &["-n", &text, "-c", "10", "--no-keepalive"]);
    assert_eq!(accepts, n);
    assert_eq!(ran.n("/latency/connect/count"), n);
    let closing = Behaviour {
        close_every: 10,
        ..Behaviour::default()
    };
    let (_, accepts) = a14(closing, &["-n", &text, "-c", "7"]);
    assert!((n / 10..=n / 10 + 7).contains(&accepts), "{accepts}");
}

#[test]
fn a14_connections_made_and_accepted_are_the_same_and_none_is_left() {
    let _alone = alone();
    a14_churn(1000);
}

#[test]
#[ignore = "five thousand connections"]
fn a14_full() {
    let _alone = alone();
    a14_churn(5000);
}

#[test]
fn a14_a_connection_closed_while_idle_loses_no_request() {
    let _alone = alone();
    let idle = Behaviour {
        idle_close: Some(Duration::from_millis(50)),
        ..Behaviour::fixed(2)
    };
    let script = "0s workers 8; 400ms workers 1; 900ms workers 8; 1300ms workers 1; 1800ms workers 8; 2200ms quit";
    let (ran, accepts) = a14(idle, &["-c", "8", "--script", script]);
    assert!(accepts >= 8 + 7 + 7, "they were closed and made anew: {accepts}");
    assert_eq!(ran.n("/books/failed"), 0);
}

/// A16: resident memory (kB) at two counts of requests, every path its own.
fn a16(n: u64, early: u64) -> (u64, u64) {
    let truth = Truth::start(Script {
        logged: false,
        ..Script::always(Behaviour::default())
    });
    let url = truth.url();
    let product = Product::start(&[
        "-n",
        &n.to_string(),
        "-c",
        "50",
        "--headless",
        "--output-format",
        "json",
        &url,
    ]);
    let resident = || {
        let text = std::fs::read_to_string(format!("/proc/{}/status", product.pid())).unwrap_or_default();
        let line = text.lines().find_map(|l| l.strip_prefix("VmRSS:").map(str::to_owned));
        line.and_then(|l| l.trim_end_matches("kB").trim().parse::<u64>().ok())
    };
    let (mut first, mut last) = (None, 0);
    while truth.counts().requests < n * 19 / 20 {
        if truth.counts().requests >= early {
            last = resident().unwrap_or(last);
            first = first.or(Some(last));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let summary = product.end(Duration::from_secs(1800)).json();
    assert_eq!((summary["books"]["ok"].as_u64(), truth.counts().requests), (Some(n), n));
    let first = first.unwrap_or(last);
    say(
        "A16",
        &format!(
            "{n} requests: {first} kB at {early}, {last} kB at the end, {}/s",
            summary["throughput"]["rps"]
        ),
    );
    (first, last)
}

#[test]
fn a16_memory_does_not_grow_with_requests_nor_with_paths() {
    let _alone = alone();
    let (first, last) = a16(200_000, 40_000);
    assert!(last <= first + 5_000, "{first} kB, then {last} kB");
}

#[test]
#[ignore = "twenty million requests"]
fn a16_full() {
    judged(
        || a16(20_000_000, 1_000_000),
        |(first, last)| assert!(last <= first + 5_000, "{first} kB, then {last} kB"),
    );
}
