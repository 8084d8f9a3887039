//! `max`: finds the fewest workers that give the most, rests there, and keeps finding them.
//! It refuses to hold on to what it knew when the target changes.
//!
//! ```text
//!  ramp ──► refine ──► trim ──► track (hold, probe, hold …) ──change──► ramp again, from where it stands
//! ```

pub mod back;
pub mod change;
pub mod contradiction;
pub mod fence;
pub mod fit;
pub mod known;
pub mod paced;
mod price;
pub mod race;
pub mod ramp;
pub mod refine;
pub mod slope;
pub mod sway;
pub mod swing;
pub mod track;
pub mod trial;
pub mod trim;
pub mod utility;

use super::{Controller, Move, Observation};
use crate::model::format::{quantity, workers};
use crate::model::setpoints::Setpoints;
use crate::telemetry::frame::{Evidence, State, Term};
use back::Former;
use known::Known;
use paced::{Paced, Refusals};
use ramp::Ramp;
use refine::Refine;
use swing::Swings;
use track::Track;
use trim::Trim;

/// What a phase asks for after one tick.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// Workers from now on.
    pub workers: u32,
    /// The tick was settled evidence.
    pub settled: bool,
    /// The tick was rest.
    pub resting: bool,
    /// The phase is over; `workers` is its result.
    pub done: bool,
    /// The target changed.
    pub changed: bool,
    /// A bound stopped the search while it was rising.
    pub at_limit: bool,
    /// A decision, as a sentence.
    pub note: Option<String>,
    /// What the present decision needs.
    pub evidence: Option<Evidence>,
}

impl Step {
    fn at(workers: u32) -> Self {
        Self {
            workers,
            ..Self::default()
        }
    }
}

#[derive(Clone, Debug)]
enum Phase {
    /// Nothing yet, or somebody else held the workers: begins at whatever is in force.
    Idle,
    Ramp(Ramp),
    Refine(Refine),
    Trim(Trim),
    Track(Box<Track>),
    /// The target limits a rate.
    Paced(Paced),
}

/// Most caution: on a target that swings an alarm takes four times the difference. At twice it a capacity halved is not
/// noticed any more.
const CAUTIOUS: f64 = 4.0;

/// The law.
#[derive(Clone, Debug)]
pub struct Max {
    phase: Phase,
    known: Known,
    /// Not the first ramp: a hand-over or a change came before.
    again: bool,
    at_limit: bool,
    refusals: Refusals,
    /// The rest that an alarm ended, until the next rest tells whether it was a false one.
    suspect: Option<Former>,
    /// The rest that somebody else ended by taking the workers over, until it is known whether it still fits.
    former: Option<Former>,
    /// Whether the rate swings between levels.
    swings: Swings,
    /// What the last decision under way needed: stays while workers settle.
    shown: Option<Evidence>,
}

/// Share of errors with which somebody else took the workers over: probably because of them.
const FAILING: f64 = 0.10;

impl Max {
    /// From a cold start, or `again` after another law.
    pub fn new(again: bool) -> Self {
        Self {
            phase: Phase::Idle,
            known: Known::default(),
            again,
            at_limit: false,
            refusals: Refusals::default(),
            suspect: None,
            former: None,
            swings: Swings::default(),
            shown: None,
        }
    }

    /// In its first ramp, where growth may be bold.
    pub fn fresh(&self) -> bool {
        !self.again && matches!(self.phase, Phase::Idle | Phase::Ramp(_))
    }

    fn run(&mut self, seen: &Observation, set: &Setpoints) -> Step {
        let known = &mut self.known;
        match &mut self.phase {
            Phase::Idle => {
                if let Some(former) = self.former {
                    return self.come_back(former.workers, seen, set);
                }
                let workers = trial::within(seen.workers, set.bounds);
                // Where the user begins above the bound, the best may lie on either side.
                let either = self.again || workers > set.bounds.min;
                let mut ramp = Ramp::new(workers, either, known);
                if !either {
                    ramp.begin(seen, known); // one worker from the first moment on
                }
                self.phase = Phase::Ramp(ramp);
                Step::at(workers)
            }
            Phase::Ramp(p) => p.step(seen, set, known),
            Phase::Refine(p) => p.step(seen, set, known),
            Phase::Trim(p) => p.step(seen, set, known),
            Phase::Track(p) => p.step(seen, set, known),
            Phase::Paced(p) => p.step(seen, set),
        }
    }

