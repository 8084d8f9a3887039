//! The advice: a rate per instance and a pool size, from a promise that was kept, else from the knee of the closed model.
//! It refuses to call the knee capacity: 25 % below it is what open traffic may hope for, untested.

use super::consistent::contradiction;
use super::{Advice, floor, promise, runaway};
use crate::model::format::{length, percent, quantity};
use crate::telemetry::curve::Knee;
use crate::telemetry::frame::Frame;
use crate::telemetry::promise::Breach;

/// Share of the knee's rate that is advised while open traffic has not been tried.
const CLOSED_SHARE: f64 = 0.75;
/// So many standard deviations of its own speed a target must still keep up.
const SPELLS: f64 = 3.0;
/// A target this much slower or faster from second to second is as steady as any.
const CALM: f64 = 0.05;
/// Open traffic has a longer tail than closed workers at the same mean: bursts meet.
const TAIL: f64 = 1.5;
/// Share of the time in pauses from which on the 99th percentile meets them: their backlog takes up to four times as long.
const PAUSED: f64 = 0.0025;
/// Share of a rate that ran away which may be hoped for.
const REFUTED: f64 = 0.8;
/// Least share advised for a moody target.
const LEAST: f64 = 0.3;

/// The advice, once the search has been answered.
pub fn advice(f: &Frame) -> Option<Advice> {
    if f.slo.is_some() {
        return promise::advice(f);
    }
    let knee = f
        .knee
        .as_ref()
        .filter(|_| f.answered && !f.at_limit && contradiction(f).is_none())?;
    let (plain, sway) = (CLOSED_SHARE * knee.good_rps, sway(f, knee));
    let calm = plain.min((1.0 - SPELLS * sway).max(LEAST) * knee.good_rps);
    let safe = runaway::safe(&f.curve, calm);
    let rate_rps = floor(safe);
    let tried = tried(f, rate_rps);
    // Open traffic has refuted it: no more than four fifths of what ran away.
    let (safe, rate_rps) = match tried {
        Tried::Refuted(rate, _) => (safe.min(REFUTED * rate), floor(safe.min(REFUTED * rate))),
        _ => (safe, rate_rps),
    };
    let below = percent(1.0 - safe / knee.good_rps);
    let never = knee.best_workers.max(knee.hi);
    // One reason: what was tried, else what is to be feared, else that nothing was tried.
    let reason = match tried {
        Tried::Verified => {
            let seen = f.check.and_then(|c| c.response.p99);
            let seen = seen.map_or_else(String::new, |p| format!(", p99 {}", length(p)));
            format!("verified as open traffic{seen}")
        }
        Tried::Refuted(rate, breach) => {
            let why = if breach == Breach::Growth {
                String::new()
            } else {
                format!(" ({breach})")
            };
            format!("{}/s as open traffic did not hold{why}", quantity(rate))
        }
        Tried::Not if safe < calm => {
            format!("{below} below the knee, for past the peak throughput falls and a burst could tip it over")
        }
        Tried::Not if calm < plain => format!(
            "{below} below the knee, for its speed varies by {} from second to second",
            percent(sway)
        ),
        Tried::Not => format!("{below} below the knee, not tested as open traffic"),
    };
    let p99 = expected(f, knee, rate_rps);
    let text = format!(
        "{} req/s per instance: {reason}; client pool {}, never more than {never}",
        quantity(rate_rps),
        knee.workers
    );
    Some(Advice {
        rate_rps,
        pool: knee.workers,
        basis: if tried == Tried::Verified { "verified" } else { "closed-75%" },
        p99,
        text,
    })
}

/// What the check in open traffic says of a rate.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Tried {
    Not,
    /// As much or more was steady.
    Verified,
    /// This much, not a quarter more than that, was not, and why.
    Refuted(f64, Breach),
}

fn tried(f: &Frame, rate: f64) -> Tried {
    match f.check.map(|c| (c.steady, c.rate, c.breach)) {
        Some((Some(true), steady, _)) if steady >= 0.999 * rate => Tried::Verified,
        Some((Some(false), failed, why)) if REFUTED * failed < rate => Tried::Refuted(failed, why),
        _ => Tried::Not,
    }
}

/// What the 99th percentile of open traffic should not exceed, s: that of the knee; the mean sojourn of the birth–death
/// chain with the knee's shape; twice the longest pause, where so many arrivals meet one (closed workers hardly do: they
/// wait for it once each, open arrivals keep coming).
fn expected(f: &Frame, knee: &Knee, rate: f64) -> Option<f64> {
    let p99 = knee.p99?;
    let mean = f64::from(knee.workers) / knee.good_rps; // Little
    let open = runaway::sojourn(&f.curve, rate).map_or(0.0, |r| r * TAIL * p99 / mean);
    let (longest, total) = f.whole.pauses;
    let often = total > PAUSED * f.whole.span.max(1e-9);
    Some(p99.max(open).max(if often { 2.0 * longest } else { 0.0 }))
}

