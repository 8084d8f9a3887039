//! `METRIC OP VALUE`: the one grammar of `--slo`, `--threshold` and `--guard`, and the one list of metrics.
//! It refuses to measure; whoever has a frame does.

use super::units::{parse_duration, parse_number, parse_rate};
use std::fmt;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Metric {
    /// Mean response, s.
    Mean,
    /// Longest response, s.
    Max,
    /// A quantile of the response, in (0, 1); s.
    Quantile(f64),
    /// Share of exchanges that are not good, in [0, 1].
    Errors,
    /// All completions per second.
    Rps,
    /// Good answers per second.
    GoodRps,
    /// Good answers, counted.
    Ok,
    /// Arrivals shed, counted.
    Shed,
    /// Arrivals or requests waiting.
    Queue,
    /// Exchanges allowed at once.
    Workers,
}

/// Unit of a metric's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds, typed with a unit.
    Time,
    /// A fraction, typed as `1%` or `0.01`.
    Share,
    /// Per second.
    Rate,
    /// A plain count.
    Count,
}

impl Metric {
    /// All metrics with their names.
    pub const ALL: [(&'static str, Self); 16] = [
        ("mean", Self::Mean),
        ("p50", Self::Quantile(0.5)),
        ("p75", Self::Quantile(0.75)),
        ("p90", Self::Quantile(0.9)),
        ("p95", Self::Quantile(0.95)),
        ("p99", Self::Quantile(0.99)),
        ("p999", Self::Quantile(0.999)),
        ("p9999", Self::Quantile(0.9999)),
        ("max", Self::Max),
        ("errors", Self::Errors),
        ("rps", Self::Rps),
        ("good_rps", Self::GoodRps),
        ("ok", Self::Ok),
        ("shed", Self::Shed),
        ("queue", Self::Queue),
        ("workers", Self::Workers),
    ];

    /// As typed and printed.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, m)| *m == self).map_or("p", |(n, _)| n)
    }

    /// Unit of its value.
    pub fn unit(self) -> Unit {
        match self {
            Self::Mean | Self::Max | Self::Quantile(_) => Unit::Time,
            Self::Errors => Unit::Share,
            Self::Rps | Self::GoodRps => Unit::Rate,
            Self::Ok | Self::Shed | Self::Queue | Self::Workers => Unit::Count,
        }
    }
}

/// How.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

impl Op {
    const ALL: [(&'static str, Self); 4] = [
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("<", Self::Less),
        (">", Self::More),
    ];

    /// As typed and printed.
    pub fn sign(self) -> &'static str {
        Self::ALL.iter().find(|(_, o)| *o == self).map_or("", |(s, _)| s)
    }

    /// Whether the comparison holds.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::More => left > right,
            Self::AtLeast => left >= right,
        }
    }
}

/// One expression, such as `p99<80ms`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expr {
    /// What is compared.
    pub metric: Metric,
    /// How.
    pub op: Op,
    /// With what, in the metric's unit.
    pub value: f64,
}

impl Expr {
    /// From its text.
    ///
    /// # Errors
    /// A sentence naming the grammar, the metrics or the unit that is missing.
    pub fn parse(text: &str) -> Result<Self, String> {
        let remedy = "(say METRIC OP VALUE, such as 'p99<80ms', 'errors<0.1%' or 'rps>=500')";
        let found = Op::ALL
            .iter()
            .filter_map(|(sign, op)| text.find(sign).map(|at| (at, sign, op)));
        // The leftmost sign; of `<` and `<=` there, the longer one, which is earlier in the list.
        let (at, sign, op) = found
            .min_by_key(|(at, ..)| *at)
            .ok_or_else(|| format!("{text:?} compares nothing {remedy}"))?;
        let (name, value) = (text[..at].trim(), text[at + sign.len()..].trim());
        let metric = Metric::ALL.iter().find(|(n, _)| *n == name).map(|(_, m)| *m).ok_or_else(|| {
            let names: Vec<&str> = Metric::ALL.iter().map(|(n, _)| *n).collect();
            format!("{name:?} is not a metric (there are: {})", names.join(", "))
        })?;
        Ok(Self {
            metric,
            op: *op,
            value: number(metric, name, value)?,
        })
    }
}

fn number(metric: Metric, name: &str, text: &str) -> Result<f64, String> {
    let positive = |v: Option<f64>| {
        v.filter(|v| *v >= 0.0)
            .ok_or_else(|| format!("{name}: {text:?} is not a number, 0 or more"))
    };
    match metric.unit() {
        Unit::Time if parse_number(text).is_some() => Err(format!("{name}: {text} has no unit (say {text}ms or {text}s)")),
        Unit::Time => Ok(parse_duration(text)?.secs()),
        Unit::Share => {
            let share = match text.strip_suffix('%') {
                Some(p) => positive(parse_number(p))? / 100.0,
                None => positive(parse_number(text))?,
            };
            if share <= 1.0 {
                Ok(share)
            } else {
                Err(format!("{name}: {text} is more than everything (say 1% or 0.01)"))
            }
        }
        Unit::Rate if text == "0" => Ok(0.0),
        Unit::Rate => parse_rate(text),
        Unit::Count => positive(parse_number(text)),
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.metric.name(), self.op.sign(), self.value_text())
    }
}

impl Expr {
    /// The value alone, as it would be typed.
    pub fn value_text(&self) -> String {
        match self.metric.unit() {
            // Whole nanoseconds, so that it reads as typed.
            Unit::Time if self.value >= 1.0 => format!("{}s", (self.value * 1e9).round() / 1e9),
            Unit::Time => format!("{}ms", (self.value * 1e9).round() / 1e6),
            Unit::Share => format!("{}%", (self.value * 1e8).round() / 1e6),
            Unit::Rate | Unit::Count => format!("{}", self.value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_printed_again() {
        for text in [
            "p99<80ms",
            "errors<0.1%",
            "rps>=500",
            "p999<=1.5s",
            "queue<100",
            "mean>0.25ms",
            "max<2s",
        ] {
            assert_eq!(Expr::parse(text).map(|e| e.to_string()), Ok(text.to_owned()));
        }
        assert_eq!(Expr::parse(" p99 < 80ms "), Expr::parse("p99<80ms"));
        assert_eq!(Expr::parse("errors<0.001"), Expr::parse("errors<0.1%"));
        assert_eq!(Expr::parse("rps>27.5k").map(|e| e.value), Ok(27_500.0));
    }

    #[test]
    fn a_fault_names_the_remedy() {
        for (text, remedy) in [
            ("p99", "METRIC OP VALUE"),
            ("p98<5ms", "p99, p999"),
            ("p99<80", "80ms"),
            ("errors<2", "0.01"),
            ("rps>-3", "positive"),
            ("queue<many", "number"),
            ("p99<0ms", "positive time"),
        ] {
            let said = Expr::parse(text).unwrap_err();
            assert!(said.contains(remedy), "{text}: {said}");
        }
    }

    #[test]
    fn at_the_bound_only_the_inclusive_signs_hold() {
        let holds = ["<", "<=", ">", ">="].map(|s| Expr::parse(&format!("queue{s}5")).unwrap().op.holds(5.0, 5.0));

        assert_eq!(holds, [false, true, false, true]);
    }
}
