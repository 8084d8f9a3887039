//! Counts and latencies of a span of time: what a lane adds to, and what everything else is merged from.
//! It does not know when it began or ended; an interval does.

use super::cohorts::Cohorts;
use super::connects::Connects;
use super::delayed_ack::DelayedAck;
use super::latency::{Latency, Summary, enough};
use super::samples;
pub use super::samples::ErrorSample;
use crate::model::failure::Failure;
use crate::model::seen::Seen;
use crate::model::units::Nanos;
use std::borrow::Cow;

/// Samples kept of each class of errors.
const SAMPLES: u64 = 3;

/// The parts of response time, for exchanges where they differ: those that waited or dialled.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// end − intended.
    pub response: Latency,
    /// end − sent.
    pub service: Latency,
    /// sent − intended.
    pub wait: Latency,
    /// sent − max(intended, free) − dial: ours alone.
    pub send_lag: Latency,
    /// end − intended − send lag: what the response would have been without us, coarsely.
    pub fair: Fair,
}

/// A coarse series.
#[derive(Clone, Debug)]
pub struct Fair(Latency);

impl Default for Fair {
    fn default() -> Self {
        Self(Latency::coarse())
    }
}

/// Additive counts and series. Merging is commutative and associative.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Arrivals the schedule (closed model: a free worker) called for.
    pub scheduled: u64,
    /// Exchanges whose first byte reached the kernel.
    pub sent: u64,
    /// Ended before that.
    pub unsent: u64,
    /// Good answers.
    pub ok: u64,
    /// Answers with a status that was not expected.
    pub bad_status: u64,
    /// Sent and failed.
    pub failed: u64,
    /// Sent, cut off by our own end.
    pub aborted: u64,
    /// Dropped from a full queue.
    pub shed: u64,
    /// Scheduled, never begun: the run ended.
    pub not_sent: u64,
    /// How long the first of those had waited since its intended start.
    pub not_sent_oldest: Nanos,
    /// Answers per HTTP status, ascending.
    pub status: Vec<(u16, u64)>,
    /// Per class, indexed by `Failure as usize`.
    pub errors: [u64; Failure::COUNT],
    /// The first three of each class.
    pub samples: Vec<ErrorSample>,
    /// Bytes handed to the kernel.
    pub tx: u64,
    /// Bytes read.
    pub rx: u64,
    /// Bytes after the end of an answer.
    pub surplus: u64,
    /// Connections made.
    pub opened: u64,
    /// Exchanges on a kept connection.
    pub reused: u64,
    /// Transparent re-dials.
    pub retries: u64,
    /// Response of exchanges sent at their intended start: response = service, wait = 0.
    pub direct: Latency,
    /// The others.
    pub parts: Option<Box<Parts>>,
    /// Response of those of them that were not good: timeouts, at the time they took, and answers nobody wanted.
    pub spoiled: Option<Box<Latency>>,
    /// Time to connect.
    pub connect: Option<Box<Latency>>,
    /// Of these, the slow ones.
    pub connects: Connects,
    /// Summed response of bad_status answers, ns: fast refusals are told from slow ones.
    pub bad_ns: u64,
    /// Summed time to first byte of answered exchanges, ns, from sent.
    pub first_byte_ns: u64,
    /// Answers whose rest came late after their first byte.
    pub delayed_ack: DelayedAck,
    /// Ages of aborted exchanges.
    pub aborted_age: Option<Box<Latency>>,
    /// Arrivals by intended start, while a promise is kept.
    pub cohorts: Option<Box<Cohorts>>,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            scheduled: 0,
            sent: 0,
            unsent: 0,
            ok: 0,
            bad_status: 0,
            failed: 0,
            aborted: 0,
            shed: 0,
            not_sent: 0,
            not_sent_oldest: Nanos::ZERO,
            status: Vec::new(),
            errors: [0; Failure::COUNT],
            samples: Vec::new(),
            tx: 0,
            rx: 0,
            surplus: 0,
            opened: 0,
            reused: 0,
            retries: 0,
            direct: Latency::new(),
            parts: None,
            spoiled: None,
            connect: None,
            connects: Connects::default(),
            delayed_ack: DelayedAck::default(),
            bad_ns: 0,
            first_byte_ns: 0,
            aborted_age: None,
            cohorts: None,
        }
    }
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Completed and expected.
    Ok,
    /// Completed with a status that was not expected.
    BadStatus,
    /// Failed.
    Failed(Failure),
    /// Cut off by our own end after it was sent.
    Aborted,
}

