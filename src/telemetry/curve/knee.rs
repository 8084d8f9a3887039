//! The knee by isotonic regression, with the worker counts a test cannot exclude.
//! It takes rows as they are; it never extrapolates.

use super::{Knee, Row, isotonic, usl};

/// Standard normal quantile of the interval, two-sided 95 %.
const Z: f64 = 1.96;
/// Model error beside the counting error: settling and drift within a row, as a fraction.
const SLACK: f64 = 0.004;
/// What counts as (nearly) all there is.
const SHARE: f64 = 0.98;

/// Width of the smoothing that estimates the peak, in ln N: a peak is flat, single rows are noisy.
const WIDTH: f64 = 0.08;
/// A row may be the peak when its rate is known to this share, where there is such a row: the highest of badly known
/// rows is the luckiest.
const FIRM: f64 = 0.06;
/// Standard errors of the difference within which a row cannot be told from the highest: at twice it rows that surely give
/// less pull the peak down.
const SAME: f64 = 2.0;
/// Between the rows that were held the peak may lie this much higher.
const UNSEEN: f64 = 0.012;
/// Below the peak by as much a rest is not the knee: half as much again as the knee may lie below by definition.
const POOR: f64 = 0.03;
/// A row may be the knee when its rate is known to this share.
const KNOWN: f64 = 0.03;

/// Share of exchanges that were not good from which on a row is no place to rest, while there are others: nobody advises
/// one answer in fifty to fail.
const FAILING: f64 = 0.02;

/// Knee of rows with rising worker counts; `None` under two rows or without a good answer.
pub(super) fn knee(rows: &[Row]) -> Option<Knee> {
    let sound: Vec<Row> = rows.iter().filter(|r| r.errors <= FAILING).cloned().collect();
    let alive = sound.iter().filter(|r| r.good_rps > 0.0).count();
    if alive < 2 { of(rows) } else { of(&sound) }
}

fn of(rows: &[Row]) -> Option<Knee> {
    let peak = peak(rows)?;
    if rows.len() < 2 {
        return None;
    }
    let rising = &rows[..=peak.at];
    let fitted = isotonic(rising.iter().map(|r| (r.good_rps, error(r).powi(-2))));
    let at = rested(rising, &peak)
        .or_else(|| (0..rising.len()).find(|i| crossed(&rising[*i], fitted[*i], &peak)))
        .unwrap_or(peak.at);
    let below = |r: &Row| z_below(r, r.good_rps, &peak);
    let lo = rising[..=at].iter().rev().find(|r| below(r) > Z).map_or(1, |r| r.workers + 1);
    let sure = rows[at..].iter().find(|r| below(r) < -Z);
    let hi = sure.unwrap_or(&rows[peak.at.max((at + 1).min(rows.len() - 1))]).workers;
    let row = &rows[at];
    Some(Knee {
        workers: row.workers,
        lo: lo.min(row.workers),
        hi: hi.max(row.workers),
        good_rps: row.good_rps,
        ci95_rps: row.ci95_rps,
        p50: row.p50,
        p99: row.p99,
        best_workers: rows[peak.at].workers,
        best_rps: peak.rate,
        usl: usl::fit(rows.iter().map(|r| (f64::from(r.workers), r.good_rps, r.completions as f64))),
    })
}

/// The row with by far the most evidence is where the search came to rest: the knee, unless a test excludes it or the peak
/// gives so much more that nobody would take it for one.
fn rested(rows: &[Row], peak: &Peak) -> Option<usize> {
    let at = (0..rows.len()).min_by(|a, b| relative(&rows[*a]).total_cmp(&relative(&rows[*b])))?;
    let second = (0..rows.len())
        .filter(|i| *i != at)
        .map(|i| rows[i].completions)
        .max()
        .unwrap_or(0);
    let alone = rows[at].completions >= 2 * second;
    let off = peak.rate - rows[at].good_rps;
    let poor = off > POOR * peak.rate && off > 1.64 * error(&rows[at]).hypot(peak.error);
    (alone && !poor && z_below(&rows[at], rows[at].good_rps, peak) < 1.64).then_some(at)
}

/// A row known well enough whose fitted rate reaches 98 % of the peak.
fn crossed(row: &Row, fitted: f64, peak: &Peak) -> bool {
    relative(row) <= KNOWN && z_below(row, fitted, peak) < 0.5
}

/// The highest good rate, smoothed over neighbouring worker counts, and the row where it is.
struct Peak {
    at: usize,
    rate: f64,
    error: f64,
}

