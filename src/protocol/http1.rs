//! HTTP/1.1: one request written over and over, answers framed strictly and skipped without being kept.
//! It refuses to recover: after anything doubtful the connection is not used again.

mod chunked;
#[cfg(test)]
mod content;
#[cfg(test)]
mod corpus;
mod framing;
pub mod head;
mod memo;
pub mod request;

use self::framing::Body;
use self::head::Head;
use self::memo::Memo;
use self::request::Prepared;
use super::check::Check;
use super::stream::{Buffer, Stream, silent};
use super::template::Stamp;
use super::{Feed, Protocol, Wire};
use crate::model::failure::Failure;
use crate::model::format::sanitize;
use crate::model::seen::Seen;
use crate::net::dial::Dialer;
use crate::plan::Plan;
use std::rc::Rc;
use tokio::net::TcpStream;

/// Interim answers (1xx) before the answer.
const MOST_INTERIM: u32 = 32;
/// A kept buffer for partial heads may stay this large.
const KEPT: usize = 4096;

/// The HTTP/1.1 side of one connection.
#[derive(Debug)]
pub struct Http1Wire {
    request: Rc<Prepared>,
    memo: Memo,
    stamp: Stamp,
    state: State,
    /// The head so far, empty unless a read ended within it.
    partial: Vec<u8>,
    interim: u32,
    /// After this answer the connection may be used again.
    keep: bool,
    /// Bytes of content of the answer at hand or the last one.
    content: u64,
    /// Where something is expected of the content.
    check: Option<Box<Check>>,
}

#[derive(Debug)]
enum State {
    Head,
    Body(Body),
    Finished,
}

impl Http1Wire {
    /// For one connection.
    pub fn new(request: Rc<Prepared>) -> Self {
        Self::remembering(request, Memo::default())
    }

    /// For one of several connections that remember one head together.
    fn remembering(request: Rc<Prepared>, memo: Memo) -> Self {
        Self {
            memo,
            stamp: Stamp::new(Rc::clone(&request.template)),
            check: Check::of(&request.content),
            request,
            state: State::Finished,
            partial: Vec::new(),
            interim: 0,
            keep: true,
            content: 0,
        }
    }

    /// Bytes of content in the last answer, without head and chunk sizes.
    pub fn content(&self) -> u64 {
        match &self.state {
            State::Body(body) => body.got(),
            State::Head | State::Finished => self.content,
        }
    }

    fn advance(&mut self, mut input: &[u8], seen: &mut Seen) -> Result<Feed, Fault> {
        loop {
            match &mut self.state {
                State::Finished => {
                    // Bytes after the end are never an answer; they make the connection worthless.
                    seen.surplus += input.len() as u64;
                    self.keep &= input.is_empty();
                    return Ok(Feed::Done { reusable: self.keep });
                }
                State::Head if input.is_empty() => return Ok(Feed::More),
                State::Head => match self.head(input, seen)? {
                    None => return Ok(Feed::More),
                    Some(taken) => input = &input[taken..],
                },
                State::Body(body) => {
                    let (taken, done) = body.take(input, self.check.as_deref_mut())?;
                    if !done {
                        return Ok(Feed::More);
                    }
                    input = &input[taken..];
                    self.complete(seen);
                }
            }
        }
    }

    /// Takes head bytes; says how many when the head is whole, and moves on.
    fn head(&mut self, input: &[u8], seen: &mut Seen) -> Result<Option<usize>, Fault> {
        let kept = self.partial.len();
        let found = if kept == 0 {
            self.memo.parse(input)?
        } else {
            self.partial.extend_from_slice(input);
            head::parse(&self.partial, kept)?
        };
        let Some(head) = found else {
            if kept == 0 {
                self.partial.extend_from_slice(input);
            }
            return Ok(None);
        };
        self.partial.clear();
        self.partial.shrink_to(KEPT);
        self.enter(&head, seen)?;
        Ok(Some(head.bytes - kept))
    }

    /// A head is whole: an interim one is skipped, the final one says what follows.
    fn enter(&mut self, head: &Head, seen: &mut Seen) -> Result<(), Fault> {
        match head.status {
            101 => return Err(Fault::proto("the peer switched protocols (101) without being asked".into())),
            100..200 => {
                self.interim += 1;
                seen.interim += 1;
                if self.interim > MOST_INTERIM {
                    return Err(Fault::limit(format!("more than {MOST_INTERIM} interim answers (1xx)")));
                }
                return Ok(());
            }
            _ => {}
        }
        seen.head = true;
        seen.status = head.status;
        let body = head.body(self.request.bodiless);
        self.keep = head.persistent && !self.request.closing && !body.ends_with_connection();
        self.state = State::Body(body);
        Ok(())
    }

