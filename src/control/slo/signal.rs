//! The signal of `slo`: arrivals by intended start, decided at an age, as (decided, bad) for every term of the promise.
//! It refuses percentiles: an exceedance is counted, and an arrival that was shed or is still under way is one.
//!
//! ```text
//!  cohorts ─┬─ aged L: answered well within each latency limit, or bad
//!           └─ aged max(2 s, 4 L), the request timeout: answered well at all, or bad
//!  while the generator itself stood still, what was due or under way, and what came in the crowd after it: no evidence
//!  against the target alone: not those late through our send lag, and none in the wake of a late send of ours
//! ```

use super::decided::Decided;
use super::wakes::Wakes;
use crate::control::Observation;
use crate::model::promise::Promise;
use crate::model::units::Nanos;
use crate::telemetry::cohorts::Cohorts;

/// Lanes report what ended up to a beat ago.
const LATE: Nanos = Nanos::from_millis(20);

/// A pause of the generator is felt from this share of the limit on.
const FELT: f64 = 0.125;
/// What was held up leaves in one crowd: the target is given so many times the pause to be rid of it.
const AFTER: u64 = 3;
/// A pause counts no more once this share of a window is set aside: a generator that always stands still has to live with
/// what it measures. The window is this long, or the age at which the last arrivals are decided.
const ASIDE: f64 = 0.4;
const RECENT: Nanos = Nanos::from_secs(10);

/// Cohorts that wait for their age.
#[derive(Clone, Debug, Default)]
pub(super) struct Signal {
    quick: Cohorts,
    slow: Cohorts,
    from: Nanos,
    /// Stretches of intended starts that are no evidence, apart from each other.
    blind: Vec<(Nanos, Nanos)>,
    wakes: Wakes,
    /// Arrivals set aside since somebody asked.
    aside: u64,
}

impl Signal {
    /// What arrived and was answered in a tick.
    pub(super) fn hear(&mut self, seen: &Observation, promise: &Promise) {
        self.wakes.hear(seen, promise.limit());
        if let Some(c) = &seen.cohorts {
            self.quick.merge(c);
            if outcome_counts(promise) {
                self.slow.merge(c);
            }
        }
        let (limit, window) = (promise.limit(), RECENT.max(patience(promise)));
        self.blind.retain(|(_, to)| *to + window > seen.now);
        for (at, long) in &seen.pauses {
            let already = self.blind.iter().fold(Nanos::ZERO, |sum, (from, to)| sum + (*to - *from));
            if long.secs() >= FELT * limit.secs() && already.secs() < ASIDE * window.secs() {
                self.close_eyes(*at - limit, *at + *long * (1 + AFTER));
            }
        }
    }

    /// A stretch more, as one with those it meets: several lanes tell of the same pause, at times one of them later.
    fn close_eyes(&mut self, mut from: Nanos, mut to: Nanos) {
        self.blind.retain(|(begin, end)| {
            let meets = from <= *end && *begin <= to;
            if meets {
                (from, to) = (from.min(*begin), to.max(*end));
            }
            !meets
        });
        self.blind.push((from, to));
    }

    /// Arrivals set aside since the last call, if any were.
    pub(super) fn set_aside(&mut self) -> Option<u64> {
        Some(std::mem::take(&mut self.aside)).filter(|n| *n > 0)
    }

    /// Arrivals wanted before `from` do not count.
    pub(super) fn restart(&mut self, from: Nanos) {
        self.from = from;
    }

    /// What came of age up to `now` since the last call.
    pub(super) fn decided(&mut self, now: Nanos, promise: &Promise) -> Decided {
        let mut out = Decided::default();
        self.quick.take(self.from.min(now));
        self.slow.take(self.from.min(now));
        for (from, to) in &self.blind {
            let aside = self.quick.forget(*from, *to);
            self.aside += aside.0;
            out.here.add(aside);
            self.slow.forget(*from, *to);
        }
        let late = LATE.max(Nanos::new(promise.limit().ns() / 10));
        let wakes = &self.wakes;
        let mut count = |cohorts: &mut Cohorts, age: Nanos, latency: bool| {
            cohorts.take_each(now - age - late, |at, c| {
                for (i, _) in promise.terms().enumerate().filter(|(_, t)| (t.limit < Nanos::MAX) == latency) {
                    let bad = c.arrived.saturating_sub(c.timely[i]);
                    out.n[i] += c.arrived;
                    out.k[i] += bad;
                    if !wakes.touch(at) {
                        out.fair_n[i] += c.arrived;
                        out.fair_k[i] += bad.saturating_sub(c.late_here[i]);
                    }
                }
                if latency {
                    out.sent_late += c.sent_late;
                    let side = if wakes.touch(at) { &mut out.here } else { &mut out.fair };
                    side.add((c.arrived, c.unsent));
                }
            });
        };
        count(&mut self.quick, promise.limit(), true);
        count(&mut self.slow, patience(promise), false);
        out
    }
}

/// Age at which an arrival without a good answer has none: the request timeout of this mode.
pub(super) fn patience(promise: &Promise) -> Nanos {
    Nanos::from_secs(2).max(promise.limit() * 4)
}

