//! The stations and the world against queueing theory: Erlang C, Pollaczek and Khinchine, the exponential law, product
//! form. Tests only; deterministic seeds.

use super::plants::Recipe;
use super::service::Service;
use super::station::Fifo;
use super::world::World;
use crate::conduct::Plant;
use crate::model::arrival::Process;
use crate::model::demand::Demand;
use crate::model::units::Nanos;
use crate::telemetry::latency::Latency;

const CUSTOMERS: u32 = 1_000_000;

/// A million customers of a line.
struct Line {
    /// Mean wait, s.
    wait: f64,
    responses: Latency,
    /// As drawn, 1/s and s: a wait is several times as far off as the load it comes from.
    rate: f64,
    mean: f64,
}

/// Poisson arrivals, `rate`/s, at `servers` of a law.
fn line(servers: u32, service: &str, rate: f64) -> Line {
    let (mut rng, service) = (fastrand::Rng::with_seed(11), Service::parse(service).unwrap());
    let sampler = service.shape.sampler();
    let (mut fifo, mut responses) = (Fifo::new(servers), Latency::new());
    let (mut now, mut waited, mut worked) = (0.0, 0.0, 0.0);
    for _ in 0..CUSTOMERS {
        now -= (1.0 - rng.f64()).ln() / rate;
        let (at, work) = (
            Nanos::from_secs_f64(now),
            Nanos::from_secs_f64(service.mean() * sampler.draw(&mut rng)),
        );
        let response = fifo.arrive(at, work) - at;
        waited += (response - work).secs();
        worked += work.secs();
        responses.record(response);
    }
    let n = f64::from(CUSTOMERS);
    Line {
        wait: waited / n,
        responses,
        rate: n / now,
        mean: worked / n,
    }
}

/// Mean wait in M/M/c: the probability of having to wait (Erlang C) over cμ − λ.
fn erlang_c(servers: u32, mean: f64, rate: f64) -> f64 {
    let load = rate * mean;
    // Erlang B by its recurrence, then C from B.
    let b = (1..=servers).fold(1.0, |b, k| load * b / (f64::from(k) + load * b));
    let c = f64::from(servers);
    let waits = b / (1.0 - load / c * (1.0 - b));
    waits / (c / mean - rate)
}

#[test]
fn the_mean_wait_in_m_m_c_is_erlangs() {
    for (servers, rate) in [(1, 100.0), (2, 240.0), (4, 560.0), (8, 1_120.0)] {
        let seen = line(servers, "exp:5ms", rate);

        let exact = erlang_c(servers, seen.mean, seen.rate);

        assert!(
            (seen.wait / exact - 1.0).abs() < 0.02,
            "{servers} servers: {} {exact}",
            seen.wait
        );
    }
}

#[test]
fn the_mean_wait_in_m_g_1_is_pollaczeks_and_khinchines() {
    for service in [
        "const:5ms",
        "exp:5ms",
        "lognormal:.8:5ms",
        "mixed:.1:20ms:2ms",
        "pareto:4:5ms",
    ] {
        let law = Service::parse(service).unwrap();
        let rate = 0.6 / law.mean();
        let seen = line(1, service, rate);

        let load = seen.rate * seen.mean;
        let exact = load * seen.mean * (1.0 + law.shape.scv()) / (2.0 * (1.0 - load));

        assert!((seen.wait / exact - 1.0).abs() < 0.02, "{service}: {} {exact}", seen.wait);
    }
}

#[test]
fn responses_of_m_m_1_are_exponential() {
    let responses = line(1, "exp:5ms", 100.0).responses;

    // Rate μ − λ = 100/s: quantile q is −ln(1 − q)·10 ms.
    for q in [0.1, 0.5, 0.9, 0.99] {
        let (seen, exact) = (responses.quantile(q).unwrap(), -(1.0f64 - q).ln() * 0.010);
        assert!((seen / exact - 1.0).abs() < 0.02, "{q}: {seen} {exact}");
    }
}

/// A world of open arrivals over one exponential server and no network.
fn open(discipline: &str, service: &str, rate: f64, secs: u64) -> Latency {
    let mut recipe = Recipe::named("mmc").unwrap();
    for (key, value) in [
        ("servers", "1"),
        ("service", service),
        ("delay", "0"),
        ("discipline", discipline),
    ] {
        recipe.apply(key, value).unwrap();
    }
    let mut w = World::new(recipe, None, 3);
    w.set(Demand {
        workers: 1e4,
        rate: Some(rate),
        arrivals: Process::Poisson,
        ..Demand::default()
    });
    w.collect(Nanos::from_secs(secs)).tally.response().into_owned()
}

#[test]
fn the_open_world_is_m_m_1_and_its_sharing_takes_any_law() {
    let line = open("fifo", "exp:5ms", 100.0, 3_000);
    for q in [0.5, 0.9, 0.99] {
        let (seen, exact) = (line.quantile(q).unwrap(), -(1.0f64 - q).ln() * 0.010);
        assert!((seen / exact - 1.0).abs() < 0.03, "{q}: {seen} {exact}");
    }
    // Processor sharing: mean response S/(1 − ρ) whatever the law of work.
    for service in ["const:5ms", "lognormal:1:5ms"] {
        let mean = open("ps", service, 100.0, 3_000).mean().unwrap();
        assert!((mean / 0.010 - 1.0).abs() < 0.03, "{service}: {mean}");
    }
}

#[test]
#[ignore = "long: tests/run --full"]
fn a_million_exchanges_give_the_exact_rate_within_half_a_percent() {
    for (name, counts) in [
        ("mmc", vec![1, 10, 22, 60]),
        ("usl", vec![1, 20, 41, 90]),
        ("uslsteep", vec![5, 13, 40]),
        ("flat", vec![10, 73]),
        ("latup", vec![8, 22]),
        ("caprise", vec![7, 15]),
        ("twopeak", vec![10, 119, 300]),
        ("tiny", vec![1, 4]),
        ("slow", vec![2, 9]),
        ("huge", vec![1_000]),
        ("web", vec![7, 30]),
        ("pool", vec![5, 12, 40]),
        ("ratelimit", vec![1, 3, 40]),
        ("reject", vec![21, 26, 30, 40]),
        ("gcpause", vec![10, 22]),
    ] {
        for n in counts {
            // The plants that change are measured before, or where none would be.
            let mut recipe = Recipe::named(name).unwrap();
            recipe.stretches.truncate(1);
            let exact = recipe.rates(Nanos::ZERO, n)[n as usize - 1];
            let mut w = World::new(recipe, None, 5);
            w.set(Demand {
                workers: f64::from(n),
                ..Demand::default()
            });
            w.collect(Nanos::from_secs(20));
            // Whole periods of ten seconds, for the one that pauses. A limit leaves nothing to chance, and its refusals
            // come by the thousand.
            let secs = if name == "ratelimit" {
                300.0
            } else {
                (1e6 / exact / 10.0).ceil() * 10.0
            };

            let ok = w.collect(Nanos::from_secs_f64(20.0 + secs)).tally.ok as f64;

            assert!((ok / secs / exact - 1.0).abs() < 0.005, "{name} {n}: {} {exact}", ok / secs);
        }
    }
}
