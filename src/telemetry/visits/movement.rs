//! How much the level walks and how much pieces scatter beyond counting, from differences at one worker count.
//! It refuses to see a trend in one count's rate against another's.

use super::Piece;

/// Pieces this near in time are neighbours, s: what differs between them is scatter rather than walk.
const NEAR: f64 = 1.2;
/// Pieces farther apart than that, s, are not compared: over a minute a walk has many shapes.
const FAR: f64 = 8.0;
/// Before anything was seen the level is taken to walk by .4 % in a second: an idle machine does. At twice it the first
/// comparison of a calm target takes half as long again.
const WALK: f64 = 0.004 * 0.004;
/// Pairs of pieces that weigh as much as what was taken for granted.
const PRIOR: f64 = 6.0;
/// A single pair far off is an outlier, not a walk: ln X apart by more counts as so much.
const OUTLIER: f64 = 0.5;

/// The level of a target and the machine before it, as variances of ln X.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Movement {
    /// Of the level's steps, in 1/s.
    pub walk: f64,
    /// Of a piece beyond counting.
    pub scatter: f64,
}

impl Default for Movement {
    fn default() -> Self {
        Self {
            walk: WALK,
            scatter: 0.0,
        }
    }
}

/// Half the mean square of differences grows with their distance in time: its slope is the walk, its foot the scatter
/// (the variogram of a random walk in white noise; Matheron 1963).
pub(super) fn of(pieces: &[Piece], noise: impl Fn(u32) -> f64 + Copy) -> Movement {
    let (mut near, mut far) = (Lag::default(), Lag::default());
    for (i, p) in pieces.iter().enumerate() {
        for q in &pieces[i + 1..] {
            let apart = q.middle() - p.middle();
            if apart > FAR {
                break;
            }
            if q.workers == p.workers {
                if apart <= NEAR { &mut near } else { &mut far }.add(p, q, apart, noise(p.workers));
            }
        }
    }
    // Differences that overlap in time share their walk: of all pairs of a visit only so many are their own.
    far.weigh(pieces.len() as f64);
    let Some(foot) = near.mean() else {
        return Movement::default();
    };
    let slope = far
        .mean()
        .map_or(0.0, |f| (f - foot) / (far.apart() - near.apart()).max(0.1))
        .max(0.0);
    let seen = far.pairs;
    let walk = (PRIOR * WALK + seen * slope) / (PRIOR + seen);
    let scatter = (0.5 * (foot - walk * near.apart())).max(0.0) * near.pairs / (PRIOR + near.pairs);
    Movement { walk, scatter }
}

/// Squared differences at about one distance.
#[derive(Default)]
struct Lag {
    pairs: f64,
    /// Beyond counting.
    squares: f64,
    distance: f64,
}

impl Lag {
    fn add(&mut self, p: &Piece, q: &Piece, apart: f64, noise: f64) {
        if let (Some(a), Some(b)) = (p.ln_rate(noise), q.ln_rate(noise)) {
            let counted = noise * (p.ok.recip() + q.ok.recip());
            self.pairs += 1.0;
            self.squares += (a - b).clamp(-OUTLIER, OUTLIER).powi(2) - counted;
            self.distance += apart;
        }
    }

    fn mean(&self) -> Option<f64> {
        (self.pairs > 0.0).then(|| self.squares / self.pairs)
    }

    fn apart(&self) -> f64 {
        self.distance / self.pairs.max(1.0)
    }

    /// The same mean from at most `most` pairs.
    fn weigh(&mut self, most: f64) {
        let share = (most / self.pairs.max(1.0)).min(1.0);
        self.pairs *= share;
        self.squares *= share;
        self.distance *= share;
    }
}
