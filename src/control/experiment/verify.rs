//! The check in open traffic: Poisson arrivals at a fixed rate, and whether the target keeps up with them.
//! It refuses to wait for a target that does not: growth is recognised early, and then nothing is sent until it is empty.
//! What piled up while this machine stood still is no growth: it is worked off first, and then the check goes on.
//!
//! ```text
//!  settle ─► hold: steady to the end ────────────────► the workers there were
//!              └► growing ─► nothing until it is empty ──┘
//! ```

use super::{Outcome, Progress};
use crate::control::{Observation, Open};
use crate::model::arrival::Process;
use crate::model::format::{length, quantity};
use crate::model::setpoints::Bounds;
use crate::model::units::Nanos;
use crate::telemetry::frame::{Evidence, State};
use crate::telemetry::latency::Summary;
use crate::telemetry::promise::{Breach, Check};
use std::collections::VecDeque;
use std::fmt;

/// So many times the workers of the knee may be in flight, and at least so many.
const ROOM: f64 = 10.0;
const LEAST_ROOM: f64 = 64.0;
/// More than so many times the workers of the knee under way: more than the closed model ever needed.
const CROWD: f64 = 2.0;
/// Ticks of a trend, shortest and longest that are looked at.
const TRENDS: [usize; 3] = [20, 30, 50];
/// A sum of independent symmetric steps exceeds this many times the root of their squares with a chance of at most
/// exp(−Z²/2) (Hoeffding): one in 2,600 a look, and few looks are independent.
const Z: f64 = 3.97;
/// The first part is not judged, s.
const SETTLE: f64 = 1.0;
/// Longest wait for an empty target, s.
const PATIENCE: f64 = 30.0;

/// What is offered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Traffic {
    /// Arrivals per second, > 0.
    pub rate: f64,
    /// That over the knee's good rate.
    pub of_knee: f64,
    /// Workers of the knee.
    pub knee_workers: u32,
    /// For so long.
    pub time: Nanos,
    /// From then on.
    pub at: Nanos,
}

/// A running check.
#[derive(Clone, Debug)]
pub struct Verify {
    pub(super) workers: f64,
    traffic: Traffic,
    cap: u32,
    span: f64,
    /// Exchanges under way at the end of every tick.
    under_way: VecDeque<f64>,
    /// Of these, so many belong to a trend: those since the generator last stood still.
    judged: usize,
    /// The generator stood still, and nothing is sent until what piled up then is gone.
    aside: bool,
    backlog: u64,
    steady: Option<bool>,
    breach: Breach,
    /// Emptying: seconds.
    emptying: Option<f64>,
    over: bool,
}

impl Verify {
    pub(super) fn new(workers: f64, traffic: Traffic, bounds: Bounds) -> Result<Self, String> {
        let room = (ROOM * f64::from(traffic.knee_workers)).max(LEAST_ROOM);
        let cap = room.min(f64::from(bounds.max)) as u32;
        if f64::from(cap) < CROWD * f64::from(traffic.knee_workers) {
            return Err(format!(
                "open traffic needs room for more than {cap} in flight (say bounds {}..{:.0})",
                bounds.min, room
            ));
        }
        Ok(Self {
            workers,
            traffic,
            cap,
            span: 0.0,
            under_way: VecDeque::new(),
            judged: 0,
            aside: false,
            backlog: 0,
            steady: None,
            breach: Breach::Growth,
            emptying: None,
            over: false,
        })
    }

    /// What it has seen so far; latencies are the conductor's.
    pub(super) fn check(&self) -> Check {
        Check {
            rate: self.traffic.rate,
            of_knee: self.traffic.of_knee,
            at: self.traffic.at,
            held: self.span,
            wanted: self.traffic.time.secs(),
            response: Summary::default(),
            backlog: self.backlog,
            steady: self.steady,
            breach: self.breach,
            over: self.over,
        }
    }

    pub(super) fn state(&self) -> State {
        if self.aside || self.emptying.is_some() {
            State::Recover
        } else {
            State::Verify
        }
    }

    /// A guard objects; at first to what was sent before.
    pub(super) fn object(&mut self, why: Breach) {
        if self.span > SETTLE {
            self.fail(why);
        }
    }

    /// It does not hold.
    fn fail(&mut self, why: Breach) {
        if self.emptying.is_none() {
            (self.steady, self.breach) = (Some(false), why);
            self.emptying = Some(0.0);
        }
    }

