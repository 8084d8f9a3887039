//! The target card: what the first answer says about the target, in order of importance.
//! It refuses to pass on anything that is not sanitized.

use crate::model::failure::Failure;
use crate::model::format::{bytes, sanitize};
use crate::model::run::Detection;
use crate::model::seen::Seen;
use crate::net::resolve::Place;
use crate::plan::Plan;
use httparse::{EMPTY_HEADER, Response, Status};
use std::net::SocketAddr;

/// What the exchange itself showed.
pub(super) struct Facts<'a> {
    pub(super) address: SocketAddr,
    pub(super) place: Place,
    pub(super) seen: &'a Seen,
    pub(super) result: Result<(), Failure>,
    /// Bytes of content.
    pub(super) content: u64,
    pub(super) reusable: bool,
}

/// The detection, and where a redirection leads. `kept`: the answer's first bytes, its final head within.
pub(super) fn draw(plan: &Plan, kept: &[u8], facts: &Facts<'_>) -> (Detection, Option<String>) {
    let (reason, headers) = final_head(kept);
    let header = |name: &str| {
        headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| short(v))
    };
    let answer = format!("{} {}", facts.seen.status, short(&reason)).trim_end().to_owned();
    let kind = header("content-type").map(|t| t.split(';').next().unwrap_or_default().trim().to_owned());
    let size = bytes(facts.content);
    let parts = [
        Some(answer.clone()),
        Some(format!("{size} {}", kind.unwrap_or_default()).trim_end().to_owned()),
        header("server").filter(|s| !s.is_empty()),
        Some(format!("http/1.1 {}", if facts.reusable { "keep-alive" } else { "close" })),
        Some(place(facts)),
        Some(times(facts.seen)),
        cache(&header),
        doubled(&headers).then(|| "⚠ Transfer-Encoding: chunked twice".to_owned()),
        facts.result.err().map(|failure| trouble(failure, facts.seen)),
    ];
    let detection = Detection {
        asked: Some(sanitize(&format!("{} {} HTTP/1.1", plan.request.method, plan.target.path))),
        answer: Some(answer),
        card: parts.into_iter().flatten().collect(),
    };
    (
        detection,
        header("location").filter(|_| (300..400).contains(&facts.seen.status)),
    )
}

/// `loopback`, or the address and where it is.
fn place(facts: &Facts<'_>) -> String {
    match facts.place {
        Place::Loopback => "loopback".into(),
        place => format!("{} ({})", facts.address.ip(), place.name()),
    }
}

fn times(seen: &Seen) -> String {
    let first = seen.first.unwrap_or_default() - seen.sent.unwrap_or_default();
    format!("connect {}, first byte {first}", seen.dialled)
}

/// An answer from a cache in between says little about the target behind it.
fn cache(header: &impl Fn(&str) -> Option<String>) -> Option<String> {
    let hit = ["x-cache", "cf-cache-status", "x-cache-status", "x-proxy-cache"]
        .iter()
        .filter_map(|name| header(name).map(|value| format!("{name}: {value}")))
        .find(|line| line.to_ascii_uppercase().contains("HIT"));
    let aged = || {
        header("age")
            .filter(|age| age.parse::<u64>().is_ok_and(|s| s > 0))
            .map(|s| format!("age {s} s"))
    };
    hit.or_else(aged).map(|why| format!("⚠ cache HIT ({why})"))
}

/// Read as once; the connection is not used again.
fn doubled(headers: &[(String, String)]) -> bool {
    let says = |(name, value): &&(String, String)| {
        name.eq_ignore_ascii_case("transfer-encoding") && value.trim().eq_ignore_ascii_case("chunked")
    };
    headers.iter().filter(says).count() > 1
}

fn trouble(failure: Failure, seen: &Seen) -> String {
    match &seen.detail {
        Some(detail) => format!("⚠ {}: {detail}", failure.name()),
        None => format!("⚠ {}", failure.name()),
    }
}

/// The final head's reason and headers, interim answers skipped; empty where it cannot be read.
fn final_head(mut kept: &[u8]) -> (String, Vec<(String, String)>) {
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    loop {
        let mut room = [EMPTY_HEADER; super::super::http1::head::MOST_HEADERS];
        let mut response = Response::new(&mut room);
        let parser = super::super::http1::head::parser();
        let Ok(Status::Complete(n)) = parser.parse_response(&mut response, kept) else {
            return (String::new(), Vec::new());
        };
        if response.code.is_some_and(|code| code >= 200) {
            let headers = response.headers.iter().map(|h| (h.name.to_owned(), text(h.value))).collect();
            return (response.reason.unwrap_or_default().to_owned(), headers);
        }
        kept = &kept[n..];
    }
}

/// Sanitized, at most 120 characters.
fn short(text: &str) -> String {
    let clean = sanitize(text);
    match clean.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &clean[..end]),
        None => clean,
    }
}

/// The ways servers say that they speak TLS: nginx, Apache, Go, HAProxy and Tomcat.
pub(super) fn refuses_plain_text(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer).to_ascii_lowercase();
    [
        "plain http request was sent to https port",
        "speaking plain http to an ssl-enabled server port",
        "http request to an https server",
        "requires tls",
    ]
    .iter()
    .any(|phrase| text.contains(phrase))
}

/// What an answer that is not HTTP gives itself away as.
pub(super) fn looks_like(answer: &[u8], detail: Option<&str>) -> String {
    let begins: [(&[u8], &str); 9] = [
        (b"HTTP/1.", "broken HTTP"),
        (b"GET ", "an echo of the request"),
        (b"POST ", "an echo of the request"),
        (b"SSH-", "SSH"),
        (b"-ERR", "Redis"),
        (b"220", "SMTP or FTP"),
        (b"+OK", "POP3"),
        (b"INFO {", "NATS"),
        (b"AMQP", "AMQP"),
    ];
    // An HTTP/2 server opens with a SETTINGS frame (RFC 9113 section 3.4).
    let http2 = answer.len() >= 5 && answer[3] == 4 && answer[4] == 0 && answer[..2] == [0, 0];
    match begins.iter().find(|(start, _)| answer.starts_with(start)) {
        Some((b"HTTP/1.", name)) => detail.map_or_else(|| (*name).into(), |d| format!("{name}: {d}")),
        Some((_, name)) => (*name).into(),
        None if http2 => "HTTP/2".into(),
        None => "an unknown protocol".into(),
    }
}
