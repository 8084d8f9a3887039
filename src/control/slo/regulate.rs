//! Stochastic approximation: the rate follows the share of bad arrivals, in the logarithm, by steps that grow smaller.
//! It refuses a percentile: that is stale, and its gain is without bound near capacity.
//!
//! ```text
//!  batch: max(1 s, 2 L, 50 decided)     ln rate += a·dt·clamp((q − k/n)/q, −4, 1)     a = clamp(0.8/(s + 1), .01, .08)
//! ```
//! Robbins and Monro, *Annals of Mathematical Statistics* 1951; s counts from the first time the share allowed was passed
//! (Kesten 1958): before, the rate is still on its way up.

use super::course::Course;
use super::decided::{Decided, Worst};
use super::fit::{self, Batch};
use super::ramp;
use crate::model::promise::Promise;

/// A batch lasts so long at least, s, so many limits, and for so many decided.
const SPAN: f64 = 1.0;
const LIMITS: f64 = 2.0;
const NEEDS: f64 = 50.0;
/// Steps a second: `GAIN`/(s + 1), never outside these.
const GAIN: f64 = 0.8;
const LEAST: f64 = 0.01;
const MOST: f64 = 0.08;
/// So far down and up the error is believed, in shares allowed.
const DOWN: f64 = -4.0;
const UP: f64 = 1.0;
/// Far too many: so many times the share allowed, and at least so many. The rate is cut at once.
const FAR: f64 = 5.0;
const FEW: f64 = 10.0;
const CUT: f64 = 0.9;
/// After so many batches without a bad one the steps double.
const CLEAN: u32 = 5;
/// Batches without a bad one that call for the ramp.
const FREE: u32 = 3;
/// The answer rests on so many seconds at least, and on so many bad ones as are allowed.
const WINDOW: f64 = 20.0;
const ALLOWED: f64 = 30.0;
/// So many windows of the course are kept: that of the answer and that of its confirmation.
const KEEP: f64 = 2.5;
/// After a failed confirmation nothing is answered for so long, s.
const CALM: f64 = 4.0;
/// A batch moves the rate by no more than this, e-folds.
const BOUND: f64 = 0.1;
/// An answer further from the rate in force than this is a guess, e-folds.
const NEAR: f64 = 0.15;

/// What a tick did to the rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The batch goes on.
    None,
    /// A step.
    Moved,
    /// Far too many were bad: it was cut at once, and what is under way belongs to the rate before.
    Cut,
}

/// The regulator of the rate.
#[derive(Clone, Debug)]
pub(super) struct Regulate {
    rate: f64,
    since: f64,
    span: f64,
    decided: Decided,
    clean: u32,
    boost: f64,
    course: Course,
    /// The share allowed was passed: from now on steps grow smaller.
    crossed: bool,
    /// The rate it began at, or at which the target became another one, 1/s.
    from: f64,
    /// Seconds until it may answer.
    calm: f64,
    /// A batch ended in the last tick.
    closed: bool,
    /// Its answer is confirmed.
    proven: bool,
}

/// Seconds of a course that an answer at `rate` needs where a share of `q` > 0 may be bad.
pub(super) fn window(rate: f64, q: f64) -> f64 {
    WINDOW.max(ALLOWED / (q * rate.max(1e-3)))
}

impl Regulate {
    /// From `rate` > 0 on, with large steps.
    pub(super) fn new(rate: f64) -> Self {
        Self {
            rate,
            since: 0.0,
            span: 0.0,
            decided: Decided::default(),
            clean: 0,
            boost: 1.0,
            course: Course::default(),
            crossed: false,
            from: rate,
            calm: 0.0,
            closed: false,
            proven: false,
        }
    }

    /// The rate in force, 1/s.
    pub(super) fn rate(&self) -> f64 {
        self.rate
    }

    /// Somebody else moved it, or the traffic of a confirmation ended: the batch under way begins anew.
    pub(super) fn restart(&mut self, rate: f64) {
        self.rate = rate;
        (self.span, self.decided) = (0.0, Decided::default());
    }

    /// A confirmation failed by far: from `rate` on with large steps, and no answer at once.
    pub(super) fn loosen(&mut self, rate: f64) {
        self.restart(rate);
        (self.since, self.boost, self.calm) = (0.0, 1.0, CALM);
    }

    /// One tick of `span` s.
    pub(super) fn tick(&mut self, promise: &Promise, decided: &Decided, span: f64) -> Step {
        self.since += if self.crossed { span } else { 0.0 };
        self.calm = (self.calm - span).max(0.0);
        let w = self.count(promise, decided, span);
        let far = far(&w);
        self.closed = far || self.whole(promise);
        if !self.closed {
            return Step::None;
        }
        let lasted = self.span;
        self.close(w, promise);
        self.steer(&w, far, lasted);
        if far { Step::Cut } else { Step::Moved }
    }

