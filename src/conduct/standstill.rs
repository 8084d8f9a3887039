//! Standstills of this machine: beats of lanes that came far too late, by a stop signal, a theft of CPU, a paused guest.
//! It refuses to count one twice because several lanes saw it, and to tell of one before all of them could.

use crate::model::demand::{Demand, Drive};
use crate::model::format::count;
use crate::model::units::Nanos;
use crate::telemetry::interval::Interval;

/// A shorter pause is nothing to tell anybody.
const STALL: Nanos = Nanos::from_millis(100);

/// Lanes make their first connections until then: a beat that is late for that is no standstill.
const START: Nanos = Nanos::from_millis(100);

/// A lane may tell of a standstill in a pause when that is over: one that began so long after the last tick in it is of it.
const TOLD: Nanos = Nanos::from_millis(200);

/// It is told so long after its end at the latest: a lane that is not heard until then has no say.
const PATIENCE: Nanos = Nanos::from_secs(1);

/// One, as all lanes saw it.
#[derive(Debug)]
struct Standstill {
    from: Nanos,
    to: Nanos,
    /// Arrivals that were due meanwhile.
    late: f64,
    told: bool,
}

/// All of a run, in order.
#[derive(Debug, Default)]
pub(super) struct Standstills {
    all: Vec<Standstill>,
    /// When nothing was to be sent last, by the user's pause or ours at the end.
    rest: Option<(Nanos, Nanos)>,
}

impl Standstills {
    /// Adds those of one interval under `demand`. What is to be told, with its moment: those that overlap as one, when all
    /// lanes were heard after it. While nothing is to be sent, in a pause or a drain, and while the lanes start, none counts.
    pub(super) fn add(&mut self, i: &Interval, demand: &Demand) -> Vec<(Nanos, String)> {
        if demand.drive != Drive::Run {
            let from = self
                .rest
                .filter(|(_, to)| *to + TOLD >= i.from)
                .map_or(i.from, |(from, _)| from);
            self.rest = Some((from, i.to));
        }
        let resting = |at: Nanos| self.rest.is_some_and(|(from, to)| from <= at + STALL && at <= to + TOLD);
        let counts = |(at, lasted): &&(Nanos, Nanos)| *lasted > STALL && *at >= START && !resting(*at);
        let pauses: Vec<(Nanos, Nanos)> = i.health.pauses.iter().filter(counts).copied().collect();
        for (at, lasted) in pauses {
            let late = demand.rate.unwrap_or(0.0) * lasted.secs() / f64::from(i.lanes.max(1));
            self.saw(at, at + lasted, late);
        }
        // Lanes report at different moments; once an interval begins behind it, all of them had their say.
        let heard = |to| (i.heard >= i.lanes && i.from >= to) || i.to >= to + PATIENCE;
        self.tell(heard)
    }

    /// Everything not yet told.
    pub(super) fn rest(&mut self) -> Vec<(Nanos, String)> {
        self.tell(|_| true)
    }

    /// When and how long each was.
    pub(super) fn list(&self) -> Vec<(Nanos, Nanos)> {
        self.all.iter().map(|s| (s.from, s.to - s.from)).collect()
    }

    /// A lane stood still.
    fn saw(&mut self, from: Nanos, to: Nanos, late: f64) {
        if let Some(same) = self.all.iter_mut().rev().find(|s| from <= s.to && s.from <= to) {
            (same.from, same.to) = (same.from.min(from), same.to.max(to));
            same.late += late;
            return;
        }
        let place = self.all.partition_point(|s| s.from < from);
        let told = false;
        self.all.insert(place, Standstill { from, to, late, told });
    }

    fn tell(&mut self, ripe: impl Fn(Nanos) -> bool) -> Vec<(Nanos, String)> {
        let fresh = self.all.iter_mut().filter(|s| !s.told && ripe(s.to));
        fresh
            .map(|s| {
                s.told = true;
                (s.from, stall_sentence(s.to - s.from, s.late))
            })
            .collect()
    }
}

