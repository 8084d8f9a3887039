//! What pauses a run that nobody wants to go on: the user's own guard, and a user who has left.
//! It refuses to steer; it pauses, and without a screen, where nobody could resume, it ends.

use super::conductor::Conductor;
use crate::model::command::Command;
use crate::model::expr::{Expr, Metric, Unit};
use crate::model::format::{latency, percent, quantity};
use crate::model::notice::Who;
use crate::model::run::{EndedBy, Profile};
use crate::model::units::Nanos;
use crate::telemetry::frame::Frame;

/// A guard must hold this long without a break.
const HELD: Nanos = Nanos::from_secs(1);
/// Without a command for so long, a run without an end on somebody else's machine is paused.
const ALONE: Nanos = Nanos::from_secs(15 * 60);

/// Since when the guard in force has held.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Guards {
    watched: Option<Expr>,
    since: Option<Nanos>,
}

impl Conductor {
    /// One tick, on the frame before it.
    pub(super) fn watch_guards(&mut self, now: Nanos) {
        let guard = self.orders.set().guard;
        if !self.sending() {
            self.guards.since = None;
        } else if let Some(why) = self.guards.look(now, guard, &self.frame) {
            self.pause_by_guard(now, why);
        } else if self.endless() && now - self.orders.heard >= ALONE {
            self.orders.heard = now;
            self.pause_by_guard(now, "no command for 15 min, still there?".into());
        }
    }

    /// Only the user will end it, and the target is neither ours nor on this machine.
    fn endless(&self) -> bool {
        let run = &self.info;
        run.profile == Profile::Gentle && !run.unattended && run.duration.is_none() && run.requests.is_none()
    }

    /// Pauses until the user resumes; where nobody can, the run ends.
    pub(super) fn pause_by_guard(&mut self, now: Nanos, reason: String) {
        if self.info.unattended {
            self.orders.note(now, Who::Controller, format!("{reason}: the run ends"));
            self.end(EndedBy::Guard, now);
            return;
        }
        self.orders.note(now, Who::Controller, format!("{reason}: paused"));
        let _ = self.orders.history.apply(&Command::Pause, self.demand.workers);
        self.guard = Some(reason);
    }
}

impl Guards {
    /// One tick of a run that is sending, on the figures of the last second. Why the run is to pause, if it is.
    fn look(&mut self, now: Nanos, guard: Option<Expr>, f: &Frame) -> Option<String> {
        if self.watched != guard {
            (self.watched, self.since) = (guard, None);
        }
        let expr = guard?;
        let value = value(expr.metric, f).filter(|v| expr.op.holds(*v, expr.value));
        let Some(value) = value else {
            self.since = None;
            return None;
        };
        if now - *self.since.get_or_insert(now) < HELD {
            return None;
        }
        self.since = None;
        Some(format!("guard {expr}: {}", said(expr.metric, value)))
    }
}

/// The metric over the last second; counts over the run; levels now. `None` where nothing completed.
fn value(metric: Metric, f: &Frame) -> Option<f64> {
    let (s, l) = (&f.now, &f.now.latency);
    match metric {
        Metric::Mean => l.mean,
        Metric::Max => l.max,
        Metric::Quantile(q) => match q {
            0.5 => l.p50,
            0.75 => l.p75,
            0.9 => l.p90,
            0.95 => l.p95,
            0.99 => l.p99,
            0.999 => l.p999,
            _ => l.p9999,
        },
        Metric::Errors => (s.rate > 0.0).then_some(s.errors),
        Metric::Rps => (s.span > 0.5).then_some(s.rate),
        Metric::GoodRps => (s.span > 0.5).then_some(s.good_rate),
        Metric::Ok => Some(f.books.ok as f64),
        Metric::Shed => Some(f.books.shed as f64),
        Metric::Queue => Some(f.columns.last().map_or(0.0, |c| c.queue).max(f.gauges.waiting as f64)),
        Metric::Workers => Some(f.control.workers),
    }
}

