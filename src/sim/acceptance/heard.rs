//! What the conductor must reach where not every tick is evidence: lanes that are not heard, and pauses of the user's.
//! Tests only; deterministic seeds.

use super::open::promising;
use super::*;
use crate::conduct::{Conductor, Limits, Plant};
use crate::model::command::script;
use crate::model::demand::Demand;
use crate::model::run::RunInfo;
use crate::sim::world::World;
use crate::telemetry::frame::{Frame, Phase};
use crate::telemetry::interval::Interval;
use std::sync::Arc;

/// A plant of two lanes, of which one is not heard in every third tick.
struct Lanes(World, u64);

impl Plant for Lanes {
    fn set(&mut self, demand: Demand) {
        self.0.set(demand);
    }

    fn collect(&mut self, now: Nanos) -> Interval {
        self.1 += 1;
        Interval {
            lanes: 2,
            heard: if self.1.is_multiple_of(3) { 1 } else { 2 },
            ..self.0.collect(now)
        }
    }
}

/// Every frame of a run of `seconds`.
fn conduct(mut plant: impl Plant, set: Setpoints, seconds: u64, text: &str) -> Vec<Arc<Frame>> {
    let info = RunInfo {
        simulated: true,
        ..RunInfo::default()
    };
    let limits = Limits {
        duration: Some(Nanos::from_secs(seconds)),
        drain: Nanos::from_secs(2),
        ..Limits::default()
    };
    let mut conductor = Conductor::new(info, set, limits, script(text).unwrap());
    conductor.start(&mut plant);
    let mut frames = Vec::new();
    while frames.last().is_none_or(|f: &Arc<Frame>| f.phase != Phase::Done) {
        let now = Nanos::from_millis(100) * (frames.len() as u64 + 1);
        frames.push(conductor.tick(now, &mut plant, &[]));
    }
    frames
}

/// Servers in order.
fn station(servers: &str, service: &str) -> World {
    let mut recipe = Recipe::named("mmc").unwrap();
    for (key, value) in [
        ("servers", servers),
        ("service", service),
        ("delay", "0"),
        ("discipline", "fifo"),
    ] {
        recipe.apply(key, value).unwrap();
    }
    World::new(recipe, None, 1)
}

#[test]
fn a_promise_is_found_though_a_lane_is_not_heard_in_every_third_tick() {
    // P(response > L) = exp(−(500 − λ)·L)
    let exact = 500.0 - 100f64.ln() / 0.040;

    let frames = conduct(Lanes(station("1", "exp:2ms"), 0), promising("p99<40ms"), 75, "");

    let slo = frames[740].slo.clone().unwrap();
    assert_eq!(slo.confirmed, Some(true), "{slo:?}");
    let (rate, half) = slo.answer.unwrap();
    assert!(
        (rate - exact).abs() < 2.0 * half + 0.01 * exact,
        "{rate} ± {half}, exactly {exact}"
    );
}

#[test]
fn a_pause_is_held_against_no_promise() {
    // 200 ms of arrivals are under way when each begins, and answered in it.
    let pauses: Vec<String> = (0..8).map(|k| format!("{0}.3s pause; {0}.9s resume", 60 + 3 * k)).collect();
    let run = |text: &str| {
        let frames = conduct(station("100", "const:200ms"), promising("p99<400ms"), 85, text);
        let rates: Vec<f64> = frames[590..850].iter().map(|f| f.slo.as_ref().unwrap().rate).collect();
        rates.into_iter().fold(f64::MAX, f64::min)
    };

    let (plain, paused) = (run(""), run(&pauses.join("; ")));

    assert!(paused > 0.95 * plain, "{plain} {paused}");
}

/// Good answers a second and seconds at `workers`.
fn row(frames: &[Arc<Frame>], workers: u32) -> (f64, f64) {
    let rows = frames.last().unwrap().curve.clone();
    let row = rows.iter().find(|r| r.workers == workers).unwrap();
    (row.good_rps, row.held)
}

#[test]
fn a_target_that_refills_after_a_pause_is_no_evidence() {
    let set = Setpoints {
        mode: Mode::Manual,
        asked: Some(8),
        ..Setpoints::default()
    };
    let pauses: Vec<String> = (2..22).map(|s| format!("{s}s pause; {s}.5s resume")).collect();
    let world = || World::new(Recipe::named("mmc").unwrap(), None, 2);

    let plain = row(&conduct(world(), set.clone(), 24, ""), 8);
    let paused = row(&conduct(world(), set, 24, &pauses.join("; ")), 8);

    assert!((paused.0 / plain.0 - 1.0).abs() < 0.02, "{plain:?} {paused:?}");
}
