//! A target as typed.
//! It refuses what it would have to guess, and shows where.

use super::{Scheme, Target};
use std::net::Ipv6Addr;

/// Longest target.
const MOST: usize = 8192;
/// Schemes that are promised but not there yet.
const LATER: [&str; 7] = ["https", "udp", "mqtt", "mqtts", "tftp", "redis", "ws"];
const FORMS: &str = "such as 127.0.0.1:8080/path, http://localhost:8080/ or tcp://[::1]:9000";

/// What is wrong, and at which byte.
struct Wrong {
    at: usize,
    what: String,
}

fn wrong<T>(at: usize, what: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong { at, what: what.into() })
}

impl Target {
    /// `host:port[/path]`, `http://host[:port][/path]`, `tcp://host:port`; IPv6 in brackets. A fragment is dropped.
    /// With a path a bare target is HTTP; without a port, HTTP's is 80.
    ///
    /// # Errors
    /// A sentence, the target with a caret under the fault, and an example.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MOST {
            return Err(format!("target has {} bytes, more than {MOST} ({FORMS})", text.len()));
        }
        parse(text).map_err(|w| pointed(text, &w))
    }
}

fn parse(text: &str) -> Result<Target, Wrong> {
    if text.trim().is_empty() {
        return wrong(0, "no target was given");
    }
    if let Some((at, c)) = text.char_indices().find(|(_, c)| c.is_control() || c.is_whitespace()) {
        return wrong(
            at,
            format!(
                "{} may not stand in a target",
                if c == ' ' {
                    "a space (write %20)"
                } else {
                    "a control character"
                }
            ),
        );
    }
    let (scheme, from) = scheme(text)?;
    let rest = &text[from..];
    let end = rest.find(['/', '?', '#']).map_or(text.len(), |n| from + n);
    let (host, port) = authority(text, from, end, scheme)?;
    let path = path(&text[end..]);
    if scheme == Scheme::Tcp && !matches!(path.as_str(), "" | "/") {
        return wrong(end, "tcp:// has no path");
    }
    Ok(Target {
        // A path is HTTP's business, so a bare target that has one is decided.
        scheme: if scheme == Scheme::Bare && !path.is_empty() {
            Scheme::Http
        } else {
            scheme
        },
        host,
        port,
        path: if path.is_empty() { "/".into() } else { path },
    })
}

/// The scheme and where the authority begins.
fn scheme(text: &str) -> Result<(Scheme, usize), Wrong> {
    if text.starts_with("unix:") {
        return wrong(0, "unix: targets are not built yet");
    }
    let Some((name, _)) = text.split_once("://") else {
        // `htp:/bad` and `http:host`: what stands before the colon is no host with a port.
        return match text.split_once(':') {
            Some((name, rest)) if rest.starts_with('/') || ["http", "tcp"].contains(&name) => {
                wrong(name.len(), format!("after {name:?} there should be ://, or a port"))
            }
            _ => Ok((Scheme::Bare, 0)),
        };
    };
    let from = name.len() + 3;
    match name.to_ascii_lowercase().as_str() {
        "http" => Ok((Scheme::Http, from)),
        "tcp" => Ok((Scheme::Tcp, from)),
        later if LATER.contains(&later) => wrong(0, format!("{later}:// is not built yet (there are http:// and tcp://)")),
        _ if name.contains(['/', '?', '#']) => Ok((Scheme::Bare, 0)),
        _ => wrong(0, "there is no such scheme (there are http:// and tcp://)"),
    }
}

/// Host and port between two bytes of the text.
fn authority(text: &str, from: usize, end: usize, scheme: Scheme) -> Result<(String, u16), Wrong> {
    let whole = &text[from..end];
    if whole.contains('@') {
        return wrong(
            from,
            "a user name or password may not stand in a target (give it as -H 'Authorization: Basic …')",
        );
    }
    let (host, after) = if whole.starts_with('[') {
        bracketed(whole, from)?
    } else {
        named(whole, from)?
    };
    match text[after..end].strip_prefix(':') {
        Some(digits) => Ok((host, port(digits, after + 1)?)),
        None if after < end => wrong(after, "after ] there should be a port, such as [::1]:8080"),
        None if scheme == Scheme::Tcp => wrong(end, "tcp:// needs a port"),
        None => Ok((host, 80)),
    }
}

/// `[address]`, perhaps with a zone (RFC 6874), and where it ends.
fn bracketed(whole: &str, from: usize) -> Result<(String, usize), Wrong> {
    let Some(close) = whole.find(']') else {
        return wrong(from, "this bracket is not closed");
    };
    let inside = &whole[1..close];
    let (address, zone) = match inside.split_once('%') {
        Some((address, zone)) => (address, Some(zone.strip_prefix("25").unwrap_or(zone))),
        None => (inside, None),
    };
    let named = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if address.parse::<Ipv6Addr>().is_err() || zone.is_some_and(|z| z.is_empty() || !z.chars().all(named)) {
        return wrong(from + 1, "this is not an IPv6 address");
    }
    let host = zone.map_or_else(|| address.into(), |zone| format!("{address}%{zone}"));
    Ok((host, from + close + 1))
}

