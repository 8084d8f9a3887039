//! `sim`: the same conductor and screen over a simulated plant in virtual time.

use super::front::{self, View};
use super::{Stop, load, pace};
use crate::cli::{self, RunArgs};
use crate::conduct::Conductor;
use crate::link::Link;
use crate::model::run::RunInfo;
use crate::model::units::Nanos;
use crate::sim::plants::{self, Recipe};
use crate::sim::world::World;
use crate::telemetry::frame::Frame;

/// Workers there may be in the simulator.
const MOST: u32 = 16_384;

/// Runs it; returns the exit code.
pub(super) fn run(plant: Option<&str>, args: &RunArgs, command: String) -> Result<u8, Stop> {
    let mut job = cli::job(args).map_err(Stop::usage)?;
    let name = plant.unwrap_or("usl");
    let seed = job.seed.unwrap_or(1);
    let Some(recipe) = Recipe::named(name) else {
        return Err(Stop::usage(format!(
            "there is no plant {name:?} (there are: {})",
            plants::NAMES.join(", ")
        )));
    };
    job.set.bounds.max = job.shape.max_workers.unwrap_or(MOST);
    let view = View::of(args)?;
    let info = RunInfo {
        target: format!("sim {name}"),
        protocol: "sim".into(),
        request: "simulated".into(),
        command,
        seed,
        duration: job.duration,
        requests: job.requests,
        profile: job.shape.profile.unwrap_or_default(),
        truth: Some(recipe.truth(Nanos::ZERO)),
        threads: 1,
        simulated: true,
        ..RunInfo::default()
    };
    let limits = load::limits(&job, view.headless);
    let speed = (!view.headless).then_some(1.0);
    let (mut link, far) = Link::pair(Frame::default());
    let (set, script, requests) = (job.set.clone(), job.script.clone(), job.requests);
    let engine = std::thread::Builder::new().name("engine".into()).spawn(move || {
        let mut world = World::new(recipe, requests, seed);
        pace::virtual_time(Conductor::new(info, set, limits, script), &mut world, &far, speed);
    });
    link.attach(engine.map_err(Stop::fault)?);
    front::run(link, &job, &view, || None)
}
