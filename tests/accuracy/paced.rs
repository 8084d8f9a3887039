//! A05 latency against rate · A06 low latency · A09 rate · A11 ramp.

use crate::ran::{Line, Ran, alone, judged, near, quantile, run, say, sorted};
use crate::truth::{Behaviour, Truth};

/// A constant rate for some seconds; exactly rate × time arrivals, all answered, all seen by the server.
fn paced(case: &str, behaviour: Behaviour, rate: f64, seconds: u64) -> Ran {
    let truth = Truth::always(behaviour);
    let (q, z) = (rate.to_string(), format!("{seconds}s"));
    let ran = run(&truth, &["-q", &q, "-z", &z, "--arrivals", "constant"]).reconciled(&truth);
    let lag = sorted(ran.raw.iter().filter_map(|l| Some((l.sent? - l.intended) as f64 / 1e6)));
    say(
        case,
        &format!(
            "{rate}/s: {} wait p50 {:.3} p99 {:.3} ms",
            ran.shape(),
            quantile(&lag, 0.5),
            quantile(&lag, 0.99)
        ),
    );
    let expected = (rate * seconds as f64).round() as u64;
    let counts = (ran.n("/books/scheduled"), ran.n("/books/ok"), truth.counts().requests);
    assert!(counts.0.abs_diff(expected) <= 1, "{counts:?}, not {expected}");
    assert_eq!((counts.1, counts.2), (counts.0, counts.0), "{}", ran.summary["books"]);
    ran
}

/// Arrivals whose moments (s since the first) lie in each second; of the schedule, or of the server.
fn each_second(moments: &[f64], seconds: u64) -> Vec<usize> {
    let within = |s: f64| moments.iter().filter(|m| (s..s + 1.0).contains(*m)).count();
    (0..seconds).map(|s| within(s as f64)).collect()
}

fn due(ran: &Ran) -> Vec<f64> {
    since_first(ran.raw.iter().map(|l: &Line| l.intended))
}

fn came(ran: &Ran) -> Vec<f64> {
    since_first(ran.seen.iter().map(|e| e.read))
}

/// s, ascending.
fn since_first(ns: impl Iterator<Item = u64>) -> Vec<f64> {
    let mut all: Vec<u64> = ns.collect();
    all.sort();
    all.iter().map(|t| (t - all[0]) as f64 / 1e9).collect()
}

#[test]
fn a09_the_schedule_is_exact_whatever_the_machine_does() {
    let _alone = alone();
    for (rate, seconds) in [(1.0, 4), (7.0, 3), (60.0, 3), (999.0, 3), (5000.0, 3)] {
        let ran = paced("A09", Behaviour::default(), rate, seconds);
        let moments = due(&ran);
        // in every second, the first too, the rate and at most one arrival beside it
        for (second, n) in each_second(&moments, seconds - 1).into_iter().enumerate() {
            assert!((n as f64 - rate).abs() <= 1.0, "{rate}/s, second {second}: {n}");
        }
        for w in moments.windows(2) {
            near("gap", w[1] - w[0], 1.0 / rate, 1e-6);
        }
    }
}

#[test]
fn a09_a_rate_below_one_a_second_is_kept_too() {
    let _alone = alone();
    paced("A09", Behaviour::default(), 0.5, 8);
}

#[test]
#[ignore = "30 s a rate, bounds in ms"]
fn a09_full() {
    for rate in [1.0, 7.0, 60.0, 999.0, 1000.0, 5000.0, 10_000.0] {
        judged(
            || paced("A09", Behaviour::default(), rate, 30),
            |ran| {
                let moments = came(&ran);
                for (second, n) in each_second(&moments, 29).into_iter().enumerate() {
                    assert!((n as f64 - rate).abs() <= (rate * 0.01).max(1.0), "second {second}: {n}");
                }
                let late = sorted(moments.windows(2).map(|w| (w[1] - w[0] - 1.0 / rate).abs() * 1e3));
                assert!(rate > 5000.0 || quantile(&late, 0.99) <= 1.0, "{} ms", quantile(&late, 0.99));
            },
        );
    }
}

#[test]
fn a09_precise_keeps_every_arrival_and_its_watching_of_the_clock_is_no_load() {
    let _alone = alone();
    let truth = Truth::always(Behaviour::default());
    let ran = run(&truth, &["-q", "3000", "-z", "2s", "--precise"]).reconciled(&truth);

    assert_eq!((ran.n("/books/scheduled"), ran.n("/books/ok")), (6000, 6000));
    // 250 µs of every 333 are watched away, and are the lane's to give.
    let cpu = ran.x("/generator/cpu");
    say(
        "A09",
        &format!("3000/s, precise: {:.0} % of a lane beside watching", cpu * 100.0),
    );
    assert!(cpu > 0.0 && cpu < 0.6, "{cpu}");
}

#[test]
fn a05_no_rate_makes_an_answer_faster_than_the_server() {
    let _alone = alone();
    for rate in [4.0, 100.0, 500.0] {
        let ran = paced("A05", Behaviour::fixed(5), rate, 2);
        assert!(ran.raw.iter().all(|l| l.response() >= 5.0), "{}", ran.shape());
    }
}

