//! Everything the user may move while it runs: mode, target, gains, knobs, bounds, override.
//! It refuses to act: applying a command changes this record, the regulator does the rest.

use super::demand::Overflow;

mod apply;

pub use apply::History;

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
            Self::Aimd => "school: +1 while well, halve when not",
            Self::Climb => "school: step, look, turn round when it got worse",
            Self::Vegas => "school: TCP Vegas on latency",
            Self::Gradient => "school: Netflix gradient on latency",
            Self::Classic => "school: the loop of the first clobber",
        }
    }

    /// Whether this version of the program can run it.
    pub fn built(self) -> bool {
        matches!(self, Self::Max | Self::Hold | Self::Manual)
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

/// Knobs of the laws, each with its range in [`KNOBS`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knobs {
    /// Thrift: what a doubling of workers must bring, as exponent.
    pub kappa: f64,
    /// Weak rungs in a row that end the ramp.
    pub patience: f64,
    /// First probe size, fraction of the workers.
    pub p0: f64,
    /// Standard errors a decision needs.
    pub z: f64,
    /// Alarm threshold of the change detector.
    pub h: f64,
    /// Latency guard, multiples of the idle latency; 0 = off.
    pub g: f64,
    /// Setpoint weight of `hold`.
    pub b: f64,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            kappa: 0.10,
            patience: 2.0,
            p0: 0.12,
            z: 2.0,
            h: 9.0,
            g: 6.0,
            b: 0.6,
        }
    }
}

/// One knob as the knob list shows it.
#[derive(Clone, Copy, Debug)]
pub struct Knob {
    /// As typed in `set NAME = X`.
    pub name: &'static str,
    /// What it means, in a few words.
    pub meaning: &'static str,
    /// Lowest value.
    pub min: f64,
    /// Highest value.
    pub max: f64,
    /// One step of the arrow keys.
    pub step: f64,
}

/// Every knob of `set`, in list order.
pub const KNOBS: [Knob; 7] = [
    Knob {
        name: "kappa",
        meaning: "thrift: what twice the workers must bring",
        min: 0.0,
        max: 0.5,
        step: 0.02,
    },
    Knob {
        name: "patience",
        meaning: "weak rungs that end the ramp",
        min: 1.0,
        max: 4.0,
        step: 1.0,
    },
    Knob {
        name: "p0",
        meaning: "probe size",
        min: 0.05,
        max: 0.30,
        step: 0.02,
    },
    Knob {
        name: "z",
        meaning: "caution, standard errors",
        min: 1.0,
        max: 4.0,
        step: 0.25,
    },
    Knob {
        name: "h",
        meaning: "change alarm threshold",
        min: 4.0,
        max: 20.0,
        step: 1.0,
    },
    Knob {
        name: "g",
        meaning: "latency guard, x idle, 0 = off",
        min: 0.0,
        max: 20.0,
        step: 1.0,
    },
    Knob {
        name: "b",
        meaning: "setpoint weight of hold",
        min: 0.0,
        max: 1.0,
        step: 0.1,
    },
];

impl Knobs {
    /// The value of a knob; `None` for an unknown name.
    pub fn get(&self, name: &str) -> Option<f64> {
        let mut copy = *self;
        copy.slot(name).map(|v| *v)
    }

    /// The place of a knob; `None` for an unknown name.
    pub fn slot(&mut self, name: &str) -> Option<&mut f64> {
        Some(match name {
            "kappa" | "thrift" => &mut self.kappa,
            "patience" => &mut self.patience,
            "p0" => &mut self.p0,
            "z" => &mut self.z,
            "h" => &mut self.h,
            "g" => &mut self.g,
            "b" => &mut self.b,
            _ => return None,
        })
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
    /// Open or closed.
    pub model: LoadModel,
    /// Offered rate of the open model, 1/s.
    pub rate: Option<f64>,
    /// Client queue policy.
    pub overflow: Overflow,
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
            model: LoadModel::Closed,
            rate: None,
            overflow: Overflow::Drop,
            paused: false,
        }
    }
}

impl Setpoints {
    /// An operator override is in force: an automatic law is chosen but the user holds the workers.
    pub fn overridden(&self) -> bool {
        self.mode != Mode::Manual && self.asked.is_some()
    }
}
