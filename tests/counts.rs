//! What was sent is what the server counted, exactly: nginx, the built-in queue and the built-in echo.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "support/nginx.rs"]
mod nginx;
#[path = "support/product.rs"]
mod product;
#[path = "support/schema.rs"]
mod schema;

use nginx::{Counts, Nginx};
use product::{Product, Signal, run};
use schema::{check, number, text};
use serde_json::Value;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);

/// Runs it without a screen; the summary.
fn load(args: &[&str]) -> Value {
    let ended = run(&[args, &["--headless", "--output-format", "json"]].concat());
    assert_eq!(ended.code, Some(0), "{args:?}\n{}", ended.stderr);
    let summary = ended.json();
    check(&summary);
    summary
}

fn sent(summary: &Value) -> u64 {
    number(summary, "/books/sent")
}

/// A fresh nginx loaded once: it counted what the books say, connections too.
fn agree(args: &[&str]) -> (Value, Counts) {
    let nginx = Nginx::start();
    let summary = load(&[args, &[&nginx.url()]].concat());
    let counts = nginx.counts();
    assert_eq!(sent(&summary), counts.requests, "{args:?} {:#}", summary["books"]);
    assert_eq!(
        number(&summary, "/connections/opened"),
        counts.accepts,
        "{args:?} {:#}",
        summary["connections"]
    );
    assert_eq!(number(&summary, "/books/in_flight"), 0, "{args:?}");
    (summary, counts)
}

#[test]
fn a_number_of_requests_is_exact_with_one_thread_and_with_three() {
    for threads in ["1", "3"] {
        for (n, c) in [("1", "1"), ("2", "3"), ("7", "3"), ("20000", "50")] {
            let (summary, counts) = agree(&["-n", n, "-c", c, "--threads", threads]);
            assert_eq!(counts.requests.to_string(), n, "--threads {threads} -c {c}");
            assert_eq!(number(&summary, "/status/200"), counts.requests);
            assert_eq!(
                (text(&summary, "/protocol"), text(&summary, "/ended_by")),
                ("http/1.1", "requests")
            );
            assert_eq!(text(&summary, "/detection/answer"), "200 OK");
        }
    }
}

#[test]
fn a_time_a_search_and_a_held_rate_are_counted_exactly() {
    agree(&["-z", "3s", "-c", "8", "--threads", "3"]);
    agree(&["-z", "3s", "--threads", "1"]);
    agree(&["-z", "2s", "--setpoint", "rps=500"]);
    agree(&["-n", "5000", "--warmup", "100ms", "-c", "4"]);
}

#[test]
fn a_run_that_is_cut_short_is_counted_exactly() {
    let nginx = Nginx::start();
    let mut product = Product::start(&["-c", "20", "--threads", "2", "--output-format", "jsonl", &nginx.url()]);
    product.line_with("\"phase\":\"RUN\"", LONG);
    product.signal(Signal::INT);
    let ended = product.end(LONG);

    let last: Value = serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(
        sent(&last["summary"]),
        nginx.counts().requests,
        "{:#}",
        last["summary"]["books"]
    );
}

#[test]
fn without_keep_alive_every_request_has_a_connection_of_its_own() {
    for threads in ["1", "3"] {
        let (_, counts) = agree(&["-n", "500", "-c", "10", "--no-keepalive", "--threads", threads]);
        assert_eq!(
            counts,
            Counts {
                accepts: 500,
                requests: 500
            }
        );
    }
}

#[test]
fn connections_are_closed_after_so_many_requests() {
    let (summary, counts) = agree(&["-n", "1000", "-c", "1", "--threads", "1", "--requests-per-connection", "10"]);
    assert_eq!(
        counts,
        Counts {
            accepts: 100,
            requests: 1000
        }
    );
    assert_eq!(number(&summary, "/connections/reused"), 900, "{:#}", summary["connections"]);

    let (_, counts) = agree(&["-n", "1000", "-c", "7", "--threads", "3", "--requests-per-connection", "10"]);
    assert!((100..=107).contains(&counts.accepts), "{counts:?}");
}

#[test]
fn a_script_that_ramps_up_and_down_loses_nothing() {
    let script = "0s workers 1; 500ms workers 200; 1500ms workers 5; 2500ms quit";
    for threads in ["1", "3"] {
        let (summary, counts) = agree(&["-c", "1", "--threads", threads, "--script", script]);
        assert!(counts.accepts >= 200, "{counts:?}");
        assert_eq!(number(&summary, "/connections/peak"), 200, "{:#}", summary["connections"]);
        // Some of those that are not needed any more are kept for a while.
        let active = number(&summary, "/connections/active");
        assert!((5..200).contains(&active), "{:#}", summary["connections"]);
    }
}

