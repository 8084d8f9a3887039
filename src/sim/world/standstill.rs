//! A generator that stands still now and then: nothing leaves and nothing is heard, while network and target go on.

use crate::model::units::Nanos;

/// When it stands still, and how long: in order, and apart from each other.
#[derive(Debug, Default)]
pub(super) struct Standstills {
    times: Vec<(Nanos, Nanos)>,
    /// So many of them were told.
    told: usize,
}

impl Standstills {
    pub(super) fn new(times: Vec<(Nanos, Nanos)>) -> Self {
        Self { times, told: 0 }
    }

    /// When the generator heeds what happens at `at`: at once, or when it goes on.
    pub(super) fn heeded(&self, at: Nanos) -> Nanos {
        let begun = self.times.partition_point(|(from, _)| *from <= at);
        let last = self.times[..begun].last();
        last.map_or(at, |(from, long)| at.max(*from + *long))
    }

    /// Those that are over by now and were not told before.
    pub(super) fn over(&mut self, now: Nanos) -> Vec<(Nanos, Nanos)> {
        let over = self.times.partition_point(|(from, long)| *from + *long <= now);
        let from = std::mem::replace(&mut self.told, over);
        self.times[from..over].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_meanwhile_is_heeded_afterwards_and_each_is_told_once() {
        let ms = Nanos::from_millis;
        let mut s = Standstills::new(vec![(ms(100), ms(40)), (ms(300), ms(10))]);

        assert_eq!(
            [99, 100, 139, 141, 305].map(|at| s.heeded(ms(at))),
            [99, 140, 140, 141, 310].map(ms)
        );
        assert_eq!(s.heeded(Nanos::MAX), Nanos::MAX);
        assert!(s.over(ms(139)).is_empty());
        assert_eq!(s.over(ms(310)), [(ms(100), ms(40)), (ms(300), ms(10))]);
        assert!(s.over(ms(400)).is_empty());
    }
}
