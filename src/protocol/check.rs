//! `--expect body~RE` and `--expect sha256=HEX`: looks at the content of an answer as it streams by.
//! It refuses to keep more than its bound, and to exist where nothing was asked of the content.

use crate::model::format::{bytes, sanitize};
use crate::model::seen::Seen;
use crate::plan::Content;
use sha2::{Digest, Sha256};
use std::rc::Rc;

/// A regular expression sees so much of the content's beginning; a hash sees all of it.
pub const SEEN: usize = 1 << 20;
/// A kept buffer may stay this large between exchanges.
const KEPT: usize = 16 << 10;
/// Content shown when it is not what was expected.
const EXCERPT: usize = 80;

/// The look at one connection's answers, one at a time.
#[derive(Debug)]
pub struct Check {
    expect: Rc<[Content]>,
    /// The content's beginning, for expressions.
    kept: Vec<u8>,
    matching: bool,
    hash: Option<Sha256>,
    length: u64,
}

impl Check {
    /// `None` where nothing is expected of the content.
    pub fn of(expect: &Rc<[Content]>) -> Option<Box<Self>> {
        let any = |what: fn(&Content) -> bool| expect.iter().any(what);
        (!expect.is_empty()).then(|| {
            Box::new(Self {
                expect: Rc::clone(expect),
                kept: Vec::new(),
                matching: any(|c| matches!(c, Content::Matches(_))),
                hash: any(|c| matches!(c, Content::Sha256(_))).then(Sha256::new),
                length: 0,
            })
        })
    }

    /// A new answer begins.
    pub fn begin(&mut self) {
        self.kept.clear();
        self.kept.shrink_to(KEPT);
        if let Some(hash) = &mut self.hash {
            hash.reset();
        }
        self.length = 0;
    }

    /// More content.
    pub fn add(&mut self, content: &[u8]) {
        self.length += content.len() as u64;
        if self.matching {
            let room = SEEN - self.kept.len();
            self.kept.extend_from_slice(&content[..content.len().min(room)]);
        }
        if let Some(hash) = &mut self.hash {
            hash.update(content);
        }
    }

    /// The answer is whole: writes into `seen` whether its content was expected, and what was there instead.
    pub fn end(&mut self, seen: &mut Seen) {
        let digest: Option<[u8; 32]> = self.hash.as_mut().map(|h| h.finalize_reset().into());
        let fault = self.expect.iter().find_map(|c| match c {
            Content::Matches(re) if re.is_match(&self.kept) => None,
            Content::Matches(re) => Some(format!("no match of {re} in {}", self.shown())),
            Content::Sha256(wanted) if digest.as_ref() == Some(wanted) => None,
            Content::Sha256(_) => Some(format!(
                "sha256 is {} of {}",
                digest.map_or_else(String::new, |d| hex(&d)),
                bytes(self.length)
            )),
        });
        if let Some(what) = fault {
            seen.mismatch = true;
            seen.detail = Some(sanitize(&what));
        }
    }

    fn shown(&self) -> String {
        let excerpt = &self.kept[..self.kept.len().min(EXCERPT)];
        let more = if self.kept.len() > EXCERPT { "…" } else { "" };
        let bound = if self.length > SEEN as u64 {
            format!("the first {} of ", bytes(SEEN as u64))
        } else {
            String::new()
        };
        format!("{bound}{}: \"{}{more}\"", bytes(self.length), excerpt.escape_ascii())
    }
}

/// Lower-case hexadecimal.
fn hex(digest: &[u8; 32]) -> String {
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// sha256 of "abc" (FIPS 180-2, appendix B.1).
    const ABC: [u8; 32] = [
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3,
        0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
    ];

    fn check(expect: &[Content]) -> Box<Check> {
        Check::of(&expect.to_vec().into()).unwrap()
    }

    fn seen(check: &mut Check, parts: &[&[u8]]) -> (bool, String) {
        let mut seen = Seen::default();
        check.begin();
        parts.iter().for_each(|p| check.add(p));
        check.end(&mut seen);
        (seen.mismatch, seen.detail.unwrap_or_default())
    }

    fn matches(re: &str) -> Content {
        Content::Matches(regex::bytes::Regex::new(re).unwrap())
    }

    #[test]
    fn nothing_expected_is_nothing_kept() {
        assert!(Check::of(&Vec::new().into()).is_none());
    }

    #[test]
    fn an_expression_matches_across_reads_and_says_what_was_there_instead() {
        let mut c = check(&[matches("^o+k$")]);

        assert_eq!(seen(&mut c, &[b"oo", b"ok"]), (false, String::new()));
        assert_eq!(
            seen(&mut c, &[b"no\x1b\n"]),
            (true, r#"no match of ^o+k$ in 4 B: "no\x1b\n""#.into())
        );
        assert!(!seen(&mut c, &[b"ok"]).0, "each answer is looked at anew");
    }

    #[test]
    fn a_hash_sees_everything_and_shows_the_other_one() {
        let mut c = check(&[Content::Sha256(ABC)]);

        assert!(!seen(&mut c, &[b"a", b"", b"bc"]).0);
        let (bad, said) = seen(&mut c, &[b""]);
        assert!(
            bad && said.starts_with("sha256 is e3b0c44298fc1c14") && said.ends_with(" of 0 B"),
            "{said}"
        );
        assert!(!seen(&mut c, &[b"abc"]).0);
    }

    #[test]
    fn memory_is_bounded_and_the_bound_is_told() {
        let mut c = check(&[matches("needle")]);
        let hay = vec![b'x'; SEEN];

        let (bad, said) = seen(&mut c, &[&hay, b"needle"]);

        assert!(bad && said.contains("the first 1.0 MB of 1.0 MB"), "{said}");
        assert_eq!(c.kept.len(), SEEN);
        c.begin();
        assert!(c.kept.capacity() <= KEPT);
    }

    #[test]
    fn every_expectation_must_hold() {
        let mut c = check(&[matches("a"), Content::Sha256(ABC), matches("z")]);

        assert!(seen(&mut c, &[b"abc"]).1.starts_with("no match of z"));
    }
}
