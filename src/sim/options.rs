//! Values of a station's options as typed: one grammar for the simulator and for the built-in queueing target.
//! It refuses to guess: what is not a value is an error that names one.

use crate::model::units::{Nanos, parse_duration};

/// Servers, places: in [1, 65536].
///
/// # Errors
/// A sentence with an example.
pub fn count(name: &str, value: &str) -> Result<u32, String> {
    let n = value.parse().ok().filter(|n| (1..=65_536).contains(n));
    n.ok_or_else(|| format!("{name} {value:?} is not a whole number from 1 to 65536 (use one such as 8)"))
}

/// A length of time; `0` and `off` are none.
///
/// # Errors
/// As for [`parse_duration`], with the option's name.
pub fn delay(name: &str, value: &str) -> Result<Nanos, String> {
    if matches!(value, "0" | "off") {
        return Ok(Nanos::ZERO);
    }
    parse_duration(value).map_err(|why| format!("{name}: {why}"))
}

/// `TIME:OPTION=VALUE`, such as `15s:servers=2`: the time since the start, and the two as typed, dashes taken away.
///
/// # Errors
/// What is missing.
pub fn step(text: &str) -> Result<(Nanos, &str, &str), String> {
    let fault = |why: &str| format!("step {text:?} {why} (use TIME:OPTION=VALUE, such as 15s:servers=2)");
    let (at, change) = text.split_once(':').ok_or_else(|| fault("has no time"))?;
    let (key, value) = change.split_once('=').ok_or_else(|| fault("has no OPTION=VALUE"))?;
    let at = parse_duration(at).map_err(|why| fault(&why))?;
    Ok((at, key.trim_start_matches('-'), value))
}

/// A number in [`from`, `to`].
///
/// # Errors
/// The range and an example.
pub fn number(name: &str, value: &str, from: f64, to: f64, example: &str) -> Result<f64, String> {
    let n = value.parse().ok().filter(|n: &f64| (from..=to).contains(n));
    n.ok_or_else(|| format!("{name} {value:?} is not a number from {from} to {to} (use one such as {example})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_has_a_time_an_option_and_a_value() {
        assert_eq!(
            step("1m5s:--service=exp:5ms"),
            Ok((Nanos::from_secs(65), "service", "exp:5ms"))
        );
        for text in ["15s", "15s:servers", "x:servers=2", "0s:servers=2", ":="] {
            assert!(step(text).unwrap_err().contains("15s:servers=2"), "{text}");
        }
    }

    #[test]
    fn values_out_of_range_are_refused_with_an_example() {
        assert_eq!((count("servers", "8"), delay("delay", "off")), (Ok(8), Ok(Nanos::ZERO)));
        for fault in [
            count("servers", "0"),
            count("servers", "-1"),
            number("alpha", "NaN", 0.0, 1e3, ".02").map(|_| 0),
            number("alpha", "-1", 0.0, 1e3, ".02").map(|_| 0),
            delay("delay", "-1ms").map(|_| 0),
        ] {
            assert!(fault.unwrap_err().contains("(use "));
        }
    }
}
