//! Servers that close, cut, repeat and give back: what is sent to them is sent once, counted once, and told as it was.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "support/product.rs"]
mod product;
#[path = "support/schema.rs"]
mod schema;

use product::{Ended, Product, Signal, run};
use schema::{check, number, text};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(30);
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A request, as far as servers here look at it.
struct Asked {
    /// Its number on its connection, and on all of them, from 1.
    nth: u64,
    number: u64,
    /// Its `Authorization` line.
    authorization: String,
}

/// Where it listens, and the requests it has read whole. `answer` says whether the connection stays.
fn server(answer: impl Fn(&mut TcpStream, &Asked) -> bool + Send + Sync + 'static) -> (SocketAddr, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (addr, served) = (listener.local_addr().unwrap(), Arc::new(AtomicU64::new(0)));
    let (count, answer) = (Arc::clone(&served), Arc::new(answer));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (count, answer, mut stream) = (Arc::clone(&count), Arc::clone(&answer), stream.unwrap());
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                for nth in 1.. {
                    let Some(authorization) = read(&mut reader) else { break };
                    let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                    let asked = Asked {
                        nth,
                        number,
                        authorization,
                    };
                    if !answer(&mut stream, &asked) {
                        break;
                    }
                }
            });
        }
    });
    (addr, served)
}

/// One whole request: its `Authorization` line.
fn read(reader: &mut impl BufRead) -> Option<String> {
    let (mut length, mut authorization) = (0, String::new());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if let Some(n) = line.strip_prefix("Content-Length: ") {
            length = n.parse().ok()?;
        }
        if line.starts_with("Authorization") {
            authorization = line.to_owned();
        }
        if line.is_empty() {
            break;
        }
    }
    reader.read_exact(&mut vec![0; length]).ok()?;
    Some(authorization)
}

fn say(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    stream.write_all(bytes).is_ok()
}

fn json(addr: SocketAddr, args: &[&str]) -> (Ended, Value) {
    let url = format!("http://{addr}/");
    let ended = run(&[args, &["--headless", "--output-format", "json", &url]].concat());
    let summary = ended.json();
    check(&summary);
    (ended, summary)
}

#[test]
fn a_request_that_was_read_and_not_answered_is_sent_again_only_where_twice_is_once() {
    // The third request of every connection is taken, and the connection is closed.
    let third = |s: &mut TcpStream, asked: &Asked| asked.nth < 3 && say(s, OK);
    let (addr, served) = server(third);
    let (ended, post) = json(addr, &["-c", "1", "-n", "30", "-d", "x"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let lost = number(&post, "/errors/reused_conn_closed");
    assert_eq!((served.load(Ordering::SeqCst), number(&post, "/books/sent")), (30, 30));
    assert_eq!(
        (lost, number(&post, "/books/failed"), number(&post, "/books/ok")),
        (10, 10, 20)
    );
    assert_eq!(
        (number(&post, "/connections/retries"), number(&post, "/connections/reused")),
        (0, 10)
    );
    let said = text(&post, "/error_samples/0/detail");
    assert!(said.contains("may have been acted on, so it was not sent again"), "{said}");

    let (addr, served) = server(third);
    let (_, get) = json(addr, &["-c", "1", "-n", "30"]);
    let retries = number(&get, "/connections/retries");
    assert_eq!((number(&get, "/books/ok"), number(&get, "/books/failed")), (30, 0));
    assert_eq!(
        (
            retries,
            number(&get, "/connections/reused"),
            number(&get, "/connections/opened")
        ),
        (14, 15, 15)
    );
    assert_eq!(served.load(Ordering::SeqCst), 30 + retries);

    let (addr, _) = server(third);
    let ended = run(&["-c", "1", "-n", "30", "--headless", &format!("http://{addr}/")]);
    assert!(
        ended.stdout.contains("47 % sent again on a new connection"),
        "{}",
        ended.stdout
    );
}

#[test]
fn a_payload_that_was_read_and_not_answered_is_not_sent_again() {
    let (addr, served) = server(|s, asked| asked.nth < 3 && say(s, b"!"));
    let target = format!("tcp://{addr}");
    let payload = "x\\r\\n\\r\\n";

    let ended = run(&[
        "-c",
        "1",
        "-n",
        "30",
        "-d",
        payload,
        "--headless",
        "--output-format",
        "json",
        &target,
    ]);

    let summary = ended.json();
    assert_eq!((served.load(Ordering::SeqCst), number(&summary, "/books/sent")), (30, 30));
    assert_eq!(number(&summary, "/errors/reused_conn_closed"), 10);
    assert_eq!(number(&summary, "/connections/retries"), 0);
}

#[test]
fn bytes_after_an_answer_cost_the_connection_and_no_request() {
    let (addr, served) = server(|s, _| say(s, OK) && say(s, b"\r\nX"));

    let (_, summary) = json(addr, &["-q", "5", "-n", "8", "-c", "2"]);

    assert_eq!((number(&summary, "/books/sent"), number(&summary, "/books/ok")), (8, 8));
    assert_eq!(served.load(Ordering::SeqCst), 8);
    assert_eq!(number(&summary, "/connections/opened"), 8);
    // The last ones of both workers may come after the end.
    let surplus = number(&summary, "/bytes/surplus");
    assert!((18..=24).contains(&surplus), "{surplus}");
}

#[test]
fn an_answer_whose_head_came_is_an_answer_and_its_status_is_known() {
    let (addr, _) = server(|s, _| {
        say(s, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok");
        false
    });

    let (ended, summary) = json(addr, &["-c", "2", "-n", "40"]);

    assert_eq!(ended.code, Some(3));
    assert_eq!(text(&summary, "/verdict/code"), "BROKEN");
    assert_eq!(number(&summary, "/status/200"), 40);
    let said = text(&summary, "/verdict/sentence");
    assert_eq!(said, "errors dominate: short_body (40 began with 200) on 100 % of requests");
}

#[test]
fn a_secret_that_the_target_gives_back_is_shown_nowhere() {
    let secret = "S3CR3T-TOKEN-0123456789";
    let header = format!("Authorization: Bearer {secret}");
    // In a broken head, at once or from the second request on.
    for good in [0, 1] {
        let (addr, _) = server(move |s, asked| {
            let broken = format!("HTTP/1.1 2x0 {}\r\n\r\n", asked.authorization);
            say(s, if asked.number <= good { OK } else { broken.as_bytes() })
        });
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("log.jsonl").display().to_string();
        let url = format!("http://{addr}/");
        for format in ["text", "json"] {
            let ended = run(&[
                "-n",
                "9",
                "-c",
                "1",
                "-H",
                &header,
                "--output-format",
                format,
                "-o",
                &file,
                "--headless",
                &url,
            ]);

            let lines = std::fs::read_to_string(&file).unwrap_or_default();
            let all = ended.stdout + &ended.stderr + &lines;
            // Text is wrapped anywhere.
            assert!(format == "text" && good == 1 || all.contains("Bearer ***"), "{all}");
            assert!(!all.contains(&secret[..6]), "{all}");
        }
    }
}

#[test]
fn a_signal_while_the_probe_waits_ends_the_run_with_its_own_code_and_a_report() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let product = Product::start(&["--headless", "--output-format", "json", &url]);
        let (_asked, _) = listener.accept().unwrap();

        product.signal(signal);
        let ended = product.end(LONG);

        assert_eq!(ended.code, Some(code), "{}", ended.stderr);
        assert_eq!(text(&ended.json(), "/ended_by"), "signal");
    }
}

#[test]
fn the_probe_takes_no_more_than_three_timeouts_and_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());

    let ended = run(&["--headless", "-t", "100ms", "--output-format", "json", &url]);

    assert_eq!(ended.code, Some(3));
    let summary = ended.json();
    let said = text(&summary, "/verdict/sentence");
    assert!(
        said.contains("nothing came for 300 ms (a first answer may take 3 × -t)"),
        "{said}"
    );
}

