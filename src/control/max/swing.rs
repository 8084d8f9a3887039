//! Whether the rate swings: a rest that an alarm ended, and the same rate back a while later, is no new target.
//! It refuses to call a first change a swing: that one is searched.

/// Rests that an alarm ended are remembered so long, s: slower swings are changes worth following. At half of it a target
/// that swings every ten seconds is searched each time.
const REMEMBERED: f64 = 40.0;
/// ln X within which a rate is one that was there before, and by which it must have left the present one. At twice it a
/// second, smaller change is taken for the way back.
const ALIKE: f64 = 0.12;
/// Workers up to this ratio apart are about the same place.
const NEAR: f64 = 1.6;

/// A rest that an alarm ended.
#[derive(Clone, Copy, Debug)]
struct Ended {
    at: f64,
    workers: u32,
    rate: f64,
}

/// Rests lately ended, and the swing they show.
#[derive(Clone, Debug, Default)]
pub struct Swings {
    ended: Vec<Ended>,
    /// Lowest and highest rate of the swing, 1/s, and when it was last seen, s.
    between: Option<(f64, f64, f64)>,
}

impl Swings {
    /// An alarm at `at` seconds ends a rest at `workers` that gave `rate`, 1/s, where now `now` is seen. True when that rate
    /// was there before.
    pub fn back(&mut self, at: f64, workers: u32, rate: f64, now: f64) -> bool {
        self.ended.retain(|e| at - e.at < REMEMBERED);
        let apart = |a: f64, b: f64| (a.max(1e-9) / b.max(1e-9)).ln().abs();
        let near = |e: &&Ended| apart(f64::from(e.workers), f64::from(workers)) <= NEAR.ln();
        let before = self.ended.iter().filter(near).any(|e| apart(e.rate, now) <= ALIKE);
        let back = before && apart(rate, now) > ALIKE;
        self.ended.push(Ended { at, workers, rate });
        if back {
            let (lo, hi, _) = self.between.unwrap_or((now, now, at));
            self.between = Some((lo.min(now).min(rate), hi.max(now).max(rate), at));
        }
        back
    }

    /// Lowest and highest rate of the swing seen lately, 1/s, at `now` seconds.
    pub fn between(&self, now: f64) -> Option<(f64, f64)> {
        let fresh = self.between.filter(|(.., last)| now - last < REMEMBERED);
        fresh.map(|(lo, hi, _)| (lo, hi))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_rate_back_is_a_swing_and_a_first_change_is_none() {
        let mut s = Swings::default();

        assert!(!s.back(4.0, 10, 120.0, 85.0), "a change, so far");
        assert!(s.back(9.0, 12, 86.0, 117.0), "120/s was there before");
        assert!(s.back(14.0, 12, 118.0, 84.0), "and 85/s");
        assert_eq!(s.between(20.0), Some((84.0, 118.0)));
        assert_eq!(s.between(60.0), None, "it has been calm since");
    }

    #[test]
    fn a_third_level_a_far_place_and_a_long_time_are_no_swing() {
        for (at, workers, now) in [(9.0, 10, 60.0), (9.0, 40, 118.0), (60.0, 10, 118.0)] {
            let mut s = Swings::default();
            s.back(4.0, 10, 120.0, 85.0);

            assert!(!s.back(at, workers, 86.0, now), "{at} {workers} {now}");
            assert_eq!(s.between(at), None);
        }
    }
}
