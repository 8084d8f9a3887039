//! Where the body of an HTTP/1 answer ends (RFC 9112 section 6).
//! It refuses to keep the body: bytes are counted and skipped where they lie.

use super::Fault;
use super::chunked::Chunked;
use crate::protocol::check::Check;

/// A body being read.
#[derive(Debug)]
pub(super) struct Body {
    end: End,
    got: u64,
}

#[derive(Debug)]
enum End {
    /// After this many bytes in all.
    Length(u64),
    /// As the chunks say.
    Chunked(Chunked),
    /// With the connection.
    Close,
}

impl Body {
    pub(super) fn length(n: u64) -> Self {
        Self {
            end: End::Length(n),
            got: 0,
        }
    }

    pub(super) fn chunked() -> Self {
        Self {
            end: End::Chunked(Chunked::default()),
            got: 0,
        }
    }

    pub(super) fn until_close() -> Self {
        Self { end: End::Close, got: 0 }
    }

    /// Bytes of content so far.
    pub(super) fn got(&self) -> u64 {
        self.got
    }

    /// Only the end of the connection ends it.
    pub(super) fn ends_with_connection(&self) -> bool {
        matches!(self.end, End::Close)
    }

    /// Takes what belongs to the body and shows it to `check`; says how many bytes that was and whether the body is whole.
    pub(super) fn take(&mut self, input: &[u8], mut check: Option<&mut Check>) -> Result<(usize, bool), Fault> {
        let taken = match &mut self.end {
            End::Length(n) => {
                let left = *n - self.got;
                usize::try_from(left).unwrap_or(usize::MAX).min(input.len())
            }
            End::Chunked(chunked) => return chunked.take(input, &mut self.got, check),
            End::Close => input.len(),
        };
        self.got += taken as u64;
        if let Some(check) = check.as_mut() {
            check.add(&input[..taken]);
        }
        Ok((taken, matches!(self.end, End::Length(n) if n == self.got)))
    }

    /// The connection has ended: fine for a body that ends with it, else a fault.
    pub(super) fn closed(&self) -> Result<(), Fault> {
        match &self.end {
            End::Close => Ok(()),
            End::Length(n) => Err(Fault::short(format!("got {} of {n} bytes", self.got))),
            End::Chunked(_) => Err(Fault::short(format!(
                "got {} bytes of a chunked body without its end",
                self.got
            ))),
        }
    }
}

/// Content-Length, RFC 9110 section 8.6: digits, or a list of equal ones. `before`: what an earlier line said.
pub(super) fn content_length(value: &[u8], before: Option<u64>) -> Result<u64, Fault> {
    let mut agreed = before;
    for element in value.split(|b| *b == b',') {
        let n = number(element.trim_ascii()).ok_or_else(|| Fault::proto_of("the content length is not a length", value))?;
        if agreed.is_some_and(|other| other != n) {
            return Err(Fault::proto_of("content lengths differ", value));
        }
        agreed = Some(n);
    }
    agreed.ok_or_else(|| Fault::proto("the content length is empty".into()))
}

/// Decimal digits and nothing else; `None` too when above 2^64 − 1.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |n, b| {
        let digit = b.is_ascii_digit().then(|| u64::from(b - b'0'))?;
        n.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_digits_and_repeat_only_themselves() {
        let parse = |values: &[&str]| {
            values
                .iter()
                .try_fold(None, |before, v| content_length(v.as_bytes(), before).map(Some))
                .ok()
                .flatten()
        };

        for (values, expected) in [
            (&["0"][..], Some(0)),
            (&["18446744073709551615"], Some(u64::MAX)),
            (&["2, 2"], Some(2)),
            (&["2", "2"], Some(2)),
            (&["007"], Some(7)),
            (&["2", "3"], None),
            (&["2, 3"], None),
            (&["2,"], None),
            (&[""], None),
            (&["-1"], None),
            (&["+1"], None),
            (&["12x"], None),
            (&["0x10"], None),
            (&["1 2"], None),
            (&["18446744073709551616"], None),
        ] {
            assert_eq!(parse(values), expected, "{values:?}");
        }
    }
}
