//! Runs in the open model: a target that loses half of its speed for ten seconds, searches for a promise, and checks.
//! The flood is worked out, not drawn: a line of one target, fed at a constant rate, second by second.

use crate::sample::{Scene, column, notice, over, rate, verdict};
use crate::scenes;
use clobber::answer::{Advice, Code};
use clobber::model::arrival::Process;
use clobber::model::notice::Who;
use clobber::model::promise::Promise;
use clobber::model::setpoints::{LoadModel, Mode, Setpoints};
use clobber::model::units::Nanos;
use clobber::telemetry::column::Column;
use clobber::telemetry::frame::{Control, Frame};
use clobber::telemetry::grid::Grid;
use clobber::telemetry::latency::Summary;
use clobber::telemetry::promise::{Breach, Check, Slo, Stage};

/// Arrivals a second, what the target can do well and while it is slow, and when that is.
const OFFERED: f64 = 1400.0;
const WELL: f64 = 1650.0;
const SLOW: f64 = 900.0;
const SLOW_FROM: f64 = 20.0;
const SLOW_TO: f64 = 30.0;

fn speed(at: f64) -> f64 {
    if (SLOW_FROM..SLOW_TO).contains(&at) { SLOW } else { WELL }
}

/// Draws of wait + an exponential service time, and of that alone.
fn times(n: u64, wait: f64, service: f64, rng: &mut fastrand::Rng) -> (Grid, Grid) {
    let (mut response, mut own) = (Grid::default(), Grid::default());
    for _ in 0..n {
        let s = -(1.0 - rng.f64()).ln() * service;
        own.add(Grid::bin(s), 1);
        response.add(Grid::bin(wait + s), 1);
    }
    (response, own)
}

/// The columns until a moment, and what waits then; at most `room` wait.
fn flood_columns(until: f64, room: f64) -> (Vec<Column>, f64) {
    let mut rng = fastrand::Rng::with_seed(28);
    let (mut waiting, mut columns) = (0.0_f64, Vec::new());
    for i in 0..(until * 2.0) as u64 {
        let speed = speed(i as f64 / 2.0);
        let served = ((OFFERED * 0.5) + waiting).min(speed * 0.5);
        let level = waiting + OFFERED * 0.5 - served;
        let shed = (level - room).max(0.0);
        let before = std::mem::replace(&mut waiting, level - shed);
        let (wait, service) = ((before + waiting) / 2.0 / speed, 20.0 / speed);
        let (response, own) = times(served as u64, wait, service, &mut rng);
        let mut waits = Grid::default();
        waits.add(Grid::bin(wait), served as u64);
        columns.push(Column {
            from: Nanos::from_millis(500 * i),
            to: Nanos::from_millis(500 * (i + 1)),
            ok: served as u64,
            offered: (OFFERED * 0.5) as u64,
            shed: shed as u64,
            workers: if waiting > 0.0 { 41.0 } else { 20.0 },
            queue: (before + waiting) / 2.0,
            p50: response.quantile(0.5),
            p99: response.quantile(0.99),
            max: response.quantile(1.0),
            response,
            service: Some(own),
            wait: Some(waits),
            ..Column::default()
        });
    }
    (columns, waiting)
}

