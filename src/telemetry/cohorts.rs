//! Arrivals by intended start, and how many of each cohort were answered well in time: exceedances without a percentile.
//! It refuses to decide: a cohort older than the limit is complete, and whoever reads it knows the time.
//!
//! ```text
//!  slot = intended / 10 ms     arrived: came due in it, shed ones too     timely[i]: good, and within limit i
//! ```

use crate::model::promise::TERMS;
use crate::model::units::Nanos;
use std::collections::VecDeque;

/// Width of a cohort.
pub const SLOT: Nanos = Nanos::from_millis(10);

/// One cohort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cohort {
    /// Arrivals that were due in it, shed ones too.
    pub arrived: u64,
    /// Of those, the ones that found no place and never left.
    pub unsent: u64,
    /// Of those, answered well within each limit so far.
    pub timely: [u64; TERMS],
    /// Of those answered well, the ones that passed a limit through our send lag alone.
    pub late_here: [u64; TERMS],
    /// Of those answered well, the ones whose send lag passed a quarter of the strictest limit.
    pub sent_late: u64,
    /// Longest send lag among those answered well.
    pub lag: Nanos,
    /// Of the arrivals, wanted later after all.
    postponed: u64,
}

impl Cohort {
    /// Arrivals that still belong to it.
    fn kept(&self) -> u64 {
        self.arrived.saturating_sub(self.postponed)
    }

    /// Adds what is known of the same cohort, or of another.
    fn add(&mut self, other: &Self) {
        self.arrived += other.arrived;
        self.postponed += other.postponed;
        self.unsent += other.unsent;
        self.sent_late += other.sent_late;
        self.lag = self.lag.max(other.lag);
        for i in 0..TERMS {
            self.timely[i] += other.timely[i];
            self.late_here[i] += other.late_here[i];
        }
    }
}

/// Cohorts of a stretch of time. Merging is commutative and associative.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cohorts {
    first: u64,
    slots: VecDeque<Cohort>,
}

impl Cohorts {
    /// An arrival was due.
    pub fn arrived(&mut self, intended: Nanos) {
        self.at(intended.ns() / SLOT.ns()).arrived += 1;
    }

    /// An arrival that was due is never sent.
    pub fn unsent(&mut self, intended: Nanos) {
        self.at(intended.ns() / SLOT.ns()).unsent += 1;
    }

    /// An arrival that was due has not begun, and is wanted later.
    pub fn postponed(&mut self, intended: Nanos) {
        self.at(intended.ns() / SLOT.ns()).postponed += 1;
    }

    /// An arrival was answered well after `response`, of which `lag` was our send lag.
    pub fn answered(&mut self, intended: Nanos, (response, lag): (Nanos, Nanos), limits: &[Nanos; TERMS]) {
        let cohort = self.at(intended.ns() / SLOT.ns());
        for (i, limit) in limits.iter().enumerate() {
            cohort.timely[i] += u64::from(response <= *limit);
            cohort.late_here[i] += u64::from(response > *limit && response - lag <= *limit);
        }
        let strictest = limits.iter().filter(|l| **l > Nanos::ZERO).min();
        cohort.sent_late += u64::from(strictest.is_some_and(|l| lag > Nanos::new(l.ns() / 4)));
        cohort.lag = cohort.lag.max(lag);
    }

    /// Adds another stretch.
    pub fn merge(&mut self, other: &Self) {
        for (i, theirs) in other.slots.iter().enumerate() {
            self.at(other.first + i as u64).add(theirs);
        }
    }

    /// Takes all cohorts that ended at or before `until`, summed; what is answered later of those is not seen again.
    pub fn take(&mut self, until: Nanos) -> Cohort {
        let mut sum = Cohort::default();
        self.take_each(until, |_, c| sum.add(c));
        sum
    }

    /// The same one by one, each with its begin; those wanted later after all are not in `arrived`.
    pub fn take_each(&mut self, until: Nanos, mut to: impl FnMut(Nanos, &Cohort)) {
        while !self.slots.is_empty() && SLOT * (self.first + 1) <= until {
            let Some(mut c) = self.slots.pop_front() else { break };
            (c.arrived, c.postponed) = (c.kept(), 0);
            to(SLOT * self.first, &c);
            self.first += 1;
        }
    }

    /// Begins of cohorts with an answer whose send lag passed `bound`, and how long that was.
    pub fn late(&self, bound: Nanos) -> impl Iterator<Item = (Nanos, Nanos)> {
        let begin = |i: usize| SLOT * (self.first + i as u64);
        let slots = self.slots.iter().enumerate();
        slots.filter(move |(_, c)| c.lag > bound).map(move |(i, c)| (begin(i), c.lag))
    }

