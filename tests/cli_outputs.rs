//! Where results go: nothing is lost, nothing is written twice, and a killed run leaves its last second.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "support/product.rs"]
mod product;
#[path = "support/schema.rs"]
mod schema;

use product::{Ended, Product, Signal, run};
use schema::{check, number};
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);

/// A target of our own and its address.
fn target() -> (Product, String) {
    let mut target = Product::start(&["serve", "queue"]);
    let address = target.line_with("listening on", LONG).rsplit(' ').next().unwrap().to_owned();
    (target, address)
}

/// Waits for what the file holds to be right.
fn settled<T>(path: &Path, mut look: impl FnMut(&str) -> Option<T>) -> T {
    for _ in 0..4000 {
        if let Some(found) = std::fs::read_to_string(path).ok().and_then(|text| look(&text)) {
            return found;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{} is not as it should be after 20 s", path.display());
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn events(summary: &Value) -> Vec<String> {
    let events = summary["events"].as_array().unwrap().iter();
    events.map(|e| e["what"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_snapshot_of_a_script_is_written_and_its_event_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let under = folder.path().join("kept").display().to_string();
    let script =
        format!("100ms snapshot {under}; 100ms snapshot {under}; 200ms snapshot /proc/none; 300ms snapshot {under}; 300ms quit");
    let (_target, address) = target();
    for run_of in [
        vec!["sim", "-c", "4", "--script", &script],
        vec!["-c", "4", "--script", &script, &address],
    ] {
        let ended = run(&[&run_of[..], &["--headless", "--output-format", "json"]].concat());

        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let said = events(&ended.json());
        let saved: Vec<&str> = said.iter().filter_map(|e| e.strip_prefix("snapshot saved: ")).collect();
        assert_eq!(saved.len(), 3, "the last is asked for as the run ends: {said:?}");
        for path in saved {
            let file = |name: &str| std::fs::read_to_string(Path::new(path).join(name)).unwrap();
            check(&serde_json::from_str(&file("report.json")).unwrap());
            assert!(file("report.txt").contains("clobber") && file("screen.svg").starts_with("<svg"));
        }
        let refused = said.iter().find_map(|e| e.strip_prefix("snapshot not saved: ")).unwrap();
        assert!(refused.contains("/proc"), "{refused}");
    }
    assert_eq!(names(&folder.path().join("kept")).len(), 6, "none replaced another");
}

#[test]
fn a_killed_run_leaves_its_last_second_beside_every_file_and_the_files_as_they_were() {
    let (_target, address) = target();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("run.json"), "old").unwrap();
    let files = ["run.json", "run.txt", "run.csv", "run.jsonl"].map(|name| path(name).display().to_string());
    let outputs: Vec<&str> = files.iter().flat_map(|f| ["-o", f.as_str()]).collect();
    let raw = path("raw.tsv").display().to_string();
    let args = [
        &["--headless", "-c", "2", "-z", "60s", "--raw-log", &raw][..],
        &outputs,
        &[&address],
    ]
    .concat();
    let product = Product::start(&args);

    let seen = settled(&path("run.json.part"), |text| {
        let state: Value = serde_json::from_str(text).expect("a state is whole whenever it is looked at");
        (number(&state, "/books/ok") > 0 && state["elapsed_s"].as_f64()? > 1.2).then_some(state)
    });
    check(&seen);
    assert!(seen["ended_by"].is_null());
    let lines = settled(&path("run.jsonl.part"), |text| {
        (text.lines().count() > 12).then(|| text.to_owned())
    });
    assert!(
        lines
            .lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok() || !lines.ends_with('\n'))
    );
    settled(&path("run.txt.part"), |text| text.contains("Trust").then_some(()));
    settled(&path("run.csv.part"), |text| (text.lines().count() > 1).then_some(()));
    settled(&path("raw.tsv"), |text| (text.lines().count() > 10).then_some(()));
    product.signal(Signal::KILL);
    assert_eq!(product.end(LONG).code, None);

    assert_eq!(std::fs::read_to_string(path("run.json")).unwrap(), "old");
    check(&serde_json::from_str(&std::fs::read_to_string(path("run.json.part")).unwrap()).unwrap());

    let again = run(&[&["--headless", "-c", "2", "-n", "20"][..], &outputs, &[&address]].concat());
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert_eq!(
        names(folder.path())
            .iter()
            .filter(|n| !n.starts_with('.'))
            .collect::<Vec<_>>(),
        ["raw.tsv", "run.csv", "run.json", "run.jsonl", "run.txt"],
        "a run that ends well leaves nothing half-made"
    );
}

#[test]
fn a_text_report_in_a_file_has_the_rows_and_the_events() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.txt").display().to_string();

    let ended = run(&[
        "sim",
        "--headless",
        "--seed",
        "1",
        "-z",
        "9s",
        "--script",
        "3s mark \"here\"",
        "-o",
        &file,
    ]);

    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with(&ended.stdout), "the closing text first:\n{text}");
    assert!(text.contains("\nWorkers held\n") && text.contains("\nEvents\n"), "{text}");
    assert!(text.contains("3.0 s  script      mark: here\n"), "{text}");
    assert!(!ended.stdout.contains("mark: here"), "the closing text stays short");
}

/// Exit 2 before anything is sent, with all of `pieces` on stderr.
fn refused(args: &[&str], pieces: &[&str]) -> Ended {
    let ended = run(args);
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (Some(2), ""),
        "{args:?}\n{}",
        ended.stderr
    );
    for piece in pieces {
        assert!(
            ended.stderr.contains(piece),
            "{args:?} should say {piece:?}:\n{}",
            ended.stderr
        );
    }
    ended
}

