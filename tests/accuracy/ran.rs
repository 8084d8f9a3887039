//! One run of the product against the truth server: its summary, its raw log, and what the server saw.
//! It refuses to run two cases at once: they would disturb each other.

use crate::product::{Ended, Product};
use crate::quiet;
use crate::schema::{check, number};
use crate::truth::{Exchange, Truth};
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// One case at a time.
static ALONE: Mutex<()> = Mutex::new(());
/// A run may take so long.
const LONG: Duration = Duration::from_secs(900);

/// A line of the raw log. Moments are since run start, ns.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) seq: u64,
    pub(crate) intended: u64,
    pub(crate) sent: Option<u64>,
    pub(crate) first: Option<u64>,
    pub(crate) end: u64,
    pub(crate) class: String,
    pub(crate) status: u16,
    pub(crate) tx: u64,
    pub(crate) rx: u64,
}

impl Line {
    /// end − intended, ms.
    pub(crate) fn response(&self) -> f64 {
        (self.end - self.intended) as f64 / 1e6
    }

    /// end − sent, ms.
    pub(crate) fn service(&self) -> Option<f64> {
        self.sent.map(|sent| (self.end - sent) as f64 / 1e6)
    }
}

/// What came of a run.
pub(crate) struct Ran {
    pub(crate) summary: Value,
    pub(crate) raw: Vec<Line>,
    pub(crate) seen: Vec<Exchange>,
    pub(crate) ended: Ended,
}

/// Waits for the other cases.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs the product against the server, logged; it must end with code 0.
pub(crate) fn run(truth: &Truth, args: &[&str]) -> Ran {
    let ran = run_any(truth, args);
    assert_eq!(ran.ended.code, Some(0), "{args:?}\n{}", ran.ended.stderr);
    ran
}

/// Runs it, whatever its exit code.
pub(crate) fn run_any(truth: &Truth, args: &[&str]) -> Ran {
    finish(truth, start(truth, args))
}

/// A product that is running, and where its log goes.
pub(crate) struct Started {
    pub(crate) product: Product,
    folder: tempfile::TempDir,
}

/// Starts it.
pub(crate) fn start(truth: &Truth, args: &[&str]) -> Started {
    let folder = tempfile::tempdir().unwrap();
    let (url, log) = (truth.url(), folder.path().join("raw.tsv"));
    let fixed = [
        "--headless",
        "--output-format",
        "json",
        "--raw-log",
        log.to_str().unwrap(),
        &url,
    ];
    let product = Product::start(&[args, &fixed].concat());
    Started { product, folder }
}

/// Waits for it and gathers everything.
pub(crate) fn finish(truth: &Truth, started: Started) -> Ran {
    let ended = started.product.end(LONG);
    let summary = ended.json();
    check(&summary);
    Ran {
        summary,
        raw: read(&started.folder.path().join("raw.tsv")),
        seen: truth.log(),
        ended,
    }
}

/// The lines of a raw log.
pub(crate) fn read(path: &Path) -> Vec<Line> {
    let text = std::fs::read_to_string(path).unwrap();
    let line = |text: &str| {
        let fields: Vec<&str> = text.split('\t').collect();
        let [seq, intended, sent, first, end, class, status, tx, rx] = fields[..] else {
            panic!("not nine fields: {text:?}")
        };
        Line {
            seq: seq.parse().unwrap(),
            intended: intended.parse().unwrap(),
            sent: sent.parse().ok(),
            first: first.parse().ok(),
            end: end.parse().unwrap(),
            class: class.to_owned(),
            status: status.parse().unwrap(),
            tx: tx.parse().unwrap(),
            rx: rx.parse().unwrap(),
        }
    };
    text.lines().skip(1).map(line).collect()
}

impl Ran {
    /// A whole number of the summary.
    pub(crate) fn n(&self, pointer: &str) -> u64 {
        number(&self.summary, pointer)
    }

