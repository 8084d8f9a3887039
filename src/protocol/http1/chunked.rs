//! The chunked coding, strictly (RFC 9112 section 7.1), at any split.
//! It refuses leniency: a decoder that guesses ends a body early and calls the rest an answer.
//!
//! ```text
//! Size ── CR ──▸ SizeEnd ── LF, n > 0 ──▸ Data ──▸ DataCr ──▸ DataLf ──▸ Size
//!   │               ▴       LF, n = 0 ──▸ Line ── CR ──▸ LastLf ──▸ done
//!   ├ SP TAB ──▸ Padding ── ; ──┐          │ any other
//!   └ ; ──▸ Extension ◂─────────┘ CR       └──▸ Trailer ── CR ──▸ TrailerLf ──▸ Line
//! ```

use super::Fault;
use crate::protocol::check::Check;

/// Longest size line's extension.
const MOST_EXTENSION: u32 = 16 * 1024;
/// Longest trailer section.
const MOST_TRAILER: u32 = 64 * 1024;
/// Hexadecimal digits that a chunk size may have: 2^64 − 1 needs 16.
const MOST_DIGITS: u8 = 16;

/// A chunked body being read.
#[derive(Debug, Default)]
pub(super) struct Chunked {
    state: State,
    /// Of the chunk at hand: its size, then what is left of it.
    left: u64,
    digits: u8,
    /// Bytes of the extension, then of the trailer section.
    extra: u32,
    /// The trailer line at hand has its colon.
    colon: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Size,
    Padding,
    Extension,
    SizeEnd,
    Data,
    DataCr,
    DataLf,
    Line,
    Trailer,
    TrailerLf,
    LastLf,
}

impl Chunked {
    /// Takes bytes until the body's end; `got` counts content, `check` is shown it. Says how many were taken and whether that was the end.
    pub(super) fn take(&mut self, input: &[u8], got: &mut u64, mut check: Option<&mut Check>) -> Result<(usize, bool), Fault> {
        let mut at = 0;
        while at < input.len() {
            if let State::Data = self.state {
                let taken = usize::try_from(self.left).unwrap_or(usize::MAX).min(input.len() - at);
                if let Some(check) = check.as_mut() {
                    check.add(&input[at..at + taken]);
                }
                at += taken;
                *got = got.saturating_add(taken as u64);
                self.left -= taken as u64;
                if self.left == 0 {
                    self.state = State::DataCr;
                }
                continue;
            }
            let last = matches!(self.state, State::LastLf);
            self.state = self.step(input[at]).map_err(|what| what.fault(&input[at..]))?;
            at += 1;
            if last {
                return Ok((at, true));
            }
        }
        Ok((at, false))
    }

    fn step(&mut self, byte: u8) -> Result<State, Wrong> {
        match (self.state, byte) {
            (State::Size, _) => self.size(byte),
            (State::Padding, b' ' | b'\t') => self.extra(MOST_EXTENSION, State::Padding),
            (State::Padding | State::Extension, b'\r') => Ok(State::SizeEnd),
            (State::Padding, b';') => Ok(State::Extension),
            (State::Padding, _) => Err(Wrong::Size),
            (State::Trailer, b'\r') if self.colon => Ok(State::TrailerLf),
            (State::Line, b'\r') => Ok(State::LastLf),
            (State::Line, b' ' | b'\t' | b':') | (State::Trailer, b'\r' | b'\n') => Err(Wrong::Trailer),
            (State::Line | State::Extension | State::Trailer, 0..=8 | 10..=12 | 14..=31 | 127) => Err(Wrong::Control),
            (State::Extension, _) => self.extra(MOST_EXTENSION, State::Extension),
            (State::SizeEnd, b'\n') => Ok(self.sized()),
            (State::DataCr, b'\r') => Ok(State::DataLf),
            (State::DataLf, b'\n') => {
                self.digits = 0;
                Ok(State::Size)
            }
            (State::Line | State::Trailer, _) => {
                self.colon |= byte == b':';
                self.extra(MOST_TRAILER, State::Trailer)
            }
            (State::TrailerLf, b'\n') => {
                self.colon = false;
                Ok(State::Line)
            }
            (State::LastLf, b'\n') => Ok(State::LastLf),
            _ => Err(Wrong::LineEnd),
        }
    }

