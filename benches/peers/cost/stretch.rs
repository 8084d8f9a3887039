//! A run looked at as it goes: requests at the server, CPU and memory of the generator, every quarter of a second.
//! It refuses to say anything of a stretch in which nothing arrived.

use crate::arena::{Arena, Round};
use crate::machine::{Cpu, memory};
use crate::nginx::Counts;
use crate::process::Call;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Between two looks.
const EVERY: Duration = Duration::from_millis(250);

/// One look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Since the beginning, s.
    pub(crate) at: f64,
    /// Read by the server so far.
    pub(crate) requests: u64,
    /// Of the generator so far, s.
    pub(crate) cpu: f64,
    /// Of the generator now, bytes.
    pub(crate) memory: u64,
}

/// Runs a generator for about `seconds` and looks at it.
pub(crate) fn watch(arena: &Arena, call: &Call, seconds: u64) -> (Round, Vec<Sample>) {
    let mut look = Look::at(arena.nginx.addr());
    let begun = Instant::now();
    let mut samples: Vec<Sample> = Vec::new();
    let mut next = Duration::ZERO;
    let round = arena.round(call, seconds, |pid| {
        if begun.elapsed() < next {
            return;
        }
        // The server answers when it comes to it: the same delay at every look.
        let requests = look.requests();
        next = begun.elapsed() + EVERY;
        let (cpu, at) = (Cpu::of(pid).total(), begun.elapsed().as_secs_f64());
        if let Some(memory) = memory(pid, "VmRSS") {
            samples.push(Sample {
                at,
                requests,
                cpu,
                memory,
            });
        }
    });
    (round, samples)
}

/// Looks over one connection that is there before the load: a new one would wait behind thousands of the generator's.
struct Look {
    stream: BufReader<TcpStream>,
    /// What the server had counted, this look included, and looks since.
    before: u64,
    since: u64,
}

impl Look {
    fn at(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut look = Self {
            stream: BufReader::new(stream),
            before: 0,
            since: 0,
        };
        look.before = look.count();
        look
    }

    /// Requests of others since it began.
    fn requests(&mut self) -> u64 {
        self.since += 1;
        self.count() - self.before - self.since
    }

    /// All that the server has counted, looks too.
    fn count(&mut self) -> u64 {
        self.stream
            .get_mut()
            .write_all(b"GET /status HTTP/1.1\r\nHost: bench\r\n\r\n")
            .unwrap();
        let (mut length, mut line) = (0, String::new());
        while line != "\r\n" {
            line.clear();
            assert!(self.stream.read_line(&mut line).unwrap() > 0, "nginx closed the connection");
            let value = line
                .split_once(": ")
                .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
            length = value.map_or(length, |(_, n)| n.trim().parse().unwrap());
        }
        let mut page = vec![0; length];
        self.stream.read_exact(&mut page).unwrap();
        Counts::read(&String::from_utf8_lossy(&page)).requests
    }
}

impl Sample {
    /// CPU µs a request, to the last look from so many seconds after the first, when at least so many had been made.
    pub(crate) fn cost(samples: &[Self], settled: f64, requests: u64) -> Option<f64> {
        let first = samples.first()?.at;
        let from = samples.iter().find(|s| s.at - first >= settled && s.requests >= requests)?;
        Self::between(from, samples.last()?)
    }

    /// When so many requests had been made: how many exactly, CPU µs a request of the second before, and memory in bytes.
    pub(crate) fn after(samples: &[Self], requests: u64) -> Option<(f64, f64, f64)> {
        // A run of exactly so many has ended before the look after the last of them.
        let near = |s: &&Self| s.requests as f64 >= requests as f64 * 0.97;
        let to = samples.iter().find(near)?;
        let from = samples.iter().rfind(|s| to.at - s.at >= 1.0)?;
        Some((requests as f64, Self::between(from, to)?, to.memory as f64))
    }

    fn between(from: &Self, to: &Self) -> Option<f64> {
        let requests = to.requests - from.requests;
        (requests > 0).then(|| (to.cpu - from.cpu) / requests as f64 * 1e6)
    }
}
