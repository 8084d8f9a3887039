//! A curve through all points known, to aim the next trial: where are knee and best?
//! It is a guide only; no worker count is kept because of it, a race or a count of answers decides.
//!
//! R^p = a + b·N^p + c·N^2p with R = N/X and a, b, c ≥ 0. p = 1 is Gunther's USL; large p is a sharp corner between
//! N/R₀ and the capacity b^(−1/p), as a few servers behind a delay have it; c bends the rate down again.

/// One worker count and what it gave.
#[derive(Clone, Copy, Debug)]
pub struct Dot {
    /// Workers.
    pub workers: f64,
    /// Good answers per second, > 0.
    pub rate: f64,
    /// Variance of ln rate.
    pub variance: f64,
}

/// The fitted curve: the mean of the curves for several p, each weighted by its likelihood exp(−χ²/2). To choose one p
/// would let a single lucky count turn a soft knee into a sharp one.
#[derive(Clone, Copy, Debug)]
pub struct Law {
    parts: [Part; SHARPNESS.len()],
    /// χ² of the best curve per degree of freedom; 0 where there is none.
    pub misfit: f64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Part {
    weight: f64,
    p: f64,
    c: [f64; 3],
}

const SHARPNESS: [f64; 7] = [1.0, 1.5, 2.0, 3.0, 4.5, 7.0, 11.0];
/// The curve is not the truth: about 1 % of it is allowed to be wrong.
const MODEL_VARIANCE: f64 = 1e-4;
/// Which terms take part; those that would need a negative coefficient are out.
const TERMS: [[bool; 3]; 6] = [
    [true, true, true],
    [true, true, false],
    [true, false, true],
    [false, true, true],
    [true, false, false],
    [false, true, false],
];

impl Law {
    /// The curve through at least three dots; `None` for fewer.
    pub fn through(dots: &[Dot]) -> Option<Self> {
        if dots.len() < 3 {
            return None;
        }
        let best_of = |p: f64| {
            let tried = TERMS.iter().filter_map(|terms| solve(dots, p, *terms));
            tried.min_by(|a, b| a.0.total_cmp(&b.0))
        };
        let fits = SHARPNESS.map(best_of);
        let least = fits.iter().flatten().map(|f| f.0).min_by(f64::total_cmp)?;
        // Where even the best curve misses by more than the counts explain, no curve may claim to be much better.
        let scale = (least / (dots.len() as f64 - 2.0)).max(1.0);
        let weigh = |(misfit, part): (f64, Part)| Part {
            weight: (-(misfit - least) / 2.0 / scale).exp(),
            ..part
        };
        let mut parts = fits.map(|f| f.map_or_else(Part::default, weigh));
        let sum: f64 = parts.iter().map(|p| p.weight).sum();
        parts.iter_mut().for_each(|p| p.weight /= sum);
        let freedom = dots.len() as f64 - 3.0;
        let misfit = if freedom > 0.0 { least / freedom } else { 0.0 };
        Some(Self { parts, misfit })
    }

    /// Good answers per second at `n` workers.
    pub fn rate(&self, n: f64) -> f64 {
        let likely = self.parts.iter().filter(|p| p.weight > 1e-3);
        likely.map(|p| p.weight * p.rate(n)).sum()
    }

