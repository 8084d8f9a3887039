//! Good rate over workers as a sweep measured it, and when a run got near its best.
//! It refuses to look beyond the sweep: outside its counts the rate is that of the nearest one.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

/// A run counts as there from this share of the best on.
pub(crate) const NEAR: f64 = 0.95;
/// The knee is the first count of the sweep with this share of the best.
const KNEE: f64 = 0.98;
/// Having got there counts when the run stays for three quarters of this time, s.
const STAY: f64 = 3.0;

/// Workers and good answers a second, ascending by workers, at least one.
#[derive(Clone, Debug)]
pub(crate) struct Curve(Vec<(f64, f64)>);

impl Curve {
    /// From what a sweep measured.
    pub(crate) fn new(points: Vec<(u32, f64)>) -> Self {
        assert!(points.is_sorted_by(|a, b| a.0 < b.0) && !points.is_empty(), "{points:?}");
        Self(points.into_iter().map(|(n, x)| (f64::from(n), x)).collect())
    }

    /// The points themselves.
    pub(crate) fn points(&self) -> &[(f64, f64)] {
        &self.0
    }

    /// Good answers a second at `n` workers, linear between the points.
    pub(crate) fn at(&self, n: f64) -> f64 {
        let above = self.0.partition_point(|p| p.0 < n);
        let (Some(right), Some(left)) = (self.0.get(above), above.checked_sub(1).map(|i| self.0[i])) else {
            return self.0[above.min(self.0.len() - 1)].1;
        };
        left.1 + (right.1 - left.1) * (n - left.0) / (right.0 - left.0)
    }

    /// The highest rate measured.
    pub(crate) fn best(&self) -> f64 {
        self.0.iter().map(|p| p.1).fold(0.0, f64::max)
    }

    /// The fewest workers of the sweep with 98 % of the best.
    pub(crate) fn knee(&self) -> f64 {
        let enough = KNEE * self.best();
        self.0.iter().find(|p| p.1 >= enough).unwrap().0
    }

    /// The first time, s, at which the workers of a run are worth 95 % of the best, there and on at least three quarters
    /// of the next 3 s. `ticks`: time in s and workers. Noise-free: what those workers earn is read off the curve.
    pub(crate) fn arrival(&self, ticks: &[(f64, f64)]) -> Option<f64> {
        let near: Vec<(f64, bool)> = ticks
            .iter()
            .map(|t| (t.0, t.1 > 0.0 && self.at(t.1) >= NEAR * self.best()))
            .collect();
        let stays = |from: usize| {
            let next: Vec<bool> = near[from..]
                .iter()
                .take_while(|t| t.0 <= near[from].0 + STAY)
                .map(|t| t.1)
                .collect();
            let whole = near.last().is_some_and(|t| t.0 >= near[from].0 + STAY);
            whole && 4 * next.iter().filter(|n| **n).count() >= 3 * next.len()
        };
        (0..near.len()).find(|i| near[*i].1 && stays(*i)).map(|i| near[i].0)
    }
}

/// Twelve counts from an eighth of `knee` to four times it, even on a logarithmic scale; where whole numbers are too few,
/// the next free one.
pub(crate) fn grid(knee: f64) -> Vec<u32> {
    let mut counts: Vec<u32> = Vec::new();
    for i in 0..12 {
        let even = knee / 8.0 * 32_f64.powf(f64::from(i) / 11.0);
        counts.push((even.round() as u32).max(counts.last().map_or(1, |n| n + 1)));
    }
    counts
}

/// The middle one; of an even number the lower.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[(values.len() - 1) / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve() -> Curve {
        Curve::new(vec![(1, 100.0), (4, 400.0), (8, 394.0), (16, 300.0)])
    }

    #[test]
    fn a_rate_is_linear_between_points_and_level_outside() {
        let rates = [0.5, 1.0, 2.5, 4.0, 12.0, 40.0].map(|n| curve().at(n));

        assert_eq!(rates, [100.0, 100.0, 250.0, 400.0, 347.0, 300.0]);
    }

    #[test]
    fn the_knee_is_the_first_count_with_98_percent() {
        let almost = Curve::new(vec![(1, 100.0), (2, 196.0), (3, 200.0)]);

        assert_eq!((curve().best(), curve().knee(), almost.knee()), (400.0, 4.0, 2.0));
    }

    #[test]
    fn a_run_is_there_when_it_stays_for_three_quarters_of_the_next_3_s() {
        let run = |workers: fn(u32) -> f64| {
            let ticks: Vec<(f64, f64)> = (0..=60).map(|i| (f64::from(i) / 10.0, workers(i))).collect();
            curve().arrival(&ticks)
        };

        assert_eq!(run(|i| if i < 10 { 1.0 } else { 4.0 }), Some(1.0));
        assert_eq!(
            run(|i| if i == 10 || i >= 20 { 4.0 } else { 1.0 }),
            Some(2.0),
            "a visit is no arrival"
        );
        assert_eq!(
            run(|i| if i < 10 || i % 10 == 0 { 1.0 } else { 4.0 }),
            Some(1.1),
            "probing is no departure"
        );
        assert_eq!(run(|_| 16.0), None);
        assert_eq!(run(|i| if i < 50 { 1.0 } else { 4.0 }), None, "too late to be seen staying");
    }

    #[test]
    fn a_grid_has_twelve_different_counts_around_the_knee() {
        for knee in [4.0, 9.0, 41.0] {
            let counts = grid(knee);

            assert_eq!(counts.len(), 12);
            assert!(counts.is_sorted_by(|a, b| a < b), "{counts:?}");
            assert!(
                f64::from(counts[0]) <= knee / 4.0 && f64::from(counts[11]) >= 3.0 * knee,
                "{counts:?}"
            );
        }
        assert_eq!(median([3.0, f64::INFINITY, 1.0]), 3.0);
    }
}
