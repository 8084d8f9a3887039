//! A `Wire` over a byte stream: the one session of all stream protocols.
//! It refuses deadlines: the worker drops the exchange, and what `Seen` holds by then is the record.
//!
//! ```text
//! kept connection ─▸ idle: bytes or end since last time? ─▸ send ─▸ read until whole
//! fresh one ───────────────────────────────────────────────▴  └ reads too while it cannot write
//! ```

use super::{Feed, Session, Wire};
use crate::clock::Epoch;
use crate::model::failure::Failure;
use crate::model::format::sanitize;
use crate::model::seen::Seen;
use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The read buffer that all connections of a lane share, 64 KiB. Borrowed only within one poll, so two never meet.
#[derive(Clone, Debug)]
pub struct Buffer(Rc<RefCell<Box<[u8]>>>);

impl Default for Buffer {
    fn default() -> Self {
        Self(Rc::new(RefCell::new(vec![0; 64 * 1024].into())))
    }
}

/// An answer of at most so many bytes that came in one read was whole at its first byte: taking it in costs microseconds
/// at most, even where its hash is wanted. So the clock is read once for it.
const SHORT: usize = 4096;

/// Why a request that went unanswered is not sent again.
const SENT: &str = " instead of answering; the request may have been acted on, so it was not sent again";

/// One connection and its wire.
#[derive(Debug)]
pub struct Stream<W, T> {
    wire: W,
    io: T,
    buffer: Buffer,
    epoch: Epoch,
    /// Exchanges begun on this connection.
    exchanges: u64,
    limit: u64,
    reusable: bool,
    /// Nothing had come a moment ago, and the task is woken when something does.
    listening: bool,
    /// The exchange that failed may be sent again.
    repeatable: bool,
    /// Bytes of the request that the kernel has taken; the others stay with the wire and are never copied.
    written: usize,
    /// Writing failed; an answer may still be there to read.
    broken: Option<io::Error>,
    /// The answer is whole, but the request is not all sent.
    early: Option<bool>,
    /// Bytes of the answer at hand.
    got: u64,
}

impl<W: Wire, T: AsyncRead + AsyncWrite + Unpin> Stream<W, T> {
    /// A fresh connection. Moments are by `epoch`.
    pub fn new(wire: W, io: T, buffer: Buffer, epoch: Epoch) -> Self {
        Self {
            wire,
            io,
            buffer,
            epoch,
            exchanges: 0,
            limit: u64::MAX,
            reusable: true,
            listening: false,
            repeatable: false,
            written: 0,
            broken: None,
            early: None,
            got: 0,
        }
    }

    /// Not reusable after so many exchanges.
    #[must_use]
    pub fn limited(self, exchanges: Option<u64>) -> Self {
        Self {
            limit: exchanges.unwrap_or(u64::MAX),
            ..self
        }
    }

    /// The connection has already carried so many exchanges.
    #[must_use]
    pub fn used(self, exchanges: u64) -> Self {
        Self { exchanges, ..self }
    }

    /// What speaks over it.
    pub fn wire(&self) -> &W {
        &self.wire
    }

    /// The connection itself.
    pub fn into_io(self) -> T {
        self.io
    }

    /// What arrived while nobody asked, noticed without a system call when nothing did: the runtime knows the socket's
    /// readiness. Bytes received before the request is sent can be no answer to it. False: the connection is of no use.
    fn poll_idle(&mut self, cx: &mut Context<'_>, seen: &mut Seen) -> bool {
        let mut room = self.buffer.0.borrow_mut();
        while let Poll::Ready(read) = poll_read(&mut self.io, cx, &mut room) {
            let n = read.unwrap_or(0);
            seen.rx += n as u64;
            if n == 0 || self.wire.feed(&room[..n], false, seen) != Ok(Feed::Done { reusable: true }) {
                return false;
            }
        }
        true
    }

    /// Sends as much as the kernel takes, straight from the wire's bytes. A failure is kept for when nothing is left to read.
    fn poll_send(&mut self, cx: &mut Context<'_>, seen: &mut Seen) -> Result<Feed, Failure> {
        while self.sending() {
            match Pin::new(&mut self.io).poll_write(cx, &self.wire.asking()[self.written..]) {
                Poll::Pending => break,
                Poll::Ready(Ok(n)) if n > 0 => {
                    self.written += n;
                    seen.tx += n as u64;
                }
                Poll::Ready(sent) => self.broken = Some(sent.err().unwrap_or(io::ErrorKind::WriteZero.into())),
            }
        }
        self.asked(seen)
    }

    /// With the request gone, the wire may want no answer at all; then a failed write is the whole story.
    fn asked(&mut self, seen: &mut Seen) -> Result<Feed, Failure> {
        if self.sending() {
            return Ok(Feed::More);
        }
        match (self.wire.feed(&[], false, seen)?, &self.broken) {
            (Feed::Done { .. }, Some(_)) if self.early.is_none() => Err(self.blame(Failure::Reset, seen)),
            (fed, _) => Ok(fed),
        }
    }

    fn sending(&self) -> bool {
        self.broken.is_none() && self.written < self.wire.asking().len()
    }

    fn sent(&self) -> bool {
        self.broken.is_none() && !self.sending()
    }

