//! The highest open rate that keeps a promise: found live, confirmed, and kept while the target changes.
//! It refuses a rate that was not offered as open traffic, and more in flight than the promise can have.
//!
//! ```text
//!  idle ─► ramp ─► recover ─► regulate ─► confirm ─► kept: regulated on
//!    └─► missed       ▲          ▲  └ less ┘  └─► four times not kept: missed, regulated on
//!                     └──────────┴── moved by a guard or the user; the target became another one
//!                                    it tipped over: emptied, and regulated on from less
//! ```

mod change;
mod confirm;
mod course;
mod decided;
mod fit;
mod idle;
mod kept;
mod ramp;
mod regulate;
mod said;
mod signal;
mod taken;
mod tip;
mod wakes;

use super::{Controller, Move, Observation, Open};
use crate::model::promise::Promise;
use crate::model::setpoints::Setpoints;
use crate::model::units::Nanos;
use crate::telemetry::promise::Ours;
use confirm::Confirm;
use decided::{Decided, Worst};
use fit::Answer;
use idle::{Idle, Verdict};
use kept::Kept;
use ramp::{Ramp, Rung};
use regulate::Regulate;
use signal::Signal;
use tip::Tip;

/// Least number of exchanges in flight that is allowed.
const FEWEST: f64 = 8.0;
/// Under this share of the rate of one worker nothing is kept any more.
const FLOOR: f64 = 0.05;

/// That arrivals were set aside is told no more often.
const TELL: Nanos = Nanos::from_secs(10);

/// Where it stands.
#[derive(Clone, Debug)]
enum Phase {
    /// Before the first tick.
    Enter,
    Idle(Idle),
    Ramp(Ramp),
    /// Nothing is sent until the target is empty; then the ramp goes on, or the rate is regulated.
    Recover(Option<Ramp>),
    /// The same after it tipped over; what was seen before still counts.
    Empty,
    Regulate,
    Confirm(Confirm),
    /// Not even one worker keeps it, who goes on: a target that warms up may yet. `None`: nor does less than one worker sends.
    Impossible(Option<Idle>),
}

/// What is known, beside the phase.
#[derive(Clone, Debug, Default)]
struct Facts {
    /// Percentile, rate and mean response of one worker.
    idle: Option<f64>,
    idle_rate: Option<f64>,
    idle_mean: Option<f64>,
    answer: Option<Answer>,
    /// The rate held by the last confirmation, the answer it rests on, and what was counted in it.
    kept: Option<Kept>,
    proof: Worst,
    /// Held and needed, s.
    held: Option<(f64, f64)>,
    confirmed: Option<bool>,
    /// What of the last confirmation was ours, where that left it open.
    late_here: Option<Ours>,
    /// Confirmations begun on this target.
    tries: u32,
    recovery: Option<f64>,
    /// When it will be answered, as estimated, s since run start.
    price: Option<f64>,
}

/// The law.
#[derive(Clone, Debug)]
pub struct Slo {
    promise: Option<Promise>,
    phase: Phase,
    signal: Signal,
    regulate: Regulate,
    tip: Tip,
    facts: Facts,
    /// The present tick's end, since run start.
    now: Nanos,
    /// Rate asked for, 1/s.
    rate: f64,
    /// Rate of the last move, 1/s; less in force means that a guard held it.
    asked: f64,
    /// Seconds since the traffic last changed its kind.
    waited: f64,
    /// When it was told that arrivals were set aside.
    told: Option<Nanos>,
    /// Somebody else moved: good answers and seconds heard meanwhile.
    heard: (f64, f64),
    tracked: bool,
    note: Option<String>,
}

impl Default for Slo {
    fn default() -> Self {
        Self {
            promise: None,
            phase: Phase::Enter,
            signal: Signal::default(),
            regulate: Regulate::new(1.0),
            tip: Tip::default(),
            facts: Facts::default(),
            now: Nanos::ZERO,
            rate: 0.0,
            asked: 0.0,
            waited: 0.0,
            told: None,
            heard: (0.0, 0.0),
            tracked: false,
            note: None,
        }
    }
}

