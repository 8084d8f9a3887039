//! Time, rates and their text forms as the user types them.
//! It refuses to read a clock: a `Nanos` is always handed in.

use std::fmt;
use std::ops::{Add, AddAssign, Mul, Sub};

/// A moment (since run start) or a length of time, in nanoseconds. In [0, 2^64), about 584 years.
///
/// Arithmetic saturates at both ends: a length is never negative and never wraps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(u64);

impl Nanos {
    /// Run start, or no time at all.
    pub const ZERO: Self = Self(0);
    /// Later than anything that happens.
    pub const MAX: Self = Self(u64::MAX);

    /// From whole nanoseconds.
    pub const fn new(ns: u64) -> Self {
        Self(ns)
    }

    /// From whole microseconds.
    pub const fn from_micros(us: u64) -> Self {
        Self(us.saturating_mul(1_000))
    }

    /// From whole milliseconds.
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms.saturating_mul(1_000_000))
    }

    /// From whole seconds.
    pub const fn from_secs(s: u64) -> Self {
        Self(s.saturating_mul(1_000_000_000))
    }

    /// From seconds; negative and NaN become zero, too large becomes `MAX`.
    pub fn from_secs_f64(s: f64) -> Self {
        Self((s * 1e9).round() as u64)
    }

    /// Whole nanoseconds.
    pub const fn ns(self) -> u64 {
        self.0
    }

    /// Seconds.
    pub fn secs(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Milliseconds.
    pub fn millis(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// As the standard library's length of time.
    pub const fn duration(self) -> std::time::Duration {
        std::time::Duration::from_nanos(self.0)
    }
}

impl From<std::time::Duration> for Nanos {
    fn from(d: std::time::Duration) -> Self {
        Self(u64::try_from(d.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl Add for Nanos {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Nanos {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Nanos {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Mul<u64> for Nanos {
    type Output = Self;
    fn mul(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

impl fmt::Display for Nanos {
    /// Three significant digits at most: `850 ns`, `1.2 ms`, `17 ms`, `1.34 s`, `2m05s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::format::length(self.secs()))
    }
}

/// A length of time as typed: `250us`, `5ms`, `1.5s`, `1m30s`, `2h`; a bare number is seconds.
///
/// # Errors
/// A sentence naming the units when the text is empty, negative, zero, not finite or has an unknown unit.
pub fn parse_duration(text: &str) -> Result<Nanos, String> {
    let fault = || {
        format!("duration {text:?} is not a positive time (use a number with ns, us, ms, s, m or h, such as 500ms, 10s or 1m30s)")
    };
    let mut rest = text.trim();
    if rest.is_empty() || !rest.is_ascii() {
        return Err(fault());
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let value: f64 = rest[..digits].parse().map_err(|_| fault())?;
        let tail = &rest[digits..];
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let seconds = match &tail[..letters] {
            "ns" => 1e-9,
            "us" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "" if digits == text.trim().len() => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            _ => return Err(fault()),
        };
        total += value * seconds;
        rest = &tail[letters..];
    }
    if total > 0.0 && total < 1e9 {
        Ok(Nanos::from_secs_f64(total))
    } else if total >= 1e9 {
        Err(format!("duration {text:?} is too long (at most 270000h, some 30 years)"))
    } else {
        Err(fault())
    }
}

/// A rate as typed, per second: `250`, `27.5k`, `1000/m`, `3/s`, `2k/h`.
///
/// # Errors
/// A sentence naming the remedy when the rate is not a positive finite number up to 10 million a second.
pub fn parse_rate(text: &str) -> Result<f64, String> {
    let fault = || {
        format!(
            "rate {text:?} is not positive (use a value such as 250, 27.5k or 1000/m, or leave the rate out for the closed model)"
        )
    };
    let (number, per) = match text.split_once('/') {
        None => (text, 1.0),
        Some((n, "s")) => (n, 1.0),
        Some((n, "m")) => (n, 60.0),
        Some((n, "h")) => (n, 3600.0),
        Some(_) => return Err(fault()),
    };
    let rate = parse_number(number).ok_or_else(fault)? / per;
    if rate > 10_000_000.0 {
        return Err(format!(
            "rate {text:?} is above 10 000 000 a second (no generator here reaches that; lower it)"
        ));
    }
    if rate > 0.0 { Ok(rate) } else { Err(fault()) }
}

/// A plain number with an optional `k` or `M`; `None` when it is not finite or not a number.
pub fn parse_number(text: &str) -> Option<f64> {
    let text = text.trim();
    let (digits, times) = match text.as_bytes().last()? {
        b'k' => (&text[..text.len() - 1], 1e3),
        b'M' => (&text[..text.len() - 1], 1e6),
        _ => (text, 1.0),
    };
    let plain = digits
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e'));
    let value: f64 = digits.parse().ok().filter(|_| plain)?;
    value.is_finite().then_some(value * times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_take_units_and_compounds_and_bare_seconds() {
        for (text, ns) in [
            ("250us", 250_000),
            ("5ms", 5_000_000),
            ("1.5s", 1_500_000_000),
            ("1m30s", 90_000_000_000),
            ("10", 10_000_000_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Nanos::new(ns)), "{text}");
        }
    }

    #[test]
    fn durations_refuse_what_is_not_a_positive_time() {
        for text in ["", "0", "-1s", "1x", "1s2", "NaN", "inf", "1e9h", "٣s", "s", "99999999999h"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rates_take_suffixes_and_periods() {
        for (text, rate) in [
            ("250", 250.0),
            ("27.5k", 27_500.0),
            ("1000/m", 1000.0 / 60.0),
            ("3/s", 3.0),
            ("0.5", 0.5),
        ] {
            assert_eq!(parse_rate(text), Ok(rate), "{text}");
        }
        for text in ["0", "-5", "NaN", "inf", "1e12", "100/0s", "", "x"] {
            assert!(parse_rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn time_never_goes_negative() {
        assert_eq!(Nanos::new(3) - Nanos::new(5), Nanos::ZERO);
        assert_eq!(Nanos::from_secs_f64(-1.0), Nanos::ZERO);
        assert_eq!(Nanos::from_secs_f64(f64::NAN), Nanos::ZERO);
    }
}
