//! What one request is, from its flags. Bodies are read here, once, before anything is sent.

use super::RunArgs;
use super::job::requests;
use crate::model::units::parse_duration;
use crate::plan::{Content, Expect, Framing, Request};
use regex::bytes::Regex;
use std::io::Read;
use std::sync::Arc;

/// `-d`, `--body`, `-D FILE`: read once, whole, before the start.
pub(super) fn body(args: &RunArgs) -> Result<Option<Arc<[u8]>>, String> {
    if let Some(text) = &args.data {
        if text.starts_with(|c: char| c.is_ascii_digit())
            && !text.bytes().all(|b| b.is_ascii_digit())
            && parse_duration(text).is_ok()
        {
            return Err(format!(
                "-d is the body here, as in curl, oha, hey (duration: -z {text}; to send that text: --body {text})"
            ));
        }
        return Ok(Some(unescape(text).into()));
    }
    if let Some(text) = &args.body {
        return Ok(Some(unescape(text).into()));
    }
    let Some(path) = &args.body_file else { return Ok(None) };
    const MOST: u64 = 256 << 20;
    let read = |from: &mut dyn Read| {
        let mut bytes = Vec::new();
        from.take(MOST + 1).read_to_end(&mut bytes).map(|_| bytes)
    };
    let bytes = if path == "-" {
        read(&mut std::io::stdin())
    } else {
        std::fs::File::open(path).and_then(|mut f| read(&mut f))
    };
    let bytes = bytes.map_err(|e| format!("cannot read the body from {path:?}: {e}"))?;
    if bytes.len() as u64 > MOST {
        return Err(format!("the body from {path:?} is larger than 256 MiB"));
    }
    Ok(Some(bytes.into()))
}

/// `\r`, `\n`, `\t`, `\0`, `\\` and `\xHH` as one would expect; anything else stays as it is.
fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&b, tail)) = rest.split_first() {
        let (byte, used) = match (b, tail.first()) {
            (b'\\', Some(b'r')) => (b'\r', 2),
            (b'\\', Some(b'n')) => (b'\n', 2),
            (b'\\', Some(b't')) => (b'\t', 2),
            (b'\\', Some(b'0')) => (0, 2),
            (b'\\', Some(b'\\')) => (b'\\', 2),
            (b'\\', Some(b'x')) => match tail
                .get(1..3)
                .and_then(|h| std::str::from_utf8(h).ok())
                .and_then(|h| u8::from_str_radix(h, 16).ok())
            {
                Some(byte) => (byte, 4),
                None => (b, 1),
            },
            _ => (b, 1),
        };
        out.push(byte);
        rest = &rest[used..];
    }
    out
}

pub(super) fn request(args: &RunArgs, body: Option<Arc<[u8]>>) -> Result<Request, String> {
    let default = if body.is_some() { "POST" } else { "GET" };
    let headers = args.header.iter().map(|h| header(h)).collect::<Result<_, _>>()?;
    let framing = framing(args.read_until.as_deref(), body.is_some())?;
    let expect = expect(&args.expect)?;
    if body.is_some() && framing == Framing::None && !expect.content.is_empty() {
        return Err("--expect body~ and sha256= need an answer (not --read-until none: say any, eof, bytes:N …)".into());
    }
    Ok(Request {
        method: args.method.as_deref().unwrap_or(default).to_ascii_uppercase(),
        headers,
        framing,
        body,
        keepalive: !args.no_keepalive,
        per_connection: args
            .requests_per_connection
            .as_deref()
            .map(|text| requests(text, "--requests-per-connection"))
            .transpose()?,
        expect,
    })
}

