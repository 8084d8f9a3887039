//! What must not be shown: values with secret names, and text from outside that gives them back.

use super::{Request, Target};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// So much of a secret is told, or all of a shorter one.
const TELLING: usize = 6;
/// Shorter values stand everywhere: to hide them would hide the text.
const LEAST: usize = 4;
/// So much of a body is looked for.
const BODY: usize = 4096;

/// Ways to authenticate, named before what is secret (RFC 9110 section 11.4).
const SCHEMES: [&str; 5] = ["basic", "bearer", "digest", "negotiate", "token"];

/// Whether what goes by this name is secret.
pub fn named(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "auth",
        "token",
        "secret",
        "passw",
        "api-key",
        "api_key",
        "apikey",
        "session",
        "cookie",
        "signature",
    ]
    .iter()
    .any(|s| name.contains(s))
}

/// The secret values that are sent.
#[derive(Clone, Debug, Default)]
pub struct Secrets(Vec<Vec<u8>>);

impl Secrets {
    /// Of a request to a target: values of headers and parameters with secret names, and a body that has such a name in it.
    pub fn of(request: &Request, target: &Target) -> Self {
        let headers = request.headers.iter().filter(|(name, _)| named(name));
        let query = target.path.split_once('?').map_or("", |(_, query)| query);
        let parameters = query.split('&').filter_map(|pair| pair.split_once('='));
        let mut values: Vec<&str> = headers.flat_map(|(_, value)| pieces(value)).collect();
        values.extend(parameters.filter(|(name, _)| named(name)).map(|(_, value)| value));
        let mut all: Vec<Vec<u8>> = values.into_iter().map(|v| v.as_bytes().to_vec()).collect();
        let body = request.body.as_deref().unwrap_or_default();
        let body = &body[..body.len().min(BODY)];
        all.extend(named(&String::from_utf8_lossy(body)).then(|| body.to_vec()));
        all.extend(credentials(request));
        let escaped: Vec<Vec<u8>> = all.iter().map(|v| v.escape_ascii().collect()).collect();
        all.extend(escaped);
        all.retain(|v| v.len() >= LEAST);
        all.dedup();
        Self(all)
    }

    /// Text from outside with `***` where it gives a secret back, or as much of one as an excerpt has of it.
    pub fn hide(&self, text: &str) -> String {
        let bytes = text.as_bytes();
        let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
        while at < bytes.len() {
            match self.0.iter().filter_map(|s| told(s, &bytes[at..])).max() {
                Some(n) => {
                    out.extend_from_slice(b"***");
                    at += n;
                }
                None => {
                    out.push(bytes[at]);
                    at += 1;
                }
            }
        }
        String::from_utf8_lossy(&out).into_owned()
    }
}

/// The parts of a header's value that are secret: what follows a scheme, a name or a separator.
fn pieces(value: &str) -> impl Iterator<Item = &str> {
    let scheme = |piece: &str| SCHEMES.iter().any(|s| piece.eq_ignore_ascii_case(s));
    let pieces = value.split([' ', ';', ',']).enumerate();
    pieces
        .filter(move |(nth, piece)| *nth > 0 || !scheme(piece))
        .map(|(_, piece)| match piece.split_once('=') {
            Some((_, value)) if !value.trim_matches('=').is_empty() => value,
            _ => piece,
        })
        .map(|piece| piece.trim_matches('"'))
}

/// User and password of Basic authentication (RFC 7617) in plain, and the password alone.
fn credentials(request: &Request) -> Vec<Vec<u8>> {
    let basic = |value: &str| {
        let (scheme, coded) = value.trim().split_once(' ')?;
        let plain = scheme.eq_ignore_ascii_case("basic").then(|| decoded(coded.trim()))??;
        let colon = plain.iter().position(|b| *b == b':')?;
        Some([plain[colon + 1..].to_vec(), plain])
    };
    let headers = request.headers.iter().filter(|(name, _)| named(name));
    headers.filter_map(|(_, value)| basic(value)).flatten().collect()
}

/// Base64 (RFC 4648 section 4), padded or not.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&STANDARD, lenient).decode(text).ok()
}

/// How much of `text`, from its begin, is in the secret, if that is telling.
fn told(secret: &[u8], text: &[u8]) -> Option<usize> {
    let common = |from: usize| secret[from..].iter().zip(text).take_while(|(a, b)| a == b).count();
    let longest = (0..secret.len()).map(common).max()?;
    (longest >= TELLING.min(secret.len())).then_some(longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;

    fn secrets(headers: &[(&str, &str)], path: &str, body: Option<&str>) -> Secrets {
        let mut plan = Plan::plain(Target::parse(&format!("http://h:1{path}")).unwrap());
        plan.request.headers = headers.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
        plan.request.body = body.map(|b| b.as_bytes().into());
        Secrets::of(&plan.request, &plan.target)
    }

    #[test]
    fn a_secret_given_back_is_hidden_whole_cut_or_escaped() {
        let s = secrets(
            &[
                ("Authorization", "Bearer S3CR3T-\"TOKEN\"-77"),
                ("Cookie", "theme=dark-mode; sid=0123456789abcdef"),
                ("X-Name", "nobody-hides-this"),
            ],
            "/p?api_key=KEY=VALUE&x=visible1",
            Some("{\"password\": \"hunter2-hunter2\"}"),
        );

        for (text, hidden) in [
            ("got \"Bearer S3CR3T-\"", "got \"Bearer ***"),
            ("…TOKEN\\\"-77 after", "…*** after"),
            ("sid=0123456789abcdef; x", "sid=***; x"),
            ("sid=01234567", "sid=***"),
            ("/p?api_key=KEY=VALUE&x=visible1", "/p?api_key=***&x=visible1"),
            ("nobody-hides-this, visible1", "nobody-hides-this, visible1"),
            ("{\\\"password\\\": \\\"hunter2-hunter2", "***"),
            ("größer", "größer"),
        ] {
            assert_eq!(s.hide(text), hidden, "{text}");
        }
    }

    #[test]
    fn basic_credentials_are_hidden_coded_and_in_plain() {
        // "deploy-bot:c0rrect horse" and "a:pässword"
        for (header, texts) in [
            (
                "Basic ZGVwbG95LWJvdDpjMHJyZWN0IGhvcnNl",
                [
                    "ZGVwbG95LWJvdDpjMHJyZWN0IGhvcnNl",
                    "deploy-bot:c0rrect horse",
                    "c0rrect horse",
                ],
            ),
            ("basic YTpww6Rzc3dvcmQ=", ["YTpww6Rzc3dvcmQ", "a:pässword", "pässword"]),
        ] {
            let s = secrets(&[("Authorization", header)], "/", None);
            for text in texts {
                assert_eq!(s.hide(&format!("hello {text}!")), "hello ***!", "{header}");
            }
        }
    }

    #[test]
    fn nothing_secret_hides_nothing() {
        let s = secrets(&[("Accept", "text/html"), ("Authorization", "x")], "/?q=auth", None);

        assert_eq!(s.hide("Accept: text/html x ?q=auth"), "Accept: text/html x ?q=auth");
    }
}
