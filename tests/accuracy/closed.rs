//! A04 freeze · A10 Little's law · A25 long values · A29 warm-up · A30 what measuring costs · A31 the controller.

use crate::product::Product;
use crate::ran::{Ran, alone, at_least, judged, mean, near, quantile, run, run_any, say, sorted};
use crate::truth::{Behaviour, Delay, Script, Truth};
use std::time::Duration;

/// What the server took for the requests it did not sleep through, by its own log: a delay of 10 ms asks this machine to wake
/// somebody after 10 ms, and how late it does that is no error of ours. Mean, ms.
fn taken(pairs: &[(f64, f64)]) -> f64 {
    let truth: Vec<f64> = pairs.iter().map(|(_, truth)| *truth).filter(|ms| *ms < 1000.0).collect();
    mean(&truth)
}

/// What an exchange took beyond that, ms: both ways through the kernel, and to wake both ends.
fn swift(beyond: f64) {
    assert!(
        (0.0..=0.5).contains(&beyond),
        "{beyond} ms an exchange beyond what the server took"
    );
}

/// A04: ten workers, 10 ms, frozen in [3, 5) of every 10 s. Also its service times agree with the server's.
fn a04(seconds: u64) -> Ran {
    let truth = Truth::always(Behaviour::fixed(10).frozen());
    let ran = run(&truth, &["-c", "10", "-z", &format!("{seconds}s")]).reconciled(&truth);
    let (all, pairs) = (ran.responses(), ran.pairs());
    let worst = pairs.iter().map(|(tool, truth)| tool - truth).fold(f64::INFINITY, f64::min);
    say(
        "A04",
        &format!(
            "{} ≥1s {} least excess {worst:.3} ms; the server took {:.2} ms",
            ran.shape(),
            at_least(&all, 1000.0),
            taken(&pairs)
        ),
    );
    assert_eq!(pairs.len() as u64, ran.n("/books/ok"));
    assert!(worst >= -0.01, "shorter than the server took: {worst} ms");
    ran
}

#[test]
fn a04_a_freeze_is_ten_slow_requests_of_ten_workers_and_no_others_are_made_up() {
    let _alone = alone();
    let ran = a04(7);
    let all = ran.responses();

    assert_eq!(at_least(&all, 1000.0), 10, "one a worker");
    assert!(quantile(&all, 0.5) >= 10.0 && ran.ms("response", "max") >= 1990.0);
    // 5 s of work at 10 ms with ten workers, and what is under way at the end
    assert!(all.len() <= 5020, "{}", all.len());
    assert_eq!(ran.n("/latency/response/count"), all.len() as u64, "nothing synthetic");
}

#[test]
#[ignore = "60 s, bounds in ms"]
fn a04_full() {
    judged(
        || a04(60),
        |ran| {
            let (all, pairs) = (ran.responses(), ran.pairs());
            assert_eq!(at_least(&all, 1000.0), 60);
            // 48 s of work; 48 000 of a server that took exactly 10 ms and two ends that woke at once
            swift(480e3 / all.len() as f64 - taken(&pairs));
            let truth = sorted(pairs.into_iter().map(|(_, truth)| truth));
            near("p99", ran.ms("response", "p99"), quantile(&truth, 0.99), 3.0);
            near("p99.9", ran.ms("response", "p999"), quantile(&truth, 0.999), 25.0);
            near("mean", ran.ms("response", "mean"), mean(&truth), 0.6);
        },
    );
}

/// A10: throughput, response and workers agree.
fn a10(behaviour: Behaviour, seconds: u64) -> Ran {
    let truth = Truth::always(behaviour);
    let ran = run(&truth, &["-c", "10", "-z", &format!("{seconds}s")]).reconciled(&truth);
    let (rps, r) = (ran.x("/throughput/rps"), ran.ms("response", "mean"));
    say(
        "A10",
        &format!(
            "X {rps:.1}/s R {r:.2} ms N−XR {:.2} %; the server took {:.2} ms",
            (10.0 - rps * r / 1e3) * 10.0,
            taken(&ran.pairs())
        ),
    );
    ran
}

