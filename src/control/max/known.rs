//! What the search knows since the target last changed: a sample per worker count, the noise, the latest pace.
//! It decides nothing.

use super::fence::Fence;
use super::fit::{Dot, Law};
use super::sway::Sway;
use super::utility::{Noise, utility};
use crate::control::Observation;
use crate::control::variable::Sample;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Below this rate, 1/s, evidence is dear: small steps and no hasty decision.
pub const SLOW: f64 = 200.0;
/// Answers that make a rate the best of the run.
const TOP_NEEDS: f64 = 100.0;
/// Share of it from which on a long response is a queue. Where the network became slower the rate fell with it.
const AT_TOP: f64 = 0.8;
/// A mean response rests on at least this many answers.
const MEAN_NEEDS: f64 = 24.0;

/// Answers of a glance from which on its mean is worth something: a guard at six times it may be 15 % off.
const GLANCED: f64 = 8.0;

/// Nothing queues as long as the mean response is below this many idle ones.
const UNQUEUED: f64 = 1.15;
/// Share of the best rate that the resting place keeps: a little more than the 98 % of the knee, which lies on a slope.
pub(super) const KEEP: f64 = 0.985;

/// A count that gives less than this of the best is not the knee.
const POOR: f64 = 0.95;
/// Squared variation of responses from which their tail is heavy.
const HEAVY: f64 = 2.0;
/// This close to a poor worker count it is no better.
const BESIDE: f64 = 1.08;
/// χ² per degree of freedom above which the points are not on one curve.
const MISFIT: f64 = 6.0;
/// Share that is clearly too little, and for how many standard errors.
const LOST: f64 = 0.90;
const CLEAR: f64 = 2.5;

/// Shares of the best rate of the curve.
#[derive(Clone, Copy, Debug)]
pub struct Shares {
    /// As counted at this worker count alone.
    pub counted: f64,
    /// As the curve through everything has it.
    pub fitted: f64,
}

/// Evidence of the search.
#[derive(Clone, Debug)]
pub struct Known {
    points: BTreeMap<u32, Sample>,
    /// Points known from a first glance only, with the relative error that may have.
    rough: BTreeMap<u32, f64>,
    idle: Option<f64>,
    /// The same over the whole run: a change of the target does not make a queue short.
    least: Option<f64>,
    /// The best rate of the whole run.
    top: f64,
    /// Most good answers a second that a worker had where nothing failed, over the whole run.
    each: f64,
    /// Worker counts that failed lately.
    pub fence: Fence,
    /// How the rate sways at rest.
    pub sway: Sway,
    /// The last tick of evidence.
    last: Sample,
    /// Times what a change of the target takes to be believed: grows with false alarms, in [1, 4].
    pub caution: f64,
    /// Dispersion of completions.
    pub noise: Noise,
    /// The last half second or so, settled or not.
    latest: Sample,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            points: BTreeMap::new(),
            rough: BTreeMap::new(),
            idle: None,
            least: None,
            top: 0.0,
            each: 0.0,
            fence: Fence::default(),
            sway: Sway::default(),
            last: Sample::default(),
            caution: 1.0,
            noise: Noise::default(),
            latest: Sample::default(),
        }
    }
}

impl Known {
    /// Every tick, settled or not.
    pub fn see(&mut self, seen: &Observation) {
        self.fence.pass(seen);
        self.latest.fade(0.8);
        self.latest.add(seen);
    }

    /// A tick of settled evidence for `workers`.
    pub fn add(&mut self, workers: u32, seen: &Observation) {
        if self.rough.remove(&workers).is_some() {
            self.points.remove(&workers);
        }
        let mut tick = Sample::default();
        tick.add(seen);
        self.last = tick;
        let point = self.points.entry(workers).or_default();
        point.merge(&tick);
        if point.ok >= MEAN_NEEDS {
            let mean = point.mean();
            self.idle = [self.idle, mean].into_iter().flatten().min_by(f64::total_cmp);
            self.least = [self.least, mean].into_iter().flatten().min_by(f64::total_cmp);
        }
        if point.err < 1.0 && point.ok >= GLANCED {
            self.each = self.each.max(point.rate() / f64::from(workers));
        }
        if point.ok >= TOP_NEEDS {
            self.top = self.top.max(point.rate());
        }
        self.noise.see(seen.ok as f64);
    }

