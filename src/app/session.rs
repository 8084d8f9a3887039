//! The engine thread's way from a target to the last frame: resolve, probe, ask if need be, launch, conduct.

use super::front::Aftermath;
use super::journal::Feed;
use super::pace::Outlets;
use super::question::{Foyer, Said};
use super::snapshots::Snapshots;
use super::{Stop, pace};
use crate::cli::{self, Job};
use crate::clock::Epoch;
use crate::conduct::{Conductor, Limits};
use crate::engine::{First, Lanes, Outlet, RawLog, launch};
use crate::link::Far;
use crate::model::failure::Failure;
use crate::model::run::{EndedBy, RunInfo};
use crate::model::seen::Seen;
use crate::model::setpoints::{LoadModel, Mode};
use crate::model::units::Nanos;
use crate::net::dial::{self, Dialer};
use crate::net::resolve::{self, Place};
use crate::net::source;
use crate::plan::{Plan, Scheme, Target};
use crate::protocol::detect::decide::{self, Decision};
use crate::protocol::detect::{self, Found, Outcome};
use crate::protocol::dispatch::Kind;
use crate::protocol::http1::Http1;
use crate::protocol::tcp::Tcp;
use crate::telemetry::tally;
use std::fs::File;
use std::net::SocketAddr;
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
struct Ready {
    plan: Plan,
    address: SocketAddr,
    kind: Kind,
    first: Option<First>,
}

/// Why it may not.
enum Not {
    /// The user left, or was told all there is to tell.
    End(Option<EndedBy>),
    /// Exit code and sentence.
    Stop(Stop),
}

