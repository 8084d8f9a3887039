//! One tick: collect → obey → regulate → demand → frame. Everything a run does goes through here,
//! in real time over sockets and in virtual time over the simulator alike.

use super::Plant;
use super::axis::Axis;
use super::ending::Ending;
use super::generator::Generator;
use super::guard::Guards;
use super::ledger::Ledger;
use super::observe::observe;
use super::orders::{Orders, Said, Wish};
use super::outage::Outages;
use super::play::Play;
use super::shift::Shifts;
use super::steady::Resting;
use super::traffic::asks_otherwise;
use super::vigil::Vigil;
use crate::control::Observation;
use crate::control::regulator::{Regulator, Ruling};
use crate::model::command::Line;
use crate::model::demand::{Demand, Drive};
use crate::model::notice::Who;
use crate::model::run::{EndedBy, Profile, RunInfo};
use crate::model::setpoints::{Mode, Setpoints};
use crate::model::units::Nanos;
use crate::telemetry::curve::{Curve, Knee};
use crate::telemetry::frame::Frame;
use crate::telemetry::interval::Interval;
use crate::telemetry::latency::Latency;
use crate::telemetry::tally::Tally;
use std::sync::Arc;

/// When a run ends by itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Sending stops after this time.
    pub duration: Option<Nanos>,
    /// Sending stops when the answer is complete.
    pub until_answered: bool,
    /// Measured from here on; before, only the books.
    pub warmup: Nanos,
    /// Exchanges under way may finish for this long.
    pub drain: Nanos,
    /// The same, where `-n` ended the sending: a request counted is a request awaited.
    pub patience: Nanos,
}

/// Seconds of rest after which a target that swings by itself has said what it will.
const MOODY: f64 = 15.0;

/// Share of the workers asked that must run.
const RAN: f64 = 0.99;
/// Dials under way for each that ended in a tick: more than that do not end.
const DIALS: u64 = 10;

/// The whole state of a run but the plant's.
#[derive(Debug)]
pub struct Conductor {
    pub(super) info: Arc<RunInfo>,
    pub(super) limits: Limits,
    pub(super) orders: Orders,
    pub(super) regulator: Regulator,
    pub(super) ruling: Ruling,
    pub(super) ledger: Ledger,
    pub(super) generator: Generator,
    pub(super) axis: Axis,
    pub(super) resting: Resting,
    pub(super) curve: Curve,
    pub(super) ending: Option<Ending>,
    pub(super) demand: Demand,
    pub(super) shifts: Shifts,
    pub(super) outages: Outages,
    pub(super) vigil: Vigil,
    /// Why a guard paused the run.
    pub(super) guard: Option<String>,
    pub(super) guards: Guards,
    pub(super) answered: bool,
    /// It was, until an alarm that may have been none.
    was_answered: bool,
    /// Responses of the last check in open traffic, and whether one was offered.
    pub(super) checked: Latency,
    pub(super) offered_check: bool,
    pub(super) ticks: u64,
    pub(super) saturated_ticks: u64,
    pub(super) health: crate::telemetry::interval::Health,
    short_since: Option<Nanos>,
    pub(super) short_of: Option<(u64, u64)>,
    pub(super) last_move: f64,
    /// Most good answers per second over any five seconds.
    pub(super) most_rate: f64,
    /// The knee that `max` found, and when: it stays when the mode changes.
    pub(super) kept: Option<(Nanos, Knee)>,
    pub(super) narration: String,
    pub(super) watched: bool,
    pub(super) play: Play,
    pub(super) frame: Arc<Frame>,
    /// What was counted since the last span.
    pub(super) carried: Option<Box<Tally>>,
}

impl Conductor {
    /// A run that has not begun. `script` is sorted by time.
    pub fn new(info: RunInfo, set: Setpoints, limits: Limits, script: Vec<Line>) -> Self {
        let gentle = info.profile == Profile::Gentle;
        let regulator = Regulator::new(&set, gentle);
        let start = f64::from(set.first());
        Self {
            info: Arc::new(info),
            limits,
            regulator,
            ruling: Ruling::default(),
            ledger: Ledger::new(),
            generator: Generator::default(),
            axis: Axis::new(),
            resting: Resting::default(),
            curve: Curve::default(),
            ending: None,
            demand: Demand {
                workers: start,
                overflow: set.overflow,
                ..Demand::default()
            },
            orders: Orders::new(set, script),
            shifts: Shifts::default(),
            outages: Outages::default(),
            vigil: Vigil::default(),
            guard: None,
            guards: Guards::default(),
            answered: false,
            was_answered: false,
            checked: Latency::coarse(),
            offered_check: false,
            ticks: 0,
            saturated_ticks: 0,
            health: Default::default(),
            short_since: None,
            short_of: None,
            last_move: 0.0,
            most_rate: 0.0,
            kept: None,
            narration: String::new(),
            watched: true,
            play: Play::default(),
            frame: Arc::default(),
            carried: None,
        }
    }

