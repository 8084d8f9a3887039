//! Totals of a run: books, whole-run latency, rates over the sending window.
//! It adds up what intervals say; it never estimates.

use super::generator::lag;
use super::quiet::Quiet;
use crate::model::failure::Failure;
use crate::model::units::Nanos;
use crate::telemetry::batches::Batches;
use crate::telemetry::books::Books;
use crate::telemetry::frame::{Table, Totals, Whole};
use crate::telemetry::interval::{Gauges, Interval};
use crate::telemetry::latency::enough;
use crate::telemetry::rates::Rates;
use crate::telemetry::tally::Tally;
use crate::telemetry::window::{Slice, Stats, Window};

/// Everything that is only ever added to.
#[derive(Debug)]
pub(super) struct Ledger {
    total: Tally,
    /// Without warm-up; `None` while there was none.
    measured: Option<Tally>,
    /// Figures of the last seconds are kept.
    pub(super) windowed: bool,
    window: Window,
    second: Window,
    pub(super) arrivals: Rates,
    pub(super) completions: Rates,
    pub(super) shed: Rates,
    batches: Batches,
    span: f64,
    busy: f64,
    ok: u64,
    all: u64,
    /// Of those, the ones with a response.
    answered: u64,
    quiet: Quiet,
    unheard_since: Option<Nanos>,
    pub(super) unheard: bool,
    gauges: Gauges,
    /// What slow connects mean has been said.
    hinted: bool,
}

impl Ledger {
    pub(super) fn new() -> Self {
        Self {
            total: Tally::default(),
            measured: None,
            windowed: true,
            window: Window::new(Nanos::from_secs(5)),
            second: Window::new(Nanos::from_secs(1)),
            arrivals: Rates::default(),
            completions: Rates::default(),
            shed: Rates::default(),
            batches: Batches::default(),
            span: 0.0,
            busy: 0.0,
            ok: 0,
            all: 0,
            answered: 0,
            quiet: Quiet::default(),
            unheard_since: None,
            unheard: false,
            gauges: Gauges::default(),
            hinted: false,
        }
    }

    /// Enters one interval into the books: counts and levels are of the same moment, whoever was heard.
    pub(super) fn book(&mut self, i: &Interval, now: Nanos) {
        self.total.merge(&i.tally);
        self.gauges = i.gauges;
        self.listen(i, now);
    }

    /// Adds one interval to the figures. `sending`: it lies in the sending window; `warm`: warm-up is over.
    pub(super) fn add(&mut self, i: &Interval, sending: bool, warm: bool) {
        if !warm {
            self.measured.get_or_insert_default();
        } else if let Some(m) = &mut self.measured {
            m.merge(&i.tally);
        }
        let span = (i.to - i.from).secs();
        if !sending || !warm || span <= 0.0 {
            // A pause is no silence, nor goes one on through it.
            if !sending {
                self.quiet.end();
            }
            return;
        }
        let ended = ended(&i.tally);
        if self.windowed {
            let slice = Slice::of(&i.tally, i.to, span, i.gauges.busy);
            self.window.push(&slice);
            self.second.push(&slice);
        }
        self.arrivals.record(i.tally.scheduled, span);
        self.completions.record(ended, span);
        self.shed.record(i.tally.shed, span);
        self.batches.add(i.tally.ok, span);
        self.span += span;
        // In the open model those that wait here are in the system too: their responses have begun.
        self.busy += (i.gauges.busy + i.gauges.waiting as f64) * span;
        self.ok += i.tally.ok;
        self.all += ended;
        self.answered += i.tally.measured();
        let usual = self.total.direct.mean().unwrap_or(0.0);
        self.quiet.add(i, span, usual, self.ok as f64 / i.to.secs().max(1e-9));
    }

    fn listen(&mut self, i: &Interval, now: Nanos) {
        if i.heard >= i.lanes {
            self.unheard_since = None;
        } else {
            let since = *self.unheard_since.get_or_insert(now);
            self.unheard |= now - since > Nanos::from_secs(1);
        }
    }

    /// `reset`: windows start anew, never the books.
    pub(super) fn reset(&mut self) {
        self.window.clear();
        self.second.clear();
    }

    /// Figures of the last 5 s.
    pub(super) fn last(&self) -> Stats {
        self.window.stats()
    }

    /// Figures of the last second.
    pub(super) fn now(&self) -> Stats {
        self.second.stats()
    }

