//! A01 to A03: a target that freezes · A17 the end of a run · A19 saturation.

use crate::ran::{Line, Ran, alone, at_least, judged, near, quantile, run, say, sorted};
use crate::truth::{Behaviour, Exchange, Truth};
use std::collections::HashSet;

/// Arrivals 200/s against a target that freezes in [3, 5) of every 10 s.
fn frozen(case: &str, behaviour: Behaviour, seconds: u64, args: &[&str]) -> Ran {
    let truth = Truth::always(behaviour.frozen());
    let time = format!("{seconds}s");
    let ran = run(&truth, &[&["-q", "200", "-z", &time, "--drain", "10s"], args].concat()).reconciled(&truth);
    let all = ran.responses();
    let slow = (at_least(&all, 1000.0), at_least(&all, 100.0));
    say(
        case,
        &format!(
            "{} ≥1s {} ≥100ms {} service p99 {:.1} ms",
            ran.shape(),
            slow.0,
            slow.1,
            ran.ms("service", "p99")
        ),
    );
    assert_eq!(
        (ran.n("/books/scheduled"), ran.n("/books/ok")),
        (200 * seconds, 200 * seconds)
    );
    ran
}

/// Every arrival waits from when it was due: a busy machine can only add to that.
fn waited(ran: &Ran, freezes: usize) {
    let all = ran.responses();
    // due in [2.995, 4.005): 203 wait a second or more; in [2.995, 4.905): 383 wait 100 ms or more
    assert!(at_least(&all, 1000.0) >= 198 * freezes, "{}", at_least(&all, 1000.0));
    assert!(at_least(&all, 100.0) >= 378 * freezes, "{}", at_least(&all, 100.0));
    assert!(quantile(&all, 0.5) >= 5.0 && ran.ms("response", "max") >= 1990.0);
    // a summary that looked away would show the 5 ms of the others
    assert!(ran.ms("response", "p99") >= 1800.0, "{}", ran.ms("response", "p99"));
}

/// The waits, ms, of one period by the law: an arrival each 5 ms, the last before the freeze caught at its service's end,
/// nothing answered for 2 s, 5 ms of service. Where only `workers` can be under way, those that waited here go out in so many
/// at a time, each batch `step` ms after the other: 5, where many at once take no longer than one.
fn law(workers: usize, step: f64) -> Vec<f64> {
    let wait = |i: usize| (2005.0 + step * (i / workers) as f64 - 5.0 * i as f64).max(5.0);
    sorted([2005.0].into_iter().chain((0..1999).map(wait)))
}

/// What the server took, by its own log, for one of those that waited here, ms: median.
fn batch(ran: &Ran) -> f64 {
    let late = |l: &&Line| l.sent.is_some_and(|sent| sent - l.intended > 20_000_000);
    let late: HashSet<u64> = ran.raw.iter().filter(late).map(|l| l.seq).collect();
    let took = |e: &Exchange| Some(e.took().filter(|_| e.seq.is_some_and(|n| late.contains(&n)))? as f64 / 1e6);
    let step = quantile(&sorted(ran.seen.iter().filter_map(took)), 0.5);
    say("A02", &format!("a batch that waited here takes {step:.2} ms at the server"));
    assert!((5.0..8.0).contains(&step), "{step}");
    step
}

/// Within `tolerance` of the law, and as the server saw it.
fn as_the_law_says(ran: &Ran, workers: usize, tolerance: f64) {
    let step = if workers == usize::MAX { 5.0 } else { batch(ran) };
    let (all, law) = (ran.responses(), law(workers, step));
    for q in [0.85, 0.90, 0.95, 0.99, 0.999] {
        near(&format!("q{q}"), quantile(&all, q), quantile(&law, q), tolerance);
    }
    as_the_server_says(ran, 5e6);
    near("mean", ran.ms("response", "mean"), crate::ran::mean(&law), 5.0);
    for ms in [1000.0, 100.0] {
        let expected = 6.0 * at_least(&law, ms) as f64;
        near(&format!("≥ {ms} ms"), at_least(&all, ms) as f64, expected, 15.0);
    }
}

