//! One published view of a run: all a screen, a recorder or a report may know.
//! It is made by the conductor alone and never changed.

use super::books::Books;
use super::column::Column;
use super::connects::Connects;
use super::curve::{Knee, Row};
use super::delayed_ack::DelayedAck;
use super::experiment::{StepTest, Tune};
use super::interval::{Gauges, Health};
use super::latency::Summary;
use super::outage::Outage;
use super::promise::{Check, Slo};
use super::tally::ErrorSample;
use super::window::Stats;
use crate::model::failure::Failure;
use crate::model::notice::Notice;
use crate::model::run::{EndedBy, RunInfo};
use crate::model::setpoints::Setpoints;
use crate::model::units::Nanos;
use std::sync::Arc;

/// Where the run stands; the chip at the top left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Before the first request: connecting, or a question is open.
    #[default]
    Ready,
    /// Sending.
    Run,
    /// Sending is paused by the user or a guard.
    Paused,
    /// The schedule has stopped; exchanges under way finish.
    Drain,
    /// Over; this frame is the last.
    Done,
}

impl Phase {
    /// The state word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "READY",
            Self::Run => "RUN",
            Self::Paused => "PAUSED",
            Self::Drain => "DRAIN",
            Self::Done => "DONE",
        }
    }
}

/// What the law is doing; the name is stable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Growing to find the size of things.
    #[default]
    Ramp,
    /// Trying candidates between the rungs.
    Refine,
    /// At rest.
    Hold,
    /// Looking a little to both sides.
    Probe,
    /// Looking anew after a change.
    Reprobe,
    /// Stepping down while nothing is lost.
    Trim,
    /// `hold`: moving towards the target.
    Track,
    /// `hold`: the target cannot be reached.
    Unreachable,
    /// Nothing completes: the law is frozen.
    Stalled,
    /// The user holds the workers.
    Override,
    /// A step test runs instead of the law.
    Step,
    /// A relay runs instead of the law.
    Tune,
    /// Open traffic is checked instead of the law.
    Verify,
    /// Nothing is sent until the target is empty.
    Recover,
}

impl State {
    /// As in the JSON summary.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ramp => "ramp",
            Self::Refine => "refine",
            Self::Hold => "hold",
            Self::Probe => "probe",
            Self::Reprobe => "reprobe",
            Self::Trim => "trim",
            Self::Track => "track",
            Self::Unreachable => "unreachable",
            Self::Stalled => "stalled",
            Self::Override => "override",
            Self::Step => "step",
            Self::Tune => "tune",
            Self::Verify => "verify",
            Self::Recover => "recover",
        }
    }
}

/// One inner term of a law. `hold`: P, I, D, Σ as fractions per step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// Short name.
    pub name: &'static str,
    /// Its value; the unit is in `unit`.
    pub value: f64,
    /// `%`, `workers`, `1/s`, `s` or empty; `%` values are fractions.
    pub unit: &'static str,
}

/// Completions the present decision rests on and needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// Completions so far.
    pub have: f64,
    /// Completions needed.
    pub need: f64,
    /// Seconds that will take.
    pub seconds: f64,
}

/// The control law as the screen shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Control {
    /// What it is doing.
    pub state: State,
    /// At rest at least once since the last mode change.
    pub converged: bool,
    /// The first time that was.
    pub converged_at: Option<Nanos>,
    /// Workers asked of the plant now; real in `hold`.
    pub workers: f64,
    /// What the law would ask if it were not overridden.
    pub wants: f64,
    /// Workers at rest (no probes), where the law rests.
    pub resting: Option<f64>,
    /// The last change of workers, as a fraction of them.
    pub last_move: f64,
    /// Inner terms.
    pub terms: Vec<Term>,
    /// The measured quantity and how far off the target, as a fraction; `hold` only.
    pub measured: Option<f64>,
    /// (measured − target)/target.
    pub off_target: Option<f64>,
    /// The last decision as one sentence.
    pub narration: String,
    /// What the present decision needs.
    pub evidence: Option<Evidence>,
    /// Ticks so far.
    pub ticks: u64,
    /// Ticks at a bound.
    pub saturated_ticks: u64,
    /// A bound, guard or gate that acts now, in words.
    pub limited_by: Option<String>,
    /// `max`: two neutral probe pairs in a row.
    pub neutral_pairs: u32,
    /// About so many seconds to the answer; `None` where none is looked for.
    pub answer_in: Option<f64>,
    /// What the last step test found.
    pub step_test: Option<StepTest>,
    /// What the last relay found and proposes.
    pub tune: Option<Tune>,
}

