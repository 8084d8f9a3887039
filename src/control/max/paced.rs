//! A target that answers 429 limits a rate: what it admits is counted a little above its limit, and kept there.
//! It refuses to search among workers: more of them only collect refusals, half a million in 25 s.
//!
//! A refused worker comes back at once, so that the share refused rises by some 20 % for 1 % more workers: an integral of it
//! keeps it at 3 %. That is above the limit: a lifted one is noticed, and what a token bucket had saved is spent before
//! anything is claimed. Below one worker the last one thinks.

use super::Step;
use crate::control::Observation;
use crate::control::limits::LEAST;
use crate::control::variable::Sample;
use crate::model::format::quantity;
use crate::model::setpoints::Setpoints;

/// Share refused that is kept. At twice this every 16th request is wasted; at half of it the limit is not told from the
/// noise of one window.
const ABOVE: f64 = 0.03;
/// Δ ln N of a window for the share refused beyond that: with the slope of 20 a loop gain of 1. At twice this it swings.
const GAIN: f64 = 0.05;
/// From this share on it steps down by a fixed factor instead: the slope is not known that far off.
const FLOOD: (f64, f64) = (0.5, 0.7);
/// Growth of a window without a refusal, while the limit was not met: from one worker to the limit in seconds. At twice this
/// a bucket is overdrawn by 70 % at once.
const FIND: f64 = 1.2;
/// Exchanges of a window, and its shortest and longest time, s.
const EXCHANGES: f64 = 100.0;
const SHORTEST: f64 = 0.5;
const LONGEST: f64 = 3.0;
/// Share refused from which on a window was at the limit.
const MET: f64 = 0.005;
/// Seconds at the limit after which the admitted rate is known: shorter, and what a bucket had saved is counted in.
const COUNTED: f64 = 10.0;
/// Seconds at the limit that spend what a bucket had saved, before counting begins.
const SPENT: f64 = 2.0;
/// Share refused, on so many exchanges, from which on a target limits.
const REFUSED: f64 = 0.05;
const SURE: f64 = 20.0;
/// Windows without a refusal after which it grows faster, and by how much: a bucket fills meanwhile. At twice as fast the
/// limit is overrun by a flood each time.
const LOST: u32 = 4;
const REGAIN: f64 = 1.02;
/// Such windows after which there is no limit any more: it has doubled meanwhile.
const LIFTED: u32 = 40;

/// Notices a limiter. It hears every tick, whoever holds the workers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Refusals {
    all: f64,
    limited: f64,
}

impl Refusals {
    /// One tick; about the last second counts.
    pub fn hear(&mut self, seen: &Observation) {
        self.all = 0.9 * self.all + (seen.ok + seen.err) as f64;
        self.limited = 0.9 * self.limited + seen.limited as f64;
    }

    /// It says 429 often enough to mean it.
    pub fn limiter(&self) -> bool {
        self.limited >= SURE && self.limited >= REFUSED * self.all
    }
}

/// Pacing.
#[derive(Clone, Debug)]
pub struct Paced {
    workers: f64,
    window: Sample,
    /// This tick still has answers of the workers before.
    fresh: bool,
    met: bool,
    /// Good answers a second that a worker had where none was refused.
    each: f64,
    clean: u32,
    /// Seconds at the limit.
    at_limit: f64,
    counted: Sample,
    told: bool,
}

impl Paced {
    /// From so many workers, each of whom had `each` good answers a second where none was refused; 0 for unknown.
    pub fn new(workers: f64, each: f64) -> Self {
        Self {
            workers: workers.max(LEAST),
            window: Sample::default(),
            fresh: true,
            met: false,
            each,
            clean: 0,
            at_limit: 0.0,
            counted: Sample::default(),
            told: false,
        }
    }

    /// Workers, real.
    pub fn workers(&self) -> f64 {
        self.workers
    }

    /// The admitted rate is known.
    pub fn known(&self) -> bool {
        self.counted.span >= COUNTED - 1e-9
    }

