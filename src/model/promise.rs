//! What `slo` keeps: for each of a few limits, the share of arrivals that may miss it.
//! It refuses to judge arrivals; cohorts do.

use super::expr::{Expr, Metric, Op};
use super::units::Nanos;
use std::fmt;

/// Most terms of one promise.
pub const TERMS: usize = 3;

/// One term: at most the share `q` of arrivals may be bad, that is failed, shed, or not answered well within `limit`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// As said.
    pub expr: Expr,
    /// Share of arrivals that may be bad, in (0, 1).
    pub q: f64,
    /// Longest response; `Nanos::MAX` where only the outcome counts.
    pub limit: Nanos,
}

/// The whole promise, one to [`TERMS`] terms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Promise {
    terms: [Option<Term>; TERMS],
}

impl Promise {
    /// From expressions such as `p99<80ms` and `errors<0.1%`.
    ///
    /// # Errors
    /// A sentence when there is none, too many, or one that is not a latency percentile or a share of errors kept below something.
    pub fn of(exprs: &[Expr]) -> Result<Self, String> {
        if exprs.is_empty() || exprs.len() > TERMS {
            return Err(format!("a promise has 1 to {TERMS} terms (such as p99<80ms and errors<0.1%)"));
        }
        let mut terms = [None; TERMS];
        for (slot, expr) in terms.iter_mut().zip(exprs) {
            *slot = Some(term(*expr)?);
        }
        if !terms.iter().flatten().any(|t| t.limit < Nanos::MAX) {
            return Err("a promise needs a latency (such as p99<80ms; errors<0.1% may go with it)".into());
        }
        Ok(Self { terms })
    }

    /// From text: one expression, or several separated by commas.
    ///
    /// # Errors
    /// As [`Expr::parse`] and [`Promise::of`].
    pub fn parse(text: &str) -> Result<Self, String> {
        let exprs: Result<Vec<Expr>, String> = text.split(',').map(|t| Expr::parse(t.trim())).collect();
        Self::of(&exprs?)
    }

    /// The same with another main limit, s.
    ///
    /// # Errors
    /// As [`Promise::of`].
    pub fn aimed(&self, metric: Metric, limit: f64) -> Result<Self, String> {
        let main = *self.main();
        let moved = |t: &Term| {
            let value = if *t == main { limit } else { t.expr.value };
            let metric = if *t == main { metric } else { t.expr.metric };
            Expr { metric, value, ..t.expr }
        };
        let exprs: Vec<Expr> = self.terms().map(moved).collect();
        Self::of(&exprs)
    }

    /// Its terms.
    pub fn terms(&self) -> impl Iterator<Item = &Term> {
        self.terms.iter().flatten()
    }

    /// The limits, for whoever counts; `MAX` where only the outcome counts or there is no term.
    pub fn limits(&self) -> [Nanos; TERMS] {
        self.terms.map(|t| t.map_or(Nanos::MAX, |t| t.limit))
    }

    /// The longest latency limit: the age at which an arrival is decided.
    pub fn limit(&self) -> Nanos {
        self.terms()
            .map(|t| t.limit)
            .filter(|l| *l < Nanos::MAX)
            .max()
            .unwrap_or(Nanos::ZERO)
    }

    /// The first latency term: the one the screen speaks of.
    pub fn main(&self) -> &Term {
        self.terms().find(|t| t.limit < Nanos::MAX).expect("checked when it was made")
    }

    /// The smallest share that any term allows.
    pub fn strictest(&self) -> f64 {
        self.terms().map(|t| t.q).fold(1.0, f64::min)
    }
}

fn term(expr: Expr) -> Result<Term, String> {
    let below = matches!(expr.op, Op::Less | Op::AtMost);
    match expr.metric {
        Metric::Quantile(p) if below => Ok(Term {
            expr,
            q: 1.0 - p,
            limit: Nanos::from_secs_f64(expr.value),
        }),
        Metric::Errors if below && expr.value > 0.0 && expr.value < 1.0 => Ok(Term {
            expr,
            q: expr.value,
            limit: Nanos::MAX,
        }),
        _ => Err(format!(
            "{expr} is not a promise that can be searched (say a percentile such as p99<80ms, and errors<0.1% with it)"
        )),
    }
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, t) in self.terms().enumerate() {
            let gap = if i > 0 { ", " } else { "" };
            write!(
                f,
                "{gap}{} {} {}",
                t.expr.metric.name(),
                t.expr.op.sign(),
                t.expr.value_text()
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_limit_and_a_share() {
        let p = Promise::parse("p99<80ms, errors<0.1%").unwrap();

        let terms: Vec<(f64, Nanos)> = p.terms().map(|t| ((t.q * 1e6).round() / 1e6, t.limit)).collect();

        assert_eq!(terms, [(0.01, Nanos::from_millis(80)), (0.001, Nanos::MAX)]);
        assert_eq!((p.limit(), p.main().q), (Nanos::from_millis(80), terms[0].0.max(p.main().q)));
        assert_eq!(p.to_string(), "p99 < 80ms, errors < 0.1%");
    }

    #[test]
    fn the_main_limit_moves_and_the_rest_stays() {
        let p = Promise::parse("errors<0.1%, p99<80ms").unwrap();

        let moved = p.aimed(Metric::Quantile(0.95), 0.06).unwrap();

        assert_eq!(moved.to_string(), "errors < 0.1%, p95 < 60ms");
        assert!(p.aimed(Metric::Rps, 5.0).is_err());
    }

    #[test]
    fn what_cannot_be_searched_is_refused() {
        for text in ["p99>80ms", "rps>5", "errors<0.1%", "p50<1s,p90<2s,p99<3s,p999<4s", ""] {
            assert!(Promise::parse(text).is_err(), "{text}");
        }
    }
}
