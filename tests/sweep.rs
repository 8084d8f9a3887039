//! `max` on real sockets: it ends near the best of a sweep of fixed counts at the same target, soon, and with few workers.
//! It refuses to judge on a busy machine, and to hold a run against anything but the sweep measured beside it.
//!
//! Per target: twelve fixed counts for 3 s each, then five runs of `max` for 12 s. One table, then three one-sided bounds
//! on the medians of the five. The best of a sweep is the highest of twelve noisy figures: a bound held against it is
//! stricter than one against the truth. A table alone: `cargo test --release --test sweep -- --ignored --nocapture`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "sweep/curve.rs"]
mod curve;
#[path = "support/nginx.rs"]
mod nginx;
#[path = "support/product.rs"]
mod product;
#[path = "support/quiet.rs"]
mod quiet;

use curve::{Curve, grid, median};
use nginx::Nginx;
use product::{Ended, Product};
use serde_json::Value;
use std::time::Duration;

/// Longest median time to 95 % of the best, s.
const SOON: f64 = 8.0;
/// Most workers, as a multiple of the sweep's knee.
const FEW: f64 = 1.5;
/// Runs of `max` per target.
const RUNS: usize = 5;

/// A target, for as long as it lives.
struct Target {
    url: String,
    queue: Product,
    nginx: Option<Nginx>,
}

/// One run of `max`.
struct Run {
    /// Time to 95 % of the best of the sweep, s; infinite: never.
    arrival: f64,
    /// Good answers a second where it ended.
    rate: f64,
    /// Workers where it ended.
    workers: f64,
    verdict: String,
}

impl Target {
    fn queue(options: &str) -> Self {
        let mut queue = Product::start(&[&["serve", "queue"][..], &options.split(' ').collect::<Vec<_>>()].concat());
        let line = queue.line_with("listening on ", Duration::from_secs(10));
        let url = format!("http://{}/", line.rsplit_once(' ').unwrap().1);
        Self { url, queue, nginx: None }
    }

    /// A queue behind an nginx that limits: `zone` in the http block, `limit` in the location. The key of a zone must not
    /// be empty, or nginx counts nothing.
    fn limited(options: &str, zone: &str, limit: &str) -> Self {
        let mut target = Self::queue(options);
        let at = target.url.trim_start_matches("http://").trim_end_matches('/');
        let http = format!("{zone} upstream queue {{ server {at}; keepalive 512; }}");
        let location =
            format!("location / {{ {limit} proxy_http_version 1.1; proxy_set_header Connection ''; proxy_pass http://queue; }}");
        let nginx = Nginx::within(&http, &location);
        target.url = nginx.url();
        target.nginx = Some(nginx);
        target
    }

    /// A run against it, and the share of the machine that others took meanwhile.
    fn load(&self, args: &str) -> (Ended, f64) {
        let ours: Vec<u32> = std::iter::once(self.queue.pid())
            .chain(self.nginx.as_ref().map(Nginx::pid))
            .collect();
        let typed = format!("{} {args} --headless", self.url);
        let typed: Vec<&str> = typed.split(' ').collect();
        quiet::quietest(&ours, || {
            let ended = product::run(&typed);
            assert_eq!(ended.code, Some(0), "{typed:?}: {}", ended.stderr);
            ended
        })
    }

    /// Good answers a second at fixed counts, half a second of warming up left out; the greatest share others took.
    fn sweep(&self, counts: &[u32]) -> (Curve, f64) {
        let mut taken: f64 = 0.0;
        let points = counts.iter().map(|n| {
            let (ended, share) = self.load(&format!("-c {n} -z 3500ms --warmup 500ms --output-format json"));
            taken = taken.max(share);
            (*n, figure(&ended.json(), "/steady/good_rps"))
        });
        let curve = Curve::new(points.collect());
        (curve, taken)
    }

    /// One run of `max`, and the share others took.
    fn max(&self, seed: usize, curve: &Curve) -> (Run, f64) {
        let (ended, share) = self.load(&format!("-z 12s --seed {seed} --output-format jsonl"));
        let lines: Vec<Value> = ended.stdout.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        let ticks: Vec<(f64, f64)> = lines
            .iter()
            .filter(|l| l.get("t_s").is_some())
            .map(|l| (figure(l, "/t_s"), figure(l, "/workers")))
            .collect();
        let summary = &lines.last().unwrap()["summary"];
        let run = Run {
            arrival: curve.arrival(&ticks).unwrap_or(f64::INFINITY),
            rate: figure(summary, "/steady/good_rps"),
            workers: figure(summary, "/steady/workers"),
            verdict: summary["verdict"]["code"].as_str().unwrap().to_owned(),
        };
        (run, share)
    }
}

