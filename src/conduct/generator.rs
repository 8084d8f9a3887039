//! How this machine did: CPU of the lanes, their wait for a CPU, standstills, send lag; and whether it was the limit.
//! It refuses to look at the target: what a slow answer does to a closed loop is no fault of ours.

mod blame;

use super::standstill::Standstills;
use crate::model::demand::{Demand, Drive};
use crate::model::format::{length, percent};
use crate::model::units::Nanos;
use crate::telemetry::interval::Interval;
use crate::telemetry::tally::Tally;
pub(super) use blame::Means;
use blame::{Blame, LACKS};
use std::collections::VecDeque;

/// Seconds over which CPU and wait are told.
const RECENT: Nanos = Nanos::from_secs(5);
/// Wait for a CPU from which on the machine is busy, over so long; and below which it is free again, over so long.
const BUSY: (f64, Nanos) = (0.10, Nanos::from_secs(1));
const FREE: (f64, Nanos) = (0.05, Nanos::from_secs(3));

/// One interval of the recent past.
#[derive(Clone, Copy, Debug)]
struct Tick {
    from: Nanos,
    to: Nanos,
    cpu: f64,
    waited: f64,
}

/// A time in which lanes waited for a CPU.
#[derive(Clone, Copy, Debug)]
struct Spell {
    from: Nanos,
    waited: f64,
    span: f64,
}

/// The generator over the measured run.
#[derive(Debug, Default)]
pub(super) struct Generator {
    recent: VecDeque<Tick>,
    stalls: Standstills,
    spell: Option<Spell>,
    blame: Blame,
    /// Lost while a worker was free, not yet judged.
    missed: u64,
    lacked: Option<Nanos>,
}

impl Generator {
    /// Adds one interval; `measured`: it counts beyond stalls. Returns what is to be told, with its moment.
    pub(super) fn add(&mut self, i: &Interval, demand: &Demand, measured: bool) -> Vec<(Nanos, String)> {
        let mut told = self.stalls.add(i, demand);
        self.missed += if measured { i.health.missed } else { 0 };
        let span = (i.to - i.from).secs();
        if i.heard == 0 || span <= 0.0 {
            return told;
        }
        self.blame.add_refused(i);
        if LACKS.iter().any(|class| i.tally.errors[*class as usize] > 0) {
            self.lacked = Some(i.to);
        }
        // Of the time in which it sent: a drain says nothing of whether it could have sent more.
        if matches!(demand.drive, Drive::Run | Drive::Pause) {
            self.recent.push_back(Tick {
                from: i.from,
                to: i.to,
                cpu: i.health.cpu,
                waited: i.health.waited,
            });
            while self.recent.front().is_some_and(|t| t.to + RECENT <= i.to) {
                self.recent.pop_front();
            }
            told.extend(self.crowded(i.to));
        }
        match demand.rate {
            _ if !measured => {}
            Some(rate) => {
                let missed = std::mem::take(&mut self.missed);
                self.blame.add_open(i, span, rate, missed, demand.cap.is_none());
            }
            None => self.blame.add_closed(i, span),
        }
        told
    }

    /// Says when the lanes begin to wait for a CPU that others have, and when that is over.
    fn crowded(&mut self, now: Nanos) -> Option<(Nanos, String)> {
        let share = self.mean((if self.spell.is_some() { FREE } else { BUSY }).1, now, |t| t.waited);
        match (&mut self.spell, share) {
            (None, Some(w)) if w > BUSY.0 => {
                self.spell = Some(Spell {
                    from: now,
                    waited: 0.0,
                    span: 0.0,
                });
                Some((now, format!("CPU shared: lanes wait {} of the time", percent(w))))
            }
            (Some(spell), Some(w)) if w < FREE.0 => {
                let text = format!(
                    "CPU free again: waited {} of {}",
                    percent(spell.waited / spell.span.max(1e-9)),
                    length((now - FREE.1 - spell.from).secs())
                );
                self.spell = None;
                Some((now, text))
            }
            (Some(spell), _) => {
                let last = self.recent.back()?;
                let span = (last.to - last.from).secs();
                spell.waited += last.waited * span;
                spell.span += span;
                None
            }
            _ => None,
        }
    }

    /// Why this machine was the limit, if it was. `open`: the open model is in force.
    pub(super) fn limit(&self, open: bool, means: Means) -> Option<String> {
        self.blame.limit(open, means)
    }

    /// Share of the judged time in which a lane had no time to spare, of the model in force.
    pub(super) fn full(&self, open: bool) -> f64 {
        self.blame.full(open)
    }

    /// Closed traffic of a lane that others kept from a CPU: its wait each time, s, and that as a share of the response.
    pub(super) fn starved(&self) -> Option<(f64, f64)> {
        self.blame.starved()
    }

    /// Connects failed lately because this machine had no descriptor, port or memory left for them.
    pub(super) fn lacks(&self, now: Nanos) -> bool {
        self.lacked.is_some_and(|at| now - at <= RECENT)
    }

    /// CPU share of the busiest lane over the last 5 s, in [0, 1].
    pub(super) fn cpu(&self) -> f64 {
        self.level(|t| t.cpu)
    }

    /// Share of the last 5 s in which a lane could have run and had no CPU, in [0, 1].
    pub(super) fn waited(&self) -> f64 {
        self.level(|t| t.waited)
    }

    /// Standstills so far: when and how long.
    pub(super) fn stalls(&self) -> Vec<(Nanos, Nanos)> {
        self.stalls.list()
    }

    /// What is still to be told when nothing more will be heard.
    pub(super) fn rest(&mut self) -> Vec<(Nanos, String)> {
        self.stalls.rest()
    }

    fn level(&self, of: impl Fn(&Tick) -> f64) -> f64 {
        let span: f64 = self.recent.iter().map(|t| (t.to - t.from).secs()).sum();
        let sum: f64 = self.recent.iter().map(|t| of(t) * (t.to - t.from).secs()).sum();
        if span > 0.0 { sum / span } else { 0.0 }
    }

    /// Mean over the last `long`; `None` while there is less.
    fn mean(&self, long: Nanos, now: Nanos, of: impl Fn(&Tick) -> f64) -> Option<f64> {
        let begin = now - long;
        if self.recent.front()?.from > begin {
            return None;
        }
        let (mut sum, mut span) = (0.0, 0.0);
        for t in self.recent.iter().filter(|t| t.to > begin) {
            let s = (t.to - t.from).secs();
            sum += of(t) * s;
            span += s;
        }
        Some(sum / span)
    }
}

/// Send lag at `q`, s: those sent at their intended start had none. `None` when nothing was measured.
pub(super) fn lag(t: &Tally, q: f64) -> Option<f64> {
    let (direct, lagged) = (t.direct.count(), t.parts.as_ref().map(|p| &p.send_lag));
    let late = lagged.map_or(0, |l| l.count());
    let beyond = q * (direct + late) as f64 - direct as f64;
    match lagged {
        Some(lagged) if beyond > 0.0 => lagged.quantile(beyond / late as f64),
        _ => (direct + late > 0).then_some(0.0),
    }
}

#[cfg(test)]
mod tests;