#[test]
fn a10_throughput_is_never_more_than_the_server_gives_and_littles_law_holds() {
    let _alone = alone();
    for (behaviour, most) in [(Behaviour::fixed(20), 500.0), (Behaviour::station(1, 10.0), 100.0)] {
        let ran = a10(behaviour, 4);
        assert!(ran.x("/throughput/rps") <= most * 1.01, "{}", ran.x("/throughput/rps"));
        near("little's ratio", ran.x("/throughput/little_ratio"), 1.0, 0.03);
    }
}

#[test]
#[ignore = "bounds in %"]
fn a10_full() {
    for (behaviour, rps) in [(Behaviour::fixed(20), 500.0), (Behaviour::station(1, 10.0), 100.0)] {
        judged(
            || a10(behaviour.clone(), 20),
            |ran| {
                let (x, r) = (ran.x("/throughput/rps"), ran.ms("response", "mean"));
                assert!(x <= rps * 1.005, "{x} of {rps}");
                // The first ten find no queue.
                swift(10e3 / x - taken(&ran.pairs_from(10)));
                swift(r - taken(&ran.pairs()));
                near("X·R", x * r / 1e3, 10.0, 0.1);
            },
        );
    }
}

/// A25: the first answer comes at once, the others after so many seconds.
fn a25(seconds: u64) -> Ran {
    let script = Script::always(Behaviour::default()).then(1, Behaviour::fixed(seconds * 1000));
    let truth = Truth::start(script);
    let ran = run(&truth, &["-n", "3", "-c", "2", "-t", "120s"]).reconciled(&truth);
    say("A25", &format!("{seconds} s: {}", ran.shape()));
    ran
}

#[test]
fn a25_a_long_answer_is_recorded_at_its_length() {
    let _alone = alone();
    let ran = a25(2);
    let max = ran.ms("response", "max");
    assert!((2000.0..4000.0).contains(&max), "{max}");
}

#[test]
#[ignore = "70 s"]
fn a25_full() {
    judged(|| a25(70), |ran| near("max", ran.ms("response", "max"), 70_000.0, 70.0));
}

#[test]
fn a29_what_warms_up_is_in_the_books_and_in_no_latency() {
    let _alone = alone();
    let truth = Truth::always(Behaviour::fixed(5));
    let ran = run(&truth, &["-c", "4", "-z", "3s", "--warmup", "1500ms"]).reconciled(&truth);

    let warm = ran.raw.iter().filter(|l| l.end < 1_300_000_000).count() as u64;
    let measured = ran.n("/latency/response/count");
    say(
        "A29",
        &format!("sent {} measured {measured} surely warm {warm}", ran.n("/books/sent")),
    );
    assert!(warm > 0 && measured > 0);
    assert!(measured <= ran.n("/books/sent") - warm);
}

/// A named pipe, and a thread that opens it, reads a little, and holds it until told to let go.
#[test]
fn a30_a_log_nobody_reads_costs_lines_and_no_time() {
    let _alone = alone();
    let truth = Truth::start(Script {
        logged: false,
        ..Script::always(Behaviour::default())
    });
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.is_ok_and(|s| s.success()), "cannot make a pipe (coreutils' mkfifo)");
    let reader = std::fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();

    let (n, url) = ("150000", truth.url());
    let args = ["-n", n, "-c", "20", "--headless", "--output-format", "json"];
    let product = Product::start(&[&args[..], &["--raw-log", pipe.to_str().unwrap(), &url]].concat());
    let ended = product.end(Duration::from_secs(120));
    drop(reader);

    let summary = ended.json();
    assert_eq!(ended.code, Some(5), "an output could not be written: {}", ended.stderr);
    assert!(ended.stderr.contains("takes nothing any more"), "{}", ended.stderr);
    assert_eq!(summary["books"]["ok"], 150_000);
    // 64 KiB in the pipe, 64 batches in the channel: 70 thousand lines at most are under way
    let told = summary["events"].to_string();
    assert!(
        told.contains("requests have no line") && told.contains("could not keep up"),
        "{told}"
    );
    say(
        "A30",
        &format!("{} requests at {}/s into a full pipe", n, summary["throughput"]["rps"]),
    );
}

