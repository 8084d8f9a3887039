//! A terminal's bytes as keys, pastes and replies. Pure: it is told the time.
//! It refuses to make a key of any byte of a control sequence, finished or not, and to wait for one that never ends.

use super::sequence::{self, Input};
use crate::model::units::Nanos;

/// An ESC that nothing follows for so long was the key of that name.
pub(super) const ALONE: Nanos = Nanos::from_millis(50);
/// What is not finished by then is given up.
pub(super) const LONGEST: Nanos = Nanos::from_secs(1);
/// Bytes of a sequence behind its first two. The rest of a longer one is swallowed until it pauses.
const MOST: usize = 64;
/// Bytes of a paste that are kept: more than a line takes.
const PASTED: usize = 4096;
/// What ends a paste.
const PASTE_END: &[u8] = b"\x1b[201~";
/// Ctrl-C. No sequence contains it, and it is obeyed even where one has begun.
const INTERRUPT: u8 = 0x03;

/// Where in what comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Between keys.
    #[default]
    Ground,
    /// An ESC; `again`: behind another one.
    Escape { again: bool },
    /// `ESC [`: up to a final byte.
    Csi,
    /// `ESC O`: up to a final byte.
    Ss3,
    /// `ESC [ [`: one byte more.
    Console,
    /// `ESC [ M`: button, column and row, a byte each.
    Mouse,
    /// `ESC ]`, `ESC P`, `ESC X`, `ESC ^`, `ESC _`: up to BEL or ST, which is `ESC \`.
    Text { osc: bool, escape: bool },
    /// A character of which bytes are missing.
    Character { alt: bool },
    /// Text up to [`PASTE_END`], so many bytes of which have been seen.
    Paste { ending: usize },
}

/// What has been read and is not decided yet. Its size is bounded.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    state: State,
    /// Since when what is unfinished lasts.
    since: Nanos,
    /// When its last byte came.
    last: Nanos,
    /// Its bytes, without what introduced it.
    held: Vec<u8>,
    /// It is longer than any that is known.
    long: bool,
}

impl Decoder {
    /// Bytes that were read now; `out` gets what they mean.
    pub(super) fn feed(&mut self, now: Nanos, bytes: &[u8], out: &mut Vec<Input>) {
        self.expire(now, LONGEST, out);
        for &byte in bytes {
            self.step(now, byte, out);
        }
        self.last = now;
    }

    /// Nothing is there to be read now. A process that was kept from running does not take a pause of its own for one of
    /// the terminal's: short times count only here.
    pub(super) fn idle(&mut self, now: Nanos, out: &mut Vec<Input>) {
        let short = matches!(self.state, State::Escape { .. }) || self.long;
        self.expire(now, if short { ALONE } else { LONGEST }, out);
    }

    fn expire(&mut self, now: Nanos, limit: Nanos, out: &mut Vec<Input>) {
        let whole = self.long || matches!(self.state, State::Paste { .. });
        let from = if whole { self.last } else { self.since };
        if self.state != State::Ground && now - from >= limit {
            if matches!(self.state, State::Escape { .. }) {
                out.push(sequence::escape());
            }
            self.enter(now, State::Ground);
        }
    }

    fn enter(&mut self, now: Nanos, state: State) {
        self.state = state;
        self.since = now;
        self.held.clear();
        self.long = false;
    }

    fn hold(&mut self, byte: u8) {
        if self.held.len() < MOST {
            self.held.push(byte);
        } else {
            self.long = true;
        }
    }

    /// The end of a sequence, whatever it was.
    fn finish(&mut self, now: Nanos, what: Option<Input>, out: &mut Vec<Input>) {
        if !self.long {
            out.extend(what);
        }
        self.enter(now, State::Ground);
    }

    fn step(&mut self, now: Nanos, byte: u8, out: &mut Vec<Input>) {
        match self.state {
            State::Ground => self.ground(now, byte, false, out),
            State::Escape { again } => self.escape(now, byte, again, out),
            State::Character { alt } => self.character(now, byte, alt, out),
            State::Paste { ending } => self.paste(now, byte, ending, out),
            _ if byte < 0x20 => self.control(now, byte, out),
            State::Csi => self.csi(now, byte, out),
            State::Ss3 if matches!(byte, 0x40..=0x7e) => self.finish(now, sequence::ss3(byte), out),
            State::Console => self.finish(now, sequence::console(byte), out),
            State::Mouse if self.held.len() >= 2 => self.finish(now, None, out),
            State::Text { osc, escape: true } => self.terminated(now, byte, osc, out),
            State::Ss3 | State::Mouse | State::Text { .. } => self.hold(byte),
        }
    }

