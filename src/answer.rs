//! The answer a person can act on: verdict and advice, from a frame alone.
//! It refuses numbers that were not measured.

mod advice;
mod asked;
mod bad;
mod bend;
mod bound;
mod cause;
mod consistent;
mod judge;
mod limiter;
mod offered;
mod paced;
mod pending;
mod promise;
mod runaway;
mod silence;

pub use advice::advice;
pub use bend::overload;
pub use consistent::{efficient, peak_rate};
pub use judge::verdict;
pub use offered::grows;
pub use silence::downs;

/// The closed set of verdicts, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Nothing ever answered.
    Unreachable,
    /// This machine was the limit.
    GeneratorLimited,
    /// Fast refusals above a flat good rate: judged before `Broken`, which says less.
    RateLimited,
    /// More than half bad or failed.
    Broken,
    /// A tenth of the run without a completion.
    Stalled,
    /// Too little evidence.
    Undecided,
    /// The target changed during the run.
    Drifting,
    /// The promise is kept up to a rate, confirmed.
    Holds,
    /// The promise is not possible.
    Missed,
    /// Still rising at a limit.
    NotSaturated,
    /// Throughput falls beyond the knee.
    Collapses,
    /// Knee bracketed on both sides.
    Saturated,
    /// Manual or fixed, nothing to report.
    Steady,
}

impl Code {
    /// The stable word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "UNREACHABLE",
            Self::GeneratorLimited => "GENERATOR-LIMITED",
            Self::Broken => "BROKEN",
            Self::RateLimited => "RATE-LIMITED",
            Self::Stalled => "STALLED",
            Self::Undecided => "UNDECIDED",
            Self::Drifting => "DRIFTING",
            Self::Holds => "HOLDS",
            Self::Missed => "MISSED",
            Self::NotSaturated => "NOT-SATURATED",
            Self::Collapses => "COLLAPSES",
            Self::Saturated => "SATURATED",
            Self::Steady => "STEADY",
        }
    }

    /// Something is wrong with target or generator: drawn in red.
    pub fn alarming(self) -> bool {
        matches!(
            self,
            Self::Unreachable | Self::GeneratorLimited | Self::Broken | Self::Stalled
        )
    }
}

/// The verdict bar's content; also the summary's.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Which.
    pub code: Code,
    /// One sentence without the code word, such as `at 41 workers · 1,662/s ±1 % closed · more workers only add latency`.
    pub sentence: String,
    /// What its figures are, this machine having a part in them.
    pub bound: Bound,
    /// UNDECIDED: the stable word for what is missing.
    pub cause: Option<&'static str>,
    /// RATE-LIMITED: what is limited, and at what.
    pub limit: Option<Limit>,
}

/// Which way the figures of a verdict may be off through this machine: it can only lower rates and lengthen responses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bound {
    /// They are the target's.
    #[default]
    Exact,
    /// The rate may be higher.
    AtLeast,
    /// The latency may be lower.
    AtMost,
}

impl Bound {
    /// The stable word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::AtLeast => "at_least",
            Self::AtMost => "at_most",
        }
    }
}

/// What a limiter limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// `rate`, `concurrency` or `pacing`.
    pub kind: &'static str,
    /// Requests a second, or in flight.
    pub value: f64,
}

impl Verdict {
    /// The word that is shown and what follows it: while the target is down, that is the word.
    pub fn words(&self) -> (&str, &str) {
        match self.sentence.strip_prefix("DOWN ") {
            Some(since) => ("DOWN", since),
            None => (self.code.name(), &self.sentence),
        }
    }
}

/// What to configure.
#[derive(Clone, Debug, PartialEq)]
pub struct Advice {
    /// Requests per second per instance.
    pub rate_rps: f64,
    /// Client pool size.
    pub pool: u32,
    /// `closed-75%`, `verified` or `slo`.
    pub basis: &'static str,
    /// 99th percentile that open traffic at this rate should not exceed, s: estimated, not measured.
    pub p99: Option<f64>,
    /// One sentence.
    pub text: String,
}

/// Three significant digits, downwards: a promise is not rounded up.
fn floor(rate: f64) -> f64 {
    let scale = 10f64.powf((rate.max(1e-9)).log10().floor() - 2.0);
    (rate / scale + 1e-9).floor() * scale
}
