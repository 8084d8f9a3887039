//! Whether the target is down: no answer for longer than its answers take, while attempts fail.
//! It refuses to take a refusal for an answer, and silence alone for an outage.

use crate::model::failure::Failure;
use crate::model::format::length;
use crate::model::units::Nanos;
use crate::telemetry::interval::Interval;
use crate::telemetry::outage::Outage;
use crate::telemetry::tally::Tally;
use std::collections::VecDeque;

/// Shortest time without an answer, s; and as many of the longest of so many last ones.
const SHORTEST: f64 = 1.0;
const LONGEST: f64 = 3.0;
const LAST: u64 = 100;
/// Down again so soon after it was back, s: what the workers did to it is theirs to hear.
const AGAIN: f64 = 5.0;

/// What attempts fail of where nobody answers.
const FAILED: [Failure; 10] = [
    Failure::Dns,
    Failure::Refused,
    Failure::Unreachable,
    Failure::ConnectTimeout,
    Failure::TlsCert,
    Failure::TlsHandshake,
    Failure::Reset,
    Failure::ClosedNoResponse,
    Failure::ReusedConnClosed,
    Failure::TimeoutHead,
];

/// Answers, wanted or not: whatever came back.
pub(super) fn answers(t: &Tally) -> u64 {
    let classes = [
        Failure::BodyCheck,
        Failure::Proto,
        Failure::ProtoLimit,
        Failure::ShortBody,
        Failure::TimeoutBody,
    ];
    t.ok + t.bad_status + classes.iter().map(|c| t.errors[*c as usize]).sum::<u64>()
}

/// All of a run.
#[derive(Debug, Default)]
pub(super) struct Outages {
    list: Vec<Outage>,
    /// Answers of the last ticks that had any, and the longest, s.
    recent: VecDeque<(u64, f64)>,
    /// The present silence: begin, seconds of sending in it, and what attempts failed of.
    since: Nanos,
    silent: f64,
    reason: Option<(Failure, String)>,
    /// The last tick had failures and no answer.
    failing: bool,
}

impl Outages {
    /// Adds one tick; `sending`: attempts were made. What is to be told.
    pub(super) fn see(&mut self, i: &Interval, sending: bool) -> Option<String> {
        let answered = answers(&i.tally);
        if answered > 0 {
            return self.hear(i, answered);
        }
        let span = (i.to - i.from).secs();
        self.failing = false;
        if !sending || span <= 0.0 || i.heard < i.lanes || self.recent.is_empty() {
            return None;
        }
        let worst = FAILED.iter().max_by_key(|c| i.tally.errors[**c as usize]);
        if let Some(class) = worst.filter(|c| i.tally.errors[**c as usize] > 0) {
            self.failing = true;
            self.reason = Some((*class, said(&i.tally, *class)));
        }
        if self.silent <= 0.0 {
            self.since = i.from;
        }
        // While this machine stood still, nothing could be answered.
        let stood: f64 = i.health.pauses.iter().map(|(_, lasted)| lasted.secs()).sum();
        self.silent += (span - stood).max(0.0);
        let (class, reason) = self
            .reason
            .as_ref()
            .filter(|_| !self.down() && self.silent >= self.patience() - 1e-9)?;
        self.list.push(Outage {
            from: self.since,
            to: None,
            reason: reason.clone(),
        });
        Some(event(*class, self.silent))
    }

    fn hear(&mut self, i: &Interval, answered: u64) -> Option<String> {
        if i.tally.errors[Failure::TimeoutHead as usize] + i.tally.errors[Failure::TimeoutBody as usize] == 0 {
            self.recent.push_back((answered, longest(&i.tally)));
        } else if self.recent.is_empty() {
            self.recent.push_back((answered, 0.0));
        }
        let mut kept: u64 = self.recent.iter().map(|(n, _)| n).sum();
        while self.recent.front().is_some_and(|(n, _)| kept - n >= LAST) {
            kept -= self.recent.pop_front().map_or(0, |(n, _)| n);
        }
        (self.silent, self.reason, self.failing) = (0.0, None, false);
        let open = self.list.last_mut().filter(|o| o.to.is_none())?;
        open.to = Some(i.from);
        Some(format!("back after {}", length((i.from - open.from).secs())))
    }

    /// Silence that is longer than answers take, s.
    fn patience(&self) -> f64 {
        let longest = self.recent.iter().map(|(_, s)| *s).fold(0.0, f64::max);
        SHORTEST.max(LONGEST * longest)
    }

    /// It is.
    pub(super) fn down(&self) -> bool {
        self.list.last().is_some_and(|o| o.to.is_none())
    }

    /// The last tick is no evidence of what workers do: it is down, or may turn out to be.
    pub(super) fn excuses(&self) -> bool {
        let again = |o: &Outage| o.to.is_some_and(|to| (self.since - to).secs() < AGAIN);
        self.down() || (self.failing && !self.list.last().is_some_and(again))
    }

    /// All so far.
    pub(super) fn list(&self) -> Vec<Outage> {
        self.list.clone()
    }
}

/// Longest time from sending to the answer, s.
fn longest(t: &Tally) -> f64 {
    let parts = t.parts.as_ref().and_then(|p| p.service.max());
    parts.unwrap_or(0.0).max(t.direct.max().unwrap_or(0.0))
}

/// The event: the pane has 40 cells, so what the system said of it is left to the errors.
fn event(class: Failure, silent: f64) -> String {
    let why = short(class).unwrap_or(match class {
        Failure::Dns => "name not found",
        Failure::Unreachable => "host not reachable",
        Failure::TlsCert => "certificate not valid",
        Failure::TlsHandshake => "TLS handshakes fail",
        _ => "attempts fail",
    });
    format!("DOWN {}: {why}", length(silent))
}

fn short(class: Failure) -> Option<&'static str> {
    Some(match class {
        Failure::Refused => "connection refused",
        Failure::Reset | Failure::ClosedNoResponse | Failure::ReusedConnClosed => "connections break",
        Failure::ConnectTimeout => "connects time out",
        Failure::TimeoutHead => "requests time out",
        _ => return None,
    })
}

/// A failure of this class in few words, or as the system said it.
fn said(t: &Tally, class: Failure) -> String {
    let sample = || t.samples.iter().rev().find(|s| s.class == class);
    let detail = || sample().map_or_else(|| class.name().replace('_', " "), |s| s.detail.clone());
    short(class).map_or_else(detail, str::to_owned)
}

#[cfg(test)]
mod tests;