/// By how much the speed at rest varies from second to second beyond what counting alone explains, as a share; 0 where it
/// is no more than a calm target's. The half width of the mean's interval tells, with the seconds it rests on.
fn sway(f: &Frame, knee: &Knee) -> f64 {
    let Some(s) = f.steady.as_ref().filter(|s| s.span >= 10.0 && s.good_rate > 0.0) else {
        return 0.0;
    };
    let spread = s.ci95.map_or(0.0, |c| c / 1.96 * s.span.sqrt() / s.good_rate);
    let counted = 1.0 / knee.good_rps.max(1.0);
    let own = (spread * spread - counted).max(0.0).sqrt();
    if own > CALM { own } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::units::Nanos;
    use crate::telemetry::curve::Row;
    use crate::telemetry::frame::Steady;
    use crate::telemetry::latency::Summary;
    use crate::telemetry::promise::Check;

    fn frame(answered: bool) -> Frame {
        let knee = Knee {
            workers: 41,
            lo: 38,
            hi: 45,
            good_rps: 1667.0,
            ci95_rps: None,
            p50: None,
            p99: None,
            best_workers: 49,
            best_rps: 1689.0,
            usl: None,
        };
        Frame {
            answered,
            knee: Some(knee),
            ..Frame::default()
        }
    }

    #[test]
    fn a_quarter_below_the_knee_rounded_down() {
        let a = advice(&frame(true)).unwrap();

        assert_eq!((a.rate_rps, a.pool, a.basis), (1250.0, 41, "closed-75%"));
        assert!(a.text.contains("never more than 49"));
    }

    #[test]
    fn a_falling_top_and_a_moody_target_get_less_and_are_told_why() {
        let mut f = frame(true);
        let row = |workers, good_rps: f64| Row {
            workers,
            good_rps,
            ci95_rps: Some(0.01 * good_rps),
            completions: 9_000,
            ..Row::default()
        };
        f.curve = vec![row(1, 1667.0), row(2, 1500.0), row(8, 900.0)].into();
        let falling = advice(&f).unwrap();
        f.curve = Vec::new().into();
        f.steady = Some(Steady {
            span: 100.0,
            good_rate: 1667.0,
            ci95: Some(1667.0 * 0.0294),
            ..Steady::default()
        });
        let moody = advice(&f).unwrap();

        assert!(
            falling.rate_rps < 1000.0 && falling.text.contains("tip it over"),
            "{falling:?}"
        );
        assert!((moody.rate_rps - 920.0).abs() < 20.0, "{moody:?}");
        assert!(moody.text.contains("varies by 15 %"), "{moody:?}");
        assert_eq!(falling.basis, "closed-75%");
    }

    #[test]
    fn open_traffic_is_expected_to_wait_as_long_as_at_the_knee_in_the_chain_or_for_a_pause() {
        let mut f = frame(true);
        let knee = Knee {
            p99: Some(0.100),
            ..f.knee.clone().unwrap()
        };
        let at = |f: &Frame, rate| expected(f, &knee, rate).unwrap();
        assert_eq!(at(&f, 1250.0), 0.100, "no curve: as at the knee");

        f.curve = vec![Row {
            workers: 1,
            good_rps: 1667.0,
            completions: 9_000,
            ..Row::default()
        }]
        .into();
        assert_eq!(at(&f, 1250.0), 0.100, "the chain keeps a request 2.4 ms");
        // 1/(1667 − 1640) = 37 ms in the chain; a p99 is 1.5 · 100/24.6 of the mean.
        assert!((at(&f, 1640.0) - 0.226).abs() < 0.003, "{}", at(&f, 1640.0));

        (f.whole.span, f.whole.pauses) = (100.0, (0.4, 4.0));
        assert_eq!(at(&f, 1250.0), 0.8, "4 % of the time in pauses: twice the longest");
        f.whole.pauses = (0.4, 0.2);
        assert_eq!(at(&f, 1250.0), 0.100, "0.2 % are too rare for a p99");
        let silent = Knee {
            p99: None,
            ..knee.clone()
        };
        assert_eq!(expected(&f, &silent, 1250.0), None);
    }

    #[test]
    fn what_was_verified_is_called_so_and_what_ran_away_is_not_advised() {
        let check = |rate, steady| {
            let mut f = frame(true);
            f.check = Some(Check {
                rate,
                of_knee: 0.75,
                at: Nanos::ZERO,
                held: 20.0,
                wanted: 20.0,
                response: Summary {
                    p99: Some(0.074),
                    ..Summary::default()
                },
                backlog: 40,
                steady,
                breach: Breach::Growth,
                over: steady.is_some(),
            });
            advice(&f).unwrap()
        };

        let (verified, refuted) = (check(1250.0, Some(true)), check(1250.0, Some(false)));

        assert_eq!((verified.rate_rps, verified.basis), (1250.0, "verified"));
        assert!(verified.text.contains("verified as open traffic, p99 74 ms"), "{verified:?}");
        assert_eq!((refuted.rate_rps, refuted.basis), (1000.0, "closed-75%"));
        assert!(refuted.text.contains("1,250/s as open traffic did not hold"), "{refuted:?}");
        // Less than is advised was tried, or it is not over: that says nothing.
        assert_eq!(check(800.0, Some(true)).basis, "closed-75%");
        assert_eq!(check(1250.0, None).basis, "closed-75%");
    }

    #[test]
    fn no_advice_before_the_answer() {
        assert_eq!(advice(&frame(false)), None);
    }
}
