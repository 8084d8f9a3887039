//! Whether the figures may be believed: the one place that decides it, and the reasons as every report says them.
//! It refuses to doubt for a standstill or a late send alone: they count where a headline figure may be off by more than 10 %.

use super::frame::{Frame, Phase};
use super::promise::Ours;
use crate::model::format::{count, length, percent};
use crate::model::run::EndedBy;
use crate::model::setpoints::{LoadModel, Mode};

/// Share by which a headline figure may be off through us.
const OFF: f64 = 0.1;

/// Everything that speaks against the figures, gravest first. None: they are valid.
pub fn doubts(f: &Frame) -> Vec<String> {
    let books = f.phase == Phase::Done && !f.books.balanced();
    let found = [
        (f.ended_by == Some(EndedBy::Fault)).then(|| "a fault of ours ended the run".into()),
        books.then(|| "the books do not balance".into()),
        // The verdict says why.
        f.saturated.as_ref().map(|_| "this machine was the limit".into()),
        f.unheard.then(|| "a lane was not heard".into()),
        f.short_of
            .filter(|_| f.saturated.is_none())
            .map(|(have, want)| format!("{} of {} workers ran", count(have), count(want))),
        late(f),
        still(f),
        starved(f),
        ours(f).map(|o| o.to_string()),
    ];
    found.into_iter().flatten().collect()
}

/// What leaves a promise open.
fn ours(f: &Frame) -> Option<Ours> {
    f.slo.as_ref()?.late_here(f.phase == Phase::Done)
}

/// Open traffic: a percentile that is much shorter without our send lag. A promise is judged arrival by arrival.
fn late(f: &Frame) -> Option<String> {
    if f.setpoints.model != LoadModel::Open || f.setpoints.mode != Mode::Manual {
        return None;
    }
    let (p50, p99) = f.table.ours;
    let of = |name, share: f64, lag: Option<f64>| {
        let lag = lag.map_or_else(String::new, |lag| format!(" (send lag {name} {})", length(lag)));
        (share > OFF).then(|| format!("{name} may be {} too long through this machine{lag}", percent(share)))
    };
    of("p99", p99, f.table.send_lag.1).or_else(|| of("p50", p50, f.table.send_lag.0))
}

/// Closed traffic: nothing was sent while this machine stood still, and nothing made up for it.
fn still(f: &Frame) -> Option<String> {
    if f.setpoints.model != LoadModel::Closed || f.setpoints.mode == Mode::Slo {
        return None;
    }
    let stood: f64 = f.stalls.iter().map(|(_, long)| long.secs()).sum();
    let span = f.whole.span.max(1.0);
    (stood > OFF * span).then(|| {
        format!(
            "this machine stood still for {} of {}: the rate may be {} higher",
            length(stood),
            length(span),
            percent(stood / (span - stood).max(0.01 * span))
        )
    })
}

/// Closed traffic: what waits for our lane to get a CPU is in every response, and no next one is sent meanwhile.
fn starved(f: &Frame) -> Option<String> {
    let (wait, share) = f.starved.filter(|(_, share)| *share > OFF && f.saturated.is_none())?;
    Some(format!(
        "our lane waited {} for a CPU each time, {} of the response",
        length(wait),
        percent(share)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::units::Nanos;
    use crate::telemetry::books::Books;

    fn open() -> Frame {
        let mut f = Frame::default();
        (f.setpoints.model, f.setpoints.mode) = (LoadModel::Open, Mode::Manual);
        f.whole.span = 10.0;
        f
    }

    #[test]
    fn a_late_send_is_precision_until_a_headline_percentile_may_be_off_by_a_tenth() {
        let mut f = open();
        f.table.send_lag = (Some(0.000_4), Some(0.003_6));
        f.table.ours = (0.09, 0.1);
        assert!(doubts(&f).is_empty());

        f.table.ours.1 = 0.13;
        assert_eq!(
            doubts(&f),
            ["p99 may be 13 % too long through this machine (send lag p99 3.6 ms)"]
        );

        f.setpoints.mode = Mode::Slo;
        assert!(doubts(&f).is_empty(), "a promise is judged arrival by arrival");
    }

    #[test]
    fn a_standstill_alone_is_told_and_not_judged_and_a_long_one_of_closed_workers_costs_rate() {
        let stood = |model, ms| {
            let mut f = open();
            (f.setpoints.model, f.stalls) = (model, vec![(Nanos::from_secs(4), Nanos::from_millis(ms))]);
            doubts(&f)
        };

        assert!(stood(LoadModel::Closed, 900).is_empty() && stood(LoadModel::Open, 3_000).is_empty());
        assert_eq!(
            stood(LoadModel::Closed, 2_000),
            ["this machine stood still for 2.0 s of 10 s: the rate may be 25 % higher"]
        );
    }

    #[test]
    fn a_limit_a_silent_lane_missing_workers_and_books_that_do_not_balance_are_doubts() {
        let f = Frame {
            saturated: Some("our lane ran at 99 % CPU (--threads 2)".into()),
            unheard: true,
            short_of: Some((18, 200)),
            phase: Phase::Done,
            books: Books {
                sent: 1,
                ..Books::default()
            },
            ..Frame::default()
        };

        assert_eq!(
            doubts(&f),
            [
                "the books do not balance",
                "this machine was the limit",
                "a lane was not heard"
            ]
        );
        let starved = |share| {
            doubts(&Frame {
                starved: Some((0.002, share)),
                ..Frame::default()
            })
        };
        assert_eq!(
            starved(0.4),
            ["our lane waited 2.0 ms for a CPU each time, 40 % of the response"]
        );
        assert!(starved(0.1).is_empty());
        let alone = Frame {
            short_of: Some((38, 200)),
            ..Frame::default()
        };
        assert_eq!(doubts(&alone), ["38 of 200 workers ran"]);
        assert!(
            doubts(&Frame {
                phase: Phase::Run,
                ..Frame::default()
            })
            .is_empty()
        );
    }
}
