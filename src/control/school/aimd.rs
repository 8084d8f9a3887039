//! `aimd`: additive increase, multiplicative decrease. One worker more every tick while it is well, a tenth fewer when not.
//! It refuses to look at throughput: without errors and with the latency rule off it climbs for ever.
//!
//! Source: Chiu and Jain 1989, in the form of Netflix/concurrency-limits, `AIMDLimit.java`: back-off ratio 0.9 on a drop
//! or a response above a bound, else +1 while at least half of the limit is in flight. The bound is not 5 s here but the
//! knob `backoff` times the least mean response seen (over at least ten answers); 0 switches it off.

use super::super::variable::Sample;
use super::super::{Controller, Move, Observation};
use super::rest::Rest;
use super::{Voice, in_force, term, to, used, within};
use crate::model::format::{length, percent};
use crate::model::setpoints::Setpoints;

/// What is left after a back-off.
const LEFT: f64 = 0.9;
/// Answers a mean response is believed on.
const ENOUGH: f64 = 10.0;

/// The law.
#[derive(Clone, Debug)]
pub struct Aimd {
    limit: Option<f64>,
    window: Sample,
    response: f64,
    least: Option<f64>,
    rest: Rest,
    voice: Voice,
}

impl Default for Aimd {
    fn default() -> Self {
        Self {
            limit: None,
            window: Sample::default(),
            response: 0.0,
            least: None,
            rest: Rest::within(0.2),
            voice: Voice::default(),
        }
    }
}

impl Aimd {
    /// The mean response once enough answers are in, and the least of all; a slow verdict needs a fresh one.
    fn measure(&mut self, seen: &Observation) -> bool {
        self.window.add(seen);
        let Some(mean) = self.window.mean().filter(|_| self.window.ok >= ENOUGH) else {
            return false;
        };
        self.window = Sample::default();
        self.response = mean;
        self.least = Some(self.least.map_or(mean, |l| l.min(mean)));
        true
    }
}

impl Controller for Aimd {
    fn step(&mut self, seen: &Observation, set: &Setpoints) -> Move {
        let limit = in_force(self.limit.unwrap_or(seen.workers), seen);
        let least = self.least.unwrap_or(f64::INFINITY);
        let slow = self.measure(seen) && set.knobs.backoff > 0.0 && self.response > set.knobs.backoff * least;
        let mut note = None;
        let next = if seen.err > 0 || slow {
            let errors = seen.err as f64 / (seen.ok + seen.err).max(1) as f64;
            let response = self.response;
            note = self.voice.say(seen.now, u8::from(slow), || match seen.err {
                0 => format!(
                    "{}, {} × the least {}: 10 % fewer",
                    length(response),
                    set.knobs.backoff,
                    length(least)
                ),
                _ => format!("{} errors: 10 % fewer workers", percent(errors)),
            });
            (limit * LEFT).floor()
        } else if used(seen, limit) {
            limit + 1.0
        } else {
            limit
        };
        let next = within(next, set);
        self.limit = Some(next);
        self.rest.decided();
        self.rest.see(seen, set);
        let terms = vec![
            term("limit", next, "workers"),
            term("R", self.response, "s"),
            term("R min", self.least.unwrap_or(0.0), "s"),
        ];
        to(next, &self.rest, terms, note)
    }

    fn track(&mut self, _seen: &Observation, workers: f64) {
        *self = Self {
            limit: Some(workers),
            ..Self::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_a_tick_and_a_tenth_fewer_on_an_error() {
        let (mut law, set) = (Aimd::default(), Setpoints::default());

        let up = law.step(&Observation::tick(0, 100, 0.01, 40.0), &set).workers;
        let mut bad = Observation::tick(1, 100, 0.01, 41.0);
        bad.err = 1;
        let down = law.step(&bad, &set);

        assert_eq!((up, down.workers), (41.0, 36.0));
        assert!(down.note.is_some_and(|n| n.contains("errors")));
    }

    #[test]
    fn it_does_not_grow_while_the_limit_is_not_used() {
        let (mut law, set) = (Aimd::default(), Setpoints::default());
        let idle = Observation {
            in_flight: 19,
            ..Observation::tick(0, 100, 0.01, 40.0)
        };

        assert_eq!(law.step(&idle, &set).workers, 40.0);
    }

    #[test]
    fn twice_the_least_response_is_too_slow_unless_the_rule_is_off() {
        for (backoff, want) in [(2.0, 36.0), (0.0, 42.0)] {
            let (mut law, mut set) = (Aimd::default(), Setpoints::default());
            set.knobs.backoff = backoff;
            law.step(&Observation::tick(0, 100, 0.01, 40.0), &set);

            let workers = law.step(&Observation::tick(1, 100, 0.021, 41.0), &set).workers;

            assert_eq!(workers, want, "{backoff}");
        }
    }
}