    /// To the rest that an override ended.
    fn come_back(&mut self, to: u32, seen: &Observation, set: &Setpoints) -> Step {
        let to = trial::within(f64::from(to), set.bounds);
        let track = Track::new(to, seen.workers, set, &mut self.known);
        self.phase = Phase::Track(Box::new(track));
        Step {
            note: Some(format!("back to {}", workers(to))),
            ..Step::at(to)
        }
    }

    /// Whether the rest it came back to still fits.
    fn recognise(&mut self, step: &mut Step) {
        let (Phase::Track(track), Some(former)) = (&self.phase, self.former) else {
            return;
        };
        if step.changed || track.workers != former.workers {
            // It moved on, so the old rest is none.
            self.former = None;
        } else if let Some((fits, note)) = former.fits(&self.known) {
            self.former = None;
            step.changed = !fits;
            step.note.get_or_insert(note);
        }
    }

    fn advance(&mut self, step: &mut Step, seen: &Observation, set: &Setpoints) {
        self.judge_alarm(seen);
        self.know_swing(step, seen);
        self.recognise(step);
        self.look_back(step);
        if step.changed {
            self.suspect = Some(Former::of(step.workers, &self.known));
            self.known.forget();
            self.again = true;
            self.phase = Phase::Ramp(Ramp::new(step.workers, true, &mut self.known));
        }
        if !step.done {
            return;
        }
        self.at_limit = step.at_limit || (self.at_limit && !matches!(self.phase, Phase::Ramp(_)));
        self.phase = match &self.phase {
            Phase::Ramp(_) => Phase::Refine(Refine::new(step.workers)),
            Phase::Refine(_) => Phase::Trim(Trim::new(step.workers)),
            _ => {
                let track = Track::new(step.workers, seen.workers, set, &mut self.known);
                step.note = Some(self.at_rest(step));
                Phase::Track(Box::new(track))
            }
        };
    }

    /// A target that says 429 is paced, from workers that offer about what it admits.
    fn meet_limiter(&mut self, seen: &Observation) {
        self.refusals.hear(seen);
        if matches!(self.phase, Phase::Paced(_)) || !self.refusals.limiter() {
            return;
        }
        self.former = None;
        let paced = Paced::new(seen.workers, self.known.each());
        self.known.forget();
        self.at_limit = false;
        self.phase = Phase::Paced(paced);
    }

    /// An alarm at rest over a rate that was there before: the target swings, and the rest stays.
    fn know_swing(&mut self, step: &mut Step, seen: &Observation) {
        let Phase::Track(track) = &mut self.phase else { return };
        let rate = self.known.at(track.workers).rate();
        if !step.changed || track.probing() || !self.swings.back(seen.now.secs(), track.workers, rate, self.known.rate()) {
            return;
        }
        let first = self.known.caution < CAUTIOUS;
        self.known.caution = CAUTIOUS;
        self.known.renew(track.workers);
        track.look_anew();
        step.changed = false;
        step.note = self.swings.between(seen.now.secs()).filter(|_| first).map(|(lo, hi)| {
            let (lo, hi) = (quantity(lo), quantity(hi));
            format!("swings {lo} to {hi}/s: stays at {}", step.workers)
        });
    }

    /// What was measured cannot all be of one target: it is looked at anew, once until the next rest.
    fn look_back(&self, step: &mut Step) {
        let finds = matches!(&self.phase, Phase::Trim(_) if step.done) || matches!(&self.phase, Phase::Track(t) if !t.probing());
        if !finds || step.changed || self.suspect.is_some() {
            return;
        }
        if let Some((fewer, more)) = contradiction::of(&self.known) {
            step.done = false;
            step.changed = true;
            step.note = Some(format!("{fewer} slower than {more}: searching again"));
        }
    }

