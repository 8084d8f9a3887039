//! A07 known distributions against the truth of the same requests · A08 queues.

use crate::ran::{Ran, alone, at_least, judged, mean, near, quantile, run, say, sorted};
use crate::truth::{Behaviour, Delay, Truth};
use std::time::Duration;

const MS: fn(u64) -> Duration = Duration::from_millis;

fn laws() -> [(&'static str, Delay); 3] {
    let bimodal = Delay::Bimodal {
        every: 100,
        slow: MS(500),
        fast: MS(5),
    };
    [
        ("uniform", Delay::Uniform(MS(0), MS(100))),
        ("bimodal", bimodal),
        ("pareto", Delay::Pareto(MS(1), 1.2, MS(5000))),
    ]
}

/// A07: 500/s.
fn a07(name: &str, service: Delay, seconds: u64) -> Ran {
    let truth = Truth::always(Behaviour {
        service,
        ..Behaviour::default()
    });
    let time = format!("{seconds}s");
    let ran = run(
        &truth,
        &["-q", "500", "-z", &time, "--arrivals", "constant", "--drain", "10s"],
    )
    .reconciled(&truth);
    let off = sorted(ran.pairs().into_iter().map(|(tool, truth)| tool - truth));
    say(
        "A07",
        &format!(
            "{name}: {} off by p50 {:.3} p99 {:.3} ms",
            ran.shape(),
            quantile(&off, 0.5),
            quantile(&off, 0.99)
        ),
    );
    assert_eq!(off.len() as u64, 500 * seconds);
    assert!(off[0] >= 0.0, "shorter than the server took: {} ms", off[0]);
    ran
}

#[test]
fn a07_every_request_took_at_least_what_the_server_says() {
    let _alone = alone();
    for (name, service) in laws() {
        let ran = a07(name, service, 3);
        if name == "bimodal" {
            let slow = ran.raw.iter().filter(|l| l.seq.is_multiple_of(100));
            assert!(slow.clone().all(|l| l.response() >= 500.0));
            assert_eq!(slow.count(), 15);
        }
    }
}

#[test]
#[ignore = "60 s a law, bounds in ms"]
fn a07_full() {
    for (name, service) in laws() {
        judged(
            || a07(name, service, 60),
            |ran| {
                let off = sorted(ran.pairs().into_iter().map(|(tool, truth)| (tool - truth).abs()));
                assert!(quantile(&off, 0.99) <= 1.5, "{}", quantile(&off, 0.99));
                let truth = sorted(ran.pairs().into_iter().map(|(_, truth)| truth));
                for (q, key, slack) in [(0.5, "p50", 0.3), (0.9, "p90", 1.0), (0.99, "p99", 3.0)] {
                    // p99 of the bimodal law lies on its jump
                    if (name, key) != ("bimodal", "p99") {
                        let x = quantile(&truth, q);
                        near(&format!("{name} {key}"), ran.ms("service", key), x, x * 0.001 + slack);
                    }
                }
                if name == "bimodal" {
                    assert_eq!(at_least(&ran.responses(), 400.0), 300);
                    let at = |q| quantile(&ran.responses(), q);
                    near("p98", at(0.98), quantile(&truth, 0.98), 3.0);
                    near("p99.5", at(0.995), 500.0, 3.0);
                }
                if name == "uniform" {
                    as_the_law_says(&ran);
                }
            },
        );
    }
}

/// The delays that the server drew, without how late it was: quantiles of 30 000 within three deviations.
fn as_the_law_says(ran: &Ran) {
    let drawn = sorted(ran.seen.iter().map(|e| (e.due - e.read) as f64 / 1e6));
    for (q, ms, slack) in [(0.5, 50.0, 0.9), (0.9, 90.0, 0.55), (0.99, 99.0, 0.2)] {
        near(&format!("uniform, drawn, q{q}"), quantile(&drawn, q), ms, slack);
    }
}

/// A08: 80/s at one server of 10 ms; spread of the gaps (deviation over mean), of the schedule and at the server.
fn a08(arrivals: &str, service: Delay, rate: u64, seconds: u64) -> (Ran, f64, f64) {
    let truth = Truth::always(Behaviour {
        service,
        servers: 1,
        ..Behaviour::default()
    });
    let (q, z) = (rate.to_string(), format!("{seconds}s"));
    let args = ["-q", &q, "-z", &z, "--arrivals", arrivals, "--drain", "10s", "--seed", "7"];
    let ran = run(&truth, &args).reconciled(&truth);
    let spread = |ns: Vec<u64>| {
        let ns = sorted(ns.into_iter().map(|t| t as f64));
        let gaps: Vec<f64> = ns.windows(2).map(|w| w[1] - w[0]).collect();
        let m = mean(&gaps);
        (gaps.iter().map(|g| (g - m).powi(2)).sum::<f64>() / gaps.len() as f64).sqrt() / m
    };
    let planned = spread(ran.raw.iter().map(|l| l.intended).collect());
    let arrived = spread(ran.seen.iter().map(|e| e.read).collect());
    say(
        "A08",
        &format!(
            "{arrivals} {rate}/s: spread of gaps {planned:.3}, at the server {arrived:.3}; {}",
            ran.shape()
        ),
    );
    (ran, planned, arrived)
}

#[test]
fn a08_poisson_arrivals_are_random_and_constant_ones_are_not() {
    let _alone = alone();
    let (ran, poisson, _) = a08("poisson", Delay::Fixed(MS(1)), 400, 5);
    assert!(ran.raw.len() > 1700, "{}", ran.raw.len());
    near("poisson", poisson, 1.0, 0.1); // three deviations of 2000 gaps
    let (_, constant, _) = a08("constant", Delay::Fixed(MS(1)), 400, 3);
    assert!(constant <= 0.001, "{constant}");
}

#[test]
#[ignore = "2 min a queue, bounds in ms"]
fn a08_full() {
    for (arrivals, service, spread) in [
        ("poisson", Delay::Exponential(MS(10)), (0.97, 1.03)),
        ("poisson", Delay::Fixed(MS(10)), (0.97, 1.03)),
        ("constant", Delay::Exponential(MS(10)), (0.0, 0.05)),
        ("constant", Delay::Fixed(MS(10)), (0.0, 0.05)),
    ] {
        judged(
            || a08(arrivals, service, 80, 120),
            |(ran, _, arrived)| {
                // 9600 gaps: three deviations of the spread are 0.03
                assert!((spread.0..=spread.1).contains(&arrived), "{arrived}");
                let truth = sorted(ran.pairs().into_iter().map(|(_, truth)| truth));
                near("mean", ran.ms("response", "mean"), mean(&truth), 0.5);
            },
        );
    }
}

#[test]
#[ignore = "2 min"]
fn a08_poisson_gaps_have_the_spread_of_their_mean() {
    judged(
        || a08("poisson", Delay::Fixed(MS(0)), 1000, 120),
        |(ran, planned, arrived)| {
            // 120 000 gaps: three deviations of the spread are 0.009
            assert!(ran.raw.len() > 100_000, "{}", ran.raw.len());
            near("spread of the schedule", planned, 1.0, 0.01);
            near("spread at the server", arrived, 1.0, 0.05);
        },
    );
}
