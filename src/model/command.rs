//! The one operator language: what a key is, what the prompt and `--script` parse to, what the event log prints.
//! It refuses to act and to know the present values: `=`, `*` and `+` are kept as said.

mod parse;
mod print;
mod script;

pub use parse::parse;
pub use script::{Line, script};

use super::demand::Overflow;
use super::expr::Expr;
use super::promise::Promise;
use super::setpoints::{LoadModel, Mode, ProcessVariable, Setpoint};
use super::units::Nanos;

/// How a number is changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// `=X`.
    To(f64),
    /// `*X`; `/X` is `*1/X`.
    Times(f64),
    /// `+X` or `-X`.
    By(f64),
    /// `+P%` or `-P%`, as a fraction.
    ByFraction(f64),
    /// Back to the default.
    Default,
}

/// Which gain of `hold`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gain {
    /// Proportional.
    Kp,
    /// Integral.
    Ki,
    /// Derivative.
    Kd,
}

/// One operator command: what a key is, what the prompt and `--script` parse to, what the log prints.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// `mode NAME`
    Mode(Mode),
    /// `sp VAR=VALUE`
    Setpoint(Setpoint),
    /// `sp *1.05`, `sp /1.5`: the target there is, scaled.
    SetpointTimes(f64),
    /// `gain kp =X | *X | /X | default`
    Gain(Gain, Change),
    /// `workers N|+N|-N|+P%`
    Workers(Change),
    /// `auto`
    Auto,
    /// `bounds MIN..MAX`
    Bounds(u32, u32),
    /// `rate R|*1.05|/1.05`
    Rate(Change),
    /// `model open|closed`
    Model(LoadModel),
    /// `set KNOB = X`; a step of the arrow keys is `By`.
    Set(&'static str, Change),
    /// `slo EXPR[, EXPR]`: mode slo with this promise.
    Slo(Promise),
    /// `verify [P%] [T]`: open Poisson traffic at this fraction of the knee's good rate, for so long.
    Verify(f64, Nanos),
    /// `overflow drop|reject|block`
    Overflow(Overflow),
    /// `guard EXPR|off`: what must not hold for a second.
    Guard(Option<Expr>),
    /// `pause`
    Pause,
    /// `resume`
    Resume,
    /// `step workers +P%`: a step test, by this fraction.
    StepTest(f64),
    /// `tune`: a relay around the present workers.
    Tune,
    /// `tune accept`: the gains it proposed.
    TuneAccept,
    /// `reset`: windows and steady start anew, never the books.
    Reset,
    /// `undo`
    Undo,
    /// `redo`
    Redo,
    /// `mark "…"`
    Mark(String),
    /// `snapshot [PATH]`
    Snapshot(Option<String>),
    /// `quit`: drain, then end.
    Quit,
    /// `quit now`: abort.
    QuitNow,
    /// Internal: INT, TERM, HUP or Ctrl-C; drains, and the run ends by `signal`.
    Signal,
}

/// What `ProcessVariable` a name stands for.
pub fn variable(name: &str) -> Option<ProcessVariable> {
    ProcessVariable::ALL.iter().find(|(n, _)| *n == name).map(|(_, v)| *v)
}