fn stall_sentence(long: Nanos, late: f64) -> String {
    let long = if long.secs() >= 1.0 {
        format!("{:.1} s", long.secs())
    } else {
        long.to_string()
    };
    match late.round() as u64 {
        0 => format!("generator stalled {long}"),
        n => format!("generator stalled {long}, {} requests late", count(n)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Nanos = Nanos::from_millis;

    fn open() -> Demand {
        Demand {
            rate: Some(200.0),
            ..Demand::default()
        }
    }

    /// Of two lanes, of which so many were heard.
    fn interval(from: u64, to: u64, heard: u32, pauses: &[(u64, u64)]) -> Interval {
        let mut i = Interval {
            from: MS(from),
            to: MS(to),
            lanes: 2,
            heard,
            ..Interval::default()
        };
        i.health.pauses = pauses.iter().map(|(at, long)| (MS(*at), MS(*long))).collect();
        i
    }

    #[test]
    fn a_standstill_of_all_lanes_is_one_with_the_requests_it_made_late() {
        let mut g = Standstills::default();

        let first = g.add(
            &interval(3_900, 7_010, 2, &[(3000, 100), (4000, 2990), (4005, 2995)]),
            &open(),
        );
        let then = g.add(&interval(7_010, 7_110, 2, &[]), &open());
        let again = g.add(&interval(7_110, 7_210, 2, &[]), &open());

        // 200/s for 3 s, half of them in each lane.
        assert_eq!(then, [(MS(4000), "generator stalled 3.0 s, 599 requests late".into())]);
        assert!(first.is_empty() && again.is_empty());
        assert_eq!(g.list(), [(MS(4000), MS(3000))]);
        assert_eq!(stall_sentence(MS(230), 0.0), "generator stalled 230 ms");
    }

    #[test]
    fn lanes_that_report_in_different_ticks_are_all_counted() {
        let mut g = Standstills::default();
        let late = |told: &[(Nanos, String)]| told.iter().any(|(_, s)| s.ends_with("600 requests late"));

        // The second lane's report is half a tick late; the mean of the ends is in the middle of the standstill until then.
        let one = g.add(&interval(3_990, 5_500, 1, &[(4000, 3000)]), &open());
        let both = g.add(&interval(5_500, 7_100, 2, &[(4000, 3000)]), &open());
        let after = g.add(&interval(7_100, 7_200, 2, &[]), &open());

        assert!(one.is_empty() && both.is_empty() && late(&after), "{after:?}");
    }

    #[test]
    fn a_lane_that_is_not_heard_again_keeps_nothing_from_being_told() {
        let half = |told: Vec<(Nanos, String)>| told == [(MS(4000), "generator stalled 3.0 s, 300 requests late".to_owned())];
        let (mut g, mut over) = (Standstills::default(), Standstills::default());

        g.add(&interval(3_990, 7_900, 1, &[(4000, 3000)]), &open());
        over.add(&interval(3_990, 7_900, 1, &[(4000, 3000)]), &open());

        assert!(half(g.add(&interval(7_900, 8_000, 1, &[]), &open())));
        assert!(half(over.rest()) && over.rest().is_empty(), "the run is over");
    }

    #[test]
    fn what_stands_still_in_a_pause_at_the_start_or_in_a_drain_is_none() {
        let stalls = |at, drive| {
            let mut g = Standstills::default();
            g.add(&interval(0, 9_000, 2, &[(at, 3_000)]), &Demand { drive, ..open() });
            g.list().len()
        };

        assert_eq!((stalls(4_000, Drive::Run), stalls(60, Drive::Run)), (1, 0));
        assert_eq!((stalls(4_000, Drive::Pause), stalls(4_000, Drive::Drain)), (0, 0));
    }

    #[test]
    fn a_suspended_process_that_was_paused_first_did_not_stand_still() {
        let mut g = Standstills::default();
        let paused = Demand {
            drive: Drive::Pause,
            ..open()
        };
        g.add(&interval(3_900, 4_000, 2, &[]), &open());
        g.add(&interval(4_000, 4_100, 2, &[]), &paused);
        // Stopped at 4.1 s, awake at 7.1 s: one lane tells before the traffic is resumed, one after.
        g.add(&interval(4_100, 5_600, 1, &[(4_105, 2_995)]), &paused);
        g.add(&interval(5_600, 7_200, 2, &[(4_105, 2_995)]), &open());
        assert!(g.list().is_empty(), "{:?}", g.list());

        g.add(&interval(7_200, 9_000, 2, &[(8_000, 900)]), &open());
        assert_eq!(g.list(), [(MS(8_000), MS(900))]);
    }
}
