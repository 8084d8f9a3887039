//! The scores of one run, from its trace and the oracle's. Times are in seconds, shares are fractions.
//! It refuses to run anything.

use super::TICKS;

/// Share of the best exact rate that counts as there.
const THERE: f64 = 0.95;
/// So many ticks after the first must be there, too, for the most part: probing is allowed.
const NEXT: usize = 30;
/// What the most part is.
const MOSTLY: f64 = 0.75;
/// Ticks of the steady state and of the worker count at the end.
const STEADY: usize = 150;
const END: usize = 100;

/// The scores of one run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Good answers lost against the oracle.
    pub regret: f64,
    /// Seconds until it is there; `None` for never.
    pub t5: Option<f64>,
    /// As `regret`, over the last 15 s.
    pub steady_loss: f64,
    /// Median workers of the last 10 s over the knee.
    pub n_over_knee: f64,
    /// Most workers of the run over the knee in force then.
    pub peak_over_knee: f64,
    /// 99th percentile over that at the knee.
    pub p99_over_knee: Option<f64>,
    /// `None` where the plant does not change, else as `t5` from the change on.
    pub recovery: Option<Option<f64>>,
}

/// Seconds from tick `from` until the share of the best exact rate is ≥ 95 % in a tick and in ≥ 75 % of the next 3 s,
/// all before tick `to`.
pub(super) fn time_to(shares: &[f64], from: usize, to: usize) -> Option<f64> {
    let there: Vec<bool> = shares[from..to].iter().map(|s| *s >= THERE).collect();
    let stays = |k: usize| {
        let next = there.get(k + 1..k + 1 + NEXT)?;
        let held = next.iter().filter(|t| **t).count();
        (held as f64 >= MOSTLY * NEXT as f64).then_some(k as f64 * 0.1)
    };
    (0..there.len()).filter(|k| there[*k]).find_map(stays)
}

/// 1 − ok/best over the whole of both.
pub(super) fn loss(ok: &[u64], best: &[u64]) -> f64 {
    let sum = |of: &[u64]| of.iter().sum::<u64>() as f64;
    1.0 - sum(ok) / sum(best).max(1.0)
}

/// The same over the last 15 s.
pub(super) fn steady_loss(ok: &[u64], best: &[u64]) -> f64 {
    loss(&ok[TICKS - STEADY..], &best[TICKS - STEADY..])
}

/// Median workers of the last 10 s.
pub(super) fn workers_at_end(workers: &[f64]) -> f64 {
    let last = workers[workers.len() - END..].iter().map(|w| Some(*w)).collect();
    median(last).unwrap_or(0.0)
}

/// The median where `None` is later than everything; the mean of the middle two of an even number.
pub(super) fn median(values: Vec<Option<f64>>) -> Option<f64> {
    let sorted = sorted(values);
    let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
    Some((low? + high?) / 2.0)
}

/// The 90th percentile by nearest rank.
pub(super) fn p90(values: Vec<Option<f64>>) -> Option<f64> {
    let sorted = sorted(values);
    sorted[(sorted.len() * 9).div_ceil(10) - 1]
}

fn sorted(mut values: Vec<Option<f64>>) -> Vec<Option<f64>> {
    let key = |v: &Option<f64>| v.unwrap_or(f64::INFINITY);
    values.sort_by(|a, b| key(a).total_cmp(&key(b)));
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shares by runs of (value, ticks).
    fn shares(runs: &[(f64, usize)]) -> Vec<f64> {
        runs.iter().flat_map(|(v, n)| std::iter::repeat_n(*v, *n)).collect()
    }

    #[test]
    fn there_is_where_it_stays_for_three_seconds_but_for_probes() {
        let visit = shares(&[(0.5, 10), (0.96, 5), (0.5, 40), (0.96, 40)]);
        let probing = shares(&[(0.5, 10), (0.96, 20), (0.9, 7), (0.96, 60)]);
        let wild = shares(&[(0.5, 10), (0.96, 20), (0.9, 8), (0.5, 30)]);

        assert_eq!(time_to(&visit, 0, 95), Some(5.5));
        assert_eq!(time_to(&probing, 0, 97), Some(1.0), "7 of 30 ticks off are allowed");
        assert_eq!(time_to(&wild, 0, 68), None, "the first eight after tick 10 are too few");
    }

    #[test]
    fn time_counts_from_the_change_and_ends_with_the_phase() {
        let s = shares(&[(1.0, 300), (0.2, 25), (0.95, 275)]);

        assert_eq!(time_to(&s, 0, 300), Some(0.0));
        assert_eq!(time_to(&s, 300, 600), Some(2.5));
        assert_eq!(
            time_to(&s, 300, 340),
            None,
            "fifteen ticks before the end do not show that it stays"
        );
    }

    #[test]
    fn losses_are_shares_of_the_oracle_and_may_be_negative() {
        let (mut ok, best) = (vec![90; TICKS], vec![100; TICKS]);
        ok[TICKS - 150..].fill(110);

        assert!((loss(&ok, &best) - (1.0 - (450.0 * 90.0 + 150.0 * 110.0) / 60_000.0)).abs() < 1e-12);
        assert!((steady_loss(&ok, &best) + 0.1).abs() < 1e-12);
    }

    #[test]
    fn never_is_later_than_every_time() {
        let s = |v: &[f64]| v.iter().map(|x| (*x >= 0.0).then_some(*x)).collect::<Vec<_>>();

        assert_eq!(median(s(&[3.0, -1.0, 1.0])), Some(3.0));
        assert_eq!(median(s(&[3.0, 1.0])), Some(2.0));
        assert_eq!(median(s(&[3.0, -1.0])), None);
        let twenty: Vec<f64> = (1..=20).map(f64::from).collect();
        assert_eq!(p90(s(&twenty)), Some(18.0));
        assert_eq!(p90(s(&[1.0, 2.0, -1.0])), None);
    }

    #[test]
    fn the_worker_count_at_the_end_is_the_median_of_ten_seconds() {
        let mut workers = vec![500.0; TICKS];
        workers[TICKS - 100..].fill(41.0);
        workers[TICKS - 30..].fill(46.0);

        assert_eq!(workers_at_end(&workers), 41.0);
    }
}
