//! Independent tasks of an experiment over all cores, with progress on standard error, until done or told to stop.
//! It refuses to order results by time: they lie where their task lay.

use super::Stop;
use super::signals::Signals;
use super::ticker::Ticker;
use crate::clock::Epoch;
use crate::model::format::length;
use crate::model::units::Nanos;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// How often signals are looked for.
const LOOK: Duration = Duration::from_millis(100);
/// How often a line is written where there is no terminal.
const LINE: Nanos = Nanos::from_secs(10);

/// What was done.
pub(super) struct Outcome<T> {
    /// In the order of the tasks; `None` for those a signal came before.
    pub(super) done: Vec<Option<T>>,
    /// The signal's exit code, if one came.
    pub(super) signal: Option<u8>,
}

/// What is done and how it is told.
pub(super) struct Pool<'a> {
    /// Beside the bar.
    pub(super) name: &'a str,
    /// Threads, ≥ 1.
    pub(super) threads: usize,
    /// Nothing on standard error.
    pub(super) quiet: bool,
    /// Ends it early.
    pub(super) signals: &'a Signals,
}

/// One thread a core that this process may use.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

impl Pool<'_> {
    /// Runs `work(0 ..)`, one call a weight, in that order as far as threads are free.
    ///
    /// # Errors
    /// Our own faults: no thread, or a task that panicked.
    pub(super) fn run<T, F>(&self, weights: &[f64], work: F) -> Result<Outcome<T>, Stop>
    where
        T: Send + 'static,
        F: Fn(usize) -> T + Send + Sync + 'static,
    {
        let (send, results) = mpsc::channel();
        let (work, next, count) = (Arc::new(work), Arc::new(AtomicUsize::new(0)), weights.len());
        for _ in 0..self.threads.clamp(1, count.max(1)) {
            let (send, work, next) = (send.clone(), Arc::clone(&work), Arc::clone(&next));
            let loops = move || {
                loop {
                    let task = next.fetch_add(1, Ordering::Relaxed);
                    if task >= count || send.send((task, work(task))).is_err() {
                        break;
                    }
                }
            };
            let spawned = std::thread::Builder::new().name("sim".into()).spawn(loops);
            spawned.map_err(Stop::fault)?;
        }
        drop(send);
        self.gather(weights, &results)
    }

    /// Until all are there or a signal is. Threads under way are left behind: the process ends soon.
    fn gather<T>(&self, weights: &[f64], results: &mpsc::Receiver<(usize, T)>) -> Result<Outcome<T>, Stop> {
        let mut done: Vec<Option<T>> = weights.iter().map(|_| None).collect();
        let mut progress = Progress::new(self, weights);
        let (mut left, mut signal) = (weights.len(), None);
        while left > 0 && signal.is_none() {
            match results.recv_timeout(LOOK) {
                Ok((task, result)) => {
                    done[task] = Some(result);
                    left -= 1;
                    progress.done(weights[task]);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(Stop::fault(format!("a task of {} panicked", self.name))),
            }
            if self.signals.count() > 0 {
                signal = self.signals.exit_code();
            }
            progress.tell();
        }
        progress.clear();
        Ok(Outcome { done, signal })
    }
}

/// A bar over itself on a terminal, a line every ten seconds elsewhere.
struct Progress<'a> {
    name: &'a str,
    quiet: bool,
    terminal: bool,
    out: Ticker,
    epoch: Epoch,
    told: Nanos,
    count: usize,
    finished: usize,
    weight: f64,
    all: f64,
}

impl<'a> Progress<'a> {
    fn new(pool: &Pool<'a>, weights: &[f64]) -> Self {
        Self {
            name: pool.name,
            quiet: pool.quiet,
            terminal: io::stderr().is_terminal(),
            out: Ticker::open(),
            epoch: Epoch::new(),
            told: Nanos::ZERO,
            count: weights.len(),
            finished: 0,
            weight: 0.0,
            all: weights.iter().sum(),
        }
    }

    fn done(&mut self, weight: f64) {
        self.finished += 1;
        self.weight += weight;
    }

    fn tell(&mut self) {
        let now = self.epoch.now();
        if self.quiet || (!self.terminal && now - self.told < LINE) {
            return;
        }
        self.told = now;
        let text = line(self.name, (self.finished, self.count), self.weight / self.all, now.secs());
        let _ = if self.terminal {
            write!(self.out, "\r\x1b[K{text}")
        } else {
            writeln!(self.out, "{text}")
        };
    }

    fn clear(&mut self) {
        if self.terminal && !self.quiet {
            let _ = write!(self.out, "\r\x1b[K");
        }
    }
}

/// `bake-off  [######..............]  30 %  87 of 290, 2m10s left`; the time by the share of work that is done.
fn line(name: &str, (finished, count): (usize, usize), share: f64, elapsed: f64) -> String {
    const BAR: usize = 20;
    let full = (share * BAR as f64).floor() as usize;
    let left = if share > 0.0 {
        format!(", {} left", length(elapsed * (1.0 - share) / share))
    } else {
        String::new()
    };
    format!(
        "{name}  [{}{}] {:3.0} %  {finished} of {count}{left}",
        "#".repeat(full),
        ".".repeat(BAR - full.min(BAR)),
        100.0 * share
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool<'a>(threads: usize, signals: &'a Signals) -> Pool<'a> {
        Pool {
            name: "test",
            threads,
            quiet: true,
            signals,
        }
    }

    #[test]
    fn results_lie_where_their_task_lay_whatever_the_threads() {
        for threads in [1, 3, 50] {
            let outcome = pool(threads, &Signals::default()).run(&[1.0; 20], |i| i * i);

            let done: Vec<_> = outcome.unwrap_or_else(|s| panic!("{}", s.why)).done;
            assert_eq!(done, (0..20).map(|i| Some(i * i)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_task_that_panics_is_our_fault_and_no_result() {
        let outcome = pool(2, &Signals::default()).run(&[1.0; 4], |i| assert!(i != 2, "planted"));

        assert_eq!(outcome.map(|_| ()).unwrap_err().code, 1);
    }

    #[test]
    fn the_time_left_follows_the_work_not_the_count() {
        let text = line("bake-off", (6, 290), 0.25, 30.0);

        assert_eq!(text, "bake-off  [#####...............]  25 %  6 of 290, 90 s left");
    }
}
