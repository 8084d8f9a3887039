//! What the experiment says in words.

use super::figure;
use crate::model::demand::Overflow;
use crate::model::format::{count, percent, quantity};
use crate::telemetry::flow::{BEGINNING, Flow, RUN_AWAY};

/// `4 consumers`, `1 consumer`.
pub(super) fn consumers(f: &Flow) -> String {
    let s = if f.consumers == 1 { "" } else { "s" };
    format!("{} consumer{s}", f.consumers)
}

/// `unbounded queue`, `20 may wait, then drop`.
pub(super) fn queue(f: &Flow) -> String {
    match f.bound {
        None => "unbounded queue".into(),
        Some(b) => format!("{} may wait, then {}", count(b.waiting), b.overflow.name()),
    }
}

/// Per cent of the slide with one decimal.
pub(super) fn share(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// Where the run-away begins, or that there is none.
pub(super) fn onset(f: &Flow) -> String {
    let base = figure(f.baseline());
    let begin = format!("{:.0} %", BEGINNING * 100.0);
    match f.onset().and_then(|i| f.moment(i)) {
        Some(m) => format!(
            "RUN-AWAY at {} of the slide: from there the median response stays above {RUN_AWAY} x {base}, its median in the \
             first {begin}. A task then took {:.2} on average: a load of {} on each consumer (alpha {:.2}).",
            share(m.share),
            m.mean_service,
            percent(m.mean_service),
            m.alpha,
        ),
        None => {
            format!("NO RUN-AWAY: the median response never stays above {RUN_AWAY} x {base}, its median in the first {begin}.")
        }
    }
}

/// Where the mean service passes 1; nothing when it does not.
pub(super) fn critical(f: &Flow) -> Option<String> {
    f.critical.map(|m| {
        format!(
            "The mean service passes 1.0 at {} (alpha {:.4}), for any number of consumers.",
            share(m.share),
            m.alpha
        )
    })
}

/// What the bound cost; nothing without one.
pub(super) fn cost(f: &Flow) -> Option<String> {
    let bound = f.bound?;
    let end = f.span(0.95, 1.0);
    let p99 = figure(end.response.quantile(0.99));
    let lost = |verb: &str| {
        let (refused, sent) = (end.refusals.mean().unwrap_or(0.0), end.arrivals.mean().unwrap_or(0.0));
        format!(
            "The bound cost {} of {} tasks, {verb} ({} of those in the last 5 % of the slide), and kept the p99 at {p99} there.",
            percent(f.lost_share()),
            count(f.books.offered),
            percent(refused / sent),
        )
    };
    Some(match bound.overflow {
        Overflow::Drop => lost("lost without a word"),
        Overflow::Reject => lost("refused at once, which their senders saw"),
        Overflow::Block => format!(
            "The bound cost no task: the source had to wait, and ended {} time units late ({} of the slide); p99 {p99} at the end.",
            count(f.slip.round() as u64),
            percent(f.slip / f.length),
        ),
    })
}

/// The lesson, in a sentence.
pub(super) fn lesson(f: &Flow) -> String {
    let over = f.columns.iter().any(|c| c.mean_service > 1.0);
    let before = f.span(0.65, 0.70).response.quantile(0.5);
    let times = before.zip(f.baseline()).map(|(b, base)| b / base);
    match f.bound {
        None if over && times.is_some_and(|t| t < 2.0) => format!(
            "More consumers do not move that place, they hide it: at 65-70 % the median was still {} x what it was at first.",
            quantity(times.unwrap_or(f64::NAN))
        ),
        None if over => format!(
            "An unbounded queue answers every overload with waiting; at 65-70 % the median was already {} x what it was at first.",
            quantity(times.unwrap_or(f64::NAN))
        ),
        None => "The load never passed 1, so the queue always came back.".into(),
        Some(b) if b.overflow == Overflow::Block => {
            "What is too much has to be left somewhere: here it waits at the source, where it can be seen.".into()
        }
        Some(_) => "What is too much has to be left somewhere: here it is turned away, and the rest is served in time.".into(),
    }
}