    /// A first glance at `workers`: it counts until there is better evidence, and with this relative error.
    pub fn glance(&mut self, workers: u32, sample: Sample, error: f64) {
        if let Entry::Vacant(place) = self.points.entry(workers) {
            place.insert(sample);
            self.rough.insert(workers, error);
            let mean = sample.mean().filter(|_| sample.ok >= GLANCED);
            self.least = [self.least, mean].into_iter().flatten().min_by(f64::total_cmp);
        }
    }

    /// `workers` are measured afresh: what was known of them is of a target that may have moved since.
    pub fn renew(&mut self, workers: u32) {
        self.points.remove(&workers);
        self.rough.remove(&workers);
    }

    /// Answers take more than `times` as long at this worker count as the least mean of the run; never where `times` is 0.
    pub fn crowded(&self, workers: u32, times: f64) -> bool {
        let now = self.at(workers).mean().zip(self.least);
        times > 0.0 && now.is_some_and(|(now, idle)| now > times * idle)
    }

    /// A long queue at a rate that was never much better: more workers would only wait.
    pub fn full(&self, workers: u32, times: f64) -> bool {
        self.crowded(workers, times) && self.at(workers).rate() >= AT_TOP * self.top
    }

    /// The same of a count that was not held, if it gave no more than `here` does: by Little's law R = N/X.
    pub fn would_crowd(&self, workers: f64, here: u32, times: f64) -> bool {
        let rate = self.at(here).rate();
        let idle = if rate >= AT_TOP * self.top { self.least } else { self.idle };
        times > 0.0 && rate > 0.0 && idle.is_some_and(|idle| workers / rate > times * idle)
    }

    /// The target stood still in this tick, and probably in a part of the one before: that one is taken back from both.
    /// How long to settle afterwards, s.
    pub fn pause(&mut self, workers: u32, sample: &mut Sample) -> f64 {
        let last = std::mem::take(&mut self.last);
        for s in [self.points.get_mut(&workers), Some(sample)].into_iter().flatten() {
            if s.ok > last.ok {
                s.remove(&last);
            }
        }
        self.noise.interrupt();
        self.response().min(1.0)
    }

    /// Everything loses weight: the target may drift.
    pub fn fade(&mut self, by: f64) {
        self.points.values_mut().for_each(|s| s.fade(by));
    }

    /// The target changed: only the pace of this moment is kept.
    pub fn forget(&mut self) {
        self.points.clear();
        self.rough.clear();
        self.sway.interrupt();
        self.idle = None;
        self.noise.interrupt();
    }

    /// Evidence for a worker count; empty when it was never held.
    pub fn at(&self, workers: u32) -> Sample {
        self.points.get(&workers).copied().unwrap_or_default()
    }

    /// All worker counts with evidence, rising.
    pub fn points(&self) -> impl DoubleEndedIterator<Item = (u32, &Sample)> {
        self.points.iter().filter(|(_, s)| s.ok >= 1.0).map(|(n, s)| (*n, s))
    }

    /// Most workers ever held since the change.
    pub fn most(&self) -> u32 {
        self.points().next_back().map_or(1, |(n, _)| n)
    }

    /// Mean response without a queue: the least mean of any worker count with 24 answers, s.
    pub fn idle(&self) -> Option<f64> {
        self.idle
    }

    /// The idle response as one worker has it, s, and its relative standard error, from three answers on.
    pub fn idle_doubt(&self) -> Option<(f64, f64)> {
        let one = self.points.first_key_value().map(|(_, s)| s).filter(|s| s.ok >= 3.0)?;
        Some((one.mean()?, (one.variation() / one.ok).sqrt()))
    }

