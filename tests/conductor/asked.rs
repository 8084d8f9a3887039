//! What is said of what was asked for: after a change of it, after a mode was left, and where it was not done.

use super::{run, wide};
use clobber::answer::{self, Code};
use clobber::model::setpoints::{LoadModel, Mode, ProcessVariable, Setpoint, Setpoints};

#[test]
fn a_new_target_is_judged_by_itself() {
    let set = Setpoints {
        mode: Mode::Hold,
        target: Some(Setpoint {
            variable: ProcessVariable::Rps,
            value: 600.0,
        }),
        ..wide()
    };

    let last = run("usl", 1, 40, set, "20s sp rps=1200").pop().unwrap();

    let (verdict, steady) = (answer::verdict(&last), last.steady.clone().unwrap());
    assert!(steady.from.secs() >= 20.0, "{steady:?}");
    assert!((steady.good_rate / 1200.0 - 1.0).abs() < 0.03, "{steady:?}");
    assert_eq!(verdict.code, Code::Steady, "{verdict:?}");
    assert!(verdict.sentence.contains("(asked 1,200/s) with "), "{verdict:?}");
}

#[test]
fn a_knee_found_is_told_after_its_mode_was_left() {
    let frames = run("mmc", 2, 40, wide(), "30s mode manual; 32s workers 60; 36s workers 5");

    let (before, last) = (frames.iter().rfind(|f| f.at.secs() < 29.9).unwrap(), frames.last().unwrap());
    let verdict = answer::verdict(last);
    let workers = before.knee.as_ref().unwrap().workers;
    assert_eq!(last.knee.as_ref().unwrap().workers, workers, "{verdict:?}");
    assert!(
        verdict.sentence.contains(&format!("; knee {workers}, found at 0:")),
        "{verdict:?}"
    );
    let steady = last.steady.as_ref().unwrap();
    assert_eq!((steady.workers, steady.from.secs() >= 36.0), (5.0, true), "{steady:?}");
}

#[test]
fn an_overload_of_one_second_is_not_steady() {
    let set = Setpoints {
        mode: Mode::Manual,
        model: LoadModel::Open,
        rate: Some(20_000.0),
        asked: Some(50),
        ..wide()
    };

    let last = run("mmc", 1, 1, set, "").pop().unwrap();

    let verdict = answer::verdict(&last);
    assert!(
        matches!(verdict.code, Code::Saturated | Code::NotSaturated),
        "{verdict:?} {:?}",
        last.books
    );
    assert!(verdict.sentence.contains("of 20,000/s asked"), "{verdict:?}");
}
