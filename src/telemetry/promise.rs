//! What the search for a promise and the check in open traffic have found, for the screen and the reports.
//! They say; the law and the experiment decide.

use super::latency::Summary;
use crate::model::format::{count, length, quantity};
use crate::model::promise::Promise;
use crate::model::units::Nanos;
use std::fmt;

/// Where the search for a promise stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// One worker: what it takes idle.
    #[default]
    Idle,
    /// Rate up, rung by rung.
    Ramp,
    /// Nothing is sent until the target is empty again.
    Recover,
    /// The rate is regulated on exceedances.
    Regulate,
    /// The lower end of the answer is held.
    Confirm,
    /// Confirmed, and kept: the rate is still regulated.
    Kept,
    /// Not possible, or not confirmed.
    Missed,
}

impl Stage {
    /// As on the screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle check",
            Self::Ramp => "ramp",
            Self::Recover => "recover",
            Self::Regulate => "regulate",
            Self::Confirm => "confirm",
            Self::Kept => "kept",
            Self::Missed => "missed",
        }
    }
}

/// The search for a promise.
#[derive(Clone, Debug, PartialEq)]
pub struct Slo {
    /// What is to be kept.
    pub promise: Promise,
    /// Where it stands.
    pub stage: Stage,
    /// Rate asked for now, 1/s.
    pub rate: f64,
    /// The answer so far and the half width of its 95 % interval, 1/s.
    pub answer: Option<(f64, f64)>,
    /// Rate held still by the confirmation that stands, 1/s.
    pub kept: Option<f64>,
    /// Share of bad arrivals in the last window and the share allowed (that of the term nearest its bound).
    pub bad: (f64, f64),
    /// Arrivals decided in that window; in `Kept` and `Missed`: in the confirm window.
    pub decided: u64,
    /// Variance over mean of bad arrivals a batch; 1 for independent ones.
    pub dispersion: Option<f64>,
    /// Percentile of the promise with one worker, s.
    pub idle: Option<f64>,
    /// Confirm: held so far and needed, s.
    pub confirm: Option<(f64, f64)>,
    /// `Some(true)` once confirmed, `Some(false)` when missed or given up.
    pub confirmed: Option<bool>,
    /// What of the last confirmation was this machine's, where that left it open.
    pub late_here: Option<Ours>,
    /// How long the answer takes all told, s, as estimated.
    pub price: Option<f64>,
    /// Exchanges allowed in flight.
    pub cap: u32,
    /// Time the target took to empty after the ramp overshot, s.
    pub recovery: Option<f64>,
}

impl Slo {
    /// Why neither kept nor missed, where this machine leaves that open: all tries are over, or `done`: the run is.
    pub fn late_here(&self, done: bool) -> Option<Ours> {
        self.late_here
            .filter(|_| self.confirmed == Some(false) || (done && self.confirmed.is_none()))
    }
}

/// What this machine did to the arrivals that would decide a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ours {
    /// What it did.
    pub harm: Harm,
    /// To so many.
    pub n: u64,
    /// Of so many.
    pub of: u64,
}

/// What it may do to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// Late through this machine, of the late ones.
    Late,
    /// Answered in time, but sent late, of all.
    SentLate,
    /// Not sent, of all that were due.
    Unsent,
}

impl fmt::Display for Ours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.harm {
            Harm::Late => "late arrivals may be late through this machine",
            Harm::SentLate => "arrivals were sent late by this machine",
            Harm::Unsent => "arrivals never left this machine",
        };
        write!(f, "{} of {} {what}", count(self.n), count(self.of))
    }
}

/// Open traffic at a fixed rate beside the closed search: does the target keep up?
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Check {
    /// Rate offered, 1/s, Poisson.
    pub rate: f64,
    /// That rate over the knee's, in [0, 1].
    pub of_knee: f64,
    /// When it began, since run start.
    pub at: Nanos,
    /// Time held so far, s.
    pub held: f64,
    /// Time asked for, s.
    pub wanted: f64,
    /// Response of its answers.
    pub response: Summary,
    /// Largest number waiting or in flight.
    pub backlog: u64,
    /// `Some(true)`: it keeps up; `Some(false)`: it does not hold. `None` while it is not decided.
    pub steady: Option<bool>,
    /// Why it does not hold.
    pub breach: Breach,
    /// It is over.
    pub over: bool,
}

/// Why open traffic does not hold.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Breach {
    /// The backlog grows.
    #[default]
    Growth,
    /// Too large a share of the answers is bad.
    Errors(f64),
    /// The 99th percentile passes the bound of a gentle run, s.
    Slow(f64),
    /// Nothing was answered for so long, s.
    Silence(f64),
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Growth => f.write_str("the backlog grows"),
            Self::Errors(share) => write!(f, "{:.0} % errors", 100.0 * share),
            Self::Slow(p99) => write!(f, "p99 {}", length(*p99)),
            Self::Silence(time) => write!(f, "nothing answered for {}", length(*time)),
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = format!("{}/s as open traffic", quantity(self.rate));
        match self.steady {
            Some(true) => write!(
                f,
                "{rate} for {}: steady, at most {} under way",
                length(self.held),
                self.backlog
            ),
            Some(false) if self.breach == Breach::Growth => write!(
                f,
                "{rate} does NOT hold: {} under way after {}",
                self.backlog,
                length(self.held)
            ),
            Some(false) => write!(f, "{rate} does NOT hold: {} after {}", self.breach, length(self.held)),
            None => write!(f, "{rate}: {} so far", length(self.held)),
        }
    }
}