fn said(metric: Metric, value: f64) -> String {
    match metric.unit() {
        Unit::Time => latency(Some(value)),
        Unit::Share => percent(value),
        Unit::Rate => format!("{}/s", quantity(value)),
        Unit::Count => quantity(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conduct::{Limits, Plant, Said};
    use crate::model::demand::Demand;
    use crate::model::run::RunInfo;
    use crate::model::setpoints::Setpoints;
    use crate::telemetry::frame::Phase;
    use crate::telemetry::interval::Interval;
    use crate::telemetry::window::Stats;
    use std::sync::Arc;

    fn frame(errors: f64) -> Frame {
        Frame {
            now: Stats {
                rate: 100.0,
                errors,
                span: 1.0,
                ..Stats::default()
            },
            ..Frame::default()
        }
    }

    /// A target that is never asked anything.
    struct Still(Nanos);

    impl Plant for Still {
        fn set(&mut self, _: Demand) {}

        fn collect(&mut self, now: Nanos) -> Interval {
            Interval {
                from: std::mem::replace(&mut self.0, now),
                to: now,
                lanes: 1,
                heard: 1,
                ..Interval::default()
            }
        }
    }

    /// The last frame after so many seconds; `said` commands lie on the desk from the start.
    fn after(seconds: u64, info: RunInfo, set: Setpoints, said: &[Said]) -> Arc<Frame> {
        let (mut plant, mut c) = (Still(Nanos::ZERO), Conductor::new(info, set, Limits::default(), vec![]));
        let ticks = (1..=seconds).map(|k| c.tick(Nanos::from_secs(k), &mut plant, said));
        ticks.last().unwrap()
    }

    #[test]
    fn a_user_who_has_left_is_asked_and_only_where_it_matters() {
        let far = RunInfo {
            profile: Profile::Gentle,
            ..RunInfo::default()
        };
        let timed = RunInfo {
            duration: Some(Nanos::from_secs(3600)),
            ..far.clone()
        };
        let set = Setpoints::default();

        let asked = after(901, far.clone(), set.clone(), &[]);

        assert_eq!(
            (asked.phase, asked.question.as_deref()),
            (Phase::Paused, Some("no command for 15 min, still there? space = resume"))
        );
        assert_eq!(after(899, far, set.clone(), &[]).phase, Phase::Run);
        for info in [timed, RunInfo::default()] {
            assert_eq!(after(901, info, set.clone(), &[]).phase, Phase::Run);
        }
    }

    #[test]
    fn a_guard_pauses_where_somebody_can_resume_and_ends_the_run_elsewhere() {
        let set = Setpoints {
            guard: Expr::parse("ok<1").ok(),
            ..Setpoints::default()
        };
        let unattended = RunInfo {
            unattended: true,
            ..RunInfo::default()
        };

        let paused = after(3, RunInfo::default(), set.clone(), &[]);
        let ended = after(9, unattended, set, &[]);

        assert_eq!(paused.question.as_deref(), Some("guard ok<1: 0. space = resume"));
        assert_eq!((ended.ended_by, ended.phase), (Some(EndedBy::Guard), Phase::Done));
    }

    #[test]
    fn it_must_hold_for_a_second_and_a_new_guard_counts_anew() {
        let (mut g, ms) = (Guards::default(), Nanos::from_millis);
        let guard = Expr::parse("errors>20%").ok();
        let other = Expr::parse("errors>10%").ok();

        assert_eq!(g.look(ms(0), guard, &frame(0.5)), None);
        assert_eq!(g.look(ms(900), guard, &frame(0.5)), None);
        assert_eq!(g.look(ms(950), guard, &frame(0.1)), None, "a break");
        assert_eq!(g.look(ms(1000), guard, &frame(0.3)), None);
        assert_eq!(g.look(ms(1900), other, &frame(0.3)), None, "another guard");
        assert_eq!(g.look(ms(2900), other, &frame(0.3)), Some("guard errors>10%: 30 %".into()));
        assert_eq!(g.look(ms(2910), None, &frame(1.0)), None);
    }

    #[test]
    fn silence_is_no_latency_and_no_share_but_a_rate_of_nothing() {
        let silent = Frame {
            now: Stats {
                span: 1.0,
                ..Stats::default()
            },
            ..Frame::default()
        };
        let seen = |text: &str| value(Expr::parse(text).unwrap().metric, &silent);

        assert_eq!((seen("p99>1s"), seen("errors>1%"), seen("rps<1")), (None, None, Some(0.0)));
    }
}
