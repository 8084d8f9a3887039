//! Why the figures can be believed: validity, this machine's own state, Little's law, the books.

use crate::answer;
use crate::model::format::{count, latency, length, percent};
use crate::model::setpoints::LoadModel;
use crate::telemetry::frame::Frame;

/// Wait for a CPU that is told.
const CROWDED: f64 = 0.05;

/// Requests sent twice that are told: the server counted more than was sent.
const RESENT: f64 = 0.01;

/// Whether it is valid, the generator's own state, Little's law, the books.
pub(super) fn trust(f: &Frame) -> String {
    let mut parts = Vec::new();
    if f.valid {
        parts.push("valid".to_owned());
    }
    if !f.run.simulated && f.run.unreachable.is_none() {
        parts.push(machine(f));
    }
    if let Some(l) = f.whole.little_ratio.filter(|_| !answer::grows(f)) {
        parts.push(format!("rate × latency = in flight to {}", percent((l - 1.0).abs())));
    }
    let stalled = f.whole.stalled.1;
    if f.setpoints.model == LoadModel::Closed && stalled > 0.0 {
        parts.push(format!(
            "closed model: stalls of {} suppressed load (coordinated omission)",
            length(stalled)
        ));
    }
    parts.push(if f.run.unreachable.is_some() {
        "no load was sent".to_owned()
    } else {
        sent(f)
    });
    if let Some(good) = f.table.good.filter(|g| g.p50.is_some()) {
        let (p50, p99) = (latency(good.p50), latency(good.p99));
        parts.push(format!("good answers alone p50 {p50}, p99 {p99}"));
    }
    if let Some(status) = f.run.let_pass {
        parts.push(format!("{status} counts as good (you said so)"));
    }
    let again = f.totals.retries as f64 / f.books.sent.max(1) as f64;
    if again > RESENT {
        parts.push(format!(
            "{} sent again on a new connection, the server had closed the kept one",
            percent(again)
        ));
    }
    let told = due(f).is_some();
    if f.books.unsent > 0 && !told {
        parts.push(format!("{} never left", count(f.books.unsent)));
    }
    if f.books.not_sent > 0 && !told {
        let waited = aged(f.totals.not_sent_oldest);
        parts.push(format!("{} not sent before the end{waited}", count(f.books.not_sent)));
    }
    parts.join(" · ")
}

/// CPU, send lag, and the wait for a CPU that others had.
fn machine(f: &Frame) -> String {
    let mut text = format!("this machine {} CPU", percent(f.cpu));
    if let Some(lag) = f.table.send_lag.1.filter(|lag| *lag > 0.0) {
        text += &format!(", send lag p99 {}", length(lag));
        let p99 = f.table.response.p99.filter(|p99| lag >= 0.001 * p99);
        text += &p99.map_or_else(String::new, |p99| format!(", {} of p99", percent(lag / p99)));
    }
    if f.cpu_wait > CROWDED {
        text += &format!(", lanes waited {} of the time for a CPU", percent(f.cpu_wait));
    }
    text
}

/// What was sent and what became of it.
fn sent(f: &Frame) -> String {
    let b = &f.books;
    let named = [
        (b.ok, "ok"),
        (b.bad_status, "bad status"),
        (b.failed, "failed"),
        (b.in_flight, "in flight"),
    ];
    let mut sum: Vec<String> = named
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{} {what}", count(*n)))
        .collect();
    if b.aborted > 0 {
        sum.push(format!("{} aborted{}", count(b.aborted), aged(f.totals.aborted_oldest)));
    }
    let sum = if sum.is_empty() { "0".into() } else { sum.join(" + ") };
    match due(f) {
        Some(due) => format!("{due}; sent = {sum}"),
        None => format!("{} sent = {sum}", count(b.sent)),
    }
}

/// Open traffic of which not everything was sent: what was due and what became of it.
fn due(f: &Frame) -> Option<String> {
    let b = &f.books;
    if f.setpoints.model != LoadModel::Open || b.scheduled == b.sent {
        return None;
    }
    let waited = aged(f.totals.not_sent_oldest);
    let parts = [
        (b.sent, "sent".to_owned()),
        (b.shed, "shed".into()),
        (b.unsent, "never left".into()),
        (b.queued, "waiting".into()),
        (b.not_sent, format!("not sent before the end{waited}")),
    ];
    let told = parts.iter().filter(|(n, _)| *n > 0);
    let sum: Vec<String> = told.map(|(n, what)| format!("{} {what}", count(*n))).collect();
    Some(format!("{} due = {}", count(b.scheduled), sum.join(" + ")))
}

fn aged(oldest: Option<f64>) -> String {
    oldest.map_or_else(String::new, |s| format!(" (oldest {})", length(s)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::books::Books;

    #[test]
    fn good_answers_alone_are_told_where_there_are_others() {
        let mut f = Frame::default();
        assert!(!trust(&f).contains("good answers"));
        f.table.good = Some(crate::telemetry::latency::Summary::default());
        assert!(!trust(&f).contains("good answers"), "there were none");
        f.table.good = Some(crate::telemetry::latency::Summary {
            p50: Some(0.005),
            ..Default::default()
        });

        assert!(
            trust(&f).ends_with(" · good answers alone p50 5.0 ms, p99 —"),
            "{}",
            trust(&f)
        );
    }

    #[test]
    fn a_stall_in_the_closed_model_is_said_to_have_suppressed_load() {
        let mut f = Frame::default();
        f.whole.stalled = (2.0, 4.0);
        let closed = trust(&f);
        f.setpoints.model = LoadModel::Open;

        let said = "closed model: stalls of 4.0 s suppressed load (coordinated omission)";
        assert!(closed.contains(said), "{closed}");
        assert!(!trust(&f).contains("closed model"));
    }

    #[test]
    fn what_the_user_let_pass_and_what_was_sent_again_is_told() {
        let mut f = Frame::default();
        (f.books.sent, f.totals.retries) = (1000, 10);
        f.run = std::sync::Arc::new(crate::model::run::RunInfo {
            let_pass: Some(503),
            ..Default::default()
        });
        let seldom = trust(&f);
        f.totals.retries = 24;

        assert!(
            seldom.contains(" · 503 counts as good (you said so)") && !seldom.contains("again"),
            "{seldom}"
        );
        let said = "2.4 % sent again on a new connection, the server had closed the kept one";
        assert!(trust(&f).contains(said), "{}", trust(&f));
    }

    #[test]
    fn lag_wait_and_ages_are_told_when_there_are_any() {
        let mut f = Frame {
            valid: true,
            books: Books {
                scheduled: 12,
                sent: 12,
                aborted: 12,
                ..Books::default()
            },
            ..Frame::default()
        };
        f.whole.little_ratio = Some(1.019);
        let plain = trust(&f);
        f.whole.little_ratio = Some(0.95);
        f.table.send_lag = (Some(0.0), Some(0.000_08));
        f.table.response.p99 = Some(0.002);
        f.totals.aborted_oldest = Some(5.0);
        f.books.not_sent = 3;
        f.totals.not_sent_oldest = Some(1.5);
        f.cpu_wait = 0.12;

        assert_eq!(
            plain,
            "valid · this machine 0 % CPU · rate × latency = in flight to 1.9 % · 12 sent = 12 aborted"
        );
        assert_eq!(
            trust(&f),
            "valid · this machine 0 % CPU, send lag p99 80 µs, 4.0 % of p99, lanes waited 12 % of the time for a CPU · rate × latency = in flight to 5.0 % · 12 sent = 12 aborted (oldest 5.0 s) · 3 not sent before the end (oldest 1.5 s)"
        );
    }
}
