//! A conductor's state as a frame. What is costly is refreshed once a column.

use super::conductor::Conductor;
use super::generator::Means;
use crate::model::format::{count, length};
use crate::model::notice::Who;
use crate::model::run::EndedBy;
use crate::model::setpoints::Mode;
use crate::model::units::Nanos;
use crate::telemetry::frame::{Control, Frame, Phase, Queue, Shift, State};
use crate::telemetry::interval::Gauges;
use crate::telemetry::threshold::judge;
use crate::telemetry::validity::doubts;
use std::sync::Arc;

impl Conductor {
    /// Makes the next frame; `column`: a column was closed in this tick.
    pub(super) fn publish(&mut self, now: Nanos, column: bool) -> Arc<Frame> {
        let over = self.ending.is_some_and(|e| e.over);
        if over {
            let target = self.frame.columns.last().and_then(|c| c.setpoint);
            self.axis.finish(now, self.carried.take().as_deref(), target);
            self.close_books(now);
        }
        if let Some(hint) = self.ledger.hint() {
            self.orders.note(now, Who::Engine, hint);
        }
        let before = self.frame.clone();
        let mut frame = Frame {
            seq: before.seq + 1,
            at: now,
            applied: self.orders.applied,
            run: self.info.clone(),
            phase: self.phase(over),
            question: self.guard.as_ref().map(|why| question(why)),
            ended_by: self.ending.map(|e| e.by),
            setpoints: self.orders.set().clone(),
            control: self.control(),
            gauges: self.gauges_to_show(),
            health: std::mem::take(&mut self.health),
            stalls: self.generator.stalls(),
            outages: self.outages.list(),
            cpu: self.generator.cpu(),
            cpu_wait: self.generator.waited(),
            short_of: self.short_of,
            unheard: self.ledger.unheard,
            whole: self.ledger.whole(),
            books: self.ledger.books(),
            columns: self.axis.columns(),
            shifts: self.shifts.list(),
            at_limit: self.ruling.law.at_limit,
            answered: self.answered,
            notices: self.orders.notices(),
            noted: self.orders.noted,
            last: if self.sending() && self.watched {
                self.ledger.last()
            } else {
                before.last
            },
            now: if self.sending() && self.watched {
                self.ledger.now()
            } else {
                before.now
            },
            table: before.table,
            totals: before.totals.clone(),
            curve: before.curve.clone(),
            knee: before.knee.clone(),
            idle: before.idle,
            queue: before.queue,
            slo: self.ruling.law.slo.clone(),
            check: self.check(),
            staged_rate: self.staged_rate(),
            steady: before.steady.clone(),
            step: before.step,
            ..Frame::default()
        };
        frame.whole.drift = self.resting.block().batches.drift();
        if over || (self.watched && (column || before.seq == 0)) {
            self.refresh(&mut frame);
        }
        if !self.info.simulated {
            let open = self.demand.rate.is_some();
            frame.saturated = self.generator.limit(open, self.means());
            frame.lane_full = self.generator.full(open);
            frame.starved = self.generator.starved().filter(|_| !open);
        }
        self.most_rate = self.most_rate.max(frame.last.good_rate);
        self.watch_thresholds(now, &mut frame, column, over);
        frame.valid = doubts(&frame).is_empty();
        self.frame = Arc::new(frame);
        self.frame.clone()
    }

    fn means(&self) -> Means {
        Means {
            lanes: self.info.threads,
            cores: self.info.cores,
            descriptors: self.info.fd_limit,
            beside: self.info.descriptors_beside,
            short_of: self.short_of.filter(|_| self.info.most_workers.is_some()),
        }
    }

    /// At the end each failure is an event; before, with `--abort-on-fail`, one beyond doubt ends the run.
    fn watch_thresholds(&mut self, now: Nanos, frame: &mut Frame, column: bool, over: bool) {
        if over {
            for j in judge(frame).iter().filter(|j| !j.ok) {
                self.orders.note(now, Who::Engine, format!("threshold {}", j.sentence()));
            }
        } else if self.info.abort_on_fail && column && self.sending() {
            let Some(why) = self.vigil.look(now, frame) else { return };
            self.orders.note(now, Who::Engine, format!("threshold {why}: the run ends"));
            self.end(EndedBy::Threshold, now);
        } else {
            return;
        }
        (frame.notices, frame.noted) = (self.orders.notices(), self.orders.noted);
    }

