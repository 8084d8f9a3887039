//! Whether the level stepped: the split of the run whose two sides differ most, against how each sways by itself.
//! A walk that comes back is no step.

use super::{Piece, Ratios};
use crate::telemetry::batches::Spread;

/// The level of a target moved and stayed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LevelStep {
    /// Since run start, s.
    pub at: f64,
    /// Level after over level before.
    pub ratio: f64,
    /// Good rate of the reference before it, 1/s.
    pub before: f64,
}

/// Seconds of evidence on either side of a step: at half of it a burst of a neighbour is one.
const SIDE: usize = 8;
/// |ln ratio| that counts where it is so many standard errors: the largest of sixty splits is three of them by chance.
const LEAST: f64 = 0.05;
const ERRORS: f64 = 4.0;
/// Splits tried: sixty over a minute is one a second.
const SPLITS: usize = 60;
/// A count whose ratio is known no better says nothing of the level: relative variance.
const KNOWN: f64 = 0.02 * 0.02;

/// The clearest step of the level, if there is one.
pub(super) fn step(pieces: &[Piece], ratios: &Ratios, noise: impl Fn(u32) -> f64) -> Option<LevelStep> {
    let seconds = seconds(pieces, ratios, noise);
    let levels: Vec<f64> = seconds.iter().map(|s| s.1).collect();
    let last = levels.len().checked_sub(SIDE)?;
    let stride = (levels.len() / SPLITS).max(1);
    let tried = (SIDE..=last).step_by(stride).filter_map(|k| {
        let (before, after) = levels.split_at(k);
        let ln = (mean(after) / mean(before)).ln();
        let mut sway = Spread::of(before);
        sway.add(&Spread::of(after));
        let error = sway.error(before.len() as f64).hypot(sway.error(after.len() as f64));
        (ln.abs() > LEAST.max(ERRORS * error)).then_some((ln.abs() / error.max(1e-6), k, ln))
    });
    let (_, k, ln) = tried.max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(LevelStep {
        at: seconds[k].0,
        ratio: ln.exp(),
        before: mean(&levels[..k]),
    })
}

/// Begin and level, as the reference's good rate, of each second or so of evidence.
fn seconds(pieces: &[Piece], ratios: &Ratios, noise: impl Fn(u32) -> f64) -> Vec<(f64, f64)> {
    let mut out = Vec::new();
    let (mut from, mut sum, mut span) = (0.0, 0.0, 0.0);
    for p in pieces {
        let known = ratios.at(p.workers).filter(|(_, variance)| *variance <= KNOWN);
        let Some((ratio, _)) = known.filter(|_| p.ln_rate(noise(p.workers)).is_some()) else {
            continue;
        };
        if span == 0.0 {
            from = p.from;
        }
        sum += p.ok / ratio;
        span += p.span;
        if span >= 1.0 - 1e-6 {
            out.push((from, sum / span));
            (sum, span) = (0.0, 0.0);
        }
    }
    out
}

fn mean(xs: &[f64]) -> f64 {
    xs.iter().sum::<f64>() / xs.len().max(1) as f64
}
