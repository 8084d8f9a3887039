//! The head a lane parsed last: a target says the same again, byte for byte, until the second in `Date` changes.
//! It refuses to judge: it repeats what the parser made of these very bytes, which depends on nothing else.

use super::Fault;
use super::head::{self, Head};
use std::cell::RefCell;
use std::rc::Rc;

/// A longer head is not kept. Most have some hundred bytes.
const MOST_KEPT: usize = 1024;

/// The last whole head and its meaning. One for all connections of a lane.
#[derive(Clone, Debug, Default)]
pub(super) struct Memo(Rc<RefCell<Last>>);

#[derive(Debug, Default)]
struct Last {
    /// Empty: there is none.
    bytes: Vec<u8>,
    head: Head,
}

impl Memo {
    /// As `head::parse` of bytes never looked at before. A head ends with its first empty line, so bytes that begin with
    /// those of a whole one begin with that head, whatever follows.
    pub(super) fn parse(&self, input: &[u8]) -> Result<Option<Head>, Fault> {
        let mut last = self.0.borrow_mut();
        if !last.bytes.is_empty() && input.starts_with(&last.bytes) {
            return Ok(Some(last.head));
        }
        let found = head::parse(input, 0)?;
        if let Some(head) = found.filter(|h| h.bytes <= MOST_KEPT) {
            last.bytes.clear();
            last.bytes.extend_from_slice(&input[..head.bytes]);
            last.head = head;
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn dated(second: u32) -> Vec<u8> {
        format!("HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 20:00:{second:02} GMT\r\nContent-Length: {second}\r\n\r\n").into()
    }

    fn kept(memo: &Memo) -> Vec<u8> {
        memo.0.borrow().bytes.clone()
    }

    #[test]
    fn the_same_bytes_are_not_parsed_again_and_another_date_is() {
        let memo = Memo::default();
        assert_eq!(memo.parse(&dated(1)), head::parse(&dated(1), 0));
        memo.0.borrow_mut().head.status = 299; // no parser says that of these bytes

        let again = memo.parse(&[dated(1), b"body".to_vec()].concat());
        let later = memo.parse(&dated(2));

        assert_eq!(again.unwrap().unwrap().status, 299);
        assert_eq!(later, head::parse(&dated(2), 0));
        assert_eq!(kept(&memo), dated(2));
    }

    #[test]
    fn connections_of_a_lane_share_it() {
        let memo = Memo::default();

        memo.clone().parse(&dated(1)).unwrap();

        assert_eq!(kept(&memo), dated(1));
    }

    #[test]
    fn only_whole_good_short_heads_are_kept() {
        let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(MOST_KEPT));
        let memo = Memo::default();

        for input in [
            &long.into_bytes()[..],
            &dated(1)[..30],
            b"HTTP/1.1 099 Low\r\n\r\n",
            b"SSH-2.0\r\n\r\n",
        ] {
            assert_eq!(memo.parse(input), head::parse(input, 0));
        }

        assert_eq!(kept(&memo), b"");
    }

    /// Heads that share beginnings with each other, whole, cut, wrong, interim, and with something behind them.
    fn inputs() -> impl Strategy<Value = Vec<u8>> {
        let version = prop_oneof![Just("HTTP/1.1"), Just("HTTP/1.0"), Just("HTTP/2")];
        let status = prop_oneof![Just("200 OK"), Just("100 Continue"), Just("204"), Just("503 No"), Just("99")];
        let line = prop_oneof![
            Just("Content-Length: 2"),
            Just("Content-Length: 3"),
            Just("Content-Length: x"),
            Just("Connection: close"),
            Just("Transfer-Encoding: chunked"),
            Just("Date: Sat, 21 Nov 2026 20:00:01 GMT"),
            Just("Date: Sat, 21 Nov 2026 20:00:02 GMT"),
            Just("no colon"),
        ];
        let end = prop_oneof![
            Just("\r\n"),
            Just("\n"),
            Just(""),
            Just("\r\nok"),
            Just("\r\nHTTP/1.1 200 OK\r\n\r\n")
        ];
        (version, status, vec(line, 0..3), end, prop::option::of(0_usize..60)).prop_map(|(version, status, lines, end, cut)| {
            let lines: String = lines.iter().map(|l| format!("{l}\r\n")).collect();
            let mut whole = format!("{version} {status}\r\n{lines}{end}").into_bytes();
            whole.truncate(cut.unwrap_or(usize::MAX));
            whole
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn with_it_every_sequence_of_heads_means_what_it_means_without(
            heads in vec(inputs(), 1..20),
            picks in vec(any::<prop::sample::Index>(), 60),
        ) {
            let memo = Memo::default();

            for pick in picks {
                let input = pick.get(&heads);
                prop_assert_eq!(memo.parse(input), head::parse(input, 0));
            }
        }
    }
}
