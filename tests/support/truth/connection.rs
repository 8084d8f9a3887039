//! One connection of the server: requests framed, replies made.
//! It refuses pipelining in parallel: one request at a time, the next waits in the buffer.

use super::behaviour::{Body, Fate};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::rc::Rc;

/// A request whose head was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// From the header `X-Seq`, or the last part of the path when that is a number.
    pub(crate) seq: Option<u64>,
    /// Bytes of its head.
    pub(crate) head: usize,
    /// Bytes of its content.
    pub(crate) content: usize,
}

/// A request being worked on.
pub(crate) struct Pending {
    pub(crate) asked: Asked,
    pub(crate) read: u64,
    pub(crate) due: u64,
    pub(crate) fate: Fate,
    pub(crate) phase: usize,
    pub(crate) hash: u64,
}

/// One client.
pub(crate) struct Connection {
    pub(crate) id: u64,
    pub(crate) stream: TcpStream,
    /// What was read and not yet worked on.
    pub(crate) input: Vec<u8>,
    /// First byte of `input` was read then, ns.
    pub(crate) first: u64,
    pub(crate) asked: Option<Asked>,
    pub(crate) pending: Option<Pending>,
    /// The reply, and how much of it is written.
    pub(crate) reply: Option<(Rc<[u8]>, usize)>,
    /// Close behind the reply.
    pub(crate) last: bool,
    pub(crate) answered: u64,
    /// Counts what happened, so that old deadlines are known to be old.
    pub(crate) turn: u64,
}

impl Connection {
    pub(crate) fn new(id: u64, stream: TcpStream) -> Self {
        Self {
            id,
            stream,
            input: Vec::new(),
            first: 0,
            asked: None,
            pending: None,
            reply: None,
            last: false,
            answered: 0,
            turn: 0,
        }
    }

    /// Reads all there is; says how many bytes, and whether the peer is still there.
    pub(crate) fn read(&mut self, room: &mut [u8], now: impl Fn() -> u64) -> (u64, bool) {
        let mut total = 0;
        loop {
            match self.stream.read(room) {
                Ok(0) => return (total, false),
                Ok(n) => {
                    if self.input.is_empty() {
                        self.first = now();
                    }
                    self.input.extend_from_slice(&room[..n]);
                    total += n as u64;
                    if n < room.len() {
                        return (total, true);
                    }
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return (total, true),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => return (total, false),
            }
        }
    }

    /// The next whole request, taken out of the input with its content.
    pub(crate) fn take(&mut self) -> Option<(Asked, Vec<u8>)> {
        let asked = match self.asked {
            Some(asked) => asked,
            None => head(&self.input)?,
        };
        self.asked = Some(asked);
        let whole = asked.head + asked.content;
        if self.input.len() < whole {
            return None;
        }
        self.asked = None;
        let rest = self.input.split_off(whole);
        let request = std::mem::replace(&mut self.input, rest);
        Some((asked, request[asked.head..].to_vec()))
    }

    /// Writes what the kernel takes: how many bytes, and whether that was all; `Err`: the peer is gone.
    pub(crate) fn write(&mut self) -> Result<(u64, bool), ()> {
        let Some((bytes, done)) = &mut self.reply else {
            return Ok((0, true));
        };
        let mut total = 0;
        while *done < bytes.len() {
            match self.stream.write(&bytes[*done..]) {
                Ok(n) => {
                    *done += n;
                    total += n as u64;
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok((total, false)),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(()),
            }
        }
        Ok((total, true))
    }
}

/// A head at the beginning of `input`, if it is whole.
///
/// # Panics
/// When it is no HTTP: the product sent something wrong.
fn head(input: &[u8]) -> Option<Asked> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let head = match request.parse(input) {
        Ok(httparse::Status::Complete(n)) => n,
        Ok(httparse::Status::Partial) => return None,
        Err(e) => panic!("not a request: {e}: {:?}", String::from_utf8_lossy(input)),
    };
    let number = |name: &str| {
        let found = request.headers.iter().find(|h| h.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(found.value).ok()?.trim().parse::<u64>().ok()
    };
    let last = request.path.unwrap_or_default().rsplit('/').next();
    Some(Asked {
        seq: number("x-seq").or_else(|| last?.parse().ok()),
        head,
        content: number("content-length").unwrap_or(0) as usize,
    })
}

/// The bytes of a reply.
pub(crate) fn reply(fate: Fate, status: u16, body: Body, close: bool, content: &[u8]) -> Vec<u8> {
    let (status, body) = match fate {
        Fate::Status(status) => (status, Body::Length(0)),
        _ => (status, body),
    };
    let close = if close { "Connection: close\r\n" } else { "" };
    let head = |framing: &str| format!("HTTP/1.1 {status} X\r\n{close}{framing}\r\n\r\n").into_bytes();
    let plain = |n: usize| vec![b'x'; n];
    match body {
        Body::Length(n) if fate == Fate::Short => [head(&format!("Content-Length: {}", n.max(2))), plain(n.max(2) / 2)].concat(),
        Body::Length(n) => [head(&format!("Content-Length: {n}")), plain(n)].concat(),
        Body::Echo => [head(&format!("Content-Length: {}", content.len())), content.to_vec()].concat(),
        Body::Chunked(n) => {
            let mut out = head("Transfer-Encoding: chunked");
            for chunk in plain(n).chunks(4096) {
                out.extend(format!("{:x}\r\n", chunk.len()).bytes());
                out.extend(chunk);
                out.extend(b"\r\n");
            }
            out.extend(b"0\r\n\r\n");
            out
        }
    }
}