    /// Rest again at about the same workers and rate: the alarm was false, and the next one must say more.
    fn judge_alarm(&mut self, seen: &Observation) {
        let (Phase::Track(track), Some(before)) = (&self.phase, self.suspect) else {
            return;
        };
        let Some(other) = before.differs(track.workers, &self.known) else {
            return;
        };
        let moved = (f64::from(track.workers) / f64::from(before.workers)).ln().abs() > 0.3;
        // The same rate elsewhere says neither: on a flat top a false alarm ends anywhere, and a network may have changed.
        self.known.caution = match (other, moved) {
            _ if self.swings.between(seen.now.secs()).is_some() => CAUTIOUS,
            (true, _) => 1.0,
            (_, true) => self.known.caution,
            _ => (1.6 * self.known.caution).min(CAUTIOUS),
        };
        self.suspect = None;
    }

    fn at_rest(&self, step: &Step) -> String {
        let here = workers(step.workers);
        match &step.note {
            _ if self.known.slow() => format!("{here} for now: few answers"),
            Some(last) => format!("{last}; knee at {}", step.workers),
            None => format!("resting at {here}: the knee"),
        }
    }

    fn state(&self) -> State {
        match &self.phase {
            Phase::Idle => State::Ramp,
            Phase::Ramp(_) if self.again => State::Reprobe,
            Phase::Ramp(_) => State::Ramp,
            Phase::Refine(_) => State::Refine,
            Phase::Trim(_) => State::Trim,
            Phase::Track(t) if t.probing() => State::Probe,
            Phase::Paced(p) if p.known() => State::Hold,
            Phase::Paced(_) => State::Track,
            Phase::Track(_) => State::Hold,
        }
    }

    fn terms(&self) -> Vec<Term> {
        let noise = Term {
            name: "noise",
            value: self.known.noise.dispersion(),
            unit: "",
        };
        match &self.phase {
            Phase::Track(t) => vec![
                Term {
                    name: "slope",
                    value: t.slope(),
                    unit: "",
                },
                Term {
                    name: "probe",
                    value: t.size,
                    unit: "%",
                },
                noise,
            ],
            _ => vec![noise],
        }
    }
}

impl Controller for Max {
    fn step(&mut self, seen: &Observation, set: &Setpoints) -> Move {
        self.known.see(seen);
        self.meet_limiter(seen);
        let mut step = self.run(seen, set);
        self.advance(&mut step, seen, set);
        self.shown = step.evidence.or(self.shown);
        let track = if let Phase::Track(t) = &self.phase { Some(t) } else { None };
        let paced = if let Phase::Paced(p) = &self.phase { Some(p) } else { None };
        let counted = paced.is_some_and(Paced::known);
        Move {
            workers: paced.map_or(f64::from(step.workers.max(1)), Paced::workers),
            paced: paced.is_some(),
            state: self.state(),
            settled: step.settled,
            resting: step.resting,
            converged: counted || track.is_some_and(|t| t.pairs >= 2 || !self.known.slow()),
            changed: step.changed,
            neutral_pairs: track.map_or(if counted { 2 } else { 0 }, |t| t.pairs),
            answer_in: self.answer_in(seen),
            swings: self.swings.between(seen.now.secs()),
            at_limit: self.at_limit,
            terms: self.terms(),
            measured: None,
            open: None,
            note: step.note,
            evidence: self.shown,
            slo: None,
        }
    }

    fn track(&mut self, seen: &Observation, _workers: f64) {
        self.known.see(seen);
        self.refusals.hear(seen);
        if let Phase::Track(track) = &self.phase {
            let rest = Former::of(track.workers, &self.known);
            self.former = (rest.rate() > 0.0).then_some(rest);
        }
        if self.known.errors() > FAILING && seen.err > 5 {
            self.known.fence.put(seen.workers.round() as u32);
            self.former = None;
        }
        self.known.forget();
        self.again = true;
        self.shown = None;
        self.phase = Phase::Idle;
    }
}

/// A race as a sentence: `128 workers: 23 % less, back to 46`.
fn gain_note(count: u32, ratio: f64, against: u32, won: bool) -> String {
    let here = workers(count);
    if count == against {
        return format!("{here}: measuring again");
    }
    let percent = 100.0 * (ratio - 1.0);
    let gain = match percent.abs().round() {
        0.0 => "as much".to_owned(),
        size => format!("{size} % {}", if percent > 0.0 { "more" } else { "less" }),
    };
    let end = match (won, percent.abs() < 0.5) {
        (false, _) => ", back to",
        (true, true) => " as",
        (true, false) => " than",
    };
    format!("{here}: {gain}{end} {against}")
}
