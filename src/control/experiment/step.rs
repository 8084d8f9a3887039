//! The step test: base, step, until it has settled, back. Gains as elasticities, times from the clearer signal.
//! It refuses steps that leave the bounds or come to less than one worker.
//!
//! ```text
//!  settle ─► base ─► step: watched until two successive thirds agree ─► back at the base
//! ```

use super::{Outcome, Progress, evidence};
use crate::control::Observation;
use crate::control::variable::Sample;
use crate::model::format::change;
use crate::model::setpoints::Bounds;
use crate::telemetry::experiment::StepTest;

/// Answers that make a level, and shortest and longest time for it, s.
const ANSWERS: f64 = 3000.0;
const SHORTEST: f64 = 2.0;
const LONGEST: f64 = 10.0;
/// Longest time after the step, s.
const PATIENCE: f64 = 20.0;
/// Ticks that a reading of the response is averaged over.
const SMOOTH: usize = 3;

/// A running step test.
#[derive(Clone, Debug)]
pub struct Step {
    pub(super) from: f64,
    to: f64,
    waited: f64,
    base: Sample,
    stepped: bool,
    ticks: Vec<Sample>,
}

/// Which logarithm is read.
type Signal = fn(&Sample) -> Option<f64>;

impl Step {
    pub(super) fn new(from: f64, fraction: f64, whole: bool, bounds: Bounds) -> Result<Self, String> {
        let wished = from * (1.0 + fraction);
        let (from, to) = if whole {
            (from.round(), wished.round())
        } else {
            (from, wished)
        };
        if to < f64::from(bounds.min).min(from) {
            return Err(format!(
                "{to:.0} workers are below the bound of {} (say a smaller step)",
                bounds.min
            ));
        }
        if to > f64::from(bounds.max) {
            let say = format!("say bounds {}..{to:.0} or a smaller step", bounds.min);
            return Err(format!("{to:.0} workers are above the bound of {} ({say})", bounds.max));
        }
        if (to - from).abs() < 1.0 || to < 1.0 {
            return Err(format!(
                "{from:.1} workers are too few for a step of {} (say a larger step)",
                change(fraction)
            ));
        }
        Ok(Self {
            from,
            to,
            waited: 0.0,
            base: Sample::default(),
            stepped: false,
            ticks: Vec::new(),
        })
    }

    pub(super) fn tick(&mut self, seen: &Observation) -> Progress {
        if self.stepped {
            return self.watch(seen);
        }
        self.waited += seen.span;
        if self.waited > seen.mean.unwrap_or(0.0).max(0.2) {
            self.base.add(seen);
        }
        let b = self.base;
        let least = SHORTEST.max(4.0 * b.mean().unwrap_or(0.0));
        let enough = b.ok >= ANSWERS && b.span >= least.min(LONGEST) - 1e-9;
        if !enough && b.span < LONGEST - 1e-9 {
            return self.at(self.from, b);
        }
        if b.ok < 50.0 {
            let why = format!("only {:.0} answers in {:.0} s", b.ok, b.span);
            return self.over(Outcome::Failed(why));
        }
        self.stepped = true;
        self.at(self.to, Sample::default())
    }

    fn watch(&mut self, seen: &Observation) -> Progress {
        let mut tick = Sample::default();
        tick.add(seen);
        self.ticks.push(tick);
        let all = sum(&self.ticks);
        let least = SHORTEST.max(6.0 * self.base.mean().unwrap_or(0.0)).min(PATIENCE);
        let thirds = self.ticks.len() / 3;
        let ripe = all.span >= least - 1e-9 && sum(&self.ticks[thirds..]).ok >= ANSWERS.min(self.base.ok) && self.level(thirds);
        if ripe || all.span >= PATIENCE - 1e-9 {
            return self.over(Outcome::Step(self.judge(thirds)));
        }
        self.at(self.to, all)
    }

    /// The last two thirds agree within their noise.
    fn level(&self, third: usize) -> bool {
        let (a, b) = (sum(&self.ticks[third..2 * third]), sum(&self.ticks[2 * third..]));
        let close = |of: Signal, error: f64| of(&a).zip(of(&b)).is_some_and(|(x, y)| (x - y).abs() <= error.max(0.02));
        close(rate, 2.0 * noise(&a).hypot(noise(&b))) && close(response, 2.0 * spread(&a).hypot(spread(&b)))
    }

