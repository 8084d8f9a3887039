//! `sim`: the same conductor and screen over a simulated plant in virtual time.

use super::front::{self, View};
use super::pace::Outlets;
use super::snapshots::Snapshots;
use super::{Stop, answers, bakeoff, flow, load, pace, promises, reports};
use crate::cli::{self, SimArgs, SimSub};
use crate::conduct::Conductor;
use crate::link::Link;
use crate::model::run::RunInfo;
use crate::model::setpoints::{LoadModel, Mode};
use crate::model::units::Nanos;
use crate::sim::plants::{self, Recipe};
use crate::sim::world::World;
use crate::telemetry::frame::Frame;

/// Workers there may be in the simulator.
const MOST: u32 = 16_384;

/// Runs it; returns the exit code.
pub(super) fn run(args: &SimArgs, command: String) -> Result<u8, Stop> {
    match &args.what {
        None => plant(args, command),
        Some(SimSub::Bakeoff(args)) => bakeoff::run(args),
        Some(SimSub::Answers(args)) => answers::run(args),
        Some(SimSub::Promises(args)) => promises::run(args),
        Some(SimSub::Ewf(args)) => flow::run(args, &command),
    }
}

fn plant(sim: &SimArgs, command: String) -> Result<u8, Stop> {
    let args = &sim.run;
    let mut job = cli::job(args).map_err(Stop::usage)?;
    if job.output.raw_log.is_some() {
        return Err(Stop::usage(
            "--raw-log needs real requests, and sim sends none (leave it out)",
        ));
    }
    let seed = job.seed.unwrap_or(1);
    let recipe = recipe(sim).map_err(Stop::usage)?;
    let least = job.set.bounds.min.max(job.set.asked.or(job.set.start).unwrap_or(1));
    job.set.bounds.max = job.shape.max_workers.unwrap_or(MOST.max(least));
    if job.set.model == LoadModel::Open && job.set.mode == Mode::Manual {
        job.set.asked.get_or_insert(job.set.bounds.max);
    }
    let view = View::of(args)?;
    let info = RunInfo {
        target: format!("sim {}", recipe.name),
        protocol: "sim".into(),
        request: "simulated".into(),
        command,
        seed,
        duration: job.duration,
        requests: job.requests,
        thresholds: job.thresholds.clone(),
        abort_on_fail: job.abort_on_fail,
        unattended: view.headless,
        profile: job.shape.profile.unwrap_or_default(),
        truth: recipe.known().then(|| recipe.truth(Nanos::ZERO)),
        queue_capacity: job.traffic.capacity,
        throttle: job.throttle.map(|t| t.rate),
        threads: 1,
        simulated: true,
        ..RunInfo::default()
    };
    let limits = load::limits(&job, view.headless)?;
    load::remark(&job, None);
    let speed = (!view.headless).then_some(sim.speed);
    let (reports, feed) = reports::open(&job.output, view.headless, &view.still())?;
    let snapshots = Snapshots::new(view.save(), view.headless);
    let (mut link, far) = Link::pair(Frame::default());
    let (set, script, requests, traffic) = (job.set.clone(), job.script.clone(), job.requests, job.traffic.clone());
    let throttle = job.throttle;
    let engine = std::thread::Builder::new().name("engine".into()).spawn(move || {
        let conductor = Conductor::new(info, set, limits, script).staged(traffic.stages.clone());
        let mut world = World::new(recipe, requests, seed).offering(traffic).throttled(throttle);
        let outlets = Outlets {
            far: &far,
            feed: &feed,
            snapshots,
        };
        pace::virtual_time(conductor, &mut world, outlets, speed);
    });
    link.attach(engine.map_err(Stop::fault)?);
    front::run(link, &job, &view, reports, front::Aftermath::default)
}

/// The plant as asked for: by name, its parameters in the order typed, its steps in the order of time.
fn recipe(sim: &SimArgs) -> Result<Recipe, String> {
    if !(sim.speed > 0.0 && sim.speed.is_finite()) {
        return Err(format!(
            "--speed {} is not a positive number (use 10 for ten times as fast as real time)",
            sim.speed
        ));
    }
    let name = sim.plant.as_deref().unwrap_or("usl");
    let known = || {
        format!(
            "there is no simulated target {name:?} (there are: {})",
            plants::NAMES.join(", ")
        )
    };
    let mut recipe = Recipe::named(name).ok_or_else(known)?;
    for arg in &sim.plant_arg {
        let (key, value) = arg.split_once('=').ok_or_else(|| {
            format!(
                "--plant-arg {arg:?} has no value (use KEY=VALUE; {name} has {})",
                recipe.keys().join(", ")
            )
        })?;
        recipe.apply(key, value)?;
    }
    recipe.steps(&sim.step)?;
    Ok(recipe)
}
