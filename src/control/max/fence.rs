//! The fewest workers at which too much failed lately. It forgets after a while: a target may have been mended.

use crate::control::Observation;

/// How long failures are remembered, s.
const REMEMBERED: f64 = 20.0;
/// Down to this ratio the gap between a good and a failing worker count is worth a look.
const WIDE: f64 = 1.2;

/// A worker count that failed, if one did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fence {
    now: f64,
    /// Workers, and until when they are remembered, s.
    failed: Option<(u32, f64)>,
}

impl Fence {
    /// A tick has passed.
    pub fn pass(&mut self, seen: &Observation) {
        self.now = seen.now.secs();
        self.failed = self.failed.filter(|(_, until)| self.now < *until);
    }

    /// Too much fails at `workers`. One worker is never fenced off.
    pub fn put(&mut self, workers: u32) {
        let lower = self.failed.is_none_or(|(n, _)| workers <= n);
        if lower && workers > 1 {
            self.failed = Some((workers, self.now + REMEMBERED));
        }
    }

    /// The fewest workers that failed.
    pub fn at(&self) -> Option<u32> {
        self.failed.map(|f| f.0)
    }

    /// The middle between `good` workers and the fence above them; `None` without one, or where they are close.
    pub fn halfway(&self, good: u32) -> Option<f64> {
        let (a, b) = (f64::from(good), f64::from(self.at()?));
        (b > WIDE * a).then(|| (a * b).sqrt().floor())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_failure_counts_for_twenty_seconds() {
        let mut f = Fence::default();
        f.pass(&Observation::tick(0, 10, 0.01, 64.0));
        [64, 32, 48, 1].into_iter().for_each(|n| f.put(n));

        assert_eq!((f.at(), f.halfway(16), f.halfway(30)), (Some(32), Some(22.0), None));
        f.pass(&Observation::tick(210, 10, 0.01, 16.0));
        assert_eq!((f.at(), f.halfway(16)), (None, None));
    }
}
