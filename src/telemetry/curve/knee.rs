//! The knee by isotonic regression, with the worker counts a test cannot exclude.
//! It takes rows as they are; it never extrapolates.

use super::{Knee, Row, usl};

/// Standard normal quantile of the interval, two-sided 95 %.
const Z: f64 = 1.96;
/// Model error beside the counting error: settling and drift within a row, as a fraction.
const SLACK: f64 = 0.004;
/// What counts as (nearly) all there is.
const SHARE: f64 = 0.98;

/// Knee of rows with rising worker counts; `None` under two rows or without a good answer.
pub(super) fn knee(rows: &[Row]) -> Option<Knee> {
    let top = best(rows)?;
    if rows.len() < 2 {
        return None;
    }
    let rising = &rows[..=top];
    let fitted = isotonic(rising);
    let peak = fitted[top];
    let at = fitted.iter().position(|x| *x >= SHARE * peak)?;
    let lo = rising[..=at]
        .iter()
        .rev()
        .find(|r| z_below(r, &rows[top], peak) > Z)
        .map_or(1, |r| r.workers + 1);
    let hi = rising[at..]
        .iter()
        .find(|r| z_below(r, &rows[top], peak) < -Z)
        .unwrap_or(&rows[top])
        .workers;
    let row = &rows[at];
    Some(Knee {
        workers: row.workers,
        lo: lo.min(row.workers),
        hi: hi.max(row.workers),
        good_rps: row.good_rps,
        ci95_rps: row.ci95_rps,
        p50: row.p50,
        p99: row.p99,
        best_workers: rows[top].workers,
        best_rps: rows[top].good_rps,
        usl: usl::fit(rows.iter().map(|r| (f64::from(r.workers), r.good_rps, r.completions as f64))),
    })
}

/// The row with the highest good rate among those known to 6 %; among all where none is known so well.
/// Picking among rows of few completions would pick luck.
fn best(rows: &[Row]) -> Option<usize> {
    let known = |r: &Row| r.ci95_rps.is_some_and(|c| c <= 0.06 * r.good_rps);
    let any = rows.iter().any(known);
    let candidates = rows
        .iter()
        .enumerate()
        .filter(|(_, r)| r.good_rps > 0.0 && (!any || known(r)));
    candidates
        .max_by(|a, b| a.1.good_rps.total_cmp(&b.1.good_rps))
        .map(|(i, _)| i)
}

/// How many standard errors a row lies below 98 % of the peak; negative above it.
fn z_below(row: &Row, top: &Row, peak: f64) -> f64 {
    let se = |r: &Row| r.ci95_rps.unwrap_or(r.good_rps).hypot(SLACK * 1.96 * r.good_rps) / 1.96;
    let spread = if std::ptr::eq(row, top) {
        se(row) * (1.0 - SHARE)
    } else {
        se(row).hypot(SHARE * se(top))
    };
    (SHARE * peak - row.good_rps) / spread.max(1e-12)
}

/// Pool-adjacent-violators, weighted by completions: the nearest rising sequence.
fn isotonic(rows: &[Row]) -> Vec<f64> {
    // Each block: (weighted mean, weight, rows in it).
    let mut blocks: Vec<(f64, f64, usize)> = Vec::with_capacity(rows.len());
    for r in rows {
        blocks.push((r.good_rps, (r.completions as f64).max(1.0), 1));
        while let [.., (a, wa, na), (b, wb, nb)] = blocks[..] {
            if a <= b {
                break;
            }
            blocks.truncate(blocks.len() - 2);
            blocks.push(((a * wa + b * wb) / (wa + wb), wa + wb, na + nb));
        }
    }
    blocks
        .iter()
        .flat_map(|(mean, _, n)| std::iter::repeat_n(*mean, *n))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(workers: u32, good_rps: f64, held: f64) -> Row {
        let completions = (good_rps * held) as u64;
        Row {
            workers,
            good_rps,
            completions,
            held,
            ci95_rps: Some(1.96 * (completions as f64).sqrt() / held),
            ..Row::default()
        }
    }

    #[test]
    fn fewest_workers_within_two_per_cent_of_the_best() {
        let rows = [
            row(1, 85.0, 1.0),
            row(16, 1116.0, 2.0),
            row(37, 1628.0, 20.0),
            row(41, 1662.0, 40.0),
            row(49, 1689.0, 20.0),
            row(128, 1276.0, 2.0),
        ];

        let k = knee(&rows).unwrap();

        assert_eq!((k.workers, k.best_workers), (41, 49));
        assert!(k.lo <= 41 && k.lo > 16 && k.hi >= 41 && k.hi <= 49, "{k:?}");
    }

    #[test]
    fn a_lucky_short_row_is_not_the_best() {
        let rows = [row(8, 800.0, 20.0), row(16, 1000.0, 20.0), row(20, 1300.0, 0.02)];

        assert_eq!(knee(&rows).unwrap().best_workers, 16);
    }

    #[test]
    fn little_evidence_gives_a_wide_interval() {
        let (short, long) = (
            [row(8, 900.0, 0.3), row(16, 990.0, 0.3), row(32, 1000.0, 0.3)],
            [row(8, 900.0, 90.0), row(16, 990.0, 90.0), row(32, 1000.0, 90.0)],
        );

        let (wide, narrow) = (knee(&short).unwrap(), knee(&long).unwrap());

        assert_eq!(wide.lo, 1, "8 workers cannot be excluded");
        assert_eq!(narrow.lo, 9, "8 workers are excluded");
        assert!(wide.hi - wide.lo > narrow.hi - narrow.lo);
    }

    #[test]
    fn violators_are_pooled_by_weight() {
        let rows = [row(1, 100.0, 1.0), row(2, 90.0, 1.0), row(4, 300.0, 1.0)];

        let fit = isotonic(&rows);

        assert!((fit[0] - (100.0 * 100.0 + 90.0 * 90.0) / 190.0).abs() < 1e-9);
        assert_eq!((fit[0], fit[2]), (fit[1], 300.0));
    }
}
