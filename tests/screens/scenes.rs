//! The runs: what each of them looked like when its frame was taken.

use crate::sample::{Scene, column, info, notice, over, rows, stats, verdict};
use clobber::answer::{Advice, Code};
use clobber::model::failure::Failure;
use clobber::model::notice::Who;
use clobber::model::setpoints::{LoadModel, Mode, ProcessVariable, Setpoint, Setpoints};
use clobber::model::units::Nanos;
use clobber::telemetry::column::Column;
use clobber::telemetry::curve::{Knee, Row};
use clobber::telemetry::frame::{Control, Evidence, Frame, State, Steady, Term};
use clobber::telemetry::grid::Grid;
use clobber::telemetry::tally::ErrorSample;
use std::sync::Arc;

/// Workers of the search, by half seconds: the ramp, the way back, and probes at the knee.
fn search(i: u64) -> f64 {
    const RAMP: [f64; 16] = [
        1.0, 4.0, 16.0, 64.0, 128.0, 82.0, 64.0, 82.0, 82.0, 64.0, 49.0, 49.0, 45.0, 45.0, 45.0, 49.0,
    ];
    match i {
        0..16 => RAMP[i as usize],
        16..22 => 45.0,
        i if i % 8 == 6 => 45.0,
        i if i % 16 == 2 => 37.0,
        _ => 41.0,
    }
}

/// `max` after 40 s: the knee is found and held.
pub(crate) fn max() -> Scene {
    let mut rng = fastrand::Rng::with_seed(41);
    let mut frame = over((0..80).map(|i| column(i, search(i), &mut rng)).collect());
    let held = stats(&frame.columns[32..]);
    frame.curve = rows(&[
        (1, 0.40, 0.5),
        (4, 0.20, 0.5),
        (16, 0.09, 0.8),
        (32, 0.03, 2.0),
        (37, 0.02, 3.0),
        (41, 0.01, 24.0),
        (45, 0.02, 6.0),
        (49, 0.04, 2.0),
        (64, 0.06, 1.5),
        (82, 0.05, 1.5),
        (128, 0.06, 1.0),
    ])
    .into();
    frame.knee = Some(Knee {
        workers: 41,
        lo: 38,
        hi: 45,
        good_rps: 1662.0,
        ci95_rps: Some(16.0),
        p50: Some(0.017),
        p99: Some(0.111),
        best_workers: 49,
        best_rps: 1689.0,
        usl: None,
    });
    frame.steady = Some(Steady {
        basis: "hold",
        span: held.span,
        workers: 41.0,
        rate: held.rate,
        good_rate: held.good_rate,
        ci95: Some(16.0),
        latency: held.latency,
        queue: 22.4,
        ..Steady::default()
    });
    frame.control = Control {
        state: State::Hold,
        converged: true,
        workers: 41.0,
        wants: 41.0,
        narration: "41 workers confirmed on both sides".into(),
        evidence: Some(Evidence {
            have: 1600.0,
            need: 1600.0,
            seconds: 0.0,
        }),
        ..Control::default()
    };
    frame.answered = true;
    frame.notices = [
        notice(0.2, Who::Controller, "64 workers: 52 % more than 16"),
        notice(2.4, Who::Controller, "128 workers: 24 % less, back to 64"),
        notice(5.2, Who::Controller, "45 workers: 3 % more than 64"),
        notice(11.2, Who::Controller, "39: 97 % of best; knee at 41"),
        notice(20.1, Who::Controller, "41 workers confirmed on both sides"),
        notice(31.0, Who::User, "mark: nightly backup starts"),
    ]
    .into();
    Scene {
        name: "max",
        frame,
        verdict: verdict(
            Code::Saturated,
            "at 41 workers · 1,662/s ±1 % closed · more workers only add latency",
        ),
        advice: Some(Advice {
            rate_rps: 1250.0,
            pool: 41,
            basis: "closed-75%",
            p99: Some(0.111),
            text: "plan with 1,250/s per instance, pool 41".into(),
        }),
    }
}

/// `max` 6 s in: no knee yet.
pub(crate) fn young() -> Scene {
    let mut rng = fastrand::Rng::with_seed(6);
    let mut frame = over((0..12).map(|i| column(i, search(i), &mut rng)).collect());
    frame.curve = rows(&[(1, 0.40, 0.5), (4, 0.20, 0.5), (16, 0.09, 0.8), (64, 0.06, 1.5)]).into();
    frame.control.state = State::Refine;
    frame.control.narration = "128 workers: 24 % less, back to 64".into();
    frame.control.evidence = Some(Evidence {
        have: 640.0,
        need: 1000.0,
        seconds: 2.1,
    });
    frame.notices = [
        notice(0.2, Who::Controller, "64 workers: 52 % more than 16"),
        notice(2.4, Who::Controller, "128 workers: 24 % less, back to 64"),
    ]
    .into();
    Scene {
        name: "young",
        frame,
        verdict: verdict(
            Code::Undecided,
            "still looking · 1,610/s so far at 64 workers · about 8 s more",
        ),
        advice: None,
    }
}