/// The two quantiles that the freeze does not reach, against what the server did with the same schedule, arrivals every `gap`
/// ns: `written` − when it was wanted. Where the schedule begins on the server's clock is known from the request that came
/// soonest; that one was under way for some tens of µs, by which the truth is too small.
fn as_the_server_says(ran: &Ran, gap: f64) {
    // The probe is the first arrival and happened before.
    let seen: Vec<(f64, u64, u64)> = ran
        .seen
        .iter()
        .filter_map(|e| Some((e.seq.filter(|n| *n > 0)? as f64 * gap, e.read, e.written?)))
        .collect();
    let begin = seen
        .iter()
        .map(|(wanted, read, _)| *read as f64 - wanted)
        .fold(f64::INFINITY, f64::min);
    let truth = sorted(
        seen.iter()
            .map(|(wanted, _, written)| (*written as f64 - begin - wanted) / 1e6),
    );
    for (q, which, slack) in [(0.5, "p50", 0.3), (0.75, "p75", 1.0)] {
        let (ours, theirs) = (ran.ms("response", which), quantile(&truth, q));
        say("A01", &format!("{which} {ours:.3} ms, the server's {theirs:.3} ms"));
        let tolerance = 0.001 * theirs;
        assert!(
            (theirs - tolerance..=theirs + tolerance + slack).contains(&ours),
            "{which}: {ours} against {theirs}"
        );
        // Not of this machine: the server never takes less.
        assert!(ours >= 5.0, "{which}: {ours}");
    }
}

#[test]
fn the_law_of_a_freeze_has_the_figures_that_are_published_for_it() {
    let (free, capped) = (law(usize::MAX, 5.0), law(50, 5.0));

    let figures = [0.85, 0.90, 0.95, 0.99].map(|q| quantile(&free, q).round());
    assert_eq!(figures, [510.0, 1010.0, 1510.0, 1910.0]);
    assert_eq!((6 * at_least(&free, 1000.0), crate::ran::mean(&free)), (1218, 206.5));
    // 400 wait and 50 leave at a time: the last of them 35 ms later, and some of those that come meanwhile too.
    assert_eq!((at_least(&free, 100.0), at_least(&capped, 100.0)), (383, 390));
}

#[test]
fn a01_a_freeze_shows_for_every_arrival_that_was_due_in_it() {
    let _alone = alone();
    waited(&frozen("A01", Behaviour::fixed(5), 8, &[]), 1);
}

#[test]
#[ignore = "60 s, bounds in ms"]
fn a01_full() {
    judged(
        || frozen("A01", Behaviour::fixed(5), 60, &[]),
        |ran| as_the_law_says(&ran, usize::MAX, 25.0),
    );
}

#[test]
fn a02_with_few_connections_the_backlog_waits_here_and_is_timed_from_the_schedule() {
    let _alone = alone();
    let ran = frozen("A02", Behaviour::fixed(5), 8, &["--max-workers", "50"]);

    waited(&ran, 1);
    // 400 arrive in 2 s and 50 are under way
    let deepest = ran.x("/queue/depth_max");
    assert!(deepest >= 340.0, "{deepest}");
    assert!(
        at_least(&service(&ran), 1000.0) <= 60,
        "only what was under way was slow at the server"
    );
}

fn service(ran: &Ran) -> Vec<f64> {
    sorted(ran.raw.iter().filter_map(|l| l.service()))
}

#[test]
#[ignore = "60 s, bounds in ms"]
fn a02_full() {
    judged(
        || frozen("A02", Behaviour::fixed(5), 60, &["--max-workers", "50"]),
        |ran| as_the_law_says(&ran, 50, 40.0),
    );
}

#[test]
fn a03_a_server_that_must_catch_up_is_slow_for_longer_than_it_froze() {
    let _alone = alone();
    let ran = frozen("A03", Behaviour::station(1, 2.5), 8, &[]);

    // 400 wait at 5 s; 400/s out, 200/s in: the last of them is gone at 7 s, so 4 s of arrivals waited: 800
    let slow = at_least(&ran.responses(), 20.0);
    assert!(slow >= 770, "{slow}");
}

#[test]
#[ignore = "60 s, bounds in ms"]
fn a03_full() {
    judged(
        || frozen("A03", Behaviour::station(1, 2.5), 60, &[]),
        |ran| {
            for (what, ms, tolerance) in [
                ("p90", 1500.0, 30.0),
                ("p95", 1750.0, 30.0),
                ("p99", 1950.0, 30.0),
                ("mean", 390.0, 34.0),
            ] {
                near(what, ran.ms("response", what), ms, tolerance);
            }
            let all = ran.responses();
            near("slow fraction", at_least(&all, 20.0) as f64 / all.len() as f64, 0.4, 0.01);
            near("p50", quantile(&all, 0.5), 3.75, 1.25);
            near("max", quantile(&all, 1.0), 2000.0, 30.0);
        },
    );
}

