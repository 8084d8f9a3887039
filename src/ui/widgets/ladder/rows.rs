//! Which rows a ladder shows when not all fit, and what doubling the workers brought. Pure.

use crate::telemetry::curve::Row;

/// The row the knee is in: the nearest held.
pub(super) fn knee_row(rows: &[&Row], knee: Option<u32>) -> Option<usize> {
    let knee = knee?;
    (0..rows.len()).min_by_key(|i| rows[*i].workers.abs_diff(knee))
}

/// The rows that fit: knee, ends and best first, then whatever closes the widest gap.
pub(super) fn chosen(rows: &[&Row], knee: Option<u32>, room: usize) -> Vec<usize> {
    let n = rows.len();
    if n <= room {
        return (0..n).collect();
    }
    let best = (0..n).max_by(|a, b| rows[*a].good_rps.total_cmp(&rows[*b].good_rps));
    let mut kept: Vec<usize> = Vec::new();
    for i in knee_row(rows, knee).into_iter().chain([0, n - 1]).chain(best) {
        if kept.len() < room && !kept.contains(&i) {
            kept.push(i);
        }
    }
    let log = |i: usize| f64::from(rows[i].workers.max(1)).ln();
    while kept.len() < room {
        let lonely = |i: &usize| kept.iter().map(|k| (log(*k) - log(*i)).abs()).fold(f64::MAX, f64::min);
        let Some(next) = (0..n)
            .filter(|i| !kept.contains(i))
            .max_by(|a, b| lonely(a).total_cmp(&lonely(b)))
        else {
            break;
        };
        kept.push(next);
    }
    kept.sort_unstable();
    kept
}

/// Share of the best from which on a row can be a base, and half width of a rate, as a share, that tells a gain.
const BASE: f64 = 0.01;
const KNOWN: f64 = 0.2;

/// Gain per doubling against the nearest row at least 1.25 times smaller; 0 inside the noise. `None` without such a row,
/// `Some(None)` where the rows cannot tell: doubling workers more than doubles no rate.
pub(super) fn gain_of(rows: &[&Row], i: usize) -> Option<Option<f64>> {
    let row = rows[i];
    let base = rows[..i]
        .iter()
        .rev()
        .find(|r| f64::from(r.workers) * 1.25 <= f64::from(row.workers))?;
    let best = rows.iter().map(|r| r.good_rps).fold(0.0, f64::max);
    let half = |r: &Row| r.ci95_rps.unwrap_or(r.good_rps);
    let known = |r: &Row| r.good_rps > 0.0 && half(r) <= KNOWN * r.good_rps && r.errors < 0.001;
    if !known(base) || !known(row) || base.good_rps < BASE * best {
        return Some(None);
    }
    let doublings = (f64::from(row.workers) / f64::from(base.workers)).log2();
    let noise = half(row).hypot(half(base));
    if (row.good_rps - base.good_rps).abs() <= noise {
        return Some(Some(0.0));
    }
    let gain = (row.good_rps / base.good_rps).powf(1.0 / doublings) - 1.0;
    let slack = noise / row.good_rps / doublings;
    Some((gain <= 1.0 + slack).then_some(gain.min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(workers: u32, good_rps: f64) -> Row {
        Row {
            workers,
            good_rps,
            ci95_rps: Some(10.0),
            ..Row::default()
        }
    }

    #[test]
    fn gain_is_against_a_row_a_quarter_smaller_and_nothing_inside_the_noise() {
        let rows = [row(1, 100.0), row(4, 400.0), row(5, 470.0), row(6, 475.0)];
        let rows: Vec<&Row> = rows.iter().collect();
        // 1 → 4 are two doublings for a factor of four: +100 % each.
        assert_eq!(gain_of(&rows, 0), None);
        assert!((gain_of(&rows, 1).unwrap().unwrap() - 1.0).abs() < 1e-9);
        // 5 is 1.25 × 4; 6 is only 1.2 × 5, so it is compared with 4.
        assert!(gain_of(&rows, 2).flatten() > Some(0.5) && gain_of(&rows, 3).flatten() > Some(0.3));
        let flat = [row(10, 100.0), row(20, 105.0)];
        assert_eq!(gain_of(&flat.iter().collect::<Vec<_>>(), 1), Some(Some(0.0)));
    }

    #[test]
    fn a_gain_that_rows_cannot_tell_is_none() {
        let tell = |base: Row, next: Row| gain_of(&[&base, &next, &row(400, 1000.0)], 1);

        assert_eq!(tell(row(1, 1.5e-3), row(2, 1000.0)), Some(None), "hardly answered at all");
        assert_eq!(
            tell(row(10, 100.0), row(20, 300.0)),
            Some(None),
            "three times as much for twice the workers"
        );
        let wild = Row {
            ci95_rps: Some(90.0),
            ..row(10, 300.0)
        };
        assert_eq!(tell(wild, row(20, 500.0)), Some(None));
        let errors = Row {
            errors: 0.1,
            ..row(10, 300.0)
        };
        assert_eq!(tell(errors, row(20, 500.0)), Some(None));
    }

    #[test]
    fn the_knee_and_the_ends_stay_when_rows_must_go() {
        let rows: Vec<Row> = (1..=30).map(|i| row(i, f64::from(i.min(20)))).collect();
        let rows: Vec<&Row> = rows.iter().collect();
        let kept = chosen(&rows, Some(17), 6);
        assert_eq!(kept.len(), 6);
        assert!([0, 16, 29].iter().all(|i| kept.contains(i)), "{kept:?}");
    }
}
