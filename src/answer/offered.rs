//! Open traffic at a rate of the user's: what is asked, and whether it is answered as fast as it comes.
//! It refuses to call a rate a capacity: it only says whether this one holds.

use super::Code;
use super::bound::latency_words;
use super::judge::Found;
use crate::model::demand::Overflow;
use crate::model::failure::Failure;
use crate::model::format::{latency, length, quantity, worker_count};
use crate::model::setpoints::{LoadModel, Mode};
use crate::telemetry::column::Column;
use crate::telemetry::frame::{Frame, Phase};

/// Seconds looked back on, and fewest of them.
const REACH: f64 = 10.0;
const LEAST: f64 = 0.5;
/// Seconds at the begin of a run that say nothing yet; in a short one half of it.
const BEGIN: f64 = 1.0;
/// Share of the arrivals that may stay unanswered, and how many standard deviations of their count.
const LEFT: f64 = 0.02;
const SIGMAS: f64 = 4.0;
/// Share of what a throttle lets through from which on it is the limit.
const LET: f64 = 0.95;
/// Share of what was due that may get lost, and how many at least are told.
const LOST: f64 = 0.01;
const FEW: f64 = 10.0;
/// Share of the workers that is all of them, and service times, as a multiple of the idle one, that are still as idle.
const ALL: f64 = 0.95;
const FLAT: f64 = 1.5;
/// Share of the arrivals whose answers may come after the end of a run too short to tell.
const OWED: f64 = 0.1;

/// Whether the user's own open traffic runs.
pub(super) fn open(f: &Frame) -> bool {
    f.setpoints.model == LoadModel::Open && f.setpoints.mode == Mode::Manual
}

/// Arrivals come faster than answers: they pile up here or at the target, or are turned away.
pub(super) fn behind(f: &Frame) -> Found {
    if !open(f) {
        return None;
    }
    let known = lately(f);
    let asked = asked(f, known)?;
    let (offered, answered) = known.unwrap_or((asked, f.whole.rate));
    if throttled(f).is_some_and(|most| answered >= LET * most) {
        return None;
    }
    let why = lost(f, asked).or_else(|| {
        let growth = offered - answered;
        growing(f).then(|| format!("the backlog grows by {}/s, and every response with it", quantity(growth)))
    })?;
    let text = format!("{} of {}/s asked are answered", quantity(answered), quantity(asked));
    let n = f.control.workers;
    let (limit, busy) = match quantity(n).as_str() {
        "1" => ("your one worker is".to_owned(), "the one worker".to_owned()),
        _ => (format!("your {} are", worker_count(n)), format!("all {}", worker_count(n))),
    };
    Some(match crowded(f) {
        Some(true) => (
            Code::NotSaturated,
            format!("{text}; {why}: {limit} the limit, the target answers as fast as idle"),
        ),
        Some(false) => (Code::Saturated, format!("{text} with {busy} busy; {why}")),
        None => (Code::Saturated, format!("the target is full: {text}; {why}")),
    })
}

/// What the user asked for, 1/s: not what a schedule that slips came to.
fn asked(f: &Frame, known: Option<(f64, f64)>) -> Option<f64> {
    let given = known.map(|(offered, _)| offered).filter(|_| f.setpoints.staged);
    given.or(f.asked())
}

/// All workers are busy; and whether the target answers them as fast as when it idles. `None`: some are free.
fn crowded(f: &Frame) -> Option<bool> {
    let last = f.columns.iter().rev().find(|c| c.offered > 0 && !c.paused)?;
    let all = f.control.workers > 0.0 && last.workers >= ALL * f.control.workers;
    let service = &f.table.service;
    let flat = service.p50.zip(f.idle.or(service.min)).map(|(p50, idle)| p50 <= FLAT * idle);
    all.then(|| flat.unwrap_or(false))
}

/// A run that ended before it could show whether it keeps up: a good part of the answers came after its end.
pub(super) fn too_short(f: &Frame) -> Option<String> {
    let known = !open(f) || f.phase != Phase::Done || lately(f).is_some();
    if known || asked(f, None).is_some_and(|asked| lost(f, asked).is_some()) {
        return None;
    }
    let (offered, ended, span) = sums(f, 0.0);
    let owed = offered - ended;
    (owed > (OWED * offered).max(FEW)).then(|| {
        format!(
            "{} of {} due were answered within {}: too short to tell whether it keeps up (-z 10s)",
            quantity(ended),
            quantity(offered),
            length(span)
        )
    })
}

/// Open traffic that piles up: the run has no steady state, so Little's law says nothing of it.
pub fn grows(f: &Frame) -> bool {
    growing(f)
}

/// What the user's own throttle lets through a second, where that is less than is asked.
fn throttled(f: &Frame) -> Option<f64> {
    f.run.throttle.filter(|most| f.asked().is_some_and(|asked| asked > *most))
}

