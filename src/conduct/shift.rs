//! Whether an alarm was a change of the target: the rest before it against the rest after it, with their errors.
//! It refuses to call noise a change: what swings by itself must differ by more than it swings.

use crate::model::units::Nanos;
use crate::telemetry::batches::Spread;
use crate::telemetry::frame::Shift;

/// Seconds of rest before an alarm, and after it, that can be compared.
const BEFORE: f64 = 2.0;
const AFTER: f64 = 3.0;
/// |ln(after/before)| that counts, beside so many standard errors.
const LEAST: f64 = 0.05;
const ERRORS: f64 = 3.0;
/// Seconds of rest after which an alarm that was none is forgotten.
const SURE: f64 = 5.0;
/// Workers this near, as a ratio, are the same place.
const NEAR: f64 = 1.2;

/// One rest.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rest {
    /// Seconds of evidence.
    pub(super) span: f64,
    /// Good answers per second.
    pub(super) rate: f64,
    /// Good answers.
    pub(super) ok: u64,
    /// Workers.
    pub(super) workers: f64,
    /// How its seconds vary.
    pub(super) spread: Spread,
}

/// The changes so far, and the alarm that is being looked into.
#[derive(Debug, Default)]
pub(super) struct Shifts {
    list: Vec<Shift>,
    /// When, the rest before it, and whether it now stands last in the list.
    open: Option<(Nanos, Rest, bool)>,
    /// How the seconds of all closed rests vary.
    noise: Spread,
}

impl Shifts {
    /// An alarm at `now`; `rest` is the one it ended.
    pub(super) fn alarm(&mut self, now: Nanos, rest: Rest) {
        self.noise.add(&rest.spread);
        if rest.span < BEFORE || rest.rate <= 0.0 {
            return;
        }
        // An alarm that was none leaves the better known rest as what the target gives.
        let before = match self.open {
            Some((_, before, false)) if before.span > rest.span && near(&before, &rest) && !self.differ(&before, &rest) => before,
            _ => rest,
        };
        self.open = Some((now, before, false));
    }

    /// The target swings: what looked like changes was that.
    pub(super) fn forget(&mut self) {
        self.list.clear();
        self.open = None;
    }

    /// The rest since the last alarm as it is known now. True when the alarm turns out to have been none: same rate, about
    /// the same workers.
    pub(super) fn settle(&mut self, rest: &Rest) -> bool {
        let Some((at, before, listed)) = self.open.filter(|_| rest.span >= AFTER) else {
            return false;
        };
        if listed {
            self.list.pop();
        }
        let moved = self.differ(&before, rest);
        if moved {
            self.list.push(Shift {
                at,
                before: before.rate,
                after: Some(rest.rate),
            });
        }
        self.open = Some((at, before, moved));
        let none = !moved && rest.span >= SURE && near(&before, rest);
        if none {
            self.open = None;
        }
        none
    }

    /// The last alarm has not shown a change: the rest since, long enough to tell, has the same rate as the one before.
    pub(super) fn unmoved(&self, rest: &Rest) -> bool {
        let same = |(_, before, listed): &(Nanos, Rest, bool)| !listed && !self.differ(before, rest);
        rest.span >= SURE && self.open.as_ref().is_some_and(same)
    }

    /// The changes that stand.
    pub(super) fn list(&self) -> Vec<Shift> {
        self.list.clone()
    }

    fn differ(&self, a: &Rest, b: &Rest) -> bool {
        let mut all = self.noise;
        all.add(&b.spread);
        let error = |r: &Rest| all.error(r.span).max(1.0 / (r.ok.max(1) as f64).sqrt());
        (b.rate.max(1e-9) / a.rate).ln().abs() > LEAST + ERRORS * error(a).hypot(error(b))
    }
}

fn near(a: &Rest, b: &Rest) -> bool {
    (1.0 / NEAR..=NEAR).contains(&(a.workers / b.workers.max(1e-9)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::batches::Batches;

    fn rest(rates: impl IntoIterator<Item = u64>) -> Rest {
        let (mut batches, mut ok, mut span) = (Batches::default(), 0, 0.0);
        for r in rates {
            batches.add(r, 1.0);
            ok += r;
            span += 1.0;
        }
        Rest {
            span,
            rate: ok as f64 / span,
            ok,
            workers: 40.0,
            spread: batches.spread(),
        }
    }

    #[test]
    fn a_fall_is_a_change_after_three_seconds() {
        let mut s = Shifts::default();
        s.alarm(Nanos::from_secs(31), rest([1660, 1670, 1650, 1665]));

        assert!(!s.settle(&rest([650, 640])) && s.list().is_empty());
        assert!(!s.settle(&rest([650, 640, 660])));
        assert_eq!(s.list().len(), 1);
        assert_eq!((s.list()[0].before.round(), s.list()[0].after), (1661.0, Some(650.0)));
    }

    #[test]
    fn a_rest_as_good_as_before_takes_the_change_back() {
        let mut s = Shifts::default();
        s.alarm(Nanos::from_secs(31), rest([1660, 1670, 1650, 1665]));
        s.settle(&rest([1300, 1310, 1290]));
        assert_eq!(s.list().len(), 1);

        let again = rest([1640, 1650, 1655, 1660, 1650, 1645]);
        let elsewhere = Rest { workers: 80.0, ..again };
        assert!(
            !s.settle(&elsewhere) && s.unmoved(&elsewhere),
            "the same rate, at other workers"
        );
        assert!(!s.unmoved(&rest([1300; 6])) && !s.unmoved(&rest([1650; 3])));
        assert!(s.settle(&again), "it was none");
        assert!(s.list().is_empty());
    }

    #[test]
    fn what_swings_by_itself_must_move_further() {
        let swings = [1000, 1250, 1300, 1100, 800, 700, 850, 1100, 1250, 1200];
        let mut s = Shifts::default();
        s.alarm(Nanos::from_secs(20), rest(swings));
        s.settle(&rest([1250, 1300, 1200, 1150]));
        assert!(s.list().is_empty(), "15 % within its swings");

        s.settle(&rest([200, 260, 240, 210, 190, 180]));
        assert_eq!(s.list().len(), 1, "a fifth of it is not");
    }
}