    /// One tick of `span` s in which the rate is held still: evidence for the course, and no step.
    pub(super) fn witness(&mut self, promise: &Promise, decided: &Decided, span: f64) {
        let w = self.count(promise, decided, span);
        self.closed = self.whole(promise);
        if self.closed {
            self.close(w, promise);
        }
    }

    /// The target became another one: what was seen before it is forgotten, and the steps are large again.
    pub(super) fn changed(&mut self) -> bool {
        if !std::mem::take(&mut self.closed) {
            return false;
        }
        if !self.course.changed() {
            return false;
        }
        self.crossed = self.recent().ratio() > 1.0 || self.course.tips().is_some();
        (self.since, self.boost, self.clean) = (0.0, 1.0, 0);
        self.from = self.rate;
        true
    }

    /// Forgets what was seen far from the rate in force.
    pub(super) fn forget_elsewhere(&mut self) {
        self.course.keep_near(self.rate.ln(), NEAR);
        self.since = 0.0;
    }

    /// It rose by more than a rung and nothing was bad: there is more room than steps are made for.
    pub(super) fn free(&self) -> bool {
        !self.crossed && self.clean >= FREE && self.rate > ramp::STEP * self.from
    }

    fn count(&mut self, promise: &Promise, decided: &Decided, span: f64) -> Worst {
        self.span += span;
        self.decided.add(decided);
        self.decided.worst(promise)
    }

    fn whole(&self, promise: &Promise) -> bool {
        let least = SPAN.max(LIMITS * promise.limit().secs());
        self.span >= least - 1e-9 && self.decided.count(promise) >= NEEDS
    }

    /// The step after a batch of `span` s.
    fn steer(&mut self, w: &Worst, far: bool, span: f64) {
        self.clean = if w.k > 0.0 { 0 } else { self.clean + 1 };
        if w.k > 0.0 {
            self.boost = 1.0;
        } else if self.clean.is_multiple_of(CLEAN) {
            self.boost *= 2.0;
        }
        let error = ((w.q - w.share()) / w.q).clamp(DOWN, UP);
        let step = (self.gain() * span * error).clamp(-BOUND, BOUND);
        self.rate *= if far { CUT.min(step.exp()) } else { step.exp() };
        self.rate = self.rate.min(self.most());
        self.crossed |= w.share() > w.q;
    }

    /// The highest rate that is worth the risk of tipping over: while it searches, one standard error above that which is not.
    fn most(&self) -> f64 {
        let beyond = if self.proven { 0.0 } else { 1.0 / 1.96 };
        self.course.tips().map_or(f64::INFINITY, |t| t.rate + beyond * t.half)
    }

    /// The answer is confirmed, or no longer.
    pub(super) fn prove(&mut self, proven: bool) {
        self.proven = proven;
    }

    /// The target tipped over at `rate`, and was emptied: from where it does not, with small steps.
    /// Returns the highest rate at which it was not well any more, 1/s.
    pub(super) fn tipped(&mut self, rate: f64) -> f64 {
        let rate = self.course.tipped(rate.ln()).exp();
        self.restart(self.most().min(rate));
        (self.crossed, self.since, self.boost, self.clean) = (true, 0.0, 1.0, 0);
        rate
    }

    fn close(&mut self, w: Worst, promise: &Promise) {
        let batch = Batch {
            span: self.span,
            ln_rate: self.rate.ln(),
            worst: w,
            tipped: false,
        };
        self.course.push(batch, KEEP * window(self.rate, promise.strictest()));
        (self.span, self.decided) = (0.0, Decided::default());
    }

    /// Step a second now.
    pub(super) fn gain(&self) -> f64 {
        if !self.crossed {
            return MOST;
        }
        let plain = (GAIN / (self.since + 1.0)).clamp(LEAST, MOST);
        (self.boost * plain).min(MOST)
    }

    /// Bad ones of the course so far.
    pub(super) fn recent(&self) -> Worst {
        self.course.sum()
    }

    /// Seconds of course there are.
    pub(super) fn seconds(&self) -> f64 {
        self.course.seconds()
    }

    /// What the course says so far.
    pub(super) fn found(&self) -> Option<fit::Answer> {
        self.course.found()
    }

    /// The answer, once the course is long enough and no longer on its way.
    pub(super) fn answer(&self, promise: &Promise) -> Option<fit::Answer> {
        let last = self.course.last().filter(|_| self.crossed && self.calm <= 0.0)?;
        let all = self.seconds();
        if all < window(self.rate, promise.strictest()) - last.span {
            return None;
        }
        let found = self.found()?;
        let away = (found.rate.ln() - self.rate.ln()).abs();
        (away < NEAR).then_some(found)
    }
}

/// Far too many bad ones.
pub(super) fn far(w: &Worst) -> bool {
    w.ratio() > FAR && w.k >= FEW
}

#[cfg(test)]
mod tests {
    use super::*;

    fn promise() -> Promise {
        Promise::parse("p99<80ms").unwrap()
    }

