//! What a span of time says: counts, rate, mean, and the measured quantity of `hold`.
//! It refuses to judge them.

use super::Observation;
use crate::model::setpoints::ProcessVariable;
use crate::telemetry::grid::Grid;

/// Added-up evidence. Counts are real numbers, so that old evidence can fade.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// Good answers.
    pub ok: f64,
    /// Everything else that ended.
    pub err: f64,
    /// Seconds.
    pub span: f64,
    /// Summed response of the good answers, s.
    pub sum: f64,
    /// The same sum from the grid, s, and the summed squares, s²: both with the grid's rounding.
    pub rounded: (f64, f64),
}

impl Sample {
    /// Adds one tick.
    pub fn add(&mut self, seen: &Observation) {
        self.ok += seen.ok as f64;
        self.err += seen.err as f64;
        self.span += seen.span;
        self.sum += seen.mean.unwrap_or(0.0) * seen.ok as f64;
        for (bin, n) in seen.grid.iter() {
            let (n, middle) = (f64::from(n), Grid::middle(bin));
            self.rounded.0 += n * middle;
            self.rounded.1 += n * middle * middle;
        }
    }

    /// Adds another sample.
    pub fn merge(&mut self, other: &Self) {
        self.ok += other.ok;
        self.err += other.err;
        self.span += other.span;
        self.sum += other.sum;
        self.rounded.0 += other.rounded.0;
        self.rounded.1 += other.rounded.1;
    }

    /// Takes a part of it back.
    pub fn remove(&mut self, part: &Self) {
        let mut less = *part;
        less.fade(-1.0);
        self.merge(&less);
    }

    /// Lets everything count `by` times as much, in [0, 1].
    pub fn fade(&mut self, by: f64) {
        self.ok *= by;
        self.err *= by;
        self.span *= by;
        self.sum *= by;
        self.rounded.0 *= by;
        self.rounded.1 *= by;
    }

    /// Good answers per second; 0 without time.
    pub fn rate(&self) -> f64 {
        if self.span > 0.0 { self.ok / self.span } else { 0.0 }
    }

    /// Mean response, s; `None` without answers.
    pub fn mean(&self) -> Option<f64> {
        (self.ok > 0.0 && self.sum > 0.0).then(|| self.sum / self.ok)
    }

    /// Squared coefficient of variation of the response, ≥ 0; 1 where it is unknown.
    pub fn variation(&self) -> f64 {
        let (sum, squares) = self.rounded;
        if sum > 0.0 && self.ok > 0.0 {
            (squares * self.ok / (sum * sum) - 1.0).max(0.0)
        } else {
            1.0
        }
    }

    /// Share that was not good, in [0, 1].
    pub fn errors(&self) -> f64 {
        if self.ok + self.err > 0.0 {
            self.err / (self.ok + self.err)
        } else {
            0.0
        }
    }
}

/// A sample with its latency distribution: what `hold` measures on.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// Counts.
    pub sample: Sample,
    /// Workers, weighted by seconds.
    worker_seconds: f64,
    grid: Grid,
}

impl Window {
    /// Adds one tick.
    pub fn add(&mut self, seen: &Observation) {
        self.sample.add(seen);
        self.worker_seconds += seen.workers * seen.span;
        self.grid.merge(&seen.grid);
    }

    /// Mean workers; 0 without time.
    pub fn workers(&self) -> f64 {
        if self.sample.span > 0.0 {
            self.worker_seconds / self.sample.span
        } else {
            0.0
        }
    }

    /// A quantile of the response, s.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        self.grid.quantile(q)
    }

    /// Standard error of ln of the measured quantity; infinite without evidence. Of a quantile by its order statistics: the
    /// spread of the quantiles one binomial standard deviation to both sides, one-sided where that is past the last answer.
    pub fn error(&self, variable: ProcessVariable) -> f64 {
        let ok = self.sample.ok;
        if ok < 1.0 {
            return f64::INFINITY;
        }
        match variable {
            ProcessVariable::Quantile(q) => {
                let off = (q * (1.0 - q) / ok).sqrt();
                let ln = |q: f64| self.quantile(q.clamp(0.0, 1.0)).map_or(f64::NAN, f64::ln);
                let down = ln(q) - ln(q - off);
                let spread = if q + off > 1.0 {
                    down
                } else {
                    (ln(q + off) - ln(q - off)) / 2.0
                };
                if spread.is_finite() { spread.max(0.0) } else { f64::INFINITY }
            }
            ProcessVariable::Rps => 1.0 / ok.sqrt(),
            _ => (self.sample.variation() / ok).sqrt(),
        }
    }

    /// The measured quantity; `idle` is the mean response without a queue, s. `None` without evidence.
    pub fn read(&self, variable: ProcessVariable, idle: Option<f64>) -> Option<f64> {
        match variable {
            ProcessVariable::Mean => self.sample.mean(),
            ProcessVariable::Quantile(q) => self.quantile(q),
            ProcessVariable::Rps => (self.sample.span > 0.0).then(|| self.sample.rate()),
            // Little: X·R₀ are in service or on the way, the rest waits.
            ProcessVariable::Queue => idle.map(|r| (self.workers() - self.sample.rate() * r).max(0.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_is_what_little_does_not_explain() {
        let mut w = Window::default();
        w.add(&Observation::tick(1, 100, 0.05, 20.0));

        // 1000/s of 10 ms: 10 of the 20 are being served.
        assert_eq!(w.read(ProcessVariable::Queue, Some(0.010)), Some(10.0));
        assert_eq!(w.read(ProcessVariable::Queue, None), None);
    }

    #[test]
    fn rate_and_mean_are_of_the_whole_window() {
        let mut w = Window::default();
        w.add(&Observation::tick(1, 100, 0.010, 10.0));
        w.add(&Observation::tick(2, 300, 0.030, 10.0));

        assert_eq!(w.read(ProcessVariable::Rps, None), Some(2000.0));
        assert!((w.read(ProcessVariable::Mean, None).unwrap() - 0.025).abs() < 1e-12);
    }
}
