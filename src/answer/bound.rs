//! Which way the figures of a verdict may be off through this machine, and the word for it.
//! It refuses to doubt a promise: that is judged arrival by arrival.

use super::{Bound, Code};
use crate::model::setpoints::{LoadModel, Mode, Setpoint};
use crate::telemetry::frame::Frame;

/// Share of the time from which on a lane without time to spare has cost rate.
const FULL_TIME: f64 = 0.01;
/// Send lag as a share of the response at the same percentile, up to which a latency is exact.
const LAG: f64 = 0.1;

/// Of the figures under this verdict.
pub(super) fn bound(f: &Frame, code: Code) -> Bound {
    let rising = code == Code::NotSaturated && f.setpoints.mode == Mode::Max;
    if rising || code == Code::GeneratorLimited {
        return Bound::AtLeast;
    }
    measured(f)
}

/// Of the figure the verdict is about: a rate in closed traffic, a latency where one is held or the traffic is open.
fn measured(f: &Frame) -> Bound {
    let held = |t: Setpoint| f.setpoints.mode == Mode::Hold && t.variable.is_latency();
    if !longer(f) {
        Bound::Exact
    } else if f.setpoints.model == LoadModel::Open || f.setpoints.target.is_some_and(held) {
        Bound::AtMost
    } else {
        Bound::AtLeast
    }
}

/// Responses are longer through us: in closed traffic answers lay unread, or waited for a CPU to be read, and no next request
/// left meanwhile; in open traffic requests left late.
fn longer(f: &Frame) -> bool {
    match (f.setpoints.model, f.setpoints.mode) {
        (_, Mode::Slo) => false,
        (LoadModel::Closed, _) => f.lane_full >= FULL_TIME || f.starved.is_some_and(|(_, share)| share > LAG),
        (LoadModel::Open, _) => late(f),
    }
}

/// Send lag passes its share of the response at the median or the 99th percentile.
fn late(f: &Frame) -> bool {
    let (t, lag) = (&f.table, f.table.send_lag);
    let over = |lag: Option<f64>, of: Option<f64>| lag.zip(of).is_some_and(|(lag, of)| lag > LAG * of);
    over(lag.0, t.response.p50) || over(lag.1, t.response.p99)
}

/// Before a rate: `at least ` where it may be higher.
pub(super) fn rate_words(f: &Frame) -> &'static str {
    if f.setpoints.model == LoadModel::Closed && longer(f) {
        "at least "
    } else {
        ""
    }
}

/// Before a latency: `at most ` where it may be lower.
pub(super) fn latency_words(f: &Frame) -> &'static str {
    if longer(f) { "at most " } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::setpoints::ProcessVariable;

    const P99: Setpoint = Setpoint {
        variable: ProcessVariable::Quantile(0.99),
        value: 0.025,
    };
    const RATE: Setpoint = Setpoint {
        variable: ProcessVariable::Rps,
        value: 600.0,
    };

    #[test]
    fn where_this_machine_was_the_limit_or_the_rate_still_rose_it_is_at_least_that() {
        for (model, mode) in [
            (LoadModel::Closed, Mode::Max),
            (LoadModel::Open, Mode::Manual),
            (LoadModel::Open, Mode::Slo),
        ] {
            let mut f = Frame::default();
            (f.setpoints.model, f.setpoints.mode) = (model, mode);
            // Late as well: the rate is the figure of this verdict.
            (f.table.response.p99, f.table.send_lag.1) = (Some(0.020), Some(0.019));

            assert_eq!(bound(&f, Code::GeneratorLimited), Bound::AtLeast);
            let rising = if mode == Mode::Max { Bound::AtLeast } else { measured(&f) };
            assert_eq!(bound(&f, Code::NotSaturated), rising);
        }
    }

    #[test]
    fn closed_latencies_are_at_most_what_was_measured_while_answers_waited_for_us() {
        let mut f = Frame::default();
        (f.setpoints.mode, f.setpoints.target) = (Mode::Hold, Some(P99));
        assert_eq!((measured(&f), latency_words(&f)), (Bound::Exact, ""));

        for (full, starved) in [(0.05, None), (0.0, Some((0.002, 0.4)))] {
            (f.lane_full, f.starved) = (full, starved);
            f.setpoints.target = Some(P99);
            assert_eq!(bound(&f, Code::Steady), Bound::AtMost, "what is held is a latency");
            f.setpoints.target = Some(RATE);
            assert_eq!(bound(&f, Code::Steady), Bound::AtLeast, "a rate");
            assert_eq!((rate_words(&f), latency_words(&f)), ("at least ", "at most "));
        }
        f.starved = Some((0.002, 0.1));
        assert_eq!(latency_words(&f), "", "a tenth");
    }

    #[test]
    fn a_full_lane_bounds_a_closed_rate_and_a_late_send_an_open_latency() {
        let mut f = Frame {
            lane_full: 0.05,
            ..Frame::default()
        };
        f.setpoints.mode = Mode::Manual;
        assert_eq!((measured(&f), rate_words(&f)), (Bound::AtLeast, "at least "));

        f.setpoints.model = LoadModel::Open;
        (f.table.response.p99, f.table.send_lag.1) = (Some(0.020), Some(0.002));
        assert_eq!(measured(&f), Bound::Exact, "a tenth");
        f.table.send_lag.1 = Some(0.002_1);
        assert_eq!((measured(&f), latency_words(&f)), (Bound::AtMost, "at most "));

        f.setpoints.mode = Mode::Slo;
        assert_eq!(measured(&f), Bound::Exact, "its promise is judged arrival by arrival");
    }
}