    fn judge(&self, third: usize) -> StepTest {
        let end = sum(&self.ticks[third..]);
        let du = (self.to / self.from).ln();
        let change = |of: Signal| of(&end).zip(of(&self.base)).map(|(after, before)| after - before);
        let (dx, dr) = (change(rate).unwrap_or(0.0), change(response));
        let error = noise(&end).hypot(noise(&self.base));
        let slower = dr.filter(|r| r.abs() > dx.abs());
        let found = StepTest {
            from: self.from,
            to: self.to,
            gain: dx / du,
            gain_error: error / du.abs(),
            latency_gain: dr.map(|r| r / du),
            signal: if slower.is_some() { "mean" } else { "rps" },
            ..StepTest::default()
        };
        match slower {
            Some(r) => self.times(found, response, r, spread(&end).hypot(spread(&self.base)), spread),
            None => self.times(found, rate, dx, error, noise),
        }
    }

    /// Dead time, time constant, overshoot and settling of a signal that changed by `change`, known to `error`.
    fn times(&self, found: StepTest, of: Signal, change: f64, error: f64, scatter: fn(&Sample) -> f64) -> StepTest {
        let Some(before) = of(&self.base).filter(|_| change.abs() > 2.0 * error) else {
            return found;
        };
        // Centred: the reading of a tick belongs to that tick.
        let share = |i: usize| {
            let near = sum(&self.ticks[i.saturating_sub(SMOOTH / 2)..(i + 1 + SMOOTH / 2).min(self.ticks.len())]);
            of(&near).map(|v| ((v - before) / change, scatter(&near) / change.abs()))
        };
        let raw = |i: usize| of(&self.ticks[i]).map_or(0.0, |v| (v - before) / change);
        let ends: Vec<f64> = self
            .ticks
            .iter()
            .scan(0.0, |t, s| Some(std::mem::replace(t, *t + s.span)))
            .collect();
        let begin = |i: usize| ends.get(i).copied().unwrap_or_default();
        let reaches = |level: f64| (0..ends.len()).find(|i| raw(*i) >= level);
        let dead = reaches(0.1).map(begin);
        let tau = reaches(0.632).map(|i| begin(i) + self.ticks[i].span);
        let readings: Vec<(f64, f64)> = (1..ends.len()).filter_map(share).collect();
        let beyond = readings.iter().map(|(z, s)| z - 1.0 - 3.0 * s).fold(0.0, f64::max);
        let last_off = readings.iter().rposition(|(z, s)| (z - 1.0).abs() > (3.0 * s).max(0.1));
        StepTest {
            dead_s: dead,
            time_constant_s: tau.zip(dead).map(|(t, d)| t - d),
            overshoot: Some(beyond),
            settling_s: Some(last_off.map_or(self.ticks[0].span, |i| begin((i + 2).min(ends.len() - 1)))),
            ..found
        }
    }

    fn at(&self, workers: f64, sample: Sample) -> Progress {
        let longest = if self.stepped { PATIENCE } else { LONGEST };
        Progress {
            workers,
            open: None,
            evidence: Some(evidence(&sample, ANSWERS, longest)),
            outcome: None,
        }
    }

    fn over(&self, outcome: Outcome) -> Progress {
        Progress {
            workers: self.from,
            open: None,
            evidence: None,
            outcome: Some(outcome),
        }
    }
}

fn sum(ticks: &[Sample]) -> Sample {
    let mut all = Sample::default();
    ticks.iter().for_each(|t| all.merge(t));
    all
}

fn rate(s: &Sample) -> Option<f64> {
    (s.ok > 0.0).then(|| s.rate().ln())
}

fn response(s: &Sample) -> Option<f64> {
    s.mean().map(f64::ln)
}

/// Standard error of ln X, counts as Poisson.
fn noise(s: &Sample) -> f64 {
    1.0 / s.ok.max(1.0).sqrt()
}

/// Standard error of ln R.
fn spread(s: &Sample) -> f64 {
    (s.variation() / s.ok.max(1.0)).sqrt()
}
