//! Notices that the target itself has changed, from rate and low latencies at one worker count.
//! It knows nothing of probes; the track tells it when workers move.

use super::known::Known;
use crate::control::Observation;
use crate::control::variable::{Sample, Window};
use crate::model::format::quantity;

/// A block ends at this many answers, or after `BLOCK_TIME`.
const BLOCK: f64 = 100.0;
const BLOCK_TIME: f64 = 0.5;
/// Blocks that make the base line.
const BASE: f64 = 4.0;
/// Nothing is suspected for this long after a start, s.
const COOLDOWN: f64 = 0.6;
/// Deviations are clipped here, standard deviations: one wild block alone is no alarm.
const CLIP: f64 = 6.0;
/// A second of rest, and answers that a look at drift needs.
const SECOND: f64 = 1.0;
const ENOUGH: f64 = 300.0;
/// Seconds of a rest for which the evidence from other worker counts has a say.
const EXPECTING: f64 = 6.0;
/// ln X by which a rest may drift.
const DRIFTED: f64 = 0.08;
/// Slack of the sums, standard deviations a block.
const DRIFT: f64 = 1.0;

/// Two-sided CUSUM of one quantity around its slowly moving base (Page 1954).
#[derive(Clone, Debug, Default)]
struct Channel {
    base: f64,
    blocks: f64,
    variance: f64,
    up: f64,
    down: f64,
}

impl Channel {
    /// One block's value, its standard error and the least deviation that counts; whether a sum passes `h`.
    fn see(&mut self, y: f64, error: f64, floor: f64, h: f64) -> bool {
        self.blocks += 1.0;
        if self.blocks <= BASE {
            self.base += (y - self.base) / self.blocks;
            self.variance = error * error;
            return false;
        }
        let sd = error.max(floor).max(self.variance.sqrt());
        let off = y - self.base;
        let z = (off / sd).clamp(-CLIP, CLIP);
        self.up = (self.up + z - DRIFT).max(0.0);
        self.down = (self.down - z - DRIFT).max(0.0);
        self.base += 0.05 * off.clamp(-3.0 * sd, 3.0 * sd);
        self.variance += 0.03 * (off.clamp(-3.0 * sd, 3.0 * sd).powi(2) - self.variance);
        self.up.max(self.down) > h
    }
}

/// Watches the rest at one worker count.
#[derive(Clone, Debug, Default)]
pub struct Detector {
    rate: Channel,
    low: Channel,
    block: Window,
    age: f64,
    /// The first second of this rest, and about the last one.
    opening: Sample,
    latest: Sample,
    /// ln X that the evidence from other worker counts lets expect here.
    expected: Option<f64>,
}

impl Detector {
    /// For a rest at a worker count that should give `rate`, 1/s, if the target is still the one that is known.
    pub fn expecting(rate: Option<f64>) -> Self {
        Self {
            expected: rate.filter(|r| *r > 0.0).map(f64::ln),
            ..Self::default()
        }
    }

    /// A slow drift, which the base line would follow: the latest second is off the first one of this rest by more than
    /// 8 % and three errors.
    fn drifted(&mut self, seen: &Observation, known: &Known) -> bool {
        if self.opening.span < SECOND || self.opening.ok < ENOUGH {
            self.opening.add(seen);
            return false;
        }
        self.latest.fade(1.0 - seen.span / SECOND);
        self.latest.add(seen);
        let counted = known.noise.error(self.opening.ok).hypot(known.noise.error(self.latest.ok));
        let error = counted.hypot(std::f64::consts::SQRT_2 * known.sway.value());
        let off = (self.latest.rate() / self.opening.rate()).ln();
        self.latest.ok >= ENOUGH && self.latest.span >= 0.7 * SECOND && off.abs() > known.caution * (DRIFTED + 3.0 * error)
    }

    /// The base line is another than expected, by more than 15 % and three errors: it changed while workers moved.
    fn unexpected(&mut self, known: &Known, ok: f64) -> bool {
        let Some(expected) = self.expected.filter(|_| self.rate.blocks >= BASE) else {
            return false;
        };
        let off = |y: f64, ok: f64| {
            (y - expected).abs() > known.caution * (0.15 + 3.0 * known.noise.error(ok).hypot(known.sway.value()))
        };
        // The base line may have begun before the change: the latest second has not.
        let latest = self.latest.span >= 0.7 * SECOND && off(self.latest.rate().ln(), self.latest.ok);
        let found = latest || (self.rate.blocks <= BASE && off(self.rate.base, BASE * ok));
        if found || self.age > EXPECTING {
            self.expected = None;
        }
        found
    }

    /// One resting tick. A sentence when the target has changed; `h` is the alarm threshold.
    pub fn see(&mut self, seen: &Observation, h: f64, known: &Known) -> Option<String> {
        self.block.add(seen);
        self.age += seen.span;
        if self.drifted(seen, known) {
            let (was, now) = (self.opening.rate(), self.latest.rate());
            return Some(moved(now, was));
        }
        let (ok, span) = (self.block.sample.ok, self.block.sample.span);
        let full = ok >= BLOCK || span >= BLOCK_TIME - 1e-9;
        if !full || ok < 1.0 || span < known.response().min(2.0) {
            return None;
        }
        let block = std::mem::take(&mut self.block);
        let now = block.sample.rate();
        let was = self.rate.base.exp();
        let rate = self
            .rate
            .see(now.ln(), known.noise.error(ok).hypot(known.sway.value()), 0.05, h);
        if self.unexpected(known, ok) {
            return Some(format!("{}/s, not as measured: searching", quantity(now)));
        }
        // The 5th percentile rests on a twentieth of the answers.
        let error = (20.0 / ok).sqrt();
        let low = block
            .quantile(0.05)
            .is_some_and(|p| self.low.see(p.ln(), error, 0.10, 1.5 * h));
        if self.age < COOLDOWN {
            return None;
        }
        if rate {
            return Some(moved(now, was));
        }
        low.then(|| "fastest answers changed: searching".to_owned())
    }
}

/// The rate of the same workers before and now, per second.
fn moved(now: f64, was: f64) -> String {
    format!("now {}/s, was {}/s: searching", quantity(now), quantity(was))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks_to_alarm(ok: impl Fn(u64) -> u64, mean: impl Fn(u64) -> f64) -> Option<u64> {
        let (mut d, mut known) = (Detector::default(), Known::default());
        (0..400).find(|i| {
            let tick = Observation::tick(*i, ok(*i), mean(*i), 40.0);
            known.see(&tick);
            known.noise.see(tick.ok as f64);
            d.see(&tick, 9.0, &known).is_some()
        })
    }

    /// Counts around 200 with a spread of about √200.
    fn noise(i: u64) -> u64 {
        let mut rng = fastrand::Rng::with_seed(i);
        (0..400).filter(|_| rng.bool()).count() as u64
    }

    #[test]
    fn ordinary_noise_is_no_change() {
        assert_eq!(ticks_to_alarm(noise, |_| 0.02), None);
    }

    #[test]
    fn half_the_rate_is_noticed_within_half_a_second() {
        let at = ticks_to_alarm(|i| if i < 100 { noise(i) } else { noise(i) / 2 }, |_| 0.02).unwrap();

        assert!((100..105).contains(&at), "{at}");
    }

    #[test]
    fn faster_fastest_answers_are_noticed_at_an_unchanged_rate() {
        let at = ticks_to_alarm(noise, |i| if i < 100 { 0.020 } else { 0.005 }).unwrap();

        assert!((100..110).contains(&at), "{at}");
    }
}
