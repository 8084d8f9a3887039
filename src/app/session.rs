//! The engine thread's way from a target to the last frame: resolve, probe, ask if need be, launch, conduct.

use super::front::Aftermath;
use super::journal::Feed;
use super::pace::Outlets;
use super::prepare::{Not, Preparation};
use super::question::Foyer;
use super::snapshots::Snapshots;
use super::{Stop, pace};
use crate::cli::Job;
use crate::clock::Epoch;
use crate::conduct::{Conductor, Limits};
use crate::engine::{First, Lanes, Outlet, RawLog, launch};
use crate::link::Far;
use crate::model::run::RunInfo;
use crate::model::setpoints::{LoadModel, Mode};
use crate::net::dial::Dialer;
use crate::net::permission::{Permission, Permitted};
use crate::net::resolve::Place;
use crate::plan::{Plan, Target};
use crate::protocol::dispatch::Kind;
use crate::protocol::http1::Http1;
use crate::protocol::tcp::Tcp;
use std::fs::File;
use std::time::Duration;

/// Starting the lanes' threads takes less than this.
const LAUNCH: Duration = Duration::from_millis(20);

/// What the engine's thread needs.
pub(super) struct Session {
    pub(super) job: Job,
    pub(super) target: Target,
    pub(super) info: RunInfo,
    pub(super) limits: Limits,
    pub(super) headless: bool,
    /// The raw log, where it is a plain file.
    pub(super) raw: Option<File>,
    /// Gets every frame.
    pub(super) feed: Feed,
    /// Writes them.
    pub(super) snapshots: Snapshots,
}

/// A target that may be loaded.
pub(super) struct Ready {
    pub(super) plan: Plan,
    pub(super) pinned: Permitted,
    pub(super) kind: Kind,
    pub(super) first: Option<First>,
}

impl Session {
    /// Everything until the last frame has been published and the raw log is written.
    pub(super) fn run(self, far: &Far) -> Result<Aftermath, Stop> {
        let mut foyer = Foyer::new(far, self.info.clone(), self.job.set.clone());
        let mut preparation = Preparation {
            session: &self,
            foyer: &mut foyer,
            permission: Permission::new(self.job.yes),
            tries: 0,
            epoch: Epoch::new(),
        };
        match preparation.run() {
            Ok(ready) => self.load(ready, foyer, far),
            Err(Not::End(by)) => {
                foyer.end(by);
                Ok(Aftermath::default())
            }
            Err(Not::Stop(stop)) => {
                foyer.end(None);
                Err(stop)
            }
        }
    }

    /// The plan for a target so far away.
    pub(super) fn plan(&self, place: Place) -> Plan {
        let job = &self.job;
        let near = place == Place::Loopback;
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        let most = job.shape.max_workers.unwrap_or(if near { 4096 } else { 512 });
        let wished = job.set.asked.or(job.set.start.filter(|_| job.shape.max_workers.is_none()));
        let most = most.max(wished.unwrap_or(1)).max(job.set.bounds.min);
        let threads = job.shape.threads.unwrap_or(if near { (cores / 2).max(1) } else { cores });
        // A lane without a worker or an exchange of its own would only cost descriptors.
        let useful = job.requests.map_or(u64::from(most), |n| n.min(u64::from(most)));
        Plan {
            target: self.target.clone(),
            request: job.request.clone(),
            timeouts: job.timeouts,
            requests: job.requests,
            threads: threads.min(usize::try_from(useful).unwrap_or(usize::MAX)).max(1),
            connect_rate: job.shape.connect_rate.unwrap_or(if near { 20_000.0 } else { 200.0 }),
            sources: job.sources.clone(),
            profile: job.shape.profile.unwrap_or_else(|| place.profile()),
            overflow: job.set.overflow,
            open: job.set.model == LoadModel::Open,
            traffic: job.traffic.clone(),
            throttle: job.throttle,
            precise: job.precise,
            max_workers: most,
            seed: self.info.seed,
        }
    }

    fn load(mut self, ready: Ready, mut foyer: Foyer<'_>, far: &Far) -> Result<Aftermath, Stop> {
        let raw = self.raw.take();
        let log = self.job.output.raw_log.as_deref().map(|path| RawLog::start_in(path, raw));
        let log = log.transpose().map_err(Stop::fault)?;
        // The run begins when its lanes are there, so that the first arrivals are not late.
        let epoch = Epoch::within(LAUNCH);
        let Ready {
            plan,
            pinned,
            kind,
            first,
        } = ready;
        let mut lanes = start(&plan, pinned, kind, (epoch, first, log.as_ref().map(RawLog::outlet)))?;
        foyer.learn(|info, set| {
            info.unreachable = None;
            info.protocol = kind.name().into();
            info.request = if kind == Kind::Http1 {
                plan.request.method.clone()
            } else {
                String::new()
            };
            info.good = plan.request.expect.status.clone();
            info.profile = plan.profile;
            info.threads = plan.threads;
            info.cores = super::pool::cores();
            info.fd_limit = lanes.fd_limit();
            info.room = Some(lanes.most_workers());
            info.most_workers = Some(lanes.most_workers()).filter(|most| *most < plan.max_workers);
            info.descriptors_beside = lanes.descriptors_beside();
            let stages = self.job.traffic.stages.as_ref().map(|s| s.length());
            info.duration = self.limits.duration.or(stages);
            // Workers asked for by number stay asked for, so that a shortage shows; a search stops at what fits.
            let fits = lanes.most_workers().max(set.asked.unwrap_or(1));
            set.bounds.max = plan.max_workers.min(fits);
            set.bounds.min = set.bounds.min.min(set.bounds.max);
            if set.model == LoadModel::Open && set.mode == Mode::Manual {
                set.asked.get_or_insert(set.bounds.max);
            }
        });
        let (info, set, heard) = foyer.leave();
        let mut conductor = Conductor::new(info, set, self.limits, self.job.script).staged(self.job.traffic.stages);
        conductor.skip(heard);
        let outlets = Outlets {
            far,
            feed: &self.feed,
            snapshots: self.snapshots,
        };
        pace::real(conductor, &mut lanes, outlets, epoch);
        drop(lanes);
        Ok(match log.map(RawLog::finish) {
            Some(Err(why)) => Aftermath {
                unwritten: true,
                said: Some(why),
                stop: None,
            },
            said => Aftermath {
                said: said.and_then(Result::ok).flatten(),
                ..Aftermath::default()
            },
        })
    }
}

/// The one match over protocols.
fn start(
    plan: &Plan,
    pinned: Permitted,
    kind: Kind,
    (epoch, first, log): (Epoch, Option<First>, Option<Outlet>),
) -> Result<Lanes, Stop> {
    let shared = plan.clone();
    match kind {
        Kind::Http1 => {
            Http1::new(plan, Dialer::new(plan, pinned, epoch)).map_err(Stop::usage)?;
            let make = move |seat: &crate::engine::Seat| {
                let dialer = Dialer::new(&shared, pinned, seat.epoch).of_lane(seat.lane);
                Http1::new(&shared, dialer).expect("the same request was accepted before")
            };
            launch(plan, epoch, make, first, log)
        }
        Kind::Tcp | Kind::TcpConnect => launch(
            plan,
            epoch,
            move |seat: &crate::engine::Seat| Tcp::new(&shared, Dialer::new(&shared, pinned, seat.epoch).of_lane(seat.lane)),
            first,
            log,
        ),
    }
    .map_err(Stop::fault)
}
