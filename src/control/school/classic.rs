//! `classic`: the published loop of the first clobber, kept as it was.
//! It refuses to know that more workers may bring less: past the peak it adds workers because the rate falls.
//!
//! Source: ragona/clobber, `examples/pid_pool.rs` and `src/pid.rs` on `master`. Taken: tick 0.1 s, goal 4000/s, gains
//! (1e-5, 0, 0), `float_workers += output`, no clamp on that number, every reply counted, errors too; "integral" =
//! (e + its last value)/2, "derivative" = e − its own last value. Changed: it starts from the workers in force.
//! At rest: the rate of the last second stayed within 10 % of the goal for 3 s.

use super::super::{Controller, Move, Observation};
use super::rest::Rest;
use super::{Voice, term, to};
use crate::model::format::quantity;
use crate::model::setpoints::{Setpoint, Setpoints};
use crate::telemetry::frame::State;

/// Off the goal by less than this it is kept, as a share of it.
const KEPT: f64 = 0.10;
/// For this long, s.
const LONG: f64 = 3.0;
/// Weight of a tick in the rate of the last second.
const WEIGHT: f64 = 0.1;

/// The law. Its proportional gain is the knob `gain`.
#[derive(Clone, Debug)]
pub struct Classic {
    /// Gain of what it called the integral, workers per missing reply a second and tick; 0 as published.
    pub ki: f64,
    /// Gain of what it called the derivative; 0 as published.
    pub kd: f64,
    workers: Option<f64>,
    integral: f64,
    derivative: f64,
    rate: Option<f64>,
    kept: f64,
    rest: Rest,
    voice: Voice,
}

impl Default for Classic {
    fn default() -> Self {
        Self {
            ki: 0.0,
            kd: 0.0,
            workers: None,
            integral: 0.0,
            derivative: 0.0,
            rate: None,
            kept: 0.0,
            rest: Rest::within(0.1),
            voice: Voice::default(),
        }
    }
}

impl Classic {
    /// Replies per second over about the last second, and whether they keep the goal.
    fn measure(&mut self, seen: &Observation, goal: f64, set: &Setpoints) -> f64 {
        let now = (seen.ok + seen.err) as f64 / seen.span;
        let rate = self.rate.map_or(now, |r| r + WEIGHT * (now - r));
        self.rate = Some(rate);
        let inside = (rate / goal - 1.0).abs() <= KEPT && seen.workers < f64::from(set.bounds.max);
        self.kept = if inside { self.kept + seen.span } else { 0.0 };
        now
    }

    fn told(&mut self, seen: &Observation, rate: f64, goal: f64, output: f64) -> Option<String> {
        let (r, g) = (quantity(rate), quantity(goal));
        let a_second = output.abs() / seen.span;
        let (kind, text) = match rate / goal - 1.0 {
            o if o.abs() <= KEPT => (0, format!("{r}/s keeps the goal of {g}/s")),
            o if o < 0.0 => (1, format!("{r}/s of {g}/s: {a_second:.2} more a second")),
            _ => (2, format!("{r}/s of {g}/s: {a_second:.2} fewer a second")),
        };
        self.voice.say(seen.now, kind, || text)
    }
}

impl Controller for Classic {
    fn step(&mut self, seen: &Observation, set: &Setpoints) -> Move {
        let goal = set.aim().map_or(Setpoint::CLASSIC.value, |a| a.value);
        let error = goal - self.measure(seen, goal, set);
        self.integral = (error + self.integral) / 2.0;
        self.derivative = error - self.derivative;
        let parts = [set.knobs.gain * error, self.ki * self.integral, self.kd * self.derivative];
        let output = parts.iter().sum::<f64>();
        let workers = self.workers.unwrap_or(seen.workers) + output;
        self.workers = Some(workers);
        self.rest.see(seen, set);
        let rate = self.rate.unwrap_or(0.0);
        let note = self.told(seen, rate, goal, output);
        let terms = ["P", "I", "D"].into_iter().zip(parts);
        let mut terms: Vec<_> = terms.map(|(name, value)| term(name, value, "workers")).collect();
        terms.push(term("sum", workers, "workers"));
        let kept = self.kept >= LONG - 1e-9;
        Move {
            resting: kept,
            converged: kept,
            state: if kept { State::Hold } else { State::Track },
            measured: Some(rate),
            ..to(workers, &self.rest, terms, note)
        }
    }

    fn track(&mut self, _seen: &Observation, workers: f64) {
        *self = Self {
            ki: self.ki,
            kd: self.kd,
            workers: Some(workers),
            ..Self::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_published_it_adds_four_hundredths_of_a_worker_a_tick() {
        let (mut law, set) = (Classic::default(), Setpoints::default());
        law.track(&Observation::default(), 10.0);

        let sums: Vec<f64> = (0..25)
            .map(|i| law.step(&Observation::tick(i, 0, 0.0, 10.0), &set).terms[3].value)
            .collect();

        assert!((sums[0] - 10.04).abs() < 1e-9 && (sums[24] - 11.0).abs() < 1e-9, "{sums:?}");
    }

    #[test]
    fn its_integral_and_derivative_are_the_odd_ones() {
        let (mut law, mut set) = (Classic::default(), Setpoints::default());
        (law.ki, law.kd, set.knobs.gain) = (1.0, 1.0, 0.0);

        let first = law.step(&Observation::tick(0, 0, 0.0, 1.0), &set).terms;
        let second = law.step(&Observation::tick(1, 0, 0.0, 1.0), &set).terms;

        // e = 4000 twice: (4000 + 0)/2 then (4000 + 2000)/2; 4000 − 0 then 4000 − 4000.
        assert_eq!((first[1].value, second[1].value), (2000.0, 3000.0));
        assert_eq!((first[2].value, second[2].value), (4000.0, 0.0));
    }

    #[test]
    fn its_own_number_winds_up_and_a_hand_over_unwinds_it() {
        let (mut law, mut set) = (Classic::default(), Setpoints::default());
        set.knobs.gain = 1e-2;
        set.bounds.max = 50;

        let wound = (0..20).map(|i| law.step(&Observation::tick(i, 1, 0.1, 50.0), &set).workers);
        assert!(wound.last().is_some_and(|w| w > 800.0));
        law.track(&Observation::default(), 50.0);

        set.knobs.gain = 1e-5;
        assert_eq!(law.step(&Observation::tick(21, 1, 0.1, 50.0), &set).workers, 50.0);
    }
}
