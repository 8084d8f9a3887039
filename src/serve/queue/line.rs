//! First come first served over `c` servers, event by event: the law of `sim::station::Fifo`, and still right when
//! servers are added or taken away while jobs wait. It refuses to start a job out of order.

use crate::model::units::Nanos;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// A waiting line and the jobs in service.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    servers: usize,
    waiting: VecDeque<(u64, Nanos)>,
    /// (departure, job); may exceed `servers` after servers left: a job once begun is finished.
    busy: BinaryHeap<Reverse<(Nanos, u64)>>,
}

impl Line {
    /// An empty line before `servers` ≥ 1 servers.
    pub(super) fn new(servers: u32) -> Self {
        Self {
            servers: servers as usize,
            ..Self::default()
        }
    }

    /// Jobs present, waiting and in service.
    pub(super) fn present(&self) -> usize {
        self.waiting.len() + self.busy.len()
    }

    /// A job arrives now. Departures before `now` must have been taken.
    pub(super) fn arrive(&mut self, now: Nanos, job: u64, work: Nanos) {
        self.waiting.push_back((job, work));
        self.start(now);
    }

    /// When the next job leaves; `None` when empty.
    pub(super) fn next_departure(&self) -> Option<Nanos> {
        self.busy.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes the job that leaves next and gives its server to the next one waiting.
    pub(super) fn depart(&mut self) -> Option<u64> {
        let Reverse((now, job)) = self.busy.pop()?;
        self.start(now);
        Some(job)
    }

    /// From now on `servers` ≥ 1 servers.
    pub(super) fn resize(&mut self, now: Nanos, servers: u32) {
        self.servers = servers as usize;
        self.start(now);
    }

    fn start(&mut self, now: Nanos) {
        while self.busy.len() < self.servers {
            let Some((job, work)) = self.waiting.pop_front() else { return };
            self.busy.push(Reverse((now + work, job)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::station::Fifo;

    const MS: fn(u64) -> Nanos = Nanos::from_millis;

    fn drain(line: &mut Line) -> Vec<(Nanos, u64)> {
        std::iter::from_fn(|| Some((line.next_departure()?, line.depart()?))).collect()
    }

    #[test]
    fn departures_equal_those_of_the_recurrence() {
        let mut rng = fastrand::Rng::with_seed(3);
        let (mut line, mut fifo) = (Line::new(3), Fifo::new(3));
        let (mut now, mut expected, mut seen) = (Nanos::ZERO, Vec::new(), Vec::new());
        for job in 0..2_000 {
            now += Nanos::from_micros(rng.u64(0..2_000));
            let work = Nanos::from_micros(rng.u64(1..5_000));
            while line.next_departure().is_some_and(|d| d <= now) {
                seen.push((line.next_departure().unwrap(), line.depart().unwrap()));
            }
            line.arrive(now, job, work);
            expected.push((fifo.arrive(now, work), job));
        }

        seen.extend(drain(&mut line));

        expected.sort_unstable();
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_server_added_takes_the_job_that_waits_longest() {
        let mut line = Line::new(1);
        (0..3).for_each(|job| line.arrive(MS(0), job, MS(10)));

        line.resize(MS(2), 2);

        assert_eq!(drain(&mut line), [(MS(10), 0), (MS(12), 1), (MS(20), 2)]);
    }

    #[test]
    fn a_server_taken_away_finishes_its_job_and_begins_no_other() {
        let mut line = Line::new(2);
        (0..4).for_each(|job| line.arrive(MS(0), job, MS(10)));

        line.resize(MS(2), 1);

        assert_eq!(drain(&mut line), [(MS(10), 0), (MS(10), 1), (MS(20), 2), (MS(30), 3)]);
    }
}
