//! A stream over pipes in memory: how often it reads, what it calls whole, and when it may ask again.

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

/// A session over a pipe that has had one answer, and the pipe's other end.
async fn answered(framing: Framing) -> (Stream<TcpWire, tokio::io::DuplexStream>, tokio::io::DuplexStream) {
    let mut plan = plan("tcp://h:1");
    plan.request.body = Some(b"?".as_slice().into());
    plan.request.framing = framing;
    let (near, mut far) = tokio::io::duplex(1000);
    let mut stream = Stream::new(
        TcpWire::new(Rc::new(Payload::new(&plan))),
        near,
        Buffer::default(),
        Epoch::new(),
    );
    far.write_all(b"!").await.unwrap();
    stream.exchange(0, &mut Seen::default()).await.unwrap();
    far.read_u8().await.unwrap();
    (stream, far)
}

async fn alive(stream: &mut Stream<TcpWire, tokio::io::DuplexStream>, seen: &mut Seen) -> bool {
    poll_fn(|cx| Poll::Ready(stream.alive(cx, seen))).await
}

#[test]
fn what_came_while_nobody_asked_is_noticed_before_anything_is_sent() {
    block_on(async {
        let mut seen = Seen::default();
        let (mut quiet, _far) = answered(Framing::Bytes(1)).await;
        assert!(alive(&mut quiet, &mut seen).await);

        let (mut talked, mut far) = answered(Framing::Bytes(1)).await;
        far.write_all(b"late").await.unwrap();
        assert!(!alive(&mut talked, &mut seen).await);
        assert_eq!((seen.rx, seen.surplus, seen.tx), (4, 4, 0));

        let (mut late, mut far) = answered(Framing::Any).await;
        far.write_all(b"late").await.unwrap();
        assert!(alive(&mut late, &mut seen).await, "a late part of an answer without an end");

        let (mut closed, far) = answered(Framing::Bytes(1)).await;
        drop(far);
        assert!(!alive(&mut closed, &mut seen).await);
    });
}

#[test]
fn after_a_look_an_exchange_waits_for_its_answer_as_ever() {
    block_on(async {
        let (mut stream, mut far) = answered(Framing::Bytes(1)).await;
        let mut seen = Seen::default();
        let peer = tokio::spawn(async move {
            far.read_u8().await.unwrap();
            far.write_all(b"!").await.unwrap();
            far
        });

        assert!(alive(&mut stream, &mut seen).await);
        assert_eq!(stream.exchange(1, &mut seen).await, Ok(()));
        drop(peer.await.unwrap());
    });
}

#[test]
fn a_payload_that_was_written_is_not_to_be_sent_again() {
    block_on(async {
        let (mut stream, mut far) = answered(Framing::Bytes(1)).await;
        let mut seen = Seen::default();
        tokio::spawn(async move {
            far.read_u8().await.unwrap();
        });

        assert_eq!(stream.exchange(1, &mut seen).await, Err(Failure::ReusedConnClosed));
        assert!(!stream.repeatable());

        let (mut idle, far) = answered(Framing::Bytes(1)).await;
        drop(far);
        assert_eq!(idle.exchange(1, &mut seen).await, Err(Failure::ReusedConnClosed));
        assert!(idle.repeatable(), "nothing was written");
    });
}
