//! `sim ewf` as a user runs it: its reports, its files, and what it refuses.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "support/product.rs"]
mod product;

use product::run;

#[test]
fn it_says_where_the_queue_runs_away_and_writes_every_kind_of_file() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let read = |name: &str| std::fs::read_to_string(at(name)).unwrap();
    std::fs::write(at("b.json"), "old").unwrap();
    let files = ["a.svg", "b.json", "c.txt"].map(at);

    let ended = run(&["sim", "ewf", "-o", &files[0], "-o", &files[1], "-o", &files[2], "-o", "-"]);

    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(
        ended.stdout.contains("RUN-AWAY at ") && ended.stdout.contains("1.9895"),
        "{}",
        ended.stdout
    );
    let json: serde_json::Value = serde_json::from_str(&read("b.json")).unwrap();
    let onset = json["onset"]["share"].as_f64().unwrap();
    assert!((0.70..=0.85).contains(&onset), "{onset}");
    assert!(ended.stdout.contains(&format!("{:.1} %", onset * 100.0)), "{}", ended.stdout);
    assert_eq!(json["columns"]["response"]["p50"].as_array().unwrap().len(), 200);
    assert!(read("a.svg").starts_with("<svg") && read("a.svg").contains("Everything Will Flow"));
    assert!(read("c.txt").contains("RUN-AWAY at "));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 3, "nothing half-made stays");
}

#[test]
fn a_bounded_queue_of_one_seed_gives_the_same_bytes() {
    let args = |seed| {
        let flags = ["--queue", "5", "--overflow", "reject", "--output-format", "json"];
        [&["sim", "ewf", "--seed", seed][..], &flags].concat()
    };
    let (first, again, other) = (run(&args("7")), run(&args("7")), run(&args("8")));

    assert_eq!((first.code, first.stderr.as_str()), (Some(0), ""));
    assert_eq!(first.stdout, again.stdout);
    let (one, two) = (first.json(), other.json());
    assert_ne!(one["books"], two["books"], "the seed matters");
    assert_eq!((one["queue"].as_u64(), one["overflow"].as_str()), (Some(5), Some("reject")));
    assert!(
        one["books"]["rejected"].as_u64() > Some(0) && one["books"]["shed"] == 0,
        "{}",
        one["books"]
    );
    assert!(one["cost"]["lost_share"].as_f64() > Some(0.0));
    assert_eq!(one["onset"], serde_json::Value::Null);
}

#[test]
fn what_cannot_be_is_refused_with_the_remedy() {
    for (args, pieces) in [
        ("--consumers|0", "--consumers|from 1 to 64|1, 4 or 16"),
        ("--consumers|65", "from 1 to 64"),
        ("--consumers|many", "from 1 to 64"),
        ("--queue=-1", "--queue"),
        ("--queue|lots", "leave it out"),
        ("--overflow|drop", "--queue 20"),
        ("--overflow|wait", "drop, reject, block"),
        ("--queue|9|--overflow|wait", "drop, reject, block"),
        ("--seed|x", "whole number"),
        ("--output-format|csv", "text or json"),
        ("--output-format|jsonl", "text or json"),
        ("-o|out.pdf", ".svg .json .txt"),
        ("-o|no/such/out.svg", "make it first"),
    ] {
        let all: Vec<&str> = ["sim", "ewf"].into_iter().chain(args.split('|')).collect();
        let ended = run(&all);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{args}: {}", ended.stderr);
        for piece in pieces.split('|') {
            assert!(ended.stderr.contains(piece), "{args}: {piece:?} in {}", ended.stderr);
        }
    }
}

#[test]
fn a_file_that_cannot_be_written_ends_with_5_and_the_rest_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("a.json").display().to_string();

    let ended = run(&["sim", "ewf", "-o", "/proc/out.svg", "-o", &good, "--output-format", "quiet"]);

    assert_eq!((ended.code, ended.stdout.as_str()), (Some(5), ""), "{}", ended.stderr);
    assert!(ended.stderr.contains("cannot write /proc/out.svg"), "{}", ended.stderr);
    assert!(folder.path().join("a.json").is_file());
}
