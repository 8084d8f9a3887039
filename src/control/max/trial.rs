//! One worker count on trial: first it settles, then its ticks are evidence.
//! It does not compare.

use super::known::Known;
use crate::control::Observation;
use crate::control::variable::Sample;
use crate::model::setpoints::Bounds;

/// Longest time to settle, s.
const SETTLE_CAP: f64 = 3.0;
/// Shortest measurement, s.
const SHORTEST: f64 = 0.3;
/// Shortest firm one, s: many answers in a moment know nothing of slow noise.
const STEADY: f64 = 0.5;
/// Longest firm measurement, s, and on a slow target.
const TRIAL: f64 = 1.5;
const SLOW_TRIAL: f64 = 8.0;
/// Mean response, in idle ones, that is surely below what any queue would make of it.
const UNQUEUED_SURELY: f64 = 1.10;
/// Ticks without getting the workers asked for, until the trial gives up.
const REFUSED_AFTER: u32 = 6;
/// From this mean response on, evidence is cut at whole multiples of it: completions come in waves of that period.
const WAVES_FROM: f64 = 0.150;

/// Answers that a tick without any must have led to expect for it to be a pause of the target.
const PAUSED: f64 = 20.0;

/// What a tick was to a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tick {
    /// Not evidence: workers are not there yet, or the queue has not settled.
    Settling,
    /// Settled evidence.
    Evidence,
    /// A guard or gate denies these workers.
    Refused,
}

/// Responses after which every answer was asked for under the new worker count.
const YOUNG: f64 = 1.05;
/// An early look corrects at most this share of a tick.
const CORRECTED: f64 = 0.5;

/// One worker count on trial.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Asked for.
    pub workers: u32,
    from: u32,
    settle: f64,
    /// Mean response and rate before it.
    before: (f64, f64),
    /// Seconds since these workers are in force.
    age: f64,
    denied: u32,
    /// Answers asked for under these workers, settled or not.
    young: Sample,
    /// Evidence since it settled.
    pub sample: Sample,
}

impl Trial {
    /// From now on `workers`, coming from `from`. Settles for max(R, min(N/X, 4R)), twice that after a cut by 30 % since
    /// retired workers leave their long exchanges behind.
    pub fn new(workers: u32, from: u32, known: &mut Known) -> Self {
        known.noise.interrupt();
        let response = known.response();
        let drained = f64::from(workers) / known.rate().max(1e-9);
        let settle = drained.min(4.0 * response).max(response);
        let cut = f64::from(workers) < 0.7 * f64::from(from);
        Self {
            workers,
            from,
            settle: if cut { 2.0 * settle } else { settle }.min(SETTLE_CAP),
            before: (response, known.rate()),
            age: 0.0,
            denied: 0,
            young: Sample::default(),
            sample: Sample::default(),
        }
    }

    /// The first tick of a run, all of it evidence.
    pub fn begin(&mut self, seen: &Observation, known: &mut Known) {
        self.settle = 0.0;
        self.sample.add(seen);
        known.add(self.workers, seen);
    }

    /// One tick; evidence goes into `known` as well.
    pub fn see(&mut self, seen: &Observation, known: &mut Known) -> Tick {
        if seen.ok == 0 && seen.err == 0 && self.sample.rate() * seen.span > PAUSED {
            self.settle = known.pause(self.workers, &mut self.sample) + seen.span;
        }
        if (seen.workers - f64::from(self.workers)).abs() > 0.5 {
            self.denied += 1;
            return if self.denied > REFUSED_AFTER {
                Tick::Refused
            } else {
                Tick::Settling
            };
        }
        if self.age >= YOUNG * self.before.0 {
            self.young.add(seen);
        }
        self.age += seen.span;
        if self.settle > 0.0 {
            self.settle -= seen.span;
            return Tick::Settling;
        }
        self.sample.add(seen);
        known.add(self.workers, seen);
        Tick::Evidence
    }