/// A name or IPv4 address, and where it ends.
fn named(whole: &str, from: usize) -> Result<(String, usize), Wrong> {
    let length = whole.find(':').unwrap_or(whole.len());
    let host = &whole[..length];
    if host.is_empty() {
        return wrong(from, "the host is missing");
    }
    if whole[length..].matches(':').count() > 1 {
        return wrong(from, "an IPv6 address is written in brackets, such as [::1]:8080");
    }
    if let Some((at, c)) = host
        .char_indices()
        .find(|(_, c)| !(c.is_ascii_alphanumeric() || "-_.".contains(*c)))
    {
        let ascii = if c.is_ascii() {
            ""
        } else {
            " (write the name in its ASCII form, xn--…)"
        };
        return wrong(from + at, format!("{c:?} may not stand in a host name{ascii}"));
    }
    if host.len() > 253 {
        return wrong(from, "the host name has more than 253 bytes");
    }
    Ok((host.into(), from + length))
}

fn port(digits: &str, at: usize) -> Result<u16, Wrong> {
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    match digits.parse::<u16>() {
        Ok(port) if port > 0 && plain => Ok(port),
        _ => wrong(at, "the port is not in 1 to 65535"),
    }
}

/// Path and query without the fragment; bytes above ASCII become %XX (RFC 3986 section 2.1). Empty if there is none.
fn path(text: &str) -> String {
    let kept = text.split('#').next().unwrap_or_default();
    let mut out = String::with_capacity(kept.len() + 1);
    if kept.starts_with('?') {
        out.push('/');
    }
    for byte in kept.bytes() {
        if byte.is_ascii() {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The sentence, the target, a caret under the fault. What may be a password is not shown again.
fn pointed(text: &str, wrong: &Wrong) -> String {
    let hidden = text.contains('@');
    let from = text[..wrong.at].chars().count().saturating_sub(40);
    let shown: String = text
        .chars()
        .skip(from)
        .take(76)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    let gap = text[..wrong.at].chars().count() - from;
    if hidden || text.is_empty() {
        return format!("{} ({FORMS})", wrong.what);
    }
    format!("{} ({FORMS})\n  {shown}\n  {:gap$}^", wrong.what, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_forms_are_understood() {
        for (text, scheme, authority, path) in [
            ("localhost:8080", Scheme::Bare, "localhost:8080", "/"),
            ("localhost", Scheme::Bare, "localhost:80", "/"),
            ("h:81/a?b=c#d", Scheme::Http, "h:81", "/a?b=c"),
            ("http://h", Scheme::Http, "h:80", "/"),
            ("HTTP://h:1", Scheme::Http, "h:1", "/"),
            ("http://h?q=1", Scheme::Http, "h:80", "/?q=1"),
            ("h/?u=http://x", Scheme::Http, "h:80", "/?u=http://x"),
            ("h/a@b", Scheme::Http, "h:80", "/a@b"),
            ("[::1]:8080", Scheme::Bare, "[::1]:8080", "/"),
            ("http://[::1]/x", Scheme::Http, "[::1]:80", "/x"),
            ("[fe80::1%25eth0]:9", Scheme::Bare, "[fe80::1%eth0]:9", "/"),
            ("tcp://10.0.0.1:9000", Scheme::Tcp, "10.0.0.1:9000", "/"),
            ("http://h/ü", Scheme::Http, "h:80", "/%C3%BC"),
        ] {
            let target = Target::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));

            assert_eq!(
                (target.scheme, target.authority().as_str(), target.path.as_str()),
                (scheme, authority, path),
                "{text}"
            );
        }
    }

    #[test]
    fn the_caret_stands_under_the_fault() {
        for (text, at, says) in [
            ("htp:/bad", 3, "://"),
            ("http:h:80", 4, "://"),
            ("http://", 7, "host is missing"),
            ("http:///x", 7, "host is missing"),
            ("http://h:0", 9, "1 to 65535"),
            (":99999", 0, "host is missing"),
            ("h:99999", 2, "1 to 65535"),
            ("h:+80", 2, "1 to 65535"),
            ("http://[::1", 7, "not closed"),
            ("[::1]8080", 5, "after ]"),
            ("[::x]:1", 1, "IPv6"),
            ("::1:8080", 0, "host is missing"),
            ("fe80::1:80", 0, "brackets"),
            ("h:80/a b", 6, "%20"),
            ("h\0:80", 1, "control"),
            ("ü.example:80", 0, "xn--"),
            ("tcp://h", 7, "needs a port"),
            ("tcp://h:1/x", 9, "no path"),
            ("https://h", 0, "not built yet"),
            ("mqtt://h", 0, "not built yet"),
            ("unix:/run/x", 0, "not built yet"),
            ("gopher://h", 0, "no such scheme"),
        ] {
            let told = Target::parse(text).unwrap_err();

            let caret = told.lines().nth(2).unwrap_or_else(|| panic!("{text}: {told}"));
            assert_eq!(caret.find('^'), Some(at + 2), "{text}: {told}");
            assert!(told.contains(says), "{text}: {told}");
        }
    }

    #[test]
    fn empty_long_and_secret_targets_are_refused_without_being_shown() {
        assert!(Target::parse("").is_err() && Target::parse("  ").is_err());
        assert!(Target::parse(&"a".repeat(100_000)).unwrap_err().len() < 200);
        let told = Target::parse("http://me:S3CR3T@h/").unwrap_err();

        assert!(told.contains("-H") && !told.contains("S3CR3T"), "{told}");
    }

    #[test]
    fn a_fault_far_into_a_long_target_is_still_pointed_at() {
        let told = Target::parse(&format!("h/{} x", "y".repeat(5000))).unwrap_err();

        assert!(told.lines().all(|l| l.chars().count() < 140), "{told}");
        assert_eq!(told.lines().nth(2).unwrap().find('^'), Some(42));
    }
}
