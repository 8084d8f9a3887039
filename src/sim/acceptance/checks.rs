//! Promises and checks as a whole run tells them: commands, notices, frames, answers. Tests only; deterministic seeds.

use crate::conduct::{Conductor, Limits};
use crate::model::command::script;
use crate::model::promise::Promise;
use crate::model::run::RunInfo;
use crate::model::setpoints::{Bounds, LoadModel, Mode, Setpoints};
use crate::model::units::Nanos;
use crate::sim::plants::Recipe;
use crate::sim::world::World;
use crate::telemetry::frame::{Frame, Phase, State};
use std::sync::Arc;

fn run(plant: &str, set: Setpoints, limits: Limits, text: &str) -> Vec<Arc<Frame>> {
    let mut world = World::new(Recipe::named(plant).unwrap(), None, 3);
    let info = RunInfo {
        simulated: true,
        ..RunInfo::default()
    };
    let mut conductor = Conductor::new(info, set, limits, script(text).unwrap());
    conductor.start(&mut world);
    let mut frames: Vec<Arc<Frame>> = Vec::new();
    while frames.last().is_none_or(|f| f.phase != Phase::Done) {
        let now = Nanos::from_millis(100 * (frames.len() as u64 + 1));
        frames.push(conductor.tick(now, &mut world, &[]));
    }
    frames
}

fn lasting(seconds: u64) -> Limits {
    Limits {
        duration: Some(Nanos::from_secs(seconds)),
        drain: Nanos::from_secs(2),
        ..Limits::default()
    }
}

fn wide() -> Setpoints {
    Setpoints {
        bounds: Bounds { min: 1, max: 4_096 },
        ..Setpoints::default()
    }
}

fn notices(f: &Frame, about: &str) -> Vec<String> {
    let all = f.notices.iter().map(|n| n.what.clone());
    all.filter(|w| w.contains(about)).collect()
}

#[test]
fn an_answer_offers_its_check_once_and_the_check_is_in_the_frame_with_its_latencies() {
    let frames = run("usl", wide(), lasting(80), "45s verify 75% 10s");

    let last = frames.last().unwrap();
    assert_eq!(notices(last, "v checks 1,2").len(), 1, "{:?}", last.notices);
    assert_eq!(
        notices(last, "as open traffic for 10 s: steady").len(),
        1,
        "{:?}",
        last.notices
    );
    let check = last.check.unwrap();
    assert_eq!((check.steady, check.over), (Some(true), true));
    // A second of settling is not in them.
    assert!(
        (check.response.count as f64 / (9.0 * check.rate) - 1.0).abs() < 0.1,
        "{check:?}"
    );
    assert!(check.response.p99.is_some_and(|p| (0.03..0.15).contains(&p)), "{check:?}");
    assert!(frames.iter().any(|f| f.control.state == State::Verify));
    assert!(last.valid && last.books.balanced(), "{:?}", last.books);
}

#[test]
fn a_check_without_a_knee_or_in_mode_slo_is_refused_with_the_reason() {
    let early = run("usl", wide(), lasting(4), "0.5s verify");
    let open = run("usl", wide(), lasting(4), "1s slo p99<80ms; 3s verify");

    let refused = |frames: &[Arc<Frame>]| notices(frames.last().unwrap(), "refused verify");
    assert!(refused(&early)[0].contains("there is no knee"), "{:?}", refused(&early));
    assert!(refused(&open)[0].contains("say mode max first"), "{:?}", refused(&open));
}

#[test]
fn a_run_for_a_promise_ends_when_it_is_confirmed_and_its_frames_tell_the_way() {
    let set = Setpoints {
        mode: Mode::Slo,
        last_auto: Mode::Slo,
        model: LoadModel::Open,
        arrivals: crate::model::arrival::Process::Poisson,
        promise: Some(Promise::parse("p99<100ms").unwrap()),
        ..wide()
    };
    let limits = Limits {
        until_answered: true,
        ..lasting(120)
    };

    let frames = run("flat", set, limits, "");

    let last = frames.last().unwrap();
    let slo = last.slo.as_ref().unwrap();
    assert!(last.answered && last.control.converged && slo.confirmed == Some(true));
    assert!(last.at.secs() < 90.0, "{:?}", last.at);
    assert!(slo.price.is_some_and(|p| (p - last.at.secs()).abs() < 30.0), "{slo:?}");
    assert!(
        notices(last, "/s takes about ").len() == 1,
        "the price, before it is paid: {:?}",
        last.notices
    );
    assert!(
        last.steady.as_ref().is_some_and(|s| s.basis == "hold" && s.span > 15.0),
        "{:?}",
        last.steady
    );
    assert!(last.valid && last.books.balanced() && last.short_of.is_none());
    let stages: Vec<&str> = frames.iter().filter_map(|f| f.slo.as_ref().map(|s| s.stage.name())).collect();
    for stage in ["idle check", "ramp", "recover", "regulate", "confirm", "kept"] {
        assert!(stages.contains(&stage), "{stage}");
    }
}

#[test]
fn what_is_counted_as_late_is_what_the_books_and_the_histogram_say() {
    let set = Setpoints {
        mode: Mode::Slo,
        model: LoadModel::Open,
        promise: Some(Promise::parse("p99<80ms").unwrap()),
        ..wide()
    };

    let frames = run("mmc", set, lasting(75), "");

    let last = frames.last().unwrap();
    let kept = frames
        .iter()
        .filter(|f| f.slo.as_ref().is_some_and(|s| s.confirmed.is_some()))
        .count();
    assert!(kept > 50, "{:?}", last.slo);
    let s = last.steady.as_ref().unwrap();
    // The confirmation rests on the promise: the independent histogram of the same traffic agrees.
    assert!(s.latency.p99.is_some_and(|p| p < 0.085), "{s:?}");
}