    /// The first tick of more workers, corrected for what was still missing in it, and how wrong that may be: new workers
    /// start spread over one response, and the answers of a fresh one lag behind by (1 − c²)/2 responses (renewal theory).
    /// Only where that is a small part of the tick; `None` otherwise.
    pub fn early(&self, seen: &Observation) -> Option<(Sample, f64)> {
        let (response, rate) = self.before;
        let mut sample = Sample::default();
        sample.add(seen);
        let missing = response * (1.0 - sample.variation().min(1.0) / 2.0);
        let first = self.sample.span == 0.0 && self.age <= seen.span + 1e-9 && self.workers > self.from;
        if !first || missing > CORRECTED * seen.span {
            return None;
        }
        let gained = (seen.ok as f64 - rate * seen.span).max(0.0) * seen.span / (seen.span - missing);
        sample.span *= sample.ok / (rate * seen.span + gained).max(1.0);
        Some((sample, 0.5 * response / seen.span))
    }

    /// Nothing queues at these workers: answers asked for under them take as long as idle ones, and that is known well.
    /// Then X = N/R by Little's law, without waiting for the rate to settle: that evidence, or `None`.
    pub fn unqueued(&self, known: &Known) -> Option<Sample> {
        let (mean, (idle, doubt)) = (self.young.mean()?, known.idle_doubt()?);
        let error = (self.young.variation() / self.young.ok).sqrt().hypot(doubt);
        let sure = self.young.ok >= 4.0 && mean / idle + 2.0 * error < UNQUEUED_SURELY;
        sure.then(|| Sample {
            span: self.young.ok * mean / f64::from(self.workers),
            ..self.young
        })
    }

    /// Enough answers at this worker count, or as many as it is worth waiting for.
    pub fn firm(&self, known: &Known) -> bool {
        let longest = if known.slow() { SLOW_TRIAL } else { TRIAL };
        let enough = known.at(self.workers).ok >= known.firm() && self.sample.span >= STEADY - 1e-9;
        enough || self.sample.span >= longest - 1e-9
    }

    /// Clearly too little already: no need to be exact about how much.
    pub fn hopeless(&self, known: &Known) -> bool {
        self.sample.span >= SHORTEST - 1e-9 && known.lost(self.workers)
    }

    /// Whether a decision may be made after this tick: within a tick of a whole number of mean responses, or after four.
    pub fn whole_waves(&self, seen: &Observation, known: &Known) -> bool {
        let response = self.sample.mean().unwrap_or_else(|| known.response());
        if response < WAVES_FROM || self.sample.span >= 4.0 * response {
            return true;
        }
        let waves = self.sample.span / response;
        let off = (waves - waves.round()) * response;
        waves >= 0.9 && off > -seen.span / 2.0 && off <= seen.span
    }
}

/// A worker count kept inside the bounds.
pub fn within(workers: f64, bounds: Bounds) -> u32 {
    (workers.round().max(1.0) as u32).clamp(bounds.min.max(1), bounds.max.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_tick_after_a_change_is_never_evidence() {
        let mut known = Known::default();
        let mut t = Trial::new(4, 1, &mut known);

        assert_eq!(t.see(&Observation::tick(1, 40, 0.01, 4.0), &mut known), Tick::Settling);
        assert_eq!(t.see(&Observation::tick(2, 40, 0.01, 4.0), &mut known), Tick::Evidence);
        assert_eq!((t.sample.ok, known.at(4).ok), (40.0, 40.0));
    }

    #[test]
    fn workers_that_never_come_are_refused() {
        let mut known = Known::default();
        let mut t = Trial::new(8, 4, &mut known);

        let last = (0..8).map(|i| t.see(&Observation::tick(i, 40, 0.01, 4.0), &mut known)).last();

        assert_eq!(last, Some(Tick::Refused));
    }

    #[test]
    fn slow_answers_are_judged_at_whole_waves() {
        let mut known = Known::default();
        let mut t = Trial::new(4, 4, &mut known);
        let mut allowed = Vec::new();
        for i in 0..9 {
            let tick = Observation::tick(i, 10, 0.4, 4.0);
            known.see(&tick);
            if t.see(&tick, &mut known) == Tick::Evidence {
                allowed.push(t.whole_waves(&tick, &known));
            }
        }

        // 0.1 … 0.8 s of evidence at R = 0.4 s: at 0.4, 0.5 and 0.8.
        assert_eq!(allowed, [false, false, false, true, true, false, false, true]);
    }
}