/// Steady state: its basis and figures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Steady {
    /// `hold`, `last_third` or `whole`.
    pub basis: &'static str,
    /// Begin, since run start.
    pub from: Nanos,
    /// Seconds of evidence.
    pub span: f64,
    /// Mean workers in force.
    pub workers: f64,
    /// All completions per second.
    pub rate: f64,
    /// Good answers per second.
    pub good_rate: f64,
    /// Half width of the 95 % interval of the good rate, 1/s.
    pub ci95: Option<f64>,
    /// Share of exchanges not good.
    pub errors: f64,
    /// Percentiles of response.
    pub latency: Summary,
    /// Mean queue at the target, estimated.
    pub queue: f64,
}

/// Whole-run percentile table.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Table {
    /// end − intended.
    pub response: Summary,
    /// The same of good answers alone, where there are others.
    pub good: Option<Summary>,
    /// end − sent.
    pub service: Summary,
    /// sent − intended.
    pub wait: Summary,
    /// Dials.
    pub connect: Summary,
    /// Send lag: p50 and p99, s.
    pub send_lag: (Option<f64>, Option<f64>),
    /// Share by which p50 and p99 of the response would be shorter without it, in [0, 1].
    pub ours: (f64, f64),
}

/// Totals that are not in the books.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// Answers per status.
    pub status: Vec<(u16, u64)>,
    /// Errors per class, only those that occurred.
    pub errors: Vec<(Failure, u64)>,
    /// Up to three a class.
    pub samples: Vec<ErrorSample>,
    /// Bytes handed to the kernel.
    pub tx: u64,
    /// Bytes read.
    pub rx: u64,
    /// Bytes after the end of an answer.
    pub surplus: u64,
    /// Connections made.
    pub opened: u64,
    /// Exchanges on a kept connection.
    pub reused: u64,
    /// Transparent re-dials.
    pub retries: u64,
    /// Age of the oldest exchange cut off by our own end, s.
    pub aborted_oldest: Option<f64>,
    /// Slow connects.
    pub connects: Connects,
    /// Answers whose rest came late.
    pub delayed_ack: DelayedAck,
    /// How long the first of those that were never sent had waited, s.
    pub not_sent_oldest: Option<f64>,
    /// Mean response of answers with an unexpected status, s.
    pub bad_mean: Option<f64>,
    /// Share of service time before the first byte, in [0, 1].
    pub before_first_byte: Option<f64>,
}

/// The run as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Whole {
    /// Sending window without warm-up and pauses, s.
    pub span: f64,
    /// Completions per second in it.
    pub rate: f64,
    /// Good answers per second in it.
    pub good_rate: f64,
    /// 95 % half width from 1-s batches, 1/s; `None` under 10 of them.
    pub ci95: Option<f64>,
    /// X · mean response / mean busy workers; near 1.
    pub little_ratio: Option<f64>,
    /// Share not good.
    pub errors: f64,
    /// Longest and total time without a completion while something was in flight, s.
    pub stalled: (f64, f64),
    /// Longest and total silence while something was in flight, short ones too, s.
    pub pauses: (f64, f64),
    /// Good rate of the last third against the middle third, as a ratio.
    pub drift: Option<f64>,
}

/// A change of the target that was noticed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    /// When.
    pub at: Nanos,
    /// Good rate before, 1/s.
    pub before: f64,
    /// Good rate after, 1/s; `None` until it is known.
    pub after: Option<f64>,
}

