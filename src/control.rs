//! The control laws. Pure: one call a tick, time and evidence are arguments.
//! They refuse I/O, clocks and commands; the regulator clamps and hands over.

pub mod experiment;
pub mod hold;
mod law;
pub mod limits;
pub mod manual;
pub mod max;
pub mod recent;
pub mod regulator;
pub mod school;
pub mod slo;
pub mod variable;

use crate::model::arrival::Process;
use crate::model::promise::TERMS;
use crate::model::setpoints::Setpoints;
use crate::model::units::Nanos;
use crate::telemetry::cohorts::Cohorts;
use crate::telemetry::frame::{Evidence, State, Term};
use crate::telemetry::grid::Grid;
use crate::telemetry::promise::Slo;

/// What a law may know of one tick.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// End of the tick, since run start.
    pub now: Nanos,
    /// Its length, s; > 0.
    pub span: f64,
    /// Good answers in it.
    pub ok: u64,
    /// Everything else that ended in it.
    pub err: u64,
    /// Of these: answers that say 429, of a limiter.
    pub limited: u64,
    /// Mean response of the answers in it, s; `None` without any.
    pub mean: Option<f64>,
    /// Their responses on the grid.
    pub grid: Grid,
    /// Workers in force during it.
    pub workers: f64,
    /// Exchanges in flight at its end.
    pub in_flight: u64,
    /// The gentle profile is in force.
    pub gentle: bool,
    /// Arrivals by intended start, while a promise is kept.
    pub cohorts: Option<Cohorts>,
    /// Open traffic in force during it, 1/s; `None` in the closed model.
    pub offered: Option<f64>,
    /// Arrivals due at its end that wait for a worker.
    pub waiting: u64,
    /// When and how long the generator stood still in it; what was due then left late, and that is not the target's doing.
    pub pauses: Vec<(Nanos, Nanos)>,
}

impl Observation {
    /// Longest standstill of the generator that it tells of, s; several lanes tell of the same one.
    pub fn paused(&self) -> f64 {
        self.pauses.iter().map(|(_, long)| long.secs()).fold(0.0, f64::max)
    }
}

/// Open traffic that a law or an experiment offers instead of the closed model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Open {
    /// Arrivals per second, ≥ 0.
    pub rate: f64,
    /// How they come.
    pub arrivals: Process,
    /// Most exchanges in flight; an arrival above it is shed.
    pub cap: Option<u32>,
    /// Cohorts are counted against these.
    pub limits: Option<[Nanos; TERMS]>,
}

/// What a law asks for.
#[derive(Clone, Debug, Default)]
pub struct Move {
    /// Workers from now on, > 0. `max` and the school give integers, `hold` reals.
    pub workers: f64,
    /// Open traffic; the workers are a limit then.
    pub open: Option<Open>,
    /// Fewer than one worker are meant, whatever the bounds say: a rate below that of one is kept.
    pub paced: bool,
    /// What it is doing.
    pub state: State,
    /// This tick's interval is settled evidence for the workers that were in force: it belongs on the curve.
    pub settled: bool,
    /// At rest at its working point: this tick belongs to the steady state.
    pub resting: bool,
    /// Ramp and refine are done and it holds (`max`), or the target was kept long enough (`hold`).
    pub converged: bool,
    /// The target changed: what was known before no longer counts.
    pub changed: bool,
    /// `max`: neutral probe pairs in a row.
    pub neutral_pairs: u32,
    /// `max`: about so many seconds until both sides are confirmed; `None` elsewhere, and once they are.
    pub answer_in: Option<f64>,
    /// `max`: the rate swings between these, 1/s.
    pub swings: Option<(f64, f64)>,
    /// The search stopped at a bound while still rising.
    pub at_limit: bool,
    /// Inner terms for the screen.
    pub terms: Vec<Term>,
    /// `hold`: the filtered measured quantity, in the setpoint's unit.
    pub measured: Option<f64>,
    /// A sentence when a decision was made.
    pub note: Option<String>,
    /// What the present decision needs.
    pub evidence: Option<Evidence>,
    /// `slo`: where the search stands.
    pub slo: Option<Slo>,
}

/// A control law. The regulator calls exactly one of the two methods once a tick, from the conductor's thread;
/// neither may block or panic. The result of `step` is clamped by the regulator; the law sees what came of it in the
/// next observation's `workers`.
pub trait Controller {
    /// One tick of automatic control.
    fn step(&mut self, seen: &Observation, set: &Setpoints) -> Move;

    /// One tick while somebody else holds `workers`: follow, so that the next `step` starts from there without a jump.
    fn track(&mut self, seen: &Observation, workers: f64);
}

#[cfg(test)]
impl Observation {
    /// A tick of 100 ms, number `i`, with `ok` answers of about the same response.
    pub(crate) fn tick(i: u64, ok: u64, mean: f64, workers: f64) -> Self {
        let mut grid = Grid::default();
        grid.add(Grid::bin(mean), ok);
        Self {
            now: Nanos::from_millis(100 * (i + 1)),
            span: 0.1,
            ok,
            err: 0,
            limited: 0,
            mean: (ok > 0).then_some(mean),
            grid,
            workers,
            in_flight: workers as u64,
            gentle: false,
            cohorts: None,
            offered: None,
            waiting: 0,
            pauses: vec![],
        }
    }
}
