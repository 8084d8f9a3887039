//! A run over sockets: resolve, probe, ask if need be, launch the lanes, conduct.

use super::front::{self, Aftermath, View};
use super::session::Session;
use super::snapshots::Snapshots;
use super::{Stop, complain, journal, proxy, reports};
use crate::cli::{self, Job, RunArgs};
use crate::clock;
use crate::conduct::Limits;
use crate::link::Link;
use crate::model::run::{RunInfo, Truth};
use crate::model::setpoints::Mode;
use crate::model::units::Nanos;
use crate::net::source;
use crate::plan::{Scheme, Target};
use crate::telemetry::frame::Frame;
use anyhow::Context;
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Runs against `target`; returns the exit code.
pub(super) fn run(target: &str, args: &RunArgs, command: String, truth: Option<Truth>) -> Result<u8, Stop> {
    let job = cli::job(args).map_err(Stop::usage)?;
    let target = Target::parse(target).map_err(Stop::usage)?;
    source::check(&job.sources).map_err(Stop::usage)?;
    let view = View::of(args)?;
    let info = RunInfo {
        target: shown(&target),
        command,
        seed: job.seed.unwrap_or_else(|| fastrand::u64(..1 << 53)),
        started_at: Some(clock::wall()),
        requests: job.requests,
        queue_capacity: job.traffic.capacity,
        throttle: job.throttle.map(|t| t.rate),
        thresholds: job.thresholds.clone(),
        abort_on_fail: job.abort_on_fail,
        unattended: view.headless,
        truth,
        ..RunInfo::default()
    };
    let limits = limits(&job, view.headless)?;
    remark(&job, Some(&target.host));
    let (mut link, far) = Link::pair(Frame {
        run: Arc::new(info.clone()),
        setpoints: job.set.clone(),
        ..Frame::default()
    });
    let raw = job.output.raw_log.as_deref().map(claimed).transpose()?.flatten();
    let (reports, feed) = reports::open(&job.output, false, &view.still())?;
    let after = Arc::new(Mutex::new(Aftermath::default()));
    let session = Session {
        job: job.clone(),
        target,
        info,
        limits,
        headless: view.headless,
        raw,
        feed,
        snapshots: Snapshots::new(view.save(), false),
    };
    let kept = Arc::clone(&after);
    let engine = std::thread::Builder::new().name("engine".into()).spawn(move || {
        *kept.lock().unwrap_or_else(|e| e.into_inner()) = session.run(&far).unwrap_or_else(|stop| Aftermath {
            stop: Some(stop),
            ..Aftermath::default()
        });
    });
    link.attach(engine.map_err(Stop::fault)?);
    front::run(link, &job, &view, reports, || {
        std::mem::take(&mut *after.lock().unwrap_or_else(|e| e.into_inner()))
    })
}

/// The raw log, ours from here on. What is no plain file, a pipe say, is opened when there is something to write.
fn claimed(path: &Path) -> Result<Option<File>, Stop> {
    if path.exists() && !path.is_file() {
        return Ok(None);
    }
    let file = journal::claim(path).with_context(|| format!("--raw-log {}", path.display()));
    file.map(Some).map_err(|e| Stop::usage(format!("{e:#}")))
}

/// When a run ends by itself: as told; else headless when answered or after a minute, or after ten seconds.
///
/// # Errors
/// The warm-up would be all there is.
pub(super) fn limits(job: &Job, headless: bool) -> Result<Limits, Stop> {
    let timeouts = job.timeouts;
    let open_ended = !headless || job.requests.is_some() || job.script_quits();
    let search = matches!(job.set.mode, Mode::Max | Mode::Slo) && job.script.is_empty();
    // Stages and traces end by themselves.
    let open_ended = open_ended || job.traffic.trace.is_some() || job.traffic.stages.is_some();
    let (duration, until_answered) = match job.duration {
        Some(d) => (Some(d), false),
        None if open_ended => (None, false),
        None if search => (Some(Nanos::from_secs(60)), true),
        None => (Some(Nanos::from_secs(10)), false),
    };
    cli::measured(job.warmup, duration).map_err(Stop::usage)?;
    let patience = timeouts.request + timeouts.connect;
    Ok(Limits {
        duration,
        until_answered,
        warmup: job.warmup,
        drain: timeouts.drain,
        patience,
    })
}

/// What should be known before the run and is no reason not to run.
pub(super) fn remark(job: &Job, host: Option<&str>) {
    let proxy = host.and_then(|host| proxy::unused(host, |name| std::env::var(name).ok()));
    for text in job.note.iter().chain(&proxy).filter(|_| !job.output.quiet) {
        complain(text);
    }
}

fn shown(target: &Target) -> String {
    match target.scheme {
        Scheme::Tcp => format!("tcp://{}", target.authority()),
        Scheme::Http | Scheme::Bare => format!("http://{}{}", target.authority(), cli::redact(&target.path)),
    }
}