fn flood_frame(until: f64, room: f64) -> Frame {
    let (columns, waiting) = flood_columns(until, room);
    let peak = columns.iter().map(|c| c.queue).fold(0.0, f64::max);
    let mut frame = over(columns);
    let now = speed(until - 0.1);
    frame.setpoints = Setpoints {
        mode: Mode::Manual,
        model: LoadModel::Open,
        rate: Some(OFFERED),
        asked: Some(41),
        arrivals: Process::Poisson,
        ..Setpoints::default()
    };
    frame.books.shed = frame.columns.iter().map(|c| c.shed).sum();
    frame.books.scheduled = frame.columns.iter().map(|c| c.offered).sum();
    (frame.gauges.in_flight, frame.gauges.workers) = (if waiting > 0.0 { 41 } else { 20 }, 41);
    frame.gauges.idle = 41 - frame.gauges.in_flight;
    frame.gauges.waiting = waiting as u64;
    frame.queue.client = true;
    frame.queue.capacity = room as usize;
    frame.queue.now = waiting;
    frame.queue.max = peak;
    frame.queue.oldest = waiting / now;
    frame.queue.drains_in = (now > OFFERED && waiting >= 1.0).then(|| waiting / (now - OFFERED));
    frame.queue.arrival = [Some(1400.0), Some(1490.0), None];
    frame.queue.completion = [Some(1390.0), Some(1660.0), None];
    let shed = frame.books.shed > 0;
    frame.queue.shed = [Some(0.0), Some(if shed { 510.0 } else { 0.0 }), None];
    frame.notices = [
        notice(0.1, Who::User, "rate 1,400/s, open model, Poisson"),
        notice(21.2, Who::Engine, "the queue grows by 500/s"),
    ]
    .into();
    frame
}

/// Eight seconds into the overload: the rocket.
pub(crate) fn flood() -> Scene {
    Scene {
        name: "flood",
        frame: flood_frame(28.0, 65_536.0),
        verdict: verdict(Code::Drifting, "Capacity moved during the run: 1,400 → 900/s at 0:20."),
        advice: None,
    }
}

/// The target is well again; the queue drains, and every answer is still late.
pub(crate) fn recovery() -> Scene {
    Scene {
        name: "recovery",
        frame: flood_frame(40.0, 65_536.0),
        ..flood()
    }
}

/// It is all over: the whole story in one picture.
pub(crate) fn recovered() -> Scene {
    Scene {
        name: "recovered",
        frame: flood_frame(60.0, 65_536.0),
        ..flood()
    }
}

/// The same overload with a queue of 2,000 places: shed is no error.
pub(crate) fn shedding() -> Scene {
    Scene {
        name: "shedding",
        frame: flood_frame(29.0, 2_000.0),
        ..flood()
    }
}

/// Workers in flight at an open rate, by Little's law on the made-up plant.
fn in_flight(wanted: f64) -> f64 {
    (1..490)
        .map(|n| f64::from(n) / 10.0)
        .find(|n| rate(*n) >= wanted)
        .unwrap_or(49.0)
}

/// The rates of a search for p99 < 80 ms, by half seconds.
fn searched(i: u64) -> f64 {
    match i {
        0..2 => 80.0,
        2..20 => (50.0 * 1.6f64.powf(i as f64 / 2.35)).min(1660.0),
        20..22 => 1680.0,
        22..68 => 1330.0 + 25.0 * ((i * 7 % 5) as f64 - 2.0),
        _ => 1300.0,
    }
}

fn searching(until: u64, slo: Slo) -> Frame {
    let mut rng = fastrand::Rng::with_seed(5);
    let columns = (0..until).map(|i| column(i, in_flight(searched(i)), &mut rng)).collect();
    let mut frame = over(columns);
    frame.setpoints = Setpoints {
        mode: Mode::Slo,
        model: LoadModel::Open,
        arrivals: Process::Poisson,
        promise: Some(slo.promise),
        ..Setpoints::default()
    };
    frame.queue.now = 0.0;
    frame.queue.client = true;
    frame.queue.capacity = 65_536;
    frame.queue.arrival = [Some(1300.0), Some(1420.0), None];
    frame.queue.completion = [Some(1300.0), Some(1430.0), None];
    frame.queue.shed = [Some(0.0), Some(0.0), None];
    frame.columns = frame
        .columns
        .iter()
        .map(|c| {
            Column {
                queue: 0.0,
                ..(**c).clone()
            }
            .into()
        })
        .collect();
    frame.slo = Some(slo);
    frame.notices = [
        notice(0.0, Who::Controller, "p99 47 ms idle: starting at 50/s"),
        notice(10.0, Who::Controller, "1,680/s: 14 % missed, back to 1,050"),
        notice(11.0, Who::Controller, "p99 at 1,050/s takes about 40 s"),
        notice(34.0, Who::Controller, "1,330/s ±31: confirming 1,300/s"),
    ]
    .into();
    frame
}

