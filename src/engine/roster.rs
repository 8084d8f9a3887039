//! The lane's workers, one slot each: where each is in its exchange, since when, and until when it may be.
//! It refuses to hold a timer: deadlines are found by a sweep at the beat, and levels are counted by walking the slots.

pub(super) use super::slot::{Mark, Slot, Stage};
use crate::model::units::Nanos;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Levels of one lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Levels {
    /// Workers present.
    pub(super) workers: u64,
    /// In an exchange, not yet sent.
    pub(super) dialling: u64,
    /// Given an arrival, not yet begun.
    pub(super) called: u64,
    /// Waiting after a failed connect.
    pub(super) backing: u64,
    /// Sent and not finished.
    pub(super) in_flight: u64,
    /// Age of the oldest sent one.
    pub(super) oldest: Nanos,
    /// Worker time spent in exchanges since run start, those under way included.
    pub(super) worked: Nanos,
}

/// All slots of a lane.
#[derive(Debug, Default)]
pub(super) struct Roster {
    slots: RefCell<Vec<Rc<Slot>>>,
    due: Cell<Nanos>,    // no deadline under way is earlier
    worked: Cell<Nanos>, // of finished exchanges
    vacant: Cell<bool>,  // a worker has left since slots were last filled
    lowest: Cell<usize>, // no empty place is lower
}

impl Roster {
    /// An exchange begins at `now` and may last until `deadline`.
    pub(super) fn begin(&self, slot: &Slot, stage: Stage, now: Nanos, deadline: Nanos) {
        slot.stage.set(stage);
        slot.since.set(now);
        slot.mark.set(None);
        self.until(slot, deadline);
    }

    /// The dial is over; the first byte is about to go.
    pub(super) fn sent(&self, slot: &Slot, deadline: Nanos) {
        slot.stage.set(Stage::Sent);
        self.until(slot, deadline);
    }

    /// It may last until then.
    pub(super) fn until(&self, slot: &Slot, deadline: Nanos) {
        slot.deadline.set(deadline);
        if deadline < self.due.get() {
            self.due.set(deadline);
        }
    }

    /// The exchange has ended; returns how long it lasted.
    pub(super) fn end(&self, slot: &Slot, now: Nanos) -> Nanos {
        let took = now - slot.since.get();
        self.worked.set(self.worked.get() + took);
        slot.stage.set(Stage::Ready);
        took
    }

    /// The worker leaves; its place stays empty until `rest`.
    pub(super) fn leave(&self, slot: &Slot, rest: Nanos) {
        slot.stage.set(Stage::Away);
        slot.rest.set(rest);
        slot.mark.set(None);
        *slot.waker.borrow_mut() = None;
        self.vacant.set(true);
        self.lowest.set(self.lowest.get().min(slot.index as usize));
    }

    /// The lowest empty place below `count` that may be filled now.
    pub(super) fn vacancy(&self, count: usize, now: Nanos) -> Option<Rc<Slot>> {
        let mut slots = self.slots.borrow_mut();
        while self.lowest.get() < slots.len().min(count) {
            let slot = &slots[self.lowest.get()];
            if slot.stage() == Stage::Away {
                // One that rests after a panic keeps those above it waiting, for a second at most.
                return (slot.rest.get() <= now).then(|| Rc::clone(slot));
            }
            self.lowest.set(self.lowest.get() + 1);
        }
        if slots.len() >= count {
            return None;
        }
        let index = u32::try_from(slots.len()).expect("workers are far fewer than 2^32");
        slots.push(Rc::new(Slot::at(index)));
        slots.last().cloned()
    }

    /// Wakes every worker whose deadline has passed.
    pub(super) fn sweep(&self, now: Nanos) {
        if now < self.due.get() {
            return;
        }
        let mut due = Nanos::MAX;
        for slot in self.slots.borrow().iter().filter(|s| s.busy()) {
            if slot.deadline.get() <= now {
                slot.wake(Mark::Expired);
            } else {
                due = due.min(slot.deadline.get());
            }
        }
        self.due.set(due);
    }

    /// Cuts off every exchange and wakes everybody else to leave.
    pub(super) fn cut(&self) {
        for slot in self.slots.borrow().iter().filter(|s| s.stage() != Stage::Away) {
            slot.wake(Mark::Cut);
        }
    }

    /// Wakes resting workers for which `when` holds, to look at their orders again.
    pub(super) fn stir(&self, when: impl Fn(&Slot) -> bool) {
        let slots = self.slots.borrow();
        let resting = slots
            .iter()
            .filter(|s| matches!(s.stage(), Stage::Waiting | Stage::Backing | Stage::Queueing | Stage::Idle));
        for slot in resting.filter(|s| when(s)) {
            slot.wake(Mark::Stir);
        }
    }