    /// Whether what piled up in a standstill of the generator is still there. Short ones leave no more than the knee has
    /// under way.
    fn aside(&mut self, seen: &Observation) -> bool {
        self.aside |= seen.paused() * self.traffic.rate > f64::from(self.traffic.knee_workers);
        self.aside &= seen.in_flight + seen.waiting > 0;
        if self.aside {
            self.judged = 0;
        }
        self.aside
    }

    pub(super) fn tick(&mut self, seen: &Observation) -> Progress {
        if let Some(waited) = self.emptying {
            return self.empty(seen, waited);
        }
        if seen.offered.is_none() {
            // The tick before the traffic begins.
            return self.progress(Some(self.traffic.rate));
        }
        if self.aside(seen) {
            return self.progress(Some(0.0));
        }
        self.span += seen.span;
        let under_way = seen.in_flight + seen.waiting;
        self.backlog = self.backlog.max(under_way);
        self.under_way.push_back(under_way as f64);
        self.judged += 1;
        if self.span > SETTLE && self.growing() {
            self.fail(Breach::Growth);
            return self.progress(Some(0.0));
        }
        if self.span < self.traffic.time.secs() - 1e-9 {
            return self.progress(Some(self.traffic.rate));
        }
        if self.grown() {
            self.fail(Breach::Growth);
            return self.progress(Some(0.0));
        }
        self.steady = Some(true);
        self.end()
    }

    /// Full, or upwards by more than chance explains and more under way than the closed model ever needed.
    fn growing(&self) -> bool {
        let now = self.under_way.back().copied().unwrap_or(0.0);
        let crowd = CROWD * f64::from(self.traffic.knee_workers);
        let trend = |ticks: &usize| {
            let from = self.under_way.len().checked_sub(ticks + 1).filter(|_| self.judged > *ticks)?;
            let part: Vec<f64> = self.under_way.range(from..).copied().collect();
            let squares: f64 = part.windows(2).map(|w| (w[1] - w[0]).powi(2)).sum();
            Some((part[*ticks] - part[0]) / squares.sqrt().max(1.0))
        };
        now >= f64::from(self.cap) || (now > crowd && TRENDS.iter().filter_map(trend).any(|z| z > Z))
    }

    /// At the end: the last quarter of the time was crowded throughout.
    fn grown(&self) -> bool {
        let crowd = CROWD * f64::from(self.traffic.knee_workers);
        let last = self.under_way.len() / 4;
        let late = self.under_way.range(self.under_way.len() - last..);
        last > 0 && late.copied().fold(f64::MAX, f64::min) > crowd
    }

    fn empty(&mut self, seen: &Observation, waited: f64) -> Progress {
        self.emptying = Some(waited + seen.span);
        if seen.in_flight + seen.waiting > 0 && waited < PATIENCE {
            return self.progress(Some(0.0));
        }
        self.end()
    }

    fn end(&mut self) -> Progress {
        self.over = true;
        Progress {
            outcome: Some(Outcome::Check(self.check())),
            ..self.progress(None)
        }
    }