/// Each row's rate averaged with its neighbours', weighted by nearness and by what is known of them:
/// the highest single row would be the luckiest one.
fn peak(rows: &[Row]) -> Option<Peak> {
    let smooth = |i: usize| {
        let (mut sum, mut weights) = (0.0, 0.0);
        for r in rows.iter().filter(|r| r.good_rps > 0.0) {
            let apart = (f64::from(r.workers) / f64::from(rows[i].workers)).ln() / WIDTH;
            let weight = (-0.5 * apart * apart).exp() / error(r).powi(2);
            sum += weight * r.good_rps;
            weights += weight;
        }
        Peak {
            at: i,
            rate: sum / weights,
            error: weights.recip().sqrt(),
        }
    };
    let live = |i: &usize| rows[*i].good_rps > 0.0;
    let firm = |i: &usize| live(i) && relative(&rows[*i]) <= FIRM;
    let any = (0..rows.len()).any(|i| firm(&i));
    let candidates = (0..rows.len()).filter(|i| if any { firm(i) } else { live(i) });
    let higher = |a: &Peak, b: &Peak| (a.rate - a.error).total_cmp(&(b.rate - b.error));
    let firm: Vec<usize> = candidates.collect();
    let highest = firm.iter().map(|i| smooth(*i)).max_by(higher)?;
    let mut best = plateau(firm.iter().map(|i| &rows[*i]), highest);
    best.error = best.error.max(UNSEEN * best.rate);
    Some(best)
}

/// The highest among rows that cannot be told from it, drawn towards their mean by as much as chance alone would spread
/// them: of as many equal ones the highest is a lucky one, and the more so the heavier their tails are (empirical Bayes;
/// the rows' own spread after DerSimonian and Laird 1986).
fn plateau<'a>(rows: impl Iterator<Item = &'a Row>, highest: Peak) -> Peak {
    let alike = |r: &&Row| (highest.rate - r.good_rps).abs() <= SAME * highest.error.hypot(error(r));
    let same: Vec<(f64, f64)> = rows.filter(alike).map(|r| (r.good_rps, error(r).powi(-2))).collect();
    let sum = |f: fn(&(f64, f64)) -> f64| same.iter().map(f).sum::<f64>();
    let weights = sum(|(_, w)| *w);
    let free = weights - sum(|(_, w)| w * w) / weights;
    if same.len() < 2 || free <= 0.0 {
        return highest;
    }
    let mean = sum(|(x, w)| x * w) / weights;
    let spread: f64 = same.iter().map(|(x, w)| w * (x - mean).powi(2)).sum();
    let own = ((spread - (same.len() - 1) as f64) / free).max(0.0);
    let counted = highest.error.powi(2);
    let trust = own / (own + counted);
    Peak {
        at: highest.at,
        rate: mean + trust * (highest.rate - mean),
        error: (trust * counted + (1.0 - trust).powi(2) / weights).sqrt(),
    }
}

/// Standard error of a row's rate: counting, and what settling and drift may have left.
fn error(r: &Row) -> f64 {
    r.ci95_rps
        .map_or(r.good_rps, |c| (c / 1.96).hypot(SLACK * r.good_rps))
        .max(1e-9)
}

/// Half width of the 95 % interval as a share of the rate.
fn relative(r: &Row) -> f64 {
    r.ci95_rps.map_or(f64::MAX, |c| c / r.good_rps.max(1e-9))
}

/// How many standard errors `rate`, of this row, lies below 98 % of the peak; negative above it.
fn z_below(row: &Row, rate: f64, peak: &Peak) -> f64 {
    (SHARE * peak.rate - rate) / error(row).hypot(SHARE * peak.error)
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

        assert_eq!(k.workers, 41);
        assert!((45..=49).contains(&k.best_workers) || k.best_workers == 41, "{k:?}");
        assert!((k.best_rps / 1689.0 - 1.0).abs() < 0.02, "{k:?}");
        assert!(k.lo <= 41 && k.lo > 16 && k.hi >= 41 && k.hi <= 49, "{k:?}");
    }

    #[test]
    fn what_fails_is_no_knee_however_much_it_gives() {
        let refused = Row {
            errors: 0.07,
            ..row(24, 2_100.0, 3.0)
        };

        let k = knee(&[row(13, 1_450.0, 2.0), row(20, 1_917.0, 38.0), refused.clone()]).unwrap();
        assert_eq!((k.workers, k.best_workers, k.hi), (20, 20, 20));

        let all_fail = Row {
            errors: 0.5,
            ..row(13, 1_450.0, 2.0)
        };
        assert_eq!(knee(&[all_fail, refused]).unwrap().best_workers, 24);
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
}
