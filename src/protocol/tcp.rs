//! Raw TCP: a payload out, an answer whose end the user has described.
//! It refuses to understand what is said.

use super::check::Check;
use super::stream::{Buffer, Stream, silent};
use super::template::{Stamp, Template};
use super::{Feed, Protocol, Wire};
use crate::model::failure::Failure;
use crate::model::format::sanitize;
use crate::model::seen::Seen;
use crate::net::dial::Dialer;
use crate::plan::{Content, Framing, Plan};
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpStream;

/// What one exchange is: payload and framing.
#[derive(Debug)]
pub struct Payload {
    template: Rc<Template>,
    framing: Framing,
    keep: bool,
    content: Rc<[Content]>,
    /// For `Delimiter`: how long a prefix still matches after a mismatch at each place (Knuth, Morris, Pratt, 1977).
    fallback: Vec<usize>,
}

impl Payload {
    /// From the plan. Without a payload, nothing is awaited unless a framing other than `any` asks for it.
    pub fn new(plan: &Plan) -> Self {
        let request = &plan.request;
        let framing = match (&request.body, &request.framing) {
            (None, Framing::Any) => Framing::None,
            (_, framing) => framing.clone(),
        };
        let fallback = match &framing {
            Framing::Delimiter(d) => fallback(d),
            _ => Vec::new(),
        };
        Self {
            template: Rc::new(Template::new(request.body.as_deref().unwrap_or_default())),
            keep: request.keepalive && !(request.body.is_none() && framing == Framing::None),
            framing,
            content: request.expect.content.clone().into(),
            fallback,
        }
    }

    /// Nothing is sent and nothing awaited: an exchange is a connect and a reset.
    pub fn connect_only(&self) -> bool {
        self.template.is_empty() && self.framing == Framing::None
    }
}

/// `fallback[i]`: length of the longest proper prefix of `text` that is also a suffix of `text[..=i]`.
fn fallback(text: &[u8]) -> Vec<usize> {
    let mut table = vec![0; text.len()];
    let mut matched = 0;
    for i in 1..text.len() {
        while matched > 0 && text[i] != text[matched] {
            matched = table[matched - 1];
        }
        matched += usize::from(text[i] == text[matched]);
        table[i] = matched;
    }
    table
}

/// The TCP side of one connection.
#[derive(Debug)]
pub struct TcpWire {
    payload: Rc<Payload>,
    stamp: Stamp,
    done: bool,
    /// Bytes of the answer so far.
    got: u64,
    /// Total length once known: `bytes:N`, or the prefix and what it announces.
    length: u64,
    /// Bytes of the delimiter matched so far.
    matched: usize,
    keep: bool,
    /// Where something is expected of the answer.
    check: Option<Box<Check>>,
}

impl TcpWire {
    /// For one connection.
    pub fn new(payload: Rc<Payload>) -> Self {
        Self {
            check: Check::of(&payload.content),
            keep: payload.keep,
            stamp: Stamp::new(Rc::clone(&payload.template)),
            payload,
            done: true,
            got: 0,
            length: 0,
            matched: 0,
        }
    }

    /// Takes what belongs to the answer; says how many bytes that was. Sets `done`.
    fn take(&mut self, input: &[u8]) -> usize {
        let payload = Rc::clone(&self.payload);
        let taken = match &payload.framing {
            Framing::None | Framing::Any | Framing::Eof => input.len(),
            Framing::Bytes(n) => self.counted(input, *n),
            framing @ (Framing::Len16 | Framing::Len32) => self.prefixed(input, width(framing)),
            Framing::Delimiter(d) => self.delimited(input, d, &payload.fallback),
        };
        self.got += taken as u64;
        self.done = match &payload.framing {
            Framing::None => true,
            Framing::Any => self.got > 0,
            Framing::Eof => false,
            Framing::Bytes(n) => self.got == *n,
            framing @ (Framing::Len16 | Framing::Len32) => self.got >= width(framing) && self.got == self.length,
            Framing::Delimiter(d) => self.matched == d.len(),
        };
        taken
    }

    fn counted(&self, input: &[u8], total: u64) -> usize {
        usize::try_from(total - self.got).unwrap_or(usize::MAX).min(input.len())
    }

