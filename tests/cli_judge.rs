//! What a script is told by exit code and summary: thresholds kept and failed, content expected and not, lines in a file.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "support/dead.rs"]
mod dead;
#[path = "support/nginx.rs"]
mod nginx;
#[path = "support/product.rs"]
mod product;
#[path = "support/schema.rs"]
mod schema;

use dead::DeadPort;
use nginx::Nginx;
use product::{Ended, Product, run};
use schema::{check, number, text};
use serde_json::Value;
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);
const JSON: [&str; 3] = ["--headless", "--output-format", "json"];

/// Its summary. A run with thresholds whose figures are not valid, for this machine stood still, is 6 whatever they say.
fn judged(args: &[&str], code: i32) -> (Value, Ended) {
    let ended = run(&[args, &JSON].concat());
    let summary = ended.json();
    check(&summary);
    let judges = args.iter().any(|a| ["--threshold", "--slo", "--strict"].contains(a));
    let code = if summary["valid"] == true || !judges { code } else { 6 };
    assert_eq!(ended.code, Some(code), "{args:?}\n{}", ended.stderr);
    (summary, ended)
}

fn echo() -> (Product, String) {
    let mut echo = Product::start(&["serve", "echo"]);
    let address = echo.line_with("listening on", LONG).rsplit(' ').next().unwrap().to_owned();
    (echo, format!("tcp://{address}"))
}

#[test]
fn thresholds_that_hold_are_0_and_one_that_fails_is_99() {
    let nginx = Nginx::start();
    let base = [
        &nginx.url(),
        "-c",
        "3",
        "-n",
        "2000",
        "--threshold",
        "ok>=2000",
        "--threshold",
    ];

    let (kept, _) = judged(&[&base[..], &["errors<1%"]].concat(), 0);
    let (failed, ended) = judged(&[&base[..], &["max<1us"]].concat(), 99);

    assert_eq!(
        kept["thresholds"].to_string(),
        r#"[{"expr":"ok>=2000","value":2000.0,"ok":true},{"expr":"errors<1%","value":0.0,"ok":true}]"#
    );
    let told = &failed["thresholds"][1];
    assert_eq!(
        (&told["expr"], &told["ok"]),
        (&Value::from("max<0.001ms"), &Value::from(false))
    );
    assert_eq!(told["value"], failed["latency"]["response"]["max_ms"]);
    assert!(ended.stderr.contains("threshold max<0.001ms FAILED"), "{}", ended.stderr);
    assert!(
        failed["events"].to_string().contains("max<0.001ms FAILED"),
        "{:#}",
        failed["events"]
    );
}

#[test]
fn a_percentile_without_its_samples_has_no_value_is_not_kept_and_says_what_it_needs() {
    let nginx = Nginx::start();
    let args = [&nginx.url(), "-c", "2", "-n", "310", "--threshold", "p999<10s"];

    let (summary, ended) = judged(&args, 99);
    let plain = run(&[&args[..], &["--headless"]].concat());

    assert_eq!(
        summary["thresholds"].to_string(),
        r#"[{"expr":"p999<10s","value":null,"ok":false}]"#
    );
    for said in [&ended.stderr, &plain.stdout] {
        assert!(said.contains("p999<10s FAILED: needs 10,000 answers, had 310"), "{said}");
    }
}

#[test]
fn nothing_that_succeeded_is_3_before_it_is_99() {
    let closed = DeadPort::new();

    let (summary, _) = judged(&[&closed.addr().to_string(), "-n", "3", "--threshold", "errors<1%"], 3);

    assert_eq!(summary["thresholds"][0]["value"], Value::Null);
    assert_eq!(summary["latency"]["response"]["count"], 0);
}

#[test]
fn a_threshold_failed_beyond_doubt_ends_the_run_and_one_that_holds_does_not() {
    let sim = |threshold| {
        let args = [
            "sim",
            "usl",
            "-c",
            "4",
            "-z",
            "60s",
            "--abort-on-fail",
            "--threshold",
            threshold,
        ];
        let code = if threshold == "p99<1us" { 99 } else { 0 };
        judged(&args, code).0
    };

    let cut = sim("p99<1us");
    let whole = sim("p99<10s");

    assert_eq!(
        (text(&cut, "/ended_by"), text(&whole, "/ended_by")),
        ("threshold", "duration")
    );
    let elapsed = cut["elapsed_s"].as_f64().unwrap();
    // 1,000 answers of four workers at about 10 ms need 3 s, and it must last 2 s; the drain is short.
    assert!((2.0..20.0).contains(&elapsed), "{elapsed}");
    assert!(cut["events"].to_string().contains("FAILED: 1") || cut["events"].to_string().contains("the run ends"));
    assert!(whole["elapsed_s"].as_f64().unwrap() >= 60.0);
}