#[test]
#[ignore = "20 s a rate, bounds in ms"]
fn a05_full() {
    let mut medians = Vec::new();
    for rate in [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0] {
        judged(
            || paced("A05", Behaviour::fixed(5), rate, 20),
            |ran| {
                // Beyond what the server took by its own log: a sleep of 5 ms is longer where nothing else is to be done.
                let took = sorted(ran.pairs().into_iter().map(|(_, truth)| truth));
                medians.push(ran.ms("response", "p50") - quantile(&took, 0.5));
            },
        );
    }
    say("A05", &format!("beyond what the server took, ms: {medians:.3?}"));
    assert!(medians.iter().all(|beyond| (0.0..=0.8).contains(beyond)), "{medians:?}");
    let (least, most) = (sorted(medians.clone())[0], quantile(&sorted(medians.clone()), 1.0));
    assert!(most - least <= 0.5, "{medians:?}");
}

#[test]
fn a06_what_is_reported_is_never_less_than_the_server_took() {
    let _alone = alone();
    let ran = paced("A06", Behaviour::default(), 1000.0, 3);
    assert!(
        ran.pairs().iter().all(|(tool, truth)| tool >= truth),
        "shorter than the truth"
    );
}

#[test]
#[ignore = "20 s, bounds in ms"]
fn a06_full() {
    judged(
        || paced("A06", Behaviour::default(), 1000.0, 20),
        |ran| {
            let truth = sorted(ran.pairs().into_iter().map(|(_, truth)| truth));
            let (ours, theirs) = (ran.ms("response", "p50"), quantile(&truth, 0.5));
            say("A06", &format!("p50 {ours:.3} ms, the server's {theirs:.3} ms"));
            assert!(ours <= theirs + 0.3, "{ours} against {theirs}");
            assert!(ran.x("/generator/send_lag_p50_ms") <= 0.2, "{}", ran.summary["generator"]);
        },
    );
}

/// A11: a ramp from 0 to `top`/s in `seconds`.
fn a11(top: f64, seconds: u64) -> Ran {
    let truth = Truth::always(Behaviour::default());
    let ran = run(&truth, &["-q", &top.to_string(), "--stages", &format!("0..{top}@{seconds}s")]).reconciled(&truth);
    let moments: Vec<f64> = sorted(ran.raw.iter().map(|l| l.intended as f64 / 1e9));
    let expected = top * seconds as f64 / 2.0;
    say("A11", &format!("0..{top} in {seconds} s: {} of {expected}", moments.len()));
    near("arrivals", moments.len() as f64, expected, 5.0);
    assert_eq!(truth.counts().requests, ran.n("/books/sent"));
    // n(t) = top·t²/(2T)
    for t in 1..seconds {
        let (n, t) = (moments.iter().filter(|m| **m < t as f64).count() as f64, t as f64);
        near(&format!("by {t} s"), n, top * t * t / (2.0 * seconds as f64), 2.0);
    }
    ran
}

#[test]
fn a11_a_ramp_grows_with_the_square_of_time() {
    let _alone = alone();
    a11(400.0, 4);
}

#[test]
#[ignore = "10 s"]
fn a11_full() {
    judged(|| a11(1000.0, 10), drop);
}

/// How far arrivals at the server lie from an even schedule, ms, its own begin taken at the median: what the moment of
/// sending scatters, and nothing that is constant on the way.
fn deviation(ran: &Ran, rate: f64) -> Vec<f64> {
    let came = ran.seen.iter().filter_map(|e| Some((e.seq.filter(|n| *n > 0)?, e.read)));
    let offsets = sorted(came.map(|(n, read)| read as f64 / 1e6 - n as f64 * 1e3 / rate));
    let middle = quantile(&offsets, 0.5);
    sorted(offsets.iter().map(|o| (o - middle).abs()))
}

#[test]
#[ignore = "30 s twice, bounds in µs"]
fn a09_every_arrival_is_sent_and_close_to_its_moment() {
    for (precise, most) in [(false, 0.10), (true, 0.02)] {
        judged(
            || {
                let truth = Truth::always(Behaviour::default());
                let args = ["-q", "10000", "-z", "30s", "--precise"];
                run(&truth, &args[..if precise { 5 } else { 4 }]).reconciled(&truth)
            },
            |ran| {
                let counts = ["scheduled", "sent", "ok"].map(|book| ran.n(&format!("/books/{book}")));
                assert_eq!((counts, ran.seen.len()), ([300_000; 3], 300_000));
                let off = deviation(&ran, 10_000.0);
                say(
                    "A09",
                    &format!(
                        "10 000/s, precise {precise}: off by p50 {:.3} p90 {:.3} p99 {:.3} ms, {}",
                        quantile(&off, 0.5),
                        quantile(&off, 0.9),
                        quantile(&off, 0.99),
                        ran.summary["generator"]
                    ),
                );
                assert!(quantile(&off, 0.5) <= most, "{}", quantile(&off, 0.5));
            },
        );
    }
}

#[test]
fn every_arrival_that_was_not_shed_has_its_line() {
    let _alone = alone();
    for policy in ["reject", "drop"] {
        // 400/s for a server that gives 100/s; 20 may wait, and those that do at the end are never sent.
        let truth = Truth::always(Behaviour::station(1, 10.0));
        let load = ["-q", "400", "-z", "1s", "-c", "2", "--queue", "20"];
        let ran = run(&truth, &[&load[..], &["--overflow", policy, "--drain", "0"]].concat()).reconciled(&truth);

        let (refused, shed) = (ran.errors("local_queue"), ran.n("/books/shed"));
        assert_eq!(
            (refused > 100, shed > 100),
            (policy == "reject", policy == "drop"),
            "{}",
            ran.summary["books"]
        );
        assert!(ran.n("/books/not_sent") > 0, "{}", ran.summary["books"]);
        assert!(
            ran.raw
                .iter()
                .all(|l| l.end >= l.intended && (l.class != "local_queue" || l.sent.is_none()))
        );
    }
}
