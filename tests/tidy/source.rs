//! Just enough of Rust's grammar to see which paths a file names: comments and literals are skipped, groups unfolded.
//! It refuses to resolve names: a path is what is written.

/// A path as written, such as `crate::model::units`, and the line it begins on, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    /// From 1.
    pub(crate) line: usize,
    /// Its names.
    pub(crate) names: Vec<String>,
}

/// A word or a sign, and its line.
type Token = (usize, String);

/// Every path of two names or more, groups in `{ }` unfolded, and every single name.
pub(crate) fn paths(source: &str) -> Vec<Path> {
    let tokens = tokens(source);
    let (mut out, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        at = if is_name(&tokens[at].1) {
            path(&tokens, at, &[], &mut out)
        } else {
            at + 1
        };
    }
    out
}

/// Reads one path from `at` behind `prefix`; returns where it ends.
fn path(tokens: &[Token], mut at: usize, prefix: &[String], out: &mut Vec<Path>) -> usize {
    let line = tokens[at].0;
    let sign = |i: usize, s: &str| tokens.get(i).is_some_and(|t| t.1 == s);
    let mut names = prefix.to_vec();
    loop {
        names.push(tokens[at].1.clone());
        at += 1;
        if !sign(at, "::") {
            break;
        }
        at += 1;
        if sign(at, "{") {
            return group(tokens, at + 1, &names, out);
        }
        if !tokens.get(at).is_some_and(|t| is_name(&t.1)) {
            break;
        }
    }
    out.push(Path { line, names });
    at
}

/// Reads `a, b::c, d::{…} }`; returns where it ends.
fn group(tokens: &[Token], mut at: usize, prefix: &[String], out: &mut Vec<Path>) -> usize {
    while at < tokens.len() && tokens[at].1 != "}" {
        at = if is_name(&tokens[at].1) {
            path(tokens, at, prefix, out)
        } else {
            at + 1
        };
    }
    at + 1
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let (mut out, mut at, mut line) = (Vec::new(), 0, 1);
    while at < chars.len() {
        let end = skip(&chars, at);
        if end > at {
            line += chars[at..end].iter().filter(|c| **c == '\n').count();
            at = end;
            continue;
        }
        let word = chars[at..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
        let colons = chars[at..].starts_with(&[':', ':']);
        let length = if colons { 2 } else { word.max(1) };
        if chars[at] == '\n' {
            line += 1;
        } else if !chars[at].is_whitespace() {
            out.push((line, chars[at..at + length].iter().collect()));
        }
        at += length;
    }
    out
}

/// The end of the comment or literal that begins at `at`; `at` itself when none does.
fn skip(chars: &[char], at: usize) -> usize {
    let rest = &chars[at..];
    let from = |start: usize, close: &[char]| {
        let found = (start..rest.len()).find(|i| rest[*i..].starts_with(close));
        at + found.map_or(rest.len(), |i| i + close.len())
    };
    match rest {
        ['/', '/', ..] => rest.iter().position(|c| *c == '\n').map_or(chars.len(), |n| at + n),
        ['/', '*', ..] => from(2, &['*', '/']),
        ['"', ..] => at + quoted(rest),
        ['r', '"' | '#', ..] if at == 0 || !chars[at - 1].is_alphanumeric() => {
            let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
            if rest.get(1 + hashes) != Some(&'"') {
                return at; // a raw name such as r#type
            }
            let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
            from(2 + hashes, &close)
        }
        // A character, not a lifetime: 'x' or '\n'.
        ['\'', '\\', _, ..] => from(3, &['\'']),
        ['\'', _, '\'', ..] => at + 3,
        _ => at,
    }
}

/// Length of the string literal at the front.
fn quoted(rest: &[char]) -> usize {
    let mut i = 1;
    while i < rest.len() && rest[i] != '"' {
        i += if rest[i] == '\\' { 2 } else { 1 };
    }
    (i + 1).min(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(source: &str) -> Vec<(usize, String)> {
        paths(source).into_iter().map(|p| (p.line, p.names.join("::"))).collect()
    }

    #[test]
    fn groups_are_unfolded_over_lines() {
        let source = "use crate::{\n  a::B,\n  c::{d, e::F},\n};\nlet x = crate::g::h();";

        let seen = seen(source);

        for expected in [
            (2, "crate::a::B"),
            (3, "crate::c::d"),
            (3, "crate::c::e::F"),
            (5, "crate::g::h"),
        ] {
            assert!(
                seen.iter().any(|(l, p)| (*l, p.as_str()) == expected),
                "{expected:?} not in {seen:?}"
            );
        }
    }

    #[test]
    fn comments_strings_and_characters_name_nothing() {
        let source =
            "// crate::a\n/* crate::b\n */ \"crate::c \\\" crate::d\" r#\"crate::e \" \"# '\"' 'x' '\\'' b\"crate::f\"\nz::y";

        let seen = seen(source);

        assert!(!seen.iter().any(|(_, p)| p.starts_with("crate")), "{seen:?}");
        assert_eq!(seen.last(), Some(&(4, "z::y".to_owned())));
    }

    #[test]
    fn lifetimes_are_not_the_beginning_of_a_character() {
        assert!(seen("fn f<'a>(x: &'a str) -> crate::m::T<'a> {}").contains(&(1, "crate::m::T".to_owned())));
    }
}
