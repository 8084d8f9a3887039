//! Open traffic at a rate of the user's: what is asked, and whether it is answered as fast as it comes.
//! It refuses to call a rate a capacity: it only says whether this one holds.

use super::Code;
use super::bound::latency_words;
use super::judge::Found;
use crate::model::demand::Overflow;
use crate::model::failure::Failure;
use crate::model::format::{latency, quantity};
use crate::model::setpoints::{LoadModel, Mode};
use crate::telemetry::column::Column;
use crate::telemetry::frame::Frame;

/// Seconds looked back on, and fewest.
const REACH: f64 = 10.0;
const LEAST: f64 = 2.0;
/// Share of the arrivals that may stay unanswered, and how many standard deviations of their count.
const LEFT: f64 = 0.02;
const SIGMAS: f64 = 4.0;
/// Share of what a throttle lets through from which on it is the limit.
const LET: f64 = 0.95;
/// Share of the arrivals that a full queue may turn away, and of the time that the schedule may slip.
const LOST: f64 = 0.01;

/// Whether the user's own open traffic runs.
pub(super) fn open(f: &Frame) -> bool {
    f.setpoints.model == LoadModel::Open && f.setpoints.mode == Mode::Manual
}

/// Arrivals come faster than answers: they pile up here or at the target, or are turned away.
pub(super) fn behind(f: &Frame) -> Found {
    let (offered, answered) = lately(f)?;
    if throttled(f).is_some_and(|most| answered >= LET * most) {
        return None;
    }
    let asked = quantity(offered);
    let text = format!(
        "{}/s of {asked}/s asked {} are answered",
        quantity(answered),
        f.setpoints.arrivals.name()
    );
    let why = lost(f).or_else(|| {
        let growth = offered - answered;
        growing(f).then(|| format!("the backlog grows by {}/s, and every response with it", quantity(growth)))
    })?;
    Some((Code::Saturated, format!("the target is full: {text}; {why}")))
}

/// Open traffic that piles up: the run has no steady state, so Little's law says nothing of it.
pub fn grows(f: &Frame) -> bool {
    lately(f).is_some() && growing(f)
}

/// What the user's own throttle lets through a second, where that is less than is asked.
fn throttled(f: &Frame) -> Option<f64> {
    f.run.throttle.filter(|most| f.asked().is_some_and(|asked| asked > *most))
}

/// What a full queue did with those that found no room.
fn lost(f: &Frame) -> Option<String> {
    let scheduled = f.books.scheduled.max(1) as f64;
    let refused = f.totals.errors.iter().find(|(class, _)| *class == Failure::LocalQueue);
    let refused = refused.map_or(0, |(_, n)| *n);
    match f.setpoints.overflow {
        _ if f.books.shed as f64 > LOST * scheduled => Some(format!("{} were shed", quantity(f.books.shed as f64))),
        _ if refused as f64 > LOST * scheduled => Some(format!("{} were turned away", quantity(refused as f64))),
        Overflow::Block if f.gauges.slip.secs() > LOST * f.whole.span.max(1.0) => {
            Some(format!("the schedule slipped by {}", f.gauges.slip))
        }
        _ => None,
    }
}

/// Arrivals and answers a second, over the last seconds in which anything came due.
fn lately(f: &Frame) -> Option<(f64, f64)> {
    let (offered, ended, span) = sums(f);
    (open(f) && span >= LEAST).then(|| (offered / span, ended / span))
}

fn growing(f: &Frame) -> bool {
    let (offered, ended, _) = sums(f);
    offered - ended > (LEFT * offered).max(SIGMAS * offered.sqrt())
}

/// Arrivals, answers and seconds of the last columns in which anything came due; the first second of the run is left out.
fn sums(f: &Frame) -> (f64, f64, f64) {
    let mut sum = (0.0, 0.0, 0.0);
    let due = |c: &&Column| c.offered > 0 && !c.paused && c.from.secs() >= 1.0;
    for c in f.columns.iter().map(AsRef::as_ref).filter(due).rev() {
        if sum.2 >= REACH {
            break;
        }
        sum.0 += c.offered as f64;
        sum.1 += (c.ok + c.errors) as f64;
        sum.2 += c.span();
    }
    sum
}

/// Nothing to report: the rate asked for, and what a user would have felt.
pub(super) fn steady(f: &Frame) -> String {
    let (rate, p99) = f
        .steady
        .as_ref()
        .map_or((f.whole.good_rate, f.table.response.p99), |s| (s.good_rate, s.latency.p99));
    let asked = f.asked().unwrap_or(rate);
    let most = throttled(f).map_or_else(String::new, |most| format!(", --throttle lets {}/s through", quantity(most)));
    format!(
        "{}/s good of {}/s asked, open {}{most}, p99 {}{} from the intended start",
        quantity(rate),
        quantity(asked),
        f.setpoints.arrivals.name(),
        latency_words(f),
        latency(p99)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::units::Nanos;
    use crate::telemetry::books::Books;
    use std::sync::Arc;

    /// Ten seconds at 150/s, of which so many a second are answered.
    fn frame(answered: u64) -> Frame {
        let columns: Vec<Arc<Column>> = (0..24u64)
            .map(|k| {
                let sending = k < 20;
                Arc::new(Column {
                    from: Nanos::from_millis(500 * k),
                    to: Nanos::from_millis(500 * (k + 1)),
                    offered: if sending { 75 } else { 0 },
                    ok: answered / 2,
                    ..Column::default()
                })
            })
            .collect();
        let mut f = Frame {
            columns: columns.into(),
            books: Books {
                scheduled: 1500,
                ..Books::default()
            },
            ..Frame::default()
        };
        (f.setpoints.model, f.setpoints.mode, f.setpoints.rate) = (LoadModel::Open, Mode::Manual, Some(150.0));
        f
    }

    #[test]
    fn a_backlog_that_grows_is_told_with_its_growth() {
        let (code, sentence) = behind(&frame(100)).unwrap();

        assert_eq!(code, Code::Saturated);
        assert!(sentence.contains("100/s of 150/s asked constant"), "{sentence}");
        assert!(sentence.contains("grows by 50/s"), "{sentence}");
        assert!(grows(&frame(100)) && !grows(&frame(150)));
    }

    #[test]
    fn a_rate_that_is_answered_is_steady_and_what_is_drained_later_does_not_count() {
        assert_eq!(behind(&frame(150)), None);
        assert_eq!(behind(&frame(146)), None, "4/s of 150 are within the noise of 1400");
        assert!(steady(&frame(150)).contains("of 150/s asked, open constant"));
    }

    #[test]
    fn a_throttle_of_the_users_own_is_no_full_target() {
        let throttled = |answered| {
            let mut f = frame(answered);
            f.books.shed = 300;
            f.run = Arc::new(crate::model::run::RunInfo {
                throttle: Some(100.0),
                ..Default::default()
            });
            f
        };

        assert_eq!(behind(&throttled(100)), None);
        assert!(steady(&throttled(100)).contains("open constant, --throttle lets 100/s through, p99"));
        assert!(behind(&throttled(80)).is_some(), "the target gives less than the throttle");
    }

    #[test]
    fn what_a_full_queue_sheds_is_told_and_the_closed_model_is_not_judged() {
        let mut f = frame(150);
        f.books.shed = 300;
        assert!(behind(&f).unwrap().1.contains("300 were shed"));

        f.setpoints.model = LoadModel::Closed;
        assert_eq!(behind(&f), None);
    }
}
