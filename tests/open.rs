//! The open model against real sockets: what was scheduled, sent and counted by the server, and how every run ends.
//! Counts and one-sided facts only; exactness in time is for `--full`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "support/nginx.rs"]
mod nginx;
#[path = "support/product.rs"]
mod product;
#[path = "support/schema.rs"]
mod schema;

use nginx::Nginx;
use product::{Product, Signal, run};
use schema::{check, number, text};
use serde_json::Value;
use std::time::Duration;

/// Runs it without a screen; the summary.
fn load(args: &[&str]) -> Value {
    let ended = run(&[args, &["--headless", "--output-format", "json"]].concat());
    assert_eq!(ended.code, Some(0), "{args:?}\n{}", ended.stderr);
    let summary = ended.json();
    check(&summary);
    assert_eq!(summary["books"]["balanced"], true, "{:#}", summary["books"]);
    summary
}

fn book(summary: &Value, name: &str) -> u64 {
    number(summary, &format!("/books/{name}"))
}

#[test]
fn rate_times_time_is_what_is_scheduled_sent_and_counted() {
    for (rate, time, expected) in [("0.5", "4s", 2), ("7", "2s", 14), ("999", "2s", 1998), ("60/m", "3s", 3)] {
        let nginx = Nginx::start();
        let summary = load(&["-q", rate, "-z", time, "--threads", "2", &nginx.url()]);

        let counted = nginx.counts().requests;
        assert_eq!(
            (book(&summary, "scheduled"), book(&summary, "sent"), counted),
            (expected, expected, expected),
            "{rate}"
        );
        assert_eq!(text(&summary, "/load/model"), "open");
        assert_eq!(text(&summary, "/load/arrivals"), "constant");
        assert_eq!(number(&summary, "/load/queue_capacity"), 65_536);
    }
}

#[test]
fn a_ramp_offers_its_integral() {
    let nginx = Nginx::start();
    // 0 to 1000/s in 2 s: 1000 arrivals; then 500/s for 1 s.
    let summary = load(&["--arrivals", "constant", "--stages", "0..1000@2s,500@3s", &nginx.url()]);

    assert_eq!(book(&summary, "scheduled"), 1500);
    assert_eq!(nginx.counts().requests, 1500);
}

#[test]
fn a_number_of_arrivals_is_exact_with_one_thread_and_with_three() {
    for threads in ["1", "3"] {
        let nginx = Nginx::start();
        let summary = load(&[
            "-q",
            "2000",
            "-n",
            "1500",
            "--arrivals",
            "poisson",
            "--threads",
            threads,
            &nginx.url(),
        ]);

        assert_eq!((book(&summary, "scheduled"), nginx.counts().requests), (1500, 1500));
        assert_eq!(text(&summary, "/ended_by"), "requests");
    }
}

#[test]
fn a_capped_client_queues_and_loses_nothing() {
    // One server of 5 ms gives 200/s; 300/s for 1 s leave about 100 waiting, which a long drain sends.
    let summary = load(&["demo", "slow", "-q", "300", "-c", "2", "-z", "1s", "--drain", "60s"]);

    assert_eq!(
        (
            book(&summary, "scheduled"),
            book(&summary, "sent"),
            book(&summary, "not_sent")
        ),
        (300, 300, 0)
    );
    let (response, service) = (
        summary["latency"]["response"]["max_ms"].as_f64().unwrap(),
        summary["latency"]["service"]["max_ms"].as_f64().unwrap(),
    );
    assert!(response > service, "waiting is in the response: {response} and {service}");
}

#[test]
fn an_end_without_drain_says_what_was_never_sent() {
    let summary = load(&["demo", "slow", "-q", "3000", "-c", "2", "-z", "1s", "--drain", "0"]);

    assert_eq!(book(&summary, "scheduled"), 3000);
    assert!(book(&summary, "not_sent") > 100, "{:#}", summary["books"]);
    assert_eq!((book(&summary, "queued"), book(&summary, "in_flight")), (0, 0));
}

