//! The bytes of one HTTP/1.1 request, made once.
//! It refuses headers that would change where the request ends.

use crate::plan::{Content, Plan, header};
use crate::protocol::template::Template;
use std::fmt::Write as _;
use std::rc::Rc;

/// A request ready to be written, over and over.
#[derive(Debug)]
pub struct Prepared {
    pub(super) template: Rc<Template>,
    /// HEAD: the answer has no body whatever its head says.
    pub(super) bodiless: bool,
    /// To be asked twice is to be asked once.
    pub(super) idempotent: bool,
    /// The request itself says `Connection: close`.
    pub(super) closing: bool,
    /// What is expected of the answer's content.
    pub(super) content: Rc<[Content]>,
}

impl Prepared {
    /// From the plan's method, path, headers and body.
    ///
    /// # Errors
    /// A sentence naming the method, path or header that cannot be sent.
    pub fn new(plan: &Plan) -> Result<Self, String> {
        let request = &plan.request;
        let method = request.method.as_str();
        check_line(method, &plan.target.path)?;
        let length = body_length(plan);
        let own = own_headers(plan, length);
        let mut text = format!("{method} {} HTTP/1.1\r\n", plan.target.path);
        let given = |name: &str| request.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        for (name, value) in own.iter().filter(|(name, _)| !given(name)) {
            write!(text, "{name}: {value}\r\n").ok();
        }
        let mut closing = !request.keepalive;
        for (name, value) in &request.headers {
            header::check(name, value)?;
            check_framing(name, value, length.unwrap_or(0))?;
            closing |= name.eq_ignore_ascii_case("connection") && value.to_ascii_lowercase().contains("close");
            write!(text, "{name}: {value}\r\n").ok();
        }
        text.push_str("\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(request.body.as_deref().unwrap_or_default());
        Ok(Self {
            template: Rc::new(Template::new(&bytes)),
            bodiless: method == "HEAD",
            idempotent: idempotent(method),
            closing,
            content: request.expect.content.clone().into(),
        })
    }
}

/// Methods by their definition (RFC 9110 section 9.2.2); an unknown one may do anything.
pub fn idempotent(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE")
}

/// Of the body as it is sent, its numbers filled in.
fn body_length(plan: &Plan) -> Option<usize> {
    plan.request.body.as_ref().map(|b| Template::new(b).len())
}

/// What is sent unless the user says otherwise, in order.
fn own_headers(plan: &Plan, length: Option<usize>) -> Vec<(&'static str, String)> {
    let request = &plan.request;
    let mut own = vec![
        ("Host", host(plan)),
        ("User-Agent", concat!("clobber/", env!("CARGO_PKG_VERSION")).into()),
        ("Accept", "*/*".into()),
    ];
    // Methods that expect content say so even when there is none (RFC 9110 section 8.6).
    let expected = matches!(request.method.as_str(), "POST" | "PUT" | "PATCH").then_some(0);
    if let Some(n) = length.or(expected) {
        own.push(("Content-Length", n.to_string()));
    }
    if !request.keepalive {
        own.push(("Connection", "close".into()));
    }
    own
}

/// The authority without the default port and without an IPv6 zone, which means nothing to the peer (RFC 6874 section 4).
fn host(plan: &Plan) -> String {
    let mut target = plan.target.clone();
    if let Some((address, _zone)) = plan.target.host.split_once('%') {
        target.host = address.into();
    }
    let authority = target.authority();
    match authority.strip_suffix(":80") {
        Some(bare) if target.port == 80 => bare.into(),
        _ => authority,
    }
}

fn check_line(method: &str, path: &str) -> Result<(), String> {
    if !header::token(method) {
        return Err(format!("method {method:?} is not a token (such as GET or POST)"));
    }
    if method == "CONNECT" {
        return Err("method CONNECT opens a tunnel, which is no exchange (use another method)".into());
    }
    if !path.starts_with('/') && path != "*" {
        return Err(format!("path {path:?} does not begin with /"));
    }
    if path.bytes().any(|b| !b.is_ascii_graphic()) {
        return Err(format!(
            "path {path:?} has a space or control character (write %20 for a space)"
        ));
    }
    Ok(())
}

/// The length is ours to say: a wrong one would make the body the next request.
fn check_framing(name: &str, value: &str, length: usize) -> Result<(), String> {
    if name.eq_ignore_ascii_case("transfer-encoding") {
        return Err("header Transfer-Encoding cannot be set (the body is sent with its Content-Length)".into());
    }
    if name.eq_ignore_ascii_case("content-length") && value != length.to_string() {
        return Err(format!(
            "header Content-Length: {value} differs from the body's {length} bytes (leave it out; it is added)"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::fixture::plan;
    use crate::protocol::template::Stamp;

    fn text(plan: &Plan) -> String {
        let template = Prepared::new(plan).unwrap().template;
        String::from_utf8(Stamp::new(template).fill(42).to_vec()).unwrap()
    }

    #[test]
    fn a_plain_request_has_four_lines() {
        let plan = plan("127.0.0.1:8080/x?y");

        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            text(&plan),
            format!("GET /x?y HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: clobber/{version}\r\nAccept: */*\r\n\r\n")
        );
    }

    #[test]
    fn a_body_comes_with_its_length_and_a_post_without_one_says_zero() {
        let mut plan = plan("h/");
        plan.request.method = "POST".into();
        assert!(text(&plan).contains("\r\nContent-Length: 0\r\n"));

        plan.request.body = Some(b"k1=2".as_slice().into());

        assert!(text(&plan).contains("\r\nContent-Length: 4\r\n"));
        assert!(text(&plan).ends_with("\r\n\r\nk1=2"));
    }

    #[test]
    fn a_number_stands_in_path_header_and_body_and_the_length_counts_its_digits() {
        let mut plan = plan("h/item/{{seq}}");
        plan.request.headers = vec![("X-Seq".into(), "{{seq}}".into())];
        plan.request.body = Some(b"n={{seq}};".as_slice().into());

        let text = text(&plan);

        assert!(text.starts_with("GET /item/0000000042 HTTP/1.1\r\n"), "{text}");
        assert!(text.contains("\r\nX-Seq: 0000000042\r\n"), "{text}");
        assert!(text.contains("\r\nContent-Length: 13\r\n"), "{text}");
        assert!(text.ends_with("\r\n\r\nn=0000000042;"), "{text}");
    }

    #[test]
    fn headers_given_replace_ours_whatever_their_case() {
        let mut plan = plan("h/");
        plan.request.headers = vec![("hOST".into(), "other".into()), ("Accept".into(), "text/html".into())];

        let text = text(&plan);

        assert!(text.contains("\r\nhOST: other\r\n") && !text.contains("Host: h"), "{text}");
        assert_eq!(text.matches("ccept").count(), 1);
    }

    #[test]
    fn the_default_port_and_an_ipv6_zone_stay_out_of_host() {
        assert!(text(&plan("h/")).contains("\r\nHost: h\r\n"));
        assert!(text(&plan("h:81/")).contains("\r\nHost: h:81\r\n"));
        assert!(text(&plan("[fe80::1%25eth0]:8080/")).contains("\r\nHost: [fe80::1]:8080\r\n"));
    }

    #[test]
    fn what_would_split_or_reframe_a_request_is_refused() {
        for (name, value) in [
            ("A", "b\r\nC: d"),
            ("A", "\0"),
            ("A b", "c"),
            ("Transfer-Encoding", "chunked"),
            ("Content-Length", "5"),
        ] {
            let mut plan = plan("h/");
            plan.request.headers = vec![(name.into(), value.into())];

            assert!(Prepared::new(&plan).is_err(), "{name}: {value}");
        }
        let mut plan = plan("h/");
        plan.target.path = "/a b".into();
        assert!(Prepared::new(&plan).is_err());
    }

    #[test]
    fn not_keeping_connections_is_said_to_the_peer() {
        let mut plan = plan("h/");
        plan.request.keepalive = false;

        assert!(text(&plan).contains("\r\nConnection: close\r\n"));
        assert!(Prepared::new(&plan).unwrap().closing);
    }
}