    fn ground(&mut self, now: Nanos, byte: u8, alt: bool, out: &mut Vec<Input>) {
        self.enter(now, State::Ground);
        match byte {
            0x1b => self.enter(now, State::Escape { again: false }),
            0..0x80 => out.extend(sequence::plain(byte.into(), alt)),
            0xc2..=0xf4 => {
                self.state = State::Character { alt };
                self.held.push(byte);
            }
            _ => {}
        }
    }

    /// The byte behind an ESC: it introduces a sequence, or was pressed together with Alt.
    fn escape(&mut self, now: Nanos, byte: u8, again: bool, out: &mut Vec<Input>) {
        match byte {
            b'[' => self.enter(now, State::Csi),
            b'O' => self.enter(now, State::Ss3),
            b']' | b'P' | b'X' | b'^' | b'_' => {
                let (osc, escape) = (byte == b']', false);
                self.enter(now, State::Text { osc, escape });
            }
            // The key, and then Alt and a key whose own bytes begin with ESC, or the key again.
            0x1b => {
                out.push(sequence::escape());
                self.enter(now, State::Escape { again: true });
            }
            _ if again || byte == INTERRUPT => {
                out.push(sequence::escape());
                self.ground(now, byte, false, out);
            }
            _ => self.ground(now, byte, true, out),
        }
    }

    /// A control character within a sequence.
    fn control(&mut self, now: Nanos, byte: u8, out: &mut Vec<Input>) {
        match (byte, self.state) {
            (0x1b, State::Text { osc, .. }) => self.state = State::Text { osc, escape: true },
            (0x07, State::Text { osc, .. }) => self.text(now, osc, out),
            (0x1b | INTERRUPT, _) => self.ground(now, byte, false, out),
            // CAN and SUB call it off.
            (0x18 | 0x1a, _) => self.enter(now, State::Ground),
            _ => self.hold(byte),
        }
    }

    fn csi(&mut self, now: Nanos, byte: u8, out: &mut Vec<Input>) {
        match byte {
            b'M' if self.held.is_empty() => self.enter(now, State::Mouse),
            b'[' if self.held.is_empty() => self.enter(now, State::Console),
            b'~' if self.held == b"200" => self.enter(now, State::Paste { ending: 0 }),
            0x40..=0x7e => self.finish(now, sequence::csi(&self.held, byte), out),
            _ => self.hold(byte),
        }
    }

    /// The byte behind an ESC within a text: its end, another sequence, or part of it.
    fn terminated(&mut self, now: Nanos, byte: u8, osc: bool, out: &mut Vec<Input>) {
        match byte {
            b'\\' => self.text(now, osc, out),
            b'[' | b']' | b'O' | b'P' | b'X' | b'^' | b'_' => self.escape(now, byte, false, out),
            _ => {
                self.state = State::Text { osc, escape: false };
                self.hold(byte);
            }
        }
    }

    fn text(&mut self, now: Nanos, osc: bool, out: &mut Vec<Input>) {
        let what = if osc { sequence::osc(&self.held) } else { None };
        self.finish(now, what, out);
    }

    fn character(&mut self, now: Nanos, byte: u8, alt: bool, out: &mut Vec<Input>) {
        if !(0x80..0xc0).contains(&byte) {
            return self.ground(now, byte, false, out);
        }
        self.held.push(byte);
        let whole = match self.held[0] {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            _ => 4,
        };
        if self.held.len() == whole {
            let c = std::str::from_utf8(&self.held).ok().and_then(|text| text.chars().next());
            self.finish(now, c.and_then(|c| sequence::plain(c, alt)), out);
        }
    }

    fn paste(&mut self, now: Nanos, byte: u8, ending: usize, out: &mut Vec<Input>) {
        if byte == PASTE_END[ending] {
            if ending + 1 < PASTE_END.len() {
                self.state = State::Paste { ending: ending + 1 };
                return;
            }
            // What was cut off may be half a character.
            let text = String::from_utf8_lossy(&self.held).trim_end_matches('\u{fffd}').to_owned();
            return self.finish(now, Some(Input::Paste(text)), out);
        }
        // No end after all: it was text. Only its first byte can begin another.
        let room = PASTED.saturating_sub(self.held.len());
        self.held.extend(PASTE_END[..ending].iter().take(room));
        self.state = State::Paste { ending: 0 };
        if byte == PASTE_END[0] {
            self.state = State::Paste { ending: 1 };
        } else if self.held.len() < PASTED {
            self.held.push(byte);
        }
    }
}

#[cfg(test)]
mod tests;
