//! Queueing stations, exact in virtual time: c servers first come first served, and processor sharing.
//! They know jobs and moments; who sends them and over what network is not their business.
//!
//! ```text
//!  arrive(now, work) ──► [ waiting … ][ in service ] ──► departure moment
//! ```

use crate::model::units::Nanos;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

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

/// Processor sharing: the `n` jobs present share a total rate that depends on `n`.
/// Every job attains service equally, so one number orders all departures (virtual attained service).
#[derive(Clone, Debug)]
pub struct Sharing {
    now: Nanos,
    /// Service every present job has attained since the beginning, work units.
    attained: f64,
    /// (attained at which it is done, job), smallest first.
    jobs: BinaryHeap<Reverse<(Order, u64)>>,
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
    /// An empty station at time zero.
    pub fn new() -> Self {
        Self {
            now: Nanos::ZERO,
            attained: 0.0,
            jobs: BinaryHeap::new(),
            stalled_until: Nanos::ZERO,
        }
    }

    /// Jobs present.
    pub fn present(&self) -> usize {
        self.jobs.len()
    }

    /// Serves until `now` at the total rate `rate(n)`, work units per second. No departure may lie before `now`:
    /// take those first.
    pub fn advance(&mut self, now: Nanos, rate: impl Fn(usize) -> f64) {
        let n = self.jobs.len();
        let from = self.now.max(self.stalled_until);
        if n > 0 && now > from {
            self.attained += (now - from).secs() * rate(n) / n as f64;
        }
        self.now = self.now.max(now);
    }

    /// A job of `work` units arrives now (after `advance(now)`).
    pub fn arrive(&mut self, job: u64, work: f64) {
        if self.jobs.is_empty() {
            self.attained = 0.0; // keeps the numbers small over long runs
        }
        self.jobs.push(Reverse((Order(self.attained + work), job)));
    }

    /// When the next job leaves if nothing else arrives and the rate law stays; `None` when empty or not served.
    pub fn next_departure(&self, rate: impl Fn(usize) -> f64) -> Option<Nanos> {
        let Reverse((Order(done), _)) = self.jobs.peek()?;
        let n = self.jobs.len();
        let speed = rate(n) / n as f64;
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
        Some(job)
    }

    /// Nothing is served before `until`.
    pub fn stall(&mut self, until: Nanos) {
        self.stalled_until = self.stalled_until.max(until);
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
    fn a_stall_delays_everything_by_its_length() {
        let one = |_: usize| 1.0;
        let mut s = Sharing::new();
        s.arrive(1, 1.0);
        s.stall(Nanos::from_secs(3));

        assert_eq!(s.next_departure(one), Some(Nanos::from_secs(4)));
    }
}
