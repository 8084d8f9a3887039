//! A20 this machine is the limit, or stood still · A21 others take its processors.

use crate::product::Signal;
use crate::ran::{Ran, Started, alone, at_least, finish, judged, near, quantile, run_any, say, sorted, start};
use crate::truth::{Behaviour, Script, Truth};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Runs something on one processor; what it starts inherits that.
pub(crate) fn on_one_processor<R>(f: impl FnOnce() -> R) -> R {
    let all = sched_getaffinity(None).unwrap();
    let first = (0..CpuSet::MAX_CPU).find(|cpu| all.is_set(*cpu)).unwrap();
    let mut one = CpuSet::new();
    one.set(first);
    sched_setaffinity(None, &one).unwrap();
    let result = f();
    sched_setaffinity(None, &all).unwrap();
    result
}

/// A million a second asked of one processor.
fn overasked(args: &[&str]) -> Ran {
    let truth = Truth::start(Script {
        logged: false,
        ..Script::always(Behaviour::default())
    });
    let fixed = ["-q", "1000000", "-z", "3s", "-t", "5s"];
    let ran = on_one_processor(|| run_any(&truth, &[&fixed, args].concat()));
    say("A20", &format!("{} {}", ran.summary["books"], ran.summary["generator"]));
    ran
}

#[test]
fn a20_a_rate_this_machine_cannot_make_is_said_to_be_its_fault() {
    let _alone = alone();
    let ran = overasked(&[]);

    assert_eq!(ran.ended.code, Some(0), "{}", ran.ended.stderr);
    assert_eq!(ran.summary["generator"]["saturated"], true, "{}", ran.summary["generator"]);
    assert_eq!(ran.summary["valid"], false);
    assert_eq!(
        ran.summary["verdict"]["code"], "GENERATOR-LIMITED",
        "{}",
        ran.summary["verdict"]
    );
    assert_eq!(overasked(&["--strict"]).ended.code, Some(6));
}

/// 200/s; the product is stopped from about `at` for `stopped`.
fn stopped(seconds: u64, at: Duration, stopped: Duration) -> Ran {
    let truth = Truth::always(Behaviour::fixed(5));
    let started = start(&truth, &["-q", "200", "-z", &format!("{seconds}s"), "--drain", "10s"]);
    stop(&truth, &started, at, stopped);
    let ran = finish(&truth, started).reconciled(&truth);
    say(
        "A20",
        &format!("stopped {stopped:?}: {} {}", ran.shape(), ran.summary["generator"]),
    );
    assert_eq!(
        (ran.n("/books/scheduled"), ran.n("/books/ok")),
        (200 * seconds, 200 * seconds)
    );
    ran
}

