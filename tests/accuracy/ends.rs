//! A18: the end comes when it was asked for, and what was under way is told. A22: by no wall clock.

use crate::product::Product;
use crate::ran::{Ran, alone, finish, judged, say, start};
use crate::truth::{Behaviour, Body, Fate, Script, Truth};
use std::path::Path;
use std::time::{Duration, Instant};

/// A18: the server answers the first request and no other; timeout 60 s, drain 1 s. Seconds the process lived.
fn a18(seconds: u64) -> (Ran, f64) {
    let deaf = Behaviour {
        fates: vec![Fate::Never],
        ..Behaviour::default()
    };
    let truth = Truth::start(Script::always(Behaviour::default()).then(1, deaf));
    let begun = Instant::now();
    let started = start(
        &truth,
        &["-c", "5", "-z", &format!("{seconds}s"), "-t", "60s", "--drain", "1s"],
    );
    let ran = finish(&truth, started).reconciled(&truth);
    let lived = begun.elapsed().as_secs_f64();
    say(
        "A18",
        &format!("-z {seconds}s --drain 1s: {lived:.2} s, {}", ran.summary["books"]),
    );
    (ran, lived)
}

#[test]
fn a18_a_target_that_never_answers_does_not_hold_the_end_up() {
    let _alone = alone();
    let (ran, lived) = a18(2);

    assert!((3.0..15.0).contains(&lived), "{lived}");
    let aborted = ran.n("/books/aborted");
    assert_eq!(aborted, ran.n("/books/sent") - ran.n("/books/ok"));
    assert_eq!(
        ran.raw
            .iter()
            .filter(|l| l.class == "aborted" && l.response() >= 2500.0)
            .count(),
        5,
        "aged"
    );
}

#[test]
#[ignore = "bounds in s"]
fn a18_full() {
    judged(|| a18(5), |(_, lived)| assert!((6.0..=6.5).contains(&lived), "{lived}"));
}

/// Where Debian puts the library that lies about the wall clock.
const LIAR: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

/// A22: the wall clock is moved in the middle of the run; the monotonic one is not.
#[test]
fn a22_a_step_of_the_wall_clock_changes_no_measurement() {
    let _alone = alone();
    assert!(
        Path::new(LIAR).exists(),
        "no {LIAR} (as root: apt-get install faketime; tests/run does so)"
    );
    for step in ["+1h", "-1h"] {
        let truth = Truth::always(Behaviour::fixed(5));
        let folder = tempfile::tempdir().unwrap();
        let (clock, url) = (folder.path().join("clock"), truth.url());
        std::fs::write(&clock, "+0\n").unwrap();
        let args = ["-c", "4", "-z", "3s", "--headless", "--output-format", "json", &url];
        let product = Product::start_with(&args, |command| {
            command.env("LD_PRELOAD", LIAR).env("FAKETIME_TIMESTAMP_FILE", &clock);
            command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("FAKETIME_NO_CACHE", "1");
        });
        while truth.counts().requests < 100 {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::fs::write(&clock, format!("{step}\n")).unwrap();
        let summary = product.end(Duration::from_secs(60)).json();

        let number = |p: &str| summary.pointer(p).and_then(serde_json::Value::as_f64).unwrap();
        say(
            "A22",
            &format!(
                "{step}: {} requests in {} s, max {} ms",
                number("/books/ok"),
                number("/elapsed_s"),
                number("/latency/response/max_ms")
            ),
        );
        assert!((3.0..10.0).contains(&number("/elapsed_s")), "{}", summary["elapsed_s"]);
        assert!(number("/latency/response/min_ms") >= 5.0 && number("/latency/response/max_ms") < 5000.0);
        assert!(number("/throughput/rps") <= 808.0, "four workers of 5 ms");
        assert_eq!(number("/books/sent") as u64, truth.counts().requests);
        assert_eq!(summary["ended_by"], "duration");
    }
}

#[test]
fn a_raw_log_on_a_full_disk_costs_the_log_alone() {
    let _alone = alone();
    let truth = Truth::always(Behaviour::default());
    let url = truth.url();
    let args = [
        "-n",
        "5000",
        "-c",
        "4",
        "--headless",
        "--output-format",
        "json",
        "--raw-log",
        "/dev/full",
        &url,
    ];

    let ended = crate::product::run(&args);

    assert_eq!(ended.code, Some(5), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("cannot write /dev/full: No space left"),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.json()["books"]["ok"], 5000);
}

#[test]
fn a_raw_log_that_lost_nothing_says_nothing() {
    let _alone = alone();
    // A short answer is whole at its first byte; this one takes longer.
    let truth = Truth::always(Behaviour {
        body: Body::Length(20_000),
        ..Behaviour::default()
    });

    let started = start(&truth, &["-n", "20000", "-c", "4"]);
    let ran = finish(&truth, started).reconciled(&truth);

    assert!(!ran.ended.stderr.contains("raw log"), "{}", ran.ended.stderr);
    assert!(!ran.summary["events"].to_string().contains("raw log"));
    let (mut dated, all) = (0, ran.raw.len());
    for l in &ran.raw {
        let (sent, first) = (l.sent.unwrap(), l.first.unwrap());
        assert!(l.intended <= sent && sent <= first && first <= l.end, "{l:?}");
        dated += usize::from(first < l.end);
    }
    assert!(dated * 2 > all, "the first byte has a time of its own: {dated} of {all}");
}
