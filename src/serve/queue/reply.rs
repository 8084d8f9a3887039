//! The thread that lets answers leave: it sleeps to the next deadline and writes what is due straight to the sockets.
//! It refuses to wait for a client: one that does not read its answers is cut off.

use super::http::{After, answer};
use super::station::{Due, Station};
use super::stats::Stats;
use crate::clock::Epoch;
use crate::model::units::Nanos;
use crate::telemetry::latency::Latency;
use socket2::SockRef;
use std::collections::BTreeMap;
use std::net::Shutdown;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpStream;

/// A connection, shared by the thread that reads it and the one that answers. One descriptor: a demo has the client's
/// beside it.
#[derive(Debug)]
pub(super) struct Conn {
    /// Reading is the reader's, through its runtime; writing the replier's, straight to the socket.
    pub(super) stream: TcpStream,
    /// The replier writes under it; the reader only looks how far it is. A write never blocks, so neither waits long.
    out: Mutex<Out>,
}

/// Answers of one connection, in the order of its requests.
#[derive(Debug, Default)]
struct Out {
    next: u64,
    /// Due before an earlier one: only pipelining makes this happen. At most as many as were read, `reader::PIPELINE`.
    held: BTreeMap<u64, (Page, Reply)>,
}

/// How to answer one request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reply {
    /// Its place among the connection's requests, from 0.
    pub(super) place: u64,
    /// Without a body.
    pub(super) head: bool,
    /// Then.
    pub(super) after: After,
}

/// What to answer.
#[derive(Clone, Debug)]
pub(super) enum Page {
    /// 200 or 503, as the station decides.
    Job,
    /// 503.
    Full,
    /// `/stats`, filled in when it was asked.
    Stats(String),
    /// A request that cannot be served, with its status line.
    Refused(&'static str),
}

/// One answer to come.
#[derive(Debug)]
pub(super) struct Ticket {
    /// To whom.
    pub(super) conn: Arc<Conn>,
    /// What.
    pub(super) page: Page,
    /// How.
    pub(super) reply: Reply,
}

/// What reader and replier share. A plain mutex: both hold it for about a microsecond and never across a system call.
#[derive(Debug)]
pub(super) struct Shared {
    /// The server's start.
    pub(super) epoch: Epoch,
    core: Mutex<Core>,
}

/// The station and its books.
#[derive(Debug)]
pub(super) struct Core {
    /// The truth.
    pub(super) station: Station<Ticket>,
    /// Requests fully read, without `/stats`.
    pub(super) received: u64,
    /// The replier sleeps until then; zero while it is awake and will look by itself.
    pub(super) armed: Nanos,
    /// The replier should end.
    pub(super) stopping: bool,
    rejected: u64,
    latency: Latency,
    lateness: Latency,
}

impl Conn {
    /// Around a connected stream.
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            out: Mutex::default(),
        }
    }

    /// How many of the `asked` requests are without an answer.
    pub(super) fn unanswered(&self, asked: u64) -> u64 {
        asked.saturating_sub(self.out.lock().unwrap_or_else(PoisonError::into_inner).next)
    }

    /// Sends the answer in its turn, and those that waited for it. A failed or partial write ends the connection.
    fn send(&self, pages: &Pages, page: Page, reply: Reply) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        if reply.place != out.next {
            out.held.insert(reply.place, (page, reply));
            return;
        }
        let mut turn = Some((page, reply));
        while let Some((page, reply)) = turn {
            let socket = SockRef::from(&self.stream);
            let sent = pages.with(&page, reply, |bytes| matches!(socket.send(bytes), Ok(n) if n == bytes.len()));
            if !sent || reply.after == After::Close {
                // The reader sees the end and lets go.
                let _ = socket.shutdown(if sent { Shutdown::Write } else { Shutdown::Both });
            }
            out.next += 1;
            let next = out.next;
            turn = out.held.remove(&next);
        }
    }
}

impl Shared {
    /// Around an empty station; the clock starts.
    pub(super) fn new(station: Station<Ticket>) -> Self {
        let core = Core {
            station,
            received: 0,
            armed: Nanos::ZERO,
            stopping: false,
            rejected: 0,
            latency: Latency::new(),
            lateness: Latency::new(),
        };
        Self {
            epoch: Epoch::new(),
            core: Mutex::new(core),
        }
    }

    /// The core, also after a panic elsewhere: its numbers are still the best there are.
    pub(super) fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As of now.
    pub(super) fn stats(&self) -> Stats {
        let mut core = self.lock();
        core.station.advance(self.epoch.now());
        Stats {
            received: core.received,
            rejected: core.rejected,
            in_station: core.station.present() as u64,
            capacity_rps: core.station.capacity(),
            latency: core.latency.summary().into(),
            lateness: (&core.lateness).into(),
        }
    }

    /// The replier's whole life, on its own thread, until `stopping`.
    pub(super) fn reply(&self) {
        // Wake at the deadline, not up to 50 µs after it. Where it is refused, answers are that much later.
        let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
        let pages = Pages::new();
        let (mut batch, mut late) = (Vec::new(), Vec::new());
        while let Some(until) = self.turn(&mut batch, &mut late) {
            if batch.is_empty() {
                // `unpark` since the turn makes this return at once, so no arrival is missed.
                std::thread::park_timeout((until - self.epoch.now()).duration());
            }
            for due in batch.drain(..) {
                let Due {
                    at,
                    read,
                    served,
                    ticket: Ticket { conn, page, reply },
                } = due;
                conn.send(&pages, if served || read.is_none() { page } else { Page::Full }, reply);
                if read.is_some() {
                    late.push(self.epoch.now() - at);
                }
            }
        }
    }

    /// Takes what is due and says how long to sleep if that is nothing; `None` when it is time to end.
    fn turn(&self, batch: &mut Vec<Due<Ticket>>, late: &mut Vec<Nanos>) -> Option<Nanos> {
        let mut guard = self.lock();
        let core = &mut *guard;
        late.drain(..).for_each(|l| core.lateness.record(l));
        let now = self.epoch.now();
        core.station.advance(now);
        while let Some(due) = core.station.take_due(now) {
            match due.read {
                Some(read) if due.served => core.latency.record(due.at - read),
                Some(_) => core.rejected += 1,
                None => {}
            }
            batch.push(due);
        }
        let idle = now + Nanos::from_secs(1);
        let until = core.station.look_again().map_or(idle, |at| at.min(idle));
        core.armed = if batch.is_empty() { until } else { Nanos::ZERO };
        (!core.stopping).then_some(until)
    }
}

/// The two common answers, made once.
#[derive(Debug)]
struct Pages {
    ok: Vec<u8>,
    full: Vec<u8>,
}

impl Pages {
    fn new() -> Self {
        Self {
            ok: answer("200 OK", "text/plain", "ok\n", After::Keep, false),
            full: answer("503 Service Unavailable", "text/plain", "full\n", After::Keep, false),
        }
    }

    fn with<R>(&self, page: &Page, reply: Reply, f: impl FnOnce(&[u8]) -> R) -> R {
        let plain = !reply.head && reply.after == After::Keep;
        let made = |status, kind, body: &str| answer(status, kind, body, reply.after, reply.head);
        match page {
            Page::Job if plain => f(&self.ok),
            Page::Full if plain => f(&self.full),
            Page::Job => f(&made("200 OK", "text/plain", "ok\n")),
            Page::Full => f(&made("503 Service Unavailable", "text/plain", "full\n")),
            Page::Stats(json) => f(&made("200 OK", "application/json", json)),
            Page::Refused(status) => f(&made(status, "text/plain", "refused\n")),
        }
    }
}
