//! One slot of the time axis: 500 ms of everything the strips and the map draw.

use super::grid::Grid;
use crate::model::units::Nanos;

/// A closed slot. Shared between frames, never changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    /// Begin, since run start.
    pub from: Nanos,
    /// End.
    pub to: Nanos,
    /// Good answers.
    pub ok: u64,
    /// Everything that was not good: bad status, failed, unsent.
    pub errors: u64,
    /// Arrivals called for.
    pub offered: u64,
    /// Mean of the workers in force.
    pub workers: f64,
    /// Mean of the queue, measured (open) or estimated (closed).
    pub queue: f64,
    /// Response times on the grid.
    pub response: Grid,
    /// Service times, where they differ from response.
    pub service: Option<Grid>,
    /// Waits, where there were any.
    pub wait: Option<Grid>,
    /// Median response, s; exact for a single column, `None` when empty.
    pub p50: Option<f64>,
    /// 99th percentile of response, s; `None` under 100 samples.
    pub p99: Option<f64>,
    /// Largest response, s, exact.
    pub max: Option<f64>,
    /// Sending was paused for most of the slot: a gap, not a zero.
    pub paused: bool,
    /// The setpoint in force, in its unit (s or 1/s).
    pub setpoint: Option<f64>,
}

impl Column {
    /// Length in seconds.
    pub fn span(&self) -> f64 {
        (self.to - self.from).secs()
    }

    /// Good answers per second; 0 for an empty span.
    pub fn good_rate(&self) -> f64 {
        if self.span() > 0.0 {
            self.ok as f64 / self.span()
        } else {
            0.0
        }
    }

    /// This slot and the following one as one: counts added, levels weighted by time, percentiles from the merged grid (≈).
    pub fn merged(&self, next: &Self) -> Self {
        let (a, b) = (self.span(), next.span());
        let mean = |x: f64, y: f64| if a + b > 0.0 { (x * a + y * b) / (a + b) } else { 0.0 };
        let mut response = self.response.clone();
        response.merge(&next.response);
        let n = response.total();
        Self {
            from: self.from,
            to: next.to,
            ok: self.ok + next.ok,
            errors: self.errors + next.errors,
            offered: self.offered + next.offered,
            workers: mean(self.workers, next.workers),
            queue: mean(self.queue, next.queue),
            p50: response.quantile(0.5),
            p99: if n >= 100 { response.quantile(0.99) } else { None },
            response,
            service: merge_option(&self.service, &next.service),
            wait: merge_option(&self.wait, &next.wait),
            max: [self.max, next.max].into_iter().flatten().reduce(f64::max),
            paused: self.paused && next.paused,
            setpoint: next.setpoint.or(self.setpoint),
        }
    }
}

fn merge_option(a: &Option<Grid>, b: &Option<Grid>) -> Option<Grid> {
    match (a, b) {
        (Some(a), Some(b)) => {
            let mut m = a.clone();
            m.merge(b);
            Some(m)
        }
        (one, other) => one.clone().or_else(|| other.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_adds_counts_and_weighs_levels_by_time() {
        let a = Column {
            from: Nanos::ZERO,
            to: Nanos::from_millis(500),
            ok: 10,
            workers: 4.0,
            ..Column::default()
        };
        let b = Column {
            from: Nanos::from_millis(500),
            to: Nanos::from_millis(2000),
            ok: 30,
            workers: 8.0,
            ..Column::default()
        };

        let m = a.merged(&b);

        assert_eq!((m.ok, m.workers), (40, 7.0));
        assert_eq!(m.good_rate(), 20.0);
    }
}
