//! Whether all that is known can be of one target: among more workers an answer takes no less time than among fewer.
//! It refuses to say which of the two worker counts was measured on another target.
//!
//! Little: R(N) = N/X(N). At a closed target R never falls with N; where it seems to, the target became faster or slower
//! between the two, as while caches fill.

use super::known::Known;

/// So many times longer an answer must have taken among fewer workers.
const LONGER: f64 = 1.6;
/// And by so many standard errors.
const SURE: f64 = 4.0;
/// Answers without which a worker count says nothing.
const NEEDS: f64 = 20.0;

/// Fewer and more workers that contradict each other, the clearest such pair.
pub fn of(known: &Known) -> Option<(u32, u32)> {
    let told: Vec<(u32, f64, f64)> = known
        .points()
        .filter(|(_, s)| s.ok >= NEEDS)
        .map(|(n, s)| {
            let spread = (s.variation() / s.ok).sqrt();
            let error = known.utility(n, 0.0).1.max(spread);
            (n, (f64::from(n) / s.rate()).ln(), error)
        })
        .collect();
    let sway = std::f64::consts::SQRT_2 * known.sway.value();
    let pairs = told
        .iter()
        .enumerate()
        .flat_map(|(i, a)| told[i + 1..].iter().map(move |b| (a, b)));
    let excess = |(a, b): (&(u32, f64, f64), &(u32, f64, f64))| {
        let error = a.2.hypot(b.2).hypot(sway);
        let over = a.1 - b.1 - known.caution * LONGER.ln();
        (over > 0.0 && a.1 - b.1 > SURE * error).then_some((over, (a.0, b.0)))
    };
    pairs.filter_map(excess).max_by(|a, b| a.0.total_cmp(&b.0)).map(|p| p.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Observation;

    /// Ticks of evidence: workers, answers a tick, how many ticks.
    fn known(held: &[(u32, u64, u64)]) -> Known {
        let mut known = Known::default();
        for (n, ok, ticks) in held {
            known.noise.interrupt();
            for i in 0..*ticks {
                let mean = f64::from(*n) * 0.1 / *ok as f64;
                let tick = Observation::tick(i, *ok, mean, f64::from(*n));
                known.see(&tick);
                known.add(*n, &tick);
            }
        }
        known
    }

    #[test]
    fn a_target_that_got_ten_times_faster_contradicts_itself() {
        // 4 and 16 workers while it was cold, 40 since.
        let cold = known(&[(1, 2, 12), (4, 9, 5), (16, 20, 5), (40, 200, 10)]);

        let (fewer, more) = of(&cold).unwrap();

        assert!(fewer < 40 && more == 40, "{fewer} {more}");
    }

    #[test]
    fn queues_falls_and_few_answers_are_no_contradiction() {
        let saturated = known(&[(1, 10, 5), (4, 40, 5), (16, 150, 5), (64, 160, 5)]);
        let falling = known(&[(4, 40, 5), (16, 150, 5), (64, 30, 5)]);
        let hardly = known(&[(4, 40, 5), (5, 70, 1), (16, 150, 5)]);
        let few = known(&[(4, 4, 4), (16, 150, 5)]);

        for k in [saturated, falling, hardly, few] {
            assert_eq!(of(&k), None);
        }
    }
}
