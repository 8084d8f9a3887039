//! Levels over time through the whole conductor: when they end, what they asked for, and pauses.

use super::{frames, wide};
use clobber::answer;
use clobber::conduct::{Conductor, Limits};
use clobber::load::{Stages, Traffic};
use clobber::model::command::script;
use clobber::model::run::{EndedBy, RunInfo};
use clobber::model::setpoints::{LoadModel, Mode, Setpoints};
use clobber::model::units::Nanos;
use clobber::report::closing;
use clobber::report::summary::summary;
use clobber::sim::plants::Recipe;
use clobber::sim::world::World;
use clobber::telemetry::frame::{Frame, Phase};
use std::sync::Arc;

/// A run on stages, one worker or open traffic over 16, whose requests could be awaited for a minute and are for a second.
fn staged(plant: &str, stages: &str, open: bool, text: &str) -> Vec<Arc<Frame>> {
    let stages = Arc::new(Stages::parse(stages).unwrap());
    let set = Setpoints {
        mode: Mode::Manual,
        model: if open { LoadModel::Open } else { LoadModel::Closed },
        rate: open.then_some(0.0),
        asked: Some(if open { 16 } else { 1 }),
        staged: true,
        ..wide()
    };
    let limits = Limits {
        drain: Nanos::from_secs(1),
        patience: Nanos::from_secs(60),
        ..Limits::default()
    };
    let traffic = Traffic {
        stages: Some(Arc::clone(&stages)),
        ..Traffic::default()
    };
    let info = RunInfo {
        simulated: true,
        ..RunInfo::default()
    };
    let conductor = Conductor::new(info, set, limits, script(text).unwrap()).staged(Some(stages));
    frames(
        conductor,
        World::new(Recipe::named(plant).unwrap(), None, 1).offering(traffic),
    )
}

fn at(frames: &[Arc<Frame>], seconds: f64) -> &Frame {
    &frames[(seconds * 10.0).round() as usize - 1]
}

#[test]
fn stages_end_when_the_last_one_does_and_report_what_they_asked_for() {
    // 200 arrivals, and two seconds of silence.
    let run = staged("mmc", "0..100@4s,0@6s", true, "");

    let last = run.last().unwrap();
    assert_eq!((at(&run, 5.9).phase, at(&run, 6.0).phase), (Phase::Run, Phase::Drain));
    assert_eq!((last.ended_by, last.books.scheduled), (Some(EndedBy::Duration), 200));
    let (told, said) = (summary(last), answer::verdict(last).sentence);
    assert_eq!(told["load"]["rate_rps"], 33.333);
    assert!(said.starts_with("33/s good of 33/s asked"), "{said}");
    let text = closing::text(last, 120);
    assert!(text.contains("  open 33/s"), "{text}");
}

#[test]
fn what_is_left_of_stages_is_awaited_as_long_as_a_drain() {
    // Far more than it can answer.
    let run = staged("mmc", "9000@2s", true, "");

    let last = run.last().unwrap();
    assert!(last.books.aborted + last.books.not_sent > 0, "{:?}", last.books);
    assert!((3.0..3.5).contains(&last.at.secs()), "{}", last.at);
}

#[test]
fn a_pause_stops_the_time_of_stages_in_both_models() {
    let text = "1s pause; 3s resume";
    let (open, closed) = (
        staged("mmc", "0..100@4s", true, text),
        staged("mmc", "2@2s,6@4s", false, text),
    );

    let rate = |t| at(&open, t).setpoints.rate.unwrap();
    assert!(
        (rate(1.0) - 25.0).abs() < 1e-6 && (rate(3.0) - 25.0).abs() < 1e-6,
        "{}",
        rate(3.0)
    );
    assert!((rate(4.0) - 50.0).abs() < 1e-6, "{}", rate(4.0));
    assert_eq!(
        (at(&open, 6.0).phase, open.last().unwrap().books.scheduled),
        (Phase::Drain, 200)
    );

    let workers = |t| at(&closed, t).control.workers;
    assert_eq!([0.5, 3.5, 4.5, 5.9].map(workers), [2.0, 2.0, 6.0, 6.0]);
    assert_eq!((at(&closed, 5.9).phase, at(&closed, 6.0).phase), (Phase::Run, Phase::Drain));
}