    /// Levels as heard; open connections as they were when sending stopped.
    fn gauges_to_show(&self) -> Gauges {
        let mut gauges = *self.ledger.gauges();
        if self.ending.is_some() && self.frame.seq > 0 {
            gauges.active = self.frame.gauges.active;
        }
        gauges
    }

    fn phase(&self, over: bool) -> Phase {
        match (over, self.ending.is_some(), self.orders.set().paused) {
            (true, ..) => Phase::Done,
            (_, true, _) => Phase::Drain,
            (.., true) => Phase::Paused,
            _ => Phase::Run,
        }
    }

    fn refresh(&mut self, frame: &mut Frame) {
        frame.table = self.ledger.table();
        frame.totals = self.ledger.totals();
        frame.curve = self.curve.rows().into();
        frame.knee = self.curve.knee();
        self.keep_knee(frame);
        frame.idle = self.curve.idle();
        frame.step = self.curve.step().map(|s| Shift {
            at: Nanos::from_secs_f64(s.at),
            before: s.before,
            after: Some(s.before * s.ratio),
        });
        let estimates = || frame.columns.iter().map(|c| c.queue);
        let estimated = || Queue {
            now: estimates().next_back().unwrap_or(0.0),
            max: estimates().fold(frame.queue.max, f64::max),
            ..Queue::default()
        };
        frame.queue = Queue {
            arrival: self.ledger.arrivals.quantiles(),
            completion: self.ledger.completions.quantiles(),
            ..self.client_queue(frame.now.rate).unwrap_or_else(estimated)
        };
        let searching = frame.setpoints.mode != Mode::Manual;
        frame.steady = self.resting.steady(searching, &frame.columns);
    }

    /// What `max` found stays what was found, whatever other modes add to the curve.
    fn keep_knee(&mut self, frame: &mut Frame) {
        if frame.setpoints.mode == Mode::Max {
            let at = self.ruling.converged_at.filter(|_| !frame.setpoints.overridden());
            self.kept = at.zip(frame.knee.clone()).or(self.kept.take());
        } else if let Some((at, knee)) = &self.kept {
            frame.knee = Some(knee.clone());
            frame.knee_at = Some(*at);
        }
    }

    fn control(&self) -> Control {
        let (set, r) = (self.orders.set(), &self.ruling);
        let found = self.regulator.found();
        let experimenting = matches!(r.state, State::Step | State::Tune | State::Verify | State::Recover);
        Control {
            state: if set.overridden() && !experimenting {
                State::Override
            } else {
                r.state
            },
            converged: r.converged,
            converged_at: r.converged_at,
            workers: self.demand.workers,
            wants: r.wants,
            resting: r
                .resting
                .then_some(self.demand.workers)
                .or(self.frame.control.resting.filter(|_| r.converged)),
            last_move: self.last_move,
            terms: r.law.terms.clone(),
            measured: r.law.measured,
            off_target: set.aim().zip(r.law.measured).map(|(t, m)| m / t.value - 1.0),
            narration: self.narration.clone(),
            evidence: r.law.evidence,
            ticks: self.ticks,
            saturated_ticks: self.saturated_ticks,
            limited_by: r.limited_by.clone(),
            neutral_pairs: r.law.neutral_pairs,
            answer_in: r.law.answer_in,
            step_test: found.step_test,
            tune: found.tune,
        }
    }

    /// The last look at the books; an imbalance is our own fault and is said.
    fn close_books(&mut self, now: Nanos) {
        for (at, told) in self.generator.rest() {
            self.orders.note(at, Who::Engine, told);
        }
        let (books, totals) = (self.ledger.books(), self.ledger.totals());
        for (what, n, oldest) in [
            ("aborted", books.aborted, totals.aborted_oldest),
            ("not sent", books.not_sent, totals.not_sent_oldest),
        ] {
            if let (1.., Some(oldest)) = (n, oldest) {
                let text = format!("{what} {} (oldest {})", count(n), length(oldest));
                self.orders.note(now, Who::Engine, text);
            }
        }
        if !books.balanced() {
            self.orders
                .note(now, Who::Engine, format!("the books do not balance: {books:?}"));
        }
    }
}

fn question(why: &str) -> String {
    let stop = if why.ends_with('?') { "" } else { "." };
    format!("{why}{stop} space = resume")
}