/// `hold` on p99, a disturbance in the middle.
pub(crate) fn hold() -> Scene {
    let mut rng = fastrand::Rng::with_seed(7);
    let workers = |i: u64| match i {
        0..4 => 2.0 + i as f64 * 3.0,
        40..54 => 13.0 - (i - 40) as f64 * 0.4,
        _ => 13.0 + ((i * 7) % 5) as f64 * 0.3,
    };
    let mut columns: Vec<Column> = (0..80).map(|i| column(i, workers(i), &mut rng)).collect();
    columns.iter_mut().for_each(|c| c.setpoint = Some(0.060));
    let mut frame = over(columns);
    frame.setpoints.mode = Mode::Hold;
    frame.setpoints.target = Some(Setpoint {
        variable: ProcessVariable::Quantile(0.99),
        value: 0.060,
    });
    let term = |name, value| Term { name, value, unit: "%" };
    frame.control = Control {
        state: State::Track,
        workers: 13.2,
        wants: 13.2,
        last_move: 0.054,
        terms: vec![term("P", -0.025), term("I", 0.079), term("D", 0.0), term("Σ", 0.054)],
        measured: Some(0.0621),
        off_target: Some(0.035),
        narration: "p99 above 60 ms: fewer workers".into(),
        evidence: Some(Evidence {
            have: 340.0,
            need: 1000.0,
            seconds: 0.7,
        }),
        ..Control::default()
    };
    frame.curve = rows(&[
        (2, 0.2, 0.5),
        (5, 0.1, 0.5),
        (8, 0.05, 2.0),
        (11, 0.03, 5.0),
        (13, 0.01, 20.0),
        (14, 0.02, 8.0),
    ])
    .into();
    frame.notices = [
        notice(0.2, Who::Controller, "p99 below 60 ms: more workers"),
        notice(2.1, Who::Controller, "p99 is 60 ms with 13.2 workers"),
        notice(20.3, Who::Controller, "p99 above 60 ms: fewer workers"),
        notice(27.4, Who::Controller, "p99 below 60 ms: more workers"),
    ]
    .into();
    Scene {
        name: "hold",
        frame,
        verdict: verdict(Code::Steady, "p99 62 ms, +4 % off target · 870/s at 13 workers, closed"),
        advice: None,
    }
}

/// Open model at 1,400/s: halfway the target slows down, the queue takes off, errors follow.
pub(crate) fn overload() -> Scene {
    let mut rng = fastrand::Rng::with_seed(9);
    let mut columns: Vec<Column> = (0..120u64)
        .map(|i| {
            let late = i.saturating_sub(60) as f64;
            let mut c = column(i, 20.0 + late * 6.0, &mut rng);
            c.offered = 700;
            c.queue = late * late * 1.7;
            if i > 90 {
                c.errors = 20 + i;
                c.ok = c.ok.saturating_sub(c.errors);
            }
            c
        })
        .collect();
    columns[110].max = Some(9.9);
    let mut frame = over(columns);
    frame.setpoints = Setpoints {
        mode: Mode::Manual,
        model: LoadModel::Open,
        rate: Some(1400.0),
        asked: Some(400),
        ..Setpoints::default()
    };
    frame.cpu = 0.97;
    frame.totals.errors = vec![(Failure::TimeoutHead, 812), (Failure::Reset, 41)];
    frame.totals.status = vec![(200, 60_000), (503, 2_400)];
    frame.totals.samples = vec![ErrorSample {
        class: Failure::Reset,
        detail: "connection reset by peer (os error 104)".into(),
        at: Nanos::from_millis(47_200),
    }];
    frame.books.failed = 853;
    frame.notices = [
        notice(0.2, Who::User, "rate 1,400/s, open"),
        notice(31.0, Who::Engine, "the target answers slower: 380/s less"),
        notice(46.1, Who::Engine, "first 503"),
    ]
    .into();
    Scene {
        name: "overload",
        frame,
        verdict: verdict(Code::Drifting, "Capacity moved during the run: 1,400 → 410/s at 0:31."),
        advice: None,
    }
}

