//! Two rests compared: what an alarm was worth, and whether the rest that an override ended still fits.
//! It refuses to compare before the second has lasted.

use super::known::Known;
use crate::model::format::{quantity, workers};
use std::f64::consts::SQRT_2;

/// A rest this long can be compared, s; at twice it a changed target is served badly for 2 s more.
const RESTED: f64 = 2.0;
/// ln X, beside two errors, by which the rate is another. Half of it would search again at every sway of a shared machine;
/// twice it keeps 10 % of the goodput from somebody who came back.
const OTHER: f64 = 0.05;

/// A rest that has ended.
#[derive(Clone, Copy, Debug)]
pub struct Former {
    /// Workers at rest.
    pub workers: u32,
    rate: f64,
}

impl Former {
    /// The rest at `workers`, as known now.
    pub fn of(workers: u32, known: &Known) -> Self {
        let rate = known.at(workers).rate();
        Self { workers, rate }
    }

    /// Its rate, 1/s.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Whether the rest at `workers` has another rate; `None` before that can be told.
    pub fn differs(&self, workers: u32, known: &Known) -> Option<bool> {
        let now = known.at(workers);
        let error = known.noise.error(now.ok).hypot(known.sway.value());
        let off = (now.rate() / self.rate).ln().abs();
        (now.span >= RESTED).then_some(off > OTHER + 2.0 * SQRT_2 * error)
    }

    /// At rest there again: whether it still gives that, and a sentence.
    pub fn fits(&self, known: &Known) -> Option<(bool, String)> {
        let fits = !self.differs(self.workers, known)?;
        let note = if fits {
            format!("{}: the knee, as before", workers(self.workers))
        } else {
            let (now, before) = (quantity(known.at(self.workers).rate()), quantity(self.rate));
            format!("{now}/s now, {before}/s before: searching again")
        };
        Some((fits, note))
    }
}