    /// Reads and feeds until the answer is whole. An answer that comes while we still send is kept: with an error
    /// status or a closing connection the rest of the request is dropped, else it is sent to its end.
    fn poll_answer(&mut self, cx: &mut Context<'_>, seen: &mut Seen) -> Poll<Result<bool, Failure>> {
        let mut room = self.buffer.0.borrow_mut();
        seen.whole = None;
        loop {
            if let Some(reusable) = self.early
                && (!self.sending() || !reusable || seen.status >= 400)
            {
                return Poll::Ready(Ok(reusable && self.sent()));
            }
            let mut short = false;
            let fed = match ready!(poll_read(&mut self.io, cx, &mut room)) {
                Ok(n) => {
                    short = self.got == 0 && n <= SHORT;
                    if self.got == 0 && n > 0 && self.early.is_none() {
                        seen.first = Some(self.epoch.now());
                    }
                    self.got += n as u64;
                    seen.rx += n as u64;
                    self.wire.feed(&room[..n], n == 0, seen)
                }
                Err(_) if self.early.is_some() => Ok(Feed::Done { reusable: false }),
                Err(e) => Err(self.broken_off(&e, seen)),
            };
            match fed {
                Ok(Feed::More) => {}
                Ok(Feed::Done { reusable }) => {
                    self.early = Some(reusable && self.early.unwrap_or(true));
                    seen.whole = seen.first.filter(|_| short);
                }
                Err(failure) => {
                    drop(room);
                    return Poll::Ready(Err(self.blame(failure, seen)));
                }
            }
        }
    }

    /// The class of a failed read.
    fn broken_off(&self, error: &io::Error, seen: &mut Seen) -> Failure {
        let after = match self.got {
            0 => "before any answer".into(),
            n => format!("after {n} bytes of answer"),
        };
        seen.detail = Some(sanitize(&format!("{error} {after}")));
        io_class(error)
    }

    /// A connection that ends before the first byte of an answer: the write's failure tells more than the silence, and
    /// a kept connection had simply been closed.
    fn blame(&mut self, failure: Failure, seen: &mut Seen) -> Failure {
        let silent = matches!(failure, Failure::ClosedNoResponse | Failure::Reset) && self.got == 0;
        if !silent {
            return failure;
        }
        if self.exchanges > 1 {
            self.repeatable = self.written == 0 || self.wire.idempotent();
            let what = if self.repeatable { "" } else { SENT };
            seen.detail = Some(format!("the server closed the kept connection{what}"));
            return Failure::ReusedConnClosed;
        }
        match self.broken.take() {
            Some(e) => self.broken_off(&e, seen),
            None => failure,
        }
    }
}

impl<W: Wire, T: AsyncRead + AsyncWrite + Unpin> Session for Stream<W, T> {
    async fn exchange(&mut self, seq: u64, seen: &mut Seen) -> Result<(), Failure> {
        // Not reusable until proven: the worker may drop this future at any await.
        self.reusable = false;
        self.exchanges += 1;
        (self.got, self.written, self.broken, self.early) = (0, 0, None, None);
        self.repeatable = false;
        let known = std::mem::take(&mut self.listening);
        seen.detail = None;
        let mut begun = false;
        let reusable = poll_fn(|cx| {
            let mut listening = false;
            if !begun {
                begun = true;
                if self.exchanges > 1 {
                    if !known && !self.poll_idle(cx, seen) {
                        self.repeatable = true;
                        seen.detail = Some("the server closed the kept connection".into());
                        return Poll::Ready(Err(Failure::ReusedConnClosed));
                    }
                    listening = true;
                }
                self.wire.request(seq);
            }
            match self.poll_send(cx, seen)? {
                Feed::Done { reusable } if self.early.is_none() => Poll::Ready(Ok(reusable)),
                // Nothing had come a moment ago, and the task will be woken when something does.
                _ if listening && self.sent() => Poll::Pending,
                _ => self.poll_answer(cx, seen),
            }
        })
        .await?;
        self.reusable = reusable && self.exchanges < self.limit;
        Ok(())
    }

    fn reusable(&self) -> bool {
        self.reusable
    }

    fn alive(&mut self, cx: &mut Context<'_>, seen: &mut Seen) -> bool {
        self.listening = self.exchanges > 0 && self.poll_idle(cx, seen);
        self.listening || self.exchanges == 0
    }

    fn repeatable(&self) -> bool {
        self.repeatable
    }
}

/// A connection made elsewhere, for the runtime at hand; `None` when the peer has closed it, or has said something on a
/// used one that is no answer.
pub fn silent(stream: std::net::TcpStream, uses: u64) -> Option<TcpStream> {
    stream.set_nonblocking(true).ok()?;
    match stream.peek(&mut [0]) {
        Ok(n) if n == 0 || uses > 0 => return None,
        Err(e) if e.kind() != io::ErrorKind::WouldBlock => return None,
        _ => {}
    }
    TcpStream::from_std(stream).ok()
}

/// One read into the shared room; `Ok(0)` is the end.
fn poll_read<T: AsyncRead + Unpin>(io: &mut T, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
    let mut into = ReadBuf::new(room);
    ready!(Pin::new(io).poll_read(cx, &mut into))?;
    Poll::Ready(Ok(into.filled().len()))
}

/// The class of an established connection's failure.
pub fn io_class(error: &io::Error) -> Failure {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, HostUnreachable, NetworkUnreachable, OutOfMemory, TimedOut,
    };
    match error.kind() {
        // The kernel gave up retransmitting, or a router said so: the connection is gone, like by a reset.
        ConnectionReset | ConnectionAborted | BrokenPipe | TimedOut | HostUnreachable | NetworkUnreachable => Failure::Reset,
        OutOfMemory => Failure::LocalMem,
        _ => Failure::LocalIo,
    }
}

#[cfg(test)]
mod tests;
