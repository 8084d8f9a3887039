//! The conductor's beat: one tick every 100 ms of real or virtual time, until the last frame.
//! A tick that panics still leaves a last frame, with what was measured until then.

use super::journal::Feed;
use super::snapshots::Snapshots;
use crate::clock::Epoch;
use crate::conduct::{Conductor, Plant, Said};
use crate::link::Far;
use crate::model::command::Command;
use crate::model::notice::Who;
use crate::model::units::{Nanos, parse_duration};
use crate::telemetry::frame::{Frame, Phase};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

/// Control period.
const TICK: Nanos = Nanos::from_millis(100);
/// Asks the conductor to panic: `panic_engine@TIME`, such as `panic_engine@2s`.
const FAULT: &str = "CLOBBER_FAULT";

/// Where frames go, and what is written of them on command.
pub(super) struct Outlets<'a> {
    pub(super) far: &'a Far,
    pub(super) feed: &'a Feed,
    pub(super) snapshots: Snapshots,
}

/// A conductor with its plant and its outlets.
struct Run<'a, P> {
    conductor: Conductor,
    plant: &'a mut P,
    outlets: Outlets<'a>,
    fault: Option<Nanos>,
}

/// Ticks on the absolute grid of `epoch`, sleeping in between; a late tick skips to the next grid point.
///
/// # Panics
/// When a tick does, after its last frame.
pub(super) fn real(conductor: Conductor, plant: &mut impl Plant, outlets: Outlets<'_>, epoch: Epoch) {
    let mut run = Run::new(conductor, plant, outlets);
    loop {
        let next = Nanos::new((epoch.now().ns() / TICK.ns() + 1) * TICK.ns());
        std::thread::sleep((next - epoch.now()).duration());
        if run.tick(epoch.now()) {
            return;
        }
    }
}

/// Ticks in virtual time: at `speed` times real time, or as fast as it can where that is `None`.
///
/// # Panics
/// When a tick does, after its last frame.
pub(super) fn virtual_time(conductor: Conductor, plant: &mut impl Plant, outlets: Outlets<'_>, speed: Option<f64>) {
    let epoch = Epoch::new();
    let mut run = Run::new(conductor, plant, outlets);
    for k in 1.. {
        let now = TICK * k;
        if let Some(speed) = speed {
            let due = Nanos::from_secs_f64(now.secs() / speed);
            std::thread::sleep((due - epoch.now()).duration());
        }
        if run.tick(now) {
            return;
        }
    }
}

impl<'a, P: Plant> Run<'a, P> {
    fn new(mut conductor: Conductor, plant: &'a mut P, outlets: Outlets<'a>) -> Self {
        conductor.start(plant);
        let fault = std::env::var(FAULT).ok();
        let fault = fault.as_deref().and_then(|text| text.strip_prefix("panic_engine@"));
        Self {
            conductor,
            plant,
            outlets,
            fault: fault.and_then(|at| parse_duration(at).ok()),
        }
    }

    /// One tick; true after the last.
    fn tick(&mut self, now: Nanos) -> bool {
        for (who, what) in self.outlets.snapshots.done() {
            self.conductor.tell(now, who, what);
        }
        let said = said(self.outlets.far);
        let fault = self.fault.is_some_and(|at| now >= at);
        let ticked = catch_unwind(AssertUnwindSafe(|| {
            assert!(!fault, "asked to by {FAULT}");
            self.conductor.tick(now, self.plant, &said)
        }));
        let mut frame = match ticked {
            Ok(frame) => frame,
            Err(cause) => {
                let last = self.conductor.salvage(&words(&*cause));
                self.publish(last);
                resume_unwind(cause)
            }
        };
        self.outlets.snapshots.begin(self.conductor.snapshots(), &frame);
        let over = frame.phase == Phase::Done;
        if over {
            frame = self.outlets.snapshots.close(frame);
        }
        self.publish(frame);
        over
    }

    fn publish(&self, frame: Arc<Frame>) {
        self.outlets.feed.give(&frame);
        self.outlets.far.frames.send_replace(frame);
    }
}

/// What a panic said.
fn words(cause: &(dyn Any + Send)) -> String {
    let text = cause.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| cause.downcast_ref::<&str>().copied())
        .unwrap_or("it did not say why")
        .to_owned()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::journal;
    use crate::cli::Output;
    use crate::conduct::Limits;
    use crate::link::Link;
    use crate::model::demand::Demand;
    use crate::model::run::{EndedBy, RunInfo};
    use crate::model::setpoints::Setpoints;
    use crate::telemetry::interval::Interval;
    use std::cell::Cell;

    /// A plant that answers 20 good exchanges a tick, until a tick breaks; tells when it is gone.
    struct Breaks<'a> {
        ticks: u64,
        gone: &'a Cell<bool>,
    }

    impl Plant for Breaks<'_> {
        fn set(&mut self, _: Demand) {}

        fn collect(&mut self, now: Nanos) -> Interval {
            self.ticks += 1;
            assert!(self.ticks < 8, "broken on purpose");
            let mut i = Interval {
                from: now - TICK,
                to: now,
                lanes: 1,
                heard: 1,
                ..Interval::default()
            };
            (i.tally.scheduled, i.tally.sent, i.tally.ok) = (20, 20, 20);
            i
        }
    }

    impl Drop for Breaks<'_> {
        fn drop(&mut self) {
            self.gone.set(true);
        }
    }

    #[test]
    fn a_tick_that_panics_leaves_a_last_frame_with_the_books_and_no_plant() {
        let (link, far) = Link::pair(Frame::default());
        let (_, feed) = journal::open(&Output::default(), true).unwrap();
        let gone = Cell::new(false);

        let ended = catch_unwind(AssertUnwindSafe(|| {
            let mut plant = Breaks { ticks: 0, gone: &gone };
            let outlets = Outlets {
                far: &far,
                feed: &feed,
                snapshots: Snapshots::new(Arc::new(|_, _| Ok(String::new())), true),
            };
            let conductor = Conductor::new(RunInfo::default(), Setpoints::default(), Limits::default(), vec![]);
            virtual_time(conductor, &mut plant, outlets, None);
        }));

        let last = link.frame();
        assert!(ended.is_err() && gone.get(), "the target is loaded no more");
        assert_eq!(
            (last.phase, last.ended_by, last.valid),
            (Phase::Done, Some(EndedBy::Fault), false)
        );
        assert_eq!((last.books.sent, last.books.ok), (140, 140));
        assert_eq!(
            last.notices.last().unwrap().what,
            "our own fault ended the run: broken on purpose"
        );
    }
}
