//! The head of an HTTP/1 answer: where it ends and what it says about the body and the connection (RFC 9112).
//! It refuses to guess: what is ambiguous is a fault.

use super::Fault;
use super::framing::{Body, content_length};
use httparse::{Error, ParserConfig, Response, Status};
use std::mem::MaybeUninit;

/// A head may have so many bytes.
pub const MOST_BYTES: usize = 64 * 1024;
/// A head may have so many header lines.
pub const MOST_HEADERS: usize = 256;
/// What every answer begins with; anything else is another protocol, or HTTP/0.9.
const BEGINNING: &[u8] = b"HTTP/1.";

/// What is needed of a whole head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// Bytes of the head, its empty line included.
    pub(super) bytes: usize,
    /// In [100, 999].
    pub(super) status: u16,
    /// The connection may stay, as far as the head goes.
    pub(super) persistent: bool,
    closing: bool,
    /// Two header lines say chunked, as some frameworks do: it is chunked once, and whoever disagrees must not be met again.
    doubled: bool,
    length: Option<u64>,
    coding: Coding,
}

/// What Transfer-Encoding says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Coding {
    #[default]
    Absent,
    /// Chunked, once and last.
    Chunked,
    /// Others only: the body ends with the connection.
    Other,
}

impl Head {
    /// The body that follows, RFC 9112 section 6.3. `bodiless`: the request was HEAD.
    pub(super) fn body(&self, bodiless: bool) -> Body {
        match (&self.coding, self.length) {
            _ if bodiless || self.status == 204 || self.status == 304 => Body::length(0),
            (Coding::Chunked, _) => Body::chunked(),
            (Coding::Absent, Some(n)) => Body::length(n),
            _ => Body::until_close(),
        }
    }
}

/// Looks for a whole head at the start of `bytes`; `None` when there is more to come. Only whole lines are judged, so
/// the outcome does not depend on where reads were cut. `judged`: bytes already looked at, without finding its end.
pub(super) fn parse(bytes: &[u8], judged: usize) -> Result<Option<Head>, Fault> {
    let begun = BEGINNING.len().min(bytes.len());
    if bytes[..begun] != BEGINNING[..begun] {
        return Err(Fault::proto_of("the answer is not HTTP/1", bytes));
    }
    let within = &bytes[..bytes.len().min(MOST_BYTES)];
    // Without a new line there is nothing new to judge: a head dripping in byte by byte costs its length per line, of
    // which there are at most `MOST_HEADERS`, not per byte.
    if within[judged.min(within.len())..].contains(&b'\n') {
        if let Ok(Some(head)) = attempt(within) {
            return head.map(Some);
        }
        let lines = within.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        if let Err(e) = attempt(&within[..lines]) {
            return Err(fault(e, bytes));
        }
    }
    if bytes.len() >= MOST_BYTES {
        return Err(Fault::limit(format!("the answer's head has more than {MOST_BYTES} bytes")));
    }
    Ok(None)
}

/// What to call a head that the end of the connection has cut.
pub(super) fn cut(bytes: &[u8]) -> Fault {
    match attempt(bytes) {
        Err(e) => fault(e, bytes),
        Ok(_) => Fault::short(format!("the head was cut after {} bytes", bytes.len())),
    }
}

/// Answers may have folded header lines, obsolete as they are (RFC 9112 section 5.2).
pub fn parser() -> ParserConfig {
    let mut parser = ParserConfig::default();
    parser.allow_obsolete_multiline_headers_in_responses(true);
    parser
}

/// `None`: partial. The inner result is what the whole head means.
fn attempt(bytes: &[u8]) -> Result<Option<Result<Head, Fault>>, Error> {
    let mut room = [const { MaybeUninit::uninit() }; MOST_HEADERS];
    let mut response = Response::new(&mut []);
    match parser().parse_response_with_uninit_headers(&mut response, bytes, &mut room)? {
        Status::Partial => Ok(None),
        Status::Complete(n) => Ok(Some(meaning(n, &response))),
    }
}

fn fault(error: Error, bytes: &[u8]) -> Fault {
    match error {
        Error::TooManyHeaders => Fault::limit(format!("the answer has more than {MOST_HEADERS} headers")),
        other => Fault::proto_of(&format!("{other} in the answer's head"), bytes),
    }
}

fn meaning(bytes: usize, response: &Response<'_, '_>) -> Result<Head, Fault> {
    let mut head = Head {
        bytes,
        status: response.code.unwrap_or(0),
        persistent: response.version == Some(1),
        ..Head::default()
    };
    if head.status < 100 {
        return Err(Fault::proto(format!("status {:03} is below 100", head.status)));
    }
    for header in response.headers.iter() {
        // Lengths first: three of a dozen headers matter, and this is done for every answer.
        match header.name.len() {
            14 if header.name.eq_ignore_ascii_case("content-length") => {
                head.length = Some(content_length(header.value, head.length)?);
            }
            17 if header.name.eq_ignore_ascii_case("transfer-encoding") => head.transfer_encoding(header.value)?,
            10 if header.name.eq_ignore_ascii_case("connection") => head.connection(header.value),
            _ => {}
        }
    }
    // Both given: chunked wins, and nobody can be sure what follows (RFC 9112 section 6.3). The same for chunked in 1.0.
    let doubtful = head.coding != Coding::Absent && (head.length.is_some() || response.version != Some(1));
    let doubtful = doubtful || head.doubled;
    head.persistent &= !doubtful && !head.closing;
    Ok(head)
}

impl Head {
    fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), Fault> {
        if self.coding == Coding::Chunked && value.trim_ascii().eq_ignore_ascii_case(b"chunked") {
            self.doubled = true;
            return Ok(());
        }
        for coding in elements(value) {
            let chunked = coding.eq_ignore_ascii_case(b"chunked");
            match self.coding {
                Coding::Chunked if chunked => return Err(Fault::proto("the answer is chunked twice".into())),
                Coding::Chunked => return Err(Fault::proto_of("chunked is not the last transfer encoding", value)),
                _ if chunked => self.coding = Coding::Chunked,
                _ if coding.eq_ignore_ascii_case(b"identity") => {}
                _ => self.coding = Coding::Other,
            }
        }
        Ok(())
    }

    /// `close` wins over `keep-alive`, in whichever order they come: once closed, nothing reopens.
    fn connection(&mut self, value: &[u8]) {
        let says = |word: &[u8]| elements(value).any(|e| e.eq_ignore_ascii_case(word));
        if says(b"close") {
            self.closing = true;
        } else if says(b"keep-alive") {
            self.persistent = true;
        }
    }
}

/// The non-empty elements of a comma-separated list (RFC 9110 section 5.6.1).
fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|b| *b == b',').map(<[u8]>::trim_ascii).filter(|e| !e.is_empty())
}