    /// A tick of 100 ms on a target whose bad share is 1 % at `knee`, every arrival decided at once.
    fn run_tick(r: &mut Regulate, knee: f64) {
        let n = r.rate() * 0.1;
        let k = n * (0.01 * (r.rate() / knee).powi(12)).min(1.0);
        r.tick(&promise(), &Decided::of(n.round() as u64, k.round() as u64), 0.1);
    }

    /// Ticks of 100 ms on a target whose bad share is 1 % at `knee` and grows with the twelfth power of the rate.
    fn run(r: &mut Regulate, knee: f64, seconds: u32) -> Vec<f64> {
        let mut owed = 0.0;
        (0..10 * seconds)
            .map(|_| {
                let n = r.rate() * 0.1;
                owed += n * (0.01 * (r.rate() / knee).powi(12)).min(1.0);
                let k = owed as u64;
                owed -= k as f64;
                r.tick(&promise(), &Decided::of(n.round() as u64, k), 0.1);
                r.rate()
            })
            .collect()
    }

    #[test]
    fn the_rate_climbs_to_where_the_share_is_the_one_allowed_and_its_course_is_the_answer() {
        let mut r = Regulate::new(600.0);

        let climbing = run(&mut r, 1000.0, 5);
        let early = r.answer(&promise());
        run(&mut r, 1000.0, 40);

        assert!(climbing[49] > 800.0 && early.is_none(), "{climbing:?}");
        assert!((r.rate() / 1000.0 - 1.0).abs() < 0.04, "{}", r.rate());
        let answer = r.answer(&promise()).unwrap();
        assert!((answer.rate / 1000.0 - 1.0).abs() < 0.02 && answer.half < 100.0, "{answer:?}");
    }

    #[test]
    fn it_follows_a_target_that_changes() {
        let mut r = Regulate::new(900.0);
        run(&mut r, 1000.0, 60);

        let fallen = *run(&mut r, 500.0, 30).last().unwrap();
        let risen = *run(&mut r, 1000.0, 60).last().unwrap();

        assert!((fallen / 500.0 - 1.0).abs() < 0.06, "{fallen}");
        assert!((risen / 1000.0 - 1.0).abs() < 0.06, "{risen}");
    }

    #[test]
    fn a_target_that_changes_is_noticed_what_was_before_is_forgotten_and_the_answer_is_that_of_now() {
        let mut r = Regulate::new(900.0);
        let noticed = |r: &mut Regulate, knee, seconds: u32| {
            let tick = |_: &u32| {
                run_tick(r, knee);
                r.changed()
            };
            (0..10 * seconds).filter(tick).count() > 0
        };
        assert!(!noticed(&mut r, 1000.0, 60));
        let before = r.seconds();

        assert!(noticed(&mut r, 1400.0, 15));
        let (after, gain) = (r.seconds(), r.gain());
        noticed(&mut r, 1400.0, 40);

        assert!(before > 40.0 && after < 15.0, "{before} {after}");
        assert!(gain > 0.07, "{gain}");
        let answer = r.answer(&promise()).unwrap();
        assert!((answer.rate / 1400.0 - 1.0).abs() < 0.04, "{answer:?}");
    }

    #[test]
    fn a_rate_held_still_is_evidence_and_does_not_move() {
        let mut r = Regulate::new(1000.0);

        (0..25).for_each(|_| r.witness(&promise(), &Decided::of(100, 5), 0.1));

        assert_eq!((r.rate(), r.seconds().round()), (1000.0, 2.0));
        assert_eq!(r.recent().k, 100.0);
    }

    #[test]
    fn more_than_a_rung_without_a_bad_one_calls_for_the_ramp() {
        let mut r = Regulate::new(500.0);

        let rates = run(&mut r, 1e6, 5);
        let early = r.free();
        run(&mut r, 1e6, 2);

        assert!(!early && rates[49] < 1.6 * 500.0, "{rates:?}");
        assert!(r.free());
    }

    #[test]
    fn far_too_many_cut_the_rate_before_the_batch_is_full() {
        let mut r = Regulate::new(1000.0);

        let first = r.tick(&promise(), &Decided::of(100, 9), 0.1);
        let cut = r.tick(&promise(), &Decided::of(100, 6), 0.1);

        assert_eq!((first, cut), (Step::None, Step::Cut));
        assert!(r.rate() <= 900.0, "{}", r.rate());
    }

    #[test]
    fn steps_shrink_with_time_and_double_while_nothing_is_bad() {
        let mut r = Regulate::new(1000.0);
        let batch = |r: &mut Regulate, k| {
            (0..10).for_each(|_| {
                r.tick(&promise(), &Decided::of(100, k), 0.1);
            })
        };
        assert_eq!(r.gain(), MOST, "until the share is passed the first time");
        (0..100).for_each(|_| batch(&mut r, 2));
        let late = r.gain();

        (0..5).for_each(|_| batch(&mut r, 0));

        assert!((late - LEAST).abs() < 1e-9, "{late}");
        assert!((r.gain() - 2.0 * LEAST).abs() < 1e-9, "{}", r.gain());
    }
}
