//! What the last moves taught of the local gain d ln PV/d ln N, and what follows from it: the loop divides by it, and where
//! it is nothing, workers double. It refuses to learn from moves too small to tell.
//!
//! Below the knee a latency does not follow workers at all: Ki·e alone would take hours from one worker to two thousand.

/// A move of fewer e-folds says nothing. At twice this half a doubling teaches nothing; at half of it noise of 3 % is read
/// as a gain of 0.4.
const TELLING: f64 = 0.2;
/// Share of a new slope that is believed: the plant bends, and two moves past a knee must be enough to know it. Twice as
/// much believes one noisy window.
const FRESH: f64 = 0.5;
/// Gain below which the quantity does not follow: a queue of one server in six already gives more. At twice this, workers
/// double while they are a factor of 1.2 from the target and overshoot it; at half, the climb ends on noise.
const FLAT: f64 = 0.15;
/// Least gain the loop divides by: ten times the step at most. At half of it a noise of 3 % moves workers by 25 %.
const LEAST: f64 = 0.1;
/// Standard errors that an error must have to be worth more than the plain step.
pub(super) const SURE: f64 = 2.0;

/// The measured local gain.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gain {
    /// ln N and ln PV of the last telling window.
    from: Option<(f64, f64)>,
    value: Option<f64>,
}

impl Gain {
    /// One window: ln N and ln PV.
    pub(super) fn see(&mut self, u: f64, y: f64) {
        let Some((u0, y0)) = self.from else {
            self.from = Some((u, y));
            return;
        };
        if (u - u0).abs() < TELLING {
            return;
        }
        let slope = ((y - y0) / (u - u0)).clamp(-0.5, 2.5);
        self.value = Some(self.value.map_or(slope, |v| v + FRESH * (slope - v)));
        self.from = Some((u, y));
    }

    /// The quantity does not follow workers, as far as is known.
    pub(super) fn flat(&self) -> bool {
        self.value.is_none_or(|g| g < FLAT)
    }

    /// What a step of the loop is multiplied by: one over the gain, from 1 to 10. Past the top a gain above one is left to
    /// the loop, which is stable up to two.
    pub(super) fn boost(&self) -> f64 {
        1.0 / self.value.unwrap_or(1.0).clamp(LEAST, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_that_does_not_follow_is_flat_until_two_moves_past_the_knee() {
        let mut g = Gain::default();
        let y = |n: f64| (0.155f64).max(n / 12_800.0).ln();
        let mut flat = Vec::new();
        for n in [500.0, 1000.0, 2000.0, 4000.0, 8000.0f64] {
            g.see(n.ln(), y(n));
            flat.push(g.flat());
        }

        assert_eq!(flat, [true, true, true, false, false]);
        assert!((1.0..1.7).contains(&g.boost()), "{}", g.boost());
    }

    #[test]
    fn small_moves_teach_nothing_and_ten_times_is_the_most() {
        let mut g = Gain::default();
        [(0.0, 0.0), (0.1, 0.3), (0.19, -0.3)]
            .into_iter()
            .for_each(|(u, y)| g.see(u, y));
        assert_eq!(g.boost(), 1.0, "nothing known");
        g.see(0.7, 0.0);
        assert!((g.boost() - 10.0).abs() < 1e-9 && g.flat());
    }
}
