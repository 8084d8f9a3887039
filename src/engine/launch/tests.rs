//! Lanes over real sockets, and what was done before they began.

use super::*;
use crate::engine::fake::{Fake, Habit, Run, plan};
use crate::model::demand::Drive;
use crate::model::failure::Failure;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

struct Echo(SocketAddr);
struct EchoSession(tokio::net::TcpStream);

impl Protocol for Echo {
    type S = EchoSession;

    async fn connect(&self, _: &mut Seen) -> Result<EchoSession, Failure> {
        let stream = tokio::net::TcpStream::connect(self.0).await;
        stream.map(EchoSession).map_err(|_| Failure::Refused)
    }

    fn adopt(&self, stream: TcpStream, _: u64) -> Option<EchoSession> {
        stream.set_nonblocking(true).ok()?;
        tokio::net::TcpStream::from_std(stream).ok().map(EchoSession)
    }
}

impl Session for EchoSession {
    async fn exchange(&mut self, seq: u64, seen: &mut Seen) -> Result<(), Failure> {
        let mut answer = [0; 8];
        self.0.write_all(&seq.to_be_bytes()).await.map_err(|_| Failure::Reset)?;
        self.0.read_exact(&mut answer).await.map_err(|_| Failure::ClosedNoResponse)?;
        seen.rx += answer.len() as u64;
        if answer == seq.to_be_bytes() {
            Ok(())
        } else {
            Err(Failure::Proto)
        }
    }

    fn reusable(&self) -> bool {
        true
    }

    fn alive(&mut self, _: &mut std::task::Context<'_>, _: &mut Seen) -> bool {
        true
    }

    fn repeatable(&self) -> bool {
        false
    }
}

/// Echoes blocks of 8 bytes until its clients are gone.
fn echo_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut block = [0; 8];
                while stream.read_exact(&mut block).and_then(|()| stream.write_all(&block)).is_ok() {}
            });
        }
    });
    addr
}

/// A probe that was sent at 1 ms and answered at 3 ms.
fn first(stream: TcpStream) -> First {
    let seen = Seen {
        dialled: Nanos::from_millis(1),
        sent: Some(Nanos::from_millis(1)),
        tx: 8,
        rx: 8,
        ..Seen::default()
    };
    let done = Done {
        seen,
        outcome: Outcome::Ok,
        end: Nanos::from_millis(3),
    };
    First {
        stream: Some(stream),
        uses: 1,
        connects: vec![Nanos::from_millis(1)],
        exchanges: vec![done],
    }
}

fn until_exhausted(run: &mut Run) {
    while !(run.last.exhausted && run.last.gauges.workers == 0) {
        run.go(20);
    }
}

#[test]
fn every_exchange_over_real_sockets_gets_its_own_answer() {
    let (addr, epoch) = (echo_server(), Epoch::new());
    let plan = Plan {
        requests: Some(2000),
        threads: 2,
        ..plan()
    };
    let mut run = Run::of(epoch, launch(&plan, epoch, move |_| Echo(addr), None, None).unwrap());

    run.set(8.0, Drive::Run);
    until_exhausted(&mut run);

    assert_eq!((run.total.ok, run.total.sent, run.total.rx), (2000, 2000, 16_000));
    assert_eq!(
        run.total.direct.count(),
        run.total.reused,
        "kept connections wait for nothing"
    );
    assert_eq!(run.total.opened + run.total.reused, 2000);
}

#[test]
fn the_probe_is_the_first_exchange_and_its_connection_the_first_worker_s() {
    let (addr, epoch) = (echo_server(), Epoch::new());
    let plan = Plan {
        requests: Some(10),
        ..plan()
    };
    let probe = first(TcpStream::connect(addr).unwrap());
    let mut run = Run::of(epoch, launch(&plan, epoch, move |_| Echo(addr), Some(probe), None).unwrap());

    run.set(1.0, Drive::Run);
    until_exhausted(&mut run);

    assert_eq!((run.total.scheduled, run.total.ok), (10, 10));
    assert_eq!((run.total.opened, run.total.reused), (1, 9));
}

#[test]
fn more_workers_than_the_plan_allows_are_not_started() {
    let plan = Plan {
        max_workers: 4,
        ..plan()
    };
    let mut run = Run::new(&plan, Habit::Answers { ms: 1, bad: 0 });

    run.set(50.0, Drive::Run);
    run.until(|g| g.workers == 4);
    run.go(150);

    assert_eq!((run.last.gauges.workers, run.lanes.most_workers()), (4, 4));
}

#[test]
fn a_lane_whose_protocol_cannot_be_made_is_an_error_not_a_hang() {
    let made = launch(&plan(), Epoch::new(), |_| -> Fake { panic!("cannot be made") }, None, None);

    assert!(made.is_err());
}
