//! One JSON object a line as the run goes: ticks, events, the summary last.

use super::summary::summary;
use crate::model::format::count;
use crate::model::notice::{Notice, Who, since};
use crate::telemetry::frame::{Frame, Phase};
use serde_json::{Value, json};
use std::io::{self, Write};

/// A run told line by line: for each frame its new events, then its tick, for the last one the summary.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lines {
    told: u64,
    over: bool,
}

impl Lines {
    /// The lines of one more frame.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write(&mut self, frame: &Frame, out: &mut dyn Write) -> io::Result<()> {
        let noted = frame.noted.max(frame.notices.len() as u64);
        let (fresh, left_out) = since(&frame.notices, noted, self.told);
        for notice in fresh {
            writeln!(out, "{}", event(notice))?;
        }
        if left_out > 0 {
            let what = format!("{} events before these are left out", count(left_out));
            writeln!(
                out,
                "{}",
                event(&Notice {
                    at: frame.at,
                    who: Who::Engine,
                    what
                })
            )?;
        }
        self.told = noted;
        self.over = frame.phase == Phase::Done;
        let line = if self.over { last(frame) } else { tick(frame) };
        writeln!(out, "{line}")
    }

    /// The summary has been written.
    pub fn over(&self) -> bool {
        self.over
    }
}

/// The line of a tick: rates, latencies and errors are those of the last second.
fn tick(f: &Frame) -> Value {
    let (c, set) = (&f.control, &f.setpoints);
    let term = |name: &str| c.terms.iter().find(|t| t.name == name).map(|t| t.value);
    json!({
        "t_s": f.at.secs(), "rps": f.now.rate, "good_rps": f.now.good_rate, "workers": c.workers, "inflight": f.gauges.in_flight,
        "queue": f.columns.last().map_or(0.0, |c| c.queue), "p50_ms": f.now.latency.p50.map(|s| s * 1e3), "p99_ms": f.now.latency.p99.map(|s| s * 1e3),
        "setpoint": set.aim().map(|t| t.to_string()), "error": c.off_target,
        "p": term("P"), "i": term("I"), "d": term("D"), "mode": set.mode.name(), "state": c.state.name(),
        "phase": f.phase.name(), "errors": f.now.errors, "converged": c.converged,
    })
}

/// The line of an event.
fn event(n: &Notice) -> Value {
    json!({ "event": { "at_s": n.at.secs(), "who": n.who.name(), "what": n.what } })
}

/// The last line.
fn last(f: &Frame) -> Value {
    json!({ "summary": summary(f) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::units::Nanos;

    #[test]
    fn events_beyond_those_kept_are_told_and_the_ones_in_between_counted() {
        let notice = |n: u64| Notice {
            at: Nanos::from_secs(n),
            who: Who::Engine,
            what: format!("event {n}"),
        };
        let frame = |noted: u64| Frame {
            notices: (0..11).chain(noted - 9..noted).map(notice).collect(),
            noted,
            ..Frame::default()
        };
        let (mut lines, mut out) = (Lines::default(), Vec::new());
        let mut events = |noted| {
            out.clear();
            lines.write(&frame(noted), &mut out).unwrap();
            let text = String::from_utf8_lossy(&out);
            let whats = text.lines().filter_map(|l| l.split("\"what\":\"").nth(1));
            whats.map(|w| w.trim_end_matches("\"}}").to_owned()).collect::<Vec<_>>()
        };
        events(1500);

        assert_eq!(events(1502), ["event 1500", "event 1501"]);
        assert_eq!(events(1520).last().unwrap(), "9 events before these are left out");
    }
}
