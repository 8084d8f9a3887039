//! What a finished control sequence means: a key, a paste to come, a terminal's reply, or nothing.
//! It refuses to guess: what is not known here is no key.

use crate::ui::theme::Ground;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What comes from a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ui) enum Input {
    /// A key that was pressed.
    Key(KeyEvent),
    /// Text that was pasted.
    Paste(String),
    /// What the background is, asked for or not.
    Background(Ground),
    /// The device attributes, which every terminal tells: what was asked before them has been answered if it will be.
    Attributes,
}

/// `ESC [` … `last`.
pub(super) fn csi(parameters: &[u8], last: u8) -> Option<Input> {
    if parameters.first() == Some(&b'?') {
        return (last == b'c').then_some(Input::Attributes);
    }
    let text = std::str::from_utf8(parameters).ok()?;
    if !text.bytes().all(|b| b.is_ascii_digit() || b == b';' || b == b':') {
        return None;
    }
    let mut numbers = text.split(';').map(|p| p.split(':').map(|n| n.parse::<u32>().ok()));
    let first = numbers.next().and_then(|mut n| n.next()?);
    let mut second = numbers.next();
    let mask = second.as_mut().and_then(|n| n.next()?).unwrap_or(1);
    let kind = second.as_mut().and_then(|n| n.next()?);
    let third = numbers.next().and_then(|mut n| n.next()?);
    // A key let go.
    if kind == Some(3) {
        return None;
    }
    let held = modifiers(mask);
    match (last, first) {
        // Its row and column; F3 with modifiers looks alike and has no use here.
        (b'R', _) => None,
        (b'~', Some(27)) => third.and_then(|code| coded(code, held)),
        (b'~', Some(code)) => numbered(code).map(|code| key(code, held)),
        (b'u', Some(code)) => coded(code, held),
        (b'Z', None) => Some(key(KeyCode::BackTab, KeyModifiers::SHIFT)),
        (_, None | Some(1)) => lettered(last).map(|code| key(code, held)),
        _ => None,
    }
}

/// `ESC O` … `last`: the same letters, and the keypad's Enter.
pub(super) fn ss3(last: u8) -> Option<Input> {
    let code = if last == b'M' { Some(KeyCode::Enter) } else { lettered(last) };
    code.map(|code| key(code, KeyModifiers::NONE))
}

/// `ESC [ [` and a letter: F1 to F5 of the Linux console.
pub(super) fn console(last: u8) -> Option<Input> {
    (b'A'..=b'E')
        .contains(&last)
        .then(|| key(KeyCode::F(1 + last - b'A'), KeyModifiers::NONE))
}

/// The text of `ESC ]`: the background, in answer to `11;?`.
pub(super) fn osc(text: &[u8]) -> Option<Input> {
    let text = std::str::from_utf8(text).ok()?.strip_prefix("11;")?;
    let [r, g, b] = colour(text)?.map(linear);
    // Half of the lightness that is seen, CIE L* = 50.
    let light = 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.184;
    Some(Input::Background(if light { Ground::Light } else { Ground::Dark }))
}

/// `rgb:RRRR/GGGG/BBBB`, one to four digits each, or `#RRGGBB`; 0 to 1.
fn colour(text: &str) -> Option<[f64; 3]> {
    let share = |digits: &str| {
        let most = 16_u32.checked_pow(digits.len().try_into().ok()?)?.checked_sub(1)?;
        let value = u32::from_str_radix(digits, 16)
            .ok()
            .filter(|_| (1..=4).contains(&digits.len()))?;
        Some(f64::from(value) / f64::from(most))
    };
    let parts: Vec<&str> = match text.strip_prefix('#') {
        Some(hex) if hex.len() == 6 && hex.is_ascii() => vec![&hex[..2], &hex[2..4], &hex[4..]],
        Some(_) => return None,
        None => {
            let named = text.strip_prefix("rgb:").or_else(|| text.strip_prefix("rgba:"))?;
            named.split('/').take(3).collect()
        }
    };
    let [r, g, b] = parts[..] else { return None };
    Some([share(r)?, share(g)?, share(b)?])
}

/// An sRGB component as light.
fn linear(c: f64) -> f64 {
    if c <= 0.04045 {
        c / 12.92
    } else {
        ((c + 0.055) / 1.055).powf(2.4)
    }
}

