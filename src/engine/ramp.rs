//! How many workers a lane may have at a moment, and when each of them starts: starts are spread evenly over the stagger.
//! It refuses to delay a reduction.

use crate::model::units::Nanos;

/// The lane's beat: orders are read, deadlines swept and workers started this often.
pub(super) const BEAT: Nanos = Nanos::from_millis(10);

/// A staggered rise from some workers to others. Falls act at once.
///
/// Worker `from + k` of `K` new ones starts at `begin + over · k/K`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ramp {
    from: u64, // whole workers
    to: u64,   // thousandths
    begin: Nanos,
    over: Nanos,
}

impl Ramp {
    /// Takes a new aim, in thousandths; the same aim again changes nothing.
    pub(super) fn follow(&mut self, milli: u64, stagger: Nanos, now: Nanos) {
        if milli != self.to {
            let from = (self.allowed(now) / 1000).min(milli / 1000);
            *self = Self {
                from,
                to: milli,
                begin: now,
                over: stagger,
            };
        }
    }

    /// Workers allowed until the next beat, in thousandths; whole ones while it rises.
    pub(super) fn allowed(&self, now: Nanos) -> u64 {
        let growth = self.growth();
        let elapsed = u128::from((now - self.begin + BEAT).ns());
        let started = match u128::from(self.over.ns()) {
            0 => u128::from(growth),
            over => (u128::from(growth) * elapsed).div_ceil(over),
        };
        if started >= u128::from(growth) {
            self.to
        } else {
            (self.from + started as u64) * 1000
        }
    }

    /// How long worker `index` has still to wait for its turn.
    pub(super) fn delay(&self, index: u32, now: Nanos) -> Nanos {
        let k = u64::from(index).saturating_sub(self.from).min(self.growth());
        match self.growth() {
            0 => Nanos::ZERO,
            growth => {
                let after = u128::from(self.over.ns()) * u128::from(k) / u128::from(growth);
                self.begin + Nanos::new(after as u64) - now
            }
        }
    }

    fn growth(&self) -> u64 {
        (self.to / 1000).saturating_sub(self.from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rise() -> Ramp {
        let mut ramp = Ramp::default();
        ramp.follow(10_500, Nanos::from_millis(100), Nanos::from_secs(1));
        ramp
    }

    #[test]
    fn ten_starts_over_a_tenth_of_a_second_are_one_a_beat() {
        let ramp = rise();

        let allowed = [0, 10, 20, 80, 90, 500].map(|ms| ramp.allowed(Nanos::from_millis(1000 + ms)));

        assert_eq!(allowed, [1000, 2000, 3000, 9000, 10_500, 10_500]);
    }

    #[test]
    fn many_starts_within_one_beat_are_spread_over_it() {
        let mut ramp = Ramp::default();
        ramp.follow(100_000, Nanos::from_millis(100), Nanos::ZERO);

        assert_eq!(ramp.allowed(Nanos::ZERO), 10_000, "ten of the hundred in the first beat");
        assert_eq!(ramp.delay(7, Nanos::ZERO), Nanos::from_millis(7));
        assert_eq!(ramp.delay(7, Nanos::from_millis(9)), Nanos::ZERO, "its time has passed");
    }

    #[test]
    fn a_fall_acts_at_once_and_a_new_rise_begins_there() {
        let mut ramp = rise();

        ramp.follow(3_000, Nanos::from_millis(100), Nanos::from_secs(2));
        assert_eq!(ramp.allowed(Nanos::from_secs(2)), 3_000);
        ramp.follow(5_000, Nanos::from_millis(100), Nanos::from_secs(3));
        assert_eq!(ramp.allowed(Nanos::from_secs(3)), 4_000);
    }

    #[test]
    fn without_stagger_all_start_at_once() {
        let mut ramp = Ramp::default();

        ramp.follow(4_250, Nanos::ZERO, Nanos::ZERO);

        assert_eq!(ramp.allowed(Nanos::ZERO), 4_250);
    }
}
