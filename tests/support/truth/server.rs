//! The loop: epoll for sockets, one timerfd for the earliest deadline.
//! It refuses to decide: behaviours say what happens and when.

use super::behaviour::{Behaviour, Body, Fate, Script, Stations};
use super::connection::{Connection, Pending, reply};
use super::{Exchange, Shared, fnv, monotonic};
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroU64;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const LISTENER: u64 = u64::MAX;
const TIMER: u64 = u64::MAX - 1;

/// Deadlines: when, which connection, at which of its turns.
type Deadlines = BinaryHeap<Reverse<(u64, u64, u64)>>;

/// The server, made where it is started and run on its own thread.
pub(crate) struct Server {
    script: Script,
    shared: Arc<Shared>,
    listener: TcpListener,
    epoll: OwnedFd,
    timer: OwnedFd,
}

/// What the thread keeps to itself.
struct Room {
    server: Server,
    stations: Stations,
    connections: HashMap<u64, Connection>,
    deadlines: Deadlines,
    replies: HashMap<(usize, Fate, bool), Rc<[u8]>>,
    begun: Option<u64>, // first request read, ns
    arrivals: u64,
    accepted: u64,
}

impl Server {
    /// Listens on a free loopback port.
    pub(crate) fn bind(script: Script, shared: Arc<Shared>) -> io::Result<(Self, SocketAddr)> {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
        socket.listen(script.backlog)?;
        socket.set_nonblocking(true)?;
        let listener = TcpListener::from(socket);
        let addr = listener.local_addr()?;
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER), EventFlags::IN)?;
        let server = Self {
            script,
            shared,
            listener,
            epoll,
            timer,
        };
        Ok((server, addr))
    }

    /// Until told to stop.
    pub(crate) fn run(self) -> io::Result<()> {
        let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
        let mut room = Room {
            stations: Stations::new(&self.script),
            connections: HashMap::new(),
            deadlines: BinaryHeap::new(),
            replies: HashMap::new(),
            begun: None,
            arrivals: 0,
            accepted: 0,
            server: self,
        };
        room.run()
    }
}