/// A17: a server of `ms`, `rate` a second for `seconds`, then the drain.
fn a17(ms: u64, rate: u64, seconds: u64, drain: &str) -> Ran {
    let truth = Truth::always(Behaviour::fixed(ms));
    let (q, z) = (rate.to_string(), format!("{seconds}s"));
    let ran = run(&truth, &["-q", &q, "-z", &z, "--drain", drain, "-t", "30s"]).reconciled(&truth);
    say("A17", &format!("drain {drain}: {}", ran.summary["books"]));
    assert_eq!(ran.n("/books/scheduled"), rate * seconds);
    ran
}

/// Ages of what was cut off, ms, ascending.
fn ages(ran: &Ran) -> Vec<f64> {
    let cut = ran.raw.iter().filter(|l| l.class == "aborted");
    sorted(cut.map(Line::response))
}

#[test]
fn a17_what_is_under_way_at_the_end_is_told_with_its_age() {
    let _alone = alone();
    let ran = a17(2000, 50, 4, "0s");

    // answered in time: those due in the first 2 s, at most, and the one due just then
    assert!(ran.n("/books/ok") <= 101, "{}", ran.n("/books/ok"));
    let aborted = ran.n("/books/aborted");
    assert!((95..=200).contains(&aborted), "{aborted}");
    let ages = ages(&ran);
    assert_eq!(ages.len() as u64, aborted);
    assert!(quantile(&ages, 1.0) >= 1500.0, "{ages:?}");
}

#[test]
fn a17_a_drain_that_is_long_enough_finishes_all() {
    let _alone = alone();
    let ran = a17(2000, 50, 4, "20s");

    assert_eq!((ran.n("/books/ok"), ran.n("/books/aborted")), (200, 0));
}

#[test]
#[ignore = "45 s"]
fn a17_full() {
    for (drain, answered) in [(0, 500), (2, 700), (10, 1000)] {
        judged(
            || a17(5000, 100, 10, &format!("{drain}s")),
            |ran| {
                let (ok, aborted) = (ran.n("/books/ok"), ran.n("/books/aborted"));
                assert_eq!(ok + aborted, 1000);
                // An answer that leaves as the end comes may be in time or not; this machine wakes in some tens of ms.
                near("answered", ok as f64, f64::from(answered), 5.0);
                if aborted > 0 {
                    near("oldest", quantile(&ages(&ran), 1.0), 5000.0, 60.0);
                }
            },
        );
    }
}

/// A19: 150/s at a server of 100/s.
fn a19(seconds: u64) -> Ran {
    let truth = Truth::always(Behaviour::station(1, 10.0));
    let time = format!("{seconds}s");
    let ran = run(&truth, &["-q", "150", "-z", &time, "--drain", "60s", "-t", "60s"]).reconciled(&truth);
    say("A19", &format!("{} generator {}", ran.shape(), ran.summary["generator"]));
    assert_eq!(
        (ran.n("/books/scheduled"), ran.n("/books/ok")),
        (150 * seconds, 150 * seconds)
    );
    ran
}

#[test]
fn a19_a_backlog_at_the_target_grows_in_the_response() {
    let _alone = alone();
    let ran = a19(4);

    // the last of 600 is due at 4 s and done at 6 s
    let all = ran.responses();
    assert!(
        ran.ms("response", "max") >= 1990.0 && quantile(&all, 0.5) >= 990.0,
        "{}",
        ran.shape()
    );
    assert!(ran.x("/throughput/rps") <= 101.0, "{}", ran.x("/throughput/rps"));
}

#[test]
#[ignore = "20 s, bounds in ms"]
fn a19_full() {
    judged(
        || a19(20),
        |ran| {
            for (what, ms) in [("mean", 5000.0), ("p90", 9000.0), ("p99", 9900.0), ("max", 10_000.0)] {
                near(what, ran.ms("response", what), ms, 60.0);
            }
            near("throughput", ran.x("/throughput/rps"), 100.0, 1.0);
            assert_eq!(ran.summary["generator"]["saturated"], false, "{}", ran.summary["generator"]);
        },
    );
}