    /// Nobody looks before the last frame: those before it carry no figures of the last seconds, no tables and no curve.
    /// Decisions are the same; an experiment of many runs costs half.
    pub fn unwatched(mut self) -> Self {
        self.watched = false;
        self.ledger.windowed = false;
        self
    }

    /// Commands up to `number` were answered before the run began.
    pub fn skip(&mut self, number: u64) {
        self.orders.applied = number;
    }

    /// The first demand, before the first tick.
    pub fn start(&mut self, plant: &mut impl Plant) {
        self.offer();
        plant.set(self.demand);
    }

    /// One tick at `now`, every 100 ms. `said` are the commands on the desk; those applied before are skipped.
    /// The last frame has phase `Done`; no tick may follow it.
    pub fn tick(&mut self, now: Nanos, plant: &mut impl Plant, said: &[Said]) -> Arc<Frame> {
        let mut interval = plant.collect(now);
        let column = self.record(now, &mut interval);
        let before = self.orders.set().clone();
        for wish in self.orders.obey(now, said, self.present()) {
            self.grant(wish, now);
        }
        if asks_otherwise(&before, self.orders.set()) {
            self.resting = Resting::since(now);
        }
        self.stand_down(now);
        let seen = observe(&interval, &self.demand, self.info.profile == Profile::Gentle);
        if self.sending() && self.outages.excuses() {
            self.stand_by(&seen);
        } else if self.sending() && interval.heard >= interval.lanes && interval.to > interval.from {
            self.regulate(now, &interval, &seen);
        } else {
            self.regulator.hear(&seen, self.orders.set());
        }
        self.watch_guards(now);
        self.check_ends(now, &interval);
        self.demand.drive = self.drive(now, &interval);
        self.offer();
        plant.set(self.told());
        self.publish(now, column)
    }

    /// The target is down, or may be: no law decides on that, and it finds its workers as they were.
    fn stand_by(&mut self, seen: &Observation) {
        self.short_since = None;
        if self.outages.down() {
            let paused = Setpoints {
                paused: true,
                ..self.orders.set().clone()
            };
            self.regulator.hear(seen, &paused);
        }
    }

    /// What the plant is told: while the target is down, one worker tries for all; arrivals go on coming due.
    pub(super) fn told(&self) -> Demand {
        let trying = self.outages.down();
        let alone = trying && self.demand.rate.is_none();
        Demand {
            trying,
            workers: if alone {
                self.demand.workers.min(1.0)
            } else {
                self.demand.workers
            },
            ..self.demand
        }
    }

    /// Exchanges start: neither ending nor paused.
    pub(super) fn sending(&self) -> bool {
        self.ending.is_none() && !self.orders.set().paused
    }

    fn grant(&mut self, wish: Wish, now: Nanos) {
        match wish {
            Wish::End(by) => self.end(by, now),
            Wish::Cut(by) => {
                self.end(by, now);
                if let Some(e) = &mut self.ending {
                    e.cut(now);
                }
            }
            Wish::Experiment(who, trial) => self.experiment(who, trial, now),
            Wish::Reset => {
                self.ledger.reset();
                self.resting = Resting::since(now);
                self.play.reset();
            }
        }
    }

    pub(super) fn end(&mut self, by: EndedBy, now: Nanos) {
        let patience = if by == EndedBy::Requests {
            self.limits.patience.max(self.limits.drain)
        } else {
            self.limits.drain
        };
        if let Some(e) = &mut self.ending {
            // Asked twice: no more patience.
            if matches!(by, EndedBy::Quit | EndedBy::Signal) {
                e.cut(now);
            }
        } else {
            self.ending = Some(Ending::begin(by, now, patience));
            self.orders.ending = true;
        }
    }

    fn regulate(&mut self, now: Nanos, i: &Interval, seen: &Observation) {
        let mode = self.orders.set().mode;
        let before = self.demand.workers;
        let ruling = self.regulator.tick(seen, self.orders.set());
        if let Some(target) = ruling.chosen {
            self.orders.history.choose(target);
        }
        if ruling.changed {
            self.note_change(now);
        }
        if ruling.law.swings.is_some() && ruling.law.swings != self.ruling.law.swings {
            self.shifts.forget();
        }
        // Real-valued workers belong on the curve where they are nearly whole.
        let closed = self.demand.rate.is_none();
        if closed && ruling.settled && (before - before.round()).abs() <= 0.03 * before {
            self.curve.add(before.round().max(1.0) as u32, &i.tally, seen.span, i.to);
        }
        if ruling.resting {
            let queue = self.queue_estimate(seen.ok as f64 / seen.span);
            self.resting.tick(mode, &i.tally, i.from, seen.span, (before, queue));
        }
        for note in &ruling.notes {
            self.narration.clone_from(note);
            self.orders.note(now, Who::Controller, note.clone());
        }
        if let Some(reason) = &ruling.pause {
            self.pause_by_guard(now, reason.clone());
        }
        self.ticks += 1;
        self.saturated_ticks += u64::from(ruling.saturated);
        self.last_move = if before > 0.0 { ruling.workers / before - 1.0 } else { 0.0 };
        self.record_check(&i.tally);
        self.watch_connections(now, i, ruling.workers);
        self.demand.workers = ruling.workers;
        self.demand.stagger = ruling.stagger;
        self.ruling = ruling;
        self.settle_shift();
    }

