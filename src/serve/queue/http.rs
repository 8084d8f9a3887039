//! The server's half of HTTP/1: requests out of a stream of bytes, at any split, and the few answers there are.
//! It refuses chunked bodies (411) and heads over 64 KiB (431).

/// Largest head, bytes.
const HEAD: usize = 64 * 1024;
/// Most header lines.
const LINES: usize = 100;

/// What to do with the connection after the answer, and how to say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// HTTP/1.1's default.
    Keep,
    /// HTTP/1.0 asked for it.
    KeepSaid,
    /// The client, or a fault, ends it.
    Close,
}

/// A request fully read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// `GET /stats`.
    pub(super) stats: bool,
    /// Answer without a body.
    pub(super) head: bool,
    /// After the answer.
    pub(super) after: After,
}

/// Not a request that can be served: the status line to close with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused(pub(super) &'static str);

/// The reading side of a connection.
#[derive(Debug, Default)]
pub(super) struct Inbound {
    partial: Vec<u8>,
    /// A request whose body is still coming, and how much of it.
    body: Option<(Request, u64)>,
}

impl Inbound {
    /// Takes what was read and calls `each` for every request that it completes.
    pub(super) fn feed(&mut self, input: &[u8], mut each: impl FnMut(Request)) -> Result<(), Refused> {
        let joined;
        let mut rest = if self.partial.is_empty() {
            input
        } else {
            self.partial.extend_from_slice(input);
            joined = std::mem::take(&mut self.partial);
            &joined[..]
        };
        loop {
            if let Some((request, left)) = self.body.take() {
                let here = left.min(rest.len() as u64);
                rest = &rest[here as usize..];
                if here < left {
                    self.body = Some((request, left - here));
                    return Ok(());
                }
                each(request);
            }
            match head(rest)? {
                Some((request, length, used)) => {
                    rest = &rest[used..];
                    self.body = Some((request, length));
                }
                None => {
                    self.partial.extend_from_slice(rest);
                    return Ok(());
                }
            }
        }
    }
}

/// One head: the request, the length of its body, its own length. `None`: not whole yet.
fn head(input: &[u8]) -> Result<Option<(Request, u64, usize)>, Refused> {
    let mut lines = [httparse::EMPTY_HEADER; LINES];
    let mut parsed = httparse::Request::new(&mut lines);
    let used = match parsed.parse(input) {
        Ok(httparse::Status::Complete(used)) => used,
        Ok(httparse::Status::Partial) if input.len() <= HEAD => return Ok(None),
        Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
            return Err(Refused("431 Request Header Fields Too Large"));
        }
        Err(_) => return Err(Refused("400 Bad Request")),
    };
    let mut length = None;
    let mut after = if parsed.version == Some(0) {
        After::Close
    } else {
        After::Keep
    };
    for line in parsed.headers.iter() {
        if line.name.eq_ignore_ascii_case("content-length") {
            let value = std::str::from_utf8(line.value)
                .ok()
                .filter(|v| v.bytes().all(|b| b.is_ascii_digit()));
            let value: u64 = value.and_then(|v| v.parse().ok()).ok_or(Refused("400 Bad Request"))?;
            if length.replace(value).is_some_and(|other| other != value) {
                return Err(Refused("400 Bad Request"));
            }
        } else if line.name.eq_ignore_ascii_case("transfer-encoding") {
            return Err(Refused("411 Length Required"));
        } else if line.name.eq_ignore_ascii_case("connection") {
            after = connection(line.value, after, parsed.version);
        }
    }
    let request = Request {
        stats: parsed.method == Some("GET") && parsed.path == Some("/stats"),
        head: parsed.method == Some("HEAD"),
        after,
    };
    Ok(Some((request, length.unwrap_or(0), used)))
}

/// What the Connection header makes of it.
fn connection(value: &[u8], present: After, version: Option<u8>) -> After {
    value.split(|b| *b == b',').fold(present, |after, word| {
        let word = word.trim_ascii();
        if word.eq_ignore_ascii_case(b"close") {
            After::Close
        } else if word.eq_ignore_ascii_case(b"keep-alive") && version == Some(0) {
            After::KeepSaid
        } else {
            after
        }
    })
}

/// A whole answer.
pub(super) fn answer(status: &str, kind: &str, body: &str, after: After, head: bool) -> Vec<u8> {
    let connection = match after {
        After::Keep => "",
        After::KeepSaid => "Connection: keep-alive\r\n",
        After::Close => "Connection: close\r\n",
    };
    let length = body.len();
    let body = if head { "" } else { body };
    format!(
        "HTTP/1.1 {status}\r\nServer: clobber-queue\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{connection}\r\n{body}"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests(pieces: &[&[u8]]) -> Result<Vec<Request>, Refused> {
        let (mut inbound, mut out) = (Inbound::default(), Vec::new());
        for piece in pieces {
            inbound.feed(piece, |r| out.push(r))?;
        }
        Ok(out)
    }

    #[test]
    fn pipelined_requests_with_bodies_come_out_alike_at_every_split() {
        let text: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST /x HTTP/1.1\r\nContent-Length: 5\r\n\r\nGET /HEAD /stats HTTP/1.1\r\nConnection: close\r\n\r\n";
        let whole = requests(&[text]).unwrap();

        assert_eq!(whole.len(), 3);
        assert!(whole[2].head && whole[2].after == After::Close && !whole[2].stats);
        for at in 0..text.len() {
            assert_eq!(requests(&[&text[..at], &text[at..]]).unwrap(), whole, "split at {at}");
        }
    }

    #[test]
    fn a_request_counts_only_when_its_last_byte_is_here() {
        let almost: &[u8] = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab";

        assert_eq!(requests(&[almost]).unwrap().len(), 0);
        assert_eq!(requests(&[almost, b"c"]).unwrap().len(), 1);
    }

    #[test]
    fn who_closes_and_who_keeps() {
        for (head, after) in [
            ("GET / HTTP/1.1\r\n\r\n", After::Keep),
            ("GET / HTTP/1.1\r\nconnection: Foo, Close\r\n\r\n", After::Close),
            ("GET / HTTP/1.0\r\n\r\n", After::Close),
            ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", After::KeepSaid),
        ] {
            assert_eq!(requests(&[head.as_bytes()]).unwrap()[0].after, after, "{head}");
        }
    }

    #[test]
    fn what_cannot_be_served_is_refused_with_its_status() {
        let endless = vec![b'a'; HEAD + 1];
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(LINES + 1));
        for (bytes, status) in [
            (&b"\x16\x03\x01 nonsense\r\n\r\n"[..], "400"),
            (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400"),
            (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400"),
            (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "411"),
            (&endless, "431"),
            (many.as_bytes(), "431"),
        ] {
            assert!(requests(&[bytes]).unwrap_err().0.starts_with(status), "{status}");
        }
    }

    #[test]
    fn an_answer_to_head_has_the_length_and_no_body() {
        let text = String::from_utf8(answer("200 OK", "text/plain", "ok\n", After::Keep, true)).unwrap();

        assert!(text.contains("Content-Length: 3\r\n") && text.ends_with("\r\n\r\n"), "{text}");
    }
}
