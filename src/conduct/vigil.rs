//! `--abort-on-fail`: watches the thresholds while the run goes, and says when one has failed beyond doubt.
//! It refuses to end a run on a fluke: the failure must have its evidence and have lasted.

use crate::model::units::Nanos;
use crate::telemetry::frame::Frame;
use crate::telemetry::threshold::judge;

/// A failure that has its evidence must hold this long without a break.
const HELD: Nanos = Nanos::from_secs(2);

/// Since when each threshold has been failed beyond doubt.
#[derive(Clone, Debug, Default)]
pub(super) struct Vigil {
    since: Vec<Option<Nanos>>,
}

impl Vigil {
    /// One look, once a column. The sentence of the first threshold that has failed for good.
    pub(super) fn look(&mut self, now: Nanos, f: &Frame) -> Option<String> {
        let judged = judge(f);
        self.since.resize(judged.len(), None);
        let mut ended = None;
        for (j, since) in judged.iter().zip(&mut self.since) {
            *since = j.beyond_doubt(f).then(|| since.unwrap_or(now));
            if since.is_some_and(|at| now - at >= HELD) {
                ended.get_or_insert_with(|| j.sentence());
            }
        }
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::expr::Expr;
    use crate::model::run::RunInfo;
    use crate::model::setpoints::{Mode, Setpoints};
    use std::sync::Arc;

    fn frame(ok: u64, bad_status: u64) -> Frame {
        let mut f = Frame {
            run: Arc::new(RunInfo {
                thresholds: vec![Expr::parse("errors<10%").unwrap()],
                ..RunInfo::default()
            }),
            setpoints: Setpoints {
                mode: Mode::Manual,
                ..Setpoints::default()
            },
            ..Frame::default()
        };
        (f.books.ok, f.books.bad_status) = (ok, bad_status);
        (f.whole.span, f.whole.errors) = (1.0, bad_status as f64 / (ok + bad_status) as f64);
        f
    }

    #[test]
    fn a_failure_must_last_two_seconds_without_a_break() {
        let mut v = Vigil::default();
        let (fails, holds, few) = (frame(500, 500), frame(950, 50), frame(1, 3));
        let ms = Nanos::from_millis;

        assert_eq!(v.look(ms(0), &few), None);
        assert_eq!(v.look(ms(2500), &few), None, "four exchanges prove nothing");
        assert_eq!(v.look(ms(3000), &fails), None);
        assert_eq!(v.look(ms(4500), &holds), None);
        assert_eq!(v.look(ms(5000), &fails), None);
        assert_eq!(v.look(ms(6500), &fails), None, "interrupted: it counts from 5 s on");
        assert_eq!(v.look(ms(7000), &fails), Some("errors<10% FAILED: 50 %".into()));
    }
}
