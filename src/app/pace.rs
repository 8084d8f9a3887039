//! The conductor's beat: one tick every 100 ms of real or virtual time, until the last frame.

use super::journal::Feed;
use crate::clock::Epoch;
use crate::conduct::{Conductor, Plant, Said};
use crate::link::Far;
use crate::model::command::Command;
use crate::model::notice::Who;
use crate::model::units::Nanos;
use crate::telemetry::frame::Phase;

/// Control period.
const TICK: Nanos = Nanos::from_millis(100);

/// Ticks on the absolute grid of `epoch`, sleeping in between; a late tick skips to the next grid point.
pub(super) fn real(mut conductor: Conductor, plant: &mut impl Plant, far: &Far, feed: &Feed, epoch: Epoch) {
    conductor.start(plant);
    loop {
        let next = Nanos::new((epoch.now().ns() / TICK.ns() + 1) * TICK.ns());
        std::thread::sleep((next - epoch.now()).duration());
        if tick(&mut conductor, plant, (far, feed), epoch.now()) {
            return;
        }
    }
}

/// Ticks in virtual time: at `speed` times real time, or as fast as it can where that is `None`.
pub(super) fn virtual_time(mut conductor: Conductor, plant: &mut impl Plant, far: &Far, feed: &Feed, speed: Option<f64>) {
    let epoch = Epoch::new();
    conductor.start(plant);
    for k in 1.. {
        let now = TICK * k;
        if let Some(speed) = speed {
            let due = Nanos::from_secs_f64(now.secs() / speed);
            std::thread::sleep((due - epoch.now()).duration());
        }
        if tick(&mut conductor, plant, (far, feed), now) {
            return;
        }
    }
}

/// One tick; true after the last.
fn tick(conductor: &mut Conductor, plant: &mut impl Plant, (far, feed): (&Far, &Feed), now: Nanos) -> bool {
    let frame = conductor.tick(now, plant, &said(far));
    let over = frame.phase == Phase::Done;
    feed.give(&frame);
    far.frames.send_replace(frame);
    over
}

/// What lies on the desk; a front end that has gone away wishes the end.
fn said(far: &Far) -> Vec<Said> {
    let desk = far.desk.borrow();
    let mut all: Vec<Said> = desk
        .recent
        .iter()
        .map(|n| Said {
            number: n.number,
            who: n.who,
            command: n.command.clone(),
        })
        .collect();
    if far.desk.has_changed().is_err() {
        all.push(Said {
            number: desk.last + 1,
            who: Who::Engine,
            command: Command::Quit,
        });
    }
    all
}