impl Tally {
    /// Adds one finished exchange, ended at `end`. `scheduled` and `sent` were counted when they happened.
    pub fn finish(&mut self, seen: &Seen, outcome: Outcome, end: Nanos) {
        self.tx += seen.tx;
        self.rx += seen.rx;
        self.surplus += seen.surplus;
        self.retries += u64::from(seen.retries);
        let answered = matches!(
            outcome,
            Outcome::Ok | Outcome::BadStatus | Outcome::Failed(Failure::BodyCheck)
        );
        // An answer whose head came is an answer, whatever became of the rest.
        if seen.status != 0 && (answered || seen.head && matches!(outcome, Outcome::Failed(_))) {
            self.count_status(seen.status);
        }
        match outcome {
            Outcome::Ok => self.ok += 1,
            Outcome::BadStatus => {
                self.bad_status += 1;
                self.bad_ns += (end - seen.intended).ns();
            }
            Outcome::Failed(class) => {
                if seen.sent.is_some() {
                    self.failed += 1
                } else {
                    self.unsent += 1
                }
                self.count_error(class, seen.detail.as_deref(), end);
            }
            Outcome::Aborted => {
                self.aborted += 1;
                self.aborted_age.get_or_insert_default().record(end - seen.intended);
            }
        }
        let timed_out = matches!(outcome, Outcome::Failed(class) if class.timeout());
        if let (true, Some(sent)) = (answered || timed_out, seen.sent) {
            let first = seen.first.unwrap_or(end);
            self.first_byte_ns += (first - sent).ns();
            if answered {
                self.delayed_ack.record(end - first);
            }
            self.record(seen, sent, end);
            if outcome != Outcome::Ok {
                self.spoiled.get_or_insert_default().record(end - seen.intended);
            }
        }
    }

    fn record(&mut self, seen: &Seen, sent: Nanos, end: Nanos) {
        if sent == seen.intended {
            self.direct.record(end - sent);
            return;
        }
        let parts = self.parts.get_or_insert_default();
        parts.response.record(end - seen.intended);
        parts.service.record(end - sent);
        parts.wait.record(sent - seen.intended);
        let lag = seen.send_lag();
        parts.send_lag.record(lag);
        parts.fair.0.record(end - seen.intended - lag);
    }

    /// Adds so many that were scheduled and will never be sent, the first of them `oldest` after its intended start.
    pub fn forgo(&mut self, n: u64, oldest: Nanos) {
        self.not_sent += n;
        self.not_sent_oldest = self.not_sent_oldest.max(oldest);
    }

    /// Answers that say 429: a limiter's word for itself.
    pub fn limited(&self) -> u64 {
        let found = self.status.binary_search_by_key(&429, |(s, _)| *s);
        found.map_or(0, |i| self.status[i].1)
    }

    /// Adds one answer of this status.
    pub fn count_status(&mut self, status: u16) {
        match self.status.binary_search_by_key(&status, |(s, _)| *s) {
            Ok(i) => self.status[i].1 += 1,
            Err(i) => self.status.insert(i, (status, 1)),
        }
    }

    /// Whether the next one that ends so is kept as a sample.
    pub fn keeps_sample(&self, outcome: Outcome) -> bool {
        matches!(outcome, Outcome::Failed(class) if self.errors[class as usize] < SAMPLES)
    }

    /// Adds one error and keeps it as a sample if it is among the first three of its class.
    pub fn count_error(&mut self, class: Failure, detail: Option<&str>, at: Nanos) {
        self.errors[class as usize] += 1;
        if self.errors[class as usize] <= SAMPLES {
            self.samples.push(ErrorSample {
                class,
                detail: detail.unwrap_or(class.name()).to_owned(),
                at,
            });
        }
    }

    /// Records one connection made.
    pub fn connected(&mut self, took: Nanos) {
        self.opened += 1;
        self.connect.get_or_insert_default().record(took);
        self.connects.add(took);
    }

