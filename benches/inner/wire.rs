//! An answer read whole: its head judged, its body framed. Reading a socket is not in it.

use clobber::model::seen::Seen;
use clobber::plan::{Plan, Target};
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
    Plan::plain(Target::parse("http://127.0.0.1:8080/").unwrap())
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