#[test]
#[ignore = "bounds in %"]
fn a30_full() {
    let truth = Truth::start(Script {
        logged: false,
        ..Script::always(Behaviour::fixed(2))
    });
    let measure = |args: &[&str]| {
        let url = truth.url();
        let fixed = ["-c", "20", "-z", "2s", "--headless", "--output-format", "json"];
        let summary = Product::start(&[&fixed[..], args, &[&url]].concat())
            .end(Duration::from_secs(60))
            .json();
        let number = |p: &str| summary.pointer(p).and_then(|v| v.as_f64()).unwrap();
        (number("/throughput/rps"), number("/latency/response/p99_ms"))
    };
    let logged = ["--raw-log", "raw.tsv"];
    judged(
        || {
            // In turns, since the machine is not the same for long.
            let pair = |i| match i % 2 {
                0 => (measure(&[]), measure(&logged)),
                _ => {
                    let first = measure(&logged);
                    (measure(&[]), first)
                }
            };
            (0..21).map(pair).collect::<Vec<_>>()
        },
        |rounds| {
            let ratios = sorted(rounds.iter().map(|(bare, logged)| logged.0 / bare.0));
            let longer = sorted(rounds.iter().map(|(bare, logged)| logged.1 - bare.1));
            let (ratio, longer) = (quantile(&ratios, 0.5), quantile(&longer, 0.5));
            say(
                "A30",
                &format!("logged to bare {ratio:.3} of {ratios:.3?}, p99 {longer:.2} ms longer"),
            );
            near("throughput, logged to bare", ratio, 1.0, 0.03);
            assert!(longer <= 1.0, "{longer} ms");
        },
    );
}

/// A31: ten slots of 10 ms, later of 20 ms, at last errors in 0.2 ms.
fn a31(second_ms: u64, third_ms: u64, seconds: u64) -> (Ran, Vec<(f64, f64, f64)>) {
    let errors = Behaviour {
        status: 503,
        service: Delay::Fixed(Duration::from_micros(200)),
        ..Behaviour::default()
    };
    let script = Script::always(Behaviour::station(10, 10.0))
        .then(second_ms, Behaviour::station(10, 20.0))
        .then(third_ms, errors);
    let truth = Truth::start(script);
    let (n, url) = (format!("{seconds}s"), truth.url());
    let product = Product::start(&[
        "-z",
        &n,
        "--headless",
        "--output-format",
        "jsonl",
        "--raw-log",
        "raw.tsv",
        &url,
    ]);
    let ended = product.end(Duration::from_secs(seconds + 60));
    let lines: Vec<serde_json::Value> = ended.stdout.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let number = |v: &serde_json::Value, k: &str| v[k].as_f64().unwrap_or(0.0);
    let ticks = lines.iter().filter(|v| v.get("t_s").is_some());
    let ticks = ticks
        .map(|v| (number(v, "t_s"), number(v, "workers"), number(v, "good_rps")))
        .collect();
    let summary = lines.last().unwrap()["summary"].clone();
    crate::schema::check(&summary);
    let ran = Ran {
        summary,
        raw: Vec::new(),
        seen: truth.log(),
        ended,
    };
    assert_eq!(ran.n("/books/sent") + ran.n("/connections/retries"), truth.counts().requests);
    (ran, ticks)
}

/// Workers and good rate between two moments: means.
fn between(ticks: &[(f64, f64, f64)], from: f64, to: f64) -> (f64, f64) {
    let within: Vec<_> = ticks.iter().filter(|t| (from..to).contains(&t.0)).collect();
    assert!(!within.is_empty(), "no tick in {from}..{to}");
    let workers: Vec<f64> = within.iter().map(|t| t.1).collect();
    let rates: Vec<f64> = within.iter().map(|t| t.2).collect();
    (mean(&workers), mean(&rates))
}

