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
    /// readiness. Bytes received before the request is sent can be no answer to it.
    fn poll_idle(&mut self, cx: &mut Context<'_>, seen: &mut Seen) -> Result<(), Failure> {
        let mut room = self.buffer.0.borrow_mut();
        while let Poll::Ready(read) = poll_read(&mut self.io, cx, &mut room) {
            let n = read.unwrap_or(0);
            seen.rx += n as u64;
            if n == 0 || self.wire.feed(&room[..n], false, seen) != Ok(Feed::Done { reusable: true }) {
                seen.detail = Some("the kept connection had been closed by the peer".into());
                return Err(Failure::ReusedConnClosed);
            }
        }
        Ok(())
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
            seen.detail = Some("the kept connection had been closed by the peer".into());
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
        seen.detail = None;
        let mut begun = false;
        let reusable = poll_fn(|cx| {
            let mut listening = false;
            if !begun {
                begun = true;
                if self.exchanges > 1 {
                    self.poll_idle(cx, seen)?;
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
mod tests {
    use super::*;
    use crate::plan::Framing;
    use crate::protocol::fixture::plan;
    use crate::protocol::scripted::block_on;
    use crate::protocol::tcp::{Payload, TcpWire};
    use std::cell::Cell;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// It was sent as far as the first write went, and then nothing happened: a body above some MiB timed out.
    #[test]
    fn a_request_larger_than_one_write_is_sent_whole_before_anything_is_answered() {
        let mut plan = plan("tcp://h:1");
        plan.request.body = Some(vec![b'x'; 5000].into());
        plan.request.framing = Framing::Bytes(1);
        let wire = TcpWire::new(Rc::new(Payload::new(&plan)));
        let (near, mut far) = tokio::io::duplex(1000);
        let mut stream = Stream::new(wire, near, Buffer::default(), Epoch::new());
        let mut seen = Seen::default();

        let done = block_on(async {
            let peer = tokio::spawn(async move {
                let mut all = vec![0; 5000];
                far.read_exact(&mut all).await.unwrap();
                far.write_all(b"!").await.unwrap();
                far // open until the answer is read
            });
            let done = stream.exchange(0, &mut seen).await;
            drop(peer.await.unwrap());
            done
        });

        assert_eq!(done, Ok(()));
        assert_eq!((seen.tx, seen.rx, stream.reusable()), (5000, 1, true));
    }

    /// A pipe that counts how often it is read.
    struct Counted(tokio::io::DuplexStream, Rc<Cell<u32>>);

    impl AsyncRead for Counted {
        fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            self.1.set(self.1.get() + 1);
            Pin::new(&mut self.0).poll_read(cx, into)
        }
    }

    impl AsyncWrite for Counted {
        fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            Pin::new(&mut self.0).poll_write(cx, bytes)
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_flush(cx)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_shutdown(cx)
        }
    }

    #[test]
    fn a_kept_connection_is_read_once_before_it_asks_and_once_for_the_answer() {
        let mut plan = plan("tcp://h:1");
        plan.request.body = Some(b"?".as_slice().into());
        let (near, mut far) = tokio::io::duplex(1000);
        let reads = Rc::new(Cell::new(0));
        let wire = TcpWire::new(Rc::new(Payload::new(&plan)));
        let mut stream = Stream::new(wire, Counted(near, Rc::clone(&reads)), Buffer::default(), Epoch::new());
        let mut seen = Seen::default();

        block_on(async {
            tokio::spawn(async move {
                while far.read_u8().await.is_ok() {
                    far.write_u8(b'!').await.unwrap();
                }
            });
            stream.exchange(0, &mut seen).await.unwrap();
            reads.set(0);
            stream.exchange(1, &mut seen).await.unwrap();
        });

        assert_eq!((reads.get(), seen.rx), (2, 2));
    }

    /// When an answer of so many bytes in so many writes was whole, by what is seen of its first byte.
    fn whole_at_first(bytes: usize, writes: usize) -> Option<bool> {
        let mut plan = plan("tcp://h:1");
        plan.request.framing = Framing::Bytes(bytes as u64);
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        let mut stream = Stream::new(
            TcpWire::new(Rc::new(Payload::new(&plan))),
            near,
            Buffer::default(),
            Epoch::new(),
        );
        let mut seen = Seen::default();
        block_on(async {
            tokio::spawn(async move {
                for part in vec![b'!'; bytes].chunks(bytes / writes) {
                    far.write_all(part).await.unwrap();
                    tokio::task::yield_now().await; // the answer so far is read
                }
            });
            stream.exchange(0, &mut seen).await.unwrap();
        });
        seen.whole.map(|whole| Some(whole) == seen.first)
    }

    #[test]
    fn only_a_short_answer_in_one_read_was_whole_at_its_first_byte() {
        assert_eq!(whole_at_first(10, 1), Some(true));
        assert_eq!(whole_at_first(10, 2), None);
        assert_eq!(whole_at_first(SHORT + 1, 1), None);
    }
}