impl Room {
    fn run(&mut self) -> io::Result<()> {
        let (mut events, mut buffer) = (Vec::with_capacity(256), vec![0; 64 * 1024]);
        let patience = Timespec {
            tv_sec: 0,
            tv_nsec: 20_000_000,
        };
        while !self.server.shared.stop.load(Ordering::SeqCst) {
            self.arm()?;
            events.clear();
            match epoll::wait(
                &self.server.epoll,
                rustix::buffer::spare_capacity(&mut events),
                Some(&patience),
            ) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(e.into()),
            }
            self.due();
            for event in &events {
                match event.data.u64() {
                    LISTENER => self.accept()?,
                    TIMER => drain(&self.server.timer),
                    id => self.ready(id, &mut buffer),
                }
            }
        }
        Ok(())
    }

    /// The timer rings at the earliest deadline.
    fn arm(&self) -> io::Result<()> {
        let at = self.deadlines.peek().map_or(0, |Reverse((at, ..))| (*at).max(1));
        let spec = |ns: u64| Timespec {
            tv_sec: (ns / 1_000_000_000) as i64,
            tv_nsec: (ns % 1_000_000_000) as _,
        };
        let when = Itimerspec {
            it_interval: spec(0),
            it_value: spec(at),
        };
        timerfd_settime(&self.server.timer, TimerfdTimerFlags::ABSTIME, &when)?;
        Ok(())
    }

    /// Everything whose time has come.
    fn due(&mut self) {
        while let Some(Reverse((at, id, turn))) = self.deadlines.peek().copied() {
            if at > monotonic() {
                break;
            }
            self.deadlines.pop();
            if id == LISTENER {
                let _ = epoll::add(
                    &self.server.epoll,
                    &self.server.listener,
                    EventData::new_u64(LISTENER),
                    EventFlags::IN,
                );
            } else if let Some(c) = self.connections.remove(&id) {
                self.settle(c, |room, c| match (c.turn == turn, &c.pending) {
                    (false, _) => true,
                    (true, Some(_)) => room.answer(c),
                    (true, None) => false, // idle for too long
                });
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let stream = match self.server.listener.accept() {
                Ok((stream, _)) => stream,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(_) => continue,
            };
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            let id = self.accepted;
            self.accepted += 1;
            epoll::add(&self.server.epoll, &stream, EventData::new_u64(id), EventFlags::IN)?;
            let shared = &self.server.shared;
            shared.accepts.fetch_add(1, Ordering::SeqCst);
            let open = shared.open.fetch_add(1, Ordering::SeqCst) + 1;
            shared.most.fetch_max(open, Ordering::SeqCst);
            let mut c = Connection::new(id, stream);
            self.rest(&mut c);
            self.connections.insert(id, c);
            if let Some((after, pause)) = self.server.script.deaf
                && self.accepted == after
            {
                epoll::delete(&self.server.epoll, &self.server.listener)?;
                let until = monotonic() + pause.as_nanos() as u64;
                self.deadlines.push(Reverse((until, LISTENER, 0)));
                return Ok(());
            }
        }
    }

    /// A connection is readable or writable.
    fn ready(&mut self, id: u64, buffer: &mut [u8]) {
        let Some(c) = self.connections.remove(&id) else { return };
        self.settle(c, |room, c| {
            if c.reply.is_some() && !room.push(c) {
                return false;
            }
            let (n, alive) = c.read(buffer, monotonic);
            room.server.shared.received.fetch_add(n, Ordering::SeqCst);
            alive && room.advance(c)
        });
    }

    /// Does something with a connection and keeps it, or closes it.
    fn settle(&mut self, mut c: Connection, f: impl FnOnce(&mut Self, &mut Connection) -> bool) {
        if f(self, &mut c) {
            self.connections.insert(c.id, c);
            return;
        }
        if let Some(pending) = c.pending.take() {
            self.log(&pending, c.id, None, 0, 0);
        }
        self.server.shared.open.fetch_sub(1, Ordering::SeqCst);
    }

    /// Takes the next request, if it is there and the one before is answered.
    fn advance(&mut self, c: &mut Connection) -> bool {
        if c.pending.is_some() {
            return true;
        }
        let Some((asked, content)) = c.take() else { return true };
        let begun = *self.begun.get_or_insert(c.first);
        let number = asked.seq.unwrap_or(self.arrivals);
        self.arrivals += 1;
        self.server.shared.requests.fetch_add(1, Ordering::SeqCst);
        let at = c.first.saturating_sub(begun);
        let phase = self.server.script.phase(at);
        let due = begun + self.stations.departure(&self.server.script, at, number);
        let fate = self.server.script.phases[phase].1.fate(number);
        c.turn += 1;
        let body = self.server.script.phases[phase].1.body;
        if body == Body::Echo {
            let close = self.closing(c, phase);
            c.reply = Some((reply(fate, 200, body, close, &content).into(), 0));
        }
        c.pending = Some(Pending {
            asked,
            read: c.first,
            due,
            fate,
            phase,
            hash: fnv(&content),
        });
        c.first = monotonic(); // of what is already here of the next
        if fate == Fate::Never {
            return true;
        }
        if due <= monotonic() {
            return self.answer(c);
        }
        self.deadlines.push(Reverse((due, c.id, c.turn)));
        true
    }

    fn behaviour(&self, phase: usize) -> &Behaviour {
        &self.server.script.phases[phase].1
    }

    fn closing(&self, c: &Connection, phase: usize) -> bool {
        let every = self.behaviour(phase).close_every;
        every > 0 && (c.answered + 1).is_multiple_of(every)
    }

    /// The reply's time has come.
    fn answer(&mut self, c: &mut Connection) -> bool {
        let Some(pending) = &c.pending else { return true };
        let (fate, phase) = (pending.fate, pending.phase);
        match fate {
            Fate::Never => return true,
            Fate::Fin => return false,
            Fate::Reset => {
                let _ = socket2::SockRef::from(&c.stream).set_linger(Some(Duration::ZERO));
                return false;
            }
            Fate::Answer | Fate::Status(_) | Fate::Short => {}
        }
        let close = self.closing(c, phase);
        if c.reply.is_none() {
            let (status, body) = (self.behaviour(phase).status, self.behaviour(phase).body);
            let made = self.replies.entry((phase, fate, close));
            let bytes = made.or_insert_with(|| reply(fate, status, body, close, &[]).into());
            c.reply = Some((Rc::clone(bytes), 0));
        }
        c.last = close || fate == Fate::Short;
        self.push(c)
    }

    /// Writes on; true while the connection lives.
    fn push(&mut self, c: &mut Connection) -> bool {
        if c.pending.as_ref().is_some_and(|p| p.due > monotonic()) {
            return true; // an echo is made before it is due
        }
        let written = monotonic(); // before the call: afterwards the client may have been faster than this thread
        let Ok((n, whole)) = c.write() else { return false };
        self.server.shared.sent.fetch_add(n, Ordering::SeqCst);
        let flags = if whole {
            EventFlags::IN
        } else {
            EventFlags::IN | EventFlags::OUT
        };
        if !whole || c.reply.as_ref().is_some_and(|(bytes, _)| bytes.len() > 16 * 1024) {
            let _ = epoll::modify(&self.server.epoll, &c.stream, EventData::new_u64(c.id), flags);
        }
        if !whole {
            return true;
        }
        let size = c.reply.take().map_or(0, |(bytes, _)| bytes.len() as u64);
        if let Some(pending) = c.pending.take() {
            let status = match pending.fate {
                Fate::Status(status) => status,
                _ => self.behaviour(pending.phase).status,
            };
            self.log(&pending, c.id, Some(written), size, status);
        }
        c.answered += 1;
        if c.last {
            let _ = c.stream.shutdown(std::net::Shutdown::Write);
            return false;
        }
        self.rest(c);
        self.advance(c)
    }

    /// Nothing to do: from now on it is idle.
    fn rest(&mut self, c: &mut Connection) {
        c.turn += 1;
        let since = self.begun.map_or(0, |begun| monotonic() - begun);
        let phase = self.server.script.phase(since);
        if let Some(idle) = self.behaviour(phase).idle_close {
            let at = monotonic() + idle.as_nanos() as u64;
            self.deadlines.push(Reverse((at, c.id, c.turn)));
        }
    }

    fn log(&self, p: &Pending, conn: u64, written: Option<u64>, tx: u64, status: u16) {
        if !self.server.script.logged {
            return;
        }
        let entry = Exchange {
            seq: p.asked.seq,
            conn,
            read: p.read,
            due: p.due,
            written,
            rx: (p.asked.head + p.asked.content) as u64,
            tx,
            status,
            hash: p.hash,
        };
        self.server.shared.log.lock().unwrap().push(entry);
    }
}

fn drain(timer: &OwnedFd) {
    let _ = rustix::io::read(timer, &mut [0; 8]);
}