    fn progress(&self, rate: Option<f64>) -> Progress {
        let open = rate.map(|rate| Open {
            rate,
            arrivals: Process::Poisson,
            cap: Some(self.cap),
            limits: None,
        });
        let left = (self.traffic.time.secs() - self.span).max(0.0);
        Progress {
            workers: open.map_or(self.workers, |_| f64::from(self.cap)),
            open,
            evidence: Some(Evidence {
                have: self.span * self.traffic.rate,
                need: self.traffic.time.secs() * self.traffic.rate,
                seconds: left,
            }),
            outcome: None,
        }
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = 100.0 * self.of_knee;
        let (rate, time) = (quantity(self.rate), length(self.time.secs()));
        write!(f, "{rate}/s as open traffic for {time}, {share:.0} % of the knee")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNEE: Traffic = Traffic {
        rate: 1000.0,
        of_knee: 0.75,
        knee_workers: 20,
        time: Nanos::from_secs(20),
        at: Nanos::ZERO,
    };

    fn check() -> Verify {
        Verify::new(20.0, KNEE, Bounds { min: 1, max: 4096 }).unwrap()
    }

    fn seen(i: u64, in_flight: u64) -> Observation {
        Observation {
            in_flight,
            offered: Some(1000.0),
            ..Observation::tick(i, 100, 0.01, 200.0)
        }
    }

    /// The tick at which it says growing, with so many under way in every tick.
    fn recognised(under_way: impl Fn(u64) -> u64) -> Option<u64> {
        let mut v = check();
        (0..200).find(|i| {
            v.tick(&seen(*i, under_way(*i)));
            v.steady == Some(false)
        })
    }

    #[test]
    fn growth_is_recognised_within_five_seconds_of_its_beginning() {
        // 3 s of calm, then 30/s and 300/s more than is answered.
        let slow = recognised(|i| 20 + 3 * i.saturating_sub(30)).unwrap();
        let fast = recognised(|i| 12 + 30 * i.saturating_sub(30)).unwrap();

        assert!((30..80).contains(&slow), "{slow}");
        assert!((30..50).contains(&fast), "{fast}");
    }

    #[test]
    fn a_standstill_that_is_worked_off_is_no_growth() {
        // 0.4 s in which nothing is answered, then 1.2 s of catching up, every 10 s.
        let calm = recognised(|i| match i % 100 {
            t @ 50..54 => 15 + 35 * (t - 49),
            t @ 54..66 => 155 - 11 * (t - 54),
            _ => 15,
        });

        assert_eq!(calm, None);
    }

    #[test]
    fn what_piles_up_while_this_machine_stands_still_is_worked_off_first_and_is_no_growth() {
        let mut v = check();
        (0..50).for_each(|i| drop(v.tick(&seen(i, 15))));
        let late = Observation {
            pauses: vec![(Nanos::from_secs(5), Nanos::from_millis(400))],
            ..seen(50, 400)
        };

        let rate = |p: Progress| p.open.map(|o| o.rate);
        let mut rates = vec![rate(v.tick(&late))];
        rates.extend((1..=10).map(|i| rate(v.tick(&seen(50 + i, 400 - 40 * i)))));
        let ends = (61..300).find(|i| v.tick(&seen(*i, 15)).outcome.is_some());

        assert_eq!(rates[..10], [Some(0.0); 10]);
        assert_eq!(rates[10], Some(1000.0));
        assert_eq!((ends, v.steady), (Some(209), Some(true)), "the time is made up for");
    }

    #[test]
    fn a_guard_ends_it_with_its_own_reason_but_not_for_what_was_before() {
        let mut v = check();
        v.object(Breach::Errors(0.12));
        (0..15).for_each(|i| drop(v.tick(&seen(i, 12))));
        assert_eq!(v.steady, None);

        v.object(Breach::Errors(0.12));

        let said = v.check().to_string();
        assert!(said.ends_with("does NOT hold: 12 % errors after 1.5 s"), "{said}");
    }

    #[test]
    fn noise_around_a_level_raises_no_alarm() {
        let alarms = (0..400).filter(|seed| {
            let mut rng = fastrand::Rng::with_seed(*seed);
            let mut level = 45.0f64;
            let mut v = check();
            (0..200u64).any(|i| {
                // A walk that returns, above the crowd all the time.
                level = (level + rng.f64() * 20.0 - 10.0 - 0.05 * (level - 45.0)).clamp(41.0, 190.0);
                v.tick(&seen(i, level as u64));
                v.emptying.is_some() && i < 199
            })
        });

        assert!(alarms.count() <= 2);
    }

    #[test]
    fn it_backs_off_at_once_and_returns_when_the_target_is_empty() {
        let mut v = check();
        (0..11).for_each(|i| drop(v.tick(&seen(i, 12))));
        let off = v.tick(&seen(11, 250));

        let waits = v.tick(&seen(12, 3));
        let back = v.tick(&seen(13, 0));

        assert_eq!(off.open.map(|o| o.rate), Some(0.0));
        assert_eq!((waits.open.map(|o| o.rate), waits.outcome), (Some(0.0), None));
        assert_eq!((back.open, back.workers), (None, 20.0));
        assert!(matches!(back.outcome, Some(Outcome::Check(c)) if c.steady == Some(false) && c.backlog == 250 && c.over));
    }

    #[test]
    fn a_steady_check_lasts_as_long_as_was_asked_for() {
        let mut v = check();

        let ends = (0..300).find(|i| v.tick(&seen(*i, 12 + i % 5)).outcome.is_some());

        assert_eq!(ends, Some(199));
        assert_eq!(v.steady, Some(true));
    }
}