    /// Adds everything of another tally.
    pub fn merge(&mut self, other: &Self) {
        self.scheduled += other.scheduled;
        self.sent += other.sent;
        self.unsent += other.unsent;
        self.ok += other.ok;
        self.bad_status += other.bad_status;
        self.failed += other.failed;
        self.aborted += other.aborted;
        self.shed += other.shed;
        self.not_sent += other.not_sent;
        self.not_sent_oldest = self.not_sent_oldest.max(other.not_sent_oldest);
        for (s, n) in &other.status {
            match self.status.binary_search_by_key(s, |(s, _)| *s) {
                Ok(i) => self.status[i].1 += n,
                Err(i) => self.status.insert(i, (*s, *n)),
            }
        }
        for (mine, theirs) in self.errors.iter_mut().zip(other.errors) {
            *mine += theirs;
        }
        samples::merge(&mut self.samples, &other.samples);
        self.tx += other.tx;
        self.rx += other.rx;
        self.surplus += other.surplus;
        self.opened += other.opened;
        self.reused += other.reused;
        self.retries += other.retries;
        self.direct.merge(&other.direct);
        if let Some(p) = &other.parts {
            let mine = self.parts.get_or_insert_default();
            mine.response.merge(&p.response);
            mine.service.merge(&p.service);
            mine.wait.merge(&p.wait);
            mine.send_lag.merge(&p.send_lag);
            mine.fair.0.merge(&p.fair.0);
        }
        merge_series(&mut self.spoiled, &other.spoiled);
        merge_series(&mut self.connect, &other.connect);
        self.connects.merge(other.connects);
        self.delayed_ack.merge(other.delayed_ack);
        merge_series(&mut self.aborted_age, &other.aborted_age);
        if let Some(c) = &other.cohorts {
            self.cohorts.get_or_insert_default().merge(c);
        }
        self.bad_ns += other.bad_ns;
        self.first_byte_ns += other.first_byte_ns;
    }

    /// Forgets everything, keeps the memory of the response series.
    pub fn clear(&mut self) {
        let mut direct = std::mem::take(&mut self.direct);
        direct.clear();
        *self = Self {
            direct,
            ..Self::default()
        };
    }

    /// Answers and timeouts: everything in the response series.
    pub fn measured(&self) -> u64 {
        self.direct.count() + self.parts.as_ref().map_or(0, |p| p.response.count())
    }

    /// All errors, sent or not.
    pub fn error_total(&self) -> u64 {
        self.errors.iter().sum()
    }

    /// Response series: end − intended of answered and timed-out exchanges.
    pub fn response(&self) -> Cow<'_, Latency> {
        self.with(|p| &p.response)
    }

    /// Percentiles of the response, and of good answers alone where others are in the series too.
    pub fn responses(&self) -> (Summary, Option<Summary>) {
        let all = self.response();
        let good = self.spoiled.as_ref().map(|s| all.summary_without(s));
        (all.summary(), good)
    }

    /// Share by which the response at `q` would be shorter without our send lag, in [0, 1]; 0 where most left at once, or
    /// they are too few to tell.
    pub fn ours(&self, q: f64) -> f64 {
        let many = |p: &&Parts| p.response.count() > self.direct.count() && enough(q, p.response.count());
        let late = self.parts.as_deref().filter(many);
        let at = late.and_then(|p| p.response.quantile(q).zip(p.fair.0.quantile(q)));
        at.map_or(0.0, |(all, fair)| (1.0 - fair / all.max(1e-9)).clamp(0.0, 1.0))
    }

    /// Service series: end − sent.
    pub fn service(&self) -> Cow<'_, Latency> {
        self.with(|p| &p.service)
    }

    /// The series itself where nothing waited or dialled.
    fn with(&self, part: impl Fn(&Parts) -> &Latency) -> Cow<'_, Latency> {
        let mut all = Cow::Borrowed(&self.direct);
        if let Some(p) = &self.parts {
            all.to_mut().merge(part(p));
        }
        all
    }

    /// Wait series: sent − intended; zero for those sent at once.
    pub fn wait(&self) -> Latency {
        let mut all = self.parts.as_ref().map_or_else(Latency::new, |p| p.wait.clone());
        all.record_n(Nanos::ZERO, self.direct.count());
        all
    }
}

fn merge_series(mine: &mut Option<Box<Latency>>, theirs: &Option<Box<Latency>>) {
    if let Some(t) = theirs {
        mine.get_or_insert_default().merge(t);
    }
}

#[cfg(test)]
mod tests;
