//! The probe: the real first request, sent once more carefully than the rest, so that the tool knows what it loads.
//! It refuses to guess: a timeout decides nothing, and what is not HTTP stays unnamed unless it names itself.

mod card;
pub mod decide;
#[cfg(test)]
mod probing;

use super::http1::Http1Wire;
use super::http1::request::{Prepared, idempotent};
use super::stream::{Buffer, Stream};
use super::{Feed, Session, Wire};
use crate::clock::Epoch;
use crate::model::failure::Failure;
use crate::model::format::sanitize;
use crate::model::run::Detection;
use crate::model::seen::Seen;
use crate::model::units::Nanos;
use crate::net::dial;
use crate::net::permission::Permitted;
use crate::plan::Plan;
use std::rc::Rc;
use tokio::net::TcpStream;

/// Tries, at most.
const TRIES: u32 = 3;
/// All tries together: at most this, and no more than [`TIMEOUTS`] of the run's own.
const PATIENCE: Nanos = Nanos::from_secs(10);
/// A first answer may take so many times what an exchange may take: caches are cold.
const TIMEOUTS: u64 = 3;
/// Between tries: a server that is being restarted gets a moment.
const PAUSE: Nanos = Nanos::from_millis(300);
/// A server that is overloaded or just starting (429, 5xx) is asked again so often before that is concluded.
const REPEATS: usize = 2;
/// After so long.
const COLD_START: Nanos = Nanos::from_secs(1);
/// So much of the answer is kept to look at.
const KEPT: usize = 64 * 1024;

/// What the probe met.
#[derive(Debug)]
pub enum Outcome {
    /// An HTTP answer: exchange 1.
    Http(Box<Found>),
    /// A TLS port: what gave it away.
    TlsLooking(String),
    /// Something answered in another protocol.
    NotHttp {
        /// What it looks like, or how it fails to be HTTP.
        what: String,
        /// Its first bytes, escaped.
        excerpt: String,
    },
    /// No answer at all.
    Unreachable {
        /// Why.
        failure: Failure,
        /// In the system's words, or ours.
        detail: String,
        /// Connections tried.
        tries: u32,
    },
}

/// An HTTP answer that something better was hoped for after.
#[derive(Debug)]
pub struct Repeated {
    /// The life of its exchange.
    pub seen: Seen,
    /// When it was done.
    pub end: Nanos,
    /// As in [`Found`].
    pub result: Result<(), Failure>,
}

impl Outcome {
    /// Its text from outside as `hide` makes it.
    #[must_use]
    pub fn hidden(self, hide: impl Fn(&str) -> String) -> Self {
        match self {
            Self::Http(mut found) => {
                let Detection { asked, answer, card } = &mut found.detection;
                let texts = asked.iter_mut().chain(answer).chain(card);
                texts.chain(&mut found.location).for_each(|text| *text = hide(text));
                Self::Http(found)
            }
            Self::NotHttp { what, excerpt } => Self::NotHttp {
                what: hide(&what),
                excerpt: hide(&excerpt),
            },
            Self::Unreachable { failure, detail, tries } => Self::Unreachable {
                failure,
                detail: hide(&detail),
                tries,
            },
            Self::TlsLooking(why) => Self::TlsLooking(why),
        }
    }
}

/// The first exchange, answered.
#[derive(Debug)]
pub struct Found {
    /// Answers before this one, oldest first: they were exchanges too.
    pub before: Vec<Repeated>,
    /// The address that answered: pinned from here on.
    pub address: Permitted,
    /// Its connection, when it may carry the next exchange.
    pub kept: Option<std::net::TcpStream>,
    /// The life of exchange 1; `seen.dialled` is the connect time, `seen.status` the status.
    pub seen: Seen,
    /// When it was done.
    pub end: Nanos,
    /// It may have failed after its head, such as by a short body.
    pub result: Result<(), Failure>,
    /// What was asked, what came back, and the target card.
    pub detection: Detection,
    /// Where a redirection leads, sanitized.
    pub location: Option<String>,
    /// Earlier tries whose request may have reached the target without being answered: it may count them, the books do not.
    pub uncounted: u32,
}

/// The longest that asking once may take.
pub fn patience(plan: &Plan) -> Nanos {
    PATIENCE.min(plan.timeouts.request * TIMEOUTS)
}

