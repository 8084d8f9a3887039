//! All lanes as one plant: orders out, intervals in.
//! It refuses to wait for a lane: one that was not heard is said to be so.

use super::beat::Parcel;
use super::due::Due;
use super::orders::{Orders, split};
use super::rawlog::Outlet;
use super::room::Room;
use crate::conduct::Plant;
use crate::model::demand::Demand;
use crate::model::units::Nanos;
use crate::telemetry::interval::{Gauges, Interval};
use crate::telemetry::tally::Tally;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::thread::JoinHandle;

/// The conductor's end of one lane.
pub(super) struct Port {
    orders: Arc<Orders>,
    intervals: Receiver<Parcel>,
    spares: SyncSender<Tally>, // emptied, back to the lane
    thread: Option<JoinHandle<()>>,
    to: Nanos,       // end of the last interval heard
    gauges: Gauges,  // levels at that end
    exhausted: bool, // it said that `-n` is used up
    took: u64,       // arrivals it said it took
}

/// The real plant. Dropping it ends its threads and closes every connection.
pub struct Lanes {
    ports: Vec<Port>,
    due: Arc<Due>,
    room: Room,
    to: Nanos,           // end of the last interval given out
    log: Option<Outlet>, // until what it misses was said
}

impl Lanes {
    /// Over running lanes whose first intervals begin at `from`.
    pub(super) fn new(ports: Vec<Port>, due: Arc<Due>, room: Room, from: Nanos) -> Self {
        Self {
            ports,
            due,
            room,
            to: from,
            log: None,
        }
    }

    /// Whose requests get a line each.
    pub(super) fn logged(mut self, log: Option<Outlet>) -> Self {
        self.log = log;
        self
    }

    /// Gives a lane its thread.
    pub(super) fn man(&mut self, lane: usize, thread: JoinHandle<()>) {
        self.ports[lane].thread = Some(thread);
    }

    /// Descriptor limit in force; `None` is no limit.
    pub fn fd_limit(&self) -> Option<u64> {
        self.room.limit
    }

    /// Workers there may be at most: the plan's, or what fits under the descriptor limit. More are not started.
    pub fn most_workers(&self) -> u32 {
        self.room.most
    }

    /// Descriptors that are wanted beside those of the workers.
    pub fn descriptors_beside(&self) -> u64 {
        self.room.beside
    }

    /// After a drain or abort: every worker has left. The next `collect` is then complete: nothing in flight, nothing
    /// queued, books balanced; all later ones are empty. Keep collecting until then: a lane that cannot send does not settle.
    pub fn settled(&self) -> bool {
        self.ports.iter().all(|p| p.orders.settled())
    }

    /// Levels of all lanes as last heard, so that they agree with everything counted so far.
    fn gauges(&self) -> Gauges {
        self.ports.iter().fold(Gauges::default(), |sum, p| sum.plus(&p.gauges))
    }

    /// Where all lanes together are: the mean of their ends, so that counts over spans are rates even when lanes report at
    /// different moments, or one not at all.
    fn reached(&self) -> Nanos {
        let sum: u128 = self.ports.iter().map(|p| u128::from(p.to.ns())).sum();
        Nanos::new((sum / self.ports.len() as u128) as u64)
    }
}

impl Port {
    /// Of a lane that is not yet manned; its first interval begins at `from`.
    pub(super) fn new(orders: Arc<Orders>, intervals: Receiver<Parcel>, spares: SyncSender<Tally>, from: Nanos) -> Self {
        Self {
            orders,
            intervals,
            spares,
            thread: None,
            to: from,
            gauges: Gauges::default(),
            exhausted: false,
            took: 0,
        }
    }

    /// Adds everything the lane has sent to `whole`; true if there was anything.
    fn drain(&mut self, whole: &mut Interval) -> bool {
        let mut heard = false;
        for Parcel { mut interval, took } in self.intervals.try_iter() {
            heard = true;
            whole.tally.merge(&interval.tally);
            whole.health.cpu = whole.health.cpu.max(interval.health.cpu);
            whole.health.waited = whole.health.waited.max(interval.health.waited);
            whole.health.occupied = whole.health.occupied.max(interval.health.occupied);
            whole.health.turn = whole.health.turn.max(interval.health.turn);
            whole.health.pauses.append(&mut interval.health.pauses);
            self.to = interval.to;
            self.gauges = interval.gauges;
            self.exhausted = interval.exhausted;
            self.took = took;
            interval.tally.clear();
            drop(self.spares.try_send(interval.tally)); // no room: the lane makes a new one when it needs it
        }
        heard
    }
}