/// What may be shown of a header that is none: its name at most, for the rest may be secret.
fn begin(text: &str) -> String {
    let name = text.find(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c));
    match name {
        Some(end) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once(':')
        .ok_or_else(|| format!("header {:?} has no colon (say -H 'Name: value')", begin(text)))?;
    if name.trim().is_empty() || text.bytes().any(|b| matches!(b, b'\r' | b'\n' | 0)) {
        return Err(format!(
            "header {:?} has an empty name, a line end or a NUL (one header per -H)",
            begin(text)
        ));
    }
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn framing(text: Option<&str>, payload: bool) -> Result<Framing, String> {
    Ok(match text {
        None => {
            if payload {
                Framing::Any
            } else {
                Framing::None
            }
        }
        Some("any") => Framing::Any,
        Some("none") => Framing::None,
        Some("eof") => Framing::Eof,
        Some("len16") => Framing::Len16,
        Some("len32") => Framing::Len32,
        Some("") => {
            return Err(
                "--read-until is empty (there are: any, none, eof, bytes:N, len16, len32, or a delimiter such as '\\n')".into(),
            );
        }
        Some(text) => match text.strip_prefix("bytes:") {
            Some(n) => Framing::Bytes(
                n.parse()
                    .ok()
                    .filter(|n| *n >= 1)
                    .ok_or_else(|| format!("--read-until {text:?} is not bytes:N with N from 1"))?,
            ),
            None => Framing::Delimiter(unescape(text)),
        },
    })
}

fn expect(all: &[String]) -> Result<Expect, String> {
    let mut expect = Expect::default();
    for text in all {
        let fault = |why: &str| format!("--expect {text:?} {why} (say status=200-299,404, body~REGEX or sha256=HEX)");
        if let Some(list) = text.strip_prefix("status=") {
            for part in list.split(',') {
                expect
                    .status
                    .push(statuses(part).ok_or_else(|| fault("has no status from 100 to 999"))?);
            }
        } else if let Some(re) = text.strip_prefix("body~") {
            let made = Regex::new(re).map_err(|e| fault(&format!("is no regular expression: {}", last_line(&e))))?;
            expect.content.push(Content::Matches(made));
        } else if let Some(hex) = text.strip_prefix("sha256=") {
            let hash = digest(hex).ok_or_else(|| fault("does not have 64 hexadecimal digits"))?;
            expect.content.push(Content::Sha256(hash));
        } else {
            return Err(fault("is not understood"));
        }
    }
    Ok(expect)
}

/// `200` or `200-299`.
fn statuses(text: &str) -> Option<(u16, u16)> {
    let (a, b) = text.split_once('-').unwrap_or((text, text));
    let (a, b): (u16, u16) = (a.trim().parse().ok()?, b.trim().parse().ok()?);
    ((100..=999).contains(&a) && (a..=999).contains(&b)).then_some((a, b))
}

/// 64 hexadecimal digits.
fn digest(text: &str) -> Option<[u8; 32]> {
    let mut out = [0; 32];
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, at) in out.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(out)
}

/// What is wrong, without the drawing of where.
fn last_line(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expectations_add_up_and_a_bad_one_says_why() {
        let of = |all: &[&str]| expect(&all.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>());
        let hash = format!("sha256={}", "Ab".repeat(32));

        let e = of(&["status=200,404-405", "body~o.k", &hash]).unwrap();

        assert_eq!(e.status, [(200, 200), (404, 405)]);
        assert!(matches!(&e.content[..], [Content::Matches(re), Content::Sha256(h)] if re.is_match(b"ook") && *h == [0xab; 32]));
        for (bad, why) in [
            ("status=99", "100 to 999"),
            ("status=300-200", "100 to 999"),
            ("body~(", "unclosed group"),
            ("sha256=abc", "64 hexadecimal"),
            ("body=x", "body~REGEX"),
        ] {
            let said = of(&[bad]).unwrap_err();
            assert!(said.contains(why), "{bad}: {said}");
        }
    }

    #[test]
    fn a_header_that_is_none_is_shown_without_what_may_be_secret() {
        for text in ["Authorization Bearer S3CR3T", "Authorization: Bearer S3CR3T\nX", ": S3CR3T"] {
            let said = header(text).unwrap_err();
            assert!(!said.contains("S3CR3T") && said.contains("-H"), "{said}");
        }
        assert!(header("nocolon").unwrap_err().contains("\"nocolon\" has no colon"));
    }

    #[test]
    fn escapes_in_payloads_are_the_usual_ones() {
        assert_eq!(unescape("PING\\r\\n\\x00\\q"), b"PING\r\n\x00\\q");
    }
}
