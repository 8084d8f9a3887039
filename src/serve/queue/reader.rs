//! The thread that accepts and reads: it stamps every request the moment it was read and gives it to the station.
//! It refuses to answer: that is the replier's.

use super::http::{After, Inbound, Refused, Request};
use super::reply::{Conn, Page, Reply, Shared, Ticket};
use crate::model::units::Nanos;
use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::Thread;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_local;

/// Requests of one connection that may be without an answer; a client that pipelines more is cut off.
pub(super) const PIPELINE: u64 = 1024;

/// The reading side of the server.
pub(super) struct Reader {
    shared: Arc<Shared>,
    replier: Thread,
    /// One for all connections: a session keeps bytes of its own only for a partial head.
    buffer: RefCell<Vec<u8>>,
}

/// One connection as its task sees it.
struct Session {
    conn: Arc<Conn>,
    inbound: Inbound,
    /// Requests so far: the next one's place.
    place: u64,
}

impl Reader {
    /// For the station in `shared`, whose answers leave from `replier`.
    pub(super) fn new(shared: Arc<Shared>, replier: Thread) -> Self {
        Self {
            shared,
            replier,
            buffer: RefCell::new(vec![0; 64 * 1024]),
        }
    }

    /// Accepts until dropped.
    ///
    /// # Errors
    /// A listener that cannot be used. A lack of descriptors passes and is waited out.
    pub(super) async fn accept(self, listener: std::net::TcpListener) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let reader = Rc::new(self);
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let reader = Rc::clone(&reader);
                    // The client's faults end its connection and nobody else's.
                    spawn_local(async move { reader.serve(stream).await });
                }
                Err(_passing) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    async fn serve(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let conn = Arc::new(Conn::new(stream));
        let mut session = Session {
            conn: Arc::clone(&conn),
            inbound: Inbound::default(),
            place: 0,
        };
        loop {
            conn.stream.readable().await?;
            let mut buffer = self.buffer.borrow_mut();
            match conn.stream.try_read(&mut buffer) {
                Ok(n) if n > 0 && self.take(&mut session, &buffer[..n]) => {}
                Err(nothing) if nothing.kind() == ErrorKind::WouldBlock => {}
                _ended => return Ok(()),
            }
        }
    }

    /// Hands over what was read; false when the connection shall not be read any further.
    fn take(&self, session: &mut Session, input: &[u8]) -> bool {
        let now = self.shared.epoch.now();
        let Session { conn, inbound, place } = session;
        let mut open = true;
        let mut wake = false;
        let fed = inbound.feed(input, |request| {
            if open {
                open = request.after != After::Close;
                wake |= self.enter(now, conn, *place, &request);
                *place += 1;
            }
        });
        if let Err(Refused(status)) = fed
            && open
        {
            let reply = Reply {
                place: *place,
                head: false,
                after: After::Close,
            };
            wake |= self.hand_over(
                now,
                Ticket {
                    conn: Arc::clone(conn),
                    page: Page::Refused(status),
                    reply,
                },
                false,
            );
            open = false;
        }
        if wake {
            self.replier.unpark();
        }
        open && conn.unanswered(*place) <= PIPELINE
    }

    fn enter(&self, now: Nanos, conn: &Arc<Conn>, place: u64, request: &Request) -> bool {
        let reply = Reply {
            place,
            head: request.head,
            after: request.after,
        };
        let page = if request.stats {
            Page::Stats(self.shared.stats().json())
        } else {
            Page::Job
        };
        self.hand_over(
            now,
            Ticket {
                conn: Arc::clone(conn),
                page,
                reply,
            },
            !request.stats,
        )
    }

    /// Into the station, or past it; whether the replier must be woken for it.
    fn hand_over(&self, now: Nanos, ticket: Ticket, job: bool) -> bool {
        let mut core = self.shared.lock();
        let soonest = if job {
            core.received += 1;
            core.station.arrive(now, ticket)
        } else {
            core.station.answer(now, ticket);
            now
        };
        let wake = soonest < core.armed;
        if wake {
            core.armed = Nanos::ZERO;
        }
        wake
    }
}