impl Plant for Lanes {
    fn set(&mut self, demand: Demand) {
        let demand = Demand {
            workers: demand.workers.min(f64::from(self.room.most)),
            ..demand
        };
        // The queue first: a lane that is told to drain finds it closed.
        self.due.follow(&demand);
        for (port, milli) in self.ports.iter().zip(split(demand.workers, self.ports.len())) {
            port.orders.put(milli, &demand);
        }
    }

    fn collect(&mut self, now: Nanos) -> Interval {
        let mut whole = Interval {
            from: self.to,
            lanes: self.ports.len() as u32,
            ..Interval::default()
        };
        for port in &mut self.ports {
            whole.heard += u32::from(port.drain(&mut whole));
        }
        self.to = self.reached().max(self.to);
        whole.to = self.to;
        whole.gauges = self.gauges();
        whole.exhausted = self.ports.iter().all(|p| p.exhausted);
        // After the lanes: what they took is in it, whenever they said so.
        self.due.account(now, self.ports.iter().map(|p| p.took), &mut whole);
        whole.health.pauses.sort();
        if self.settled()
            && let Some(log) = self.log.take()
        {
            log.missing().into_iter().for_each(|said| self.room.remark(said));
        }
        whole.health.remarks = self.room.say(now, whole.gauges.active);
        whole
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        self.ports.iter().for_each(|p| p.orders.stop());
        for thread in self.ports.iter_mut().filter_map(|p| p.thread.take()) {
            drop(thread.join()); // a lane that panicked has said so itself, and was not heard since
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Habit, Run, plan};
    use crate::model::demand::Drive;
    use crate::model::failure::Failure;
    use crate::model::units::Nanos;
    use crate::plan::Plan;

    #[test]
    fn the_books_balance_at_every_collect_while_workers_come_and_go() {
        let mut run = Run::new(&plan(), Habit::Answers { ms: 3, bad: 4 });

        for workers in [1.0, 200.0, 5.0, 17.5] {
            run.set(workers, Drive::Run);
            run.go(120);
            run.until(|g| g.workers as f64 == workers.ceil());
        }
        let books = run.end(Drive::Drain);

        assert_eq!((books.in_flight, books.queued, books.aborted, books.not_sent), (0, 0, 0, 0));
        assert!(
            books.ok > 2 * books.bad_status && books.bad_status > 0,
            "every fourth is a 503: {books:?}"
        );
        assert_eq!(run.total.measured(), books.sent);
        assert!(
            run.total.opened <= 220,
            "{} connections for at most 200 workers",
            run.total.opened
        );
    }

    #[test]
    fn a_count_is_exact_over_all_lanes() {
        let plan = Plan {
            requests: Some(1000),
            ..plan()
        };
        let mut run = Run::new(&plan, Habit::Answers { ms: 1, bad: 0 });

        run.set(60.0, Drive::Run);
        while !(run.last.exhausted && run.last.gauges.workers == 0) {
            run.go(20);
        }

        assert_eq!((run.total.scheduled, run.total.sent, run.total.ok), (1000, 1000, 1000));
    }

    #[test]
    fn an_exchange_without_an_answer_times_out_with_the_class_of_its_stage() {
        let timed = |habit| {
            let mut plan = plan();
            plan.timeouts.request = Nanos::from_millis(60);
            plan.timeouts.connect = Nanos::from_millis(30);
            let mut run = Run::new(&plan, habit);
            run.set(4.0, Drive::Run);
            run.go(250);
            run.end(Drive::Abort);
            run.total
        };

        for (habit, class, detail) in [
            (
                Habit::Hangs { head: false },
                Failure::TimeoutHead,
                "no answer within 60 ms (-t), 0 B received",
            ),
            (
                Habit::Hangs { head: true },
                Failure::TimeoutBody,
                "no whole answer within 60 ms (-t), ",
            ),
            (
                Habit::Swallows,
                Failure::ConnectTimeout,
                "no connection within 30 ms (--connect-timeout)",
            ),
        ] {
            let total = timed(habit);
            let count = total.errors[class as usize];
            assert!(
                count >= 4 && count == total.error_total(),
                "{class:?}: {count} of {}",
                total.error_total()
            );
            assert!(total.response().min().is_none_or(|s| s >= 0.06), "elapsed time, never less");
            let said = &total.samples[0].detail;
            assert!(said.starts_with(detail), "{said}");
        }
    }

    #[test]
    fn an_abort_counts_what_was_under_way_with_its_age() {
        let mut run = Run::new(&plan(), Habit::Hangs { head: false });
        run.set(30.0, Drive::Run);
        run.until(|g| g.in_flight == 30 && g.oldest >= Nanos::from_millis(100));

        let books = run.end(Drive::Abort);

        assert_eq!((books.sent, books.aborted, books.in_flight), (30, 30, 0));
        assert_eq!(run.total.aborted_age.as_ref().unwrap().count(), 30);
    }

    #[test]
    fn dials_cut_off_were_not_sent() {
        let mut run = Run::new(&plan(), Habit::Swallows);
        run.set(7.0, Drive::Run);
        run.until(|g| (g.queued, g.connecting) == (7, 7));

        let books = run.end(Drive::Abort);

        assert_eq!((books.scheduled, books.not_sent, books.sent), (7, 7, 0));
    }

    #[test]
    fn refused_connects_back_off_and_are_unsent() {
        let mut run = Run::new(&plan(), Habit::Refuses);
        run.set(3.0, Drive::Run);

        run.go(480);
        let books = run.end(Drive::Drain);

        // each worker at 0, then after 100…150, 200…300 ms; the next would be after another 400
        assert!((3..=9).contains(&books.unsent), "{books:?}");
        assert_eq!((books.sent, books.scheduled), (0, books.unsent));
    }

    #[test]
    fn nothing_is_lost_while_nobody_collects() {
        let mut run = Run::new(&plan(), Habit::Answers { ms: 2, bad: 0 });
        run.set(6.0, Drive::Run);
        std::thread::sleep(std::time::Duration::from_millis(900)); // more intervals than the channels hold

        run.collect();
        let half = run.last.to;
        let books = run.end(Drive::Drain);

        assert!(half > Nanos::from_millis(300) && run.last.to > half);
        assert_eq!((books.ok, books.in_flight), (books.scheduled, 0));
    }

    #[test]
    fn a_paused_plant_starts_nothing_and_keeps_its_connections() {
        let mut run = Run::new(&plan(), Habit::Answers { ms: 1, bad: 0 });
        run.set(12.0, Drive::Run);
        run.until(|g| g.active == 12);
        run.set(12.0, Drive::Pause);
        run.until(|g| g.in_flight == 0);
        run.go(200);
        let before = run.total.scheduled;

        run.go(200);
        assert_eq!((run.total.scheduled, run.last.gauges.active), (before, 12));
        run.set(12.0, Drive::Run);
        run.until(|g| g.in_flight > 0);

        assert!(run.total.scheduled > before);
        assert_eq!(run.total.opened, 12);
    }

    #[test]
    fn retired_workers_leave_their_connections_to_the_next() {
        let mut run = Run::new(&plan(), Habit::Answers { ms: 1, bad: 0 });

        for workers in [10.0, 1.0, 10.0, 1.0, 10.0] {
            run.set(workers, Drive::Run);
            run.until(|g| (g.workers, g.active) == (workers as u64, 10));
        }

        assert_eq!((run.total.opened, run.last.gauges.active), (10, 10));
    }

    #[test]
    fn a_connection_found_closed_is_dialled_again_within_one_sent() {
        let mut run = Run::new(&plan(), Habit::ClosesIdle);

        run.set(3.0, Drive::Run);
        run.go(120);
        let books = run.end(Drive::Drain);

        assert_eq!(books.ok, books.sent);
        assert_eq!(run.total.reused, 0, "an attempt is no use");
        assert!(run.total.retries > 0);
        assert_eq!(run.total.opened, 3 + run.total.retries);
    }

    #[test]
    fn half_a_worker_is_busy_half_of_the_time() {
        let mut run = Run::new(&plan(), Habit::Answers { ms: 5, bad: 0 });
        run.set(0.5, Drive::Run);
        run.go(100);
        run.busy = 0.0;
        let begin = run.last.to;

        run.go(600);

        let share = run.busy / (run.last.to - begin).secs();
        assert!((0.3..0.7).contains(&share), "{share}");
    }

    #[test]
    fn a_panic_is_one_internal_error_and_the_others_go_on() {
        let plan = Plan {
            requests: Some(60),
            ..plan()
        };
        let mut run = Run::new(&plan, Habit::Panics { at: 20 });

        run.set(6.0, Drive::Run);
        while !(run.last.exhausted && run.last.gauges.workers == 0) {
            run.go(20);
        }

        assert_eq!((run.total.ok, run.total.failed), (59, 1));
        assert_eq!(run.total.errors[Failure::Internal as usize], 1);
    }
}
