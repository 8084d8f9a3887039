//! What no law may do: leave the bounds, grow too fast, grow into errors, wind up while nothing answers.
//! It refuses to aim; it only cuts, halves, freezes and asks for a pause.

use super::Observation;
use super::variable::Sample;
use crate::model::format;
use crate::model::setpoints::{Mode, ProcessVariable, Setpoints};
use crate::telemetry::promise::Breach;

/// Fewest workers of `hold` on a rate: one duty worker.
pub const LEAST: f64 = 0.05;
/// Errors that stop growth, that halve, that pause.
const STOP: f64 = 0.05;
const HALVE: f64 = 0.20;
const PAUSE: f64 = 0.50;
/// Seconds above `HALVE` until it halves: three ticks; gentle: 1 s.
const HALVE_AFTER: f64 = 0.3;
const GENTLE_HALVE_AFTER: f64 = 1.0;
/// Seconds above `PAUSE` until a gentle run pauses.
const PAUSE_AFTER: f64 = 5.0;
/// Silence that freezes the law, as multiples of the mean response and at least, s.
const SILENT_RESPONSES: f64 = 4.0;
const SILENT: f64 = 1.0;
/// Silence that halves the workers, s.
const DEAD: f64 = 3.0;
/// Time that a cut is given to show, at least, s.
const GRACE: f64 = 0.2;
/// Fewest exchanges an error share is believed on.
const BELIEF: f64 = 10.0;

/// What the limits say about one tick.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gate {
    /// The law is not asked: these workers instead.
    pub forced: Option<f64>,
    /// No more workers than now.
    pub no_growth: bool,
    /// Nothing completes.
    pub stalled: bool,
    /// Why a gate or guard acts now.
    pub breach: Option<Breach>,
    /// The same in words.
    pub because: Option<String>,
    /// A guard asks for a pause.
    pub pause: Option<String>,
    /// Something was just done.
    pub note: Option<String>,
}

/// The guards' memory.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    latest: Sample,
    above_halve: f64,
    above_pause: f64,
    silent: f64,
    halved_at: f64,
    deaths: u32,
    response: f64,
    idle: Option<f64>,
    /// Workers of the last tick, and seconds for which errors are still those of more workers.
    workers: f64,
    grace: f64,
}

impl Limits {
    /// One tick of evidence.
    pub fn see(&mut self, seen: &Observation, set: &Setpoints) -> Gate {
        self.shed(seen);
        if let Some(mean) = seen.mean {
            let weight = if self.response > 0.0 { 0.3 } else { 1.0 };
            self.response += weight * (mean - self.response);
            self.idle = [self.idle, Some(self.response)].into_iter().flatten().min_by(f64::total_cmp);
        }
        let mut gate = self.silence(seen, set);
        if gate.forced.is_none() && !gate.stalled {
            gate = self.errors(seen, set);
            self.patience(seen, &mut gate);
        }
        gate
    }

    /// Adds a tick to the evidence on errors. After a cut the errors that still come in are those of more workers.
    fn shed(&mut self, seen: &Observation) {
        if seen.workers < 0.9 * self.workers {
            self.grace = GRACE.max(2.0 * self.response.min(1.0));
            self.latest = Sample::default();
            self.above_halve = 0.0;
        }
        self.workers = seen.workers;
        self.grace -= seen.span;
        if self.grace <= 1e-9 {
            self.latest.fade(0.7);
            self.latest.add(seen);
        }
    }

    /// Smoothed mean response, s; 0 before the first answer.
    pub fn response(&self) -> f64 {
        self.response
    }

    /// Gentle: a p99 above 2 s and 20 times the idle response stops growth.
    fn patience(&self, seen: &Observation, gate: &mut Gate) {
        let bound = (20.0 * self.idle.unwrap_or(0.0)).max(2.0);
        let slow = seen
            .grid
            .quantile(0.99)
            .filter(|p| seen.gentle && seen.ok >= 10 && *p > bound);
        if let (Some(p), false) = (slow, gate.no_growth) {
            gate.no_growth = true;
            gate.breach = Some(Breach::Slow(p));
            gate.because = Some(format!("p99 {}: no more workers", format::length(p)));
        }
    }

    /// Freezes without completions, halves after 3 s of it, and again after 3 s more.
    fn silence(&mut self, seen: &Observation, set: &Setpoints) -> Gate {
        let mut gate = Gate::default();
        if seen.ok + seen.err > 0 || seen.in_flight == 0 {
            (self.silent, self.halved_at) = (0.0, 0.0);
            if seen.ok > 0 {
                self.deaths = 0;
            }
            return gate;
        }
        // While this machine stood still, nothing could complete.
        self.silent += (seen.span - seen.paused()).max(0.0);
        if self.silent < SILENT.max(SILENT_RESPONSES * self.response) - 1e-9 {
            return gate;
        }
        gate.stalled = true;
        gate.breach = Some(Breach::Silence(self.silent));
        gate.because = Some(format!("no answer for {:.0} s", self.silent));
        let due = self.halved_at + DEAD.max(SILENT_RESPONSES * self.response);
        if self.silent >= due - 1e-9 {
            self.halved_at = self.silent;
            self.deaths += 1;
            let half = (seen.workers / 2.0).round().max(f64::from(set.bounds.min));
            gate.forced = Some(half.min(seen.workers));
            gate.note = Some(format!("no answer for {:.0} s: down to {half:.0} workers", self.silent));
            if seen.gentle && self.deaths >= 2 {
                gate.pause = Some("looks down: twice no answer for 3 s".to_owned());
            }
        }
        gate
    }

