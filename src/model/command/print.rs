//! Command to text: what the event log and the toast say, and what the prompt would take again.

use super::{Change, Command, Gain};
use crate::model::setpoints::{LoadModel, Setpoint};
use crate::model::units::Nanos;
use std::fmt;

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mode(m) => write!(f, "mode {}", m.name()),
            Self::Setpoint(s) => write!(f, "sp {s}"),
            Self::SetpointTimes(x) => write!(f, "sp {}", Change::Times(*x)),
            Self::Gain(g, c) => write!(f, "gain {} {c}", g.name()),
            Self::Workers(Change::To(n)) => write!(f, "workers {n}"),
            Self::Workers(c) => write!(f, "workers {c}"),
            Self::Auto => f.write_str("auto"),
            Self::Bounds(min, max) => write!(f, "bounds {min}..{max}"),
            Self::Rate(Change::To(r)) => write!(f, "rate {r}"),
            Self::Rate(c) => write!(f, "rate {c}"),
            Self::Model(LoadModel::Open) => f.write_str("model open"),
            Self::Model(LoadModel::Closed) => f.write_str("model closed"),
            Self::Set(k, c) => write!(f, "set {k} {c}"),
            Self::Slo(p) => write!(f, "slo {p}"),
            Self::Verify(p, t) => write!(f, "verify {}% {}s", tidy(p * 100.0), t.secs()),
            Self::Overflow(o) => write!(f, "overflow {}", o.name()),
            Self::Guard(None) => f.write_str("guard off"),
            Self::Guard(Some(e)) => write!(f, "guard {e}"),
            Self::Pause => f.write_str("pause"),
            Self::Resume => f.write_str("resume"),
            Self::StepTest(p) => write!(f, "step workers {}", Change::ByFraction(*p)),
            Self::Tune => f.write_str("tune"),
            Self::TuneAccept => f.write_str("tune accept"),
            Self::Reset => f.write_str("reset"),
            Self::Undo => f.write_str("undo"),
            Self::Redo => f.write_str("redo"),
            Self::Mark(text) => write!(f, "mark \"{text}\""),
            Self::Snapshot(None) => f.write_str("snapshot"),
            Self::Snapshot(Some(path)) => write!(f, "snapshot {path}"),
            Self::Quit => f.write_str("quit"),
            Self::QuitNow => f.write_str("quit now"),
            Self::Signal => f.write_str("signal"),
        }
    }
}

impl Gain {
    /// As typed and printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kp => "kp",
            Self::Ki => "ki",
            Self::Kd => "kd",
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::To(v) => write!(f, "= {v}"),
            Self::Times(x) if *x < 1.0 => write!(f, "/{}", tidy(1.0 / x)),
            Self::Times(x) => write!(f, "*{x}"),
            Self::By(n) => write!(f, "{n:+}"),
            Self::ByFraction(p) => write!(f, "{:+}%", tidy(p * 100.0)),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Without the last bit of binary noise, so that `/1.05` prints as it was typed.
fn tidy(x: f64) -> f64 {
    (x * 1e9).round() / 1e9
}

impl fmt::Display for Setpoint {
    /// `p99=25ms`, `rps=400`: what the prompt takes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.variable.is_latency() {
            let ms = Nanos::from_secs_f64(self.value).millis();
            write!(f, "{}={}ms", self.variable.name(), (ms * 1000.0).round() / 1000.0)
        } else {
            write!(f, "{}={}", self.variable.name(), (self.value * 100.0).round() / 100.0)
        }
    }
}
