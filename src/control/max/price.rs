//! What the answer still costs: seconds until both sides of the knee are confirmed, as things stand.
//! An estimate; no decision rests on it.

use super::{Max, Phase, track};
use crate::control::Observation;

/// Decisions of a ramp from one worker, of a refinement and of a trim, s, on a target that answers fast.
const RAMP: f64 = 4.0;
const REFINE: f64 = 2.5;
const TRIM: f64 = 1.0;
/// Counts that are held on the way to a rest on a slow target, and answers each of them takes.
const RUNGS: f64 = 6.0;
const A_RUNG: f64 = 40.0;

impl Max {
    /// About so many seconds to the answer; `None` where there is nothing to confirm any more.
    pub(super) fn answer_in(&self, seen: &Observation) -> Option<f64> {
        let way = |fast: f64, rungs: f64| fast.max(rungs * A_RUNG / self.known.rate().max(0.1));
        let to_rest = match &self.phase {
            Phase::Idle => way(RAMP + REFINE + TRIM, RUNGS),
            Phase::Ramp(_) => way((RAMP - seen.now.secs()).max(1.0) + REFINE + TRIM, RUNGS),
            Phase::Refine(_) => way(REFINE + TRIM, 2.0),
            Phase::Trim(_) => way(TRIM, 1.0),
            Phase::Track(t) => return t.confirmed_in(&self.known),
            Phase::Paced(_) => return None,
        };
        Some(to_rest + track::confirming(2, &self.known))
    }
}
