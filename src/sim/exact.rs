//! The exact good rate of a closed loop, N workers over a delay and one station, in product form.
//! It refuses simulation: what it says of a plant is the truth the simulator and the laws are judged against.
//!
//! ```text
//!  ┌─► delay Z ─► station, total rate μ(n) with n jobs in it ─┐      P(n in station) ∝ Z^(N−n)/(N−n)! · Π_{i≤n} 1/μ(i)
//!  └──────────────────── N workers ◄──────────────────────────┘      X(N) = G(N−1)/G(N), G the sum of these terms
//! ```
//! Processor sharing makes it hold for every law of job sizes with mean 1 (BCMP 1975).

use crate::model::run::Truth;

/// Share of the best rate that the knee must reach.
const KNEE: f64 = 0.98;
/// Share of the best rate that counts as the best: tops are flat.
const BEST: f64 = 0.999;
/// Terms this much below the largest, in logarithms, add nothing to a double.
const NEGLIGIBLE: f64 = 45.0;

/// X(1 ..= `n_max`), 1/s: `xs[n − 1]` for n workers. `mu(n)` is the station's total rate with n ≥ 1 jobs in it, 1/s,
/// > 0; `think` the mean delay outside it, s, ≥ 0. Costs O(n_max²).
pub fn throughput(mu: impl Fn(u32) -> f64, think: f64, n_max: u32) -> Vec<f64> {
    let station = station_weights(mu, n_max);
    let delay = delay_weights(think, n_max);
    let sizes: Vec<f64> = (0..=n_max as usize).map(|n| ln_norm(&station, &delay, n)).collect();
    sizes.windows(2).map(|g| (g[0] - g[1]).exp()).collect()
}

/// X(1 ..= `n_max`), 1/s, of a station that turns away whoever finds `most` jobs in it and stands still `stall` s for each;
/// who is turned away comes back after `think` s, > 0. Exponential work.
///
/// A stall begins only while the station is full, and nobody leaves during one, so it lengthens the mean stay in that
/// state alone: with r = (N − most)/Z refusals a second by 1/(1 − r·stall). From r·stall = 1 on nothing is served.
pub fn turning_away(mu: impl Fn(u32) -> f64, think: f64, most: u32, stall: f64, n_max: u32) -> Vec<f64> {
    (1..=n_max)
        .map(|n| {
            let idle = 1.0 - stall * f64::from(n.saturating_sub(most)) / think;
            if idle <= 0.0 {
                return 0.0;
            }
            let rate = |i: u32| if i == most { mu(i) * idle } else { mu(i) };
            let full = n.min(most);
            let mut logs = vec![0.0];
            let mut log = 0.0;
            for i in 1..=full {
                log += (f64::from(n - i + 1) / think / rate(i)).ln();
                logs.push(log);
            }
            let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> = logs.iter().map(|l| (l - top).exp()).collect();
            let served: f64 = (1..=full).map(|i| weights[i as usize] * rate(i)).sum();
            served / weights.iter().sum::<f64>()
        })
        .collect()
}

/// Best and knee of a plant from its rates X(1 ..= n). The best is the smallest N with ≥ 99.9 % of the maximum, the knee
/// the smallest with ≥ 98 %; both 0 for no rates.
pub fn truth(name: &str, xs: &[f64]) -> Truth {
    let best_rps = xs.iter().copied().fold(0.0, f64::max);
    let first = |share: f64| xs.iter().position(|x| *x >= share * best_rps).map_or(0, |i| i as u32 + 1);
    Truth {
        name: name.to_owned(),
        best_rps,
        best_workers: first(BEST),
        knee_workers: first(KNEE),
    }
}

/// ln Π_{i≤n} 1/μ(i) for n = 0 ..= n_max.
fn station_weights(mu: impl Fn(u32) -> f64, n_max: u32) -> Vec<f64> {
    let mut sum = 0.0;
    let mut weights = vec![0.0];
    weights.extend((1..=n_max).map(|n| {
        sum -= mu(n).ln();
        sum
    }));
    weights
}

/// ln Z^k/k! for k = 0 ..= n_max; −∞ beyond 0 when nobody ever thinks.
fn delay_weights(think: f64, n_max: u32) -> Vec<f64> {
    let mut sum = 0.0;
    let mut weights = vec![0.0];
    weights.extend((1..=n_max).map(|k| {
        sum += think.ln() - f64::from(k).ln();
        sum
    }));
    weights
}

/// ln G(n): the logarithm of a sum of exponentials, without overflow.
fn ln_norm(station: &[f64], delay: &[f64], n: usize) -> f64 {
    let terms = || (0..=n).map(|k| station[k] + delay[n - k]);
    let top = terms().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = terms().filter(|t| top - t < NEGLIGIBLE).map(|t| (t - top).exp()).sum();
    top + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_without_think_time_gives_its_rate_at_any_count() {
        let xs = throughput(|_| 50.0, 0.0, 4);

        xs.iter().for_each(|x| assert!((x - 50.0).abs() < 1e-9, "{xs:?}"));
    }

    #[test]
    fn one_worker_gives_one_over_its_cycle() {
        // 10 ms of delay and 1/200 s of service: 1/15 ms.
        let xs = throughput(|_| 200.0, 0.010, 1);

        assert!((xs[0] - 1.0 / 0.015).abs() < 1e-9);
    }

    #[test]
    fn two_workers_over_two_stages_follow_the_birth_death_chain() {
        // Delay rate k·100/s, service 100/s: P(0), P(1), P(2) ∝ 1/2, 1, 1, so busy 0.8 of the time: 80/s.
        let xs = throughput(|_| 100.0, 0.010, 2);

        assert!((xs[1] - 80.0).abs() < 1e-9);
    }

    #[test]
    fn a_door_that_never_closes_changes_nothing() {
        let mu = |n: u32| f64::from(n.min(8)) * 250.0;

        let (open, wide) = (throughput(mu, 0.005, 60), turning_away(mu, 0.005, 60, 0.1, 60));

        for (a, b) in open.iter().zip(&wide) {
            assert!((a / b - 1.0).abs() < 1e-9, "{a} {b}");
        }
    }

    #[test]
    fn one_place_and_three_workers_follow_the_chain_by_hand() {
        // Arrivals 3/Z = 300/s into one place of 100/s: P(1) = 3/4 without stalls. Two others are refused at 200/s; 2.5 ms
        // each is half of the time: 50/s, P(1) = 6/7.
        let x = |stall| turning_away(|_| 100.0, 0.010, 1, stall, 3)[2];

        assert!((x(0.0) - 75.0).abs() < 1e-9);
        assert!((x(0.002_5) - 50.0 * 6.0 / 7.0).abs() < 1e-9, "{}", x(0.002_5));
        assert_eq!(x(0.005), 0.0);
    }

    #[test]
    fn a_flat_top_has_its_knee_before_its_best() {
        let t = truth("t", &[50.0, 97.0, 98.5, 99.95, 100.0]);

        assert_eq!((t.knee_workers, t.best_workers, t.best_rps), (3, 4, 100.0));
    }
}