impl Slo {
    /// Hears every tick, also those in which it is not asked: an arrival counts whoever decides.
    pub(super) fn hear(&mut self, seen: &Observation) {
        if let Some(promise) = &self.promise {
            self.signal.hear(seen, promise);
        }
    }

    fn rung(&mut self, rate: f64, now: Nanos) -> Ramp {
        self.set_rate(rate, now);
        Ramp::new(rate)
    }

    /// From now on arrivals at `rate`; those of the first L do not count.
    fn set_rate(&mut self, rate: f64, now: Nanos) {
        self.rate = rate;
        self.waited = 0.0;
        let limit = self.promise.map_or(Nanos::ZERO, |p| p.limit());
        self.signal.restart(now + limit);
    }

    fn regulate_from(&mut self, rate: f64, now: Nanos) {
        self.set_rate(rate, now);
        self.reckon(rate);
        self.regulate = Regulate::new(rate);
        (self.facts.tries, self.facts.late_here) = (0, None);
    }

    /// What the answer costs from now on at `rate`: its course, and as long to confirm it.
    fn reckon(&mut self, rate: f64) {
        let wait = self.promise.map(|p| 2.0 * regulate::window(rate, p.strictest()));
        self.facts.price = wait.map(|w| self.now.secs() + w);
    }

    fn say(&mut self, text: String) {
        self.note = Some(text);
    }

    /// Says, not too often, what was set aside.
    fn tell_aside(&mut self, now: Nanos) {
        if self.note.is_some() || self.told.is_some_and(|told| now - told < TELL) {
            return;
        }
        if let Some(n) = self.signal.set_aside() {
            self.say(said::set_aside(n));
            self.told = Some(now);
        }
    }

    fn tick(&mut self, seen: &Observation, promise: &Promise, decided: &Decided) {
        self.waited += seen.span;
        self.phase = match std::mem::replace(&mut self.phase, Phase::Enter) {
            Phase::Enter => Phase::Idle(Idle::after_others()),
            Phase::Idle(idle) => self.idle(idle, seen, promise),
            Phase::Ramp(ramp) => self.ramp(ramp, seen, promise, decided),
            Phase::Recover(then) => self.recover(then, seen, promise),
            Phase::Empty => self.empty(seen, promise),
            Phase::Regulate => self.regulated(seen, promise, decided),
            Phase::Confirm(c) => self.confirm(c, seen, promise, decided),
            Phase::Impossible(idle) => self.impossible(idle, seen, promise),
        };
    }

    fn idle(&mut self, mut idle: Idle, seen: &Observation, promise: &Promise) -> Phase {
        let verdict = idle.tick(seen, promise);
        self.facts.idle = idle.percentile(promise);
        if verdict == Verdict::Unknown {
            return Phase::Idle(idle);
        }
        if verdict == Verdict::Exceeds {
            self.miss(said::impossible(promise, self.facts.idle));
            return Phase::Impossible(Some(Idle::default()));
        }
        self.fits(&idle, seen, promise)
    }

    /// One worker keeps it: open traffic begins.
    fn fits(&mut self, idle: &Idle, seen: &Observation, promise: &Promise) -> Phase {
        let one = idle.rate();
        self.facts.idle = idle.percentile(promise);
        (self.facts.idle_rate, self.facts.idle_mean) = (Some(one), (one > 0.0).then_some(1.0 / one));
        let first = ramp::FIRST.min(one);
        self.say(said::begins(promise, self.facts.idle, first));
        self.reckon(first);
        Phase::Ramp(self.rung(first, seen.now))
    }

    /// One worker goes on; from time to time he is asked anew.
    fn impossible(&mut self, idle: Option<Idle>, seen: &Observation, promise: &Promise) -> Phase {
        let Some(mut idle) = idle else {
            return Phase::Impossible(None);
        };
        match idle.tick(seen, promise) {
            Verdict::Unknown => Phase::Impossible(Some(idle)),
            Verdict::Exceeds => Phase::Impossible(Some(Idle::default())),
            Verdict::Fits => {
                self.facts.confirmed = None;
                self.fits(&idle, seen, promise)
            }
        }
    }

