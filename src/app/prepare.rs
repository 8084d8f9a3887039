//! From a target to one that may be loaded: resolve, permit, probe, ask if need be. The user may leave at any time.

use super::Stop;
use super::question::{Foyer, Said};
use super::session::{Ready, Session};
use crate::cli;
use crate::clock::Epoch;
use crate::engine::{Done, First};
use crate::model::failure::Failure;
use crate::model::format::length;
use crate::model::run::EndedBy;
use crate::model::seen::Seen;
use crate::model::units::Nanos;
use crate::net::permission::{Permission, Permitted};
use crate::net::resolve;
use crate::net::source;
use crate::plan::secret::Secrets;
use crate::plan::{Plan, Scheme};
use crate::protocol::detect::decide::{self, Decision};
use crate::protocol::detect::{self, Found, Outcome};
use crate::protocol::dispatch::Kind;
use crate::telemetry::tally;
use std::net::SocketAddr;
use std::time::Duration;

/// Seconds until a target that did not answer is tried again.
const AGAIN: u32 = 2;

/// Why a target may not be loaded.
pub(super) enum Not {
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

/// What an attempt at some addresses came to.
enum Attempt {
    Ready(Box<Ready>),
    /// Nothing answered, and why; `unmet`: no connection was made, so another address may be tried.
    Silent {
        why: String,
        unmet: bool,
        tries: u32,
    },
}

/// The way there.
pub(super) struct Preparation<'a, 'f> {
    pub(super) session: &'a Session,
    pub(super) foyer: &'a mut Foyer<'f>,
    pub(super) permission: Permission,
    /// Tries so far, since then.
    pub(super) tries: u32,
    pub(super) epoch: Epoch,
}

impl Preparation<'_, '_> {
    pub(super) fn run(&mut self) -> Result<Ready, Not> {
        let target = &self.session.target;
        let longest = detect::patience(&self.session.plan(resolve::Place::Loopback));
        self.foyer
            .show(&format!("connecting to {} (at most {longest}) …", target.authority()), false);
        let addresses = self.resolve()?;
        self.approach(&addresses)
    }

    /// Runs `what`, unless the user leaves first.
    fn wait<T>(&mut self, what: impl Future<Output = T>) -> Result<T, Not> {
        self.foyer.until(what).map_err(Stop::fault)?.map_err(|by| Not::End(Some(by)))
    }

    /// Addresses of the target; a name that does not resolve ends a headless run and is asked again on a screen.
    fn resolve(&mut self) -> Result<Vec<SocketAddr>, Not> {
        let target = &self.session.target;
        self.resolve_by(|| resolve::resolve(&target.host, target.port, resolve::PATIENCE))
    }

    fn resolve_by<R>(&mut self, ask: impl Fn() -> R) -> Result<Vec<SocketAddr>, Not>
    where
        R: Future<Output = Result<Vec<SocketAddr>, String>>,
    {
        loop {
            match self.wait(ask())? {
                Ok(addresses) => return Ok(source::reached(&self.session.job.sources, addresses).map_err(Stop::usage)?),
                Err(why) => self.unreachable(&why, 1)?,
            }
        }
    }

    /// The first of these that answers, each permitted before anything goes to it.
    fn approach(&mut self, addresses: &[SocketAddr]) -> Result<Ready, Not> {
        loop {
            let (may, next) = self.permission.leading(addresses);
            let mut before = None;
            if !may.is_empty() {
                match self.attempt(&may)? {
                    Attempt::Ready(ready) => return Ok(*ready),
                    Attempt::Silent { why, unmet, tries } if unmet && next.is_some() => before = Some(self.tried(&why, tries)),
                    Attempt::Silent { why, tries, .. } => {
                        self.unreachable(&why, tries)?;
                        continue;
                    }
                }
            }
            if let Some(address) = next {
                self.permit(address, before)?;
            }
        }
    }