/// A byte or character between sequences; `None` for characters that nobody types.
pub(super) fn plain(c: char, alt: bool) -> Option<Input> {
    let (code, mut held) = match c {
        '\r' => (KeyCode::Enter, KeyModifiers::NONE),
        '\t' => (KeyCode::Tab, KeyModifiers::NONE),
        '\x7f' => (KeyCode::Backspace, KeyModifiers::NONE),
        '\0' => (KeyCode::Char(' '), KeyModifiers::CONTROL),
        '\x01'..='\x1a' => (KeyCode::Char((c as u8 - 1 + b'a') as char), KeyModifiers::CONTROL),
        '\x1c'..='\x1f' => (KeyCode::Char((c as u8 - 0x1c + b'4') as char), KeyModifiers::CONTROL),
        c if c.is_control() => return None,
        c if c.is_uppercase() => (KeyCode::Char(c), KeyModifiers::SHIFT),
        c => (KeyCode::Char(c), KeyModifiers::NONE),
    };
    if alt {
        held |= KeyModifiers::ALT;
    }
    Some(key(code, held))
}

/// The key ESC.
pub(super) fn escape() -> Input {
    key(KeyCode::Esc, KeyModifiers::NONE)
}

fn key(code: KeyCode, held: KeyModifiers) -> Input {
    Input::Key(KeyEvent::new(code, held))
}

fn lettered(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'P' => KeyCode::F(1),
        b'Q' => KeyCode::F(2),
        b'R' => KeyCode::F(3),
        b'S' => KeyCode::F(4),
        _ => return None,
    })
}

fn numbered(code: u32) -> Option<KeyCode> {
    let f = |n: u32| u8::try_from(n).ok().map(KeyCode::F);
    match code {
        1 | 7 => Some(KeyCode::Home),
        2 => Some(KeyCode::Insert),
        3 => Some(KeyCode::Delete),
        4 | 8 => Some(KeyCode::End),
        5 => Some(KeyCode::PageUp),
        6 => Some(KeyCode::PageDown),
        11..=15 => f(code - 10),
        17..=21 => f(code - 11),
        23..=26 => f(code - 12),
        28..=29 => f(code - 15),
        31..=34 => f(code - 17),
        _ => None,
    }
}

/// A key told by its character, as kitty and xterm do where a program asked for that and did not take it back.
fn coded(code: u32, held: KeyModifiers) -> Option<Input> {
    let shift = held.contains(KeyModifiers::SHIFT);
    let code = match char::from_u32(code)? {
        '\x1b' => KeyCode::Esc,
        '\r' => KeyCode::Enter,
        '\t' if shift => KeyCode::BackTab,
        '\t' => KeyCode::Tab,
        '\x7f' => KeyCode::Backspace,
        // Private use: keys without a character, such as Shift alone.
        c if c.is_control() || ('\u{e000}'..='\u{f8ff}').contains(&c) => return None,
        c if shift => KeyCode::Char(c.to_uppercase().next().unwrap_or(c)),
        c => KeyCode::Char(c),
    };
    Some(key(code, held))
}

fn modifiers(mask: u32) -> KeyModifiers {
    let bits = mask.saturating_sub(1);
    [(1, KeyModifiers::SHIFT), (2, KeyModifiers::ALT), (4, KeyModifiers::CONTROL)]
        .into_iter()
        .filter(|(bit, _)| bits & bit != 0)
        .fold(KeyModifiers::NONE, |held, (_, one)| held | one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_background_is_light_or_dark_however_it_is_spelt() {
        for (text, ground) in [
            ("11;rgb:0000/0000/0000", Some(Ground::Dark)),
            ("11;rgb:2e/34/36", Some(Ground::Dark)),
            ("11;rgb:ffff/ffff/dddd", Some(Ground::Light)),
            ("11;rgb:f/f/f", Some(Ground::Light)),
            ("11;rgba:fdfd/f6f6/e3e3/ffff", Some(Ground::Light)),
            ("11;#002b36", Some(Ground::Dark)),
            ("11;#ffffff", Some(Ground::Light)),
            ("10;rgb:ffff/ffff/ffff", None),
            ("11;?", None),
            ("11;rgb:", None),
            ("11;rgb:+f/-f/ f", None),
            ("11;rgb:fffff/0/0", None),
            ("11;#fffffé", None),
        ] {
            assert_eq!(osc(text.as_bytes()), ground.map(Input::Background), "{text}");
        }
    }
}
