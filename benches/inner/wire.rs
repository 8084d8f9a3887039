//! An answer read whole: its head judged, its body framed. Reading a socket is not in it.

use clobber::model::demand::Overflow;
use clobber::model::run::Profile;
use clobber::model::seen::Seen;
use clobber::model::units::Nanos;
use clobber::plan::{Expect, Framing, Plan, Request, Target, Timeouts};
use clobber::protocol::http1::Http1Wire;
use clobber::protocol::http1::request::Prepared;
use clobber::protocol::{Feed, Wire};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use std::rc::Rc;

/// A short answer, as nginx gives it.
const SHORT: &[u8] = b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sat, 21 Nov 2026 20:00:00 GMT\r\n\
Content-Type: text/plain\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok";

fn plan() -> Plan {
    Plan {
        target: Target::parse("http://127.0.0.1:8080/").unwrap(),
        request: Request {
            method: "GET".into(),
            headers: vec![],
            body: None,
            framing: Framing::Any,
            keepalive: true,
            per_connection: None,
            expect: Expect::default(),
        },
        timeouts: Timeouts {
            request: Nanos::from_secs(10),
            connect: Nanos::from_secs(5),
            drain: Nanos::from_secs(2),
        },
        requests: None,
        threads: 1,
        connect_rate: 20_000.0,
        profile: Profile::Fast,
        overflow: Overflow::Drop,
        open: false,
        sources: Vec::new(),
        traffic: Default::default(),
        throttle: None,
        precise: false,
        max_workers: 64,
        seed: 0,
    }
}

/// A body of so many chunks of so many bytes, with its head.
fn chunked((chunks, bytes): (usize, usize)) -> Vec<u8> {
    let mut answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..chunks {
        answer.extend_from_slice(format!("{bytes:x}\r\n").as_bytes());
        answer.resize(answer.len() + bytes, b'x');
        answer.extend_from_slice(b"\r\n");
    }
    answer.extend_from_slice(b"0\r\n\r\n");
    answer
}

fn exchange(bencher: Bencher, answer: &[u8]) {
    let mut wire = Http1Wire::new(Rc::new(Prepared::new(&plan()).unwrap()));
    let mut seq = 0;
    bencher.counter(BytesCount::new(answer.len())).bench_local(|| {
        seq += 1;
        let mut seen = Seen::default();
        black_box(wire.request(seq));
        let fed = wire.feed(black_box(answer), false, &mut seen);
        assert_eq!(fed, Ok(Feed::Done { reusable: true }));
        seen
    });
}

#[divan::bench]
fn parse_head(bencher: Bencher) {
    exchange(bencher, SHORT);
}

/// (chunks, bytes of each)
#[divan::bench(args = [(1, 2), (16, 1024), (16, 4096)])]
fn frame_chunked(bencher: Bencher, shape: (usize, usize)) {
    exchange(bencher, &chunked(shape));
}
