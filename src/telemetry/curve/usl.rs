//! Gunther's universal scalability law by weighted least squares: N/X is linear in (1, N−1, N(N−1)).
//! A predictor and a hint; sharp knees are fitted too softly, so nothing trusts it.

use super::Usl;

/// Fits points `(workers, good rate, weight)`; a negative β is refitted without it.
/// `None` under three points, or two without β, or where the fit has no positive λ.
pub fn fit(points: impl Iterator<Item = (f64, f64, f64)> + Clone) -> Option<Usl> {
    let points = points.filter(|(n, x, _)| *n >= 1.0 && *x > 0.0);
    let found = solve(points.clone(), true)
        .filter(|[_, _, c]| *c >= 0.0)
        .or_else(|| solve(points.clone(), false))?;
    let [a, b, c] = found;
    if a <= 0.0 {
        return None;
    }
    let (lambda, alpha, beta) = (1.0 / a, (b / a).max(0.0), (c / a).max(0.0));
    let law = |n: f64| lambda * n / (1.0 + alpha * (n - 1.0) + beta * n * (n - 1.0));
    Some(Usl {
        lambda,
        alpha,
        beta,
        r2: determination(points, law),
    })
}

fn determination(points: impl Iterator<Item = (f64, f64, f64)> + Clone, law: impl Fn(f64) -> f64) -> f64 {
    let weight: f64 = points.clone().map(|(_, _, w)| w).sum();
    let mean = points.clone().map(|(_, x, w)| x * w).sum::<f64>() / weight;
    let (mut left, mut total) = (0.0, 0.0);
    for (n, x, w) in points {
        left += w * (x - law(n)).powi(2);
        total += w * (x - mean).powi(2);
    }
    if total > 0.0 { 1.0 - left / total } else { 0.0 }
}

/// Normal equations, solved by elimination with pivoting; relative errors of N/X are weighed by the count.
fn solve(points: impl Iterator<Item = (f64, f64, f64)>, full: bool) -> Option<[f64; 3]> {
    let size = if full { 3 } else { 2 };
    let mut m = [[0.0f64; 4]; 3];
    let mut rows = 0;
    for (n, x, w) in points {
        let y = n / x;
        let weight = 1.0 / (y * y * (1.0 / w.max(1.0) + 9e-4));
        let basis = [1.0, n - 1.0, n * (n - 1.0)];
        for i in 0..size {
            for j in 0..size {
                m[i][j] += weight * basis[i] * basis[j];
            }
            m[i][3] += weight * basis[i] * y;
        }
        rows += 1;
    }
    if rows < size { None } else { eliminate(m, size) }
}

fn eliminate(mut m: [[f64; 4]; 3], size: usize) -> Option<[f64; 3]> {
    for i in 0..size {
        let pivot = (i..size).max_by(|a, b| m[*a][i].abs().total_cmp(&m[*b][i].abs()))?;
        m.swap(i, pivot);
        if m[i][i].abs() < 1e-300 {
            return None;
        }
        for r in 0..size {
            if r != i {
                let factor = m[r][i] / m[i][i];
                let pivot_row = m[i];
                m[r].iter_mut().zip(pivot_row).for_each(|(x, p)| *x -= factor * p);
            }
        }
    }
    let mut out = [0.0; 3];
    (0..size).for_each(|i| out[i] = m[i][3] / m[i][i]);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_points_give_back_their_law() {
        let law = |n: f64| 100.0 * n / (1.0 + 0.02 * (n - 1.0) + 0.0004 * n * (n - 1.0));
        let points = [1.0, 4.0, 16.0, 41.0, 128.0].map(|n| (n, law(n), 1000.0));

        let u = fit(points.into_iter()).unwrap();

        assert!((u.lambda - 100.0).abs() < 1e-6 && (u.alpha - 0.02).abs() < 1e-9 && (u.beta - 0.0004).abs() < 1e-9);
        assert!(u.r2 > 0.999_999);
    }

    #[test]
    fn two_points_fit_contention_alone() {
        let u = fit([(1.0, 100.0, 50.0), (2.0, 180.0, 50.0)].into_iter()).unwrap();

        assert_eq!(u.beta, 0.0);
        assert!(u.alpha > 0.0);
    }
}
