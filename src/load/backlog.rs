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
            spent: false,
            counts: Counts::default(),
            most: 0,
            slip: Nanos::ZERO,
        }
    }

    /// What is wanted from now on. Arrivals due before `now` must have been offered. Time stands still for what is to come
    /// in the closed model and unless exchanges start; what waits goes on waiting.
    pub fn follow(&mut self, now: Nanos, demand: &Demand) {
        if self.held.is_some() && demand.overflow != Overflow::Block {
            self.release(now);
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
        let end = self.until.map(|end| if self.led { end - Nanos::new(2) } else { end });
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

    /// Intended start of the one that waits longest.
    pub fn oldest(&self) -> Option<Nanos> {
        self.due.front().map(|a| a.intended)
    }

    /// No arrival will come due any more: no numbers, no trace, no stages are left.
    pub fn exhausted(&self) -> bool {
        self.spent || self.schedule.over()
    }

    /// Forgets what waits and says how many those were: they will never be sent.
    pub fn clear(&mut self) -> u64 {
        let lost = self.due.len() as u64;
        self.due.clear();
        self.held = None;
        lost
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
mod tests {
    use super::super::Trace;
    use super::*;

    const MS: fn(u64) -> Nanos = Nanos::from_millis;

    /// One arrival every 10 ms.
    fn demand(overflow: Overflow) -> Demand {
        Demand {
            rate: Some(100.0),
            overflow,
            ..Demand::default()
        }
    }

    /// One arrival every 10 ms, two may wait.
    fn backlog(overflow: Overflow) -> Backlog {
        let traffic = Traffic {
            capacity: 2,
            ..Traffic::default()
        };
        let mut b = Backlog::new(traffic, 1);
        b.follow(Nanos::ZERO, &demand(overflow));
        b
    }

    fn offers(b: &mut Backlog, until: u64) -> Vec<Offer> {
        let offer = |b: &mut Backlog| {
            let number = b.counts().scheduled;
            b.offer(b.free(), || Some(number))
        };
        std::iter::from_fn(|| b.next().filter(|t| *t <= MS(until)).and_then(|_| offer(b))).collect()
    }

    #[test]
    fn arrivals_leave_in_order_with_the_moment_they_were_wanted() {
        let mut b = backlog(Overflow::Drop);
        offers(&mut b, 20);

        let taken = [b.take(MS(99)), b.take(MS(99)), b.take(MS(99))];

        let arrival = |seq, ms| Some(Arrival::at(seq, MS(ms)));
        assert_eq!(taken, [arrival(0, 10), arrival(1, 20), None]);
    }

    #[test]
    fn a_full_queue_sheds_the_newest() {
        let mut b = backlog(Overflow::Drop);

        assert_eq!(offers(&mut b, 40), [Offer::Queued, Offer::Queued, Offer::Shed, Offer::Shed]);
        assert_eq!((b.counts().scheduled, b.counts().shed, b.waiting()), (4, 2, 2));
        assert_eq!(b.oldest(), Some(MS(10)));
    }

    #[test]
    fn what_a_free_worker_is_about_to_take_needs_no_place_in_the_queue() {
        let mut b = backlog(Overflow::Drop);
        b.follow(
            Nanos::ZERO,
            &Demand {
                workers: 3.0,
                ..demand(Overflow::Drop)
            },
        );

        // Three at once and two that wait, however late somebody looks.
        assert_eq!(offers(&mut b, 60).iter().filter(|o| **o == Offer::Queued).count(), 5);
        assert!((0..3).all(|_| b.take(MS(60)).is_some()));
        assert_eq!(
            (b.free(), offers(&mut b, 70)),
            (0, vec![Offer::Shed]),
            "all three are under way"
        );
    }

    #[test]
    fn a_full_queue_refuses_when_asked_to() {
        let mut b = backlog(Overflow::Reject);

        assert_eq!(offers(&mut b, 30).last(), Some(&Offer::Refused));
        assert_eq!((b.counts().refused, b.counts().shed), (1, 0));
    }

    #[test]
    fn a_full_queue_that_blocks_lets_the_schedule_slip_and_measures_it() {
        let mut b = backlog(Overflow::Block);

        assert_eq!(offers(&mut b, 1_000), [Offer::Queued, Offer::Queued, Offer::Held]);
        assert_eq!((b.counts().scheduled, b.next()), (2, None));
        b.take(MS(75));
        // The third was wanted at 30: it and all behind it come 45 ms later.
        assert_eq!((b.slip(), b.next()), (MS(45), Some(MS(75))));
        assert_eq!(offers(&mut b, 75), [Offer::Queued]);
        assert_eq!(b.next(), Some(MS(85)));
        b.take(MS(80));
        assert_eq!(b.oldest(), Some(MS(75)), "the slipped moment is the wanted one");
    }

    #[test]
    fn a_pause_keeps_what_waits_and_stops_what_comes() {
        let mut b = backlog(Overflow::Drop);
        offers(&mut b, 10);
        let pause = Demand {
            drive: Drive::Pause,
            ..demand(Overflow::Drop)
        };
        b.follow(MS(15), &pause);

        assert_eq!((offers(&mut b, 5_000).len(), b.waiting()), (0, 1));
        b.follow(MS(5_000), &demand(Overflow::Drop));
        assert_eq!((b.next(), b.clear(), b.waiting()), (Some(MS(5_005)), 1, 0));
    }

    #[test]
    fn above_the_cap_an_arrival_is_shed_in_every_policy() {
        for overflow in [Overflow::Drop, Overflow::Reject, Overflow::Block] {
            let mut b = backlog(overflow);
            let capped = Demand {
                cap: Some(2),
                ..demand(overflow)
            };
            b.follow(Nanos::ZERO, &capped);
            offers(&mut b, 10);
            b.take(MS(10));

            // One under way, one waiting: the third is too many, until one ends.
            assert_eq!(offers(&mut b, 30), [Offer::Queued, Offer::Shed], "{overflow:?}");
            b.ended();
            assert_eq!((offers(&mut b, 40), b.outstanding()), (vec![Offer::Queued], 2));
        }
    }

    #[test]
    fn nothing_comes_due_after_the_end_nor_without_a_number() {
        let mut b = backlog(Overflow::Drop);
        let ends = Demand {
            until: Some(MS(30)),
            ..demand(Overflow::Drop)
        };
        b.follow(Nanos::ZERO, &ends);
        assert_eq!((offers(&mut b, 99).len(), b.exhausted()), (3, false), "the end is part of it");

        b.follow(MS(30), &demand(Overflow::Drop));
        assert_eq!((b.offer(0, || None), b.next(), b.exhausted()), (None, None, true));
        assert_eq!(b.counts().scheduled, 3);
    }

    #[test]
    fn a_trace_ends_and_is_played_at_the_rate_asked_for() {
        let traffic = Traffic {
            trace: Trace::parse("100\n101\n104").ok(),
            ..Traffic::default()
        };
        let mut b = Backlog::new(traffic, 1);
        let traced = Demand {
            arrivals: Process::Trace,
            rate: Some(1.0),
            ..Demand::default()
        };
        b.follow(Nanos::ZERO, &traced);

        // Two gaps of 1 and 3 s had 0.5/s; at 1/s they are half as long.
        let moments: Vec<u64> = std::iter::from_fn(|| {
            let at = b.next()?;
            b.offer(0, || Some(0))?;
            Some(at.ns() / 1_000_000)
        })
        .collect();
        assert_eq!((moments, b.exhausted()), (vec![0, 500, 2_000], true));
    }

    #[test]
    fn a_first_arrival_elsewhere_at_the_begin_takes_the_place_of_the_one_at_the_end() {
        let second = |led: bool| {
            let mut b = backlog(Overflow::Drop);
            b.follow(
                Nanos::ZERO,
                &Demand {
                    until: Some(MS(100)),
                    ..demand(Overflow::Drop)
                },
            );
            if led {
                b.lead();
            }
            let first = b.next();
            (first, offers(&mut b, 1_000).len())
        };

        assert_eq!((second(false), second(true)), ((Some(MS(10)), 10), (Some(MS(10)), 9)));
    }
}