/// Queue figures.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Queue {
    /// Now.
    pub now: f64,
    /// Largest column so far.
    pub max: f64,
    /// Arrivals per second over 100-ms ticks: p50, p99, p99.9.
    pub arrival: [Option<f64>; 3],
    /// Completions likewise.
    pub completion: [Option<f64>; 3],
    /// Arrivals shed likewise (open model).
    pub shed: [Option<f64>; 3],
    /// Open model: `now` and `max` are counted arrivals that wait here. Closed: requests at the target, estimated.
    pub client: bool,
    /// Room for so many (open model).
    pub capacity: usize,
    /// Age of the oldest that waits, s.
    pub oldest: f64,
    /// Time until it is empty at the present surplus of completions, s; `None` when it grows or is empty.
    pub drains_in: Option<f64>,
}

/// The whole view.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// Counts frames from 1.
    pub seq: u64,
    /// Moment of the frame, since run start.
    pub at: Nanos,
    /// Number of the last command that has been applied or refused. Never decreases.
    pub applied: u64,
    /// Fixed facts.
    pub run: Arc<RunInfo>,
    /// Where the run stands.
    pub phase: Phase,
    /// While `Ready`: what is being done (`connecting to …`), or the one question that Enter answers with yes.
    pub question: Option<String>,
    /// While `Ready`: the question waits for Enter.
    pub asking: bool,
    /// Why it ended, once it is ending.
    pub ended_by: Option<EndedBy>,
    /// What the user set.
    pub setpoints: Setpoints,
    /// The law.
    pub control: Control,
    /// Levels.
    pub gauges: Gauges,
    /// Generator.
    pub health: Health,
    /// Time of all stalls of the generator so far: when and how long.
    pub stalls: Vec<(Nanos, Nanos)>,
    /// Times in which the target was down.
    pub outages: Vec<Outage>,
    /// Highest lane CPU over the last 5 s.
    pub cpu: f64,
    /// Share of the last 5 s in which a lane could have run and had no CPU, in [0, 1].
    pub cpu_wait: f64,
    /// The generator was the limit, and why.
    pub saturated: Option<String>,
    /// Share of the judged time in which a lane had no time to spare, of the model in force, in [0, 1].
    pub lane_full: f64,
    /// Closed traffic, others had the CPU mostly: a lane's wait for one each time, s, and as a share of the response.
    pub starved: Option<(f64, f64)>,
    /// Fewer workers are connected than asked: connected, wanted.
    pub short_of: Option<(u64, u64)>,
    /// A lane has not been heard since.
    pub unheard: bool,
    /// Figures of the last 5 s.
    pub last: Stats,
    /// Figures of the last second: the lines of a running report.
    pub now: Stats,
    /// Figures of the run.
    pub whole: Whole,
    /// Steady state so far.
    pub steady: Option<Steady>,
    /// Percentiles of the run, refreshed once a column.
    pub table: Table,
    /// The books now.
    pub books: Books,
    /// Totals.
    pub totals: Totals,
    /// Time axis, oldest first, rebuilt once a column.
    pub columns: Arc<[Arc<Column>]>,
    /// Rows held since the last change, by workers; then those from before it, marked stale.
    pub curve: Arc<[Row]>,
    /// The knee, when there is one.
    pub knee: Option<Knee>,
    /// When `max` found it, where another mode is in force since.
    pub knee_at: Option<Nanos>,
    /// Smallest mean latency of any row, s: the idle latency R₀.
    pub idle: Option<f64>,
    /// Queue.
    pub queue: Queue,
    /// The search for a promise, mode `slo`.
    pub slo: Option<Slo>,
    /// The last check in open traffic, under way or over.
    pub check: Option<Check>,
    /// Mean rate that the stages of the run asked for in the measured time, 1/s.
    pub staged_rate: Option<f64>,
    /// Changes of the target that were noticed.
    pub shifts: Vec<Shift>,
    /// A step of the target's level that all visits show together, noticed at the time or not.
    pub step: Option<Shift>,
    /// The search reached a bound of the user and was still rising.
    pub at_limit: bool,
    /// The answer is complete (`max`).
    pub answered: bool,
    /// Valid so far: nothing about the generator speaks against the figures.
    pub valid: bool,
    /// Events so far, oldest first; in a long run not all.
    pub notices: Arc<[Notice]>,
    /// How many there were.
    pub noted: u64,
}
