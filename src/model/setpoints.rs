//! Everything the user may move while it runs: mode, target, gains, knobs, bounds, override.
//! It refuses to act: applying a command changes this record, the regulator does the rest.

use super::arrival::Process;
use super::demand::Overflow;
use super::expr::{Expr, Metric};
use super::promise::Promise;

mod apply;
mod knobs;

pub use apply::{History, Present};
pub use knobs::{KNOBS, Knob, Knobs};

/// The laws a user can choose between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Find and hold the knee.
    #[default]
    Max,
    /// The highest open rate that keeps a promise.
    Slo,
    /// Keep a quantity at a value.
    Hold,
    /// The user is the controller.
    Manual,
    /// School: additive increase, multiplicative decrease.
    Aimd,
    /// School: perturb and observe.
    Climb,
    /// School: TCP Vegas on latency.
    Vegas,
    /// School: Netflix gradient.
    Gradient,
    /// School: the published clobber loop.
    Classic,
}

impl Mode {
    /// All modes in menu order.
    pub const ALL: [Self; 9] = [
        Self::Max,
        Self::Slo,
        Self::Hold,
        Self::Manual,
        Self::Aimd,
        Self::Climb,
        Self::Vegas,
        Self::Gradient,
        Self::Classic,
    ];

    /// As typed and printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Max => "max",
            Self::Slo => "slo",
            Self::Hold => "hold",
            Self::Manual => "manual",
            Self::Aimd => "aimd",
            Self::Climb => "climb",
            Self::Vegas => "vegas",
            Self::Gradient => "gradient",
            Self::Classic => "classic",
        }
    }

    /// One line of explanation for the mode menu.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Max => "find the fewest workers that give the most, and keep finding them",
            Self::Slo => "the highest open rate that keeps a promise",
            Self::Hold => "keep a latency or a rate at a value",
            Self::Manual => "you choose the workers",
            Self::Aimd => "+1 a tick while well, a tenth fewer when not",
            Self::Climb => "step, look, turn round when it got worse",
            Self::Vegas => "TCP Vegas: keep a few waiting, by latency",
            Self::Gradient => "Netflix: long latency over short, and four more",
            Self::Classic => "the loop of the first clobber: hold 4,000/s",
        }
    }

    /// One of the school: published laws to compare with and to learn from.
    pub fn school(self) -> bool {
        matches!(self, Self::Aimd | Self::Climb | Self::Vegas | Self::Gradient | Self::Classic)
    }

    /// Looks for the best by itself.
    pub fn searching(self) -> bool {
        !matches!(self, Self::Manual | Self::Hold)
    }

    /// From its name or an alias.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "pid" {
            return Some(Self::Hold);
        }
        Self::ALL.into_iter().find(|m| m.name() == text)
    }
}

/// Open: arrivals come at their own times. Closed: a new request only after a completion
/// (Schroeder, Wierman, Harchol-Balter, NSDI 2006).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoadModel {
    /// The schedule decides.
    Open,
    /// Completions decide.
    #[default]
    Closed,
}

/// The measured quantity of `hold`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ProcessVariable {
    /// Mean response, s.
    Mean,
    /// A quantile of the response, in (0, 1); s.
    Quantile(f64),
    /// Good answers per second.
    Rps,
    /// Requests waiting at the target, estimated.
    Queue,
}

impl ProcessVariable {
    /// All that `--setpoint` knows, with their names.
    pub const ALL: [(&'static str, Self); 8] = [
        ("mean", Self::Mean),
        ("p50", Self::Quantile(0.5)),
        ("p90", Self::Quantile(0.9)),
        ("p95", Self::Quantile(0.95)),
        ("p99", Self::Quantile(0.99)),
        ("p999", Self::Quantile(0.999)),
        ("rps", Self::Rps),
        ("queue", Self::Queue),
    ];

    /// As typed and printed.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, v)| *v == self).map_or("quantile", |(n, _)| n)
    }

    /// Its value is a time.
    pub fn is_latency(self) -> bool {
        matches!(self, Self::Mean | Self::Quantile(_))
    }
}

