//! Plants nobody tuned for: a named plant with its figures moved at random.
//! The kind of plant stays what it is.

use super::{Discipline, Recipe};

/// At least one, to the nearest whole.
fn whole(n: u32, by: f64) -> u32 {
    (f64::from(n) * by).round().max(1.0) as u32
}

impl Recipe {
    /// The same plant with its figures moved by independent factors of up to 1 ± `share`: rates, delays, admitted rate,
    /// places, times of waiting, warming, growing and standing still. All stretches move together, so that what changes
    /// at half time changes as much as before.
    pub fn jittered(&self, seed: u64, share: f64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut factor = || 1.0 + share * (2.0 * rng.f64() - 1.0);
        let (rate, think) = (factor(), factor());
        let (limit, places, room, wait, stall) = (factor(), factor(), factor(), factor(), factor());
        let mut other = self.clone();
        for s in &mut other.stretches {
            s.law = s.law.faster(rate);
            s.think *= think;
            if let (Discipline::Fifo, Some(n)) = (s.discipline, s.law.servers()) {
                s.law = s.law.among(whole(n, places));
            }
            s.door.admit = s.door.admit.map(|n| whole(n, room));
            s.door.queue = s.door.queue.map(|n| whole(n, room));
            s.door.timeout = s.door.timeout.map(|t| t * wait);
            s.door.stall *= stall;
            if let Some(l) = &mut s.door.limit {
                l.rate *= limit;
            }
        }
        let (warm, first, times, length, every, after) = (factor(), factor(), factor(), factor(), factor(), factor());
        other.warm = other.warm.map(|t| t * warm);
        if let Some(c) = &mut other.cold {
            c.first = (c.first as f64 * first).round() as u64;
            c.times *= times;
        }
        if let Some(p) = &mut other.pause {
            p.every *= every;
            p.length = (p.length * length).min(0.9 * p.every);
        }
        if let Some(s) = &mut other.scale {
            s.after *= after;
        }
        other
    }
}

#[cfg(test)]
mod tests {
    use super::super::NAMES;
    use super::*;
    use crate::model::units::Nanos;

    #[test]
    fn no_share_moves_nothing_and_a_seed_says_it_all() {
        for name in NAMES {
            let recipe = Recipe::named(name).unwrap();

            assert_eq!(recipe.jittered(3, 0.0), recipe, "{name}");
            assert_eq!(recipe.jittered(3, 0.4), recipe.jittered(3, 0.4), "{name}");
            assert_ne!(recipe.jittered(3, 0.4), recipe.jittered(4, 0.4), "{name}");
        }
    }

    #[test]
    fn every_best_rate_moves_by_no_more_than_its_share() {
        for name in NAMES.into_iter().filter(|n| *n != "huge") {
            let recipe = Recipe::named(name).unwrap();
            let best = recipe.truth(Nanos::ZERO).best_rps;

            let moved: Vec<f64> = (0..4)
                .map(|seed| recipe.jittered(seed, 0.4).truth(Nanos::ZERO).best_rps / best)
                .collect();

            // A line also has more or fewer places: two factors.
            assert!(moved.iter().all(|m| (0.35..=1.97).contains(m)), "{name} {moved:?}");
            assert!(moved.iter().any(|m| (m - 1.0).abs() > 0.02), "{name} {moved:?}");
        }
    }
}