#[test]
fn a_closed_port_ends_a_raw_run_at_once() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();

    let ended = Product::start(&["--headless", &format!("tcp://{free}")]).end(LONG);

    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    let said = ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("UNREACHABLE") && said.contains("is it listening on ::1?"),
        "{}",
        ended.stdout
    );
}

#[test]
fn what_is_let_pass_joins_what_is_good_and_what_is_expected_is_never_overruled() {
    let busy = |s: &mut TcpStream, asked: &Asked| {
        let bad: &[u8] = b"HTTP/1.1 404 Not Here\r\nContent-Length: 0\r\n\r\n";
        say(s, if asked.number == 1 { bad } else { OK })
    };
    let (addr, served) = server(busy);
    let (ended, summary) = json(addr, &["-n", "20", "-c", "1", "--yes"]);
    assert_eq!((ended.code, number(&summary, "/books/ok")), (Some(0), 20), "{}", ended.stdout);
    assert_eq!((number(&summary, "/status/404"), number(&summary, "/status/200")), (1, 19));
    assert_eq!(served.load(Ordering::SeqCst), 20);

    let (addr, _) = server(busy);
    let ended = run(&["-n", "20", "-c", "1", "--yes", "--headless", &format!("http://{addr}/")]);
    assert!(ended.stdout.contains("404 counts as good (you said so)"), "{}", ended.stdout);

    let (addr, served) = server(|s, _| say(s, b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"));
    let url = format!("http://{addr}/");
    let ended = run(&["-n", "20", "--yes", "--expect", "status=200", "--headless", &url]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert!(
        ended
            .stderr
            .contains("answers 503 Busy, and --expect status=200 does not allow that"),
        "{}",
        ended.stderr
    );
    assert_eq!(served.load(Ordering::SeqCst), 3, "a cold start is no verdict");
}

#[test]
fn folded_headers_are_read_and_chunked_twice_is_chunked_once() {
    let folded: &[u8] = b"HTTP/1.1 200 OK\r\nX-A: b\r\n  folded\r\nContent-Length: 2\r\n\r\nok";
    let twice: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    for (answer, opened) in [(folded, 1), (twice, 6)] {
        let (addr, _) = server(move |s, _| say(s, answer));

        let (_, summary) = json(addr, &["-n", "6", "-c", "1"]);
        let told = run(&["-n", "2", "-c", "1", "--headless", &format!("http://{addr}/")]).stdout;

        assert_eq!(
            (number(&summary, "/books/ok"), number(&summary, "/connections/opened")),
            (6, opened)
        );
        assert_eq!(told.contains("⚠ Transfer-Encoding: chunked twice"), opened > 1, "{told}");
    }
}
