//! The command line as it may be shown: secrets out, words quoted so that a shell takes them again.

use crate::model::format::printable;
use crate::plan::secret::named;

/// The arguments as one line, header values and URL parameters with secret names replaced by `***`.
pub fn command_line(args: &[String]) -> String {
    let mut words = vec!["clobber-tui".to_owned()];
    let before = std::iter::once("").chain(args.iter().map(String::as_str));
    words.extend(
        before
            .zip(args)
            .map(|(flag, a)| quote(&body(flag, a).unwrap_or_else(|| redact(a)))),
    );
    words.join(" ")
}

/// A body that names a secret is not shown at all.
fn body(flag: &str, arg: &str) -> Option<String> {
    let apart = matches!(flag, "-d" | "--body");
    let joined = arg.starts_with("--body=") || arg.starts_with("-d");
    let hidden = if apart { "***" } else { "-d***" };
    ((apart || joined) && named(arg)).then(|| hidden.to_owned())
}

/// One argument, address or path without its secrets.
pub fn redact(arg: &str) -> String {
    if let Some((name, _)) = arg.split_once(':')
        && named(name)
        && !arg.contains("://")
    {
        return format!("{name}: ***");
    }
    let Some((path, query)) = arg.split_once('?') else {
        return arg.to_owned();
    };
    let (query, rest) = query.split_at(query.find(' ').unwrap_or(query.len()));
    let clean = query.split('&').map(|pair| match pair.split_once('=') {
        Some((k, _)) if named(k) => format!("{k}=***"),
        _ => pair.to_owned(),
    });
    format!("{path}?{}{rest}", clean.collect::<Vec<_>>().join("&"))
}

fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else if printable(word) != word || word.contains('\n') {
        // What a terminal would obey is spelled out, as shells read it again.
        let spelled = word.chars().map(|c| match c {
            '\'' | '\\' => format!("\\{c}"),
            c if c.is_ascii_control() => format!("\\x{:02x}", u32::from(c)),
            c if printable(&c.to_string()) != c.to_string() => format!("\\u{:04x}", u32::from(c)),
            c => c.to_string(),
        });
        format!("$'{}'", spelled.collect::<String>())
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(args: &[&str]) -> String {
        command_line(&args.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn secrets_in_headers_and_parameters_are_not_shown() {
        let shown = line(&[
            "-H",
            "Authorization: Bearer S3CR3T",
            "-H",
            "Accept: */*",
            "http://h:1/p?token=S3CR3T&x=1",
        ]);

        assert!(!shown.contains("S3CR3T"), "{shown}");
        assert!(shown.contains("Accept: */*") && shown.contains("x=1"), "{shown}");
    }

    #[test]
    fn a_body_with_a_secret_is_not_shown() {
        for args in [
            &["-d", r#"{"password":"S3CR3T"}"#][..],
            &["--body=token=S3CR3T"],
            &["-dtoken=S3CR3T"],
        ] {
            assert!(!line(args).contains("S3CR3T"), "{}", line(args));
        }
        assert_eq!(line(&["-d", "PING"]), "clobber-tui -d PING");
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(
            line(&["-d", "it's", "127.0.0.1:80"]),
            "clobber-tui -d 'it'\\''s' 127.0.0.1:80"
        );
        assert_eq!(
            line(&["-d", "a\u{1b}[2J'\r\n\u{202e}b"]),
            "clobber-tui -d $'a\\x1b[2J\\'\\x0d\\x0a\\u202eb'"
        );
    }
}
