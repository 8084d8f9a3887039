//! A protocol in memory for the tests of this room: it answers, hangs, refuses or panics as told.

use super::{Lanes, launch};
use crate::clock::Epoch;
use crate::conduct::Plant;
use crate::model::demand::{Demand, Drive};
use crate::model::failure::Failure;
use crate::model::seen::Seen;
use crate::model::units::Nanos;
use crate::plan::{Plan, Target};
use crate::protocol::{Protocol, Session};
use crate::telemetry::books::Books;
use crate::telemetry::interval::{Gauges, Interval};
use crate::telemetry::tally::Tally;
use std::net::TcpStream;
use std::task::Context;
use std::time::Duration;

/// What the fake target does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Habit {
    /// Answers 200 after this many milliseconds; 503 to every `bad`-th exchange.
    Answers { ms: u64, bad: u64 },
    /// Never answers, or only a head.
    Hangs { head: bool },
    /// Its answer was whole 1 ms after it was asked, as the session says 4 ms later, or never.
    Whole { says: bool },
    /// Connects never complete.
    Swallows,
    /// Connects fail.
    Refuses,
    /// Panics in the exchange of this number, answers others at once.
    Panics { at: u64 },
    /// Closes every connection after its first answer.
    ClosesIdle,
}

/// The protocol.
pub(super) struct Fake(pub(super) Habit);

/// A connection.
pub(super) struct FakeSession {
    habit: Habit,
    uses: u64,
}

impl Protocol for Fake {
    type S = FakeSession;

    async fn connect(&self, _: &mut Seen) -> Result<FakeSession, Failure> {
        match self.0 {
            Habit::Refuses => Err(Failure::Refused),
            Habit::Swallows => std::future::pending().await,
            habit => Ok(FakeSession { habit, uses: 0 }),
        }
    }

    fn adopt(&self, _: TcpStream, uses: u64) -> Option<FakeSession> {
        Some(FakeSession { habit: self.0, uses })
    }
}

impl Session for FakeSession {
    async fn exchange(&mut self, seq: u64, seen: &mut Seen) -> Result<(), Failure> {
        self.uses += 1;
        seen.tx += 10;
        match self.habit {
            Habit::Answers { ms: 0, .. } => tokio::task::yield_now().await,
            Habit::Answers { ms, .. } => tokio::time::sleep(Duration::from_millis(ms)).await,
            Habit::Hangs { head } => {
                seen.head = head;
                std::future::pending().await
            }
            Habit::Whole { says } => {
                seen.whole = seen.sent.map(|sent| sent + Nanos::from_millis(1));
                tokio::time::sleep(Duration::from_millis(4)).await;
                if !says {
                    std::future::pending().await
                }
            }
            Habit::Panics { at } if seq == at => panic!("the drill's panic"),
            Habit::Panics { .. } => tokio::time::sleep(Duration::from_millis(2)).await,
            Habit::ClosesIdle if self.uses > 1 => return Err(Failure::ReusedConnClosed),
            Habit::ClosesIdle | Habit::Refuses | Habit::Swallows => tokio::time::sleep(Duration::from_millis(1)).await,
        }
        seen.rx += 20;
        seen.status = match self.habit {
            Habit::Answers { bad, .. } if bad > 0 && seq.is_multiple_of(bad) => 503,
            _ => 200,
        };
        Ok(())
    }

    fn reusable(&self) -> bool {
        true
    }

    fn alive(&mut self, _: &mut Context<'_>, _: &mut Seen) -> bool {
        true
    }

    fn repeatable(&self) -> bool {
        true
    }
}

/// A plan for the fake target: three lanes, keep-alive, generous limits.
pub(super) fn plan() -> Plan {
    Plan {
        threads: 3,
        max_workers: 300,
        seed: 1,
        ..Plan::plain(Target::parse("tcp://127.0.0.1:1").expect("a good target"))
    }
}

/// Lanes against a fake target, with everything they said added up.
pub(super) struct Run {
    pub(super) epoch: Epoch,
    pub(super) lanes: Lanes,
    pub(super) total: Tally,
    pub(super) last: Interval,
    pub(super) busy: f64, // worker seconds
}

impl Run {
    pub(super) fn new(plan: &Plan, habit: Habit) -> Self {
        let epoch = Epoch::new();
        Self::of(epoch, launch(plan, epoch, move |_| Fake(habit), None, None).unwrap())
    }

    pub(super) fn of(epoch: Epoch, lanes: Lanes) -> Self {
        Self {
            epoch,
            lanes,
            total: Tally::default(),
            last: Interval::default(),
            busy: 0.0,
        }
    }

    pub(super) fn set(&mut self, workers: f64, drive: Drive) {
        self.lanes.set(Demand {
            workers,
            drive,
            stagger: Nanos::from_millis(20),
            ..Demand::default()
        });
    }

    /// The open model at this rate, with a limit of workers.
    pub(super) fn offer(&mut self, rate: f64, workers: f64, change: impl FnOnce(&mut Demand)) {
        let mut demand = Demand {
            workers,
            rate: Some(rate),
            ..Demand::default()
        };
        change(&mut demand);
        self.lanes.set(demand);
    }

    /// One collect; the books must balance after each.
    pub(super) fn collect(&mut self) {
        self.last = self.lanes.collect(self.epoch.now());
        self.total.merge(&self.last.tally);
        self.busy += self.last.gauges.busy * (self.last.to - self.last.from).secs();
        let books = Books::of(&self.total, &self.last.gauges);
        assert!(books.balanced(), "{books:?}");
    }

    /// Goes on for so many milliseconds, collecting every 50 ms.
    pub(super) fn go(&mut self, ms: u64) {
        let end = self.epoch.now() + Nanos::from_millis(ms);
        while self.epoch.now() < end {
            std::thread::sleep(Duration::from_millis(50.min(ms)));
            self.collect();
        }
    }

    /// Goes on until the levels are as wanted.
    pub(super) fn until(&mut self, wanted: impl Fn(&Gauges) -> bool) {
        let limit = self.epoch.now() + Nanos::from_secs(20);
        while !wanted(&self.last.gauges) {
            assert!(self.epoch.now() < limit, "never reached: {:?}", self.last.gauges);
            self.go(10);
        }
    }

    /// Ends the run this way and returns its complete books.
    pub(super) fn end(&mut self, drive: Drive) -> Books {
        self.set(0.0, drive);
        while !self.lanes.settled() {
            std::thread::sleep(Duration::from_millis(5));
            self.collect();
        }
        self.collect();
        Books::of(&self.total, &self.last.gauges)
    }
}