    fn note_change(&mut self, now: Nanos) {
        self.shifts.alarm(now, self.resting.ended());
        self.curve.turn_page();
        self.kept = None;
        self.resting.clear();
        self.was_answered |= std::mem::take(&mut self.answered);
    }

    /// Rest after an alarm tells whether it was a change; if not, what was measured before it counts again.
    fn settle_shift(&mut self) {
        if self.shifts.settle(&self.resting.rest()) {
            self.curve.turn_back();
            self.answered |= std::mem::take(&mut self.was_answered);
        }
    }

    fn watch_connections(&mut self, now: Nanos, i: &Interval, wanted: f64) {
        let wanted = wanted.floor() as u64;
        let most = self.info.most_workers.map_or(u64::MAX, u64::from);
        let connected = connected(i, self.generator.lacks(now));
        // In the open model the workers are a limit: nobody misses them.
        if self.demand.rate.is_some() {
            (self.short_since, self.short_of) = (None, None);
        } else if wanted > most {
            // Known before the first of them connects.
            if self.short_of.replace((most, wanted)) != Some((most, wanted)) {
                let (need, limit) = (wanted + self.info.descriptors_beside, self.info.fd_limit.unwrap_or(0));
                let text = format!("needs {need} descriptors, limit {limit}: running {most} workers (raise it with ulimit -n)");
                self.orders.note(now, Who::Engine, text);
            }
        } else if connected as f64 >= RAN * wanted as f64 {
            (self.short_since, self.short_of) = (None, None);
        } else if now - *self.short_since.get_or_insert(now) > Nanos::from_secs(3) {
            self.short_of = Some((connected, wanted));
        }
    }

    fn check_ends(&mut self, now: Nanos, i: &Interval) {
        if self.ending.is_some() {
            return;
        }
        if i.exhausted {
            self.end(EndedBy::Requests, now);
        } else if self.limits.duration.is_some_and(|d| now >= d) || self.play.over() {
            self.end(EndedBy::Duration, now);
        } else {
            self.answered |= self.complete();
            self.offer_check(now);
            if self.limits.until_answered && self.answered {
                self.end(EndedBy::Answered, now);
            }
        }
    }

    /// Two neutral probe pairs in a row, ±3 %, five seconds of rest (±10 % after `MOODY` seconds of it, where the target's own
    /// swings allow no more: the precision is printed); one pair where it was answered before an alarm and the rate is the
    /// same again; or the search stopped at a bound, still rising. `slo`: confirmed or missed.
    fn complete(&self) -> bool {
        if self.orders.set().mode == Mode::Slo {
            return self.ruling.law.slo.as_ref().is_some_and(|s| s.confirmed.is_some());
        }
        let (span, rate, half) = self.resting.evidence();
        let law = &self.ruling.law;
        let sure = rate > 0.0 && half.is_some_and(|h| h <= 0.03 * rate);
        let moody = span >= MOODY && half.is_some_and(|h| h <= 0.1 * rate);
        let again = self.was_answered && law.neutral_pairs >= 1 && self.shifts.unmoved(&self.resting.rest());
        let found = law.neutral_pairs >= 2 || again || law.at_limit;
        self.orders.set().mode == Mode::Max && self.ruling.converged && found && (sure || moody) && span >= 5.0
    }

    fn drive(&mut self, now: Nanos, i: &Interval) -> Drive {
        if let Some(e) = &mut self.ending {
            return e.tick(now, &i.gauges, i.heard >= i.lanes);
        }
        if self.orders.set().paused {
            return Drive::Pause;
        }
        self.guard = None;
        Drive::Run
    }
}

/// Workers that run. Those that a target refuses are the target's figures; those that this machine cannot connect, and those
/// whose dials do not end, are missing.
fn connected(i: &Interval, lacks: bool) -> u64 {
    let lost = if lacks { i.gauges.backing } else { 0 };
    let stuck = i.gauges.connecting.saturating_sub(DIALS * i.tally.opened);
    i.gauges.workers.saturating_sub(stuck + lost)
}