    /// Mean response now, s; 10 ms before anything is known.
    pub fn response(&self) -> f64 {
        self.latest.mean().unwrap_or(0.010)
    }

    /// Most good answers a second that a worker had where nothing failed; 0 before that.
    pub fn each(&self) -> f64 {
        self.each
    }

    /// Good answers per second now.
    pub fn rate(&self) -> f64 {
        self.latest.rate()
    }

    /// Share of errors now.
    pub fn errors(&self) -> f64 {
        self.latest.errors()
    }

    /// The target answers less than 200 times a second.
    pub fn slow(&self) -> bool {
        self.rate() < SLOW
    }

    /// Utility of a worker count and its standard error.
    pub fn utility(&self, workers: u32, kappa: f64) -> (f64, f64) {
        let s = self.at(workers);
        (utility(&s, f64::from(workers), kappa), self.variance(workers, &s).sqrt())
    }

    /// Whether a rung on a slow target is known well enough: 40 answers, or what tells as much, and at least 8.
    pub fn rung_known(&self, workers: u32) -> bool {
        let s = self.at(workers);
        s.ok >= 40.0 || (s.ok >= 8.0 && self.variance(workers, &s) <= 1.0 / 40.0)
    }

    /// Variance of ln X at a worker count. While nothing queues, workers go round independently of each other, so that
    /// n answers of variation c² say X = N/R up to c²/n and the ends of the window, which is far less than counts do.
    fn variance(&self, workers: u32, s: &Sample) -> f64 {
        let rough = self.rough.get(&workers).map_or(0.0, |e| e * e);
        let counted = self.noise.error(s.ok).powi(2).max(self.tail(s) / s.ok.max(1.0));
        let unqueued = s
            .mean()
            .is_some_and(|mean| self.idle().is_none_or(|idle| mean <= UNQUEUED * idle));
        if unqueued && s.ok >= 8.0 {
            rough + counted.min(s.variation().max(0.01) / s.ok + f64::from(workers) / (6.0 * s.ok * s.ok))
        } else {
            rough + counted
        }
    }

    /// Squared variation of heavy-tailed responses, at most 25: X = N/R, so that Var ln X is at least c²/n; 0 for ordinary
    /// ones, whose counts are even more regular than that.
    fn tail(&self, s: &Sample) -> f64 {
        let c2 = s.variation();
        if c2 > HEAVY && s.ok >= 50.0 { c2.min(25.0) } else { 0.0 }
    }

    /// Answers that make a worker count firm: 1600 (±2.5 % at Poisson noise), or what 1.5 s give, at least 150.
    pub fn firm(&self) -> f64 {
        let rates = self.points().filter(|(_, s)| s.ok >= 50.0).map(|(_, s)| s.rate());
        let best = rates.fold(self.rate(), f64::max);
        (1.4 * best).clamp(150.0, 1600.0) * self.noise.dispersion().clamp(1.0, 4.0)
    }

    /// A worker count as close as `share` e-folds that has answers already, else itself: evidence is not scattered.
    pub fn snap(&self, workers: u32, share: f64) -> u32 {
        let off = |n: u32| (f64::from(n) / f64::from(workers)).ln().abs();
        let near = self.points().filter(|(n, s)| s.ok >= 100.0 && off(*n) < share).map(|p| p.0);
        near.min_by(|a, b| off(*a).total_cmp(&off(*b))).unwrap_or(workers)
    }

    /// A firm worker count within `share` of this one.
    pub fn firm_near(&self, workers: f64, share: f64) -> bool {
        let near = |n: u32| (f64::from(n) / workers).ln().abs() < share;
        self.points().any(|(n, s)| near(n) && s.ok >= 0.7 * self.firm())
    }

