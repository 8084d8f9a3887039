//! How fast thousands of workers come and go, and what they cost while they do nothing. Bounds in s and %.
//! It refuses to judge a measurement that others disturbed.

use super::nginx::Nginx;
use super::partial;
use super::product::{Product, run};
use super::quiet::{measure, process};
use super::{JSON, judged, make_room};
use serde_json::Value;
use std::time::Duration;

/// Runs a script without a screen: its ticks, and the summary.
fn ticks(args: &[&str], script: &str, url: &str) -> (Vec<Value>, Value) {
    let lines = [
        "--max-workers",
        "16384",
        "--headless",
        "--output-format",
        "jsonl",
        "--script",
        script,
        url,
    ];
    let ended = run(&[args, &lines].concat());
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let mut all: Vec<Value> = ended.stdout.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let summary = all.pop().unwrap()["summary"].clone();
    all.retain(|v| v.get("t_s").is_some());
    (all, summary)
}

fn figure(value: &Value, name: &str) -> f64 {
    value[name].as_f64().unwrap_or_else(|| panic!("no {name} in {value}"))
}

/// When the number in flight was first as wanted after `from`, s.
fn reached(ticks: &[Value], from: f64, wanted: impl Fn(f64) -> bool) -> f64 {
    let mut later = ticks.iter().filter(|t| figure(t, "t_s") > from);
    let tick = later.find(|t| wanted(figure(t, "inflight")));
    tick.map_or(f64::INFINITY, |t| figure(t, "t_s"))
}

/// CPU of the busiest lane for a thousand requests, ms.
fn cost(summary: &Value) -> f64 {
    let share = summary["generator"]["cpu"].as_f64().unwrap();
    1e6 * share / summary["throughput"]["rps"].as_f64().unwrap()
}

#[test]
#[ignore = "bounds in seconds: tests/run --full"]
fn ten_thousand_workers_come_and_go_within_a_second_each() {
    make_room(11_000);
    let nginx = Nginx::start();

    let (up, down, stalls) = measure(&[nginx.pid()], || {
        let (ticks, summary) = ticks(&["-c", "1"], "2s workers 10000; 5s workers 1; 8s quit", &nginx.url());
        let up = reached(&ticks, 2.0, |n| n >= 9_900.0) - 2.0;
        let down = reached(&ticks, 5.0, |n| n <= 1.0) - 5.0;
        (up, down, summary["generator"]["stalls"].clone())
    });

    eprintln!("1 -> 10,000 in {up:.2} s, 10,000 -> 1 in {down:.2} s");
    assert!(up <= 1.1 && down <= 1.1, "told every 0.1 s: {up} {down}");
    assert_eq!(stalls, serde_json::json!([]));
}

#[test]
#[ignore = "bounds in %: tests/run --full"]
fn a_rate_is_kept_while_the_limit_of_workers_goes_up_and_down() {
    make_room(11_000);
    let nginx = Nginx::start();

    let (least, rate) = measure(&[nginx.pid()], || {
        let full = judged(&run(&[&["-c", "64", "-z", "3s", &nginx.url()], &JSON[..]].concat()));
        let rate = (figure(&full["throughput"], "rps") / 2.0).round();
        let asked = rate.to_string();
        let script = "4s workers 10000; 8s workers 1000; 12s quit";
        let (ticks, _) = ticks(&["-q", &asked, "-c", "1000"], script, &nginx.url());
        // What a tick tells is of the last second.
        let later = ticks.iter().filter(|t| (2.0..12.0).contains(&figure(t, "t_s")));
        let least = later.map(|t| figure(t, "rps")).fold(f64::INFINITY, f64::min);
        (least, rate)
    });

    eprintln!("{rate}/s asked, at least {least:.0}/s in any second");
    assert!(least >= 0.9 * rate, "{least} of {rate}");
}

#[test]
#[ignore = "bounds in %: tests/run --full"]
fn connections_that_wait_cost_nothing() {
    make_room(11_000);
    let (few, many) = measure(&[], || {
        let of = |count: &str| {
            let url = format!("http://{}/", partial::serve(64));
            let args = [
                "-c",
                count,
                "-z",
                "8s",
                "--warmup",
                "2s",
                "-t",
                "60s",
                "--drain",
                "0",
                "--threads",
                "1",
                &url,
            ];
            cost(&judged(&run(&[&args[..], &JSON].concat())))
        };
        (of("64"), of("10000"))
    });

    eprintln!("CPU ms for 1,000 requests: 64 of 64 {few:.2}, 64 of 10,000 {many:.2}");
    assert!(many <= 1.1 * few, "{few} {many}");
}

#[test]
#[ignore = "bounds in %: tests/run --full"]
fn ten_thousand_open_connections_at_a_hundred_a_second_leave_the_machine_alone() {
    make_room(11_000);

    let (few, many) = measure(&[], || {
        // More arrivals at first than 64 connections can answer: the others hang, until so many are in flight.
        let of = |rate: &str, workers: &str| {
            let url = format!("http://{}/", partial::serve(64));
            let args = ["-q", rate, "-c", workers, "-t", "60s", "--drain", "0", "--threads", "1"];
            let lines = [
                "--headless",
                "--output-format",
                "jsonl",
                "--script",
                "2s rate 100; 17s quit",
                &url,
            ];
            let mut product = Product::start(&[&args[..], &lines].concat());
            let mut at = |second: &str| {
                let line = product.line_with(&format!("{{\"t_s\":{second}."), Duration::from_secs(60));
                (
                    process(product.pid()),
                    figure(&serde_json::from_str(&line).unwrap(), "inflight"),
                )
            };
            let (before, after) = (at("10"), at("16"));
            product.end(Duration::from_secs(60));
            ((after.0 - before.0) / 6.0, after.1)
        };
        (of("100", "64"), of("100000", "10000"))
    });

    eprintln!("CPU at 100/s: {few:?} {many:?} (share of a core, in flight)");
    assert!(many.1 > 8_000.0, "{many:?}");
    assert!(many.0 - few.0 <= 0.02, "{few:?} {many:?}");
}
