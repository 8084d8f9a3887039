//! The product's reason to exist: a stall of the target shows where users would feel it, and only there.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "support/product.rs"]
mod product;

use product::{Product, run};
use std::time::Duration;

/// 100/s for 10 s through one worker; the target freezes from 3 s to 4 s of its life. About 100 of 1000 arrivals wait, up
/// to 1 s: the response p99 shows it. One service in 1000 is long: the service p99 does not.
#[test]
fn one_stall_shows_in_response_p99_but_not_in_service_p99() {
    let mut server = Product::start(&["serve", "queue", "--service", "const:1ms", "--stall", "3s:1s"]);
    let line = server.line_with("listening on", Duration::from_secs(20));
    let url = format!("http://{}/", line.rsplit(' ').next().unwrap());

    let ended = run(&[
        "-q",
        "100",
        "-c",
        "1",
        "-z",
        "10s",
        "--headless",
        "--output-format",
        "json",
        &url,
    ]);
    let summary = ended.json();
    let p99 = |series: &str| summary["latency"][series]["p99_ms"].as_f64().unwrap();

    assert_eq!(summary["books"]["scheduled"], 1000, "{:#}", summary["books"]);
    assert_eq!(summary["books"]["balanced"], true);
    assert!(p99("response") >= 800.0, "{:#}", summary["latency"]["response"]);
    assert!(p99("service") < p99("response") / 2.0, "{:#}", summary["latency"]["service"]);
}