#[test]
fn two_outputs_of_one_file_and_one_that_is_read_are_refused_before_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let name = |name: &str| folder.path().join(name).display().to_string();
    let (a, dotted) = (name("a.json"), name("./a.json"));
    std::fs::write(name("body.txt"), "x").unwrap();
    std::os::unix::fs::symlink(name("body.txt"), name("link.txt")).unwrap();
    for (outputs, said) in [
        (vec!["-o", &a, "-o", &dotted], "are the same file"),
        (vec!["-o", &a, "--raw-log", &dotted], "are the same file"),
        (vec!["-o", &a, "--raw-log", &name("a.json.part")], "are the same file"),
        (vec!["-o", &name("link.txt"), "-o", &name("body.txt")], "are the same file"),
        (
            vec!["-D", &name("body.txt"), "-o", &name("link.txt")],
            "would replace what -D reads",
        ),
    ] {
        refused(&[&outputs[..], &["--headless", "127.0.0.1:1"]].concat(), &[said]);
    }
    refused(
        &["--headless", "-o", "/proc/a.json", "127.0.0.1:1"],
        &["cannot write /proc/a.json", "name a file"],
    );
    refused(&["sim", "--headless", "-o", "/proc/a.jsonl"], &["cannot write /proc/a.jsonl"]);
    refused(
        &["--headless", "--raw-log", "/proc/raw.tsv", "127.0.0.1:1"],
        &["--raw-log /proc/raw.tsv"],
    );
}

#[test]
fn of_runs_with_one_raw_log_the_first_has_it_and_the_others_are_told_at_once() {
    let (_target, address) = target();
    let folder = tempfile::tempdir().unwrap();
    let raw = folder.path().join("raw.tsv");
    let name = raw.display().to_string();
    let first = Product::start(&["--headless", "-c", "1", "-z", "60s", "--raw-log", &name, &address]);
    settled(&raw, |text| (text.lines().count() > 5).then_some(()));

    for _ in 0..2 {
        refused(
            &["--headless", "-n", "1", "--raw-log", &name, &address],
            &["another run is writing it", &name],
        );
    }

    let lines = std::fs::read_to_string(&raw).unwrap().lines().count();
    first.signal(Signal::INT);
    assert_eq!(first.end(LONG).code, Some(130));
    assert!(std::fs::read_to_string(&raw).unwrap().lines().count() >= lines && lines > 5);
    assert_eq!(run(&["--headless", "-n", "3", "--raw-log", &name, &address]).code, Some(0));
    assert_eq!(
        std::fs::read_to_string(&raw).unwrap().lines().count(),
        4,
        "a later run replaces it"
    );
}

#[test]
fn a_lower_bound_above_what_there_can_be_is_no_fault_of_ours() {
    let sim = run(&[
        "sim",
        "--headless",
        "--min-workers",
        "20000",
        "-z",
        "2s",
        "--output-format",
        "json",
    ]);
    assert_eq!(sim.code, Some(0), "{}", sim.stderr);
    assert_eq!(sim.json()["controller"]["workers"], 20_000.0);

    let (_target, address) = target();
    let (code, said) = shell("ulimit -n 60", "", &format!("--headless --min-workers 100 -z 2s {address}"));
    assert_eq!((code, said.contains("fault of ours")), (Some(0), false), "{said}");
}

/// The product behind a shell's redirections.
fn shell(first: &str, redirect: &str, args: &str) -> (Option<i32>, String) {
    let script = format!("{first}; exec \"$0\" {args} {redirect}");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_clobber-tui")]);
    let ended = command.output().unwrap();
    (ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned())
}

#[test]
fn a_closed_standard_output_is_5_and_one_thrown_away_is_not() {
    let sim = "sim --headless --seed 1 -z 2s -c 4";
    for (redirect, args, code) in [
        (">&-", sim.to_owned(), 5),
        ("1</dev/null", sim.to_owned(), 5),
        (">&-", format!("{sim} --output-format jsonl"), 5),
        (">&-", "sim ewf".to_owned(), 5),
        (">/dev/null", sim.to_owned(), 0),
        (">&-", format!("{sim} --output-format quiet"), 0),
    ] {
        let (ended, said) = shell("true", redirect, &args);
        assert_eq!(ended, Some(code), "{args} {redirect}: {said}");
        assert_eq!(
            said.contains("standard output is closed"),
            code == 5,
            "{args} {redirect}: {said}"
        );
    }
}

#[test]
fn a_panic_of_the_engine_is_1_with_everything_measured_until_then() {
    let (_target, address) = target();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.jsonl");
    let name = file.display().to_string();
    let args = [
        "--headless",
        "-c",
        "3",
        "-z",
        "60s",
        "--output-format",
        "json",
        "-o",
        &name,
        &address,
    ];
    let product = Product::start_with(&args, |command| {
        command.env("CLOBBER_FAULT", "panic_engine@1230ms");
    });

    let ended = product.end(LONG);

    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("a fault of ours ended the run"), "{}", ended.stderr);
    let summary = ended.json();
    check(&summary);
    assert_eq!((&summary["ended_by"], &summary["valid"]), (&"fault".into(), &false.into()));
    let ok = number(&summary, "/books/ok");
    assert!(ok > 10 && summary["books"]["balanced"] == true, "{:#}", summary["books"]);
    assert_eq!(number(&summary, "/latency/response/count"), ok, "{:#}", summary["latency"]);
    assert_eq!(number(&summary, "/status/200"), ok);
    assert!(
        events(&summary)
            .iter()
            .any(|e| e.starts_with("our own fault ended the run: ")),
        "{summary:#}"
    );
    let lines = std::fs::read_to_string(&file).unwrap();
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(last["summary"]["books"], summary["books"]);
}