    fn errors(&mut self, seen: &Observation, set: &Setpoints) -> Gate {
        let mut gate = Gate::default();
        let believed = self.latest.ok + self.latest.err >= BELIEF;
        let share = if believed { self.latest.errors() } else { 0.0 };
        let longer = |time: f64, above: f64| if share > above { time + seen.span } else { 0.0 };
        self.above_halve = longer(self.above_halve, HALVE);
        self.above_pause = longer(self.above_pause, PAUSE);
        let percent = 100.0 * share;
        if share > STOP {
            gate.no_growth = true;
            gate.breach = Some(Breach::Errors(share));
            gate.because = Some(format!("{percent:.0} % errors: no more workers"));
        }
        let after = if seen.gentle { GENTLE_HALVE_AFTER } else { HALVE_AFTER };
        if self.above_halve >= after - 1e-9 && seen.workers > f64::from(set.bounds.min) {
            self.above_halve = 0.0;
            let half = (seen.workers / 2.0).round().max(f64::from(set.bounds.min));
            gate.forced = Some(half);
            gate.note = Some(format!("{percent:.0} % errors: back to {half:.0} workers"));
        }
        if seen.gentle && self.above_pause >= PAUSE_AFTER - 1e-9 {
            gate.pause = Some(format!("looks down: {percent:.0} % errors for 5 s"));
        }
        gate
    }
}

/// Bounds of a mode: `hold` on a rate may go down to a twentieth of a worker.
fn floor(set: &Setpoints) -> f64 {
    let rate = set.target.is_some_and(|t| t.variable == ProcessVariable::Rps);
    if set.mode == Mode::Hold && rate && set.bounds.min <= 1 {
        LEAST
    } else {
        f64::from(set.bounds.min)
    }
}

/// `wants` inside the bounds and the slew limit: up by at most `slew` e-folds a tick from `from`, down without limit.
/// The second value names the bound that cut it.
/// `paced`: as `hold` on a rate.
pub fn clamp(wants: f64, from: f64, slew: f64, paced: bool, set: &Setpoints) -> (f64, Option<String>) {
    let low = if paced { LEAST } else { floor(set) };
    let high = f64::from(set.bounds.max);
    let wants = if wants.is_finite() { wants } else { from };
    // One worker more is always allowed, or small counts could not grow.
    let slewed = wants.min((from * slew.exp()).max(from + 1.0));
    if wants > high {
        return (slewed.min(high), Some(format!("the limit of {high:.0} workers")));
    }
    if wants < low {
        return (low, Some(format!("the minimum of {low} workers")));
    }
    (slewed, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(i: u64, ok: u64, err: u64) -> Observation {
        Observation {
            err,
            ..Observation::tick(i, ok, 0.01, 40.0)
        }
    }

    #[test]
    fn growth_stops_above_five_percent_errors_and_halves_above_twenty() {
        let (mut l, set) = (Limits::default(), Setpoints::default());

        let few = l.see(&tick(0, 93, 7), &set);
        let many: Vec<Option<f64>> = (1..8).map(|i| l.see(&tick(i, 20, 80), &set).forced).collect();

        assert!(few.no_growth && few.forced.is_none());
        assert_eq!(many.iter().flatten().next(), Some(&20.0), "{many:?}");
    }

    #[test]
    fn silence_freezes_after_a_second_and_halves_after_three() {
        let (mut l, set) = (Limits::default(), Setpoints::default());
        l.see(&tick(0, 100, 0), &set);

        let gates: Vec<Gate> = (1..=60).map(|i| l.see(&tick(i, 0, 0), &set)).collect();

        assert_eq!(gates.iter().position(|g| g.stalled), Some(9));
        let halved: Vec<usize> = (0..60).filter(|i| gates[*i].forced.is_some()).collect();
        assert_eq!(halved, [29, 59]);
    }

    #[test]
    fn a_gentle_run_pauses_where_half_fails_for_five_seconds() {
        let (mut l, set) = (Limits::default(), Setpoints::default());

        let at = (0..100).find(|i| {
            let seen = Observation {
                gentle: true,
                ..tick(*i, 10, 90)
            };
            l.see(&seen, &set).pause.is_some()
        });

        assert_eq!(at, Some(49));
    }

    #[test]
    fn workers_stay_in_bounds_and_grow_no_faster_than_the_slew() {
        let set = Setpoints::default();
        let two = std::f64::consts::LN_2;

        assert_eq!(clamp(100.0, 10.0, two, false, &set), (20.0, None));
        assert_eq!(clamp(3.0, 1000.0, two, false, &set), (3.0, None));
        assert_eq!(clamp(9_000.0, 4_000.0, two, false, &set).0, 4_096.0);
        assert_eq!(clamp(f64::NAN, 7.0, two, false, &set).0, 7.0);
    }
}
