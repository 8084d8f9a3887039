//! What a run without a screen says: help, reports of every kind, scripts. Facts that a busy machine cannot break.
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
use std::time::Duration;

const JSON: [&str; 3] = ["--headless", "--output-format", "json"];

/// A run that ends with `code` and whose summary fits its schema.
fn summary(code: i32, args: &[&str]) -> Value {
    let ended = run(&[args, &JSON].concat());
    assert_eq!(ended.code, Some(code), "{args:?}\n{}", ended.stderr);
    let summary = ended.json();
    check(&summary);
    summary
}

fn wait_for(mut what: impl FnMut() -> bool) {
    for _ in 0..4000 {
        if what() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("that did not happen in 20 s");
}

fn lines(ended: &Ended) -> Vec<Value> {
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    ended.stdout.lines().map(parse).collect()
}

#[test]
fn help_names_every_flag_of_this_version_and_ends_well() {
    let (short, long) = (run(&["-h"]), run(&["--help"]));
    for help in [&short, &long] {
        assert_eq!(help.code, Some(0), "{}", help.stderr);
        assert_eq!(help.stderr, "");
        for flag in
            "--rate --arrivals --stages --queue --overflow --throttle --precise --workers --connections --min-workers --max-workers --duration --requests --limit --warmup --drain --timeout \
                     --connect-timeout --connect-rate --source-ip --ramp --seed --threads --mode --setpoint --slo --kp --ki --kd --set --script \
                     --method --header --body --read-until --expect --no-keepalive --requests-per-connection --headless --no-tui \
                     --output --output-format --yes --strict --quiet --fps --color --theme --palette --charset --version"
                .split_whitespace()
        {
            assert!(help.stdout.contains(flag), "{flag} is missing in:\n{}", help.stdout);
        }
        for later in ["https", "--repeat"] {
            assert!(
                !help.stdout.contains(later),
                "{later} is not in this version:\n{}",
                help.stdout
            );
        }
        for told in ["demo", "sim", "serve", "Examples:", "Exit codes:"] {
            assert!(help.stdout.contains(told), "{told} is missing in:\n{}", help.stdout);
        }
    }
    assert!(short.stdout.len() < long.stdout.len());
    for sub in [
        &["demo", "--help"][..],
        &["sim", "-h"],
        &["serve", "queue", "-h"],
        &["serve", "echo", "-h"],
    ] {
        assert_eq!(run(sub).code, Some(0), "{sub:?}");
    }
    assert!(run(&["--version"]).stdout.starts_with("clobber-tui "));
}

#[test]
fn a_demo_and_a_simulation_give_summaries_that_fit_the_schema() {
    let demo = summary(0, &["demo", "-c", "5", "-n", "200"]);
    assert_eq!((number(&demo, "/books/sent"), text(&demo, "/ended_by")), (200, "requests"));
    assert_eq!(
        (text(&demo, "/controller/mode"), text(&demo, "/plant/name")),
        ("manual", "usl")
    );
    assert!(text(&demo, "/started_at").ends_with('Z'));

    let sim = summary(0, &["sim", "mmc", "-z", "30s"]);
    assert_eq!((text(&sim, "/protocol"), text(&sim, "/plant/name")), ("sim", "mmc"));
    assert_eq!(text(&sim, "/ended_by"), "duration");
    assert!(sim["started_at"].is_null() && sim["generator"]["cpu"].is_null(), "{sim:#}");
    assert!(!sim["curve"].as_array().unwrap().is_empty());
}

#[test]
fn a_simulation_of_the_same_seed_gives_the_same_bytes() {
    let bytes = |seed: &str| {
        let ended = run(&[
            "sim",
            "usl",
            "--seed",
            seed,
            "-z",
            "20s",
            "--headless",
            "--output-format",
            "json",
        ]);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended.stdout
    };
    let first = bytes("7");

    assert_eq!(first, bytes("7"));
    let other = bytes("8")
        .replace("--seed 8", "--seed 7")
        .replace("\"seed\": 8", "\"seed\": 7");
    assert_ne!(first, other, "the seed matters");
}

#[test]
fn nothing_that_answers_ends_with_3_the_reason_and_a_whole_summary() {
    let port = DeadPort::new();
    let dead = port.addr();
    let reason = format!("nothing answered: connection refused by {dead}");

    let http = summary(3, &[&dead.to_string(), "-z", "2s"]);
    assert_eq!(text(&http, "/verdict/code"), "UNREACHABLE");
    assert!(text(&http, "/verdict/sentence").contains(&reason), "{http:#}");
    assert!(http["latency"]["response"]["p99_ms"].is_null());

    let tcp = summary(3, &[&format!("tcp://{dead}"), "-c", "3", "-z", "2s"]);
    assert_eq!(text(&tcp, "/verdict/code"), "UNREACHABLE");
    assert_eq!(number(&tcp, "/books/ok"), 0);

    let said = run(&["--headless", &dead.to_string()]);
    assert!(
        said.stdout.contains("UNREACHABLE") && said.stdout.contains("is the server running?"),
        "{}",
        said.stdout
    );
    assert!(
        !said.stdout.contains("NaN") && !said.stdout.contains("ended by"),
        "{}",
        said.stdout
    );
}

#[test]
fn a_name_that_does_not_resolve_ends_with_3() {
    let summary = summary(3, &["no-such-host.invalid:80"]);
    assert_eq!(text(&summary, "/verdict/code"), "UNREACHABLE");
    assert!(
        text(&summary, "/verdict/sentence").contains("no-such-host.invalid"),
        "{summary:#}"
    );
}

#[test]
fn an_answer_that_is_not_well_is_loaded_only_when_expected() {
    let nginx = Nginx::with("location / { return 404 'no'; } location /moved { return 302 /x; }");
    let url = nginx.url();

    let refused = run(&["--headless", &url]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("404") && refused.stderr.contains("--expect status=404"),
        "{}",
        refused.stderr
    );
    assert_eq!(nginx.counts().requests, 1, "the probe and nothing else");
    let moved = run(&["--headless", &format!("{url}moved")]);
    assert!(
        moved.stderr.contains("/x") && moved.stderr.contains("--expect status=302"),
        "{}",
        moved.stderr
    );

    let loaded = summary(0, &[&url, "-n", "50", "--expect", "status=404"]);
    assert_eq!((number(&loaded, "/books/ok"), number(&loaded, "/status/404")), (50, 50));
    assert_eq!(nginx.counts().requests, 52);
    assert_eq!(number(&summary(0, &[&url, "-n", "7", "--yes"]), "/books/ok"), 7);
}

#[test]
fn a_server_that_does_not_speak_http_is_not_guessed_at() {
    let mut echo = Product::start(&["serve", "echo"]);
    let address = echo.line_with("listening on", Duration::from_secs(10));
    let address = address.rsplit(' ').next().unwrap();

    let ended = run(&["--headless", address]);

    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains(&format!("tcp://{address} -d")), "{}", ended.stderr);
}