/// Sends the plan's first request to the first address that accepts a connection, on a current-thread runtime; again where
/// the answer may be one of a cold start.
///
/// # Errors
/// A sentence naming what in the plan cannot be sent.
pub async fn probe(plan: &Plan, addresses: &[Permitted], epoch: Epoch) -> Result<Outcome, String> {
    let request = Rc::new(Prepared::new(plan)?);
    let mut outcome = ask(plan, &request, addresses, epoch).await;
    loop {
        let Outcome::Http(found) = &mut outcome else {
            return Ok(outcome);
        };
        if !cold(found, plan) {
            return Ok(outcome);
        }
        found.kept = None;
        tokio::time::sleep(COLD_START.duration()).await;
        // Without another answer the one there was is what is known.
        if let Outcome::Http(mut next) = ask(plan, &request, addresses, epoch).await {
            next.after(found);
            outcome = Outcome::Http(next);
        } else {
            return Ok(outcome);
        }
    }
}

/// Worth asking again, as far as `-n` goes.
fn cold(found: &Found, plan: &Plan) -> bool {
    let status = found.seen.status;
    let done = found.before.len();
    (status == 429 || (500..600).contains(&status))
        && (!plan.request.expect.good(status) || found.seen.mismatch)
        && done < REPEATS
        && plan.requests.is_none_or(|n| n > done as u64 + 1)
}

impl Found {
    /// This is the answer after `before`.
    fn after(&mut self, before: &mut Self) {
        self.before = std::mem::take(&mut before.before);
        self.before.push(Repeated {
            seen: before.seen.clone(),
            end: before.end,
            result: before.result,
        });
        self.uncounted += before.uncounted;
    }
}

async fn ask(plan: &Plan, request: &Rc<Prepared>, addresses: &[Permitted], epoch: Epoch) -> Outcome {
    let deadline = epoch.now() + patience(plan);
    let mut uncounted = 0;
    let mut tries = 0;
    loop {
        tries += 1;
        let tried = attempt(plan, request, addresses, epoch, deadline).await;
        let (failure, detail) = match tried {
            Tried::Answered(answered) => return answered.outcome(plan, uncounted),
            Tried::Failed(failure, detail) => (failure, detail),
        };
        uncounted += u32::from(!failure.before_send());
        let last = tries == TRIES || epoch.now() + PAUSE >= deadline;
        if last || !worth_another(failure, &plan.request.method) {
            return nothing(plan, failure, detail, tries);
        }
        tokio::time::sleep(PAUSE.duration()).await;
    }
}

/// The first connection of a run that asks nothing in HTTP, made as patiently; with the time it took.
///
/// # Errors
/// `Outcome::Unreachable`.
pub async fn connect(plan: &Plan, addresses: &[Permitted], epoch: Epoch) -> Result<(TcpStream, Permitted, Nanos), Box<Outcome>> {
    let deadline = epoch.now() + patience(plan);
    let mut tries = 0;
    loop {
        tries += 1;
        let begun = epoch.now();
        let (failure, detail) = match reach(plan, addresses, deadline - begun).await {
            Ok((stream, address)) => return Ok((stream, address, epoch.now() - begun)),
            Err(refusal) => refusal,
        };
        if tries == TRIES || epoch.now() + PAUSE >= deadline || !worth_another(failure, "") {
            return Err(Box::new(Outcome::Unreachable { failure, detail, tries }));
        }
        tokio::time::sleep(PAUSE.duration()).await;
    }
}

/// A request that the target may have acted on is repeated only when repeating is harmless (RFC 9110 section 9.2.2).
fn worth_another(failure: Failure, method: &str) -> bool {
    match failure {
        Failure::Refused | Failure::Unreachable | Failure::ConnectTimeout => true,
        Failure::Reset | Failure::ClosedNoResponse => idempotent(method),
        _ => false,
    }
}

fn nothing(plan: &Plan, failure: Failure, detail: String, tries: u32) -> Outcome {
    // TLS servers meet plain text with an alert, or with silence.
    if matches!(plan.target.port, 443 | 8443) && !failure.before_send() {
        return Outcome::TlsLooking(format!(
            "port {} is usually TLS, and plain HTTP got no answer",
            plan.target.port
        ));
    }
    Outcome::Unreachable { failure, detail, tries }
}

/// One try: some bytes came back, or none.
enum Tried {
    Answered(Box<Answered>),
    Failed(Failure, String),
}

/// What one try left behind.
struct Answered {
    address: Permitted,
    stream: Stream<Capture, TcpStream>,
    seen: Seen,
    end: Nanos,
    result: Result<(), Failure>,
}

/// Connects to the first address that accepts, within the deadline.
async fn reach(plan: &Plan, addresses: &[Permitted], left: Nanos) -> Result<(TcpStream, Permitted), dial::Refusal> {
    let dialling = dial::first_of(addresses, plan.sources.first().copied(), plan.timeouts.connect.min(left));
    match tokio::time::timeout(left.duration(), dialling).await {
        Ok(made) => made,
        Err(_) => Err((
            Failure::ConnectTimeout,
            format!("no address accepted a connection within {}", patience(plan)),
        )),
    }
}