    fn closed(&mut self, seen: &mut Seen) -> Result<Feed, Fault> {
        self.keep = false;
        match &self.state {
            State::Head if self.partial.is_empty() => return Err(self.silence()),
            State::Head => return Err(head::cut(&self.partial)),
            State::Body(body) => body.closed()?,
            State::Finished => {}
        }
        if !matches!(self.state, State::Finished) {
            self.complete(seen);
        }
        Ok(Feed::Done { reusable: false })
    }

    fn silence(&self) -> Fault {
        Fault {
            class: Failure::ClosedNoResponse,
            what: match self.interim {
                0 => "the peer closed without an answer".into(),
                n => format!("the peer closed after {n} interim answers (1xx) without a final one"),
            },
        }
    }

    /// The answer is whole.
    fn complete(&mut self, seen: &mut Seen) {
        if let Some(check) = &mut self.check {
            check.end(seen);
        }
        self.finish();
    }

    fn finish(&mut self) {
        self.content = self.content();
        self.state = State::Finished;
    }
}

impl Wire for Http1Wire {
    fn request(&mut self, seq: u64) -> &[u8] {
        self.state = State::Head;
        self.partial.clear();
        self.interim = 0;
        self.content = 0;
        if let Some(check) = &mut self.check {
            check.begin();
        }
        self.stamp.fill(seq)
    }

    fn asking(&self) -> &[u8] {
        self.stamp.filled()
    }

    fn idempotent(&self) -> bool {
        self.request.idempotent
    }

    fn feed(&mut self, input: &[u8], eof: bool, seen: &mut Seen) -> Result<Feed, Failure> {
        let fed = if eof { self.closed(seen) } else { self.advance(input, seen) };
        fed.map_err(|fault| {
            self.keep = false;
            self.finish();
            seen.detail = Some(fault.what);
            fault.class
        })
    }
}

/// HTTP/1.1 over TCP, for one lane.
#[derive(Debug)]
pub struct Http1 {
    request: Rc<Prepared>,
    dialer: Dialer,
    memo: Memo,
    buffer: Buffer,
    per_connection: Option<u64>,
}

impl Http1 {
    /// Builds the request once.
    ///
    /// # Errors
    /// A sentence naming what in the plan cannot be sent.
    pub fn new(plan: &Plan, dialer: Dialer) -> Result<Self, String> {
        Ok(Self {
            request: Rc::new(Prepared::new(plan)?),
            dialer,
            memo: Memo::default(),
            buffer: Buffer::default(),
            per_connection: plan.request.per_connection,
        })
    }

    fn session(&self, stream: TcpStream) -> Stream<Http1Wire, TcpStream> {
        let wire = Http1Wire::remembering(Rc::clone(&self.request), self.memo.clone());
        Stream::new(wire, stream, self.buffer.clone(), self.dialer.epoch()).limited(self.per_connection)
    }
}

impl Protocol for Http1 {
    type S = Stream<Http1Wire, TcpStream>;

    async fn connect(&self, seen: &mut Seen) -> Result<Self::S, Failure> {
        self.dialer.dial(seen).await.map(|stream| self.session(stream))
    }

    fn adopt(&self, stream: std::net::TcpStream, uses: u64) -> Option<Self::S> {
        Some(self.session(silent(stream, uses)?).used(uses))
    }
}

/// What was wrong with an answer: its class and a sentence, already safe to show.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    class: Failure,
    what: String,
}

impl Fault {
    fn proto(what: String) -> Self {
        Self {
            class: Failure::Proto,
            what,
        }
    }

    /// With an excerpt of what the peer sent, escaped.
    fn proto_of(what: &str, bytes: &[u8]) -> Self {
        let excerpt = &bytes[..bytes.len().min(120)];
        Self::proto(sanitize(&format!("{what}: \"{}\"", excerpt.escape_ascii())))
    }

    fn limit(what: String) -> Self {
        Self {
            class: Failure::ProtoLimit,
            what,
        }
    }

    fn short(what: String) -> Self {
        Self {
            class: Failure::ShortBody,
            what,
        }
    }
}