fn figure(value: &Value, pointer: &str) -> f64 {
    let found = value.pointer(pointer).and_then(Value::as_f64);
    found.unwrap_or_else(|| panic!("no number at {pointer} in {value:#}"))
}

/// Sweeps, runs, prints, judges. `knee`: roughly where it is, for the counts of the sweep.
fn judge(name: &str, knee: f64, target: &Target) {
    let (curve, mut taken) = target.sweep(&grid(knee));
    let runs: Vec<Run> = (1..=RUNS)
        .map(|seed| {
            let (run, share) = target.max(seed, &curve);
            taken = taken.max(share);
            run
        })
        .collect();
    let (best, at) = (curve.best(), curve.knee());
    let rate = median(runs.iter().map(|r| r.rate)) / best;
    let arrival = median(runs.iter().map(|r| r.arrival));
    let workers = median(runs.iter().map(|r| r.workers)) / at;
    print(name, &curve, &runs, taken);
    eprintln!(
        "{name}: median {arrival:.1} s, {:.1} % of the best, {workers:.2} x the knee",
        100.0 * rate
    );
    if !quiet::full() {
        eprintln!("not judged here: percent and seconds need a quiet machine (tests/run --full)");
        return;
    }
    assert!(
        quiet::undisturbed(taken),
        "machine too busy: others took {:.0} % of it (end other work and run it again)",
        100.0 * taken
    );
    assert!(
        rate >= curve::NEAR,
        "{name}: ends at {:.1} % of the sweep's {best:.0}/s",
        100.0 * rate
    );
    assert!(arrival <= SOON, "{name}: {arrival:.1} s to 95 % of the sweep's {best:.0}/s");
    assert!(workers <= FEW, "{name}: {workers:.2} x the sweep's knee, {at} workers");
}

fn print(name: &str, curve: &Curve, runs: &[Run], taken: f64) {
    let (best, knee) = (curve.best(), curve.knee());
    eprintln!(
        "{name}: best {best:.0}/s, knee {knee} workers; others took up to {:.0} %",
        100.0 * taken
    );
    let points: Vec<String> = curve.points().iter().map(|(n, x)| format!("{n}:{x:.0}")).collect();
    eprintln!("  sweep  {}", points.join("  "));
    for (i, r) in runs.iter().enumerate() {
        let (share, times) = (100.0 * r.rate / best, r.workers / knee);
        let Run {
            arrival,
            rate,
            workers,
            verdict,
        } = r;
        eprintln!(
            "  run {}  {arrival:5.1} s to 95 %   {rate:6.0}/s = {share:5.1} %   {workers:4.0} workers = {times:.2} x knee   {verdict}",
            i + 1
        );
    }
}

#[test]
#[ignore = "100 s on real sockets: tests/run --full"]
fn constant_service_on_four_servers() {
    judge("const", 4.0, &Target::queue("--servers 4 --service const:5ms"));
}

#[test]
#[ignore = "100 s on real sockets: tests/run --full"]
fn eight_servers_behind_a_network() {
    judge("mmc", 22.0, &Target::queue("--servers 8 --service exp:4ms --delay 5ms"));
}

#[test]
#[ignore = "100 s on real sockets: tests/run --full"]
fn contention_that_thrashes() {
    let usl = "--servers 1024 --service exp:4ms --contention .02:.0004 --delay 400us";
    judge("usl", 41.0, &Target::queue(usl));
}

#[test]
#[ignore = "100 s on real sockets: tests/run --full"]
fn nginx_that_turns_away_above_sixteen_at_once() {
    let zone = "limit_conn_zone $server_port zone=at_once:1m;";
    let target = Target::limited("--servers 64 --service exp:8ms", zone, "limit_conn at_once 16;");
    judge("limit_conn", 16.0, &target);
}

#[test]
#[ignore = "100 s on real sockets: tests/run --full"]
fn nginx_that_delays_above_a_thousand_a_second() {
    let zone = "limit_req_zone $server_port zone=rate:1m rate=1000r/s;";
    let target = Target::limited("--servers 64 --service exp:8ms", zone, "limit_req zone=rate burst=100;");
    judge("limit_req", 9.0, &target);
}
