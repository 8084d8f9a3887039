//! Arrivals that are due and wait for a worker: the schedule, the queue behind it, and what happens when that is full.
//! It counts everything and starts nothing.
//!
//! ```text
//!  schedule ─offer─► [ due … capacity ] ─take─► worker       full: drop → shed · reject → refused · block → the schedule slips
//! ```

use super::{Pace, Process, Schedule, Traffic};
use crate::model::arrival::Arrival;
use crate::model::demand::{Demand, Drive, Overflow};
use crate::model::units::Nanos;
use std::collections::VecDeque;

/// Most arrivals that wait unless something else is asked for.
pub const CAPACITY: usize = 65_536;

/// What became of an arrival when its moment came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// It waits for a worker.
    Queued,
    /// The queue was full, or too many were under way: it is lost, and no error.
    Shed,
    /// The queue was full: it ended at once, an error of ours.
    Refused,
    /// The queue was full: it and all behind it happen later. It counts as scheduled only then.
    Held,
}

/// What was scheduled so far. `scheduled` = taken + waiting + shed + refused + dropped by `clear`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Arrivals whose moment came.
    pub scheduled: u64,
    /// Lost to a full queue, or above the cap.
    pub shed: u64,
    /// Turned into an error by a full queue.
    pub refused: u64,
}

/// Schedule, queue and policy.
#[derive(Debug)]
pub struct Backlog {
    schedule: Schedule,
    traffic: Traffic,
    seed: u64,
    process: Process,
    due: VecDeque<Arrival>,
    overflow: Overflow,
    /// Most arrivals waiting and under way.
    cap: Option<u32>,
    /// Most arrivals under way.
    workers: usize,
    under_way: u32,
    /// No arrival comes due after that, or at it when the first came at the very beginning.
    until: Option<Nanos>,
    led: bool,
    /// The arrival that could not get in, by the schedule's time; nothing comes behind it.
    held: Option<Nanos>,
    /// The user's pause, since then: nobody waits in it.
    paused: Option<Nanos>,
    /// There are no numbers left.
    spent: bool,
    counts: Counts,
    most: usize,
    slip: Nanos,
}

impl Backlog {
    /// Empty and standing still, arrivals constant until a demand says otherwise. Deterministic by seed.
    pub fn new(traffic: Traffic, seed: u64) -> Self {
        Self {
            schedule: Schedule::new(Process::Constant.arrivals(seed)).staged(traffic.stages.clone()),
            traffic,
            seed,
            process: Process::Constant,
            due: VecDeque::new(),
            overflow: Overflow::Drop,
            cap: None,
            workers: 0,
            under_way: 0,
            until: None,
            led: false,
            held: None,
            paused: None,
            spent: false,
            counts: Counts::default(),
            most: 0,
            slip: Nanos::ZERO,
        }
    }

    /// What is wanted from now on. Arrivals due before `now` must have been offered. Time stands still for what is to come
    /// in the closed model and unless exchanges start; what waits goes on waiting. A pause that ends here is no wait: what was
    /// due before is wanted so much later, as returned.
    pub fn follow(&mut self, now: Nanos, demand: &Demand) -> Nanos {
        let later = self.pause(now, demand.drive == Drive::Pause);
        if self.held.is_some() {
            let clock = self.paused.unwrap_or(now);
            self.release(clock);
            self.held = (demand.overflow == Overflow::Block).then_some(clock);
        }
        self.overflow = demand.overflow;
        self.cap = demand.cap;
        self.workers = demand.workers.max(0.0) as usize;
        self.until = demand.until;
        if demand.rate.is_some() && demand.arrivals != self.process {
            self.process = demand.arrivals;
            let arrivals = match &self.traffic.trace {
                Some(trace) if self.process == Process::Trace => Box::new(trace.play()),
                _ => self.process.arrivals(self.seed),
            };
            self.schedule.change(now, arrivals, self.process == Process::Burst(0));
        }
        let pace = match (demand.drive, demand.rate) {
            (Drive::Run, Some(_)) if demand.staged && self.traffic.stages.is_some() => Pace::Staged,
            (Drive::Run, Some(rate)) => Pace::of(rate),
            _ => Pace::Still,
        };
        self.schedule.set_pace(now, pace);
        later
    }

    /// A pause goes on, or ends: how much later everything that was due is wanted.
    fn pause(&mut self, now: Nanos, paused: bool) -> Nanos {
        if paused {
            self.paused.get_or_insert(now);
            return Nanos::ZERO;
        }
        let later = self.paused.take().map_or(Nanos::ZERO, |since| now - since);
        if later > Nanos::ZERO {
            for arrival in &mut self.due {
                arrival.intended += later;
                arrival.ready = now;
            }
            self.held = self.held.map(|at| at + later);
        }
        later
    }