    fn ramp(&mut self, mut ramp: Ramp, seen: &Observation, promise: &Promise, decided: &Decided) -> Phase {
        let heard = (seen.ok, seen.mean);
        match ramp.tick(promise, decided, seen.span, heard, self.facts.idle_mean) {
            Rung::On => Phase::Ramp(ramp),
            Rung::Next(rate) => {
                self.say(said::climbs(&ramp.worst(promise), self.rate, rate));
                ramp.climb(rate);
                self.set_rate(rate, seen.now);
                self.reckon(rate);
                Phase::Ramp(ramp)
            }
            Rung::Over => {
                let (back, passed_over) = ramp.back();
                self.say(said::too_much(&ramp.worst(promise), self.rate, back));
                let unknown = ramp.before.is_none() && self.facts.idle_rate.is_none();
                self.rate = back;
                self.waited = 0.0;
                if unknown {
                    self.rate = 0.0;
                    return Phase::Idle(Idle::after_others());
                }
                if passed_over {
                    ramp.resume(back);
                    return Phase::Recover(Some(ramp));
                }
                Phase::Recover(None)
            }
        }
    }

    fn recover(&mut self, then: Option<Ramp>, seen: &Observation, promise: &Promise) -> Phase {
        if !self.emptied(seen, promise) {
            return Phase::Recover(then);
        }
        let rate = self.rate;
        if let Some(ramp) = then {
            self.set_rate(rate, seen.now);
            return Phase::Ramp(ramp);
        }
        self.say(said::price(promise, rate));
        self.regulate_from(rate, seen.now);
        Phase::Regulate
    }

    /// Nothing is in flight any more, or will not be for long.
    fn emptied(&mut self, seen: &Observation, promise: &Promise) -> bool {
        let patience = signal::patience(promise).secs() * 2.0;
        if seen.in_flight > 0 && self.waited < patience {
            return false;
        }
        self.facts.recovery = Some(self.waited.max(self.facts.recovery.unwrap_or(0.0)));
        true
    }

    fn miss(&mut self, why: String) {
        self.facts.confirmed = Some(false);
        (self.facts.answer, self.facts.price) = (None, None);
        self.rate = 0.0;
        self.say(why);
    }

    /// Exchanges allowed in flight at the present rate.
    fn cap(&self, promise: &Promise, set: &Setpoints) -> u32 {
        let most = f64::from(set.bounds.max);
        (self.rate * promise.limit().secs()).ceil().clamp(FEWEST.min(most), most) as u32
    }

    fn open(&self, promise: &Promise, set: &Setpoints) -> Option<Open> {
        let rate = match self.phase {
            Phase::Enter | Phase::Idle(_) | Phase::Impossible(_) => return None,
            Phase::Recover(_) | Phase::Empty => 0.0,
            _ => self.rate,
        };
        Some(Open {
            rate,
            arrivals: set.arrivals,
            cap: Some(self.cap(promise, set)),
            limits: Some(promise.limits()),
        })
    }
}

impl Controller for Slo {
    fn step(&mut self, seen: &Observation, set: &Setpoints) -> Move {
        let Some(promise) = set.promise else {
            return Move {
                workers: seen.workers,
                ..Move::default()
            };
        };
        self.now = seen.now;
        if self.promise != Some(promise) {
            self.adopt(promise, seen.now);
        }
        let held = seen.offered.filter(|o| *o < 0.999 * self.asked);
        if std::mem::take(&mut self.tracked) {
            self.resume(seen);
        } else if let Some(offered) = held {
            self.yield_to(offered, seen.now);
        }
        let decided = self.signal.decided(seen.now, &promise);
        self.tick(seen, &promise, &decided);
        self.tell_aside(seen.now);
        let open = self.open(&promise, set);
        self.asked = open.map_or(0.0, |o| o.rate);
        self.shown(&promise, open, set)
    }

    fn track(&mut self, seen: &Observation, _workers: f64) {
        if seen.offered.is_none() {
            self.heard.0 = 0.8 * self.heard.0 + seen.ok as f64;
            self.heard.1 = 0.8 * self.heard.1 + seen.span;
        }
        self.tracked = true;
    }
}
