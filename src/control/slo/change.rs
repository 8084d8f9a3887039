//! Whether the target became another one during a course: where two answers explain it far better than one.
//! It refuses a change within the scatter of the course, and one that moves the answer by little.
//!
//! ```text
//!  batches ─┬─ one answer:            bad of each ~ n·q·(rate/answer)^b
//!           └─ two, either side of j: the gain in likelihood over the dispersion, best j and b      > SURE ─► j
//! ```
//! A likelihood ratio over all places (Hinkley 1970), with quasi-likelihood for bursts.

use super::fit::Batch;

/// How steeply the bad share may rise with the rate, e-folds an e-fold: flatter ones too, so that a curve is not a change.
const STEEP: [f64; 8] = [2.0, 4.0, 6.0, 8.0, 11.0, 15.0, 20.0, 28.0];
/// Twice the gain in likelihood over the dispersion, from which on it is no chance: 1 in 10⁴ at one place, and there are many.
const SURE: f64 = 16.0;
/// Batches on either side at least, and seconds since the change.
const FEWEST: usize = 3;
const SINCE: f64 = 6.0;
/// The answers are this far apart at least, e-folds.
const APART: f64 = 0.2;
/// Batches that are taken together.
const BLOCKS: [usize; 4] = [1, 2, 4, 6];
/// A side without a bad one had less than this many.
const NONE: f64 = 0.5;

/// A course cut in two at one steepness.
#[derive(Clone, Copy, Debug)]
struct Split {
    at: usize,
    steep: f64,
    likelihood: f64,
    /// Bad ones over what is expected at the largest rate, before and after.
    levels: (f64, f64),
}

/// The first batch of the target as it is now, if it became another one.
pub(super) fn since(batches: &[Batch]) -> Option<usize> {
    let whole = STEEP.into_iter().map(|b| unsplit(batches, b)).fold(f64::MIN, f64::max);
    let splits = STEEP.into_iter().filter_map(|b| best(batches, b));
    let best = splits.max_by(|a, b| a.likelihood.total_cmp(&b.likelihood))?;
    let gain = 2.0 * (best.likelihood - whole) / dispersion(batches, &best);
    let apart = (best.levels.0 / best.levels.1).ln().abs() / best.steep;
    (gain > SURE && apart > APART).then_some(best.at)
}

/// What a batch weighs at the largest rate of the course: expected bad ones of an answer there.
fn weights(batches: &[Batch], steep: f64) -> Vec<f64> {
    let top = batches.iter().map(|b| b.ln_rate).fold(f64::MIN, f64::max);
    let weight = |b: &Batch| (b.worst.n * b.worst.q * (steep * (b.ln_rate - top)).exp()).max(1e-9);
    batches.iter().map(weight).collect()
}

/// Log-likelihood of a side at its own level, but for what all levels share.
fn side(k: f64, weight: f64) -> f64 {
    if k > 0.0 { k * (k / weight).ln() - k } else { 0.0 }
}

/// What all levels share.
fn shared(batches: &[Batch], weights: &[f64]) -> f64 {
    batches.iter().zip(weights).map(|(b, w)| b.worst.k * w.ln()).sum()
}

fn unsplit(batches: &[Batch], steep: f64) -> f64 {
    let weights = weights(batches, steep);
    let k = batches.iter().map(|b| b.worst.k).sum();
    shared(batches, &weights) + side(k, weights.iter().sum())
}

fn best(batches: &[Batch], steep: f64) -> Option<Split> {
    let weights = weights(batches, steep);
    let all = (batches.iter().map(|b| b.worst.k).sum::<f64>(), weights.iter().sum::<f64>());
    let shared = shared(batches, &weights);
    let (mut k, mut weight, mut left) = (0.0, 0.0, batches.iter().map(|b| b.span).sum::<f64>());
    let mut found: Option<Split> = None;
    for (i, (b, w)) in batches.iter().zip(&weights).enumerate() {
        (k, weight, left) = (k + b.worst.k, weight + w, left - b.span);
        let (at, after) = (i + 1, (all.0 - k, (all.1 - weight).max(1e-9)));
        if at < FEWEST || batches.len() - at < FEWEST || left < SINCE - 1e-9 {
            continue;
        }
        let likelihood = shared + side(k, weight) + side(after.0, after.1);
        if found.is_none_or(|f| likelihood > f.likelihood) {
            let levels = (k.max(NONE) / weight, after.0.max(NONE) / after.1);
            found = Some(Split {
                at,
                steep,
                likelihood,
                levels,
            });
        }
    }
    found
}