/// What was due and was never sent, by what became of it. `asked` 1/s.
fn lost(f: &Frame, asked: f64) -> Option<String> {
    let refused = f.totals.errors.iter().find(|(class, _)| *class == Failure::LocalQueue);
    let slip = f.gauges.slip.secs();
    let parts = [
        (f.books.shed as f64, "shed"),
        (refused.map_or(0.0, |(_, n)| *n as f64), "turned away"),
        (f.books.not_sent as f64, "not sent before the end"),
    ];
    let slipped = if f.setpoints.overflow == Overflow::Block {
        slip * asked
    } else {
        0.0
    };
    let all = slipped + parts.iter().map(|(n, _)| n).sum::<f64>();
    let due = f.books.scheduled as f64 + slipped;
    if all < FEW || all <= LOST * due {
        return None;
    }
    let mut told: Vec<String> = parts
        .iter()
        .filter(|(n, _)| *n > 0.0)
        .map(|(n, what)| format!("{} {what}", quantity(*n)))
        .collect();
    if slipped > 0.0 {
        told.push(format!("the schedule slipped by {}", f.gauges.slip));
    }
    Some(told.join(", "))
}

/// Arrivals and answers a second, over the last seconds in which anything came due; `None`: too short to tell.
fn lately(f: &Frame) -> Option<(f64, f64)> {
    let all = sums(f, 0.0).2;
    let begin = begin(all);
    let (offered, ended, span) = sums(f, begin);
    // Answers that take longer than what is left out are not there yet.
    let early = begin < BEGIN && f.table.response.p50.is_none_or(|p| p > 0.5 * begin);
    (open(f) && span >= LEAST && !early).then(|| (offered / span, ended / span))
}

/// What is left out at the begin of so many seconds.
fn begin(all: f64) -> f64 {
    BEGIN.min(all / 2.0)
}

fn growing(f: &Frame) -> bool {
    let (offered, ended, _) = sums(f, begin(sums(f, 0.0).2));
    lately(f).is_some() && offered - ended > (LEFT * offered).max(SIGMAS * offered.sqrt())
}

/// Arrivals, answers and seconds of the last columns in which anything came due; the first seconds of the run left out.
fn sums(f: &Frame, begin: f64) -> (f64, f64, f64) {
    let mut sum = (0.0, 0.0, 0.0);
    let due = |c: &&Column| c.offered > 0 && !c.paused && c.from.secs() >= begin - 1e-9;
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
        assert!(sentence.contains("100 of 150/s asked are answered"), "{sentence}");
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
        assert!(behind(&f).unwrap().1.contains("; 300 shed"));

        f.setpoints.model = LoadModel::Closed;
        assert_eq!(behind(&f), None);
    }

    /// The first second of it: 75 are due each half of it, and so many are answered.
    fn brief(answered: u64) -> Frame {
        let mut f = frame(answered);
        f.columns = f.columns.iter().take(2).cloned().collect();
        (f.phase, f.books.scheduled) = (Phase::Done, 150);
        f.table.response.p50 = Some(0.02);
        f
    }

    #[test]
    fn an_overload_of_one_second_is_none_the_less_one() {
        assert!(behind(&brief(60)).unwrap().1.contains("60 of 150/s asked"), "it piles up");
        assert_eq!((behind(&brief(150)), too_short(&brief(150))), (None, None));

        let mut lost = brief(150);
        (lost.books.scheduled, lost.books.shed, lost.books.not_sent) = (48_000, 38_000, 675);
        let (code, sentence) = behind(&lost).unwrap();
        assert_eq!(code, Code::Saturated);
        assert!(sentence.ends_with("; 38,000 shed, 675 not sent before the end"), "{sentence}");

        let mut slow = brief(40);
        slow.table.response.p50 = Some(0.6);
        assert_eq!(behind(&slow), None, "half of the answers are still to come");
        assert!(
            too_short(&slow)
                .unwrap()
                .starts_with("40 of 150 due were answered within 1.0 s")
        );
    }

    #[test]
    fn a_schedule_that_slips_was_asked_for_what_was_asked() {
        let mut f = frame(150);
        f.setpoints.rate = Some(50_000.0);
        f.setpoints.overflow = Overflow::Block;
        f.gauges.slip = Nanos::from_millis(9_900);

        let (code, sentence) = behind(&f).unwrap();

        assert_eq!(code, Code::Saturated);
        assert!(
            sentence.contains("150 of 50,000/s asked") && sentence.contains("slipped by 9.9"),
            "{sentence}"
        );
    }

    #[test]
    fn workers_that_are_all_busy_at_a_target_as_fast_as_idle_are_the_limit() {
        let said = |busy: f64, p50: f64| {
            let mut f = frame(100);
            f.columns = f
                .columns
                .iter()
                .map(|c| {
                    Arc::new(Column {
                        workers: busy,
                        ..(**c).clone()
                    })
                })
                .collect();
            f.control.workers = 50.0;
            (f.table.service.min, f.table.service.p50) = (Some(0.010), Some(p50));
            behind(&f).unwrap()
        };

        let (code, sentence) = said(50.0, 0.011);
        assert_eq!(code, Code::NotSaturated);
        assert!(sentence.contains("your 50 workers are the limit"), "{sentence}");
        let (code, sentence) = said(50.0, 0.4);
        assert_eq!(code, Code::Saturated);
        assert!(sentence.contains("with all 50 workers busy"), "{sentence}");
        assert!(said(30.0, 0.011).1.starts_with("the target is full"));
    }
}