#[test]
fn a_signal_a_pause_and_every_change_of_the_model_balance() {
    let nginx = Nginx::start();
    let script = "500ms pause; 1s resume; 1200ms rate *2; 1500ms model closed; 2s workers 3; 2300ms model open; 3s mode max; 3500ms rate 100; 4s quit now";
    let summary = load(&["-q", "200", "-c", "40", "--script", script, &nginx.url()]);
    assert_eq!(book(&summary, "sent"), nginx.counts().requests, "{:#}", summary["books"]);
    let refused = summary["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|e| e["what"].as_str().unwrap().contains("refused"));
    assert_eq!(refused.count(), 0, "{:#}", summary["events"]);

    let nginx = Nginx::start();
    let mut product = Product::start(&["-q", "500", "--threads", "2", "--output-format", "jsonl", &nginx.url()]);
    product.line_with("\"phase\":\"RUN\"", Duration::from_secs(60));
    product.signal(Signal::INT);
    let ended = product.end(Duration::from_secs(60));
    let last: Value = serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(book(&last["summary"], "sent"), nginx.counts().requests);
    assert_eq!(last["summary"]["books"]["balanced"], true);
}

#[test]
fn the_simulator_takes_the_same_flags() {
    let summary = load(&[
        "sim",
        "mmc",
        "-q",
        "100",
        "-z",
        "3s",
        "--arrivals",
        "burst:10",
        "--queue",
        "5",
        "-c",
        "1",
        "--overflow",
        "reject",
    ]);

    assert_eq!(book(&summary, "scheduled"), 300);
    assert!(number(&summary, "/errors/local_queue") > 0);
    let staged = load(&["sim", "mmc", "--arrivals", "constant", "--stages", "0..100@2s"]);
    assert_eq!(book(&staged, "scheduled"), 100);
}

#[test]
fn a_throttle_is_the_users_wish_and_no_fault_of_anybody() {
    let nginx = Nginx::start();
    let url = nginx.url();
    let (real, simulated) = ([url.as_str()], ["sim", "mmc"]);
    for target in [&real[..], &simulated] {
        let throttled = ["-q", "400", "-z", "4s", "--throttle", "100:1", "--queue", "500"];
        let summary = load(&[target, &throttled].concat());

        // 1600 in 4 s, of which 400 leave; 500 wait and the others are shed; those that wait leave at 100/s for 2 s more
        let sent = book(&summary, "sent");
        assert!((300..=620).contains(&sent), "{:#}", summary["books"]);
        assert!(book(&summary, "shed") > 500, "{:#}", summary["books"]);
        assert_ne!(summary["generator"]["saturated"], true, "{}", summary["generator"]);
        assert_eq!(text(&summary, "/verdict/code"), "STEADY", "{}", summary["verdict"]);
        assert!(text(&summary, "/verdict/sentence").contains("--throttle lets 100/s through"));
        let events = summary["events"].to_string();
        assert!(events.contains("not sent ") && events.contains("(oldest "), "{events}");
    }
}

#[test]
fn a_promise_is_looked_for_in_the_simulator_too_and_its_rate_is_told() {
    let ended = run(&["sim", "usl", "--slo", "p99<80ms", "-z", "60s", "--output-format", "json"]);
    let summary = ended.json();

    check(&summary);
    assert_ne!(text(&summary, "/controller/state"), "override", "{:#}", summary["controller"]);
    let found = summary["slo"]["rate_rps"].as_f64().unwrap();
    // its best rate is 1689/s, and bursts must find room
    assert!((800.0..1689.0).contains(&found), "{:#}", summary["slo"]);
    assert_eq!(summary["load"]["rate_rps"], summary["slo"]["rate_rps"]);
}

#[test]
fn a_promise_that_not_even_one_worker_keeps_is_missed_over_sockets() {
    let ended = run(&["demo", "mmc", "--slo", "p99<1ms", "--headless", "--output-format", "json"]);

    let summary = ended.json();
    check(&summary);
    let events = summary["events"].to_string();
    assert!(events.contains("p99 < 1ms is not possible: "), "{events}");
    assert_eq!(
        (text(&summary, "/ended_by"), &summary["slo"]["rate_rps"]),
        ("answered", &Value::Null)
    );
    // A machine that stood still meanwhile says that first.
    let code = if summary["valid"] == true { 99 } else { 6 };
    assert_eq!(ended.code, Some(code), "{}", ended.stderr);
    let verdict = text(&summary, "/verdict/code");
    assert!(matches!(verdict, "MISSED" | "STALLED" | "GENERATOR-LIMITED"), "{verdict}");
}