#[test]
fn lines_come_as_the_run_goes_and_the_summary_last() {
    let ended = run(&[
        "demo",
        "-c",
        "4",
        "-z",
        "2s",
        "--output-format",
        "jsonl",
        "--script",
        "500ms workers 6",
    ]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let lines = lines(&ended);

    let (last, before) = lines.split_last().unwrap();
    check(&last["summary"]);
    assert_eq!(last.as_object().unwrap().len(), 1);
    assert!(before.len() >= 3, "{}", ended.stdout);
    assert!(before.iter().all(|l| l.get("summary").is_none()));
    let ticks: Vec<f64> = before.iter().filter_map(|l| l["t_s"].as_f64()).collect();
    assert!(before[0].get("t_s").is_some() && ticks.is_sorted(), "{ticks:?}");
    assert!(
        before
            .iter()
            .any(|l| l["event"]["what"].as_str().is_some_and(|w| w.contains("workers 6"))),
        "{}",
        ended.stdout
    );
}

#[test]
fn every_kind_of_report_is_written_beside_the_closing_text() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let read = |name: &str| std::fs::read_to_string(at(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    std::fs::write(at("a.json"), "old").unwrap();
    let files = ["a.json", "b.jsonl", "c.csv", "d.svg", "e.txt"].map(at);
    let outputs = files.iter().flat_map(|f| ["-o", f.as_str()]);

    let ended = run(&["demo", "-c", "3", "-n", "60", "-o", "-"]
        .into_iter()
        .chain(outputs)
        .collect::<Vec<_>>());

    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(
        ended.stdout.contains("60 sent = 60 ok") && !ended.stdout.contains('\x1b'),
        "{}",
        ended.stdout
    );
    check(&serde_json::from_str(&read("a.json")).unwrap());
    let last: Value = serde_json::from_str(read("b.jsonl").lines().last().unwrap()).unwrap();
    check(&last["summary"]);
    assert!(read("c.csv").starts_with("t_s,"));
    assert!(read("d.svg").starts_with("<svg") && read("d.svg").contains("LATENCY"));
    assert!(read("e.txt").contains("60 sent = 60 ok"), "{}", read("e.txt"));
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(left.len(), 5, "nothing half-made stays: {left:?}");
}

#[test]
fn standard_output_gets_the_format_that_was_asked_for() {
    let of = |format: &str| run(&["demo", "-c", "3", "-n", "30", "--output-format", format]);
    assert!(of("text").stdout.starts_with("clobber "));
    assert!(of("csv").stdout.starts_with("t_s,"));
    let quiet = of("quiet");
    assert_eq!((quiet.code, quiet.stdout.as_str(), quiet.stderr.as_str()), (Some(0), "", ""));
}

#[test]
fn a_script_is_obeyed_in_order_every_command_is_an_event_and_its_quit_ends_the_run() {
    let commands = [
        "workers 6",
        "pause",
        "resume",
        "mode max",
        "bounds 2..9",
        "mark \"half way\"",
        "workers +2",
        "auto",
        "quit",
    ];
    let script: Vec<String> = commands
        .iter()
        .enumerate()
        .map(|(i, c)| format!("{}ms {c}", 300 * (i + 1)))
        .collect();

    let summary = summary(0, &["demo", "-c", "3", "--script", &script.join("; ")]);

    assert_eq!(text(&summary, "/ended_by"), "script");
    let events = summary["events"].as_array().unwrap();
    let said: Vec<&str> = events
        .iter()
        .filter(|e| e["who"] == "script")
        .map(|e| e["what"].as_str().unwrap())
        .collect();
    let mut rest = said.iter();
    for command in commands {
        let word = command.trim_start_matches("mark ").trim_matches('"');
        assert!(
            rest.any(|w| w.contains(word)),
            "{command:?} is not, or not in order, in {said:#?}"
        );
    }
    let times: Vec<f64> = events.iter().map(|e| e["at_s"].as_f64().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
    let product = Product::start_with(&["demo", "-c", "3", "--script", "@plan", "--headless"], |command| {
        std::fs::write(
            command.get_current_dir().unwrap().join("plan"),
            "200ms workers 4\n500ms quit\n",
        )
        .unwrap();
    });
    let ended = product.end(Duration::from_secs(30));
    assert!(ended.stdout.contains("ended by script"), "{}{}", ended.stdout, ended.stderr);
}

#[test]
fn paused_no_new_request_is_sent() {
    let nginx = Nginx::start();
    let mut product = Product::start(&[
        &nginx.url(),
        "-c",
        "4",
        "--headless",
        "--output-format",
        "jsonl",
        "--script",
        "300ms pause; 2s resume; 2500ms quit",
    ]);
    wait_for(|| {
        product
            .said()
            .lines()
            .any(|l| l.contains("\"phase\":\"PAUSED\"") && l.contains("\"inflight\":0"))
    });
    let paused = nginx.counts().requests;
    let ticks = |product: &Product| product.said().lines().filter(|l| l.contains("PAUSED")).count();
    let seen = ticks(&product);
    wait_for(|| ticks(&product) > seen + 3);
    let later = nginx.counts().requests;
    product.line_with("resumed", Duration::from_secs(20));
    let ended = product.end(Duration::from_secs(20));

    assert_eq!(paused, later, "nothing was sent in three ticks of pause");
    assert!(nginx.counts().requests > later, "it went on\n{}", ended.stdout);
}

#[test]
fn secrets_of_the_command_line_are_in_no_report() {
    let nginx = Nginx::start();
    let url = format!("{}?token=S3CR3T-a", nginx.url());
    let ended = run(&[
        &url,
        "-n",
        "20",
        "-H",
        "Authorization: Bearer S3CR3T-b",
        "--headless",
        "--output-format",
        "json",
    ]);

    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let said = format!("{}{}", ended.stdout, ended.stderr);
    assert!(!said.contains("S3CR3T"), "{said}");
    assert!(text(&ended.json(), "/command").contains("Authorization: ***"), "{said}");
}
