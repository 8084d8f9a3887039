//! The mean response without a queue, from the smallest worker counts that were seen.
//! It refuses to take one lucky handful of answers for it, but names a first guess while there is nothing better.

use super::super::variable::Sample;

/// Answers that make an estimate.
const ENOUGH: f64 = 24.0;

/// The estimate.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Idle {
    best: Option<f64>,
    /// Windows too thin by themselves, all with about `workers`.
    pool: Sample,
    workers: f64,
}

impl Idle {
    /// One window of the loop, taken with `workers`.
    pub(super) fn add(&mut self, sample: &Sample, workers: f64) {
        let grown = workers > 1.05 * self.workers && self.pool.ok > 0.0;
        if self.best.is_some() || grown {
            self.pool = Sample::default();
        }
        if self.pool.ok == 0.0 {
            self.workers = workers;
        }
        self.pool.merge(sample);
        if self.pool.ok >= ENOUGH {
            let mean = self.pool.mean();
            self.best = [self.best, mean].into_iter().flatten().min_by(f64::total_cmp);
        }
    }

    /// Seconds; `None` before the first answer.
    pub(super) fn seconds(&self) -> Option<f64> {
        self.best.or_else(|| self.pool.mean())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(ok: f64, mean: f64) -> Sample {
        Sample {
            ok,
            sum: ok * mean,
            span: 0.5,
            ..Sample::default()
        }
    }

    #[test]
    fn thin_windows_add_up_until_they_are_enough() {
        let mut idle = Idle::default();
        for mean in [0.2, 0.3, 0.25] {
            idle.add(&sample(10.0, mean), 1.0);
        }
        idle.add(&sample(10.0, 0.1), 1.0);

        assert!(
            (idle.seconds().unwrap() - 0.25).abs() < 1e-9,
            "ten answers change nothing any more"
        );
    }

    #[test]
    fn the_smallest_well_known_mean_counts() {
        let mut idle = Idle::default();
        idle.add(&sample(30.0, 0.02), 8.0);
        idle.add(&sample(30.0, 0.01), 1.0);
        idle.add(&sample(30.0, 0.05), 30.0);

        assert_eq!(idle.seconds(), Some(0.01));
    }
}
