//! What the law shows and says: one plain sentence a decision, and the figures of the search.
//! It decides nothing.

use super::decided::Worst;
use super::regulate::window;
use super::{Phase, Slo};
use crate::control::{Move, Open};
use crate::model::format::{count, length, quantity};
use crate::model::promise::{self, Promise};
use crate::model::setpoints::Setpoints;
use crate::telemetry::frame::{Evidence, State, Term};
use crate::telemetry::promise::{self as told, Harm, Ours, Stage};

/// A price from which on another promise is offered, s, and the share of bad ones that one allows.
const MINUTE: f64 = 60.0;
const LAX: f64 = 0.1;

impl Slo {
    /// The move of this tick.
    pub(super) fn shown(&mut self, promise: &Promise, open: Option<Open>, set: &Setpoints) -> Move {
        let cap = self.cap(promise, set);
        let (state, stage) = self.stage();
        let confirmed = self.facts.confirmed == Some(true);
        Move {
            workers: open.map_or(1.0, |_| f64::from(cap)),
            open,
            state,
            resting: matches!(stage, Stage::Confirm | Stage::Kept),
            converged: confirmed,
            terms: self.terms(promise),
            note: self.note.take(),
            evidence: self.evidence(promise),
            slo: Some(self.found(promise, stage, cap)),
            ..Move::default()
        }
    }

    fn stage(&self) -> (State, Stage) {
        match (&self.phase, self.facts.confirmed) {
            (Phase::Enter | Phase::Idle(_), _) => (State::Ramp, Stage::Idle),
            (Phase::Ramp(_), _) => (State::Ramp, Stage::Ramp),
            (Phase::Recover(_) | Phase::Empty, _) => (State::Recover, Stage::Recover),
            (Phase::Regulate, None) => (State::Track, Stage::Regulate),
            (Phase::Regulate, Some(true)) => (State::Hold, Stage::Kept),
            (Phase::Regulate, Some(false)) => (State::Track, Stage::Missed),
            (Phase::Confirm(_), _) => (State::Probe, Stage::Confirm),
            (Phase::Impossible(_), _) => (State::Unreachable, Stage::Missed),
        }
    }

    /// Bad arrivals that count at present.
    fn window(&self, promise: &Promise) -> Worst {
        match (&self.phase, self.facts.confirmed) {
            (Phase::Ramp(r), None) => r.worst(promise),
            (Phase::Regulate, None) => self.regulate.recent(),
            _ => self.facts.proof,
        }
    }

    fn found(&self, promise: &Promise, stage: Stage, cap: u32) -> told::Slo {
        let w = self.window(promise);
        let q = if w.q > 0.0 { w.q } else { promise.main().q };
        told::Slo {
            promise: *promise,
            stage,
            rate: self.rate,
            answer: self.facts.answer.map(|a| (a.rate, a.half)),
            kept: self.facts.kept.map(|k| k.rate),
            bad: (w.share(), q),
            decided: w.n as u64,
            dispersion: self.facts.answer.map(|a| a.dispersion),
            idle: self.facts.idle,
            confirm: match &self.phase {
                Phase::Confirm(c) => Some(c.progress(promise)),
                _ => self.facts.held,
            },
            confirmed: self.facts.confirmed,
            late_here: self.facts.late_here,
            price: self.facts.price,
            cap,
            recovery: self.facts.recovery,
        }
    }

    fn terms(&self, promise: &Promise) -> Vec<Term> {
        let term = |name, value, unit| Term { name, value, unit };
        let w = self.window(promise);
        let mut out = vec![term("rate", self.rate, "1/s"), term("bad", w.share(), "%")];
        out.push(term("may", if w.q > 0.0 { w.q } else { promise.main().q }, "%"));
        if matches!(self.phase, Phase::Regulate) {
            out.push(term("gain", self.regulate.gain(), "%"));
        }
        out
    }

    fn evidence(&self, promise: &Promise) -> Option<Evidence> {
        let (have, need, seconds) = match &self.phase {
            Phase::Idle(idle) => {
                let (have, need) = idle.progress();
                (have, need, (need - have) / idle.rate().max(0.1))
            }
            Phase::Regulate if self.facts.confirmed.is_none() => {
                let (done, all) = (self.regulate.seconds(), window(self.rate, promise.strictest()));
                let left = (all - done).max(1.0) + all;
                (done * self.rate, 2.0 * all * self.rate, left)
            }
            Phase::Confirm(c) => {
                let (done, all) = c.progress(promise);
                (done * self.rate, all * self.rate, (all - done).max(0.0))
            }
            _ => return None,
        };
        Some(Evidence { have, need, seconds })
    }
}

/// A rate as a sentence has it.
pub(super) fn rate(rate: f64) -> String {
    quantity(rate)
}

/// A share with as many digits as a promise needs.
fn share(x: f64) -> String {
    let p = 100.0 * x;
    if p == 0.0 {
        "none".into()
    } else if p < 0.995 {
        format!("{p:.2} %")
    } else if p < 9.95 {
        format!("{p:.1} %")
    } else {
        format!("{p:.0} %")
    }
}

