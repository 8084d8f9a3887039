//! The physical limit of a closed loop over HTTP/1.1: one thread, one epoll, one send and one receive a request, no
//! clock, no record. What the product costs beyond this is what it does besides sending.
//! It refuses to understand answers: the first one's length is taken for the length of all. The bench `speed` runs it too,
//! among the other generators.
//!
//! `cargo bench --bench limit -- http://127.0.0.1:8080/ -c 64 -z 5s` prints requests, seconds, and CPU microseconds a request.

use anyhow::{Context, Result, bail, ensure};
use rustix::event::{Timespec, epoll};
use rustix::time::{ClockId, clock_gettime};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Events taken from the kernel at once.
const BATCH: usize = 256;

/// What was asked for.
struct Args {
    address: SocketAddr,
    path: String,
    connections: usize,
    length: Duration,
}

/// One connection: bytes of the answer that are still to come.
struct Peer {
    stream: TcpStream,
    left: usize,
}

fn main() -> Result<()> {
    told(std::env::args().skip(1))
}

/// What these words ask for, and what came of it on the standard output.
pub(crate) fn told(words: impl Iterator<Item = String>) -> Result<()> {
    let Some(args) = parse(words)? else {
        println!("limit: no target given (cargo bench --bench limit -- http://127.0.0.1:8080/ -c 64 -z 5s)");
        return Ok(());
    };
    let request = format!("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", args.path, args.address).into_bytes();
    let whole = measure_answer(args.address, &request)?;
    let mut peers = (0..args.connections)
        .map(|_| connect(args.address, whole))
        .collect::<Result<Vec<Peer>>>()?;
    let begun = (Instant::now(), cpu());
    let done = run(&mut peers, &request, whole, args.length)?;
    let micros = (cpu() - begun.1) * 1e6 / done.max(1) as f64;
    println!(
        "{done} requests, {:.2} s, {micros:.2} us of CPU a request",
        begun.0.elapsed().as_secs_f64()
    );
    Ok(())
}

/// `None` without a target: `cargo bench` runs everything there is.
fn parse(mut words: impl Iterator<Item = String>) -> Result<Option<Args>> {
    let (mut url, mut connections, mut seconds) = (None, 64, 5.0);
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            "-c" => connections = value()?.parse().context("-c needs a number of connections")?,
            "-z" => {
                seconds = value()?
                    .trim_end_matches('s')
                    .parse()
                    .context("-z needs seconds, such as 5s")?
            }
            flag if flag.starts_with('-') => {} // what cargo itself adds
            _ => url = Some(word),
        }
    }
    let Some(url) = url else { return Ok(None) };
    let rest = url.strip_prefix("http://").context("the target begins with http://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    Ok(Some(Args {
        address: host.parse().context("the target is ADDRESS:PORT")?,
        path: format!("/{path}"),
        connections,
        length: Duration::from_secs_f64(seconds),
    }))
}

fn connect(address: SocketAddr, whole: usize) -> Result<Peer> {
    let stream = TcpStream::connect(address).context("cannot connect (for many connections raise: ulimit -n)")?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    Ok(Peer { stream, left: whole })
}

/// Bytes of one answer: what comes until nothing comes for 200 ms.
fn measure_answer(address: SocketAddr, request: &[u8]) -> Result<usize> {
    let mut stream = TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
    stream.set_read_timeout(Some(Duration::from_millis(200)))?;
    stream.write_all(request)?;
    let (mut buffer, mut whole) = ([0; 65536], 0);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => bail!("the target closes its connections: there is no loop to measure"),
            Ok(n) => whole += n,
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break,
            Err(e) => return Err(e.into()),
        }
    }
    ensure!(whole > 0, "the target did not answer within 200 ms");
    Ok(whole)
}

/// Asks over all connections until the time is up; the answers.
fn run(peers: &mut [Peer], request: &[u8], whole: usize, length: Duration) -> Result<u64> {
    let (mut done, mut buffer, tick) = (
        0,
        vec![0; 65536],
        Timespec {
            tv_sec: 0,
            tv_nsec: 10_000_000,
        },
    );
    let mut events: Vec<epoll::Event> = Vec::with_capacity(BATCH);
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    for (i, peer) in peers.iter_mut().enumerate() {
        let flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(&poll, &peer.stream, epoll::EventData::new_u64(i as u64), flags)?;
        peer.stream.write_all(request)?;
    }
    let end = Instant::now() + length;
    while Instant::now() < end {
        events.clear();
        epoll::wait(&poll, rustix::buffer::spare_capacity(&mut events), Some(&tick))?;
        for event in &events {
            done += answered(&mut peers[event.data.u64() as usize], &mut buffer, request, whole)?;
        }
    }
    Ok(done)
}

/// Reads what is there; when the answer is whole, asks again.
fn answered(peer: &mut Peer, buffer: &mut [u8], request: &[u8], whole: usize) -> Result<u64> {
    loop {
        match peer.stream.read(buffer) {
            Ok(0) => bail!("the target closed a connection"),
            Ok(n) => peer.left = peer.left.checked_sub(n).context("answers differ in length")?,
            Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(0),
            Err(e) => return Err(e.into()),
        }
        if peer.left == 0 {
            peer.left = whole;
            peer.stream.write_all(request)?;
            return Ok(1);
        }
    }
}

/// CPU seconds of this process.
fn cpu() -> f64 {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9
}
