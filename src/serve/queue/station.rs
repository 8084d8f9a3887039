//! The target's truth: network, station and network again, event by event, for whoever tells it the time.
//! It refuses clocks: it may be told the time late, and still every moment comes out as if it had been told at once.
//!
//! ```text
//!  read ──delay/2──► arrival [ waiting … ][ in service ] departure ──delay/2──► due
//! ```

use super::line::Line;
use super::settings::Settings;
use super::stalls::Stalls;
use crate::model::units::Nanos;
use crate::sim::station::Sharing;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

/// What comes out: a request whose answer is due.
#[derive(Debug, PartialEq)]
pub(super) struct Due<T> {
    /// When the answer should leave.
    pub(super) at: Nanos,
    /// When the request was read; `None` when it never entered the network.
    pub(super) read: Option<Nanos>,
    /// Served, not turned away.
    pub(super) served: bool,
    /// The caller's.
    pub(super) ticket: T,
}

/// A request on its way to the station.
#[derive(Debug)]
struct Coming {
    at: Nanos,
    job: u64,
    /// s. Drawn on reading, which is the order of arrival.
    work: f64,
}

/// The station and the network before and behind it.
#[derive(Debug)]
pub(super) struct Station<T> {
    law: Settings,
    stalls: Stalls,
    rng: fastrand::Rng,
    coming: VecDeque<Coming>,
    line: Line,
    sharing: Sharing,
    jobs: HashMap<u64, Due<T>>,
    due: BinaryHeap<Reverse<(Nanos, u64)>>,
    next_job: u64,
    last_arrival: Nanos,
    /// Of the last event: what is told later cannot have happened before it.
    settled: Nanos,
}

/// The next thing to happen in the station, with its real moment.
#[derive(Clone, Copy, Debug)]
enum Event {
    LineDeparture,
    SharingDeparture,
    Step,
    Arrival,
}

