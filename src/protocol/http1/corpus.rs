//! Answers that servers have been seen to give, and what each must be called: FAULTS rows and curl's test numbers.
//! It refuses to test one split only.

use super::request::Prepared;
use super::*;
use crate::protocol::fixture::{every_split, feed, plan};
use proptest::prelude::*;

/// Outcome as one word: `ok` (reusable), `close` (whole, not reusable), or the failure's name.
fn word(outcome: Result<Feed, Failure>) -> &'static str {
    match outcome {
        Ok(Feed::Done { reusable: true }) => "ok",
        Ok(Feed::Done { reusable: false }) => "close",
        Ok(Feed::More) => "more",
        Err(failure) => failure.name(),
    }
}

fn wire(method: &str) -> Http1Wire {
    let mut plan = plan("h/");
    plan.request.method = method.into();
    Http1Wire::new(Rc::new(Prepared::new(&plan).unwrap()))
}

/// An answer as the corpus writes it.
fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'|' => out.extend_from_slice(b"\r\n"),
            b'\\' => out.push(match bytes.next() {
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b'0') => 0,
                Some(b'x') => {
                    let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                    u8::from_str_radix(str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                other => panic!("{other:?} in {text}"),
            }),
            plain => out.push(plain),
        }
    }
    out
}

#[test]
fn every_answer_of_the_corpus_has_its_class_at_every_split() {
    let rows = include_str!("corpus.txt")
        .lines()
        .filter(|l| !l.is_empty() && !l.starts_with('#'));
    let mut checked = 0;
    for row in rows {
        let (facts, answer) = row.split_once(" = ").unwrap();
        let fact: Vec<&str> = facts.split_whitespace().collect();
        let expected = (fact[1], fact[2].parse().unwrap(), fact[3].parse().unwrap());
        checked += 1;
        every_split(
            || wire(fact[0]),
            &unescape(answer),
            |outcome, seen, how| {
                assert_eq!(
                    (word(outcome), seen.status, seen.surplus),
                    expected,
                    "{row}\n{how}: {:?}",
                    seen.detail
                );
                assert_eq!(seen.detail.is_some(), outcome.is_err(), "{row}\n{how}");
                assert!(!seen.detail.unwrap_or_default().chars().any(char::is_control), "{row}");
            },
        );
    }
    assert!(checked > 70, "only {checked} rows");
}

#[test]
fn interim_answers_are_counted_and_limited() {
    for (n, expected) in [(0, "ok"), (1, "ok"), (32, "ok"), (33, "proto_limit")] {
        let answer = "HTTP/1.1 102 P\r\n\r\n".repeat(n) + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        every_split(
            || wire("GET"),
            answer.as_bytes(),
            |outcome, seen, how| assert_eq!((word(outcome), seen.interim), (expected, n as u32), "{how}"),
        );
    }
}

#[test]
fn what_is_too_large_meets_a_limit_and_no_memory() {
    let head = |filler: String| format!("HTTP/1.1 200 OK\r\n{filler}Content-Length: 0\r\n\r\n").into_bytes();
    let chunked = |body: String| format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}").into_bytes();
    for (name, answer, expected) in [
        ("255 more headers", head("A: b\r\n".repeat(255)), "ok"),
        ("256 more headers", head("A: b\r\n".repeat(256)), "proto_limit"),
        ("F16 curl 747 many headers", head("A: b\r\n".repeat(9_000)), "proto_limit"),
        ("60 kB", head(format!("A: {}\r\n", "b".repeat(60_000))), "ok"),
        (
            "F16 curl 1154 one long line",
            head(format!("A: {}\r\n", "b".repeat(200_000))),
            "proto_limit",
        ),
        (
            "long reason",
            format!("HTTP/1.1 200 {}", "b".repeat(200_000)).into_bytes(),
            "proto_limit",
        ),
        (
            "F18 extension",
            chunked(format!("1;{}\r\nx\r\n0\r\n\r\n", "x".repeat(20_000))),
            "proto_limit",
        ),
        (
            "F18 trailer",
            chunked(format!("0\r\nA: {}\r\n\r\n", "x".repeat(70_000))),
            "proto_limit",
        ),
    ] {
        for piece in [1, 7, 1460, 65_536, answer.len()] {
            let mut wire = wire("GET");
            let mut seen = Seen::default();
            wire.request(0);

            let outcome = answer
                .chunks(piece)
                .map(|p| wire.feed(p, false, &mut seen))
                .find(|o| *o != Ok(Feed::More));

            assert_eq!(outcome.map(word), Some(expected), "{name} in pieces of {piece}");
            assert!(wire.partial.capacity() <= 256 * 1024, "{}", wire.partial.capacity());
        }
    }
}