/// Pearson's, around the two levels; of batches, and of several in a row together: spells last longer than a batch.
fn dispersion(batches: &[Batch], split: &Split) -> f64 {
    let weights = weights(batches, split.steep);
    let each = |(i, (b, w)): (usize, (&Batch, &f64))| {
        let level = if i < split.at { split.levels.0 } else { split.levels.1 };
        (b.worst.k, level * w)
    };
    let all: Vec<(f64, f64)> = batches.iter().zip(&weights).enumerate().map(each).collect();
    let of = |block: usize| {
        let sums = all[..split.at].chunks(block).chain(all[split.at..].chunks(block));
        let (mut sum, mut count) = (0.0, 0.0);
        for c in sums {
            let (k, mean) = c.iter().fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
            sum += (k - mean).powi(2) / mean.max(0.2);
            count += 1.0;
        }
        if count > 2.0 { sum / (count - 2.0) } else { 1.0 }
    };
    BLOCKS.into_iter().map(of).fold(1.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::super::decided::Worst;
    use super::*;

    /// Batches of a second with 1000 arrivals each at `rate`, 1 % of them bad at `answer` and steeply more above.
    fn course(parts: &[(usize, f64, f64)], scatter: f64) -> Vec<Batch> {
        let mut rng = fastrand::Rng::with_seed(3);
        let mut batch = |rate: f64, answer: f64| {
            let mean = 10.0 * (rate / answer).powi(8);
            let burst = (1.0 + scatter * (2.0 * rng.f64() - 1.0)).max(0.0);
            Batch {
                span: 1.0,
                ln_rate: rate.ln(),
                worst: Worst {
                    n: 1000.0,
                    k: (mean * burst).round().min(1000.0),
                    q: 0.01,
                    ..Worst::default()
                },
                tipped: false,
            }
        };
        let all = parts.iter().flat_map(|(n, rate, answer)| vec![(*rate, *answer); *n]);
        // The rate swings a little, or nothing would tell how steep it is.
        let swing = [0.94, 1.0, 1.06].into_iter().cycle();
        all.zip(swing).map(|((rate, answer), s)| batch(s * rate, answer)).collect()
    }

    #[test]
    fn slack_and_excess_that_contradict_what_was_before_are_a_change_and_its_place_is_found() {
        let rise = course(&[(20, 500.0, 500.0), (7, 500.0, 900.0)], 0.5);
        let fall = course(&[(20, 900.0, 900.0), (7, 600.0, 500.0)], 0.5);

        assert_eq!((since(&rise), since(&fall)), (Some(20), Some(20)));
        assert_eq!(since(&rise[..25]), None, "five seconds of slack may be a spell");
    }

    #[test]
    fn bursts_and_a_rate_on_its_way_are_none() {
        let bursts = course(&[(40, 500.0, 500.0)], 1.0);
        let climb: Vec<(usize, f64, f64)> = (0..30).map(|i| (1, 300.0 + 8.0 * f64::from(i), 500.0)).collect();

        assert_eq!((since(&bursts), since(&course(&climb, 0.5))), (None, None));
        assert_eq!(since(&[]), None);
    }

    #[test]
    fn spells_longer_than_a_batch_are_none() {
        // Four seconds in ten have three times as many bad ones as the others.
        let mut spells = course(&[(40, 500.0, 500.0)], 0.3);
        let long = |(i, b): (usize, &mut Batch)| b.worst.k *= if i % 10 < 4 { 3.0 } else { 1.0 };
        spells.iter_mut().enumerate().for_each(long);

        for end in 12..=40 {
            assert_eq!(since(&spells[..end]), None, "{end}");
        }
    }

    #[test]
    fn a_small_change_is_for_the_regulator() {
        let small = course(&[(40, 500.0, 500.0), (40, 500.0, 560.0)], 0.0);

        assert_eq!(since(&small), None);
    }
}