impl<T> Station<T> {
    /// Empty, at time zero.
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            stalls: Stalls::new(&settings.stalls),
            rng: fastrand::Rng::with_seed(settings.seed),
            coming: VecDeque::new(),
            line: Line::new(settings.servers),
            sharing: Sharing::new(),
            jobs: HashMap::new(),
            due: BinaryHeap::new(),
            next_job: 0,
            last_arrival: Nanos::ZERO,
            settled: Nanos::ZERO,
            law: settings,
        }
    }

    /// A request was read. Returns a moment before which nothing new can be due because of it.
    pub(super) fn arrive(&mut self, read: Nanos, ticket: T) -> Nanos {
        self.advance(read);
        // The network keeps its order even when a step makes it faster.
        let at = (read + self.half_delay()).max(self.last_arrival).max(self.settled);
        self.last_arrival = at;
        let work = self.law.service.draw(&mut self.rng);
        let job = self.keep(Some(read), ticket);
        let coming = Coming { at, job, work };
        let soonest = self.soonest(&coming);
        self.coming.push_back(coming);
        soonest
    }

    /// An answer that does not pass the station, due now.
    pub(super) fn answer(&mut self, now: Nanos, ticket: T) {
        let job = self.keep(None, ticket);
        self.due.push(Reverse((now, job)));
    }

    /// Everything that happens up to `now`, in the order of time.
    pub(super) fn advance(&mut self, now: Nanos) {
        while let Some((at, event)) = self.next_event().filter(|(at, _)| *at <= now) {
            self.settled = at;
            match event {
                Event::LineDeparture => {
                    let job = self.line.depart();
                    self.release(at, job);
                }
                Event::SharingDeparture => {
                    self.share_until(at);
                    let job = self.sharing.depart();
                    self.release(at, job);
                }
                Event::Step => self.step(at),
                Event::Arrival => self.enter(),
            }
        }
    }

    /// Takes one answer that is due at `now` or before; `advance` first.
    pub(super) fn take_due(&mut self, now: Nanos) -> Option<Due<T>> {
        let Reverse((at, job)) = *self.due.peek()?;
        if at > now {
            return None;
        }
        self.due.pop();
        let mut due = self.jobs.remove(&job)?;
        due.at = at;
        Some(due)
    }

    /// Look again at this moment: nothing is due before it, unless something arrives. `None`: nothing is under way.
    pub(super) fn look_again(&self) -> Option<Nanos> {
        let due = self.due.peek().map(|Reverse((at, _))| *at);
        let departure = [self.next_line(), self.next_sharing()].into_iter().flatten().min();
        let coming = self.coming.iter().map(|c| self.soonest(c)).min();
        let step = self.law.steps.first().map(|s| s.at);
        [due, departure.map(|d| d + self.half_delay()), coming, step]
            .into_iter()
            .flatten()
            .min()
    }

    /// Jobs waiting and in service.
    pub(super) fn present(&self) -> usize {
        self.line.present() + self.sharing.present()
    }

    /// Highest rate under the present law, jobs/s.
    pub(super) fn capacity(&self) -> f64 {
        self.law.capacity()
    }

    fn keep(&mut self, read: Option<Nanos>, ticket: T) -> u64 {
        self.next_job += 1;
        let due = Due {
            at: Nanos::ZERO,
            read,
            served: read.is_some(),
            ticket,
        };
        self.jobs.insert(self.next_job, due);
        self.next_job
    }

    /// A job alone is served at most at speed 1, so its work bounds its stay; one that may be turned away has no stay.
    fn soonest(&self, coming: &Coming) -> Nanos {
        let stay = if self.law.admit.is_some() { 0.0 } else { coming.work };
        coming.at + Nanos::from_secs_f64(stay) + self.half_delay()
    }

    fn half_delay(&self) -> Nanos {
        Nanos::new(self.law.delay.ns() / 2)
    }

    fn next_line(&self) -> Option<Nanos> {
        self.line.next_departure().map(|d| self.stalls.real(d))
    }

    fn next_sharing(&self) -> Option<Nanos> {
        self.sharing
            .next_departure(|n| self.law.speed(n))
            .map(|d| self.stalls.real(d))
    }

    /// Departures come first among equals: who leaves at the moment another arrives does not meet it.
    fn next_event(&self) -> Option<(Nanos, Event)> {
        let events = [
            (self.next_line(), Event::LineDeparture),
            (self.next_sharing(), Event::SharingDeparture),
            (self.law.steps.first().map(|s| s.at), Event::Step),
            (self.coming.front().map(|c| c.at), Event::Arrival),
        ];
        events
            .into_iter()
            .filter_map(|(at, e)| Some((at?, e)))
            .min_by_key(|(at, _)| *at)
    }

    fn share_until(&mut self, real: Nanos) {
        self.sharing.advance(self.stalls.served(real), |n| self.law.speed(n));
    }

    fn release(&mut self, at: Nanos, job: Option<u64>) {
        if let Some(job) = job {
            self.due.push(Reverse((at + self.half_delay(), job)));
        }
    }

    fn step(&mut self, at: Nanos) {
        self.share_until(at);
        let step = self.law.steps.remove(0);
        self.law.set(step.change);
        self.line.resize(self.stalls.served(at), self.law.servers);
    }

    fn enter(&mut self) {
        let Some(Coming { at, job, work }) = self.coming.pop_front() else {
            return;
        };
        let served = self.stalls.served(at);
        if self.law.admit.is_some_and(|most| self.present() >= most as usize) {
            if let Some(due) = self.jobs.get_mut(&job) {
                due.served = false;
            }
            self.release(at, Some(job));
        } else if self.law.contention.is_some() {
            self.share_until(at);
            self.sharing.arrive(job, work);
        } else {
            self.line.arrive(served, job, Nanos::from_secs_f64(work));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Nanos = Nanos::from_millis;

    fn station(options: &[(&str, &str)]) -> Station<u32> {
        let mut s = Settings::default();
        options.iter().for_each(|(k, v)| s.apply(k, v).unwrap());
        Station::new(s)
    }

    /// Departures in ms of requests read at these ms, all told only at the end, and whether they were served.
    fn told_late(station: &mut Station<u32>, reads: &[u64]) -> Vec<(f64, bool)> {
        for (i, at) in reads.iter().enumerate() {
            station.arrive(MS(*at), i as u32);
        }
        station.advance(MS(100_000));
        let mut out: Vec<_> = std::iter::from_fn(|| station.take_due(MS(100_000))).collect();
        out.sort_by_key(|d| d.ticket);
        out.iter().map(|d| (d.at.millis(), d.served)).collect()
    }

    #[test]
    fn two_servers_and_a_delay_as_by_hand() {
        let mut s = station(&[("servers", "2"), ("service", "const:10ms"), ("delay", "4ms")]);

        // Arrivals at 2, 3, 4; departures at 12, 13, and 22 for the one that waits; 2 ms back.
        assert_eq!(told_late(&mut s, &[0, 1, 2]), [(14.0, true), (15.0, true), (24.0, true)]);
    }

    #[test]
    fn sharing_slows_down_everybody_present() {
        let mut s = station(&[("servers", "9"), ("service", "const:10ms"), ("contention", "1:0")]);

        // Two present: total speed 2/(1+1) = 1, half each. From 5 to 15 the first does its last 5 ms; the second then
        // has 5 ms left, alone at speed 1.
        assert_eq!(told_late(&mut s, &[0, 5]), [(15.0, true), (20.0, true)]);
    }

    #[test]
    fn above_the_admitted_number_the_answer_is_no_at_once() {
        let mut s = station(&[("service", "const:10ms"), ("admit", "2"), ("delay", "2ms")]);

        let seen = told_late(&mut s, &[0, 1, 2, 11]);

        assert_eq!(seen, [(12.0, true), (22.0, true), (4.0, false), (32.0, true)]);
    }

    #[test]
    fn a_stall_moves_what_is_in_the_station_and_what_comes() {
        for law in ["off", "0:0"] {
            let mut s = station(&[("service", "const:10ms"), ("stall", "5ms:100ms"), ("contention", law)]);

            assert_eq!(told_late(&mut s, &[0, 110]), [(110.0, true), (120.0, true)], "{law}");
        }
    }

    #[test]
    fn a_step_changes_the_law_for_what_is_still_waiting() {
        let mut s = station(&[
            ("service", "const:10ms"),
            ("step", "5ms:servers=2"),
            ("step", "21ms:contention=0:0"),
        ]);

        // The second starts at 5 with the second server; the last shares with nobody.
        assert_eq!(
            told_late(&mut s, &[0, 0, 0, 30]),
            [(10.0, true), (15.0, true), (20.0, true), (40.0, true)]
        );
    }

    #[test]
    fn being_told_the_time_often_or_late_makes_no_difference() {
        let options = [
            ("servers", "3"),
            ("contention", ".1:.01"),
            ("delay", "3ms"),
            ("step", "40ms:servers=9"),
        ];
        let reads: Vec<u64> = (0..200).map(|i| i * 2).collect();
        let late = told_late(&mut station(&options), &reads);

        let mut s = station(&options);
        let mut often = Vec::new();
        for now in (0..100_000).map(|i| Nanos::from_micros(i * 100)) {
            if let Some(i) = reads.iter().position(|r| MS(*r) == now) {
                s.arrive(now, i as u32);
            }
            let promised = s.look_again();
            s.advance(now);
            while let Some(due) = s.take_due(now) {
                assert!(
                    promised.is_some_and(|p| p <= due.at),
                    "told to look at {promised:?}, due at {:?}",
                    due.at
                );
                often.push((due.ticket, due.at));
            }
        }

        often.sort_unstable();
        assert_eq!(often.len(), late.len());
        for ((_, at), (ms, _)) in often.iter().zip(&late) {
            assert!((at.millis() - ms).abs() < 1e-3, "{at:?} {ms}");
        }
    }
}