    /// A target that is neither ours nor private is loaded on a word only. `before`: what became of its other addresses.
    fn permit(&mut self, address: SocketAddr, before: Option<String>) -> Result<(), Not> {
        let told = match before {
            Some(before) => format!("{before}; the next address, {address}, is public"),
            None => format!("{address} is a public address"),
        };
        if self.session.headless {
            return Err(Stop::usage(format!("{told} (if you may load it, say --yes)")).into());
        }
        match self.foyer.ask(&format!("{told}.  Enter = I may load it · q")) {
            Said::No(by) => Err(Not::End(Some(by))),
            _ => {
                self.permission.grant(address);
                Ok(())
            }
        }
    }

    /// Headless: the end, told as a summary. On a screen: shown, and tried again every two seconds, which are counted down.
    fn unreachable(&mut self, why: &str, tries: u32) -> Result<(), Not> {
        let told = self.tried(why, tries);
        self.foyer.learn(|info, _| info.unreachable = Some(told.clone()));
        self.foyer.tried_for(self.epoch.now());
        if self.session.headless {
            return Err(Not::End(None));
        }
        for left in (1..=AGAIN).rev() {
            self.foyer
                .show(&format!("{told}.  Trying again in {left} s · q quits"), false);
            match self.foyer.wait(Duration::from_secs(1)) {
                Said::No(by) => return Err(Not::End(Some(by))),
                Said::Yes => break,
                Said::Nothing => {}
            }
        }
        Ok(())
    }

    /// What became of all tries so far.
    fn tried(&mut self, why: &str, tries: u32) -> String {
        self.tries += tries;
        let (at, times) = (self.session.target.authority(), if self.tries == 1 { "try" } else { "tries" });
        let took = length(self.epoch.now().secs());
        let place = if why.contains(&at) {
            String::new()
        } else {
            format!(" at {at}")
        };
        format!("nothing answered{place}: {why}, {} {times} in {took}", self.tries)
    }

    /// The first exchange, or for `tcp://` the first connection.
    fn attempt(&mut self, may: &[Permitted]) -> Result<Attempt, Not> {
        let plan = self.session.plan(may[0].place());
        if self.session.target.scheme == Scheme::Tcp {
            return self.attempt_raw(plan, may);
        }
        let outcome = self.wait(detect::probe(&plan, may, Epoch::new()))?.map_err(Stop::usage)?;
        let secrets = Secrets::of(&plan.request, &plan.target);
        let outcome = outcome.hidden(|text| secrets.hide(text));
        let decision = decide::decide(&outcome, &plan);
        let pinned = match &outcome {
            Outcome::Http(found) => found.address,
            _ => may[0],
        };
        // Profile and limits follow from where the load will go.
        let mut plan = self.session.plan(pinned.place());
        let kind = match decision {
            Decision::Start(kind) => kind,
            Decision::Ask {
                question,
                refusal,
                status,
            } => {
                self.ask(&question, refusal)?;
                plan.request.expect.also(status);
                self.foyer.learn(|info, _| info.let_pass = Some(status));
                Kind::Http1
            }
            Decision::Refuse(why) => return Err(Stop::usage(why).into()),
            Decision::Unreachable(why) => return Ok(silent(outcome, why)),
        };
        let first = match outcome {
            Outcome::Http(found) => Some(self.learn(*found, &plan)),
            _ => None,
        };
        Ok(Attempt::Ready(Box::new(Ready {
            plan,
            pinned,
            kind,
            first,
        })))
    }

