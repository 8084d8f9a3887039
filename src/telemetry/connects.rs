//! What slow connects say: whether they took as long as the kernel waits before it asks again.
//! It refuses to read that out of a few slow ones among others that do not fit.

use crate::model::format::count;
use crate::model::units::Nanos;

/// When Linux sends its request for a connection again, s: a second apart since 6.5, after doubling waits before.
const AGAIN: [f64; 7] = [1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 15.0];
/// The answer to such a request comes within this, s.
const SOON: f64 = 0.15;
/// From here on a connect is slow, s.
const SLOW: f64 = 0.9;

/// Counts of slow connects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connects {
    /// All slow ones.
    pub slow: u64,
    /// Those that succeeded just when they had been asked for again; part of `slow`.
    pub again: u64,
}

impl Connects {
    /// One that succeeded.
    pub fn add(&mut self, took: Nanos) {
        let took = took.secs();
        self.slow += u64::from(took >= SLOW);
        self.again += u64::from(AGAIN.iter().any(|at| (*at..at + SOON).contains(&took)));
    }

    /// Those of another span too.
    pub fn merge(&mut self, other: Self) {
        self.slow += other.slow;
        self.again += other.again;
    }

    /// What that means, where most of the slow ones fit.
    pub fn hint(&self) -> Option<String> {
        (self.again * 2 > self.slow).then(|| {
            format!(
                "{} connects took 1, 2, 3 … s, as when the kernel must ask again: the target's accept queue was full, or packets were lost",
                count(self.again)
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connects(ms: &[u64]) -> Connects {
        let mut c = Connects::default();
        ms.iter().for_each(|ms| c.add(Nanos::from_millis(*ms)));
        c
    }

    #[test]
    fn whole_seconds_are_told_and_other_lengths_are_not() {
        let full = connects(&[0, 1, 1012, 1014, 3050, 7020]);

        assert_eq!((full.slow, full.again), (4, 4));
        assert!(full.hint().unwrap().starts_with("4 connects took"));
        assert_eq!(connects(&[5, 800, 1600, 1010, 2400]).hint(), None, "one of three fits");
        assert_eq!(connects(&[5]).hint(), None);
    }
}