    /// One tick.
    pub fn step(&mut self, seen: &Observation, set: &Setpoints) -> Step {
        self.workers = seen.workers.max(LEAST); // as a gate left it
        if std::mem::replace(&mut self.fresh, false) {
            return self.at(false);
        }
        self.window.add(seen);
        if self.at_limit >= SPENT && self.met {
            self.counted.add(seen);
        }
        let resting = self.known();
        let w = self.window;
        let all = w.ok + w.err;
        let enough = (all >= EXCHANGES && w.span >= SHORTEST - 1e-9) || w.span >= LONGEST - 1e-9;
        if !enough {
            return self.at(resting);
        }
        self.window = Sample::default();
        self.fresh = true;
        let refused = w.err / all.max(1.0);
        self.clean = if refused < MET { self.clean + 1 } else { 0 };
        if w.err < 1.0 && w.ok > 0.0 {
            self.each = self.each.max(w.rate() / self.workers);
        }
        if refused >= MET {
            self.met = true;
            self.at_limit += w.span;
        }
        let by = match self.met {
            false => FIND,
            true if refused > FLOOD.0 => self.down(w.rate()),
            true if self.clean >= LOST => REGAIN,
            true => (GAIN * (ABOVE - refused)).exp(),
        };
        self.workers = (self.workers * by).clamp(LEAST, f64::from(set.bounds.max));
        let mut step = self.at(resting);
        if self.clean >= LIFTED {
            step.changed = true;
            step.note = Some("no refusals any more: searching again".into());
        } else if self.known() && !std::mem::replace(&mut self.told, true) {
            step.note = Some(format!("{}/s is its rate limit: pacing there", quantity(self.counted.rate())));
        }
        step
    }

    /// Far above the limit: to the workers that `admitted` takes at the rate each had without refusals, by Little's law.
    fn down(&self, admitted: f64) -> f64 {
        let wanted = if self.each > 0.0 { admitted / self.each } else { 0.0 };
        let by = wanted / self.workers;
        if (0.05..1.0).contains(&by) { by } else { FLOOD.1 }
    }

    fn at(&self, resting: bool) -> Step {
        Step {
            settled: resting,
            resting,
            ..Step::at(self.workers.ceil() as u32)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pacing and the refusals of the second half, on a bucket of `limit`/s with `saved` tokens; each exchange takes 5 ms.
    fn drive(limit: f64, mut saved: f64, ticks: u64) -> (Paced, f64) {
        let (mut p, mut refused) = (Paced::new(4.0, 0.0), 0.0);
        for i in 0..ticks {
            saved += limit * 0.1;
            // What is refused comes back ten times as fast.
            let served = (p.workers() * 20.0).min(saved);
            let offered = served + 10.0 * (p.workers() * 20.0 - served);
            let ok = served;
            saved -= ok;
            let mut tick = Observation::tick(i, ok.round() as u64, 0.005, p.workers());
            tick.err = (offered - ok).round() as u64;
            tick.limited = tick.err;
            refused += if i >= ticks / 2 { offered - ok } else { 0.0 };
            p.step(&tick, &Setpoints::default());
        }
        (p, refused)
    }

    #[test]
    fn it_rests_just_above_what_is_admitted_whatever_the_bucket_had_saved() {
        for saved in [0.0, 100.0, 1000.0] {
            let (p, refused) = drive(300.0, saved, 400);

            assert!(p.known(), "{saved}");
            assert!((p.counted.rate() / 300.0 - 1.0).abs() < 0.03, "{saved}: {}", p.counted.rate());
            assert!((1.45..1.6).contains(&p.workers()), "{saved}: {}", p.workers());
            assert!(
                refused < 0.1 * 300.0 * 20.0,
                "{saved}: {refused} refusals beside 6,000 answers"
            );
        }
    }

    #[test]
    fn a_few_refusals_are_no_limiter_and_a_lifted_limit_is_noticed() {
        let mut r = Refusals::default();
        let mut tick = Observation::tick(0, 1000, 0.005, 4.0);
        (tick.err, tick.limited) = (10, 10);
        (0..20).for_each(|_| r.hear(&tick));
        assert!(!r.limiter());
        (tick.err, tick.limited) = (200, 200);
        (0..3).for_each(|_| r.hear(&tick));
        assert!(r.limiter());

        let mut p = Paced::new(1.0, 0.0);
        let lifted = (0..400).any(|i| {
            let tick = Observation::tick(i, (p.workers() * 20.0).round() as u64, 0.005, p.workers());
            p.step(&tick, &Setpoints::default()).changed
        });
        assert!(lifted);
    }
}
