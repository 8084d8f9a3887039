//! A32 beside a neighbour that takes half a core in bursts the answer stands · A33 a lane that is kept from sending is convicted.

use crate::generator::on_one_processor;
use crate::product::{Ended, run};
use crate::ran::{alone, run_any, say};
use crate::truth::{Behaviour, Script, Truth};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Takes a processor in bursts of 0.2 to 2 s, half of the time, until it is dropped.
struct Neighbour {
    over: Arc<AtomicBool>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Neighbour {
    fn bursts() -> Self {
        Self::start(1, |rng, over| {
            let burst = Duration::from_millis(rng.u64(200..2_000));
            let begin = Instant::now();
            while begin.elapsed() < burst && !over.load(Ordering::Relaxed) {}
            // As long a rest, in pieces so short that the end is not waited for.
            let rest = Instant::now();
            while rest.elapsed() < burst && !over.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(20));
            }
        })
    }

    /// So many that never rest.
    fn steady(threads: usize) -> Self {
        Self::start(threads, |_, over| while !over.load(Ordering::Relaxed) {})
    }

    fn start(threads: usize, work: fn(&mut fastrand::Rng, &AtomicBool)) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let one = |seed| {
            let over = Arc::clone(&over);
            std::thread::spawn(move || {
                let mut rng = fastrand::Rng::with_seed(seed as u64);
                while !over.load(Ordering::Relaxed) {
                    work(&mut rng, &over);
                }
            })
        };
        let threads = (0..threads).map(one).collect();
        Self { over, threads }
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|t| drop(t.join()));
    }
}

fn demo(args: &[&str]) -> (Ended, Value) {
    let ended = run(&[&["demo", "--headless", "--output-format", "json"], args].concat());
    let summary = ended.json();
    let (verdict, generator) = (&summary["verdict"], &summary["generator"]);
    say("A32", &format!("{args:?} exit {:?} {verdict} {generator}", ended.code));
    (ended, summary)
}

/// Share of what was due that was sent.
fn sent(summary: &Value) -> f64 {
    let n = |what: &str| summary["books"][what].as_f64().unwrap();
    n("sent") / n("scheduled").max(1.0)
}

#[test]
fn a32_what_left_late_but_left_is_no_limit_of_this_machine() {
    let _alone = alone();
    let _neighbour = Neighbour::bursts();

    let (_, summary) = demo(&["-q", "1000", "--arrivals", "poisson", "-z", "3s"]);

    if sent(&summary) >= 0.99 {
        assert_ne!(summary["verdict"]["code"], "GENERATOR-LIMITED", "{}", summary["verdict"]);
        assert_eq!(summary["generator"]["saturated"], false, "{}", summary["generator"]);
    }
}

#[test]
#[ignore = "3 minutes"]
fn a32_full() {
    let _alone = alone();
    for beside in [true, false] {
        let _neighbour = beside.then(Neighbour::bursts);
        for _ in 0..5 {
            let (_, open) = demo(&["-q", "2000", "--arrivals", "poisson", "-z", "6s"]);
            assert!(sent(&open) >= 0.99, "{}", open["books"]);
            assert_ne!(open["verdict"]["code"], "GENERATOR-LIMITED", "{}", open["verdict"]);
            let overload = ["-q", "6500", "-c", "50", "--arrivals", "poisson", "-z", "6s"];
            let (_, over) = demo(&overload);
            assert_eq!(over["verdict"]["code"], "SATURATED", "the target's: {}", over["verdict"]);
            assert_eq!(over["generator"]["saturated"], false, "{}", over["generator"]);
        }
        let (ended, slo) = demo(&["--slo", "p99<80ms"]);
        assert_ne!(slo["verdict"]["code"], "GENERATOR-LIMITED", "{}", slo["verdict"]);
        if slo["verdict"]["code"] == "HOLDS" {
            assert_eq!(ended.code, Some(0), "a kept promise: {}", ended.stderr);
        }
        let script = ["--script", "12s verify 75% 6s; 20s quit", "-z", "21s"];
        let (_, verified) = demo(&script);
        assert_ne!(verified["verdict"]["code"], "GENERATOR-LIMITED", "{}", verified["verdict"]);
    }
}

/// A lane that has a seventh of a processor.
fn starved(args: &[&str]) -> Value {
    let truth = Truth::start(Script {
        logged: false,
        ..Script::always(Behaviour::default())
    });
    let ran = on_one_processor(|| {
        let _neighbours = Neighbour::steady(6);
        run_any(&truth, args)
    });
    let (verdict, generator) = (&ran.summary["verdict"], &ran.summary["generator"]);
    say("A33", &format!("{args:?} {verdict} {generator}"));
    ran.summary
}

#[test]
#[ignore = "10 s, takes a processor"]
fn a33_full() {
    let _alone = alone();
    for (args, names) in [
        (
            &["-q", "300000", "--threads", "1", "-z", "4s"][..],
            "/s asked; our lane ran at ",
        ),
        // So many are in flight that some answer always waits to be read.
        (&["-c", "2000", "--threads", "1", "-z", "4s"], "our lane ran at "),
    ] {
        let summary = starved(args);

        assert_eq!(
            summary["verdict"]["code"], "GENERATOR-LIMITED",
            "{} {}",
            summary["verdict"], summary["generator"]
        );
        assert_eq!(
            (&summary["generator"]["saturated"], &summary["valid"]),
            (&true.into(), &false.into())
        );
        assert_eq!(summary["verdict"]["bound"], "at_least");
        let said = summary["verdict"]["sentence"].as_str().unwrap();
        assert!(said.contains(names) && said.contains("% CPU"), "{said}");
    }
    // With few it waits for the target too, and for a CPU most of the time: no limit, but not what the target gives.
    let few = starved(&["-c", "64", "--threads", "1", "-z", "4s"]);
    assert_eq!((&few["valid"], &few["verdict"]["bound"]), (&false.into(), &"at_least".into()));
}
