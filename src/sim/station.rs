//! Queueing stations, exact in virtual time: c servers first come first served, and processor sharing, the latter also
//! with a line before it when only so many may share.
//! They know jobs and moments; who sends them and over what network is not their business.
//!
//! ```text
//!  arrive(now, work) ──► [ waiting … ][ in service ] ──► departure moment
//! ```

use crate::model::units::Nanos;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// First come first served over `c` servers, by recurrence:
/// start = max(arrival, earliest free server), departure = start + service.
#[derive(Clone, Debug)]
pub struct Fifo {
    free: BinaryHeap<Reverse<Nanos>>,
}

impl Fifo {
    /// `servers` ≥ 1 free servers; 0 is taken as 1.
    pub fn new(servers: u32) -> Self {
        Self {
            free: (0..servers.max(1)).map(|_| Reverse(Nanos::ZERO)).collect(),
        }
    }

    /// Departure of a job that arrives now. Arrivals must come in the order of time.
    pub fn arrive(&mut self, now: Nanos, service: Nanos) -> Nanos {
        let Reverse(free) = self.free.pop().expect("there is always a server");
        let departure = now.max(free) + service;
        self.free.push(Reverse(departure));
        departure
    }

    /// When the first server is free.
    pub fn free_at(&self) -> Nanos {
        self.free.peek().map_or(Nanos::ZERO, |Reverse(free)| *free)
    }

    /// Servers that still have work at a moment, by what has arrived so far.
    pub fn busy(&self, at: Nanos) -> usize {
        self.free.iter().filter(|Reverse(free)| *free > at).count()
    }

    /// All servers stand still until `until`: nothing starts before.
    pub fn stall(&mut self, until: Nanos) {
        self.free = self.free.drain().map(|Reverse(f)| Reverse(f.max(until))).collect();
    }

    /// From now on `servers` servers. Those free soonest leave; work already started keeps its departure.
    pub fn resize(&mut self, now: Nanos, servers: u32) {
        let servers = servers.max(1) as usize;
        while self.free.len() < servers {
            self.free.push(Reverse(now));
        }
        let mut free: Vec<_> = std::mem::take(&mut self.free).into_sorted_vec();
        // Sorted by Reverse: latest first, so the cut takes those free soonest.
        free.truncate(servers);
        self.free = free.into();
    }
}

/// Processor sharing: the jobs in service share a total rate that depends on how many are present.
/// Every job attains service equally, so one number orders all departures (virtual attained service).
/// With `c` seats and the rate min(n, c)·μ it is first come first served over c servers of rate μ: the others wait.
#[derive(Clone, Debug)]
pub struct Sharing {
    now: Nanos,
    /// Service every present job has attained since the beginning, work units.
    attained: f64,
    /// In service: (attained at which it is done, job), smallest first.
    jobs: BinaryHeap<Reverse<(Order, u64)>>,
    /// Most in service.
    seats: usize,
    /// (job, work, since) in the order of arrival.
    waiting: VecDeque<(u64, f64, Nanos)>,
    /// Nothing is served before this moment.
    stalled_until: Nanos,
}

/// A finite f64 with a total order.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Order(f64);

impl Eq for Order {}

impl PartialOrd for Order {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Order {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Default for Sharing {
    fn default() -> Self {
        Self::new()
    }
}

impl Sharing {
    /// An empty station at time zero, where nobody waits.
    pub fn new() -> Self {
        Self {
            now: Nanos::ZERO,
            attained: 0.0,
            jobs: BinaryHeap::new(),
            seats: usize::MAX,
            waiting: VecDeque::new(),
            stalled_until: Nanos::ZERO,
        }
    }

    /// Jobs present, waiting or in service.
    pub fn present(&self) -> usize {
        self.jobs.len() + self.waiting.len()
    }

    /// From now on (after `advance(now)`) at most so many ≥ 1 in service; who is in service stays in it.
    pub fn resize(&mut self, seats: usize) {
        self.seats = seats.max(1);
        self.seat();
    }

    /// When the job that waits longest arrived.
    pub fn waits_since(&self) -> Option<Nanos> {
        self.waiting.front().map(|w| w.2)
    }

    /// The job that waits longest leaves without having been served.
    pub fn give_up(&mut self) -> Option<u64> {
        self.waiting.pop_front().map(|w| w.0)
    }

    /// Serves until `now` at the total rate `rate(n)` with n present, work units per second. No departure may lie before
    /// `now`: take those first.
    pub fn advance(&mut self, now: Nanos, rate: impl Fn(usize) -> f64) {
        let n = self.jobs.len();
        let from = self.now.max(self.stalled_until);
        if n > 0 && now > from {
            self.attained += (now - from).secs() * rate(self.present()) / n as f64;
        }
        self.now = self.now.max(now);
    }

    /// A job of `work` units arrives now (after `advance(now)`).
    pub fn arrive(&mut self, job: u64, work: f64) {
        if self.jobs.is_empty() {
            self.attained = 0.0; // keeps the numbers small over long runs
        }
        if self.jobs.len() >= self.seats {
            self.waiting.push_back((job, work, self.now));
            return;
        }
        self.jobs.push(Reverse((Order(self.attained + work), job)));
    }

    /// Gives free seats to those who wait longest.
    fn seat(&mut self) {
        while self.jobs.len() < self.seats {
            let Some((job, work, _)) = self.waiting.pop_front() else {
                return;
            };
            self.jobs.push(Reverse((Order(self.attained + work), job)));
        }
    }

