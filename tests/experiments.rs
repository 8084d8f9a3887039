//! `sim bakeoff` and `sim answers` as a user runs them: what they write, what they refuse, how they stop.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "support/product.rs"]
mod product;

use product::{Product, Signal, run};
use serde_json::Value;
use std::time::Duration;

#[test]
fn bad_plans_are_refused_with_the_remedy() {
    for (args, says) in [
        (
            "bakeoff --plants mcm",
            "there is no simulated target \"mcm\" (there are: all, mmc, usl",
        ),
        (
            "bakeoff --controllers pid",
            "there is no controller \"pid\" (there are: all, max",
        ),
        ("bakeoff --seeds 0", "say 1 or more"),
        ("bakeoff --jitter 1", "say 0 to 0.9"),
        ("bakeoff --jitter=-.1", "say 0 to 0.9"),
        ("bakeoff --output-format csv", "say --output-format text or json"),
        ("answers --runs 0", "say 1 or more, such as --runs 200"),
        ("answers --draw 201", "say 0 to 200, such as --draw 22"),
        ("answers --output-format jsonl", "say --output-format text or json"),
    ] {
        let args: Vec<&str> = ["sim"].into_iter().chain(args.split(' ')).collect();

        let ended = run(&args);

        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{args:?}");
        assert!(ended.stderr.contains(says), "{args:?}: {}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    }
}

#[test]
fn a_small_bake_off_writes_its_cells_and_nothing_else() {
    let args = "sim bakeoff --plants tiny --controllers max --seeds 1 --quiet --output-format json";
    let args: Vec<&str> = args.split(' ').collect();

    let (first, again) = (run(&args), run(&args));

    assert_eq!((first.code, first.stderr.as_str()), (Some(0), ""));
    assert_eq!(first.stdout, again.stdout);
    let cell = serde_json::from_str::<Value>(&first.stdout).unwrap()["cells"][0].clone();
    let keys: Vec<&str> = cell.as_object().unwrap().keys().map(String::as_str).collect();
    let known = "plant controller seeds regret regret_p90 t5_s t5_p90_s steady_loss n_over_knee peak_over_knee p99_over_knee recovery_s recovery_p90_s";
    assert_eq!(keys.join(" "), known);
    assert_eq!((&cell["plant"], &cell["seeds"]), (&"tiny".into(), &1.into()));
    assert!(cell["recovery_s"].is_null(), "tiny does not change: {cell}");
}

#[test]
fn hold_in_a_bake_off_keeps_targets_instead_of_searching() {
    let args = "sim bakeoff --plants mmc --controllers hold --seeds 1 --jitter .2 --quiet --output-format json";

    let ended = run(&args.split(' ').collect::<Vec<_>>());

    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let all = serde_json::from_str::<Value>(&ended.stdout).unwrap();
    let held = all["setpoints"].as_array().unwrap();
    let variables: Vec<&str> = held.iter().map(|c| c["variable"].as_str().unwrap()).collect();
    assert_eq!(
        (all["cells"].as_array().map(Vec::len), variables),
        (Some(0), vec!["mean", "rps", "queue"])
    );
    assert!(held[1]["error"].as_f64().unwrap().abs() < 0.1, "{}", held[1]);
}

#[test]
fn answers_are_fractions_with_their_misses() {
    let args = "sim answers --runs 1 --seed 5 --quiet --output-format json";

    let ended = run(&args.split(' ').collect::<Vec<_>>());

    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let all: Value = serde_json::from_str(&ended.stdout).unwrap();
    let keys: Vec<&str> = all.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys.join(" "),
        "runs verdict_right knee_inside advice_survives knee_width peak_over_knee first_verdict_right answered_soon answered_in_time answered_s answered_p90_s classes plants drawn misses"
    );
    assert_eq!((&all["runs"], &all["verdict_right"]), (&1.into(), &1.0.into()), "{all}");
    assert!((1.0..10.0).contains(&all["peak_over_knee"].as_f64().unwrap()), "{all}");
    assert_eq!(all["classes"]["steady"]["runs"], 1, "{all}");
}

#[test]
fn an_interrupt_prints_the_cells_that_are_finished() {
    let args = "sim bakeoff --plants usl --controllers max --seeds 5000 --quiet --output-format json";
    let product = Product::start(&args.split(' ').collect::<Vec<_>>());
    std::thread::sleep(Duration::from_millis(1_000));
    product.signal(Signal::INT);

    let ended = product.end(Duration::from_secs(10));

    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
    let all: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(all["cells"].as_array().unwrap().len(), 0, "no cell has all its seeds");
}