    /// A number of the summary; NaN where it is null.
    pub(crate) fn x(&self, pointer: &str) -> f64 {
        self.summary.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN)
    }

    /// A latency of the summary, ms: `response`, `p99`.
    pub(crate) fn ms(&self, what: &str, which: &str) -> f64 {
        self.x(&format!("/latency/{what}/{which}_ms"))
    }

    /// How many ended with this class.
    pub(crate) fn errors(&self, class: &str) -> u64 {
        self.summary["errors"][class].as_u64().unwrap_or(0)
    }

    /// Responses of the raw log, ms, ascending.
    pub(crate) fn responses(&self) -> Vec<f64> {
        sorted(self.raw.iter().map(Line::response))
    }

    /// What every run owes: each scheduled request has its own line and number, the summary's counts are the log's, and
    /// the server read what was sent.
    pub(crate) fn reconciled(self, truth: &Truth) -> Self {
        let logged = |class: &str| self.raw.iter().filter(|l| l.class == class).count() as u64;
        let books = &self.summary["books"];
        let begun = self.n("/books/scheduled") - self.n("/books/shed") - self.n("/books/queued");
        assert_eq!(self.raw.len() as u64, begun, "{books:#}");
        assert_eq!(logged("not_sent"), self.n("/books/not_sent"), "{books:#}");
        let mut numbers: Vec<u64> = self.raw.iter().map(|l| l.seq).collect();
        numbers.sort();
        assert!(numbers.windows(2).all(|w| w[0] < w[1]), "a number stands twice in the log");
        assert_eq!(
            (logged("ok"), logged("aborted")),
            (self.n("/books/ok"), self.n("/books/aborted"))
        );
        assert_eq!(logged("bad_status"), self.n("/books/bad_status"));
        for (class, count) in self.summary["errors"].as_object().unwrap() {
            assert_eq!(Some(logged(class)), count.as_u64(), "{class}");
        }
        let sum = |of: fn(&Line) -> u64| self.raw.iter().map(of).sum::<u64>();
        assert_eq!((sum(|l| l.tx), sum(|l| l.rx)), (self.n("/bytes/tx"), self.n("/bytes/rx")));
        let counts = truth.counts();
        let retries = self.n("/connections/retries");
        let sent = self.n("/books/sent");
        assert!(
            (sent..=sent + retries).contains(&counts.requests),
            "sent {sent}, {retries} retries, {counts:?}"
        );
        assert_eq!(
            counts.accepts,
            self.n("/connections/opened"),
            "{:#}",
            self.summary["connections"]
        );
        self
    }

    /// Per request: what the product measured (end − sent) and the truth (first byte read to last written), both ms.
    pub(crate) fn pairs(&self) -> Vec<(f64, f64)> {
        self.pairs_from(0)
    }

    /// The same without the first `n` requests.
    pub(crate) fn pairs_from(&self, n: u64) -> Vec<(f64, f64)> {
        let truth: HashMap<u64, u64> = self.seen.iter().filter_map(|e| Some((e.seq?, e.took()?))).collect();
        let pair = |l: &Line| Some((l.service()?, *truth.get(&l.seq)? as f64 / 1e6));
        let lines = self.raw.iter().filter(|l| l.class == "ok" && l.seq >= n);
        lines.filter_map(pair).collect()
    }

    /// One line: quantiles of the response, ms.
    pub(crate) fn shape(&self) -> String {
        let r = self.responses();
        let q = |p: f64| quantile(&r, p);
        format!(
            "n {} p50 {:.2} p75 {:.2} p90 {:.1} p95 {:.1} p99 {:.1} p99.9 {:.1} max {:.1} mean {:.2} ms",
            r.len(),
            q(0.5),
            q(0.75),
            q(0.9),
            q(0.95),
            q(0.99),
            q(0.999),
            q(1.0),
            mean(&r)
        )
    }
}

/// Ascending.
pub(crate) fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut all: Vec<f64> = values.into_iter().collect();
    all.sort_by(f64::total_cmp);
    all
}

/// Nearest rank: the ⌈q·n⌉-th of ascending values; NaN of none.
pub(crate) fn quantile(ascending: &[f64], q: f64) -> f64 {
    let rank = (q * ascending.len() as f64).ceil().max(1.0) as usize;
    ascending.get(rank - 1).copied().unwrap_or(f64::NAN)
}

pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// How many are at least this.
pub(crate) fn at_least(values: &[f64], least: f64) -> usize {
    values.iter().filter(|v| **v >= least).count()
}

/// Runs a case in full: as often as `CLOBBER_RUNS` says (1), each without disturbance by others, and all must hold.
pub(crate) fn judged<R>(mut case: impl FnMut() -> R, mut judge: impl FnMut(R)) {
    assert!(quiet::full(), "bounds in ms need a quiet machine (tests/run --full)");
    let _alone = alone();
    for _ in 0..runs() {
        judge(quiet::measure(&[], &mut case));
    }
}

/// Runs of each case: `CLOBBER_RUNS`, or one.
pub(crate) fn runs() -> usize {
    std::env::var("CLOBBER_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(1)
}

/// The printed line of a case.
pub(crate) fn say(case: &str, figures: &str) {
    println!("{case}: {figures}");
}

/// `value` lies within `tolerance` of `expected`.
#[track_caller]
pub(crate) fn near(what: &str, value: f64, expected: f64, tolerance: f64) {
    assert!(
        (value - expected).abs() <= tolerance,
        "{what}: {value} is not {expected} ± {tolerance}"
    );
}