    /// A big-endian length of `width` bytes, then that many.
    fn prefixed(&mut self, input: &[u8], width: u64) -> usize {
        let mut prefix = 0;
        for byte in input {
            if self.got + prefix >= width {
                break;
            }
            self.length = self.length << 8 | u64::from(*byte);
            prefix += 1;
            if self.got + prefix == width {
                self.length += width;
            }
        }
        if self.got + prefix < width {
            return input.len();
        }
        self.counted(input, self.length)
    }

    fn delimited(&mut self, input: &[u8], delimiter: &[u8], fallback: &[usize]) -> usize {
        for (i, byte) in input.iter().enumerate() {
            while self.matched > 0 && *byte != delimiter[self.matched] {
                self.matched = fallback[self.matched - 1];
            }
            self.matched += usize::from(*byte == delimiter[self.matched]);
            if self.matched == delimiter.len() {
                return i + 1;
            }
        }
        input.len()
    }

    fn closed(&mut self, seen: &mut Seen) -> Result<Feed, Failure> {
        self.keep = false;
        let wanted = match &self.payload.framing {
            Framing::Eof => None,
            _ if self.done => None,
            _ if self.got == 0 => {
                seen.detail = Some("the peer closed without an answer".into());
                return Err(Failure::ClosedNoResponse);
            }
            Framing::Bytes(n) => Some(format!("of {n} bytes")),
            Framing::Len16 | Framing::Len32 if self.got >= width(&self.payload.framing) => {
                Some(format!("of {} bytes", self.length))
            }
            Framing::Delimiter(d) => Some(format!("bytes without the delimiter \"{}\"", d.escape_ascii())),
            _ => Some("bytes, not even a length".into()),
        };
        let whole = wanted.is_none() && !std::mem::replace(&mut self.done, true);
        if let (true, Some(check)) = (whole, &mut self.check) {
            check.end(seen);
        }
        match wanted {
            None => Ok(Feed::Done { reusable: false }),
            Some(wanted) => {
                seen.detail = Some(sanitize(&format!("got {} {wanted}", self.got)));
                Err(Failure::ShortBody)
            }
        }
    }
}

impl Wire for TcpWire {
    fn request(&mut self, seq: u64) -> &[u8] {
        (self.done, self.got, self.length, self.matched) = (false, 0, 0, 0);
        if let Some(check) = &mut self.check {
            check.begin();
        }
        self.stamp.fill(seq)
    }

    fn asking(&self) -> &[u8] {
        self.stamp.filled()
    }

    fn feed(&mut self, input: &[u8], eof: bool, seen: &mut Seen) -> Result<Feed, Failure> {
        if eof {
            return self.closed(seen);
        }
        let late = self.done;
        let taken = if late { 0 } else { self.take(input) };
        if let (false, Some(check)) = (late, &mut self.check) {
            check.add(&input[..taken]);
            if self.done {
                check.end(seen);
            }
        }
        if !self.done {
            return Ok(Feed::More);
        }
        // Where the end is known, bytes after it belong to nobody; with `any` and `none` they are late parts of answers.
        if !matches!(self.payload.framing, Framing::Any | Framing::None) {
            let surplus = input.len() - taken;
            seen.surplus += surplus as u64;
            self.keep &= surplus == 0;
        }
        Ok(Feed::Done { reusable: self.keep })
    }
}

/// Bytes of the length before the answer.
fn width(framing: &Framing) -> u64 {
    match framing {
        Framing::Len16 => 2,
        Framing::Len32 => 4,
        _ => 0,
    }
}

/// Raw TCP, for one lane.
#[derive(Debug)]
pub struct Tcp {
    payload: Rc<Payload>,
    dialer: Dialer,
    buffer: Buffer,
    per_connection: Option<u64>,
}

impl Tcp {
    /// For one lane.
    pub fn new(plan: &Plan, dialer: Dialer) -> Self {
        Self {
            payload: Rc::new(Payload::new(plan)),
            dialer,
            buffer: Buffer::default(),
            per_connection: plan.request.per_connection,
        }
    }