async fn attempt(plan: &Plan, request: &Rc<Prepared>, addresses: &[Permitted], epoch: Epoch, deadline: Nanos) -> Tried {
    let begun = epoch.now();
    let (io, address) = match reach(plan, addresses, deadline - begun).await {
        Ok(made) => made,
        Err((failure, detail)) => return Tried::Failed(failure, detail),
    };
    let sent = epoch.now();
    let mut seen = Seen {
        intended: begun,
        free: begun,
        dialled: sent - begun,
        sent: Some(sent),
        ..Seen::default()
    };
    let mut stream = Stream::new(Capture::new(Rc::clone(request)), io, Buffer::default(), epoch);
    let result = match tokio::time::timeout((deadline - sent).duration(), stream.exchange(0, &mut seen)).await {
        Ok(result) => result,
        Err(_) if seen.head => Err(Failure::TimeoutBody),
        Err(_) => Err(Failure::TimeoutHead),
    };
    if seen.rx == 0 {
        let failure = result.err().unwrap_or(Failure::ClosedNoResponse);
        let detail = seen.detail.unwrap_or_else(|| silence(plan, address, deadline - sent));
        return Tried::Failed(failure, detail);
    }
    Tried::Answered(Box::new(Answered {
        address,
        stream,
        seen,
        end: epoch.now(),
        result,
    }))
}

fn silence(plan: &Plan, address: Permitted, long: Nanos) -> String {
    let why = if patience(plan) < PATIENCE {
        format!(" (a first answer may take {TIMEOUTS} × -t)")
    } else {
        String::new()
    };
    format!(
        "{} accepted the connection, then nothing came for {long}{why}",
        address.address()
    )
}

impl Answered {
    fn outcome(self, plan: &Plan, uncounted: u32) -> Outcome {
        let kept = &self.stream.wire().kept;
        if kept.starts_with(&[0x15, 3]) {
            return Outcome::TlsLooking("it met plain text with a TLS alert".into());
        }
        if self.seen.head && self.seen.status == 400 && card::refuses_plain_text(kept) {
            return Outcome::TlsLooking("it says that plain HTTP was sent to its HTTPS port".into());
        }
        if self.seen.head {
            return Outcome::Http(Box::new(self.found(plan, uncounted)));
        }
        match self.result {
            Err(failure @ (Failure::TimeoutHead | Failure::ClosedNoResponse | Failure::Reset)) => Outcome::Unreachable {
                failure,
                detail: self.seen.detail.unwrap_or_else(|| "the answer's head did not end".into()),
                tries: 1,
            },
            _ => Outcome::NotHttp {
                what: card::looks_like(kept, self.seen.detail.as_deref()),
                excerpt: sanitize(&kept[..kept.len().min(60)].escape_ascii().to_string()),
            },
        }
    }

    fn found(self, plan: &Plan, uncounted: u32) -> Found {
        let reusable = self.stream.reusable() && plan.request.per_connection != Some(1);
        let facts = card::Facts {
            address: self.address.address(),
            place: self.address.place(),
            seen: &self.seen,
            result: self.result,
            content: self.stream.wire().wire.content(),
            reusable: self.stream.reusable(),
        };
        let (detection, location) = card::draw(plan, &self.stream.wire().kept, &facts);
        Found {
            address: self.address,
            seen: self.seen,
            end: self.end,
            result: self.result,
            before: Vec::new(),
            detection,
            location,
            uncounted,
            kept: reusable.then(|| self.stream.into_io().into_std().ok()).flatten(),
        }
    }
}

/// HTTP/1.1 that keeps what it is fed, up to a bound.
struct Capture {
    wire: Http1Wire,
    kept: Vec<u8>,
}

impl Capture {
    fn new(request: Rc<Prepared>) -> Self {
        Self {
            wire: Http1Wire::new(request),
            kept: Vec::new(),
        }
    }
}

impl Wire for Capture {
    fn request(&mut self, seq: u64) -> &[u8] {
        self.kept.clear();
        self.wire.request(seq)
    }

    fn asking(&self) -> &[u8] {
        self.wire.asking()
    }

    fn idempotent(&self) -> bool {
        self.wire.idempotent()
    }

    fn feed(&mut self, input: &[u8], eof: bool, seen: &mut Seen) -> Result<Feed, Failure> {
        let room = KEPT - self.kept.len();
        self.kept.extend_from_slice(&input[..input.len().min(room)]);
        self.wire.feed(input, eof, seen)
    }
}
