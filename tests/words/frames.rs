//! What only sockets and a shared machine bring about: the evidence a run ends with, by hand, and what is said of it.

use clobber::answer::verdict;
use clobber::model::promise::Promise;
use clobber::model::run::RunInfo;
use clobber::model::setpoints::{LoadModel, Mode};
use clobber::model::units::Nanos;
use clobber::telemetry::books::Books;
use clobber::telemetry::frame::{Frame, Phase, Whole};
use clobber::telemetry::outage::Outage;
use clobber::telemetry::promise::{Harm, Ours, Slo, Stage};
use std::sync::Arc;

fn answered(span: f64) -> Frame {
    Frame {
        answered: true,
        at: Nanos::from_secs(span as u64),
        books: Books {
            scheduled: 60_000,
            sent: 60_000,
            ok: 60_000,
            ..Books::default()
        },
        whole: Whole {
            span,
            ..Whole::default()
        },
        ..Frame::default()
    }
}

fn down(phase: Phase, to: Option<Nanos>) -> Frame {
    Frame {
        phase,
        outages: vec![Outage {
            from: Nanos::from_secs(8),
            to,
            reason: "connection refused".into(),
        }],
        ..answered(40.0)
    }
}

fn promised(harm: Harm) -> Frame {
    let slo = Slo {
        promise: Promise::parse("p99<80ms").expect("a promise"),
        stage: Stage::Missed,
        rate: 1300.0,
        answer: Some((1331.0, 30.0)),
        kept: None,
        bad: (0.02, 0.01),
        decided: 26_000,
        dispersion: Some(4.0),
        idle: Some(0.010),
        confirm: Some((20.0, 20.0)),
        confirmed: Some(false),
        late_here: Some(Ours { harm, n: 412, of: 530 }),
        price: Some(60.0),
        cap: 104,
        recovery: None,
    };
    let mut frame = Frame {
        phase: Phase::Done,
        slo: Some(slo),
        ..answered(80.0)
    };
    (frame.setpoints.mode, frame.setpoints.model) = (Mode::Slo, LoadModel::Open);
    frame
}

fn out_of_files() -> Frame {
    let run = RunInfo {
        fd_limit: Some(40),
        most_workers: Some(18),
        ..RunInfo::default()
    };
    let mut frame = Frame {
        at_limit: true,
        run: Arc::new(run),
        ..answered(20.0)
    };
    frame.control.workers = 18.0;
    frame.last.good_rate = 4_932.0;
    frame
}

fn limited(reason: &str) -> Frame {
    let mut frame = Frame {
        saturated: Some(reason.into()),
        ..answered(10.0)
    };
    frame.setpoints.mode = Mode::Manual;
    frame
}

/// Each with what happened.
pub(crate) fn said() -> Vec<String> {
    let cases = [
        ("it stopped answering 32 s ago", down(Phase::Run, None)),
        ("it stopped and never came back", down(Phase::Done, None)),
        (
            "it was away for 4.1 of 40 s",
            down(Phase::Done, Some(Nanos::from_millis(12_100))),
        ),
        ("of 530 late arrivals 412 were late through us", promised(Harm::Late)),
        ("of 530 arrivals 412 were sent late", promised(Harm::SentLate)),
        ("of 530 arrivals 412 were not sent", promised(Harm::Unsent)),
        ("40 open files are allowed", out_of_files()),
        (
            "a lane had a quarter of a processor",
            limited("answered 31,409 of 150,000/s asked; our lane ran at 26 % CPU and waited for one 75 % of the time"),
        ),
    ];
    let line = |(what, frame): &(&str, Frame)| {
        let said = verdict(frame);
        let (head, sentence) = said.words();
        format!(
            "{head}  {sentence}\n    {} {}: {what}",
            said.code.name(),
            said.cause.unwrap_or("-")
        )
    };
    cases.iter().map(line).collect()
}