    fn session(&self, stream: TcpStream) -> Stream<TcpWire, TcpStream> {
        let wire = TcpWire::new(Rc::clone(&self.payload));
        Stream::new(wire, stream, self.buffer.clone(), self.dialer.epoch()).limited(self.per_connection)
    }
}

impl Protocol for Tcp {
    type S = Stream<TcpWire, TcpStream>;

    async fn connect(&self, seen: &mut Seen) -> Result<Self::S, Failure> {
        let stream = self.dialer.dial(seen).await?;
        if self.payload.connect_only() {
            // Closing with a reset leaves no connection waiting 60 s on either side.
            socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).ok();
        }
        Ok(self.session(stream))
    }

    fn adopt(&self, stream: std::net::TcpStream, uses: u64) -> Option<Self::S> {
        Some(self.session(silent(stream, uses)?).used(uses))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::fixture::{every_split, plan};

    fn wire(framing: &Framing) -> TcpWire {
        let mut plan = plan("tcp://h:1");
        plan.request.body = Some(b"PING".as_slice().into());
        plan.request.framing = framing.clone();
        TcpWire::new(Rc::new(Payload::new(&plan)))
    }

    #[test]
    fn every_framing_finds_the_same_end_at_every_split() {
        let delimiter = |d: &[u8]| Framing::Delimiter(d.to_vec());
        let done = |reusable, surplus| (Ok(Feed::Done { reusable }), surplus);
        for (framing, answer, expected) in [
            (Framing::Eof, &b"all of it"[..], done(false, 0)),
            (Framing::Bytes(4), b"PONG", done(true, 0)),
            (Framing::Bytes(4), b"PONGS", done(false, 1)),
            (Framing::Bytes(5), b"PONG", (Err(Failure::ShortBody), 0)),
            (Framing::Len16, b"\x00\x02ok", done(true, 0)),
            (Framing::Len16, b"\x00\x00", done(true, 0)),
            (Framing::Len16, b"\x00\x02okX", done(false, 1)),
            (Framing::Len16, b"\x00", (Err(Failure::ShortBody), 0)),
            (Framing::Len32, b"\x00\x00\x00\x02ok", done(true, 0)),
            (Framing::Len32, b"\xff\xff\xff\xffok", (Err(Failure::ShortBody), 0)),
            (delimiter(b"\r\n"), b"+OK\r\n", done(true, 0)),
            (delimiter(b"\r\n"), b"\r\r\n", done(true, 0)),
            // The mismatch at the second c falls back to a match of `ab`: a naive search would miss the end.
            (delimiter(b"ababc"), b"abababcx", done(false, 1)),
            (delimiter(b"END"), b"ENEN", (Err(Failure::ShortBody), 0)),
            (Framing::Bytes(1), b"", (Err(Failure::ClosedNoResponse), 0)),
        ] {
            every_split(
                || wire(&framing),
                answer,
                |outcome, seen, how| {
                    assert_eq!(
                        (outcome, seen.surplus),
                        expected,
                        "{framing:?} {} {how}",
                        answer.escape_ascii()
                    );
                },
            );
        }
    }

    #[test]
    fn any_byte_is_an_answer_and_late_parts_are_no_surplus() {
        let mut wire = wire(&Framing::Any);
        let mut seen = Seen::default();

        wire.request(0);
        assert_eq!(wire.feed(b"", false, &mut seen), Ok(Feed::More));
        assert_eq!(wire.feed(b"P", false, &mut seen), Ok(Feed::Done { reusable: true }));
        assert_eq!(wire.feed(b"ONG", false, &mut seen), Ok(Feed::Done { reusable: true }));

        assert_eq!(seen.surplus, 0);
    }

    #[test]
    fn without_a_payload_a_connect_is_the_whole_exchange() {
        let payload = Payload::new(&plan("tcp://h:1"));
        assert!(payload.connect_only());
        let mut wire = TcpWire::new(Rc::new(payload));

        assert!(wire.request(0).is_empty());

        let mut seen = Seen::default();
        assert_eq!(wire.feed(b"", false, &mut seen), Ok(Feed::Done { reusable: false }));
    }
}