#[test]
fn unexpected_content_is_body_check_with_a_sample_and_the_connection_is_kept() {
    let nginx = Nginx::start();
    let load = |expect: &str, code| judged(&[&nginx.url(), "-c", "2", "-n", "400", "--expect", expect], code).0;
    // sha256 of "ok".
    let hash = "sha256=2689367b205c16ce32ed4200942b8b8b1e262dfc70d9bc9fbc77c49699a4f1df";

    for good in ["body~^o[k]$", hash] {
        let summary = load(good, 0);
        assert_eq!(
            (number(&summary, "/books/ok"), number(&summary, "/books/failed")),
            (400, 0),
            "{good}"
        );
    }
    for (bad, seen) in [
        ("body~yes", r#"no match of yes in 2 B: "ok""#),
        (
            "sha256=8a798890fe93817163b10b5f7bd2ca4d25d84c52739a645a889c173eee7d9d3d",
            "sha256 is 2689367b205c16ce",
        ),
    ] {
        let url = once_well();
        let args = [&*url, "-c", "2", "-n", "400", "--expect", bad];
        let (summary, _) = judged(&args, 0);
        assert_eq!(number(&summary, "/errors/body_check"), 399, "{bad}");
        assert_eq!(
            (number(&summary, "/books/failed"), number(&summary, "/status/200")),
            (399, 400)
        );
        assert_eq!(
            number(&summary, "/latency/response/count"),
            400,
            "they were answered in their time"
        );
        assert!(number(&summary, "/connections/opened") <= 3, "{:#}", summary["connections"]);
        let said = text(&summary, "/error_samples/0/detail");
        assert!(said.starts_with(seen), "{said}");
        assert_ne!(text(&summary, "/verdict/code"), "UNREACHABLE");
    }
}

/// A server whose first answer is "yes" and every later one "ok".
fn once_well() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let served = Arc::new(AtomicU64::new(0));
        for stream in listener.incoming() {
            let (mut stream, served) = (stream.unwrap(), Arc::clone(&served));
            std::thread::spawn(move || {
                while let Ok(1..) = stream.read(&mut [0; 4096]) {
                    let body = if served.fetch_add(1, Ordering::SeqCst) == 0 {
                        "yes"
                    } else {
                        "ok"
                    };
                    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                    stream.write_all(answer.as_bytes()).ok();
                }
            });
        }
    });
    url
}

#[test]
fn a_first_answer_whose_content_is_not_what_is_expected_is_2_whatever_else_is_said() {
    let nginx = Nginx::start();
    for yes in [&[][..], &["--yes"]] {
        let given = [&nginx.url(), "-n", "9", "--expect", "body~ready", "--headless"];

        let refused = run(&[&given[..], yes].concat());

        assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""));
        let said = "answers 200 OK, and its body does not match --expect body~ready";
        assert!(refused.stderr.contains(said), "{}", refused.stderr);
    }
}

#[test]
fn raw_answers_are_looked_at_too_and_a_connect_alone_has_none() {
    let (_echo, target) = echo();
    let payload = ["-d", "hello", "--read-until", "bytes:5", "-c", "2", "-n", "300"];

    let (good, _) = judged(&[&[&*target, "--expect", "body~^hello$"], &payload[..]].concat(), 0);
    let (bad, _) = judged(&[&[&*target, "--expect", "body~bye"], &payload[..]].concat(), 3);
    let nothing = run(&[&target, "--expect", "body~x", "-n", "1", "--headless"]);

    assert_eq!(number(&good, "/books/ok"), 300);
    assert_eq!(number(&bad, "/errors/body_check"), 300);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (Some(2), ""));
    assert!(nothing.stderr.contains("need an answer"), "{}", nothing.stderr);
}

#[test]
fn a_file_of_lines_has_every_tick_the_events_and_the_summary() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.jsonl").display().to_string();
    let script = ["--script", "1s workers 7; 2s workers 3"];

    let (summary, _) = judged(
        &[&["sim", "usl", "-c", "4", "-z", "3s", "-o", &file][..], &script].concat(),
        0,
    );

    let written = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = written.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let at: Vec<f64> = lines.iter().filter_map(|l| l["t_s"].as_f64()).collect();
    assert!(at.len() >= 30, "{written}");
    assert!(
        at.windows(2).all(|w| (w[1] - w[0] - 0.1).abs() < 1e-9),
        "a tick every 100 ms: {at:?}"
    );
    let events: Vec<&str> = lines.iter().filter_map(|l| l["event"]["what"].as_str()).collect();
    assert!(events.iter().filter(|e| e.starts_with("workers ")).count() == 2, "{events:?}");
    assert_eq!(lines.last().unwrap()["summary"], summary);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_real_run_writes_its_lines_too_and_a_run_that_never_began_its_summary() {
    let nginx = Nginx::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.jsonl").display().to_string();
    let closed = DeadPort::new();

    let (summary, _) = judged(&[&nginx.url(), "-c", "2", "-z", "1s", "-o", &file], 0);
    let written = std::fs::read_to_string(&file).unwrap();
    judged(&[&closed.addr().to_string(), "-o", &file], 3);
    let unreachable = std::fs::read_to_string(&file).unwrap();

    let last: Value = serde_json::from_str(written.lines().last().unwrap()).unwrap();
    assert_eq!(last["summary"], summary);
    assert!(
        written.lines().filter(|l| l.starts_with("{\"t_s\"")).count() >= 3,
        "{written}"
    );
    assert_eq!(unreachable.lines().count(), 1, "{unreachable}");
    assert!(unreachable.contains("UNREACHABLE"));
}

