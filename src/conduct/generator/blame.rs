//! Whether the load asked for did not leave, or could not be made, by a fault of ours, and the number that says so.
//! It refuses to convict for lateness: what left late left. What found every worker busy is the target's doing.
//!
//! ```text
//!  open    lost or waiting while a worker was free > 1 % of due; or a lane was full ≥ 20 % of the time and > 1 % were lost then
//!  closed  a lane was full ≥ 20 % of the time             either   descriptors, ports, memory refused
//! ```
//! A lane that is full has answers lying unread: its workers would be free.

use crate::model::failure::Failure;
use crate::model::format::{count, percent, quantity};
use crate::model::units::Nanos;
use crate::telemetry::interval::Interval;
use std::collections::VecDeque;

/// Share of an interval from which on a lane that runs or waits for a CPU is full.
const FULL: f64 = 0.97;
/// Share of the time in which a lane is full from which on it was the limit.
const FULL_TIME: f64 = 0.2;
/// Share of arrivals that may fail to leave although they could have, and fewest arrivals that are judged.
const LOST: f64 = 0.01;
const MIN_ARRIVALS: u64 = 100;
/// What still waits counts if it has for so long: less is worked off at once.
const WAITED: Nanos = Nanos::from_secs(1);
/// Share of exchanges that this machine may refuse a descriptor, port or memory.
const REFUSED: f64 = 0.001;
/// Share of the time waited for a CPU from which on a closed lane's waits are part of what it measures.
const STARVED: f64 = 0.5;
/// Share of the time waited for a CPU from which on others are named.
const CROWDED: f64 = 0.2;

/// What a machine can run out of.
pub(super) const LACKS: [Failure; 3] = [Failure::LocalFd, Failure::LocalPort, Failure::LocalMem];

/// What the remedies depend on.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::conduct) struct Means {
    /// Lanes, and CPUs of this machine.
    pub(in crate::conduct) lanes: usize,
    pub(in crate::conduct) cores: usize,
    /// Descriptor limit in force.
    pub(in crate::conduct) descriptors: Option<u64>,
    /// Descriptors wanted beside those of the workers.
    pub(in crate::conduct) beside: u64,
    /// Workers that fit under the limit, and those asked for, where they do not.
    pub(in crate::conduct) short_of: Option<(u64, u64)>,
}

/// Seconds judged, and those of them in which a lane was full, with the CPU it had and waited for in them.
#[derive(Clone, Copy, Debug, Default)]
struct Lane {
    span: f64,
    full: f64,
    ran: f64,
    waited: f64,
    /// Seconds waited for a CPU in all; waits each time it wanted one, by answers, and the answers and their responses.
    crowded: f64,
    turns: f64,
    answers: f64,
    responses: f64,
}

/// The judgement so far, of open and of closed traffic apart.
#[derive(Debug, Default)]
pub(super) struct Blame {
    open: Lane,
    closed: Lane,
    asked: f64,
    scheduled: u64,
    answered: u64,
    /// Arrivals lost while a worker was free, and while a lane was full.
    missed: f64,
    choked: f64,
    slip: Nanos,
    /// Arrivals that waited at the end of the last intervals and could have left.
    left: VecDeque<(Nanos, u64)>,
    refused: [u64; LACKS.len()],
    begun: u64,
}

impl Lane {
    /// True: a lane was full in this interval.
    fn add(&mut self, i: &Interval, span: f64) -> bool {
        let full = i.health.occupied >= FULL;
        self.span += span;
        let (n, mean) = (i.tally.measured() as f64, i.tally.response().mean());
        self.crowded += i.health.waited * span;
        self.turns += i.health.turn.secs() * n;
        self.answers += n;
        self.responses += mean.unwrap_or(0.0) * n;
        if full {
            self.full += span;
            self.ran += i.health.cpu * span;
            self.waited += i.health.waited * span;
        }
        full
    }

    fn share(&self) -> f64 {
        if self.span > 0.0 { self.full / self.span } else { 0.0 }
    }

    /// How long it waited for a CPU before it saw an answer, s, and as a share of the response: only where others had the
    /// CPU for most of the time, for short waits are made up while the target works.
    fn starved(&self) -> Option<(f64, f64)> {
        let most = self.crowded > STARVED * self.span && self.responses > 0.0;
        most.then(|| (self.turns / self.answers, self.turns / self.responses))
    }

    /// What it did while it was full, and what helps.
    fn sentence(&self, means: Means) -> String {
        let (ran, waited) = (self.ran / self.full.max(1e-9), self.waited / self.full.max(1e-9));
        if waited >= CROWDED {
            return format!(
                "our lane ran at {} CPU and waited for one {} of the time (others have it: stop them, or another machine)",
                percent(ran),
                percent(waited)
            );
        }
        let remedy = if means.lanes < means.cores {
            format!("--threads {}", means.cores)
        } else {
            "another machine".into()
        };
        format!("our lane ran at {} CPU ({remedy})", percent(ran))
    }
}