#[test]
fn a31_fast_errors_are_no_throughput_and_do_not_draw_more_workers() {
    let _alone = alone();
    let (ran, ticks) = a31(4000, 8000, 14);

    let (_, good) = between(&ticks, 10.0, 14.0);
    let most = ticks.iter().filter(|t| t.0 > 8.0).map(|t| t.1).fold(0.0, f64::max);
    say(
        "A31",
        &format!("good at the end {good:.1}/s, most workers among errors {most:.0}"),
    );
    assert!(good <= 1.0, "errors counted as good: {good}");
    assert!(most <= 512.0, "workers ran away: {most}");
    let verdict = &ran.summary["verdict"];
    assert_eq!(verdict["code"], "BROKEN", "{verdict}");
    assert!(verdict["sentence"].to_string().contains("errors dominate"), "{verdict}");
    assert_eq!(ran.n("/status/503"), ran.n("/books/bad_status"));
    // ten slots of 10 ms: 1000/s at most, whatever a window catches
    assert!(ran.n("/books/ok") <= 8 * 1000 + 20, "{}", ran.n("/books/ok"));
}

#[test]
#[ignore = "90 s, bounds in %"]
fn a31_full() {
    judged(
        || a31(30_000, 60_000, 90),
        |(_, ticks)| {
            let (first, second, third) = (
                between(&ticks, 20.0, 29.0),
                between(&ticks, 50.0, 59.0),
                between(&ticks, 70.0, 90.0),
            );
            say(
                "A31",
                &format!("(workers, good/s): {first:.1?} then {second:.1?} then {third:.1?}"),
            );
            assert!((9.0..=14.0).contains(&first.0) && first.1 >= 970.0, "{first:?}");
            assert!((9.0..=14.0).contains(&second.0) && second.1 >= 485.0, "{second:?}");
            assert!(third.0 <= 64.0 && third.1 <= 1.0, "{third:?}");
        },
    );
}

#[test]
fn a28_whatever_a_run_was_its_report_is_consistent() {
    let _alone = alone();
    let failing = Behaviour {
        status: 503,
        ..Behaviour::default()
    };
    for (behaviour, args) in [
        (Behaviour::default(), &["-n", "1", "-c", "1"][..]),
        (Behaviour::fixed(3), &["-n", "500", "-c", "7"]),
        (failing, &["-n", "20", "-c", "2", "--yes"]),
    ] {
        let truth = Truth::always(behaviour);
        let ran = run_any(&truth, args).reconciled(&truth);
        let keys = ["min", "p50", "p75", "p90", "p95", "p99", "p999", "p9999", "max"];
        let known: Vec<f64> = keys.iter().map(|k| ran.ms("response", k)).filter(|v| v.is_finite()).collect();
        assert!(known.windows(2).all(|w| w[0] <= w[1]), "{known:?}");
        let (min, mean, max) = (
            ran.ms("response", "min"),
            ran.ms("response", "mean"),
            ran.ms("response", "max"),
        );
        assert!(min <= mean && mean <= max, "{min} {mean} {max}");
        let all = ran.responses();
        assert_eq!(ran.n("/latency/response/count"), all.len() as u64);
        // three digits: within 0.1 % of the log
        near("max", max, all[all.len() - 1], max * 0.001);
        near("mean", mean, crate::ran::mean(&all), mean * 0.001);
        say("A28", &format!("{args:?} {}", ran.shape()));
    }
    for format in ["json", "text", "csv"] {
        let closed = crate::dead::DeadPort::new();
        let address = closed.addr().to_string();
        let ended = crate::product::run(&["-n", "1", "--headless", "--output-format", format, &address]);
        assert_eq!(ended.code, Some(3), "{}", ended.stderr);
        let said = ended.stdout.to_lowercase();
        assert!(!said.contains("nan") && !said.contains(" inf"), "{said}");
    }
}
