//! Once a closed loop goes, a request allocates nothing: counted over all threads of the process, by the allocator.
//! One test alone in its file: what another allocates meanwhile would be counted too.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

use clobber::clock::Epoch;
use clobber::conduct::Plant;
use clobber::engine::{Seat, launch};
use clobber::model::demand::Demand;
use clobber::model::seen::Seen;
use clobber::net::dial::Dialer;
use clobber::net::permission::{Permission, Permitted};
use clobber::plan::{Plan, Target};
use clobber::protocol::http1::Http1;
use clobber::protocol::{Protocol, Session};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[global_allocator]
static COUNTING: dhat::Alloc = dhat::Alloc;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nServer: test\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";

/// Answers every read that ends with this byte, and allocates nothing for it; where it listens, and answers so far.
fn target(last: u8) -> (SocketAddr, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (addr, answers) = (listener.local_addr().unwrap(), Arc::new(AtomicU64::new(0)));
    let count = Arc::clone(&answers);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let count = Arc::clone(&count);
            std::thread::spawn(move || answer(stream.unwrap(), last, &count));
        }
    });
    (addr, answers)
}

fn answer(mut stream: TcpStream, last: u8, count: &AtomicU64) {
    let mut room = [0; 64 * 1024];
    stream.set_nodelay(true).unwrap();
    while let Ok(n @ 1..) = stream.read(&mut room) {
        if room[n - 1] == last && stream.write_all(ANSWER).is_ok() {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn plan(addr: SocketAddr) -> Plan {
    Plan {
        max_workers: 16,
        ..Plan::plain(Target::parse(&format!("http://{addr}/")).unwrap())
    }
}

/// An address of this machine needs no permission.
fn near(addr: SocketAddr) -> Permitted {
    Permission::new(false).of(addr).unwrap()
}

fn allocations() -> u64 {
    dhat::HeapStats::get().total_blocks
}

/// Allocations of so many exchanges on one connection that has had some.
fn of_one_connection(plan: &Plan, addr: SocketAddr, exchanges: u64) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let http = Http1::new(plan, Dialer::new(plan, near(addr), Epoch::new())).unwrap();
    let mut seen = Seen::default();
    runtime.block_on(async {
        let mut session = http.connect(&mut seen).await.unwrap();
        for seq in 0..10 {
            session.exchange(seq, &mut seen).await.unwrap();
        }
        let before = allocations();
        for seq in 0..exchanges {
            session.exchange(seq, &mut seen).await.unwrap();
        }
        allocations() - before
    })
}

/// Allocations of the whole engine, eight workers at work, while the target answers so many.
fn of_the_engine((addr, answers): &(SocketAddr, Arc<AtomicU64>), exchanges: [u64; 2]) -> [u64; 2] {
    let (shared, addr, epoch) = (plan(*addr), *addr, Epoch::new());
    let make = move |_: &Seat| Http1::new(&shared, Dialer::new(&shared, near(addr), epoch)).unwrap();
    let mut lanes = launch(&plan(addr), epoch, make, None, None).unwrap();
    lanes.set(Demand {
        workers: 8.0,
        ..Demand::default()
    });
    let pass = |more: u64| {
        let (goal, limit) = (
            answers.load(Ordering::Relaxed) + more,
            Instant::now() + Duration::from_secs(100),
        );
        while answers.load(Ordering::Relaxed) < goal {
            assert!(Instant::now() < limit, "the engine sends nothing");
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    pass(20_000); // eight connections made, the first intervals sent
    exchanges.map(|more| {
        let before = allocations();
        pass(more);
        allocations() - before
    })
}

#[test]
fn a_request_allocates_nothing_once_the_loop_goes() {
    let _counting = dhat::Profiler::builder().testing().build();
    let small = target(b'\n');
    assert_eq!(of_one_connection(&plan(small.0), small.0, 5_000), 0, "of 5000 exchanges");

    // More than a socket takes at once: what it refuses is not copied either.
    let large = target(b'!');
    let mut upload = plan(large.0);
    upload.request.body = Some([vec![b'x'; 10 << 20], vec![b'!']].concat().into());
    assert_eq!(of_one_connection(&upload, large.0, 10), 0, "of 10 exchanges of 10 MiB");

    let (once, twice) = (60_000, 120_000);
    let counts = of_the_engine(&small, [once, twice]);

    // Ten intervals a second cost a few each, whatever was done in them; one a request would be twenty times the limit.
    for (exchanges, count) in [once, twice].into_iter().zip(counts) {
        assert!(count < exchanges / 20, "{count} allocations in {exchanges} exchanges");
    }
}
