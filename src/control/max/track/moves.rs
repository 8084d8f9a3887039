//! Where the rest moves to, and where it stays.
//! It does not ask why.

use super::{CONFIRMED, FIRST_HOLD, Stage, Step, Track};
use crate::control::Observation;
use crate::control::max::change::Detector;
use crate::control::max::known::Known;
use crate::control::max::slope::Slope;
use crate::control::max::trial::{Trial, within};
use crate::control::variable::Sample;
use crate::model::format::workers;
use crate::model::setpoints::Setpoints;

/// Longest rest that neutral probes grow it to, s.
const LONG_HOLD: f64 = 5.0;
/// Widest probe that neutral pairs grow it to.
const WIDEST: f64 = 0.2;
/// How far, in e-folds, the curve must see the knee elsewhere to move there, and answers it needs on both sides.
const OFF: f64 = 0.14;
const WIDE_NEEDS: f64 = 200.0;
/// Descents in a row after which a ramp is faster.
const DESCENTS: u32 = 3;
/// A move of no more than this, in e-folds, stays about the same place.
const CLOSE_BY: f64 = 0.2;

/// Share of errors, and errors, that make a rest no place to stay. At half of them one slow second of a neighbour does.
const FAILS: f64 = 0.02;
const FAILED: f64 = 20.0;
/// Share of errors up to which fewer workers are fine, and errors that they would have had at the share of the rest: a target
/// that fails as often whoever asks is not left.
const FINE: f64 = 0.01;
const WOULD: f64 = 8.0;

impl Track {
    /// Where to rest instead, if so many fail here and few did with fewer workers: half way there.
    pub(super) fn retreat(&self, set: &Setpoints, known: &Known) -> Option<u32> {
        let here = known.at(self.workers);
        if here.err < FAILED || here.errors() < FAILS {
            return None;
        }
        let fine = |s: &Sample| s.errors() <= FINE && s.ok * here.errors() >= WOULD;
        let fewer = known
            .points()
            .filter(|(m, s)| *m < self.workers && fine(s))
            .map(|p| p.0)
            .max()?;
        let half = (f64::from(fewer) * f64::from(self.workers)).sqrt().floor();
        Some(within(half, set.bounds)).filter(|n| *n < self.workers)
    }

    /// The near side gives as much: this is a flat top, not its edge.
    pub(super) fn descend(&mut self, to: u32, seen: &Observation, known: &mut Known) -> Step {
        if self.direction < 0 && self.walked >= DESCENTS {
            return self.astray(format!("{to} as good as {}: searching again", self.workers));
        }
        let note = format!("{}: as good as {}", workers(to), self.workers);
        self.pairs = 0;
        self.walked = if self.direction < 0 { self.walked + 1 } else { 1 };
        self.direction = -1;
        self.near = true;
        self.hold = FIRST_HOLD;
        self.slope = Slope::default();
        self.rest_at(to, seen, known);
        Step {
            note: Some(note),
            ..Step::at(to)
        }
    }

    pub(super) fn go(&mut self, direction: i8, seen: &Observation, set: &Setpoints, known: &mut Known) -> Option<String> {
        let by = if direction > 0 {
            1.0 + self.size
        } else {
            1.0 / (1.0 + self.size)
        };
        let n = f64::from(self.workers);
        let wished = if direction > 0 { (n * by).ceil() } else { (n * by).floor() };
        let to = within(wished, set.bounds);
        self.recount(to);
        self.size = match self.direction == direction {
            true => (self.size * 1.5).min(0.3),
            false => (self.size * 0.6).max(0.08),
        };
        self.walked = if self.direction == direction { self.walked + 1 } else { 1 };
        self.direction = direction;
        self.slope.fade(0.3);
        self.hold = 0.8;
        let moved = to != self.workers;
        let why = if direction > 0 {
            "more still pays"
        } else {
            "fewer do as well"
        };
        self.rest_at(to, seen, known);
        moved.then(|| format!("to {}: {why}", workers(to)))
    }

    /// Neutral pairs that still count at `to`: close by, one of them speaks for both places.
    fn recount(&mut self, to: u32) {
        let close = (f64::from(to) / f64::from(self.workers)).ln().abs() <= CLOSE_BY;
        self.pairs = if close { self.pairs.min(1) } else { 0 };
    }

    /// Where the curve, with all the answers of the rest by now, sees the knee: if that is elsewhere, and the curve still
    /// rests on answers from both sides.
    pub(super) fn correction(&self, set: &Setpoints, known: &Known) -> Option<u32> {
        let n = f64::from(self.workers);
        let held = |side: &dyn Fn(f64) -> bool| known.points().any(|(m, s)| side(f64::from(m)) && s.ok >= WIDE_NEEDS);
        let wide = held(&|m| m >= 1.35 * n) && held(&|m| m <= 0.8 * n);
        let to = within(known.knee(self.workers).clamp(n / 1.3, n * 1.3), set.bounds);
        let off = (f64::from(to) / n).ln().abs();
        // Points of a swaying target are met by its swings: a curve through them is no better known than they are.
        let doubt = known.sway.value();
        (wide && off > OFF * (1.0 + 0.5 * self.corrections) + doubt && to.abs_diff(self.workers) > 1).then_some(to)
    }

    pub(super) fn correct(&mut self, to: u32, seen: &Observation, known: &mut Known) -> Option<String> {
        let from = self.workers;
        self.recount(to);
        self.corrections += 1.0;
        self.hold = 0.8;
        self.slope = Slope::default();
        self.rest_at(to, seen, known);
        Some(format!("knee at {to}, not {from}, by all answers"))
    }

    pub(super) fn stay(&mut self, spent: f64, seen: &Observation, set: &Setpoints, known: &mut Known) -> Option<String> {
        self.pairs += 1;
        self.walked = 0;
        self.size = (self.size * 1.2).min(WIDEST);
        self.hold = (self.hold * 1.5).min(LONG_HOLD);
        self.left = self.between(spent, known);
        match self.far(seen, set, known) {
            Some(to) => self.look_far(to, known),
            None => self.rest_again(seen, known),
        }
        (self.pairs == CONFIRMED).then(|| format!("{} confirmed on both sides", workers(self.workers)))
    }

    /// At rest at the same worker count as before: its base line stays.
    pub(super) fn rest_again(&mut self, seen: &Observation, known: &mut Known) {
        let detector = std::mem::take(&mut self.detector);
        self.rest_at(self.workers, seen, known);
        self.detector = detector;
    }

    /// The rest goes on, and what it gives is learned anew.
    pub(in crate::control::max) fn look_anew(&mut self) {
        self.detector = Detector::default();
    }

    pub(super) fn rest_at(&mut self, workers: u32, seen: &Observation, known: &mut Known) {
        if workers != self.workers {
            self.left = self.hold;
        }
        self.workers = workers;
        self.stage = Stage::Hold;
        self.detector = Detector::expecting(known.expected(workers));
        self.trial = Trial::new(workers, seen.workers as u32, known);
    }
}