    /// Makes the worker at `index` panic, if there is one that listens; false: not now.
    pub(super) fn sabotage(&self, index: usize) -> bool {
        let slots = self.slots.borrow();
        let listening = |s: &&Rc<Slot>| !matches!(s.stage(), Stage::Away | Stage::Ready | Stage::Called);
        let slot = slots.get(index).filter(listening);
        slot.inspect(|s| s.wake(Mark::Fault)).is_some()
    }

    /// Calls `start` for the lowest `most` empty places below `count`; the others wait for the next call. Costs nothing
    /// while nobody has left, none wait and `rising` is false.
    pub(super) fn fill(&self, (count, most): (usize, usize), now: Nanos, rising: bool, mut start: impl FnMut(Rc<Slot>)) {
        if !self.vacant.replace(false) && !rising {
            return;
        }
        let mut slots = self.slots.borrow_mut();
        for index in slots.len()..count {
            let index = u32::try_from(index).expect("workers are far fewer than 2^32");
            slots.push(Rc::new(Slot::at(index)));
        }
        let mut left = most;
        for slot in slots.iter().take(count).filter(|s| s.stage() == Stage::Away) {
            if left > 0 && slot.rest.get() <= now {
                left -= 1;
                slot.stage.set(Stage::Ready);
                start(Rc::clone(slot));
            } else {
                self.vacant.set(true);
            }
        }
    }

    /// Counts what is under way.
    pub(super) fn levels(&self, now: Nanos) -> Levels {
        let mut levels = Levels {
            worked: self.worked.get(),
            ..Levels::default()
        };
        for slot in self.slots.borrow().iter() {
            let age = now - slot.since.get();
            match slot.stage() {
                Stage::Away => continue,
                Stage::Dialling => levels.dialling += 1,
                Stage::Sent => {
                    levels.in_flight += 1;
                    levels.oldest = levels.oldest.max(age);
                }
                Stage::Called => levels.called += 1,
                Stage::Backing => levels.backing += 1,
                Stage::Ready | Stage::Waiting | Stage::Queueing | Stage::Idle => {}
            }
            levels.workers += 1;
            if slot.busy() {
                levels.worked += age;
            }
        }
        levels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Nanos = Nanos::from_millis;

    fn roster_of(count: usize) -> (Roster, Vec<Rc<Slot>>) {
        let (roster, mut slots) = (Roster::default(), vec![]);
        roster.fill((count, count), Nanos::ZERO, true, |s| slots.push(s));
        (roster, slots)
    }

    #[test]
    fn levels_count_what_is_under_way_and_what_was_worked() {
        let (roster, slots) = roster_of(4);
        roster.begin(&slots[0], Stage::Sent, MS(0), MS(1000));
        roster.begin(&slots[1], Stage::Dialling, MS(10), MS(1000));
        roster.begin(&slots[2], Stage::Sent, MS(20), MS(1000));
        roster.end(&slots[2], MS(25));
        roster.leave(&slots[3], Nanos::ZERO);

        let levels = roster.levels(MS(30));

        // 30 ms + 20 ms under way, 5 ms finished
        let expected = Levels {
            workers: 3,
            dialling: 1,
            called: 0,
            backing: 0,
            in_flight: 1,
            oldest: MS(30),
            worked: MS(55),
        };
        assert_eq!(levels, expected);
    }

    #[test]
    fn a_sweep_marks_only_what_is_late() {
        let (roster, slots) = roster_of(2);
        roster.begin(&slots[0], Stage::Sent, MS(0), MS(50));
        roster.begin(&slots[1], Stage::Sent, MS(0), MS(90));

        roster.sweep(MS(60));

        assert_eq!(slots[0].mark.get(), Some(Mark::Expired));
        assert_eq!(slots[1].mark.get(), None);
        roster.sweep(MS(90));
        assert_eq!(slots[1].mark.get(), Some(Mark::Expired));
    }

    #[test]
    fn thousands_of_places_are_filled_a_few_at_every_call() {
        let roster = Roster::default();
        let mut calls = vec![];
        while calls.last() != Some(&0) {
            let (mut started, rising) = (0, calls.is_empty());
            roster.fill((1000, 300), Nanos::ZERO, rising, |_| started += 1);
            calls.push(started);
        }

        assert_eq!(calls, [300, 300, 300, 100, 0]);
    }

    #[test]
    fn an_empty_place_is_filled_again_after_its_rest() {
        let (roster, slots) = roster_of(3);
        roster.leave(&slots[1], MS(100));
        let filled = |now| {
            let mut who = vec![];
            roster.fill((3, 3), now, false, |s| who.push(s.index));
            who
        };

        assert_eq!(filled(MS(50)), [0u32; 0]);
        assert_eq!(filled(MS(100)), [1]);
        assert_eq!(filled(MS(110)), [0u32; 0]);
    }
}