    /// The first arrival has happened elsewhere, when the schedule began. Of spread arrivals the first comes at 0 then instead
    /// of the last at the end; of bunches and traces it was one.
    pub fn lead(&mut self) {
        match self.process {
            Process::Constant | Process::Poisson | Process::Uniform | Process::Pareto => self.led = true,
            Process::Burst(_) | Process::Trace => self.schedule.skip(),
        }
    }

    /// When the next arrival is due; `None` while the schedule stands still or is held up, and after the end.
    pub fn next(&self) -> Option<Nanos> {
        if self.held.is_some() || self.spent {
            return None;
        }
        // Moments are whole nanoseconds, so a gap may end one too early.
        let end = [self.until, self.schedule.ends()].into_iter().flatten().min();
        let end = end.map(|end| if self.led { end - Nanos::new(2) } else { end });
        self.schedule.next().filter(|t| end.is_none_or(|end| *t <= end))
    }

    /// Workers that are not under way: so many of those that wait are about to leave, and take no place in the queue.
    pub fn free(&self) -> usize {
        self.workers.saturating_sub(self.under_way as usize)
    }

    /// The next arrival's moment has come, and `hands` of those that wait need no place in the queue. `number` gives it its
    /// place in the run, once it counts; `None` from it: the arrivals are used up. `None`: there is no arrival.
    pub fn offer(&mut self, hands: usize, number: impl FnOnce() -> Option<u64>) -> Option<Offer> {
        let at = self.next()?;
        let full = self.due.len() >= self.traffic.capacity.max(1) + hands;
        let capped = self.cap.is_some_and(|cap| self.outstanding() >= cap as usize);
        if full && !capped && self.overflow == Overflow::Block {
            self.held = Some(at);
            return Some(Offer::Held);
        }
        let Some(seq) = number() else {
            self.spent = true;
            return None;
        };
        self.schedule.take();
        self.counts.scheduled += 1;
        if capped || (full && self.overflow == Overflow::Drop) {
            self.counts.shed += 1;
            return Some(Offer::Shed);
        }
        if full {
            self.counts.refused += 1;
            return Some(Offer::Refused);
        }
        self.due.push_back(Arrival::at(seq, at));
        self.most = self.most.max(self.due.len());
        Some(Offer::Queued)
    }

    /// The arrival that waits longest; it is under way until `ended`. One that was held up is due now.
    pub fn take(&mut self, now: Nanos) -> Option<Arrival> {
        let first = self.due.pop_front()?;
        self.under_way += 1;
        self.release(now);
        Some(first)
    }

    /// One that was taken has ended.
    pub fn ended(&mut self) {
        self.under_way -= 1;
    }

    /// Arrivals waiting and under way.
    pub fn outstanding(&self) -> usize {
        self.due.len() + self.under_way as usize
    }

    /// Arrivals waiting.
    pub fn waiting(&self) -> usize {
        self.due.len()
    }

    /// Most arrivals that ever waited at once.
    pub fn most_waiting(&self) -> usize {
        self.most
    }

    /// Intended starts of those that wait, in order.
    pub fn wanted(&self) -> impl Iterator<Item = Nanos> {
        self.due.iter().map(|a| a.intended)
    }

    /// Intended start of the one that waits longest.
    pub fn oldest(&self) -> Option<Nanos> {
        self.wanted().next()
    }

    /// How long that one has waited.
    pub fn age(&self, now: Nanos) -> Nanos {
        let clock = self.paused.unwrap_or(now);
        self.oldest().map_or(Nanos::ZERO, |at| clock - at)
    }

    /// No arrival will come due any more: no numbers or no trace are left. How long stages last is not told by arrivals.
    pub fn exhausted(&self) -> bool {
        self.spent || self.schedule.over()
    }

    /// Hands over what waits: it will never be sent.
    pub fn clear(&mut self) -> VecDeque<Arrival> {
        self.held = None;
        std::mem::take(&mut self.due)
    }

    /// Totals so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// How far the schedule lies behind what it was, all told.
    pub fn slip(&self) -> Nanos {
        self.slip
    }

    fn release(&mut self, now: Nanos) {
        if let Some(at) = self.held.take() {
            self.schedule.slip(now - at);
            self.slip += now - at;
        }
    }
}

#[cfg(test)]
mod tests;