impl From<Stop> for Not {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl Session {
    /// Everything until the last frame has been published and the raw log is written.
    pub(super) fn run(self, far: &Far) -> Result<Aftermath, Stop> {
        let mut foyer = Foyer::new(far, self.info.clone(), self.job.set.clone());
        match self.prepare(&mut foyer) {
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

    fn prepare(&self, foyer: &mut Foyer<'_>) -> Result<Ready, Not> {
        foyer.show(&format!("connecting to {} …", self.target.authority()), false);
        let addresses = self.resolve(foyer)?;
        self.permit(foyer, addresses[0])?;
        self.probe(foyer, &addresses)
    }

    /// Addresses of the target; a name that does not resolve ends a headless run and is asked again on a screen.
    fn resolve(&self, foyer: &mut Foyer<'_>) -> Result<Vec<SocketAddr>, Not> {
        loop {
            match resolve::resolve(&self.target.host, self.target.port, resolve::PATIENCE) {
                Ok(addresses) => return Ok(source::reached(&self.job.sources, addresses).map_err(Stop::usage)?),
                Err(why) => self.unreachable(foyer, &format!("nothing answered: {why}"))?,
            }
        }
    }

    /// A target that is neither ours nor private is loaded on a word only.
    fn permit(&self, foyer: &mut Foyer<'_>, address: SocketAddr) -> Result<(), Not> {
        let place = Place::of(address.ip());
        if place != Place::Public || self.job.yes {
            return Ok(());
        }
        if self.headless {
            return Err(Stop::usage(format!("{address} is a public address (if you may load it, say --yes)")).into());
        }
        match foyer.ask(&format!("{address} is a public address.  Enter = I may load it · q")) {
            Said::No(by) => Err(Not::End(Some(by))),
            _ => Ok(()),
        }
    }

    /// Headless: the end, told as a summary. On a screen: shown, and tried again every two seconds.
    fn unreachable(&self, foyer: &mut Foyer<'_>, why: &str) -> Result<(), Not> {
        foyer.learn(|info, _| info.unreachable = Some(why.to_owned()));
        if self.headless {
            return Err(Not::End(None));
        }
        foyer.show(&format!("{why}.  Trying again · q quits"), false);
        match foyer.wait(Duration::from_secs(2)) {
            Said::No(by) => Err(Not::End(Some(by))),
            _ => Ok(()),
        }
    }

    /// The plan, once the address is known.
    fn plan(&self, address: SocketAddr) -> Plan {
        let (job, place) = (&self.job, Place::of(address.ip()));
        let near = place == Place::Loopback;
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        let most = job.shape.max_workers.unwrap_or(if near { 4096 } else { 512 });
        Plan {
            target: self.target.clone(),
            request: job.request.clone(),
            timeouts: job.timeouts,
            requests: job.requests,
            threads: job.shape.threads.unwrap_or(if near { (cores / 2).max(1) } else { cores }),
            connect_rate: job.shape.connect_rate.unwrap_or(if near { 20_000.0 } else { 200.0 }),
            sources: job.sources.clone(),
            profile: job.shape.profile.unwrap_or_else(|| place.profile()),
            overflow: job.set.overflow,
            open: job.set.model == LoadModel::Open,
            traffic: job.traffic.clone(),
            throttle: job.throttle,
            precise: job.precise,
            max_workers: most.max(job.set.asked.unwrap_or(1)).max(job.set.bounds.min),
            seed: self.info.seed,
        }
    }
}

impl Session {
    /// The first request, sent to know what there is; `tcp://` needs none.
    fn probe(&self, foyer: &mut Foyer<'_>, addresses: &[SocketAddr]) -> Result<Ready, Not> {
        loop {
            let plan = self.plan(addresses[0]);
            if self.target.scheme == Scheme::Tcp {
                match pin(addresses, &plan) {
                    Ok(address) => {
                        let kind = decide::raw(&plan);
                        if kind == Kind::TcpConnect && !plan.request.expect.content.is_empty() {
                            return Err(Stop::usage("--expect body~ and sha256= need an answer, and without a payload nothing is asked (give one: -d 'PING\\r\\n')").into());
                        }
                        return Ok(Ready {
                            kind,
                            plan,
                            address,
                            first: None,
                        });
                    }
                    Err(why) => self.unreachable(foyer, &why)?,
                }
                continue;
            }
            let epoch = Epoch::new();
            let outcome = wait_for(detect::probe(&plan, addresses, epoch))
                .map_err(Stop::fault)?
                .map_err(Stop::usage)?;
            match decide::decide(&outcome, &plan) {
                Decision::Start(kind) => return Ok(ready(plan, addresses[0], kind, outcome, foyer)),
                Decision::Ask {
                    question,
                    refusal,
                    status,
                } => return self.ask(foyer, (plan, addresses[0], outcome), &question, &refusal, status),
                Decision::Refuse(why) => return Err(Stop::usage(why).into()),
                Decision::Unreachable(why) => self.unreachable(foyer, &why)?,
            }
        }
    }

    /// An answer that is not plainly well: a screen asks, `--yes` and Enter count its status as good.
    fn ask(
        &self,
        foyer: &mut Foyer<'_>,
        (mut plan, address, outcome): (Plan, SocketAddr, Outcome),
        question: &str,
        refusal: &str,
        status: u16,
    ) -> Result<Ready, Not> {
        if !self.job.yes {
            if self.headless {
                return Err(Stop::usage(refusal).into());
            }
            if let Said::No(by) = foyer.ask(question) {
                return Err(Not::End(Some(by)));
            }
        }
        plan.request.expect.status.push((status, status));
        Ok(ready(plan, address, Kind::Http1, outcome, foyer))
    }

    fn load(mut self, ready: Ready, mut foyer: Foyer<'_>, far: &Far) -> Result<Aftermath, Stop> {
        let raw = self.raw.take();
        let log = self.job.output.raw_log.as_deref().map(|path| RawLog::start_in(path, raw));
        let log = log.transpose().map_err(Stop::fault)?;
        // The run begins when its lanes are there, so that the first arrivals are not late.
        let epoch = Epoch::within(LAUNCH);
        let Ready {
            plan,
            address,
            kind,
            first,
        } = ready;
        let mut lanes = start(&plan, address, kind, (epoch, first, log.as_ref().map(RawLog::outlet)))?;
        foyer.learn(|info, set| {
            info.unreachable = None;
            info.protocol = kind.name().into();
            info.request = if kind == Kind::Http1 {
                plan.request.method.clone()
            } else {
                String::new()
            };
            info.profile = plan.profile;
            info.threads = plan.threads;
            info.cores = super::pool::cores();
            info.fd_limit = lanes.fd_limit();
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

/// What was found, told to the foyer; exchange 1 with its connection.
fn ready(plan: Plan, address: SocketAddr, kind: Kind, outcome: Outcome, foyer: &mut Foyer<'_>) -> Ready {
    let Outcome::Http(found) = outcome else {
        return Ready {
            plan,
            address,
            kind,
            first: None,
        };
    };
    let Found {
        address,
        kept,
        seen,
        end,
        result,
        detection,
        ..
    } = *found;
    foyer.learn(|info, _| {
        info.detection = detection;
        info.detection.asked = info.detection.asked.take().map(|asked| cli::redact(&asked));
    });
    let judged = match result {
        Ok(()) if !plan.request.expect.good(seen.status) => tally::Outcome::BadStatus,
        Ok(()) if seen.mismatch => tally::Outcome::Failed(Failure::BodyCheck),
        Ok(()) => tally::Outcome::Ok,
        Err(class) => tally::Outcome::Failed(class),
    };
    // The run's clock starts at launch; the probe's exchange is moved to its beginning, lengths kept.
    let begun = seen.intended;
    let connect = seen.dialled;
    let moved = Seen {
        intended: Nanos::ZERO,
        free: Nanos::ZERO,
        sent: seen.sent.map(|t| t - begun),
        first: seen.first.map(|t| t - begun),
        ..seen
    };
    let first = First {
        stream: kept.filter(|_| plan.request.keepalive),
        seen: moved,
        outcome: judged,
        end: end - begun,
        connect,
    };
    Ready {
        plan,
        address,
        kind,
        first: Some(first),
    }
}

fn pin(addresses: &[SocketAddr], plan: &Plan) -> Result<SocketAddr, String> {
    let pinned =
        wait_for(dial::pin(addresses, plan.sources.first().copied(), plan.timeouts.connect)).map_err(|e| e.to_string())?;
    pinned.map_err(|(_, said)| format!("nothing answered: {said}"))
}

/// A runtime for one question.
fn wait_for<T>(what: impl Future<Output = T>) -> std::io::Result<T> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(what))
}

/// The one match over protocols.
fn start(
    plan: &Plan,
    address: SocketAddr,
    kind: Kind,
    (epoch, first, log): (Epoch, Option<First>, Option<Outlet>),
) -> Result<Lanes, Stop> {
    let shared = plan.clone();
    match kind {
        Kind::Http1 => {
            Http1::new(plan, Dialer::new(plan, address, epoch)).map_err(Stop::usage)?;
            let make = move |seat: &crate::engine::Seat| {
                let dialer = Dialer::new(&shared, address, seat.epoch).of_lane(seat.lane);
                Http1::new(&shared, dialer).expect("the same request was accepted before")
            };
            launch(plan, epoch, make, first, log)
        }
        Kind::Tcp | Kind::TcpConnect => launch(
            plan,
            epoch,
            move |seat: &crate::engine::Seat| Tcp::new(&shared, Dialer::new(&shared, address, seat.epoch).of_lane(seat.lane)),
            first,
            log,
        ),
    }
    .map_err(Stop::fault)
}
