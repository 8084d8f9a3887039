//! The probe: the real first request, sent once more carefully than the rest, so that the tool knows what it loads.
//! It refuses to guess: a timeout decides nothing, and what is not HTTP stays unnamed unless it names itself.

mod card;
pub mod decide;
#[cfg(test)]
mod probing;

use super::http1::Http1Wire;
use super::http1::request::Prepared;
use super::stream::{Buffer, Stream};
use super::{Feed, Session, Wire};
use crate::clock::Epoch;
use crate::model::failure::Failure;
use crate::model::format::sanitize;
use crate::model::run::Detection;
use crate::model::seen::Seen;
use crate::model::units::Nanos;
use crate::net::dial;
use crate::plan::Plan;
use std::net::SocketAddr;
use std::rc::Rc;
use tokio::net::TcpStream;

/// Tries, at most.
const TRIES: u32 = 3;
/// All tries together.
const PATIENCE: Nanos = Nanos::from_secs(10);
/// Between tries: a server that is being restarted gets a moment.
const PAUSE: Nanos = Nanos::from_millis(300);
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

/// The first exchange, answered.
#[derive(Debug)]
pub struct Found {
    /// The address that answered: pinned from here on.
    pub address: SocketAddr,
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

/// Sends the plan's first request to the first address that accepts a connection, on a current-thread runtime.
///
/// # Errors
/// A sentence naming what in the plan cannot be sent.
pub async fn probe(plan: &Plan, addresses: &[SocketAddr], epoch: Epoch) -> Result<Outcome, String> {
    let request = Rc::new(Prepared::new(plan)?);
    let deadline = epoch.now() + PATIENCE;
    let mut uncounted = 0;
    let mut tries = 0;
    loop {
        tries += 1;
        let tried = attempt(plan, &request, addresses, epoch, deadline).await;
        let (failure, detail) = match tried {
            Tried::Answered(answered) => return Ok(answered.outcome(plan, uncounted)),
            Tried::Failed(failure, detail) => (failure, detail),
        };
        uncounted += u32::from(!failure.before_send());
        let last = tries == TRIES || epoch.now() + PAUSE >= deadline;
        if last || !worth_another(failure, &plan.request.method) {
            return Ok(nothing(plan, failure, detail, tries));
        }
        tokio::time::sleep(PAUSE.duration()).await;
    }
}

/// A request that the target may have acted on is repeated only when repeating is harmless (RFC 9110 section 9.2.2).
fn worth_another(failure: Failure, method: &str) -> bool {
    match failure {
        Failure::Refused | Failure::Unreachable | Failure::ConnectTimeout => true,
        Failure::Reset | Failure::ClosedNoResponse => matches!(method, "GET" | "HEAD" | "OPTIONS"),
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
    address: SocketAddr,
    stream: Stream<Capture, TcpStream>,
    seen: Seen,
    end: Nanos,
    result: Result<(), Failure>,
}

/// Connects to the first address that accepts, within the deadline.
async fn reach(plan: &Plan, addresses: &[SocketAddr], left: Nanos) -> Result<(TcpStream, SocketAddr), dial::Refusal> {
    let dialling = dial::first_of(addresses, plan.sources.first().copied(), plan.timeouts.connect.min(left));
    match tokio::time::timeout(left.duration(), dialling).await {
        Ok(made) => made,
        Err(_) => Err((
            Failure::ConnectTimeout,
            format!("no address accepted a connection within {PATIENCE}"),
        )),
    }
}

async fn attempt(plan: &Plan, request: &Rc<Prepared>, addresses: &[SocketAddr], epoch: Epoch, deadline: Nanos) -> Tried {
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
        let detail = seen
            .detail
            .unwrap_or_else(|| format!("{address} accepted the connection, then nothing came for {}", deadline - sent));
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
            address: self.address,
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

    fn feed(&mut self, input: &[u8], eof: bool, seen: &mut Seen) -> Result<Feed, Failure> {
        let room = KEPT - self.kept.len();
        self.kept.extend_from_slice(&input[..input.len().min(room)]);
        self.wire.feed(input, eof, seen)
    }
}
