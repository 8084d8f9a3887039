//! Made-up frames that look like real ones: a plant with contention and coherency delay, and runs of several kinds over it.
//! Every number follows from a seed.

use clobber::answer::{Advice, Bound, Code, Verdict};
use clobber::model::notice::{Notice, Who};
use clobber::model::run::{Detection, RunInfo};
use clobber::model::units::Nanos;
use clobber::telemetry::column::Column;
use clobber::telemetry::curve::Row;
use clobber::telemetry::frame::{Frame, Phase};
use clobber::telemetry::grid::{BINS, Grid};
use clobber::telemetry::latency::{Summary, enough};
use clobber::telemetry::window::Stats;
use std::sync::Arc;

/// A frame with the words of its second row.
pub(crate) struct Scene {
    /// Its file name.
    pub(crate) name: &'static str,
    /// The run.
    pub(crate) frame: Frame,
    /// The words.
    pub(crate) verdict: Verdict,
    /// What to configure.
    pub(crate) advice: Option<Advice>,
}

/// X(N) of the plant, 1/s; 1,662 at 41, 1,689 at its peak 49.
pub(crate) fn rate(workers: f64) -> f64 {
    91.0 * workers / (1.0 + 0.01404 * (workers - 1.0) + 0.000411 * workers * (workers - 1.0))
}

/// One column of exponential responses with mean N/X(N) and counting noise.
pub(crate) fn column(i: u64, workers: f64, rng: &mut fastrand::Rng) -> Column {
    let mean = workers / rate(workers);
    let mut response = Grid::default();
    for bin in 1..=BINS {
        let share = (-Grid::edge(bin) / mean).exp() - (-Grid::edge(bin + 1) / mean).exp();
        let expected = rate(workers) / 2.0 * share;
        let n = poisson(expected, rng);
        if n > 0 {
            response.add(bin, n);
        }
    }
    let n = response.total();
    let max = response.quantile(1.0);
    Column {
        from: Nanos::from_millis(500 * i),
        to: Nanos::from_millis(500 * (i + 1)),
        ok: n,
        offered: n,
        workers,
        queue: (workers - n as f64 * 2.0 * 0.011).max(0.0),
        p50: response.quantile(0.5),
        p99: (n >= 100).then(|| response.quantile(0.99)).flatten(),
        max,
        response,
        ..Column::default()
    }
}

fn poisson(mean: f64, rng: &mut fastrand::Rng) -> u64 {
    if mean > 30.0 {
        let noise: f64 = (0..12).map(|_| rng.f64()).sum::<f64>() - 6.0;
        return (mean + mean.sqrt() * noise).round().max(0.0) as u64;
    }
    let (limit, mut product, mut n) = ((-mean).exp(), rng.f64(), 0);
    while product > limit {
        product *= rng.f64();
        n += 1;
    }
    n
}

fn summary(grid: &Grid, count: u64) -> Summary {
    let q = |q: f64| grid.quantile(q).filter(|_| enough(q, count));
    Summary {
        count,
        min: grid.quantile(0.0001),
        mean: grid.quantile(0.63),
        p50: q(0.5),
        p75: q(0.75),
        p90: q(0.9),
        p95: q(0.95),
        p99: q(0.99),
        p999: q(0.999),
        p9999: q(0.9999),
        max: grid.quantile(1.0),
    }
}

pub(crate) fn stats(columns: &[Arc<Column>]) -> Stats {
    let mut grid = Grid::default();
    columns.iter().for_each(|c| grid.merge(&c.response));
    let span: f64 = columns.iter().map(|c| c.span()).sum();
    let (ok, errors): (u64, u64) = (columns.iter().map(|c| c.ok).sum(), columns.iter().map(|c| c.errors).sum());
    Stats {
        span,
        good_rate: ok as f64 / span,
        rate: (ok + errors) as f64 / span,
        errors: errors as f64 / ((ok + errors) as f64).max(1.0),
        busy: columns.iter().map(|c| c.workers * c.span()).sum::<f64>() / span,
        latency: summary(&grid, grid.total()),
    }
}

pub(crate) fn info() -> RunInfo {
    let card = [
        "200 OK",
        "1.2 kB text/html",
        "nginx",
        "http/1.1 keep-alive",
        "loopback",
        "connect 0.1 ms, first byte 8.1 ms",
    ];
    RunInfo {
        target: "http://127.0.0.1:8080/".into(),
        protocol: "http/1.1".into(),
        request: "GET".into(),
        detection: Detection {
            card: card.map(String::from).to_vec(),
            ..Detection::default()
        },
        ..RunInfo::default()
    }
}

pub(crate) fn notice(seconds: f64, who: Who, what: &str) -> Notice {
    Notice {
        at: Nanos::from_secs_f64(seconds),
        who,
        what: what.into(),
    }
}

/// A frame over columns, with the figures that follow from them.
pub(crate) fn over(columns: Vec<Column>) -> Frame {
    let columns: Arc<[Arc<Column>]> = columns.into_iter().map(Arc::new).collect();
    let all = stats(&columns);
    let last = stats(&columns[columns.len().saturating_sub(10)..]);
    let mut frame = Frame {
        seq: 1,
        at: columns.last().map_or(Nanos::ZERO, |c| c.to),
        run: Arc::new(info()),
        phase: Phase::Run,
        last,
        cpu: 0.31,
        valid: true,
        idle: Some(0.011),
        ..Frame::default()
    };
    frame.whole.span = all.span;
    frame.whole.rate = all.rate;
    frame.whole.good_rate = all.good_rate;
    frame.whole.errors = all.errors;
    frame.whole.little_ratio = Some(1.004);
    frame.table.response = all.latency;
    frame.table.service = all.latency;
    frame.queue.now = columns.last().map_or(0.0, |c| c.queue);
    frame.books.ok = columns.iter().map(|c| c.ok).sum();
    frame.books.bad_status = columns.iter().map(|c| c.errors).sum();
    frame.books.in_flight = last.busy.round() as u64;
    frame.books.sent = frame.books.ok + frame.books.bad_status + frame.books.in_flight;
    frame.books.scheduled = frame.books.sent;
    frame.gauges.in_flight = frame.books.in_flight;
    frame.gauges.active = frame.books.in_flight;
    frame.control.workers = last.busy;
    frame.columns = columns;
    frame
}

pub(crate) fn rows(list: &[(u32, f64, f64)]) -> Vec<Row> {
    let row = |(workers, ci, held): &(u32, f64, f64)| {
        let good = rate(f64::from(*workers));
        let mean = f64::from(*workers) / good;
        let completions = (good * held) as u64;
        Row {
            workers: *workers,
            good_rps: good,
            ci95_rps: Some(good * ci),
            p50: Some(mean * 0.693),
            p99: enough(0.99, completions).then_some(mean * 4.6),
            mean: Some(mean),
            completions,
            held: *held,
            ..Row::default()
        }
    };
    list.iter().map(row).collect()
}

pub(crate) fn verdict(code: Code, sentence: &str) -> Verdict {
    Verdict {
        bound: Bound::Exact,
        cause: None,
        limit: None,
        code,
        sentence: sentence.into(),
    }
}