    /// When the next job leaves if nothing else arrives and the rate law stays; `None` when empty or not served.
    pub fn next_departure(&self, rate: impl Fn(usize) -> f64) -> Option<Nanos> {
        let Reverse((Order(done), _)) = self.jobs.peek()?;
        let speed = rate(self.present()) / self.jobs.len() as f64;
        if speed <= 0.0 {
            return None;
        }
        let left = (done - self.attained).max(0.0) / speed;
        Some(self.now.max(self.stalled_until) + Nanos::from_secs_f64(left))
    }

    /// Takes the job that leaves next, after `advance` to its departure.
    pub fn depart(&mut self) -> Option<u64> {
        let Reverse((Order(done), job)) = self.jobs.pop()?;
        self.attained = self.attained.max(done);
        self.seat();
        Some(job)
    }

    /// Nothing is served before `until`.
    pub fn stall(&mut self, until: Nanos) {
        self.stalled_until = self.stalled_until.max(until);
    }

    /// Nothing is served for so long from now on, or from the end of the present stall.
    pub fn stall_for(&mut self, length: Nanos) {
        self.stalled_until = self.stalled_until.max(self.now) + length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Nanos = Nanos::from_millis;

    #[test]
    fn two_servers_serve_three_jobs_as_by_hand() {
        let mut s = Fifo::new(2);

        let out: Vec<Nanos> = [(0, 10), (1, 10), (2, 10)]
            .map(|(at, work)| s.arrive(MS(at), MS(work)))
            .into();

        assert_eq!(out, [MS(10), MS(11), MS(20)], "the third waits for the first");
    }

    #[test]
    fn a_station_says_who_is_free_and_who_is_not() {
        let mut s = Fifo::new(2);
        s.arrive(MS(0), MS(10));

        assert_eq!((s.free_at(), s.busy(MS(9)), s.busy(MS(10))), (MS(0), 1, 0));
        s.arrive(MS(1), MS(5));
        assert_eq!((s.free_at(), s.busy(MS(5))), (MS(6), 2));
    }

    #[test]
    fn fewer_servers_serve_slower_from_then_on() {
        let mut s = Fifo::new(4);
        s.resize(MS(5), 1);

        assert_eq!([s.arrive(MS(5), MS(10)), s.arrive(MS(5), MS(10))], [MS(15), MS(25)]);
    }

    #[test]
    fn two_jobs_share_one_server_equally() {
        let one = |_: usize| 1.0;
        let mut s = Sharing::new();
        s.arrive(1, 1.0);
        s.advance(Nanos::from_secs_f64(0.5), one);
        s.arrive(2, 1.0);

        // Job 1 has 0.5 left at half speed: leaves at 1.5. Job 2 then has 0.5 left at full speed: leaves at 2.0.
        let first = s.next_departure(one).unwrap();
        s.advance(first, one);
        assert_eq!((s.depart(), first), (Some(1), Nanos::from_millis(1500)));
        assert_eq!(s.next_departure(one), Some(Nanos::from_secs(2)));
    }

    #[test]
    fn sharing_among_three_seats_is_the_recurrence_of_three_servers() {
        let mut rng = fastrand::Rng::with_seed(3);
        let rate = |n: usize| n.min(3) as f64;
        let (mut line, mut fifo) = (Sharing::new(), Fifo::new(3));
        line.resize(3);
        let (mut now, mut expected, mut seen) = (Nanos::ZERO, Vec::new(), Vec::new());
        for job in 0..3_000u64 {
            let last = job == 2_999;
            now += Nanos::from_micros(rng.u64(0..2_000)) + if last { Nanos::from_secs(99) } else { Nanos::ZERO };
            let work = Nanos::from_micros(rng.u64(1..5_000));
            while let Some(at) = line.next_departure(rate).filter(|at| *at <= now) {
                line.advance(at, rate);
                seen.push((line.depart().unwrap(), at));
            }
            line.advance(now, rate);
            line.arrive(job, work.secs());
            expected.push((job, fifo.arrive(now, work)));
        }

        seen.sort_unstable();

        assert_eq!(seen.len(), 2_999);
        for ((a, at), (b, exact)) in seen.into_iter().zip(expected) {
            // Sums of thousands of jobs, each to the nanosecond.
            assert!(a == b && at.ns().abs_diff(exact.ns()) < 200, "{a} {b} {at:?} {exact:?}");
        }
    }

    #[test]
    fn who_gives_up_leaves_the_line_and_a_new_seat_goes_to_the_next() {
        let mut s = Sharing::new();
        s.resize(1);
        (1..=4).for_each(|job| s.arrive(job, 1.0));

        assert_eq!((s.present(), s.waits_since(), s.give_up()), (4, Some(Nanos::ZERO), Some(2)));
        s.resize(2);
        assert_eq!((s.present(), s.waits_since(), s.give_up()), (3, Some(Nanos::ZERO), Some(4)));
        assert_eq!((s.give_up(), s.present()), (None, 2));
    }

    #[test]
    fn stalls_add_up() {
        let mut s = Sharing::new();
        s.arrive(1, 1.0);
        (0..3).for_each(|_| s.stall_for(Nanos::from_secs(1)));

        assert_eq!(s.next_departure(|_| 1.0), Some(Nanos::from_secs(4)));
    }

    #[test]
    fn a_stall_delays_everything_by_its_length() {
        let one = |_: usize| 1.0;
        let mut s = Sharing::new();
        s.arrive(1, 1.0);
        s.stall(Nanos::from_secs(3));

        assert_eq!(s.next_departure(one), Some(Nanos::from_secs(4)));
    }
}