/// What `hold` keeps and where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setpoint {
    /// Which quantity.
    pub variable: ProcessVariable,
    /// Its wished value, > 0: seconds for a latency, 1/s for `rps`, requests for `queue`.
    pub value: f64,
}

impl Setpoint {
    /// The goal of `classic` as published.
    pub const CLASSIC: Self = Self {
        variable: ProcessVariable::Rps,
        value: 4000.0,
    };
}

/// Gains of `hold`, dimensionless (the loop lives in the logarithm of workers).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gains {
    /// Proportional, in [0, 1].
    pub kp: f64,
    /// Integral per sample, in [.05, .9].
    pub ki: f64,
    /// Derivative, in [0, .3].
    pub kd: f64,
}

impl Default for Gains {
    fn default() -> Self {
        Self {
            kp: 0.25,
            ki: 0.40,
            kd: 0.0,
        }
    }
}

/// Fewest and most workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// ≥ 1.
    pub min: u32,
    /// ≥ `min`.
    pub max: u32,
}

/// The whole record. Cloned into every frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Setpoints {
    /// The law in force.
    pub mode: Mode,
    /// Where `auto` returns to from `manual`.
    pub last_auto: Mode,
    /// What `hold` keeps; `None` until it has seen enough to choose.
    pub target: Option<Setpoint>,
    /// Gains of `hold`.
    pub gains: Gains,
    /// Knobs of the laws.
    pub knobs: Knobs,
    /// Bounds on workers.
    pub bounds: Bounds,
    /// Workers the user asked for: in `manual` the number itself, in other modes an override until `auto`.
    pub asked: Option<u32>,
    /// Workers that an automatic law begins with; `None`: the lower bound.
    pub start: Option<u32>,
    /// Open or closed.
    pub model: LoadModel,
    /// Offered rate of the open model, 1/s.
    pub rate: Option<f64>,
    /// The stages of the run give the rate (closed model: the workers), until the user does.
    pub staged: bool,
    /// How arrivals of the open model come.
    pub arrivals: Process,
    /// What `slo` keeps.
    pub promise: Option<Promise>,
    /// Client queue policy.
    pub overflow: Overflow,
    /// What must not hold for a second; else sending is paused.
    pub guard: Option<Expr>,
    /// Sending is paused by the user.
    pub paused: bool,
}

impl Default for Setpoints {
    fn default() -> Self {
        Self {
            mode: Mode::Max,
            last_auto: Mode::Max,
            target: None,
            gains: Gains::default(),
            knobs: Knobs::default(),
            bounds: Bounds { min: 1, max: 4096 },
            asked: None,
            start: None,
            model: LoadModel::Closed,
            rate: None,
            staged: false,
            arrivals: Process::Constant,
            promise: None,
            overflow: Overflow::Drop,
            guard: None,
            paused: false,
        }
    }
}

impl Setpoints {
    /// Workers a run begins with: those asked for, or where its law is to start, within the bounds.
    pub fn first(&self) -> u32 {
        let start = self.start.map(|n| n.min(self.bounds.max).max(self.bounds.min));
        self.asked.or(start).unwrap_or(self.bounds.min).max(1)
    }

    /// An operator override is in force: an automatic law is chosen but the user holds the workers.
    pub fn overridden(&self) -> bool {
        self.mode != Mode::Manual && self.asked.is_some()
    }

    /// What the law in force aims at: the target of `hold`, the main limit of `slo`, the goal of `classic`; `None` for
    /// the others.
    pub fn aim(&self) -> Option<Setpoint> {
        match self.mode {
            Mode::Hold => self.target,
            Mode::Slo => self.promise.and_then(|p| match p.main().expr.metric {
                Metric::Quantile(q) => Some(Setpoint {
                    variable: ProcessVariable::Quantile(q),
                    value: p.main().expr.value,
                }),
                _ => None,
            }),
            Mode::Classic => {
                let rate = self.target.filter(|t| t.variable == ProcessVariable::Rps);
                Some(rate.unwrap_or(Setpoint::CLASSIC))
            }
            _ => None,
        }
    }
}
