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

/// Gain per doubling against the nearest row at least 1.25 times smaller; `None` without one, 0 inside the noise.
pub(super) fn gain_of(rows: &[&Row], i: usize) -> Option<f64> {
    let row = rows[i];
    let base = rows[..i]
        .iter()
        .rev()
        .find(|r| f64::from(r.workers) * 1.25 <= f64::from(row.workers))?;
    if base.good_rps <= 0.0 || row.good_rps <= 0.0 {
        return None;
    }
    let doublings = (f64::from(row.workers) / f64::from(base.workers)).log2();
    let noise = (row.ci95_rps.unwrap_or(0.0).powi(2) + base.ci95_rps.unwrap_or(0.0).powi(2)).sqrt();
    if (row.good_rps - base.good_rps).abs() <= noise {
        return Some(0.0);
    }
    Some((row.good_rps / base.good_rps).powf(1.0 / doublings) - 1.0)
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
        assert!((gain_of(&rows, 1).unwrap() - 1.0).abs() < 1e-9);
        // 5 is 1.25 × 4; 6 is only 1.2 × 5, so it is compared with 4.
        assert!(gain_of(&rows, 2).unwrap() > 0.5 && gain_of(&rows, 3).unwrap() > 0.3);
        let flat = [row(10, 100.0), row(20, 105.0)];
        assert_eq!(gain_of(&flat.iter().collect::<Vec<_>>(), 1), Some(0.0));
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