fn outcome_counts(promise: &Promise) -> bool {
    promise.terms().any(|t| t.limit == Nanos::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Nanos = Nanos::from_millis;

    fn promise() -> Promise {
        Promise::parse("p90<100ms, errors<20%").unwrap()
    }

    /// Ten arrivals at 0, of which the first `good` are answered after 50 ms.
    fn heard(good: u64) -> Signal {
        let p = promise();
        let mut c = Cohorts::default();
        (0..10).for_each(|_| c.arrived(MS(5)));
        (0..good).for_each(|_| c.answered(MS(5), (MS(50), MS(0)), &p.limits()));
        let mut s = Signal::default();
        s.hear(
            &Observation {
                cohorts: Some(c),
                ..Observation::default()
            },
            &p,
        );
        s
    }

    #[test]
    fn an_arrival_is_decided_at_its_age_and_once() {
        let (mut s, p) = (heard(7), promise());

        let young = s.decided(MS(129), &p);
        let aged = s.decided(MS(130), &p);
        let again = s.decided(MS(1_000), &p);

        assert_eq!((young.count(&p), aged.count(&p), again.count(&p)), (0.0, 10.0, 0.0));
        assert_eq!((aged.k[0], aged.n[1]), (3, 0), "whether it is answered at all takes longer");
        assert_eq!(s.decided(MS(2_030), &p).k[1], 3);
    }

    /// Tells of pauses of so many ms at so many ms.
    fn pause(s: &mut Signal, p: &Promise, pauses: &[(u64, u64)]) {
        let told = Observation {
            now: MS(pauses.last().map_or(0, |(at, long)| at + long)),
            pauses: pauses.iter().map(|(at, long)| (MS(*at), MS(*long))).collect(),
            ..Observation::default()
        };
        s.hear(&told, p);
    }

    #[test]
    fn what_was_due_while_the_generator_stood_still_is_no_evidence() {
        let p = promise();
        let paused = |at, long| {
            let mut s = heard(0);
            pause(&mut s, &p, &[(at, long)]);
            (s.decided(MS(130), &p).count(&p), s.set_aside(), s.decided(MS(3_000), &p).n[1])
        };

        assert_eq!(paused(80, 40), (0.0, Some(10), 0), "under way when it stood still");
        assert_eq!(paused(80, 9_000), (0.0, Some(10), 0), "however long");
        assert_eq!(paused(110, 40), (10.0, None, 10), "decided before");
        assert_eq!(paused(80, 12), (10.0, None, 10), "too short to be felt");
    }

    #[test]
    fn what_is_late_through_our_send_lag_is_bad_for_the_promise_and_not_the_targets() {
        let decided = |lag: u64| {
            let (mut s, p) = (heard(7), promise());
            let mut c = Cohorts::default();
            (0..3).for_each(|_| c.answered(MS(5), (MS(104), MS(lag)), &p.limits()));
            let seen = Observation {
                cohorts: Some(c),
                now: MS(110),
                ..Observation::default()
            };
            s.hear(&seen, &p);
            let w = s.decided(MS(130), &p).worst(&p);
            (w.n, w.k, w.fair_n, w.fair_k, w.late_here())
        };

        assert_eq!(decided(0), (10.0, 3.0, 10.0, 3.0, false));
        assert_eq!(decided(8), (10.0, 3.0, 10.0, 0.0, true), "96 ms without us");
        assert_eq!(decided(3), (10.0, 3.0, 10.0, 3.0, false), "101 ms without us");
        assert_eq!(decided(30), (10.0, 3.0, 0.0, 0.0, true), "a late send leaves a wake");
    }

    #[test]
    fn a_generator_that_always_stands_still_is_measured_as_it_is() {
        let (p, slow) = (promise(), Promise::parse("p90<5s").unwrap());
        let blind = |p: &Promise, pauses: &[(u64, u64)]| {
            let mut s = Signal::default();
            pause(&mut s, p, pauses);
            s.blind.iter().map(|(from, to)| (*to - *from).secs()).collect::<Vec<_>>()
        };
        let always: Vec<(u64, u64)> = (0..9).map(|i| (1_000 * (i + 1), 300)).collect();

        // 100 ms before, 300 ms, 900 ms after: less than 4 s of the last 10 are set aside until the fifth comes.
        assert_eq!(blind(&p, &always), [4.3]);
        assert_eq!(blind(&p, &[(1_000, 300), (1_001, 299)]), [1.3], "two lanes, one pause");
        assert_eq!(blind(&p, &[(1_000, 300), (6_000, 300)]), [1.3, 1.3]);
        assert_eq!(blind(&p, &[(6_000, 300), (1_000, 200)]), [1.3, 0.9], "told late");
        assert_eq!(blind(&slow, &[(9_000, 700)]), [7.8], "a slow promise has a longer window");
    }

    #[test]
    fn the_term_nearest_its_bound_governs() {
        let (mut s, p) = (heard(7), promise());
        let mut all = s.decided(MS(130), &p);

        all.add(&s.decided(MS(2_030), &p));

        // 30 % of 10 % allowed, and 30 % of 20 %.
        let worst = all.worst(&p);
        assert_eq!((worst.q * 100.0).round(), 10.0);
        assert!((worst.ratio() - 3.0).abs() < 1e-9);
    }

    #[test]
    fn what_was_wanted_before_the_restart_does_not_count() {
        let (mut s, p) = (heard(0), promise());

        s.restart(MS(10));

        assert_eq!(s.decided(MS(5_000), &p).count(&p), 0.0);
    }
}
