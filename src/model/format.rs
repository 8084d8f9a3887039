//! Numbers as people read them: three significant digits, thin units, never NaN.
//! It refuses locale, colour and width: callers pad.

/// What is printed where there is no number.
pub const MISSING: &str = "—";

/// A length of time given in seconds: `850 ns`, `12 µs`, `1.2 ms`, `17 ms`, `1.34 s`, `2m05s`. Not finite prints `—`.
pub fn length(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return MISSING.into();
    }
    if seconds >= 99.95 {
        let whole = seconds.round() as u64;
        return if whole >= 3600 {
            format!("{}h{:02}m", whole / 3600, whole % 3600 / 60)
        } else {
            format!("{}m{:02}s", whole / 60, whole % 60)
        };
    }
    for (unit, scale) in [("s", 1.0), ("ms", 1e3), ("µs", 1e6)] {
        let value = seconds * scale;
        if value >= 0.9995 {
            return format!("{} {unit}", digits(value));
        }
    }
    if seconds == 0.0 {
        "0 ms".into()
    } else {
        format!("{:.0} ns", seconds * 1e9)
    }
}

/// A latency that may be missing, in seconds.
pub fn latency(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| MISSING.into(), length)
}

/// Two to three significant digits: `9.25`→`9.2`, `17.4`→`17`, `105.2`→`105`.
fn digits(value: f64) -> String {
    if value < 9.95 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

/// A count with thousands separated: `63,160`.
pub fn count(n: u64) -> String {
    let text = n.to_string();
    let mut out = String::with_capacity(text.len() + text.len() / 3);
    for (i, c) in text.chars().enumerate() {
        if i > 0 && (text.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A worker count: `1 worker`, `46 workers`. Without separators, so that it fits where a decision is told.
pub fn workers(n: u32) -> String {
    format!("{n} worker{}", if n == 1 { "" } else { "s" })
}

/// A worker count that may be a fraction: `1 worker`, `1.5 workers`, `1,024 workers`.
pub fn worker_count(n: f64) -> String {
    let text = quantity(n);
    let end = if text == "1" { "" } else { "s" };
    format!("{text} worker{end}")
}

/// A rate or other positive quantity: `0.31`, `9.2`, `85`, `1,662`. Not finite prints `—`.
pub fn quantity(value: f64) -> String {
    if !value.is_finite() {
        return MISSING.into();
    }
    let size = value.abs();
    if size < 0.995 && size > 0.0 {
        format!("{value:.2}")
    } else if size < 9.95 && size.fract() > 0.05 {
        format!("{value:.1}")
    } else if value < 0.0 {
        format!("-{}", count(size.round() as u64))
    } else {
        count(size.round() as u64)
    }
}

/// A fraction as per cent: `0 %`, `0.04 %`, `2.6 %`, `71 %`. Not finite prints `—`.
pub fn percent(fraction: f64) -> String {
    if !fraction.is_finite() {
        return MISSING.into();
    }
    let value = fraction * 100.0;
    let size = value.abs();
    if size == 0.0 {
        "0 %".into()
    } else if size < 0.1 {
        format!("{value:.2} %")
    } else if size < 9.95 {
        format!("{value:.1} %")
    } else {
        format!("{value:.0} %")
    }
}

/// A signed change as per cent: `+105 %`, `−28 %`, `≈ 0` under half a per cent.
pub fn change(fraction: f64) -> String {
    if !fraction.is_finite() {
        return MISSING.into();
    }
    let value = fraction * 100.0;
    if value.abs() < 0.5 {
        "≈ 0".into()
    } else if value < 0.0 {
        format!("−{:.0} %", -value)
    } else {
        format!("+{value:.0} %")
    }
}

/// A size in bytes, decimal units: `512 B`, `1.2 kB`, `10 MB`.
pub fn bytes(n: u64) -> String {
    let value = n as f64;
    match n {
        0..1_000 => format!("{n} B"),
        1_000..1_000_000 => format!("{} kB", digits(value / 1e3)),
        1_000_000..1_000_000_000 => format!("{} MB", digits(value / 1e6)),
        _ => format!("{} GB", digits(value / 1e9)),
    }
}

/// A moment of the run as a clock: `0:40`, `12:05`, `1:02:03`.
pub fn clock(seconds: f64) -> String {
    let s = seconds.max(0.0) as u64;
    if s >= 3600 {
        format!("{}:{:02}:{:02}", s / 3600, s % 3600 / 60, s % 60)
    } else {
        format!("{}:{:02}", s / 60, s % 60)
    }
}

/// Text from outside made safe to show: control, bidirectional and zero-width characters become visible escapes,
/// and the result is cut at 512 characters. Idempotent.
pub fn sanitize(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(512));
    for c in text.chars() {
        if out.chars().count() >= 512 {
            out.push('…');
            break;
        }
        show(c, &mut out);
    }
    out
}

/// The same for a message of ours with words from outside in it: lines stay, and nothing is cut.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' {
            out.push(c);
        } else {
            show(c, &mut out);
        }
    }
    out
}

/// One character, or what is shown in its place.
fn show(c: char, out: &mut String) {
    match c {
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => out.push('\u{fffd}'),
        c if c.is_control() => out.extend(c.escape_default()),
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_read_as_people_say_them() {
        for (s, text) in [
            (0.0, "0 ms"),
            (8.5e-7, "850 ns"),
            (1.2e-5, "12 µs"),
            (0.0081, "8.1 ms"),
            (0.105, "105 ms"),
            (0.9999, "1.0 s"),
            (1.34, "1.3 s"),
            (125.0, "2m05s"),
            (f64::NAN, "—"),
        ] {
            assert_eq!(length(s), text, "{s}");
        }
    }

    #[test]
    fn quantities_keep_three_digits_or_separate_thousands() {
        for (v, text) in [
            (1662.4, "1,662"),
            (9.24, "9.2"),
            (0.31, "0.31"),
            (85.0, "85"),
            (4.0, "4"),
            (0.0, "0"),
            (f64::INFINITY, "—"),
        ] {
            assert_eq!(quantity(v), text, "{v}");
        }
    }

    #[test]
    fn text_from_outside_loses_its_teeth_and_stays_so() {
        let nasty = "a\x1b]0;pwn\x07\u{9b}2J\u{202e}b";

        let clean = sanitize(nasty);

        assert!(!clean.chars().any(char::is_control) && !clean.contains('\u{202e}'), "{clean}");
        assert_eq!(sanitize(&clean), clean);
        assert_eq!(printable(&format!("{nasty}\n  ^")), format!("{clean}\n  ^"));
    }
}
