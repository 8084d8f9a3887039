//! The summary of frames that no quick run produces: every part of the open model, every optional part.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "support/schema.rs"]
mod schema;

use clobber::model::arrival::Process;
use clobber::model::expr::Expr;
use clobber::model::promise::Promise;
use clobber::model::run::RunInfo;
use clobber::model::setpoints::{LoadModel, Mode};
use clobber::model::units::Nanos;
use clobber::report::summary::summary;
use clobber::telemetry::books::Books;
use clobber::telemetry::frame::{Frame, Queue};
use clobber::telemetry::latency::Latency;
use clobber::telemetry::promise::{Slo, Stage};
use schema::check;
use std::sync::Arc;

fn open() -> Frame {
    let mut f = Frame {
        run: Arc::new(RunInfo {
            thresholds: vec![Expr::parse("p99<80ms").unwrap(), Expr::parse("errors<1%").unwrap()],
            fd_limit: Some(1024),
            queue_capacity: 65_536,
            ..RunInfo::default()
        }),
        books: Books {
            scheduled: 2_000,
            sent: 1_900,
            ok: 1_890,
            aborted: 10,
            shed: 60,
            not_sent: 40,
            ..Books::default()
        },
        queue: Queue {
            now: 3.0,
            max: 60.0,
            arrival: [Some(200.0), Some(230.0), None],
            shed: [Some(0.0), Some(30.0), None],
            client: true,
            capacity: 65_536,
            ..Queue::default()
        },
        stalls: vec![(Nanos::from_secs(4), Nanos::from_millis(2990))],
        saturated: Some("sent 190/s of 200/s".into()),
        ..Frame::default()
    };
    (f.setpoints.model, f.setpoints.mode) = (LoadModel::Open, Mode::Manual);
    (f.setpoints.rate, f.setpoints.arrivals) = (Some(200.0), Process::Poisson);
    let mut response = Latency::new();
    (1..=1_890).for_each(|k| response.record(Nanos::from_micros(50 * k)));
    f.table.response = response.summary();
    f.table.send_lag = (Some(0.000_02), Some(0.000_3));
    (f.whole.span, f.whole.rate) = (10.0, 189.0);
    f.cpu_wait = 0.25;
    f
}

#[test]
fn in_the_closed_model_there_is_no_send_lag_to_tell() {
    let mut f = open();
    f.setpoints.model = LoadModel::Closed;

    let s = summary(&f);

    check(&s);
    assert!(s["generator"]["send_lag_p50_ms"].is_null() && s["generator"]["send_lag_p99_ms"].is_null());
}

#[test]
fn the_open_model_is_told_in_full() {
    let s = summary(&open());

    check(&s);
    assert_eq!(
        s["load"].to_string(),
        r#"{"model":"open","arrivals":"poisson","rate_rps":200.0,"overflow":"drop","queue_capacity":65536,"profile":"fast"}"#
    );
    assert_eq!(
        (&s["queue"]["kind"], &s["queue"]["shed_rps"]["p99"]),
        (&"client".into(), &30.0.into())
    );
    assert_eq!(s["generator"]["stalls"][0].to_string(), r#"{"at_s":4.0,"for_ms":2990.0}"#);
    assert_eq!(
        (&s["generator"]["send_lag_p99_ms"], &s["generator"]["saturated"]),
        (&0.3.into(), &true.into())
    );
    assert_eq!(s["generator"]["cpu_wait"], 0.25);
    // 1,890 answers, 50 µs apart: the 1,872nd took 93.6 ms.
    assert_eq!(s["thresholds"][0]["ok"], false);
    let p99 = s["thresholds"][0]["value"].as_f64().unwrap();
    assert!(
        (p99 - 93.6).abs() < 0.1 && s["thresholds"][0]["value"] == s["latency"]["response"]["p99_ms"],
        "{p99}"
    );
}

#[test]
fn under_a_promise_the_rate_is_the_one_found_or_else_the_one_offered() {
    let slo = |answer| Slo {
        promise: Promise::parse("p99<80ms").unwrap(),
        stage: Stage::Regulate,
        rate: 900.0,
        answer,
        kept: None,
        bad: (0.008, 0.01),
        decided: 26_000,
        dispersion: None,
        idle: None,
        confirm: None,
        confirmed: None,
        late_here: None,
        price: None,
        cap: 104,
        recovery: None,
    };
    for (answer, rate) in [(Some((1331.0, 30.0)), 1331.0), (None, 900.0)] {
        let mut f = open();
        (f.setpoints.mode, f.setpoints.rate, f.slo) = (Mode::Slo, None, Some(slo(answer)));

        let s = summary(&f);

        check(&s);
        assert_eq!(s["load"]["rate_rps"], rate);
    }
}

#[test]
fn a_run_of_nothing_and_a_simulated_one_fit_the_schema() {
    let simulated = Frame {
        run: Arc::new(RunInfo {
            simulated: true,
            ..RunInfo::default()
        }),
        ..open()
    };

    check(&summary(&Frame::default()));
    let s = summary(&simulated);

    check(&s);
    assert!(
        s["generator"].as_object().unwrap().values().all(|v| v.is_null()),
        "{:#}",
        s["generator"]
    );
}
