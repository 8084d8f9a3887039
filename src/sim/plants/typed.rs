//! Values of plant parameters as typed. A fault names a value that would do.

use super::{Cold, Discipline, Pause, Scale};
use crate::model::demand::Overflow;
use crate::model::units::{Nanos, parse_duration};
use crate::sim::options::{count, delay, number};

/// No length is none.
pub(super) fn some(length: Nanos) -> Option<f64> {
    (length > Nanos::ZERO).then(|| length.secs())
}

/// A:B of the universal scalability law.
pub(super) fn contention(value: &str) -> Result<(f64, f64), String> {
    let fault = || format!("contention {value:?} is not two numbers (use A:B such as .02:.0004, or off)");
    if value == "off" {
        return Ok((0.0, 0.0));
    }
    let (a, b) = value.split_once(':').ok_or_else(fault)?;
    let one = |t| number("contention", t, 0.0, 1e3, ".02").map_err(|_| fault());
    Ok((one(a)?, one(b)?))
}

/// Who is served first.
pub(super) fn discipline(value: &str) -> Result<Discipline, String> {
    match value {
        "fifo" => Ok(Discipline::Fifo),
        "ps" => Ok(Discipline::Sharing),
        _ => Err(format!("there is no discipline {value:?} (use fifo or ps)")),
    }
}

/// What happens to one too many.
pub(super) fn overflow(value: &str) -> Result<Overflow, String> {
    [Overflow::Drop, Overflow::Reject, Overflow::Block]
        .into_iter()
        .find(|o| o.name() == value)
        .ok_or_else(|| format!("there is no overflow {value:?} (use reject, drop or block)"))
}

/// Places behind the servers, also none.
pub(super) fn queue(value: &str) -> Result<u32, String> {
    if value == "0" { Ok(0) } else { count("queue", value) }
}

/// FIRST:TIMES.
pub(super) fn cold(value: &str) -> Result<Cold, String> {
    let parse = || {
        let (first, times) = value.split_once(':')?;
        let times = times.parse().ok().filter(|t| (0.001..=1e6).contains(t))?;
        Some(Cold {
            first: first.parse().ok()?,
            times,
        })
    };
    parse().ok_or_else(|| format!("cold {value:?} is not a count and a factor (use FIRST:TIMES such as 2000:10, or off)"))
}

/// LENGTH:EVERY.
pub(super) fn pause(value: &str) -> Result<Pause, String> {
    let parse = || {
        let (length, every) = value.split_once(':')?;
        let (length, every) = (parse_duration(length).ok()?.secs(), parse_duration(every).ok()?.secs());
        (length < every).then_some(Pause { length, every })
    };
    parse().ok_or_else(|| format!("pause {value:?} is not a length within a period (use LENGTH:EVERY such as 400ms:10s, or off)"))
}

/// ABOVE:AFTER:TIMES.
pub(super) fn scale(value: &str) -> Result<Scale, String> {
    let parse = || {
        let [above, after, times] = value.split(':').collect::<Vec<_>>().try_into().ok()?;
        Some(Scale {
            above: above.parse().ok().filter(|a| (0.0..=1.0).contains(a))?,
            after: delay("autoscale", after).ok()?.secs(),
            times: times.parse().ok().filter(|t| (0.001..=1e3).contains(t))?,
        })
    };
    parse().ok_or_else(|| {
        format!("autoscale {value:?} is not a share, a time and a factor (use ABOVE:AFTER:TIMES such as .7:30s:2, or off)")
    })
}
