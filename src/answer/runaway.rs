//! The highest open rate a burst is unlikely to tip over, from the measured closed curve.
//! It refuses to extrapolate a fall that was not measured: a flat top is taken to stay flat. A fall that was goes on as
//! scalability laws go on: the time per answer, 1/μ, grows by as much with every further request.
//!
//! Open arrivals at rate λ over a target that works off μ(n) with n requests in it are a birth–death chain. Where μ falls
//! past its peak the chain is only quasi-stationary: from the stable point n_s (μ ≥ λ from there on) it climbs sooner or
//! later over n_c (μ < λ from there on), and then the queue grows for ever. The mean time until then grows like
//! exp(S)/λ with the barrier S = Σ ln(μ(n)/λ) over n_s..n_c (Keilson, Markov Chain Models: Rarity and Exponentiality, 1979;
//! Kramers' escape, for counts).
//!
//! ```text
//!  μ(n)      peak
//!   │      ╭──────╮            S = the hatched area, in logarithms
//!  λ┼─────╱////////╲───────
//!   │    n_s       n_c ╲──     S ≥ ln(λ · 300 s) + margin
//! ```

use crate::telemetry::curve::{Row, isotonic};

/// The time a plan must survive, s.
const HORIZON: f64 = 300.0;
/// Beside ln(λ·HORIZON): e^−MARGIN is about the chance to run away within it.
const MARGIN: f64 = 6.0;
/// Answers without which a row says nothing.
const ENOUGH: u64 = 20;
/// States looked at; a barrier that long is one.
const MOST: u32 = 1 << 20;
/// Standard errors by which time per answer must grow past the peak before it counts as growing.
const SURE: f64 = 2.0;
/// Standard error of a row beside its count, as a share.
const SLACK: f64 = 0.005;

/// The highest rate ≤ `most`, 1/s, at which a run-away within five minutes is unlikely; `most` where the target never
/// falls. `rows` by rising workers; stale ones are left out.
pub(super) fn safe(rows: &[Row], most: f64) -> f64 {
    let Some(speed) = Speed::new(rows) else {
        return most;
    };
    let holds = |rate: f64| speed.barrier(rate, demand(rate)) >= demand(rate);
    if most <= 0.0 || holds(most) {
        return most;
    }
    let (mut lo, mut hi) = (0.01 * most, most);
    while hi > 1.005 * lo {
        let middle = (lo * hi).sqrt();
        if holds(middle) { lo = middle } else { hi = middle }
    }
    lo
}

/// Mean time in the target under Poisson arrivals at `rate`, s, by Little's law over the chain's quasi-stationary
/// distribution; `None` without rows.
pub(super) fn sojourn(rows: &[Row], rate: f64) -> Option<f64> {
    let speed = Speed::new(rows)?;
    let (mut log, mut weight, mut number) = (0.0_f64, 1.0, 0.0);
    for n in 1..=MOST {
        let step = rate.ln() - speed.at(f64::from(n));
        if step > 0.0 && f64::from(n) > speed.peak {
            break; // beyond the barrier
        }
        log += step;
        // Rescaled where the weights grow, so that none overflows.
        if log > 30.0 {
            weight *= (-log).exp();
            number *= (-log).exp();
            log = 0.0;
        }
        weight += log.exp();
        number += f64::from(n) * log.exp();
        if step < 0.0 && log.exp() < 1e-9 * weight {
            break;
        }
    }
    Some(number / weight / rate)
}

fn demand(rate: f64) -> f64 {
    (rate * HORIZON).max(1.0).ln() + MARGIN
}

/// ln μ against ln n: rising to the peak, falling after it.
struct Speed {
    points: Vec<(f64, f64)>,
    /// Requests at the peak.
    peak: f64,
    /// Time per answer at the peak, s, and by how much each further request lengthens it; `None` where it stays flat.
    growth: Option<(f64, f64)>,
}

impl Speed {
    fn new(rows: &[Row]) -> Option<Self> {
        let told = |r: &&Row| !r.stale && r.good_rps > 0.0 && r.completions >= ENOUGH;
        let live: Vec<&Row> = rows.iter().filter(told).collect();
        let sure = |r: &Row| r.good_rps - r.ci95_rps.unwrap_or(r.good_rps);
        let top = (0..live.len()).max_by(|a, b| sure(live[*a]).total_cmp(&sure(live[*b])))?;
        let mut points = rising(live[..=top].iter().copied());
        let (peak, cap) = (f64::from(live[top].workers), points[top].1);
        let after = rising(live[top + 1..].iter().rev().copied());
        points.extend(after.into_iter().rev().map(|(n, x)| (n, x.min(cap))));
        Some(Self {
            points,
            peak,
            growth: growth(&live[top..]),
        })
    }

    /// ln μ at `n` ≥ 1.
    fn at(&self, n: f64) -> f64 {
        let seen = self.measured(n.ln());
        match self.growth {
            Some((time, by)) if n > self.peak => seen.min(-(time + by * (n - self.peak)).ln()),
            _ => seen,
        }
    }

    /// Between the rows; in proportion to n below the first, flat beyond the last.
    fn measured(&self, x: f64) -> f64 {
        let (first, last) = (self.points[0], self.points[self.points.len() - 1]);
        if x <= first.0 {
            return first.1 + x - first.0;
        }
        if x >= last.0 {
            return last.1;
        }
        let after = self.points.partition_point(|p| p.0 < x);
        let (a, b) = (self.points[after - 1], self.points[after]);
        a.1 + (b.1 - a.1) * (x - a.0) / (b.0 - a.0)
    }

