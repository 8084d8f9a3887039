//! A request header as typed.
//! It refuses what would let one header become two: request splitting starts here or nowhere.

/// `Name: value`, blanks around the value dropped; the value may be empty.
///
/// # Errors
/// A sentence when the colon is missing, the name is no token (RFC 9110 section 5.6.2), or the value has a line break,
/// a NUL or another control character.
pub fn parse(text: &str) -> Result<(String, String), String> {
    let shown = text.escape_debug().take(80).collect::<String>();
    let Some((name, value)) = text.split_once(':') else {
        return Err(format!("header \"{shown}\" has no colon (write it as 'Name: value')"));
    };
    let value = value.trim_matches([' ', '\t']);
    check(name, value)?;
    Ok((name.into(), value.into()))
}

/// Whether a header may be sent as it is.
///
/// # Errors
/// As `parse`.
pub fn check(name: &str, value: &str) -> Result<(), String> {
    if !token(name) {
        return Err(format!(
            "header name {name:?} is not a token (letters, digits and !#$%&'*+-.^_`|~)"
        ));
    }
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err(format!(
            "header {name:?} has a line break or control character in its value (a header is one line of text)"
        ));
    }
    Ok(())
}

/// Whether this is a token of RFC 9110 section 5.6.2: a header name or method.
pub fn token(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_a_name_a_colon_and_a_value() {
        assert_eq!(parse("X-A:  b c "), Ok(("X-A".into(), "b c".into())));
        assert_eq!(parse("X-Empty:"), Ok(("X-Empty".into(), String::new())));
        assert_eq!(parse("Referer: http://h:1/"), Ok(("Referer".into(), "http://h:1/".into())));
    }

    #[test]
    fn nothing_that_could_split_a_request_passes() {
        for text in [
            "no colon",
            ": v",
            "a b: v",
            "A: b\r\nC: d",
            "A: b\nC: d",
            "A: \0",
            "A\r\n: b",
            "A: \u{85}",
        ] {
            let told = parse(text).unwrap_err();

            assert!(!told.chars().any(char::is_control), "{told}");
        }
    }
}