    pub(super) fn books(&self) -> Books {
        Books::of(&self.total, &self.gauges)
    }

    pub(super) fn gauges(&self) -> &Gauges {
        &self.gauges
    }

    /// What slow connects mean, once.
    pub(super) fn hint(&mut self) -> Option<String> {
        let hint = self.total.connects.hint().filter(|_| !self.hinted);
        self.hinted |= hint.is_some();
        hint
    }

    pub(super) fn whole(&self) -> Whole {
        if self.span <= 0.0 {
            return Whole::default();
        }
        let rate = self.all as f64 / self.span;
        let seen = self.measured.as_ref().unwrap_or(&self.total);
        let busy = self.busy / self.span;
        let mean = mean_response(seen);
        Whole {
            span: self.span,
            rate,
            good_rate: self.ok as f64 / self.span,
            ci95: self.batches.ci95(),
            little_ratio: mean
                .filter(|_| busy > 0.0)
                .map(|r| self.answered as f64 / self.span * r / busy),
            errors: match ended(seen) {
                0 => 0.0,
                all => (all - seen.ok) as f64 / all as f64, // not 1 − ok/all: a tenth is then not quite one
            },
            stalled: self.quiet.stalled(),
            pauses: self.quiet.pauses(),
            drift: None,
        }
    }

    pub(super) fn table(&self) -> Table {
        let seen = self.measured.as_ref().unwrap_or(&self.total);
        let direct = seen.parts.is_none();
        let (response, good) = seen.responses();
        let service = if direct { response } else { seen.service().summary() };
        let lag = |q: f64| lag(seen, q).filter(|_| enough(q, response.count));
        Table {
            response,
            good,
            service,
            wait: seen.wait().summary(),
            connect: seen.connect.as_ref().map(|c| c.summary()).unwrap_or_default(),
            send_lag: (lag(0.5), lag(0.99)),
            ours: (seen.ours(0.5), seen.ours(0.99)),
        }
    }

    pub(super) fn totals(&self) -> Totals {
        let t = &self.total;
        let service = t.measured() as f64 * mean_service(t).unwrap_or(0.0);
        Totals {
            status: t.status.clone(),
            errors: Failure::ALL
                .iter()
                .map(|f| (*f, t.errors[*f as usize]))
                .filter(|(_, n)| *n > 0)
                .collect(),
            samples: t.samples.clone(),
            tx: t.tx,
            rx: t.rx,
            surplus: t.surplus,
            opened: t.opened,
            reused: t.reused,
            retries: t.retries,
            aborted_oldest: t.aborted_age.as_ref().and_then(|a| a.max()),
            connects: t.connects,
            delayed_ack: t.delayed_ack,
            not_sent_oldest: (t.not_sent > 0).then(|| t.not_sent_oldest.secs()),
            bad_mean: (t.bad_status > 0).then(|| t.bad_ns as f64 / 1e9 / t.bad_status as f64),
            before_first_byte: (service > 0.0).then(|| (t.first_byte_ns as f64 / 1e9 / service).min(1.0)),
        }
    }
}

/// Exchanges that ended, good or not.
fn ended(t: &Tally) -> u64 {
    t.ok + t.bad_status + t.error_total()
}

fn mean_response(t: &Tally) -> Option<f64> {
    let n = t.measured();
    let parts = t.parts.as_ref().map_or(0.0, |p| p.response.sum_secs());
    (n > 0).then(|| (t.direct.sum_secs() + parts) / n as f64)
}

