//! The content of answers as expectations see it: whole at every split, without chunk sizes, heads and surplus.

use super::request::Prepared;
use super::*;
use crate::plan::Content;
use crate::protocol::fixture::plan;

fn wire(method: &str) -> Http1Wire {
    let mut plan = plan("h/");
    plan.request.method = method.into();
    plan.request.expect.content = vec![Content::Matches(regex::bytes::Regex::new("^hello world$").unwrap())];
    Http1Wire::new(Rc::new(Prepared::new(&plan).unwrap()))
}

/// Fed in two pieces, then closed if it is not whole by then; whether the content was what was expected.
fn judged(wire: &mut Http1Wire, text: &[u8], at: usize) -> (Result<Feed, Failure>, bool) {
    let mut seen = Seen::default();
    wire.request(0);
    let mut fed = wire.feed(&text[..at], false, &mut seen);
    if fed == Ok(Feed::More) {
        fed = wire.feed(&text[at..], false, &mut seen);
    }
    if fed == Ok(Feed::More) {
        fed = wire.feed(&[], true, &mut seen);
    }
    (fed, !seen.mismatch)
}

#[test]
fn every_framing_shows_its_content_and_nothing_else_at_every_split() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (text, expected) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world".into(), true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello_world".into(), false),
        (
            format!("{chunked}6;x=1\r\nhello \r\n5\r\nworld\r\n0\r\nTrailer: x\r\n\r\n"),
            true,
        ),
        (format!("{chunked}6\r\nhello \r\n0\r\n\r\n"), false),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello world".into(), true),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello world!".into(), false),
        ("HTTP/1.1 204 No Content\r\n\r\n".into(), false),
    ] {
        for at in 0..=text.len() {
            let (fed, held) = judged(&mut wire("GET"), text.as_bytes(), at);

            assert!(matches!(fed, Ok(Feed::Done { .. })), "{text:?} at {at}: {fed:?}");
            assert_eq!(held, expected, "{text:?} at {at}");
        }
    }
}

#[test]
fn a_connection_with_unexpected_content_is_kept_and_judged_anew() {
    let mut wire = wire("GET");
    let answer = |body: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());

    for (body, expected) in [("hello", false), ("hello world", true), ("", false), ("hello world", true)] {
        let (fed, held) = judged(&mut wire, answer(body).as_bytes(), 10);

        assert_eq!((fed, held), (Ok(Feed::Done { reusable: true }), expected), "{body:?}");
    }
}