    fn attempt_raw(&mut self, plan: Plan, may: &[Permitted]) -> Result<Attempt, Not> {
        let kind = decide::raw(&plan);
        if kind == Kind::TcpConnect && !plan.request.expect.content.is_empty() {
            return Err(Stop::usage(
                "--expect body~ and sha256= need an answer, and without a payload nothing is asked (give one: -d 'PING\\r\\n')",
            )
            .into());
        }
        let made = self.wait(async {
            let made = detect::connect(&plan, may, Epoch::new()).await;
            made.map(|(stream, pinned, took)| (stream.into_std(), pinned, took))
        })?;
        let (stream, pinned, took) = match made {
            Ok(made) => made,
            Err(outcome) => {
                let why = match decide::decide(&outcome, &plan) {
                    Decision::Unreachable(why) | Decision::Refuse(why) => why,
                    _ => "nothing answered".into(),
                };
                return Ok(silent(*outcome, why));
            }
        };
        let stream = stream.map_err(Stop::fault)?;
        let first = if kind == Kind::TcpConnect {
            connected(&stream, took)
        } else {
            First {
                stream: Some(stream),
                connects: vec![took],
                ..First::default()
            }
        };
        Ok(Attempt::Ready(Box::new(Ready {
            plan: self.session.plan(pinned.place()),
            pinned,
            kind,
            first: Some(first),
        })))
    }

    /// An answer that is not plainly well: a screen asks, `--yes` and Enter count its status as good too.
    fn ask(&mut self, question: &str, refusal: String) -> Result<(), Not> {
        if self.session.job.yes {
            return Ok(());
        }
        if self.session.headless {
            return Err(Stop::usage(refusal).into());
        }
        match self.foyer.ask(question) {
            Said::No(by) => Err(Not::End(Some(by))),
            _ => Ok(()),
        }
    }

    /// What was found, told to the foyer; its exchanges, and its connection.
    fn learn(&mut self, found: Found, plan: &Plan) -> First {
        let Found {
            before,
            kept,
            seen,
            end,
            result,
            detection,
            ..
        } = found;
        self.foyer.learn(|info, _| {
            info.detection = detection;
            info.detection.asked = info.detection.asked.take().map(|asked| cli::redact(&asked));
            if let (Some(status), Some(first)) = (info.let_pass, info.detection.card.first_mut()) {
                *first = format!("{first} ({status} counts as good: you said so)");
            }
        });
        let all = before.into_iter().map(|b| (b.seen, b.end, b.result));
        let all: Vec<_> = all.chain([(seen, end, result)]).collect();
        First {
            stream: kept.filter(|_| plan.request.keepalive),
            uses: 1,
            connects: all.iter().map(|(seen, ..)| seen.dialled).collect(),
            exchanges: all.into_iter().map(|done| judged(done, plan)).collect(),
        }
    }
}

/// Nothing answered: `why` is what there is to say where the outcome has no words of its own.
fn silent(outcome: Outcome, why: String) -> Attempt {
    match outcome {
        Outcome::Unreachable { failure, detail, tries } => Attempt::Silent {
            why: detail,
            unmet: failure.before_send(),
            tries,
        },
        _ => Attempt::Silent {
            why,
            unmet: false,
            tries: 1,
        },
    }
}

/// A connect that asks nothing is a whole exchange, which ends in a reset.
fn connected(stream: &std::net::TcpStream, took: Nanos) -> First {
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO)).ok();
    let seen = Seen {
        dialled: took,
        sent: Some(took),
        ..Seen::default()
    };
    First {
        connects: vec![took],
        exchanges: vec![Done {
            seen,
            outcome: tally::Outcome::Ok,
            end: took,
        }],
        ..First::default()
    }
}

/// The run's clock starts at launch; an exchange of the probe is moved to its beginning, lengths kept.
fn judged((seen, end, result): (Seen, Nanos, Result<(), Failure>), plan: &Plan) -> Done {
    let outcome = match result {
        Ok(()) if !plan.request.expect.good(seen.status) => tally::Outcome::BadStatus,
        Ok(()) if seen.mismatch => tally::Outcome::Failed(Failure::BodyCheck),
        Ok(()) => tally::Outcome::Ok,
        Err(class) => tally::Outcome::Failed(class),
    };
    let begun = seen.intended;
    let seen = Seen {
        intended: Nanos::ZERO,
        free: Nanos::ZERO,
        sent: seen.sent.map(|t| t - begun),
        first: seen.first.map(|t| t - begun),
        ..seen
    };
    Done {
        seen,
        outcome,
        end: end - begun,
    }
}

#[cfg(test)]
mod tests;