#[test]
fn an_excerpt_of_garbage_is_escaped() {
    let (_, seen) = feed(wire("GET"), [b"\x1b]0;pwn\x07".as_slice()]);

    assert!(seen.detail.unwrap().contains(r"\x1b]0;pwn\x07"));
}

#[test]
fn a_short_body_says_how_much_there_was() {
    let answer = [b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".as_slice(), &[b'x'; 100]].concat();

    let (_, seen) = feed(wire("GET"), [answer.as_slice()]);

    assert_eq!(seen.detail.as_deref(), Some("got 100 of 1000 bytes"));
}

#[test]
fn a_connection_carries_one_answer_after_another() {
    let mut wire = wire("GET");

    for n in 0..3_u64 {
        let mut seen = Seen::default();
        wire.request(n);
        assert_eq!(wire.feed(b"HTTP/1.1 200 OK\r\nContent-Le", false, &mut seen), Ok(Feed::More));
        assert_eq!(wire.feed(b"ngth: 3\r\n\r\nab", false, &mut seen), Ok(Feed::More));
        assert!(seen.head && wire.partial.is_empty());
        assert_eq!(wire.feed(b"c", false, &mut seen), Ok(Feed::Done { reusable: true }));
        assert_eq!(wire.content(), 3);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any chunks, any trailer, any cuts: the content is what was encoded and nothing is left over.
    #[test]
    fn what_was_chunked_is_read_back(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..200), 0..8),
        cuts in prop::collection::vec(1_usize..90, 1..40),
    ) {
        let mut answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for chunk in &chunks {
            answer.extend_from_slice(format!("{:X}\r\n", chunk.len()).as_bytes());
            answer.extend_from_slice(chunk);
            answer.extend_from_slice(b"\r\n");
        }
        answer.extend_from_slice(b"0\r\n\r\n");
        let (mut wire, mut seen) = (wire("GET"), Seen::default());
        wire.request(0);

        let (mut rest, mut last) = (answer.as_slice(), Ok(Feed::More));
        for cut in cuts.iter().cycle() {
            prop_assert_eq!(last, Ok(Feed::More));
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            last = wire.feed(piece, false, &mut seen);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }

        prop_assert_eq!(last, Ok(Feed::Done { reusable: true }));
        prop_assert_eq!(wire.content(), chunks.iter().map(|c| c.len() as u64).sum::<u64>());
    }

    /// Bytes near to an answer, cut anywhere: the outcome is that of the whole, and nothing panics.
    #[test]
    fn no_cut_changes_the_outcome(
        parts in prop::collection::vec(prop::sample::select(vec![
            "HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 C\r\n\r\n", "HTTP/1.0 204 N\n", "Content-Length: 3\r\n", "Content-Length: 3, 3\n",
            "Transfer-Encoding: chunked\r\n", "Connection: close\r\n", "A: b\r\n", "\r\n", "\n", "\r", "abc", "3\r\nabc\r\n", "0\r\n\r\n",
            "3;x\r\n", "\0", " ", ":", "fffffffff\r\n",
        ]), 0..12),
        cuts in prop::collection::vec(1_usize..30, 1..20),
    ) {
        let answer = format!("HTTP/1.1 200 OK\r\n{}", parts.concat()).into_bytes();
        let (whole, once) = feed(wire("GET"), [answer.as_slice()]);

        let mut pieces = Vec::new();
        let mut rest = answer.as_slice();
        for cut in cuts.iter().cycle() {
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            pieces.push(piece);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        let (cut, often) = feed(wire("GET"), pieces);

        prop_assert_eq!(whole, cut);
        prop_assert_eq!((once.status, once.surplus, once.interim, once.head), (often.status, often.surplus, often.interim, often.head));
    }
}
