//! The answer from a course of batches: the rate at which the same arrivals would have had just the share allowed.
//! It refuses the plain mean of the rate: where the rate swings, the bad ones come from its heights.
//!
//! ```text
//!  expected bad of a batch: n·q·(rate/answer)^b      the answer: all expected = all counted      b: the likeliest of a few
//! ```
//! A Poisson regression with measured dispersion (McCullagh and Nelder, *Generalized Linear Models*, 6.2).

use super::decided::Worst;

/// How steeply the bad share may rise with the rate, e-folds an e-fold.
const STEEP: [f64; 6] = [6.0, 8.0, 11.0, 15.0, 20.0, 28.0];

/// Batches that are taken together, and how many such rows tell a dispersion.
const IN_A_ROW: [usize; 3] = [1, 2, 4];
const LEAST_ROWS: f64 = 4.0;
/// The relative standard error is never said to be more.
const WIDEST: f64 = 0.2;

/// One batch as it was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch {
    /// Seconds.
    pub(super) span: f64,
    /// Rate in force, 1/s, in the logarithm.
    pub(super) ln_rate: f64,
    /// Decided and bad in it.
    pub(super) worst: Worst,
    /// The target tipped over in it; what came of that is not counted in `worst`.
    pub(super) tipped: bool,
}

/// What a course says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Answer {
    /// 1/s.
    pub(super) rate: f64,
    /// Half width of its 95 % interval, 1/s.
    pub(super) half: f64,
    /// Variance over mean of the bad ones of a batch, ≥ 1.
    pub(super) dispersion: f64,
}

/// The answer of a course, at the likeliest steepness; `None` where nothing was decided or nothing was bad. What the other
/// steepnesses answer, each by its likelihood, widens the interval.
pub(super) fn fit(batches: &[Batch]) -> Option<Answer> {
    let k: f64 = batches.iter().map(|b| b.worst.k).sum();
    if k < 1.0 {
        return None;
    }
    let answers = STEEP.map(|steep| {
        let ln_rate = solve(batches, steep, k);
        (steep, ln_rate, likelihood(batches, steep, ln_rate))
    });
    let likeliest = answers.iter().max_by(|a, b| a.2.total_cmp(&b.2))?;
    let dispersion = dispersion(batches, likeliest.0, likeliest.1);
    let weigh = |a: &(f64, f64, f64)| ((a.2 - likeliest.2) / dispersion).exp();
    let all: f64 = answers.iter().map(weigh).sum();
    let variance = |a: &(f64, f64, f64)| dispersion / k / a.0.powi(2) + (a.1 - likeliest.1).powi(2);
    let spread = answers.iter().map(|a| weigh(a) * variance(a)).sum::<f64>() / all;
    let rate = likeliest.1.exp();
    Some(Answer {
        rate,
        half: 1.96 * rate * spread.sqrt().min(WIDEST),
        dispersion,
    })
}

/// All expected = all counted, in the logarithm of the rate.
fn solve(batches: &[Batch], steep: f64, k: f64) -> f64 {
    let top = batches.iter().map(|b| b.ln_rate).fold(f64::MIN, f64::max);
    let sum: f64 = batches
        .iter()
        .map(|b| b.worst.n * b.worst.q * (steep * (b.ln_rate - top)).exp())
        .sum();
    top + (sum / k).max(1e-9).ln() / steep
}

fn expected(b: &Batch, steep: f64, ln_rate: f64) -> f64 {
    b.worst.n * b.worst.q * (steep * (b.ln_rate - ln_rate)).exp()
}

fn likelihood(batches: &[Batch], steep: f64, ln_rate: f64) -> f64 {
    let each = batches.iter().map(|b| {
        let mean = expected(b, steep, ln_rate).max(1e-9);
        b.worst.k * mean.ln() - mean
    });
    each.sum()
}

