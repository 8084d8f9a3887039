//! Simulated exchanges a second on one core: the bare world in both models, and the world under its conductor.
//! `cargo bench --bench sim` prints them as items a second.

use clobber::conduct::{Conductor, Limits, Plant};
use clobber::model::arrival::Process;
use clobber::model::command::script;
use clobber::model::demand::Demand;
use clobber::model::run::RunInfo;
use clobber::model::setpoints::{Bounds, Setpoints};
use clobber::model::units::Nanos;
use clobber::sim::plants::Recipe;
use clobber::sim::world::World;
use clobber::telemetry::frame::Phase;
use divan::Bencher;
use divan::counter::ItemsCount;

fn main() {
    divan::main();
}

/// Seconds of virtual time in ticks of 100 ms, and what was answered.
fn run(name: &str, demand: Demand, secs: u64) -> u64 {
    let Some(recipe) = Recipe::named(name) else { return 0 };
    let mut world = World::new(recipe, None, 7);
    world.set(demand);
    let ticks = (1..=secs * 10).map(|k| Nanos::from_millis(100 * k));
    ticks.map(|now| world.collect(now).tally.ok).sum()
}

fn measure(bencher: Bencher, work: impl Fn() -> u64 + Sync) {
    let items = work();
    bencher.counter(ItemsCount::new(items)).bench(&work);
}

/// (plant, workers): at the knee.
#[divan::bench(sample_count = 10, sample_size = 1, args = [("usl", 41.0), ("mmc", 22.0), ("pareto", 22.0), ("warm", 40.0), ("pool", 12.0)])]
fn closed(bencher: Bencher, (name, workers): (&str, f64)) {
    let demand = Demand {
        workers,
        ..Demand::default()
    };
    measure(bencher, || run(name, demand, 100));
}

/// (plant, rate): at three quarters of the best.
#[divan::bench(sample_count = 10, sample_size = 1, args = [("mmc", 1500.0), ("usl", 1250.0), ("web", 150.0)])]
fn open(bencher: Bencher, (name, rate): (&str, f64)) {
    let demand = Demand {
        workers: 4096.0,
        rate: Some(rate),
        arrivals: Process::Poisson,
        ..Demand::default()
    };
    measure(bencher, || run(name, demand, 100));
}

/// The whole conductor, searching.
#[divan::bench(sample_count = 10, sample_size = 1, args = ["usl", "mmc", "huge"])]
fn conducted(bencher: Bencher, name: &str) {
    measure(bencher, || {
        let limits = Limits {
            duration: Some(Nanos::from_secs(60)),
            ..Limits::default()
        };
        let set = Setpoints {
            bounds: Bounds { min: 1, max: 16_384 },
            ..Setpoints::default()
        };
        let info = RunInfo {
            simulated: true,
            ..RunInfo::default()
        };
        let (Some(recipe), Ok(script)) = (Recipe::named(name), script("")) else {
            return 0;
        };
        let mut world = World::new(recipe, None, 7);
        let mut conductor = Conductor::new(info, set, limits, script);
        conductor.start(&mut world);
        let mut ticks = (1..).map(|k| Nanos::from_millis(100 * k));
        let last = ticks.find_map(|now| {
            let frame = conductor.tick(now, &mut world, &[]);
            (frame.phase == Phase::Done).then_some(frame)
        });
        last.map_or(0, |f| f.books.ok)
    });
}
