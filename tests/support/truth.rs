//! A target that knows the truth: an HTTP/1.1 server of the tests' own, which logs every request by CLOCK_MONOTONIC.
//! It refuses to share a line with the product's built-in targets: what it counts is a second opinion.
//!
//! One thread, one epoll. Replies leave by absolute deadlines; what a request costs is computed when it is read, never
//! measured, so a late reply delays no other.
#![allow(dead_code, unused_imports, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "truth/behaviour.rs"]
mod behaviour;
#[path = "truth/connection.rs"]
mod connection;
#[path = "truth/server.rs"]
mod server;

pub(crate) use behaviour::{Behaviour, Body, Delay, Fate, Freeze, Script};

use rustix::time::{ClockId, clock_gettime};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// A running server. Dropping it ends its thread and closes every connection.
pub(crate) struct Truth {
    addr: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the server's thread and the test both see.
#[derive(Default)]
pub(crate) struct Shared {
    stop: AtomicBool,
    accepts: AtomicU64,
    open: AtomicU64,
    most: AtomicU64,
    requests: AtomicU64,
    received: AtomicU64,
    sent: AtomicU64,
    log: Mutex<Vec<Exchange>>,
}

/// Totals so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Connections accepted.
    pub(crate) accepts: u64,
    /// Connections open now.
    pub(crate) open: u64,
    /// Connections open at once, at most.
    pub(crate) most: u64,
    /// Requests read whole.
    pub(crate) requests: u64,
    /// Bytes read.
    pub(crate) rx: u64,
    /// Bytes written.
    pub(crate) tx: u64,
}

/// One request as the server saw it. Moments are CLOCK_MONOTONIC, ns.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    /// From the header `X-Seq`, or the last part of the path when that is a number.
    pub(crate) seq: Option<u64>,
    /// Its connection, from 0.
    pub(crate) conn: u64,
    /// First byte read.
    pub(crate) read: u64,
    /// Its last byte was due to leave then.
    pub(crate) due: u64,
    /// The call that wrote its last byte began: no client has seen the end before. `None`: it never was written.
    pub(crate) written: Option<u64>,
    /// Bytes of the request.
    pub(crate) rx: u64,
    /// Bytes of the reply.
    pub(crate) tx: u64,
    /// Status sent, 0 for none.
    pub(crate) status: u16,
    /// FNV-1a of the request's content.
    pub(crate) hash: u64,
}

impl Exchange {
    /// From the first byte read to the last about to be written, ns: no client can have waited less.
    pub(crate) fn took(&self) -> Option<u64> {
        self.written.map(|w| w.saturating_sub(self.read))
    }
}

impl Truth {
    /// On a free loopback port.
    pub(crate) fn start(script: Script) -> Self {
        let shared = Arc::new(Shared::default());
        let (server, addr) = server::Server::bind(script, Arc::clone(&shared)).unwrap();
        let thread = std::thread::Builder::new()
            .name("truth".into())
            .spawn(move || server.run().unwrap())
            .unwrap();
        Self {
            addr,
            shared,
            thread: Some(thread),
        }
    }

    /// The same all the time.
    pub(crate) fn always(behaviour: Behaviour) -> Self {
        Self::start(Script::always(behaviour))
    }

    /// Where it listens.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// A target whose path carries the number of each request.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/{{{{seq}}}}", self.addr)
    }

    /// What it has counted.
    pub(crate) fn counts(&self) -> Counts {
        let read = |n: &AtomicU64| n.load(Ordering::SeqCst);
        let s = &self.shared;
        Counts {
            accepts: read(&s.accepts),
            open: read(&s.open),
            most: read(&s.most),
            requests: read(&s.requests),
            rx: read(&s.received),
            tx: read(&s.sent),
        }
    }

    /// Every request that has ended, in the order of its end.
    pub(crate) fn log(&self) -> Vec<Exchange> {
        self.shared.log.lock().unwrap().clone()
    }
}

impl Drop for Truth {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            assert!(matches!(ended, Some(Ok(()))), "the truth server failed");
        }
    }
}

/// CLOCK_MONOTONIC, ns.
pub(crate) fn monotonic() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// FNV-1a, 64 bit: tells bodies apart that are not made to collide.
pub(crate) fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
