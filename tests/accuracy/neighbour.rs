//! A32 beside a neighbour that takes half a core in bursts the answer stands · A33 a lane that is kept from sending is convicted.

use crate::beside::Neighbour;
use crate::generator::on_one_processor;
use crate::product::{Ended, Product};
use crate::quiet::process;
use crate::ran::{alone, finish, runs, say, start};
use crate::truth::{Behaviour, Script, Truth};
use serde_json::Value;
use std::time::{Duration, Instant};

fn demo(args: &[&str]) -> (Ended, Value) {
    let args = [&["demo", "--headless", "--output-format", "json"], args].concat();
    // A promise that is asked again takes some minutes.
    let ended = Product::start(&args).end(Duration::from_secs(400));
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

/// The runs of one kind, of which each is told in a line and the bad ones at the end.
struct Tally {
    case: &'static str,
    runs: usize,
    bad: Vec<String>,
}

impl Tally {
    fn new(case: &'static str) -> Self {
        Self {
            case,
            runs: 0,
            bad: Vec::new(),
        }
    }

    /// Counts a run, and what is wrong with it.
    fn count(&mut self, kind: &str, wrong: &[(bool, &str)], summary: &Value) {
        self.runs += 1;
        for (_, what) in wrong.iter().filter(|(is, _)| *is) {
            let (verdict, generator) = (&summary["verdict"], &summary["generator"]);
            self.bad
                .push(format!("{kind}: {what}: {verdict} {generator} {}", summary["books"]));
        }
    }

    fn judge(self) {
        let Self { case, runs, bad } = self;
        say(case, &format!("{} of {runs} runs wrong", bad.len()));
        assert!(bad.is_empty(), "{} of {runs} runs wrong:\n{}", bad.len(), bad.join("\n"));
    }
}

/// Open traffic, an overload, a promise and a check at 75 %, as often as `CLOBBER_RUNS` says, beside bursts and without.
#[test]
#[ignore = "4 minutes, times CLOBBER_RUNS"]
fn a32_full() {
    let _alone = alone();
    let mut tally = Tally::new("A32");
    for beside in [true, false] {
        let _neighbour = beside.then(Neighbour::bursts);
        for _ in 0..runs() {
            for (kind, args) in KINDS {
                let (ended, summary) = demo(args);
                let (code, left) = (summary["verdict"]["code"].as_str().unwrap(), sent(&summary) >= 0.99);
                let convicted = code == "GENERATOR-LIMITED" || summary["generator"]["saturated"] == true;
                let wrong = [
                    (convicted && (left || kind == "overload"), "this machine is blamed"),
                    (kind == "overload" && code != "SATURATED", "not the target's"),
                    (code == "HOLDS" && ended.code != Some(0), "a kept promise fails"),
                    (kind == "open" && !left, "less than 99 % left"),
                ];
                tally.count(kind, &wrong, &summary);
            }
        }
    }
    tally.judge();
}

const KINDS: [(&str, &[&str]); 5] = [
    ("open", &["-q", "2000", "--arrivals", "poisson", "-z", "6s"]),
    ("overload", &["-q", "6500", "-c", "50", "--arrivals", "poisson", "-z", "6s"]),
    (
        "stages",
        &[
            "-q",
            "2000",
            "-c",
            "50",
            "--arrivals",
            "poisson",
            "--stages",
            "2000@3s,6500@7s,2000@14s",
            "-z",
            "15s",
        ],
    ),
    ("promise", &["--slo", "p99<80ms"]),
    ("check", &["--script", "12s verify 75% 6s; 20s quit", "-z", "21s"]),
];

/// A lane that shares a processor with so many others that never rest, and the share it had.
fn starved(args: &[&str], others: usize) -> (Value, f64) {
    let truth = Truth::start(Script {
        logged: false,
        ..Script::always(Behaviour::default())
    });
    let (ran, share) = on_one_processor(|| {
        let _neighbours = Neighbour::steady(others);
        let started = start(&truth, args);
        let pid = started.product.pid();
        std::thread::sleep(Duration::from_secs(1));
        let (before, from) = (process(pid), Instant::now());
        std::thread::sleep(Duration::from_secs(2));
        let share = (process(pid) - before) / from.elapsed().as_secs_f64();
        (finish(&truth, started), share)
    });
    let (verdict, generator) = (&ran.summary["verdict"], &ran.summary["generator"]);
    say("A33", &format!("{args:?} had {share:.2} of a core {verdict} {generator}"));
    (ran.summary, share)
}

/// A third of a processor, open and closed, as often as `CLOBBER_RUNS` says.
#[test]
#[ignore = "15 s, takes a processor, times CLOBBER_RUNS"]
fn a33_full() {
    let _alone = alone();
    let mut tally = Tally::new("A33");
    for _ in 0..runs() {
        for (kind, args, names) in [
            (
                "open",
                &["-q", "300000", "--threads", "1", "-z", "4s"][..],
                "/s asked; our lane ran at ",
            ),
            // So many are in flight that some answer always waits to be read.
            ("closed", &["-c", "2000", "--threads", "1", "-z", "4s"], "our lane ran at "),
        ] {
            let (summary, share) = starved(args, 2);
            let (verdict, said) = (&summary["verdict"], summary["verdict"]["sentence"].as_str().unwrap());
            let saturated = summary["generator"]["saturated"] == true;
            let wrong = [
                (!(0.2..0.45).contains(&share), "not held to a third"),
                (verdict["code"] != "GENERATOR-LIMITED" || !saturated, "not convicted"),
                (summary["valid"] != false, "valid"),
                (verdict["bound"] != "at_least", "not a bound"),
                (!said.contains(names) || !said.contains("% CPU"), "the number is not named"),
            ];
            tally.count(kind, &wrong, &summary);
        }
    }
    tally.judge();
}

#[test]
#[ignore = "5 s, takes a processor"]
fn a33_few_full() {
    let _alone = alone();
    // With few it waits for the target too, and for a CPU most of the time: no limit, but not what the target gives.
    let (few, _) = starved(&["-c", "64", "--threads", "1", "-z", "4s"], 6);
    assert_eq!((&few["valid"], &few["verdict"]["bound"]), (&false.into(), &"at_least".into()));
}
