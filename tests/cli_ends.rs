//! How a run without a screen ends: signals, outputs that cannot be written, doubts about the result. The report is
//! written in every case.
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
use std::fs::File;
use std::process::{Command, Stdio};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(30);

/// A run of lines that is under way.
fn under_way(args: &[&str]) -> Product {
    let mut product = Product::start(&[args, &["--output-format", "jsonl"]].concat());
    product.line_with("\"phase\":\"RUN\"", LONG);
    product
}

/// The summary in the last line of a run of lines.
fn last(stdout: &str) -> Value {
    let line = stdout.lines().last().unwrap_or_default();
    let value: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    check(&value["summary"]);
    value["summary"].clone()
}

#[test]
fn a_signal_ends_the_run_with_its_own_code_and_the_report_is_written() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("report.json").display().to_string();
        let product = under_way(&["demo", "-c", "4", "-o", &file]);

        product.signal(signal);
        let ended = product.end(LONG);

        assert_eq!(ended.code, Some(code), "{}", ended.stderr);
        let summary = last(&ended.stdout);
        assert_eq!(text(&summary, "/ended_by"), "signal");
        assert!(number(&summary, "/books/ok") > 0);
        let written: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        check(&written);
        assert_eq!(written, summary);
    }
}

#[test]
fn a_second_signal_does_not_wait_for_what_is_under_way() {
    let mut queue = Product::start(&["serve", "queue", "--service", "const:60s"]);
    let address = queue.line_with("listening on", LONG).rsplit(' ').next().unwrap().to_owned();
    let mut product = Product::start(&[
        &format!("tcp://{address}"),
        "-d",
        "GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n",
        "-c",
        "3",
        "-t",
        "50s",
        "--drain",
        "50s",
        "--output-format",
        "jsonl",
    ]);
    let flying = |product: &Product| product.said().lines().any(|l| l.contains("\"inflight\":3"));
    while !flying(&product) {
        product.line_with("t_s", LONG);
        std::thread::sleep(Duration::from_millis(5));
    }

    product.signal(Signal::INT);
    product.line_with("\"phase\":\"DRAIN\"", LONG);
    product.signal(Signal::INT);
    let ended = product.end(LONG);

    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
    let summary = last(&ended.stdout);
    assert_eq!(
        (number(&summary, "/books/sent"), number(&summary, "/books/aborted")),
        (3, 3),
        "{summary:#}"
    );
}

#[test]
fn standard_output_that_cannot_be_written_is_5_and_files_are_written() {
    for format in ["text", "json", "jsonl", "csv"] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("report.json").display().to_string();
        let args = [
            "demo",
            "-c",
            "3",
            "-n",
            "200",
            "--headless",
            "--output-format",
            format,
            "-o",
            &file,
        ];
        let product = Product::start_with(&args, |command| {
            command.stdout(File::options().write(true).open("/dev/full").unwrap());
        });

        let ended = product.end(LONG);

        assert_eq!(ended.code, Some(5), "{format}: {}", ended.stderr);
        assert!(ended.stderr.contains("cannot write to standard output"), "{}", ended.stderr);
        check(&serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap());
    }
}