/// Before the first request, with a question.
pub(crate) fn asking() -> Scene {
    let frame = Frame {
        seq: 1,
        run: Arc::new(info()),
        question: Some("GET / answers 302 → https://sso.example.org/login.  Load it anyway (302 counts as good)?".into()),
        asking: true,
        ..Frame::default()
    };
    Scene {
        name: "asking",
        frame,
        verdict: verdict(Code::Undecided, "no answers yet"),
        advice: None,
    }
}

/// Nobody listens.
pub(crate) fn refused() -> Scene {
    let mut frame = Frame {
        seq: 1,
        run: Arc::new(info()),
        at: Nanos::from_secs(3),
        question: Some("cannot connect to 127.0.0.1:8080: connection refused (is it running?), again in 1 s".into()),
        ..Frame::default()
    };
    frame.books.unsent = 3;
    frame.totals.errors = vec![(Failure::Refused, 3)];
    Scene {
        name: "refused",
        frame,
        verdict: verdict(Code::Unreachable, "Nothing answered: connection refused, 3 tries in 3 s."),
        advice: None,
    }
}

/// Nothing has come back for some seconds.
pub(crate) fn stalled() -> Scene {
    let mut scene = max();
    let mut columns: Vec<Column> = scene.frame.columns.iter().map(|c| (**c).clone()).collect();
    for c in columns.iter_mut().skip(68) {
        *c = Column {
            from: c.from,
            to: c.to,
            workers: 41.0,
            ..Column::default()
        };
    }
    scene.frame.columns = columns.into_iter().map(Arc::new).collect();
    scene.frame.last = stats(&scene.frame.columns[70..]);
    scene.frame.gauges.oldest = Nanos::from_millis(6_100);
    scene.name = "stalled";
    scene.verdict = verdict(Code::Stalled, "It stopped answering for 6.1 s of 40.");
    scene.advice = None;
    scene
}

/// The user holds the workers of `max`, and the target is slow: columns are wide.
pub(crate) fn slow() -> Scene {
    let mut rng = fastrand::Rng::with_seed(3);
    let columns = (0..160)
        .map(|i| {
            let mut c = column(i, 1.0 + (i / 60) as f64, &mut rng);
            let mut thin = Grid::default();
            for (bin, n) in c.response.iter() {
                let kept = (0..n).filter(|_| rng.f64() < 0.08).count() as u64;
                if kept > 0 {
                    thin.add(bin, kept);
                }
            }
            c.ok = thin.total();
            (c.p50, c.p99, c.max) = (thin.quantile(0.5), None, thin.quantile(1.0));
            c.response = thin;
            c
        })
        .collect();
    let mut frame = over(columns);
    frame.setpoints.asked = Some(3);
    frame.control.workers = 3.0;
    frame.control.wants = 2.0;
    frame.curve = rows(&[(1, 0.3, 30.0), (2, 0.2, 30.0), (3, 0.2, 20.0)]).into();
    Scene {
        name: "slow",
        frame,
        verdict: verdict(Code::Undecided, "11/s is too slow to tell yet: 48 s more for ±5 %."),
        advice: None,
    }
}

/// Nothing at all.
pub(crate) fn empty() -> Scene {
    Scene {
        name: "empty",
        frame: Frame::default(),
        verdict: verdict(Code::Undecided, "no answers yet"),
        advice: None,
    }
}

/// Numbers that are none.
pub(crate) fn broken_numbers() -> Scene {
    let mut scene = max();
    let nan = f64::NAN;
    scene.frame.last.good_rate = nan;
    scene.frame.last.busy = f64::INFINITY;
    scene.frame.last.latency.p99 = Some(nan);
    scene.frame.last.latency.p50 = Some(0.0);
    scene.frame.queue.now = nan;
    scene.frame.idle = Some(nan);
    scene.frame.control.workers = nan;
    let mut columns: Vec<Column> = scene.frame.columns.iter().map(|c| (**c).clone()).collect();
    columns[5].workers = nan;
    columns[6].p50 = Some(nan);
    columns[7].max = Some(f64::INFINITY);
    columns[8].queue = f64::INFINITY;
    scene.frame.columns = columns.into_iter().map(Arc::new).collect();
    let mut curve: Vec<Row> = scene.frame.curve.to_vec();
    curve[2].good_rps = nan;
    curve[3].p99 = Some(f64::INFINITY);
    scene.frame.curve = curve.into();
    scene.name = "broken-numbers";
    scene
}

/// Every scene.
pub(crate) fn all() -> Vec<Scene> {
    let closed = [
        max(),
        young(),
        hold(),
        overload(),
        asking(),
        refused(),
        stalled(),
        slow(),
        empty(),
        broken_numbers(),
    ];
    closed.into_iter().chain(crate::open::all()).collect()
}
