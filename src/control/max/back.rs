//! The rest that an override ended: where to return to, and whether the target still gives there what it gave.
//! It refuses to return to where workers failed meanwhile.

use super::known::Known;
use crate::model::format::{quantity, workers};

/// A rest this long tells whether it still fits, s; at twice it a changed target is served badly for 2 s more.
const RESTED: f64 = 2.0;
/// ln X, beside two errors, by which the rate may differ. Half of it would search again at every sway of a shared machine;
/// twice it keeps 10 % of the goodput from somebody who came back.
const OTHER: f64 = 0.05;

/// Where it rested, and the rate there.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    /// Workers at rest.
    pub workers: u32,
    rate: f64,
    /// Standard error of ln rate.
    error: f64,
}

impl Left {
    /// The rest at `workers`; `None` where too little was measured to recognise it.
    pub fn of(workers: u32, known: &Known) -> Option<Self> {
        let here = known.at(workers);
        (here.span > 0.0 && here.ok > 0.0).then(|| Self {
            workers,
            rate: here.rate(),
            error: error(workers, known),
        })
    }

    /// At rest there again: `None` before that can be told, else whether it fits, and a sentence.
    pub fn fits(&self, known: &Known) -> Option<(bool, String)> {
        let now = known.at(self.workers);
        if now.span < RESTED {
            return None;
        }
        let off = (now.rate() / self.rate).ln().abs();
        let fits = off <= OTHER + 2.0 * self.error.hypot(error(self.workers, known));
        let note = if fits {
            format!("{} still fit: the knee", workers(self.workers))
        } else {
            format!(
                "{}/s now, {}/s before: searching again",
                quantity(now.rate()),
                quantity(self.rate)
            )
        };
        Some((fits, note))
    }
}

fn error(workers: u32, known: &Known) -> f64 {
    known.noise.error(known.at(workers).ok).hypot(known.sway.value())
}
