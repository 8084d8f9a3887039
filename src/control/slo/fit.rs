//! The answer from a course of batches: the rate at which the same arrivals would have had just the share allowed.
//! It refuses the plain mean of the rate: where the rate swings, the bad ones come from its heights.
//!
//! ```text
//!  expected bad of a batch: n·q·(rate/answer)^b      the answer: all expected = all counted      b: the likeliest of a few
//! ```
//! A Poisson regression with measured dispersion (McCullagh and Nelder, *Generalized Linear Models*, 6.2).

use super::signal::Worst;

/// How steeply the bad share may rise with the rate, e-folds an e-fold.
const STEEP: [f64; 6] = [6.0, 8.0, 11.0, 15.0, 20.0, 28.0];

/// One batch as it was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch {
    /// Seconds.
    pub(super) span: f64,
    /// Rate in force, 1/s, in the logarithm.
    pub(super) ln_rate: f64,
    /// Decided and bad in it.
    pub(super) worst: Worst,
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

/// The answer of a course; `None` where nothing was decided or nothing was bad.
pub(super) fn fit(batches: &[Batch]) -> Option<Answer> {
    let k: f64 = batches.iter().map(|b| b.worst.k).sum();
    if k < 1.0 {
        return None;
    }
    let (steep, ln_rate, _) = STEEP
        .into_iter()
        .map(|steep| {
            let ln_rate = solve(batches, steep, k);
            (steep, ln_rate, likelihood(batches, steep, ln_rate))
        })
        .max_by(|a, b| a.2.total_cmp(&b.2))?;
    let dispersion = dispersion(batches, steep, ln_rate);
    let rate = ln_rate.exp();
    Some(Answer {
        rate,
        half: 1.96 * rate * (dispersion / k).sqrt() / steep,
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

/// Pearson's: bursts of late answers belong together.
fn dispersion(batches: &[Batch], steep: f64, ln_rate: f64) -> f64 {
    if batches.len() < 4 {
        return 1.0;
    }
    let each = batches.iter().map(|b| {
        let mean = expected(b, steep, ln_rate);
        (b.worst.k - mean).powi(2) / mean.max(0.2)
    });
    (each.sum::<f64>() / (batches.len() - 1) as f64).max(1.0)
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
            },
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
    fn nothing_bad_says_nothing() {
        let mut clean = course(&[100.0; 12]);
        clean.iter_mut().for_each(|b| b.worst.k = 0.0);

        assert_eq!(fit(&clean), None);
        assert_eq!(fit(&[]), None);
    }
}
