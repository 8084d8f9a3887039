//! Whether a latency was kept from the fewest workers on: then it binds nothing below the present count, and that is said.
//! It moves nothing.

use crate::model::format;
use crate::model::setpoints::Setpoint;

/// A latency this close, in e-folds, is as asked.
const CLOSE: f64 = 0.10;
/// From so many times the fewest workers on it is worth a sentence.
const WIDE: f64 = 4.0;

/// What was seen of one target.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Loose {
    /// Fewest workers, and whether they kept it.
    fewest: Option<(f64, bool)>,
    /// Most workers that kept it.
    most: f64,
    said: bool,
}

impl Loose {
    /// One window with `workers`, `e` e-folds below the target, known to ±`error`.
    pub(super) fn see(&mut self, workers: f64, e: f64, error: f64) {
        let kept = e.abs() <= CLOSE + error.min(CLOSE);
        if self.fewest.is_none_or(|(n, _)| workers < n) {
            self.fewest = Some((workers, kept));
        }
        if kept {
            self.most = self.most.max(workers);
        }
    }

    /// The sentence, once, when it has come to rest or to its bound.
    pub(super) fn said(&mut self, target: Setpoint) -> Option<String> {
        let (fewest, kept) = self.fewest?;
        if self.said || !kept || !target.variable.is_latency() || self.most < WIDE * fewest {
            return None;
        }
        self.said = true;
        let (name, value) = (target.variable.name(), format::length(target.value));
        Some(format!(
            "any count up to {} keeps {name} at {value}",
            format::quantity(rounded(self.most))
        ))
    }
}

/// To two digits: more are not known.
fn rounded(n: f64) -> f64 {
    let unit = 10f64.powf((n.max(1.0).log10().floor() - 1.0).max(0.0));
    (n / unit).round() * unit
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::setpoints::ProcessVariable;

    #[test]
    fn a_target_kept_from_one_worker_on_binds_nothing_and_one_reached_from_below_does() {
        let target = Setpoint {
            variable: ProcessVariable::Quantile(0.95),
            value: 0.1738,
        };
        let (mut loose, mut bound) = (Loose::default(), Loose::default());
        for (n, e) in [(1.0, 0.05), (64.0, 0.04), (1980.0, 0.01), (4000.0, -0.5)] {
            loose.see(n, e, 0.01);
        }
        for (n, e) in [(1.0, 1.2), (16.0, 0.4), (40.0, 0.01)] {
            bound.see(n, e, 0.01);
        }

        assert_eq!(
            loose.said(target).as_deref(),
            Some("any count up to 2,000 keeps p95 at 174 ms")
        );
        assert_eq!(
            (loose.said(target), bound.said(target)),
            (None, None),
            "once, and only where it is so"
        );
    }
}