#[test]
fn statuses_are_tallied_as_the_server_logged_them() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    let nginx = Nginx::with(&format!(
        "location / {{ access_log {}; if ($connection_requests ~ 7$) {{ return 503 'later'; }} return 200 'ok'; }}",
        log.display()
    ));

    let summary = load(&[&nginx.url(), "-n", "2000", "-c", "4"]);

    let logged = std::fs::read_to_string(&log).unwrap();
    let count = |status: &str| {
        logged
            .lines()
            .filter(|l| l.contains(&format!("HTTP/1.1\" {status} ")))
            .count() as u64
    };
    assert_eq!(count("200") + count("503"), 2000);
    assert!(count("503") >= 100, "{}", count("503"));
    assert_eq!(
        (number(&summary, "/status/200"), number(&summary, "/status/503")),
        (count("200"), count("503"))
    );
    assert_eq!(
        (number(&summary, "/books/ok"), number(&summary, "/books/bad_status")),
        (count("200"), count("503"))
    );
}

#[test]
fn a_body_arrives_whole_with_every_request() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    let nginx = Nginx::with(&format!("location / {{ access_log {}; return 200 'ok'; }}", log.display()));

    load(&[
        &nginx.url(),
        "-n",
        "50",
        "-c",
        "3",
        "-d",
        "hello",
        "-H",
        "X-Test: a",
        "-m",
        "PUT",
    ]);

    let logged = std::fs::read_to_string(&log).unwrap();
    assert_eq!(
        logged.lines().filter(|l| l.contains("\"PUT / HTTP/1.1\" 200 ")).count(),
        50,
        "{logged}"
    );
}

/// A built-in target and its address.
fn serve(args: &[&str]) -> (Product, String) {
    let mut server = Product::start(&[&["serve"], args].concat());
    let line = server.line_with("listening on", LONG);
    (server, line.rsplit(' ').next().unwrap().to_owned())
}

/// Its last line.
fn farewell(server: Product) -> String {
    server.signal(Signal::TERM);
    server
        .end(LONG)
        .stdout
        .lines()
        .rfind(|l| !l.is_empty())
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn the_queue_received_what_the_books_say() {
    for threads in ["1", "3"] {
        let (server, address) = serve(&["queue", "--service", "const:1ms", "--servers", "8"]);
        let mut all = 0;
        for args in [
            &["-n", "1"][..],
            &["-n", "7", "-c", "3"],
            &["-n", "3000", "-c", "50"],
            &["-z", "1s", "-c", "9"],
        ] {
            all += sent(&load(&[args, &["--threads", threads, &address]].concat()));
        }

        let stats: Value = serde_json::from_str(&farewell(server)).unwrap();
        assert_eq!(stats["received"], all, "{stats}");
        assert_eq!(stats["rejected"], 0);
    }
}

#[test]
fn what_the_queue_turned_away_is_bad_status_and_nothing_else() {
    let (server, address) = serve(&["queue", "--service", "const:5ms", "--servers", "1", "--admit", "3"]);

    let summary = load(&["-n", "400", "-c", "20", &address]);

    let stats: Value = serde_json::from_str(&farewell(server)).unwrap();
    let rejected = stats["rejected"].as_u64().unwrap();
    assert!(rejected > 0, "{stats}");
    assert_eq!(
        (sent(&summary), number(&summary, "/books/bad_status")),
        (400, rejected),
        "{stats}"
    );
    assert_eq!(number(&summary, "/status/503"), rejected);
}

#[test]
fn the_echo_counts_every_byte_of_every_framing() {
    for threads in ["1", "3"] {
        for (payload, framing, bytes) in [
            ("PING\\n", "any", 5),
            ("PING\\n", "\\n", 5),
            ("PING\\n", "bytes:5", 5),
            ("\\x00\\x03abc", "len16", 5),
            ("\\x00\\x00\\x00\\x02ab", "len32", 6),
        ] {
            let (server, address) = serve(&["echo"]);
            let target = format!("tcp://{address}");

            let summary = load(&[
                &target,
                "-d",
                payload,
                "--read-until",
                framing,
                "-n",
                "600",
                "-c",
                "6",
                "--threads",
                threads,
            ]);

            assert_eq!((sent(&summary), number(&summary, "/books/ok")), (600, 600), "{framing}");
            assert_eq!(number(&summary, "/bytes/tx"), 600 * bytes, "{framing}");
            assert_eq!(number(&summary, "/bytes/rx"), 600 * bytes, "{framing}");
            assert_eq!(text(&summary, "/protocol"), "tcp");
            let told = farewell(server);
            assert!(told.ends_with(&format!(" {} bytes", 600 * bytes)), "{framing}: {told}");
        }
    }
}

#[test]
fn a_target_without_a_payload_is_connected_to_and_nothing_is_sent() {
    let (server, address) = serve(&["echo"]);

    let summary = load(&[&format!("tcp://{address}"), "-n", "300", "-c", "5"]);

    assert_eq!((sent(&summary), number(&summary, "/books/ok")), (300, 300));
    assert_eq!(number(&summary, "/bytes/tx"), 0);
    assert!(farewell(server).ends_with(" 0 bytes"));
}