    /// Forgets the cohorts that touch a stretch; how many arrivals were in them, and how many of those were never sent.
    pub fn forget(&mut self, from: Nanos, to: Nanos) -> (u64, u64) {
        // Places count from the first slot that is still there.
        let place = |slot: u64| slot.saturating_sub(self.first).min(self.slots.len() as u64) as usize;
        let end = place(to.ns() / SLOT.ns() + 1);
        let slots = self.slots.range_mut(place(from.ns() / SLOT.ns()).min(end)..end);
        slots.fold((0, 0), |(arrived, unsent), c| {
            let c = std::mem::take(c);
            (arrived + c.kept(), unsent + c.unsent)
        })
    }

    /// Nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    fn at(&mut self, slot: u64) -> &mut Cohort {
        if self.slots.is_empty() {
            self.first = slot;
        }
        while slot < self.first {
            self.slots.push_front(Cohort::default());
            self.first -= 1;
        }
        let i = (slot - self.first) as usize;
        if i >= self.slots.len() {
            self.slots.resize(i + 1, Cohort::default());
        }
        &mut self.slots[i]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Nanos = Nanos::from_millis;

    #[test]
    fn an_arrival_is_timely_under_each_limit_it_kept() {
        let mut c = Cohorts::default();
        [1, 2, 95].iter().for_each(|t| c.arrived(MS(*t)));
        let limits = [MS(20), MS(50), Nanos::MAX];

        c.answered(MS(1), (MS(20), MS(0)), &limits);
        c.answered(MS(95), (MS(30), MS(0)), &limits);

        let young = c.take(MS(99));
        let all = c.take(MS(100));
        assert_eq!((young.arrived, young.timely), (2, [1, 1, 1]));
        assert_eq!((all.arrived, all.timely), (1, [0, 1, 1]));
        assert!(c.is_empty());
    }

    #[test]
    fn an_arrival_late_through_our_send_lag_alone_is_told_from_one_that_is_not() {
        let mut c = Cohorts::default();
        let limits = [MS(20), Nanos::MAX, Nanos::ZERO];

        for (response, lag) in [(25, 6), (26, 5), (19, 6), (30, 0)] {
            c.arrived(MS(7));
            c.answered(MS(7), (MS(response), MS(lag)), &limits);
        }

        assert_eq!(c.late(MS(5)).collect::<Vec<_>>(), [(MS(0), MS(6))]);
        assert_eq!(c.late(MS(6)).count(), 0);
        let all = c.take(MS(100));
        assert_eq!((all.timely[0], all.late_here[0], all.sent_late), (1, 1, 2));
        assert_eq!((all.timely[1], all.late_here[1]), (4, 0), "answered at all");
    }

    #[test]
    fn one_that_is_wanted_later_counts_there_alone() {
        let (mut told, mut c) = (Cohorts::default(), Cohorts::default());
        [5, 6, 25].iter().for_each(|t| told.arrived(MS(*t)));
        c.postponed(MS(6));
        c.arrived(MS(1_006));

        told.merge(&c);

        assert_eq!(told.take(MS(10)).arrived, 1);
        assert_eq!((told.forget(MS(20), MS(21)), told.take(MS(2_000)).arrived), ((1, 0), 1));
    }

    #[test]
    fn what_touches_a_stretch_is_forgotten_and_nothing_else() {
        let mut c = Cohorts::default();
        [5, 15, 25, 26, 35].iter().for_each(|t| c.arrived(MS(*t)));
        c.unsent(MS(25));

        assert_eq!(c.forget(MS(19), MS(25)), (3, 1));
        assert_eq!((c.forget(MS(19), MS(25)), c.forget(MS(90), MS(95))), ((0, 0), (0, 0)));
        assert_eq!(c.take(MS(20)).arrived, 1);
        assert_eq!(c.forget(MS(0), MS(15)), (0, 0), "taken already");
        assert_eq!(c.take(MS(1000)).arrived, 1);
        assert_eq!(Cohorts::default().forget(MS(0), MS(50)), (0, 0));
    }

    #[test]
    fn merging_in_either_order_gives_the_same() {
        let (mut a, mut b) = (Cohorts::default(), Cohorts::default());
        (5..9).for_each(|t| a.arrived(MS(t * 10)));
        b.arrived(MS(20));
        b.answered(MS(60), (MS(3), MS(1)), &[MS(5); TERMS]);
        let (mut ab, mut ba) = (a.clone(), b.clone());

        ab.merge(&b);
        ba.merge(&a);

        assert_eq!(ab, ba);
        assert_eq!(ab.take(MS(1000)).arrived, 5);
    }
}
