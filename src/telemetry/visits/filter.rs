//! Generalized least squares of the counts' ratios, the level eliminated by a scalar Kalman filter (de Jong 1991).
//! It knows no rows and no knee.

use super::{Movement, Piece};
use std::collections::BTreeMap;

/// ln X of every worker count visited against one of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ratios {
    /// By workers: the ratio's logarithm and its variance.
    of: BTreeMap<u32, (f64, f64)>,
}

impl Ratios {
    /// Good rate at `workers` as a multiple of the reference's, and its relative variance; `None` where it was not
    /// visited with a good answer.
    pub fn at(&self, workers: u32) -> Option<(f64, f64)> {
        self.of.get(&workers).map(|(ln, variance)| (ln.exp(), *variance))
    }
}

/// The level before anything is known: ln X of a first piece says where it is.
const DIFFUSE: f64 = 1e4;
/// A count that no path of visits compares with the reference: known to be about as good, times e or so.
const UNCOMPARED: f64 = 1e-6;

/// Ratios to `reference`; empty where that has no piece with a good answer.
pub(super) fn ratios(pieces: &[Piece], reference: u32, movement: &Movement, noise: impl Fn(u32) -> f64) -> Ratios {
    let counts = counts(pieces);
    let Some(base) = counts.get(&reference).copied() else {
        return Ratios::default();
    };
    let system = whiten(pieces, &counts, movement, noise);
    let solved = system.solve(base);
    let mut of: BTreeMap<u32, (f64, f64)> = counts.iter().map(|(n, i)| (*n, solved[*i])).collect();
    of.insert(reference, (0.0, 0.0));
    Ratios { of }
}

/// Every count with a good answer, and its place in the equations.
fn counts(pieces: &[Piece]) -> BTreeMap<u32, usize> {
    let mut out: BTreeMap<u32, usize> = pieces.iter().filter(|p| p.ok >= 1.0).map(|p| (p.workers, 0)).collect();
    out.values_mut().enumerate().for_each(|(i, place)| *place = i);
    out
}

/// Each piece minus what the level filter expects of it; the filter is linear, so that the same is done to the columns of
/// the counts: what is left is white, and ordinary least squares holds.
fn whiten(pieces: &[Piece], counts: &BTreeMap<u32, usize>, m: &Movement, noise: impl Fn(u32) -> f64) -> System {
    let k = counts.len();
    let mut system = System::new(k);
    let (mut level, mut columns, mut doubt) = (0.0, vec![0.0; k], DIFFUSE);
    let mut before: Option<f64> = None;
    for p in pieces {
        let per = noise(p.workers);
        let (Some(y), Some(place)) = (p.ln_rate(per), counts.get(&p.workers)) else {
            continue;
        };
        let now = p.middle();
        doubt += before.map_or(0.0, |b| m.walk * (now - b).max(0.0));
        before = Some(now);
        // The level walks within a piece too: its mean is off its middle by a twelfth of that.
        let own = per / p.ok + m.scatter + m.walk * (p.to - p.from) / 12.0;
        let total = doubt + own;
        let left = |column: f64, i: usize| f64::from(u8::from(i == *place)) - column;
        let unlike: Vec<f64> = columns.iter().enumerate().map(|(i, c)| left(*c, i)).collect();
        system.add(&unlike, y - level, total);
        let gain = doubt / total;
        level += gain * (y - level);
        columns.iter_mut().zip(&unlike).for_each(|(c, u)| *c += gain * u);
        doubt -= gain * doubt;
    }
    system
}

/// Normal equations of weighted least squares.
struct System {
    k: usize,
    /// Row by row.
    matrix: Vec<f64>,
    right: Vec<f64>,
}

impl System {
    fn new(k: usize) -> Self {
        Self {
            k,
            matrix: vec![0.0; k * k],
            right: vec![0.0; k],
        }
    }

    /// `unlike`·f = `left` with this variance.
    fn add(&mut self, unlike: &[f64], left: f64, variance: f64) {
        for (i, u) in unlike.iter().enumerate() {
            if *u != 0.0 {
                let weight = u / variance;
                self.right[i] += weight * left;
                let row = &mut self.matrix[i * self.k..=i * self.k + i];
                row.iter_mut().zip(unlike).for_each(|(m, v)| *m += weight * v);
            }
        }
    }

    /// Values and variances with the one at `base` held at zero: Cholesky's L of the rest, then its inverse.
    fn solve(&self, base: usize) -> Vec<(f64, f64)> {
        let k = self.k;
        let at = |i: usize, j: usize| self.matrix[i.max(j) * k + i.min(j)];
        let mut l = vec![0.0; k * k];
        for i in 0..k {
            for j in 0..=i {
                let fixed = i == base || j == base;
                let own = if i == j { UNCOMPARED } else { 0.0 };
                let value = if fixed { f64::from(u8::from(i == j)) } else { at(i, j) + own };
                let sum: f64 = (0..j).map(|x| l[i * k + x] * l[j * k + x]).sum();
                l[i * k + j] = if i == j {
                    (value - sum).max(1e-12).sqrt()
                } else {
                    (value - sum) / l[j * k + j]
                };
            }
        }
        let inverse = inverse(&l, k);
        let right = |i: usize| if i == base { 0.0 } else { self.right[i] };
        // A⁻¹ = L⁻ᵀ·L⁻¹
        let covariance = |i: usize, j: usize| (i.max(j)..k).map(|x| inverse[x * k + i] * inverse[x * k + j]).sum::<f64>();
        (0..k)
            .map(|i| ((0..k).map(|j| covariance(i, j) * right(j)).sum(), covariance(i, i)))
            .collect()
    }
}

/// L⁻¹ of a lower triangle.
fn inverse(l: &[f64], k: usize) -> Vec<f64> {
    let mut out = vec![0.0; k * k];
    for j in 0..k {
        out[j * k + j] = 1.0 / l[j * k + j];
        for i in j + 1..k {
            let sum: f64 = (j..i).map(|x| l[i * k + x] * out[x * k + j]).sum();
            out[i * k + j] = -sum / l[i * k + i];
        }
    }
    out
}
