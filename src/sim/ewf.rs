//! Everything Will Flow: one queue, some consumers, and tasks whose tail slowly grows heavier until the queue runs away.
//! After Zach Tellman's talk of that name. Exact, in virtual time: a time unit is a second of [`Nanos`].
//!
//! ```text
//!  source ─ exponential gaps ─► [ waiting, FIFO, perhaps bounded ] ─► c consumers, bounded Pareto service
//!     ▲                              │ full: drop, reject, or
//!     └────────── block ◄────────────┘
//! ```

mod recorder;
pub mod service;

use super::station::Fifo;
use crate::model::demand::Overflow;
use crate::model::units::Nanos;
use crate::telemetry::flow::{Books, Bound, Flow, Moment};
use recorder::{Done, Recorder};
use service::{LONGEST, SHORTEST, Slide};
use std::collections::VecDeque;

/// Columns of a slide.
pub const COLUMNS: usize = 200;

/// What is run. One seed gives one result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Experiment {
    /// Consumers ≥ 1; tasks come at this rate a time unit.
    pub consumers: u32,
    /// The queue's bound; without one it grows for ever.
    pub bound: Option<Bound>,
    /// Seed.
    pub seed: u64,
    /// How the tail index slides.
    pub slide: Slide,
    /// Length of the slide, time units; a multiple of 1000.
    pub length: u64,
}

impl Default for Experiment {
    /// The talk's: one consumer, no bound, alpha from 4 to 1.5 in a million time units.
    fn default() -> Self {
        Self {
            consumers: 1,
            bound: None,
            seed: 1,
            slide: Slide { from: 4.0, to: 1.5 },
            length: 1_000_000,
        }
    }
}

/// The queue, the consumers, and the moments at which those who wait will start.
struct Station {
    fifo: Fifo,
    /// Starts of the tasks that wait, which are in order because the queue is.
    starts: VecDeque<Nanos>,
    bound: u64,
    deepest: usize,
}

impl Station {
    /// Tasks waiting at a moment; moments must come in order.
    fn waiting(&mut self, now: Nanos) -> usize {
        while self.starts.front().is_some_and(|s| *s <= now) {
            self.starts.pop_front();
        }
        self.starts.len()
    }

    /// When a task that comes now could be taken in: now, or when a place is free.
    fn open_at(&mut self, now: Nanos) -> Nanos {
        let free = self.fifo.free_at();
        if free <= now || (self.waiting(now) as u64) < self.bound {
            now
        } else {
            self.starts.front().copied().unwrap_or(free)
        }
    }

    /// Takes a task in; when it starts and when it is done.
    fn take(&mut self, now: Nanos, service: Nanos) -> (Nanos, Nanos) {
        let start = now.max(self.fifo.free_at());
        let done = self.fifo.arrive(now, service);
        if start > now {
            self.starts.push_back(start);
            self.deepest = self.deepest.max(self.starts.len());
        }
        (start, done)
    }
}

/// A run under way.
struct Run {
    what: Experiment,
    end: Nanos,
    station: Station,
    recorder: Recorder,
    books: Books,
    services: fastrand::Rng,
    /// How late the source's schedule is.
    slip: Nanos,
}

impl Experiment {
    /// Runs it to the end of the slide.
    pub fn run(&self) -> Flow {
        let mut gaps = fastrand::Rng::with_seed(self.seed);
        let mut run = Run::new(*self, gaps.fork());
        let mean = 1.0 / f64::from(self.consumers);
        let mut wanted = Nanos::ZERO;
        loop {
            wanted += Nanos::from_secs_f64(-mean * (1.0 - gaps.f64()).ln());
            if wanted >= run.end {
                break;
            }
            wanted = run.task(wanted);
        }
        run.flow()
    }
}

impl Run {
    fn new(what: Experiment, services: fastrand::Rng) -> Self {
        Self {
            what,
            end: Nanos::from_secs(what.length),
            station: Station {
                fifo: Fifo::new(what.consumers),
                starts: VecDeque::new(),
                bound: what.bound.map_or(u64::MAX, |b| b.waiting),
                deepest: 0,
            },
            recorder: Recorder::new(Nanos::from_secs(what.length), COLUMNS),
            books: Books::default(),
            services,
            slip: Nanos::ZERO,
        }
    }

    /// The source wants to send a task. Returns the moment it goes on from: later when it was held back.
    fn task(&mut self, wanted: Nanos) -> Nanos {
        self.sample(wanted, None);
        self.books.offered += 1;
        let at = self.station.open_at(wanted);
        match self.what.bound.map(|b| b.overflow).filter(|_| at > wanted) {
            Some(Overflow::Drop) => self.books.shed += 1,
            Some(Overflow::Reject) => self.books.rejected += 1,
            _ => {
                self.enter(wanted, at);
                return at;
            }
        }
        self.recorder.sent(wanted);
        self.recorder.refused(wanted);
        wanted
    }

    /// The task is taken in at `at`, or still held back when the slide ends.
    fn enter(&mut self, wanted: Nanos, at: Nanos) {
        self.sample(at.min(self.end), Some(wanted));
        self.slip += at.min(self.end) - wanted;
        if at >= self.end {
            self.books.blocked += 1;
            return;
        }
        self.station.waiting(at);
        let law = self.what.slide.at(at.secs() / self.end.secs());
        let service = Nanos::from_secs_f64(law.at(self.services.f64()));
        let (start, done) = self.station.take(at, service);
        self.recorder.sent(at);
        if done < self.end {
            self.books.completed += 1;
            self.recorder.done(&Done { wanted, at, start, done });
        }
    }

    /// Samples the queue and the slip at every due moment up to `now`, while the source is held back since `held` or not.
    fn sample(&mut self, now: Nanos, held: Option<Nanos>) {
        while let Some(at) = self.recorder.due(now) {
            let late = self.slip + held.map_or(Nanos::ZERO, |since| at - since);
            self.recorder.sample(at, self.station.waiting(at), late);
        }
    }

    fn flow(mut self) -> Flow {
        self.sample(self.end, None);
        self.books.waiting = self.station.waiting(self.end) as u64;
        self.books.in_service = self.station.fifo.busy(self.end) as u64;
        let slide = self.what.slide;
        Flow {
            consumers: self.what.consumers,
            bound: self.what.bound,
            seed: self.what.seed,
            length: self.end.secs(),
            alpha: (slide.from, slide.to),
            service: (SHORTEST, LONGEST),
            critical: slide.critical().map(|share| moment(slide, share)),
            columns: self.recorder.columns(|share| moment(slide, share)),
            books: self.books,
            deepest: self.station.deepest as u64,
            slip: self.slip.secs(),
        }
    }
}

fn moment(slide: Slide, share: f64) -> Moment {
    let law = slide.at(share);
    Moment {
        share,
        alpha: law.alpha,
        mean_service: law.moment(1.0),
    }
}

#[cfg(test)]
mod tests;
