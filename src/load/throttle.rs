//! A token bucket: credits accrue at a rate up to a bound, and every exchange costs one.
//! It refuses to wait: it says when.

use crate::model::units::{Nanos, parse_number, parse_rate};

/// Credits per second, and most that are saved up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// 1/s, > 0.
    pub rate: f64,
    /// ≥ 1.
    pub burst: f64,
}

impl Terms {
    /// `RATE[:BURST]`; without BURST a second's worth is saved up, at least one.
    ///
    /// # Errors
    /// A sentence naming the remedy.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (rate, burst) = text.split_once(':').map_or((text, None), |(r, b)| (r, Some(b)));
        let rate = parse_rate(rate)?;
        let burst = match burst {
            None => rate.max(1.0),
            Some(b) => parse_number(b)
                .filter(|b| *b >= 1.0)
                .ok_or_else(|| format!("a burst of {b:?} is not 1 or more (such as 500:50)"))?,
        };
        Ok(Self { rate, burst })
    }
}

/// The bucket, as the moment at which it would be full if nothing more were taken (the virtual scheduling form of the
/// generic cell rate algorithm, ITU-T I.371): no counter has to be filled up.
#[derive(Clone, Copy, Debug)]
pub struct Throttle {
    terms: Terms,
    full: Nanos,
}

/// A credit that has lain for longer was not waited for.
const FRESH: Nanos = Nanos::from_millis(10);

impl Throttle {
    /// Full at time zero.
    pub fn new(terms: Terms) -> Self {
        Self {
            terms,
            full: Nanos::ZERO,
        }
    }

    /// When there is a credit, ≥ the last moment one was there.
    pub fn ready(&self) -> Nanos {
        self.full - Nanos::from_secs_f64((self.terms.burst - 1.0) / self.terms.rate)
    }

    /// How many exchanges may go at once.
    pub fn credits(&self, now: Nanos) -> usize {
        let owed = (self.full - now).secs() * self.terms.rate;
        // Moments are whole nanoseconds: what is there to a millionth is there.
        (self.terms.burst - owed + 1e-6).max(0.0) as usize
    }

    /// Whether it holds exchanges back: its credits are used as they come, and none has lain for long.
    pub fn binds(&self, now: Nanos) -> bool {
        self.ready() + FRESH > now
    }

    /// Takes the credit that is there at `ready`, now or in the future, and says when that is, ≥ `now`.
    pub fn take(&mut self, now: Nanos) -> Nanos {
        let at = self.ready().max(now);
        self.full = self.full.max(now) + Nanos::from_secs_f64(1.0 / self.terms.rate);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Nanos = Nanos::from_millis;

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let mut t = Throttle::new(Terms::parse("100:3").unwrap());

        let at: Vec<Nanos> = (0..6).map(|_| t.take(MS(500))).collect();

        assert_eq!(at, [500, 500, 500, 510, 520, 530].map(MS));
    }

    #[test]
    fn credits_accrue_up_to_the_bound_and_no_further() {
        let mut t = Throttle::new(Terms::parse("100:3").unwrap());
        let first = [t.take(MS(0)), t.take(MS(0)), t.take(MS(0))];

        assert_eq!(first, [MS(0); 3]);
        assert_eq!(t.ready(), MS(10));
        assert_eq!([0, 9, 10, 20, 25, 30, 900].map(|at| t.credits(MS(at))), [0, 0, 1, 2, 2, 3, 3]);
        assert_eq!([t.take(MS(20)), t.take(MS(20)), t.take(MS(20))], [MS(20), MS(20), MS(30)]);
        let late: Vec<Nanos> = (0..4).map(|_| t.take(MS(9_000))).collect();
        assert_eq!(late, [9_000, 9_000, 9_000, 9_010].map(MS));
        // The next credit comes at 9020.
        assert_eq!([9_000, 9_029, 9_030].map(|ms| t.binds(MS(ms))), [true, true, false]);
    }

    #[test]
    fn without_a_burst_a_second_is_saved_up() {
        assert_eq!(
            Terms::parse("250"),
            Ok(Terms {
                rate: 250.0,
                burst: 250.0
            })
        );
        assert_eq!(Terms::parse("0.5").map(|t| t.burst), Ok(1.0));
        for (text, remedy) in [("0", "250"), ("5:0", "1 or more"), ("5:x", "500:50")] {
            assert!(Terms::parse(text).unwrap_err().contains(remedy), "{text}");
        }
    }
}