fn promise() -> Promise {
    Promise::parse("p99<80ms").expect("a promise")
}

fn confirming() -> Slo {
    Slo {
        promise: promise(),
        stage: Stage::Confirm,
        rate: 1300.0,
        answer: Some((1331.0, 31.0)),
        kept: None,
        bad: (0.0073, 0.01),
        decided: 11_481,
        dispersion: Some(4.2),
        idle: Some(0.047),
        confirm: Some((9.0, 20.0)),
        confirmed: None,
        late_here: None,
        price: Some(54.0),
        cap: 104,
        recovery: Some(0.2),
    }
}

/// `slo` in the middle of its confirmation.
pub(crate) fn slo() -> Scene {
    let mut frame = searching(86, confirming());
    frame.control = Control {
        narration: "1,330/s ±31: confirming 1,300/s".into(),
        workers: 104.0,
        ..Control::default()
    };
    Scene {
        name: "slo",
        frame,
        verdict: verdict(
            Code::Undecided,
            "keeps p99 < 80 ms up to about 1,330/s · confirming 1,300/s: 11 s more",
        ),
        advice: None,
    }
}

/// `slo` on its way up: what it will cost is said.
pub(crate) fn slo_ramp() -> Scene {
    let slo = Slo {
        stage: Stage::Ramp,
        rate: 16.0,
        answer: None,
        bad: (0.0, 0.01),
        decided: 0,
        dispersion: None,
        confirm: None,
        price: Some(377.0),
        recovery: None,
        ..confirming()
    };
    let mut frame = searching(2, slo);
    frame.notices = [].into();
    frame.control.narration = "p99 47 ms idle: starting at 16/s".into();
    Scene {
        name: "slo-ramp",
        frame,
        verdict: verdict(Code::Undecided, "p99<80ms at about 16/s"),
        advice: None,
    }
}

/// `slo` that cannot be kept.
pub(crate) fn slo_missed() -> Scene {
    let slo = Slo {
        stage: Stage::Missed,
        answer: None,
        bad: (0.031, 0.01),
        confirm: None,
        confirmed: Some(false),
        price: None,
        ..confirming()
    };
    let mut frame = searching(86, slo);
    frame.control.narration = "1,300/s not kept: 3.1 % missed, next 1,235/s".into();
    Scene {
        name: "slo-missed",
        frame,
        verdict: verdict(
            Code::Drifting,
            "p99 < 80 ms could not be confirmed: 3.1 % were late at 1,300/s.",
        ),
        advice: None,
    }
}

fn check(held: f64, steady: Option<bool>, backlog: u64) -> Check {
    Check {
        rate: 1250.0,
        of_knee: 0.75,
        at: Nanos::from_secs(40),
        held,
        wanted: 20.0,
        response: Summary {
            p99: Some(0.074),
            ..Summary::default()
        },
        backlog,
        steady,
        breach: Breach::Growth,
        over: steady.is_some(),
    }
}

/// `max`, its knee under open traffic.
pub(crate) fn verifying() -> Scene {
    let mut scene = scenes::max();
    scene.frame.check = Some(check(12.4, None, 40));
    Scene {
        name: "verifying",
        ..scene
    }
}

/// The knee's own rate does not hold in the open.
pub(crate) fn grew() -> Scene {
    let mut scene = scenes::max();
    scene.frame.check = Some(check(2.0, Some(false), 500));
    scene.advice = Some(Advice {
        rate_rps: 1250.0,
        pool: 41,
        basis: "closed-75%",
        p99: None,
        text: "plan with less".into(),
    });
    Scene { name: "grew", ..scene }
}

/// Every scene.
pub(crate) fn all() -> Vec<Scene> {
    vec![
        flood(),
        recovery(),
        recovered(),
        shedding(),
        slo(),
        slo_ramp(),
        slo_missed(),
        verifying(),
        grew(),
    ]
}