#[test]
fn a_reader_that_goes_away_is_5_without_a_panic() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_clobber-tui"))
        .args(["demo", "-c", "3", "-z", "5s", "--output-format", "jsonl"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    std::io::BufRead::read_line(
        &mut std::io::BufReader::with_capacity(64, child.stdout.take().unwrap()),
        &mut first,
    )
    .unwrap();
    assert!(first.starts_with('{'), "{first}");

    let ended = child.wait_with_output().unwrap();

    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(5), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn a_folder_that_goes_away_during_the_run_is_5_and_the_report_is_on_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("gone");
    std::fs::create_dir(&gone).unwrap();
    let file = gone.join("report.json").display().to_string();
    let product = under_way(&["demo", "-c", "3", "-z", "2s", "-o", &file]);

    let elsewhere = folder.path().join("elsewhere");
    std::fs::rename(&gone, &elsewhere).unwrap();
    let ended = product.end(LONG);

    assert_eq!(ended.code, Some(5), "{}", ended.stderr);
    assert!(ended.stderr.contains(&file), "{}", ended.stderr);
    last(&ended.stdout);
}

#[test]
fn a_standstill_of_this_machine_is_told_and_strict_minds_it_only_where_the_result_is_not_valid() {
    for strict in [false, true] {
        let mut args = vec!["demo", "-c", "3", "-z", "3s"];
        args.extend(strict.then_some("--strict"));
        let mut product = under_way(&args);
        product.line_with("\"t_s\":1.", LONG);

        product.signal(Signal::STOP);
        std::thread::sleep(Duration::from_millis(500));
        product.signal(Signal::CONT);
        let ended = product.end(LONG);

        let summary = last(&ended.stdout);
        let valid = summary["valid"] == true;
        assert_eq!(ended.code, Some(if strict && !valid { 6 } else { 0 }), "{}", ended.stderr);
        let longest = summary["generator"]["stalls"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|s| s["for_ms"].as_f64());
        assert!(longest.fold(0.0, f64::max) >= 400.0, "{:#}", summary["generator"]);
        assert_eq!(ended.stderr.contains("not valid"), !valid, "{}", ended.stderr);
        let events = summary["events"].to_string();
        assert!(events.contains("generator stalled"), "{events}");
    }
}

#[test]
fn too_few_descriptors_are_told_at_this_machine_and_never_blamed_on_the_target() {
    let nginx = Nginx::start();
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -n 60; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_clobber-tui")]);
    shell.args([
        "-c",
        "200",
        "-z",
        "1s",
        "--threads",
        "1",
        "--headless",
        "--output-format",
        "json",
        &nginx.url(),
    ]);

    let ended = shell.output().unwrap();

    let said = String::from_utf8_lossy(&ended.stderr);
    let summary: Value = serde_json::from_slice(&ended.stdout).unwrap_or_else(|e| panic!("{e}: {said}"));
    check(&summary);
    assert_eq!(summary["generator"]["fd_limit"], 60);
    let told = format!("{said}{summary}");
    assert!(told.contains("descriptors") || told.contains("ulimit"), "{told}");
    let errors: Vec<&String> = summary["errors"].as_object().unwrap().keys().collect();
    assert!(errors.iter().all(|e| e.starts_with("local_")), "{errors:?}");
    assert!(number(&summary, "/books/ok") > 0);
}

#[test]
fn a_panic_in_one_worker_is_1_and_the_others_go_on() {
    let product = Product::start_with(
        &["demo", "-c", "5", "-z", "2s", "--headless", "--output-format", "json"],
        |command| {
            command.env("CLOBBER_FAULT", "panic_worker:3@500ms");
        },
    );

    let ended = product.end(LONG);

    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let summary = ended.json();
    check(&summary);
    assert_eq!(number(&summary, "/errors/internal"), 1, "{summary:#}");
    assert!(
        number(&summary, "/books/ok") > 100,
        "the others went on: {:#}",
        summary["books"]
    );
}

#[test]
fn a_built_in_target_ends_on_a_signal_with_its_counts() {
    let mut queue = Product::start(&["serve", "queue"]);
    let address = queue.line_with("listening on", LONG).rsplit(' ').next().unwrap().to_owned();
    assert_eq!(run(&[&address, "-n", "9", "--headless"]).code, Some(0));

    queue.signal(Signal::TERM);
    let ended = queue.end(LONG);

    let line = ended.stdout.lines().rfind(|l| !l.is_empty()).unwrap_or_default();
    let stats: Value = serde_json::from_str(line).unwrap();
    assert_eq!(
        (ended.code, &stats["received"]),
        (Some(0), &Value::from(9)),
        "{}",
        ended.stdout
    );
}

#[test]
fn every_tick_of_a_simulated_run_is_a_line_however_fast_it_goes() {
    let ended = run(&["sim", "mmc", "-c", "9", "-z", "100s", "--output-format", "jsonl"]);

    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let lines: Vec<serde_json::Value> = ended.stdout.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let ticks: Vec<u64> = lines
        .iter()
        .filter_map(|l| Some((l.get("t_s")?.as_f64()? * 10.0).round() as u64))
        .collect();
    // ten a second, then the drain
    assert!(
        ticks.len() >= 1000 && ticks.iter().copied().eq(1..=ticks.len() as u64),
        "{ticks:?}"
    );
    assert!(lines.last().unwrap().get("summary").is_some());
}
