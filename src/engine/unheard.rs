//! A lane that says nothing: what the whole run makes of it. Virtual time; the lane has no thread.

use super::due::Due;
use super::fake::plan;
use super::lanes::{Lanes, Port};
use super::room::Room;
use crate::clock::Epoch;
use crate::conduct::{Conductor, Limits};
use crate::model::run::RunInfo;
use crate::model::setpoints::{LoadModel, Mode, Setpoints};
use crate::model::units::Nanos;
use crate::plan::Plan;
use crate::telemetry::frame::{Frame, Phase};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

#[test]
fn the_books_balance_in_every_frame_though_the_only_lane_is_never_heard() {
    let (_post, intervals) = sync_channel(1);
    let (spares, _returned) = sync_channel(1);
    let plan = Plan { threads: 1, ..plan() };
    let port = Port::new(Arc::default(), intervals, spares, Nanos::ZERO);
    let due = Arc::new(Due::new(&plan, Epoch::new(), None, 0));
    let mut lanes = Lanes::new(vec![port], due, Room::default(), Nanos::ZERO);
    let set = Setpoints {
        mode: Mode::Manual,
        model: LoadModel::Open,
        rate: Some(100.0),
        ..Setpoints::default()
    };
    let limits = Limits {
        duration: Some(Nanos::from_secs(1)),
        ..Limits::default()
    };
    let mut conductor = Conductor::new(RunInfo::default(), set, limits, vec![]);
    conductor.start(&mut lanes);

    let mut frames = Vec::new();
    while frames.last().is_none_or(|f: &Arc<Frame>| f.phase != Phase::Done) {
        let now = Nanos::from_millis(100) * (frames.len() as u64 + 1);
        frames.push(conductor.tick(now, &mut lanes, &[]));
    }

    assert!(frames.iter().all(|f| f.books.balanced()));
    let last = frames.last().unwrap();
    assert_eq!((last.books.scheduled, last.books.queued, last.books.not_sent), (100, 0, 100));
    assert_eq!(last.columns.iter().map(|c| c.offered).sum::<u64>(), 100);
    assert!(!last.valid, "nothing is known");
}