/// Stops the product, after about `at` of its run, for `stopped`.
fn stop(truth: &Truth, started: &Started, at: Duration, stopped: Duration) {
    let begun = Instant::now();
    // The clock of the run begins with the first request.
    while truth.counts().requests == 0 {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "no request: {}",
            started.product.said()
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(at);
    started.product.signal(Signal::STOP);
    std::thread::sleep(stopped);
    started.product.signal(Signal::CONT);
}

/// Requests it says a standstill made late.
fn said_late(ran: &Ran) -> Option<f64> {
    let events = ran.summary["events"].as_array().unwrap();
    let told = events
        .iter()
        .filter_map(|e| e["what"].as_str())
        .find(|t| t.contains("generator stalled"))?;
    let number = told.strip_suffix(" requests late")?.rsplit(' ').next()?;
    number.replace(',', "").parse().ok()
}

/// What the generator says of the longest stall, ms.
fn longest_stall(ran: &Ran) -> f64 {
    let stalls = ran.summary["generator"]["stalls"].as_array().unwrap();
    let lengths = stalls.iter().filter_map(|s| s["for_ms"].as_f64());
    lengths.fold(0.0, f64::max)
}

#[test]
fn a20_a_generator_that_stood_still_says_so_and_counts_it() {
    let _alone = alone();
    let ran = stopped(6, Duration::from_secs(2), Duration::from_secs(2));

    // 2 s at 200/s: those due in its first second waited a second or more
    assert!(at_least(&ran.responses(), 1000.0) >= 190, "{}", ran.shape());
    assert!(longest_stall(&ran) >= 1900.0, "{}", ran.summary["generator"]);
    assert!(said_late(&ran).is_some_and(|n| n >= 380.0), "{}", ran.summary["events"]);
    assert_eq!(ran.summary["valid"], false);
}

#[test]
fn a20_what_was_due_while_the_generator_stood_still_is_no_evidence_against_a_promise() {
    let _alone = alone();
    let truth = Truth::always(Behaviour::fixed(5));
    let started = start(&truth, &["--slo", "p90<200ms", "-z", "9s"]);
    stop(&truth, &started, Duration::from_secs(5), Duration::from_millis(300));
    let ran = finish(&truth, started).reconciled(&truth);

    let told = ran.summary["events"].to_string();
    assert!(told.contains("arrivals set aside"), "{told}");
}

#[test]
#[ignore = "10 s, bounds in ms"]
fn a20_full() {
    judged(
        || stopped(10, Duration::from_secs(4), Duration::from_secs(3)),
        |ran| {
            let service = sorted(ran.raw.iter().filter_map(|l| l.service()));
            say("A20", &format!("service p98 {:.1} ms", quantile(&service, 0.98)));
            // 1400 of 2000 are in time; the 100th, 400th and 580th shortest of 600 waits, 5 ms apart, and 5 ms of service.
            // They leave in the order they were due, so the short ones leave last: catching up may take the tolerance.
            for (what, ms) in [("p75", 505.0), ("p90", 2005.0), ("p99", 2905.0)] {
                near(what, ran.ms("response", what), ms, 60.0);
            }
            near("stall", longest_stall(&ran), 3000.0, 60.0);
            near("late", said_late(&ran).unwrap(), 600.0, 12.0);
            assert!(quantile(&service, 0.98) <= 20.0, "{}", quantile(&service, 0.98));
        },
    );
}

#[test]
#[ignore = "30 s, takes every processor for 10 s"]
fn a21_full() {
    judged(
        || {
            let truth = Truth::always(Behaviour::fixed(5));
            let started = start(&truth, &["-q", "500", "-z", "30s"]);
            std::thread::sleep(Duration::from_secs(10));
            hog(Duration::from_secs(10));
            finish(&truth, started).reconciled(&truth)
        },
        |ran| {
            let calm = |l: &&crate::ran::Line| !(9_000_000_000..21_500_000_000).contains(&l.intended);
            let calm = sorted(ran.raw.iter().filter(calm).map(|l| l.response()));
            let all = ran.responses();
            say(
                "A21",
                &format!(
                    "p99 {:.1} ms, outside the theft {:.1} ms, {}",
                    quantile(&all, 0.99),
                    quantile(&calm, 0.99),
                    ran.summary["generator"]
                ),
            );
            near("p50 outside", quantile(&calm, 0.5), 5.0, 0.8);
            near("p99 outside", quantile(&calm, 0.99), 5.0, 3.0);
            // Either the theft did no harm, or the product convicts this machine.
            assert!(
                quantile(&all, 0.99) <= 10.0 || ran.summary["valid"] == false,
                "{}",
                ran.summary["generator"]
            );
        },
    );
}

/// Takes every processor for so long, at normal priority.
fn hog(time: Duration) {
    let over = Arc::new(AtomicBool::new(false));
    let cores = std::thread::available_parallelism().map_or(2, |n| n.get());
    let threads: Vec<_> = (0..2 * cores)
        .map(|_| {
            let over = Arc::clone(&over);
            std::thread::spawn(move || while !over.load(Ordering::Relaxed) {})
        })
        .collect();
    std::thread::sleep(time);
    over.store(true, Ordering::Relaxed);
    threads.into_iter().for_each(|t| t.join().unwrap());
}