fn mean_service(t: &Tally) -> Option<f64> {
    let n = t.measured();
    let parts = t.parts.as_ref().map_or(0.0, |p| p.service.sum_secs());
    (n > 0).then(|| (t.direct.sum_secs() + parts) / n as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(at: u64, ok: u64, in_flight: u64) -> Interval {
        let mut tally = Tally {
            scheduled: ok,
            sent: ok,
            ok,
            ..Tally::default()
        };
        tally.direct.record_n(Nanos::from_millis(10), ok);
        let gauges = Gauges {
            in_flight,
            busy: ok as f64 * 0.1,
            ..Gauges::default()
        };
        Interval {
            from: Nanos::from_millis(at * 100),
            to: Nanos::from_millis(at * 100 + 100),
            lanes: 1,
            heard: 1,
            tally,
            gauges,
            ..Interval::default()
        }
    }

    fn add(l: &mut Ledger, i: &Interval, sending: bool, warm: bool) {
        l.book(i, i.to);
        l.add(i, sending, warm);
    }

    #[test]
    fn warm_up_is_in_the_books_and_nowhere_else() {
        let mut l = Ledger::new();
        add(&mut l, &interval(0, 50, 0), true, false);
        add(&mut l, &interval(1, 10, 0), true, true);

        assert_eq!(l.books().ok, 60);
        assert_eq!(l.table().response.count, 10);
        assert!((l.whole().good_rate - 100.0).abs() < 1e-9);
    }

    #[test]
    fn what_slow_connects_mean_is_said_once() {
        let mut l = Ledger::new();
        let mut slow = interval(0, 5, 0);
        slow.tally.connected(Nanos::from_millis(1_010));
        add(&mut l, &slow, true, true);

        assert!(l.hint().is_some_and(|h| h.contains("accept queue")) && l.hint().is_none());
    }

    #[test]
    fn one_bad_in_ten_is_a_tenth_and_answers_of_the_drain_count() {
        let mut l = Ledger::new();
        let mut drained = interval(1, 4, 0);
        drained.tally.bad_status = 1;
        add(&mut l, &interval(0, 5, 0), true, true);
        add(&mut l, &drained, false, true);

        assert_eq!(l.whole().errors, 0.1);
    }

    #[test]
    fn two_seconds_of_silence_with_requests_in_flight_are_a_stall() {
        let mut l = Ledger::new();
        for i in 0..50 {
            let silent = (20..40).contains(&i);
            add(&mut l, &interval(i, if silent { 0 } else { 10 }, 4), true, true);
        }

        let (longest, total) = l.whole().stalled;

        assert!(
            (longest - 2.0).abs() < 0.15 && (total - 2.0).abs() < 0.15,
            "{longest} {total}"
        );
    }

    #[test]
    fn neither_a_refusal_nor_a_dial_ends_a_silence_and_each_silence_counts_whole() {
        let mut l = Ledger::new();
        for k in 0..80 {
            let mut i = interval(k, 10, 4);
            if (20..50).contains(&k) || (60..68).contains(&k) {
                i = interval(k, 0, 0);
                (i.gauges.queued, i.gauges.backing) = (k % 2, 1 - k % 2);
                if k % 7 == 0 {
                    (i.tally.unsent, i.tally.errors[Failure::Refused as usize]) = (1, 1);
                }
            }
            add(&mut l, &i, true, true);
        }

        let (longest, total) = l.whole().stalled;

        assert!(
            (longest - 3.0).abs() < 1e-9 && (total - 3.8).abs() < 1e-9,
            "{longest} {total}"
        );
    }

    #[test]
    fn a_silence_is_a_pause_once_twenty_answers_are_missing() {
        let pauses = |ok: u64| {
            let mut l = Ledger::new();
            for i in 0..50 {
                let silent = (20..24).contains(&i) || i == 30;
                add(&mut l, &interval(i, if silent { 0 } else { ok }, 4), true, true);
            }
            l.whole().pauses
        };

        // At 100/s 0.4 s are forty answers, the lone tick ten; at 10/s all of it is four.
        let (longest, total) = pauses(10);
        assert!(
            (longest - 0.4).abs() < 1e-9 && (total - 0.4).abs() < 1e-9,
            "{longest} {total}"
        );
        assert_eq!(pauses(1), (0.0, 0.0));
    }

    #[test]
    fn silence_with_nothing_in_flight_is_no_stall() {
        let mut l = Ledger::new();
        (0..50).for_each(|i| add(&mut l, &interval(i, 0, 0), true, true));

        assert_eq!(l.whole().stalled, (0.0, 0.0));
    }

    #[test]
    fn littles_law_holds_for_figures_that_obey_it() {
        let mut l = Ledger::new();
        (0..50).for_each(|i| add(&mut l, &interval(i, 10, 1), true, true));

        // 100/s of 10 ms each keep one worker busy.
        assert!((l.whole().little_ratio.unwrap() - 1.0).abs() < 0.01);
    }

    #[test]
    fn littles_law_is_of_what_was_answered_while_sending() {
        let mut l = Ledger::new();
        (0..50).for_each(|i| add(&mut l, &interval(i, 10, 1), true, true));
        let before = l.whole().little_ratio;

        (50..60).for_each(|i| add(&mut l, &interval(i, 10, 1), false, true));

        assert_eq!(l.whole().little_ratio, before, "the drain is outside");
    }
}