fn missed(w: &Worst) -> String {
    format!("{} missed", share(w.share()))
}

/// Arrivals that are no evidence.
pub(super) fn set_aside(n: u64) -> String {
    format!("{} arrivals set aside: we stalled", count(n))
}

pub(super) fn begins(p: &Promise, idle: Option<f64>, first: f64) -> String {
    let name = p.main().expr.metric.name();
    let idle = idle.map_or_else(String::new, |i| format!("{name} {} idle: ", length(i)));
    format!("{idle}starting at {}/s", rate(first))
}

pub(super) fn impossible(p: &Promise, idle: Option<f64>) -> String {
    let took = idle.map_or_else(|| "nothing good, even idle".into(), |i| format!("{} idle", length(i)));
    format!("{p} is not possible: {took}")
}

pub(super) fn impossible_at(p: &Promise, at: f64) -> String {
    format!("{p} is not possible: missed at {}/s too", rate(at))
}

pub(super) fn climbs(w: &Worst, from: f64, to: f64) -> String {
    format!("{}/s: {}, next {}/s", rate(from), missed(w), rate(to))
}

pub(super) fn too_much(w: &Worst, at: f64, back: f64) -> String {
    format!("{}/s: {}, back to {}", rate(at), missed(w), rate(back))
}

/// What the answer costs at a rate, and where that is minutes, what that of a laxer percentile would.
pub(super) fn price(p: &Promise, at: f64) -> String {
    let (name, wait) = (p.main().expr.metric.name(), 2.0 * window(at, p.strictest()));
    let lax = |t: &promise::Term| if t.q == p.main().q { t.q.max(LAX) } else { t.q };
    let less = 2.0 * window(at, p.terms().map(lax).fold(1.0, f64::min));
    let other = if wait > MINUTE && less < 0.5 * wait {
        format!(", p90 {}", length(less.round()))
    } else {
        String::new()
    };
    format!("{name} at {}/s takes about {}{other}", rate(at), length(wait.round()))
}

pub(super) fn holds_still(answer: f64, half: f64, at: f64) -> String {
    format!("{}/s ±{}: confirming {}/s", rate(answer), rate(half), rate(at))
}

pub(super) fn proof(w: &Worst, (at, next): (f64, f64), kept: bool) -> String {
    if kept {
        format!("{}/s confirmed: {}", rate(at), missed(w))
    } else {
        format!("{}/s: {}, next {}/s", rate(at), missed(w), rate(next))
    }
}

/// A confirmation that says nothing of the target.
pub(super) fn again(ours: &Ours, at: f64) -> String {
    format!("{}/s again: {}", rate(at), harmed(ours))
}

pub(super) fn unsure(ours: &Ours) -> String {
    format!("{}: undecided", harmed(ours))
}

fn harmed(ours: &Ours) -> String {
    let what = match ours.harm {
        Harm::Late => "late are ours",
        Harm::SentLate => "sent late",
        Harm::Unsent => "not sent",
    };
    format!("{} of {} {what}", count(ours.n), count(ours.of))
}

pub(super) fn moved(at: f64) -> String {
    format!("target changed: from {}/s again", rate(at))
}

pub(super) fn tipped(at: f64, next: f64) -> String {
    format!("{}/s tipped over: back to {}/s", rate(at), rate(next))
}

pub(super) fn room(at: f64, next: f64) -> String {
    format!("{}/s has room: next {}/s", rate(at), rate(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_ours_is_said_with_its_numbers_in_few_words() {
        let ours = |harm, n, of| Ours { harm, n, of };
        let all = [
            again(&ours(Harm::Late, 412, 530), 2_815.0),
            again(&ours(Harm::SentLate, 612, 30_000), 2_815.0),
            again(&ours(Harm::Unsent, 612, 30_000), 2_815.0),
            unsure(&ours(Harm::Late, 412, 530)),
            unsure(&ours(Harm::Unsent, 612, 30_000)),
        ];

        assert_eq!(
            all,
            [
                "2,815/s again: 412 of 530 late are ours",
                "2,815/s again: 612 of 30,000 sent late",
                "2,815/s again: 612 of 30,000 not sent",
                "412 of 530 late are ours: undecided",
                "612 of 30,000 not sent: undecided",
            ]
        );
        assert!(all.iter().all(|t| t.len() <= 40), "{all:?}");
    }

    #[test]
    fn minutes_are_told_with_what_a_laxer_percentile_costs() {
        let told = |text: &str, at| price(&Promise::parse(text).unwrap(), at);

        assert_eq!(told("p99<80ms", 16.0), "p99 at 16/s takes about 6m15s, p90 40 s");
        assert_eq!(told("p99<80ms", 1000.0), "p99 at 1,000/s takes about 40 s");
        assert_eq!(told("p90<80ms", 1.0), "p90 at 1/s takes about 10m00s");
        // Another percentile changes nothing where errors are the dearer part.
        assert!(!told("p99<80ms,errors<0.1%", 16.0).contains("p90"));
    }
}
