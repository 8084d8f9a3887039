//! A target that refuses connections for four of twelve seconds, under the whole conductor, in virtual time.

use super::*;
use crate::conduct::{Conductor, Limits, Plant};
use crate::model::command::Line;
use crate::model::demand::{Demand, Drive};
use crate::model::run::RunInfo;
use crate::model::setpoints::{LoadModel, Mode, Setpoints};
use crate::telemetry::frame::{Frame, Phase};
use std::sync::Arc;

/// Every worker is answered after 10 ms, but refused for a while; those refused are tried again within the tick.
struct Target {
    to: Nanos,
    demand: Demand,
    refuses: fn(f64) -> bool,
    /// Most workers it was asked for while it refused for more than a second.
    most: f64,
}

impl Plant for Target {
    fn set(&mut self, demand: Demand) {
        self.demand = demand;
    }

    fn collect(&mut self, now: Nanos) -> Interval {
        let mut i = Interval {
            from: std::mem::replace(&mut self.to, now),
            to: now,
            lanes: 1,
            heard: 1,
            ..Interval::default()
        };
        if self.demand.drive != Drive::Run {
            return i;
        }
        let down = (self.refuses)(i.from.secs());
        if down && (self.refuses)(i.from.secs() - 1.2) {
            self.most = self.most.max(self.demand.workers);
        }
        let n = self.demand.rate.map_or(self.demand.workers * 10.0, |r| r / 10.0) as u64;
        let t = &mut i.tally;
        t.scheduled = n;
        if down {
            t.unsent = n;
            (0..n).for_each(|_| t.count_error(Failure::Refused, Some("connection refused"), i.to));
            i.gauges.backing = 1;
        } else {
            (t.sent, t.ok) = (n, n);
            t.direct.record_n(Nanos::from_millis(10), n);
        }
        i.gauges.workers = self.demand.workers as u64;
        i.gauges.busy = if down { 0.0 } else { n as f64 / 10.0 };
        i
    }
}

fn run(set: Setpoints, seconds: u64, refuses: fn(f64) -> bool) -> (Vec<Arc<Frame>>, f64) {
    let limits = Limits {
        duration: Some(Nanos::from_secs(seconds)),
        ..Limits::default()
    };
    let mut target = Target {
        to: Nanos::ZERO,
        demand: Demand::default(),
        refuses,
        most: 0.0,
    };
    let mut c = Conductor::new(RunInfo::default(), set, limits, Vec::<Line>::new());
    c.start(&mut target);
    let mut frames: Vec<Arc<Frame>> = Vec::new();
    while frames.last().is_none_or(|f| f.phase != Phase::Done) {
        let now = Nanos::from_millis(100) * (frames.len() as u64 + 1);
        frames.push(c.tick(now, &mut target, &[]));
    }
    (frames, target.most)
}

fn manual(workers: u32) -> Setpoints {
    Setpoints {
        mode: Mode::Manual,
        asked: Some(workers),
        ..Setpoints::default()
    }
}

fn from_four_to_eight(at: f64) -> bool {
    (3.95..7.95).contains(&at)
}

#[test]
fn four_of_twelve_seconds_are_an_outage_with_its_events_and_one_worker_tries() {
    let (frames, most) = run(manual(50), 12, from_four_to_eight);

    let last = frames.last().unwrap();
    let outage = Outage {
        from: Nanos::from_secs(4),
        to: Some(Nanos::from_secs(8)),
        reason: "connection refused".into(),
    };
    assert_eq!(last.outages, [outage]);
    assert!((last.whole.stalled.1 - 4.0).abs() < 1e-9, "{:?}", last.whole.stalled);
    let told: Vec<&str> = last.notices.iter().map(|n| n.what.as_str()).collect();
    assert_eq!(told, ["DOWN 1.0 s: connection refused", "back after 4.0 s"], "once each");
    assert_eq!(most, 1.0, "one worker tries");
    assert_eq!(last.control.workers, 50.0, "and the others are back");
    let during = frames.iter().find(|f| f.at.secs() >= 6.0).unwrap();
    assert_eq!(during.down().map(|o| o.from), Some(Nanos::from_secs(4)));
    assert!(last.curve.iter().all(|r| r.errors == 0.0), "no evidence for the curve");
    assert!((last.curve[0].good_rps - 5000.0).abs() < 1.0, "{:?}", last.curve[0]);
}

#[test]
fn a_law_finds_its_workers_as_they_were() {
    let (frames, _) = run(Setpoints::default(), 20, |at| (9.95..13.95).contains(&at));
    let at = |s: f64| frames.iter().find(|f| f.at.secs() >= s).unwrap().control.workers;

    assert!(at(9.9) > 1.0 && at(14.1) >= 0.9 * at(9.9), "{} {}", at(9.9), at(14.1));
}

#[test]
fn in_open_traffic_all_arrivals_go_on_being_due_and_end_unsent() {
    let set = Setpoints {
        mode: Mode::Manual,
        model: LoadModel::Open,
        rate: Some(100.0),
        ..Setpoints::default()
    };
    let (frames, most) = run(set, 12, from_four_to_eight);

    let last = frames.last().unwrap();
    assert_eq!((last.books.scheduled, last.books.unsent), (1200, 400));
    assert!(most >= 1.0, "the limit of workers stays");
    assert_eq!(last.outages.len(), 1);
}

#[test]
fn errors_among_answers_slow_answers_and_silence_alone_are_no_outage() {
    let mut o = Outages::default();
    let tick = |k: u64, ok: u64, refused: u64| {
        let mut i = Interval {
            from: Nanos::from_millis(100 * k),
            to: Nanos::from_millis(100 * k + 100),
            lanes: 1,
            heard: 1,
            ..Interval::default()
        };
        i.tally.ok = ok;
        i.tally.direct.record_n(Nanos::from_millis(900), ok);
        i.tally.errors[Failure::Refused as usize] = refused;
        i
    };
    assert!((0..20).all(|k| o.see(&tick(k, 1, 50), true).is_none()));
    assert!((20..60).all(|k| o.see(&tick(k, 0, 0), true).is_none()), "it only hangs");
    o.see(&tick(60, 1, 0), true);
    let at = (61..100).find(|k| o.see(&tick(*k, 0, 1), true).is_some());

    assert_eq!(at, Some(61 + 26), "three times the longest answer of 900 ms");
    assert!(o.down() && o.excuses());
    assert_eq!(o.see(&tick(100, 1, 0), true).as_deref(), Some("back after 3.9 s"));
    o.see(&tick(101, 0, 9), true);
    assert!(!o.excuses(), "down again at once: the law is to hear of it");
}

#[test]
fn the_event_fits_its_pane_whatever_attempts_fail_of() {
    for class in FAILED {
        let text = event(class, 599.9);
        assert!(text.chars().count() <= 40 && !text.contains("attempts fail"), "{text}");
    }
}