    fn size(&mut self, byte: u8) -> Result<State, Wrong> {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            b'\r' if self.digits > 0 => return Ok(State::SizeEnd),
            b' ' | b'\t' if self.digits > 0 => return Ok(State::Padding),
            b';' if self.digits > 0 => return Ok(State::Extension),
            _ => return Err(Wrong::Size),
        };
        if self.digits == MOST_DIGITS {
            return Err(Wrong::Size);
        }
        self.left = self.left << 4 | u64::from(digit);
        self.digits += 1;
        Ok(State::Size)
    }

    /// A size line is whole: data follow, or the trailer section.
    fn sized(&mut self) -> State {
        self.extra = 0;
        if self.left > 0 { State::Data } else { State::Line }
    }

    fn extra(&mut self, most: u32, next: State) -> Result<State, Wrong> {
        self.extra += 1;
        if self.extra > most { Err(Wrong::TooLong) } else { Ok(next) }
    }
}

/// What is wrong with a chunked body.
enum Wrong {
    Size,
    LineEnd,
    Control,
    Trailer,
    TooLong,
}

impl Wrong {
    fn fault(self, near: &[u8]) -> Fault {
        match self {
            Self::Size => Fault::proto_of("a chunk size is not a hexadecimal number", near),
            Self::LineEnd => Fault::proto_of("a chunk is not followed by CR LF", near),
            Self::Control => Fault::proto_of("a control character stands in a chunk extension or trailer", near),
            Self::Trailer => Fault::proto_of("a trailer is not a header line", near),
            Self::TooLong => Fault::limit("chunk extension or trailer section is too long".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Content bytes and surplus, or `None` for a fault, or zero surplus and `false` when not ended.
    fn decode(text: &[u8]) -> Option<(u64, usize, bool)> {
        let (mut chunked, mut got) = (Chunked::default(), 0);
        let (taken, done) = chunked.take(text, &mut got, None).ok()?;
        Some((got, text.len() - taken, done))
    }

    #[test]
    fn chunks_end_only_after_the_last_one_and_its_empty_line() {
        for (text, expected) in [
            (&b"0\r\n\r\n"[..], Some((0, 0, true))),
            (b"5\r\nhello\r\n0\r\n\r\nHTTP", Some((5, 4, true))),
            (b"5;a=b\r\nhello\r\n0;x\r\n\r\n", Some((5, 0, true))),
            (b"5  \r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\n", Some((5, 0, true))),
            (b"000A\r\n0123456789\r\n0\r\n\r\n", Some((10, 0, true))),
            (b"0\r\n\r", Some((0, 0, false))),
            (b"0\r\n", Some((0, 0, false))),
            (b"ffffffffffffffff\r\nx", Some((1, 0, false))),
        ] {
            assert_eq!(decode(text), expected, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn what_is_not_a_chunk_is_a_fault() {
        for text in [
            &b"-1\r\n"[..],
            b"0x5\r\nhello\r\n",
            b"\r\n",
            b";a\r\n",
            b"g\r\n",
            b"5 5\r\nhello",
            b"10000000000000000\r\n",
            b"00000000000000005\r\n",
            b"5\nhello",
            b"5\rhello",
            b"5\r\nhello0\r\n",
            b"5\r\nhello\n0\r\n\r\n",
            b"5;\0\r\n",
            b"5;a\nhello",
            b"0\r\nA: \0\r\n\r\n",
            b"0\r\nno colon\r\n\r\n",
            b"0\r\n folded: x\r\n\r\n",
            b"0\r\n\rX",
            b"0\r\n\n",
        ] {
            assert_eq!(decode(text), None, "{}", text.escape_ascii());
        }
    }
}