#[test]
fn screen_lines_text_and_json_of_one_run_say_the_same() {
    let nginx = Nginx::start();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (text_file, picture) = (file("run.txt"), file("run.svg"));

    let args = [&nginx.url(), "-c", "3", "-n", "3000", "-o", &text_file, "-o", &picture];
    let (summary, _) = judged(&args, 0);

    let plain = std::fs::read_to_string(&text_file).unwrap();
    let drawn = std::fs::read_to_string(&picture).unwrap();
    let unwrapped: Vec<&str> = plain.split_whitespace().collect();
    assert!(unwrapped.join(" ").contains("3,000 sent = 3,000 ok"), "{plain}");
    let sentence = text(&summary, "/verdict/sentence");
    let p99 = sentence.rsplit("p99 ").next().unwrap();
    assert!(plain.contains(p99), "{p99:?} in\n{plain}");
    let told = summary["steady"]["p99_ms"].as_f64().unwrap();
    let shown = clobber::model::format::latency(Some(told / 1e3));
    assert!(p99.starts_with(&shown), "{shown} in {sentence}");
    let number = shown.split(' ').next().unwrap_or_default();
    assert!(
        drawn.contains(&format!(">{number}<")),
        "{shown} on the screen, a word an element"
    );
}

#[test]
fn a_guard_that_holds_for_a_second_ends_a_run_without_a_screen() {
    let sim = |guard| judged(&["sim", "usl", "-c", "4", "-z", "20s", "--guard", guard], 0).0;

    let stopped = sim("workers>3");
    let whole = sim("p99>10s");

    assert_eq!(
        (text(&stopped, "/ended_by"), text(&whole, "/ended_by")),
        ("guard", "duration")
    );
    assert!(stopped["elapsed_s"].as_f64().unwrap() < 3.0, "{}", stopped["elapsed_s"]);
    let events = stopped["events"].to_string();
    assert!(
        events.contains("guard workers>3: 4.0: the run ends") || events.contains("guard workers>3: 4: the run ends"),
        "{events}"
    );
}

#[test]
fn what_was_cut_off_at_the_end_is_told_with_its_age() {
    let mut queue = Product::start(&["serve", "queue", "--service", "const:60s"]);
    let address = queue.line_with("listening on", LONG).rsplit(' ').next().unwrap().to_owned();
    let target = format!("tcp://{address}");
    let args = [
        &target,
        "-d",
        "GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n",
        "-c",
        "3",
        "-z",
        "1s",
        "--drain",
        "0",
        "--headless",
    ];

    let ended = run(&args);

    // Begun in the first tick, cut off after 1 s.
    assert!(ended.stdout.contains("3 sent = 3 aborted (oldest "), "{}", ended.stdout);
    let age = ended.stdout.split("(oldest ").nth(1).unwrap();
    assert!(age.starts_with("9") || age.starts_with("1"), "about a second: {age}");
}

/// Answers so many connections' requests, head and body in two writes, with Nagle's algorithm as the system has it.
fn in_two_writes() -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || answer_in_two_writes(stream.unwrap()));
        }
    });
    at
}

fn answer_in_two_writes(mut stream: std::net::TcpStream) {
    let mut request = [0; 4096];
    // One request at a time: what a read gives is one, for it is short.
    while stream.read(&mut request).is_ok_and(|n| n > 0) {
        let head = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
        if head.and_then(|()| stream.write_all(b"ok")).is_err() {
            return;
        }
    }
}

#[test]
fn a_server_that_waits_for_a_delayed_acknowledgement_is_told_so() {
    let at = in_two_writes();

    let ended = run(&[&format!("http://{at}/"), "-c", "1", "-n", "60", "--headless"]);

    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let because = ended.stdout.split("Because").nth(1).unwrap_or_default();
    assert!(
        because.contains("ms between the first byte and the rest on"),
        "{}",
        ended.stdout
    );
    assert!(because.contains("delayed"), "{}", ended.stdout);
}
