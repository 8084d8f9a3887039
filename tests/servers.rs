//! `clobber-tui host:port --headless` against servers that are not ours, quiet and beside a neighbour that takes half a core
//! in bursts of 0.2 to 2 s: is the advised pool near the best of a sweep, do two runs agree, how long did people wait?
//!
//! Per server: runs first, then one sweep that visits every count of a grid and every advised count again and again, with
//! the neighbour and without: what a count is worth beside bursts is the mean of both. Needs nginx, node and python3.
//! The table: `cargo test --release --test servers -- --ignored --nocapture`, fewer runs with `CLOBBER_RUNS=3`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "servers/judged.rs"]
mod judged;
#[path = "support/neighbour.rs"]
mod neighbour;
#[path = "support/nginx.rs"]
mod nginx;
#[path = "support/product.rs"]
mod product;
#[path = "servers/target.rs"]
mod target;
#[path = "servers/visits.rs"]
mod visits;

use judged::{Judged, Run};
use neighbour::Neighbour;
use product::Product;
use std::time::Duration;
use target::Target;

/// Runs of each server in each condition.
fn runs() -> u64 {
    std::env::var("CLOBBER_RUNS").map_or(10, |n| n.parse().expect("CLOBBER_RUNS is a number"))
}

fn judge(target: &Target) -> Judged {
    let mut runs_of = Vec::new();
    for beside in [false, true] {
        for seed in 0..runs() {
            let _neighbour = beside.then(Neighbour::bursts);
            let product = Product::start(&[
                &target.url,
                "--headless",
                "--output-format",
                "json",
                "--seed",
                &seed.to_string(),
            ]);
            // It ends by itself after a minute at most.
            let run = Run::of(&product.end(Duration::from_secs(90)), beside);
            println!("{:7} {}", target.name, run.line());
            runs_of.push(run);
        }
    }
    let advised: Vec<u32> = runs_of.iter().filter_map(Run::pool).collect();
    let worth = visits::sweep(&target.url, &advised);
    println!("{:7} {}", target.name, worth.line());
    Judged::new(runs_of, &worth)
}

#[test]
#[ignore = "40 minutes, needs node and python3"]
fn the_advised_pool_is_near_the_best_and_two_runs_agree() {
    let judged: Vec<Judged> = [Target::nginx(), Target::node(), Target::python()]
        .iter()
        .map(judge)
        .collect();
    let all = Judged::together(judged);
    println!("{}", all.table());

    assert!(
        all.near_best() >= 0.95,
        "advised pool within 95 % of the best: {:.2}",
        all.near_best()
    );
    assert!(
        all.overlapping() >= 0.90,
        "intervals of two runs overlap: {:.2}",
        all.overlapping()
    );
    // An answer after max(8 s, 32,000 answers) in the median, max(15 s, 60,000) in nine of ten.
    assert!(
        all.in_time(8.0, 32_000.0) >= 0.5,
        "soon enough: {:.2}",
        all.in_time(8.0, 32_000.0)
    );
    assert!(
        all.in_time(15.0, 60_000.0) >= 0.9,
        "in time: {:.2}",
        all.in_time(15.0, 60_000.0)
    );
}