impl Blame {
    /// What was refused, measured or not.
    pub(super) fn add_refused(&mut self, i: &Interval) {
        self.begun += i.tally.sent + i.tally.unsent;
        for (sum, class) in self.refused.iter_mut().zip(LACKS) {
            *sum += i.tally.errors[class as usize];
        }
    }

    /// An interval of closed traffic.
    pub(super) fn add_closed(&mut self, i: &Interval, span: f64) {
        self.closed.add(i, span);
    }

    /// An interval of open traffic at `rate`, in which `missed` arrivals were lost while a worker was free. What waits for the
    /// user's throttle does so as wished. `shedding`: what is shed found the queue full; under a cap it is shed on purpose.
    pub(super) fn add_open(&mut self, i: &Interval, span: f64, rate: f64, missed: u64, shedding: bool) {
        let t = &i.tally;
        let full = self.open.add(i, span) && !i.gauges.throttled;
        self.asked += rate * span;
        self.scheduled += t.scheduled;
        self.answered += t.ok + t.bad_status;
        let slipped = i.gauges.slip - std::mem::replace(&mut self.slip, i.gauges.slip);
        if full {
            let lost = t.shed + t.errors[Failure::LocalQueue as usize];
            self.choked += if shedding { lost as f64 } else { 0.0 };
            self.choked += slipped.secs() * rate;
        } else if shedding {
            self.missed += missed as f64;
        }
        let could = full || (i.gauges.idle > 0 && !i.gauges.throttled);
        self.left.push_back((i.to, if could { i.gauges.waiting } else { 0 }));
        while self.left.front().is_some_and(|(at, _)| *at + WAITED <= i.to) {
            self.left.pop_front();
        }
    }

    /// Share of the judged time in which a lane was full.
    pub(super) fn full(&self, open: bool) -> f64 {
        if open { self.open.share() } else { self.closed.share() }
    }

    /// Closed traffic of a lane that others kept from a CPU: its wait each time, s, and that as a share of the response.
    pub(super) fn starved(&self) -> Option<(f64, f64)> {
        self.closed.starved()
    }

    /// Why this machine was the limit, if it was. `open`: the open model is in force.
    pub(super) fn limit(&self, open: bool, means: Means) -> Option<String> {
        self.lack(means)
            .or_else(|| if open { self.behind(means) } else { self.slow(means) })
    }

    /// Descriptors, ports or memory were refused.
    fn lack(&self, means: Means) -> Option<String> {
        if let (Some((fit, asked)), Some(limit)) = (means.short_of, means.descriptors) {
            let (need, fit, asked) = (asked + means.beside, count(fit), count(asked));
            return Some(format!(
                "{fit} of {asked} workers fit the open-file limit {limit} (ulimit -n {need})"
            ));
        }
        let (class, n) = LACKS.into_iter().zip(self.refused).max_by_key(|(_, n)| *n)?;
        if n == 0 || (n as f64) < REFUSED * self.begun as f64 {
            return None;
        }
        let n = count(n);
        Some(match (class, means.descriptors) {
            (Failure::LocalFd, Some(limit)) => format!("open-file limit {limit} hit {n} times (ulimit -n 65536)"),
            (Failure::LocalFd, None) => format!("the system's open-file limit hit {n} times (fs.file-max)"),
            (Failure::LocalPort, _) => format!("no local port left {n} times (--source-ip, or keep connections alive)"),
            _ => format!("no memory for sockets {n} times (fewer workers)"),
        })
    }

    fn slow(&self, means: Means) -> Option<String> {
        let share = self.closed.share();
        (share >= FULL_TIME).then(|| {
            let part = if share > 0.995 {
                "all of the run".into()
            } else {
                format!("{} of the run", percent(share))
            };
            format!("in {part} {}", self.closed.sentence(means))
        })
    }

    fn behind(&self, means: Means) -> Option<String> {
        let choked = self.open.share() >= FULL_TIME;
        let waiting = self.left.iter().map(|(_, n)| *n).min().unwrap_or(0) as f64;
        let lost = self.missed + waiting + if choked { self.choked } else { 0.0 };
        let due = (self.scheduled as f64).max(self.asked);
        if self.scheduled < MIN_ARRIVALS || lost <= LOST * due {
            return None;
        }
        let mean = |n: f64| quantity(n / self.open.span.max(1e-9));
        let what = format!("answered {} of {}/s asked", mean(self.answered as f64), mean(self.asked));
        if choked {
            return Some(format!("{what}; {}", self.open.sentence(means)));
        }
        let lost = quantity(lost.round());
        Some(format!(
            "{what}; {lost} did not leave while workers were free (a longer --queue)"
        ))
    }
}