    /// Where the curve sees the resting place: fewest workers with `KEEP` of the best. `best` where there is no curve yet.
    /// Never where counts say that too little is given, nor where too much failed.
    pub fn knee(&self, best: u32) -> f64 {
        let knee = |law: Law| law.knee(KEEP, f64::from(self.most()));
        let fitted = self.law_near(best).map_or(f64::from(best), knee);
        let (low, high) = self.poor(best);
        let high = [high, self.fence.at().filter(|n| *n > best)].into_iter().flatten().min();
        let between = |n: u32| (f64::from(n) * f64::from(best)).sqrt();
        match (low, high) {
            (Some(n), _) if fitted <= BESIDE * f64::from(n) => between(n),
            (_, Some(n)) if fitted * BESIDE >= f64::from(n) => between(n),
            _ => fitted,
        }
    }

    /// The nearest worker counts on both sides of `best` that clearly give less than it, by count alone.
    fn poor(&self, best: u32) -> (Option<u32>, Option<u32>) {
        let top = self.at(best);
        let poor = |s: &Sample| {
            let error = self.noise.error(s.ok).hypot(self.noise.error(top.ok));
            s.ok >= 50.0 && (s.rate() / (POOR * top.rate())).ln() < -CLEAR * error
        };
        let lost: Vec<u32> = self.points().filter(|(_, s)| poor(s)).map(|p| p.0).collect();
        let low = lost.iter().rfind(|n| **n < best).copied();
        (low, lost.iter().find(|n| **n > best).copied())
    }

    /// Share of the best rate that this worker count gives: as counted, and as the curve says.
    pub fn shares(&self, workers: u32) -> Shares {
        let counted = self.at(workers).rate();
        let (fitted, best) = match self.law_near(workers) {
            Some(law) => {
                let top = law.knee(1.0, f64::from(self.most()));
                (law.rate(f64::from(workers)), law.rate(top))
            }
            None => (counted, self.points().map(|(_, s)| s.rate()).fold(0.0, f64::max)),
        };
        Shares {
            counted: counted / best,
            fitted: fitted / best,
        }
    }

    /// The rate to be expected at a worker count: the curve's, where there is one.
    pub fn expected(&self, workers: u32) -> Option<f64> {
        self.law_near(workers).map(|law| law.rate(f64::from(workers)))
    }

    /// Clearly too little: below 90 % of the best by 2.5 standard errors.
    pub fn lost(&self, workers: u32) -> bool {
        let ok = self.at(workers).ok;
        ok >= 100.0 && (self.shares(workers).counted / LOST).ln() < -CLEAR * self.noise.error(ok)
    }

    /// The curve through the points near `workers`: those that matter for the knee, and few enough to be one curve.
    /// Where one curve cannot be laid through them, only the nearest are taken.
    pub fn law_near(&self, workers: u32) -> Option<Law> {
        let law = self.law_within(workers, 8.0, 5.0)?;
        let nearest = || self.law_within(workers, 2.6, 2.6);
        if law.misfit > MISFIT {
            nearest().or(Some(law))
        } else {
            Some(law)
        }
    }

    fn law_within(&self, workers: u32, below: f64, above: f64) -> Option<Law> {
        let here = f64::from(workers);
        let near = |n: f64| n * below >= here && n <= here * above;
        let dots: Vec<Dot> = self
            .points()
            .filter(|(n, s)| near(f64::from(*n)) && s.ok >= 8.0)
            .map(|(n, s)| Dot {
                workers: f64::from(n),
                rate: s.rate(),
                variance: self.variance(n, s) + doubt(n, workers),
            })
            .collect();
        Law::through(&dots)
    }
}

/// Within this many e-folds above, one law is assumed to hold.
const NEARBY: f64 = 0.45;
/// Beyond, so much error of ln rate is allowed per e-fold.
const FOREIGN: f64 = 0.3;

/// Far beyond the place that matters another law may hold (servers run out, memory thrashes): variance of ln rate that a
/// point there may be off the curve.
fn doubt(n: u32, workers: u32) -> f64 {
    let beyond = (f64::from(n) / f64::from(workers)).ln() - NEARBY;
    (FOREIGN * beyond.max(0.0)).powi(2)
}
