//! The stable word for what an UNDECIDED lacks, for scripts; the sentence says it to people.
//! It refuses a word of its own judgement: what is missing has been decided before.

use super::Code;
use crate::model::setpoints::Mode;
use crate::telemetry::frame::{Frame, Phase, State};
use crate::telemetry::promise::Stage;

/// Under so many good answers a second a search is slow.
const SLOW: f64 = 200.0;

/// Of this verdict; `None` unless it is UNDECIDED.
pub(super) fn cause(f: &Frame, code: Code) -> Option<&'static str> {
    (code == Code::Undecided).then(|| word(f))
}

fn word(f: &Frame) -> &'static str {
    if f.books.ok + f.books.bad_status == 0 {
        return "too_short";
    }
    if f.setpoints.overridden() {
        return "held_by_hand";
    }
    let mode = f.setpoints.mode;
    match mode {
        Mode::Slo => slo(f),
        Mode::Max if f.answered => "inconsistent",
        Mode::Hold if f.control.converged => "off_target",
        Mode::Max if f.control.converged => "confirming",
        Mode::Max if f.last.good_rate < SLOW => "slow",
        Mode::Hold if f.control.state == State::Unreachable => "unreachable",
        Mode::Max if f.phase == Phase::Done => "too_short",
        Mode::Manual => "too_short",
        _ => "searching",
    }
}

fn slo(f: &Frame) -> &'static str {
    let s = f.slo.as_ref();
    if s.is_some_and(|s| s.late_here(f.phase == Phase::Done).is_some()) {
        return "late_here";
    }
    match s.map(|s| s.stage) {
        Some(Stage::Confirm) => "confirming",
        Some(Stage::Missed) => "not_confirmed",
        _ if f.phase == Phase::Done => "too_short",
        _ => "searching",
    }
}
