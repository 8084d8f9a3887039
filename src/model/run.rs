//! What is fixed before the first request: the target, how it was recognised, the limits of the run.

use super::expr::Expr;
use super::units::Nanos;

/// How boldly to load a target, decided once by its resolved address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Loopback, demo, unix socket, simulator.
    #[default]
    Fast,
    /// Everything else: ×2 rungs of at least 1 s, stricter guards.
    Gentle,
}

impl Profile {
    /// As typed and printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Gentle => "gentle",
        }
    }
}

/// How the protocol was recognised.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Detection {
    /// What was asked on the wire, such as `GET / HTTP/1.1`; `None` when the scheme decided.
    pub asked: Option<String>,
    /// What came back, such as `200 OK`; sanitized.
    pub answer: Option<String>,
    /// The target card: parts in order of importance, such as `200 OK`, `1.2 kB text/html`, `nginx`, `http/1.1 keep-alive`, `loopback`, `connect 0.1 ms, first byte 8.1 ms`.
    pub card: Vec<String>,
}

/// The exact truth of a built-in or simulated target.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// The plant's name.
    pub name: String,
    /// Highest good rate, 1/s.
    pub best_rps: f64,
    /// Workers at that rate.
    pub best_workers: u32,
    /// Fewest workers with ≥ 98 % of it.
    pub knee_workers: u32,
}

/// Everything about a run that does not change while it runs.
#[derive(Clone, Debug, Default)]
pub struct RunInfo {
    /// The target as one would type it again, redacted, such as `http://127.0.0.1:8080/`.
    pub target: String,
    /// Such as `http/1.1`, `tcp`, `tcp connect`, `sim`.
    pub protocol: String,
    /// The request in a few words, such as `GET` or `echo 5 B`.
    pub request: String,
    /// How the protocol was recognised.
    pub detection: Detection,
    /// The command line, redacted.
    pub command: String,
    /// Seed of every random choice.
    pub seed: u64,
    /// Wall clock at the start, RFC 3339; `None` in the simulator.
    pub started_at: Option<String>,
    /// `-z`; `None` until told to stop or answered.
    pub duration: Option<Nanos>,
    /// `-n`.
    pub requests: Option<u64>,
    /// `--threshold`, in the order given.
    pub thresholds: Vec<Expr>,
    /// `--abort-on-fail`: a threshold that has failed ends the run.
    pub abort_on_fail: bool,
    /// Nobody can resume: a guard ends the run instead of pausing it.
    pub unattended: bool,
    /// Fast or gentle.
    pub profile: Profile,
    /// Known truth, where the target is ours.
    pub truth: Option<Truth>,
    /// Arrivals of the open model that may wait.
    pub queue_capacity: usize,
    /// Exchanges a second that `--throttle` lets through.
    pub throttle: Option<f64>,
    /// Lanes.
    pub threads: usize,
    /// Workers there can be at most, for whatever reason; `None`: as many as one likes.
    pub room: Option<u32>,
    /// CPUs of this machine; 0 in the simulator.
    pub cores: usize,
    /// Descriptor limit in force; `None` in the simulator.
    pub fd_limit: Option<u64>,
    /// Workers that fit under it; `None`: all that are allowed.
    pub most_workers: Option<u32>,
    /// Descriptors that are wanted beside those of the workers.
    pub descriptors_beside: u64,
    /// Time is virtual: no wall clock, no generator figures.
    pub simulated: bool,
    /// Statuses that are good, as inclusive ranges; none: 200–399.
    pub good: Vec<(u16, u16)>,
    /// The user made this status good when the target answered the probe with it.
    pub let_pass: Option<u16>,
    /// The target never answered the probe: the verdict's sentence. Nothing was sent then.
    pub unreachable: Option<String>,
}

impl RunInfo {
    /// Whether this status is a bad one.
    pub fn bad(&self, status: u16) -> bool {
        let ranges: &[(u16, u16)] = if self.good.is_empty() { &[(200, 399)] } else { &self.good };
        !ranges.iter().any(|(a, b)| (*a..=*b).contains(&status))
    }
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// `-z` or the default duration.
    Duration,
    /// `-n`.
    Requests,
    /// The answer was complete.
    Answered,
    /// `q`.
    Quit,
    /// INT, TERM or HUP; also Ctrl-C as a key.
    Signal,
    /// A guard.
    Guard,
    /// A threshold with `--abort-on-fail`.
    Threshold,
    /// `quit` in a script.
    Script,
    /// A fault of ours: the engine panicked.
    Fault,
}

impl EndedBy {
    /// As in the JSON summary.
    pub fn name(self) -> &'static str {
        match self {
            Self::Duration => "duration",
            Self::Requests => "requests",
            Self::Answered => "answered",
            Self::Quit => "quit",
            Self::Signal => "signal",
            Self::Guard => "guard",
            Self::Threshold => "threshold",
            Self::Script => "script",
            Self::Fault => "fault",
        }
    }
}