    /// Σ ln(μ(n)/λ) from the first n with μ ≥ λ to the last before μ < λ beyond the peak; stops at `enough`. 0 where μ
    /// never reaches λ.
    fn barrier(&self, rate: f64, enough: f64) -> f64 {
        let (goal, mut sum) = (rate.ln(), 0.0);
        for n in 1..=MOST {
            let over = self.at(f64::from(n)) - goal;
            let past = f64::from(n) > self.peak;
            if over < 0.0 && past {
                return sum;
            }
            sum += over.max(0.0);
            if sum >= enough {
                return sum;
            }
        }
        f64::INFINITY
    }
}

/// Nearest rising sequence of ln μ, weighted by answers, at each row's ln n.
fn rising<'a>(rows: impl Iterator<Item = &'a Row> + Clone) -> Vec<(f64, f64)> {
    let levels = isotonic(rows.clone().map(|r| (r.good_rps.ln(), r.completions as f64)));
    rows.map(|r| f64::from(r.workers).ln()).zip(levels).collect()
}

/// Time per answer at the first of `rows`, s, and its growth per further request plus one standard error, by weighted
/// least squares; `None` unless it surely grows.
fn growth(rows: &[&Row]) -> Option<(f64, f64)> {
    let from = f64::from(rows.first()?.workers);
    let (mut w, mut wx, mut wy, mut wxx, mut wxy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for r in rows {
        let (x, y) = (f64::from(r.workers) - from, 1.0 / r.good_rps);
        let error = y * (r.ci95_rps.map_or(1.0, |c| c / 1.96 / r.good_rps)).hypot(SLACK);
        let weight = error.powi(-2);
        w += weight;
        wx += weight * x;
        wy += weight * y;
        wxx += weight * x * x;
        wxy += weight * x * y;
    }
    let det = w * wxx - wx * wx;
    if rows.len() < 2 || det <= 0.0 {
        return None;
    }
    let (by, error) = ((w * wxy - wx * wy) / det, (w / det).sqrt());
    (by > SURE * error).then(|| ((wy - by * wx) / w, by + error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(speed: impl Fn(f64) -> f64) -> Vec<Row> {
        [1u32, 2, 4, 8, 16, 24, 32, 48, 64]
            .into_iter()
            .map(|workers| {
                let good_rps = speed(f64::from(workers));
                Row {
                    workers,
                    good_rps,
                    ci95_rps: Some(0.02 * good_rps),
                    completions: 10_000,
                    ..Row::default()
                }
            })
            .collect()
    }

    fn usl(n: f64) -> f64 {
        400.0 * n / (1.0 + 0.05 * (n - 1.0) + 0.005 * n * (n - 1.0))
    }

    #[test]
    fn one_server_keeps_a_request_as_long_as_theory_says() {
        let rows = curve(|_| 100.0);

        // M/M/1: 1/(μ − λ).
        for rate in [10.0, 50.0, 75.0] {
            let r = sojourn(&rows, rate).unwrap();

            assert!((r * (100.0 - rate) - 1.0).abs() < 0.01, "{rate}: {r}");
        }
        assert_eq!(sojourn(&[], 10.0), None);
    }

    /// A birth–death chain of its own: seconds until `far` are in it, or `None` within five minutes.
    fn escapes(speed: impl Fn(f64) -> f64, rate: f64, far: u32, seed: u64) -> Option<f64> {
        let mut rng = fastrand::Rng::with_seed(seed);
        let (mut n, mut at) = (0u32, 0.0);
        while at < HORIZON {
            let down = if n > 0 { speed(f64::from(n)) } else { 0.0 };
            at -= (1.0 - rng.f64()).ln() / (rate + down);
            if rng.f64() * (rate + down) < rate {
                n += 1;
            } else {
                n -= 1;
            }
            if n >= far {
                return Some(at);
            }
        }
        None
    }

    #[test]
    fn a_flat_top_keeps_what_was_asked() {
        let flat = curve(|n| (n * 250.0).min(2000.0));

        assert_eq!(safe(&flat, 1470.0), 1470.0);
        assert_eq!(safe(&[], 100.0), 100.0, "nothing measured, nothing to fear");
    }

    #[test]
    fn past_a_falling_top_the_chain_escapes_at_three_quarters_and_stays_at_what_is_safe() {
        let most = 0.75 * 2140.0;
        let rate = safe(&curve(usl), most);

        assert!(rate < 0.95 * most && rate > 0.3 * most, "{rate}");
        for seed in 0..3 {
            assert_eq!(escapes(usl, rate, 300, seed), None, "{rate}");
        }
        let fled = (0..4)
            .filter(|seed| escapes(usl, 0.85 * 2180.0, 300, *seed).is_some())
            .count();
        assert_eq!(fled, 4, "the chain can escape at all");
    }

    #[test]
    fn the_barrier_is_that_of_a_finite_queue() {
        // A line of one server that serves 100/s up to 9 requests and then nothing: 9 ln(100/λ).
        let rows = curve(|n| if n <= 8.0 { 100.0 } else { 1e-9 });
        let speed = Speed {
            points: vec![(0.0, 100f64.ln()), (9f64.ln(), 100f64.ln()), (9.01f64.ln(), -20.0)],
            peak: 9.0,
            growth: None,
        };

        assert!((speed.barrier(50.0, 1e9) - 9.0 * 2f64.ln()).abs() < 1e-9);
        assert!(safe(&rows, 75.0) < 75.0);
    }

    #[test]
    fn a_fall_within_the_noise_is_none() {
        let mut rows = curve(|n| (n * 250.0).min(2000.0));
        let last = rows.len() - 1;
        rows[last].good_rps = 1900.0;
        rows[last].ci95_rps = Some(300.0);

        assert_eq!(safe(&rows, 1470.0), 1470.0);
    }
}