    /// Fewest workers in 1 ..= `most` with at least `share` of the best rate there.
    pub fn knee(&self, share: f64, most: f64) -> f64 {
        let rates: Vec<(f64, f64)> = grid(most).map(|n| (n, self.rate(n))).collect();
        let best = rates.iter().map(|r| r.1).fold(0.0, f64::max);
        rates.iter().find(|r| r.1 >= share * best).map_or(most, |r| r.0)
    }
}

impl Part {
    fn rate(&self, n: f64) -> f64 {
        let power = n.powf(self.p);
        n / (self.c[0] + power * (self.c[1] + power * self.c[2])).powf(1.0 / self.p)
    }
}

/// 1 to `most` in steps of 1 %.
fn grid(most: f64) -> impl Iterator<Item = f64> {
    let steps = (most.max(1.0).ln() / 0.01).ceil() as u32;
    (0..=steps).map(move |i| (f64::from(i) * 0.01).exp().min(most.max(1.0)))
}

/// Weighted least squares for one p on some of the terms; (χ², curve), `None` where a coefficient is negative.
fn solve(dots: &[Dot], p: f64, terms: [bool; 3]) -> Option<(f64, Part)> {
    let rows: Vec<[f64; 4]> = dots.iter().map(|d| row(d, p, terms)).collect();
    let scale: [f64; 3] = std::array::from_fn(|i| rows.iter().map(|r| r[i].abs()).fold(1e-300, f64::max));
    let mut m = [[0.0; 4]; 3];
    for r in &rows {
        for i in 0..3 {
            for j in 0..3 {
                m[i][j] += r[i] * r[j] / (scale[i] * scale[j]);
            }
            m[i][3] += r[i] * r[3] / scale[i];
        }
    }
    (0..3).filter(|i| !terms[*i]).for_each(|i| m[i][i] = 1.0);
    let x = eliminate(m)?;
    let c: [f64; 3] = std::array::from_fn(|i| if terms[i] { x[i] / scale[i] } else { 0.0 });
    let feasible = c.iter().all(|v| *v >= 0.0 && v.is_finite());
    let misfit = |r: &[f64; 4]| (c[0] * r[0] + c[1] * r[1] + c[2] * r[2] - r[3]).powi(2);
    feasible.then(|| (rows.iter().map(misfit).sum(), Part { weight: 0.0, p, c }))
}

/// The terms and R^p of one dot, each divided by the standard error of R^p.
fn row(d: &Dot, p: f64, terms: [bool; 3]) -> [f64; 4] {
    let power = d.workers.powf(p);
    let y = power / d.rate.powf(p);
    let weight = 1.0 / (p * y * (d.variance + MODEL_VARIANCE).sqrt());
    let term = |i: usize, v: f64| if terms[i] { v * weight } else { 0.0 };
    [term(0, 1.0), term(1, power), term(2, power * power), y * weight]
}

/// Gauss with pivots; `None` where the system is singular.
fn eliminate(mut m: [[f64; 4]; 3]) -> Option<[f64; 3]> {
    for i in 0..3 {
        let pivot = (i..3).max_by(|a, b| m[*a][i].abs().total_cmp(&m[*b][i].abs()))?;
        m.swap(i, pivot);
        if m[i][i].abs() < 1e-12 {
            return None;
        }
        for k in (0..3).filter(|k| *k != i) {
            let by = m[k][i] / m[i][i];
            let pivot_row = m[i];
            m[k].iter_mut().zip(pivot_row).for_each(|(a, b)| *a -= by * b);
        }
    }
    Some([m[0][3] / m[0][0], m[1][3] / m[1][1], m[2][3] / m[2][2]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::units::Nanos;
    use crate::sim::plants::Recipe;

    /// What the curve through a ramp and three dots near the knee says of the knee, as a multiple of it.
    fn knee_ratio(name: &str, at: Nanos) -> f64 {
        let recipe = Recipe::named(name).unwrap();
        let knee = recipe.truth(at).knee_workers;
        let xs = recipe.rates(at, 8 * knee);
        let ramp = (0..).map(|i| 1 << i).take_while(|n| *n <= 4 * knee);
        let dots: Vec<Dot> = ramp
            .chain([knee * 8 / 10, knee, knee * 13 / 10])
            .filter(|n| *n >= knee / 6)
            .map(|n| Dot {
                workers: f64::from(n),
                rate: xs[n as usize - 1],
                variance: 1.0 / 1500.0,
            })
            .collect();
        let law = Law::through(&dots).unwrap();
        law.knee(0.98, f64::from(4 * knee)) / f64::from(knee)
    }

    #[test]
    fn the_curve_finds_the_knee_of_soft_and_sharp_plants() {
        for (name, at) in [
            ("usl", 0),
            ("uslsteep", 0),
            ("mmc", 0),
            ("flat", 0),
            ("latup", 0),
            ("latup", 31),
            ("capdrop", 31),
        ] {
            let ratio = knee_ratio(name, Nanos::from_secs(at));

            assert!((0.9..1.15).contains(&ratio), "{name}: {ratio}");
        }
    }

    #[test]
    fn the_universal_law_is_among_the_curves() {
        let usl = |n: f64| 100.0 * n / (1.0 + 0.02 * (n - 1.0) + 0.0004 * n * (n - 1.0));
        let dots: Vec<Dot> = [1.0, 4.0, 16.0, 32.0, 64.0]
            .map(|n| Dot {
                workers: n,
                rate: usl(n),
                variance: 1e-3,
            })
            .into();

        let law = Law::through(&dots).unwrap();

        assert!((law.rate(45.0) / usl(45.0) - 1.0).abs() < 0.015, "{}", law.rate(45.0));
    }
}