/// Pearson's: bursts of late answers belong together, within a batch and over several in a row.
fn dispersion(batches: &[Batch], steep: f64, ln_rate: f64) -> f64 {
    let of = |row: usize| {
        let rows = batches.chunks(row).filter(|c| c.len() == row);
        let (mut sum, mut count) = (0.0, 0.0);
        for c in rows {
            let mean: f64 = c.iter().map(|b| expected(b, steep, ln_rate)).sum();
            let k: f64 = c.iter().map(|b| b.worst.k).sum();
            sum += (k - mean).powi(2) / mean.max(0.2);
            count += 1.0;
        }
        if count >= LEAST_ROWS { sum / (count - 1.0) } else { 1.0 }
    };
    IN_A_ROW.into_iter().map(of).fold(1.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Batches of 1000 arrivals with exactly as many bad ones as the law says: 1 % at 100/s, times (rate/100)^11.
    fn course(rates: &[f64]) -> Vec<Batch> {
        let batch = |rate: &f64| Batch {
            span: 1.0,
            ln_rate: rate.ln(),
            worst: Worst {
                n: 1000.0,
                k: 10.0 * (rate / 100.0).powi(11),
                q: 0.01,
                ..Worst::default()
            },
            tipped: false,
        };
        rates.iter().map(batch).collect()
    }

    #[test]
    fn a_swinging_rate_leads_to_the_same_answer_as_a_still_one() {
        let still = fit(&course(&[100.0; 12])).unwrap();
        let swinging = fit(&course(&[80.0, 90.0, 110.0, 115.0, 95.0, 85.0, 105.0, 112.0])).unwrap();

        assert!((still.rate - 100.0).abs() < 1e-6 && still.dispersion == 1.0, "{still:?}");
        assert!((swinging.rate - 100.0).abs() < 1e-6, "{swinging:?}");
        // The plain mean would be 3 % low where bad ones are counted and 1 % high where rates are.
        assert!(swinging.half > 0.0 && swinging.half < 6.0, "{swinging:?}");
    }

    #[test]
    fn bursts_widen_the_interval() {
        let mut bursts = course(&[100.0; 12]);
        bursts
            .iter_mut()
            .enumerate()
            .for_each(|(i, b)| b.worst.k = if i % 6 == 0 { 60.0 } else { 0.0 });

        let (calm, burst) = (fit(&course(&[100.0; 12])).unwrap(), fit(&bursts).unwrap());

        assert!((burst.rate - calm.rate).abs() < 1e-6);
        assert!(burst.dispersion > 20.0 && burst.half > 4.0 * calm.half, "{burst:?}");
    }

    #[test]
    fn spells_of_several_batches_widen_it_more_than_single_bursts_do() {
        let of = |bad: &dyn Fn(usize) -> bool| {
            let mut c = course(&[100.0; 16]);
            let burst = |(i, b): (usize, &mut Batch)| b.worst.k = if bad(i) { 18.0 } else { 2.0 };
            c.iter_mut().enumerate().for_each(burst);
            fit(&c).unwrap()
        };

        let (single, spells) = (of(&|i| i % 2 == 0), of(&|i| i / 4 % 2 == 0));

        assert!(spells.half > 1.5 * single.half, "{spells:?} {single:?}");
    }

    #[test]
    fn a_rate_that_was_still_does_not_tell_how_steep_it_is_and_pays_for_that() {
        // 1.5 % bad all the time: the answer lies below, by as much as the unknown steepness says.
        let mut high = course(&[100.0; 12]);
        high.iter_mut().for_each(|b| b.worst.k = 15.0);

        let found = fit(&high).unwrap();

        // 1.5^(−1/6) and 1.5^(−1/28): both ends belong to the interval.
        let (low, top) = (found.rate - found.half, found.rate + found.half);
        assert!(low < 95.0 && top > 97.0, "{found:?}");
    }

    #[test]
    fn nothing_bad_says_nothing() {
        let mut clean = course(&[100.0; 12]);
        clean.iter_mut().for_each(|b| b.worst.k = 0.0);

        assert_eq!(fit(&clean), None);
        assert_eq!(fit(&[]), None);
    }
}
