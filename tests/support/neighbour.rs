//! Another process's work on this machine, as threads of ours: a neighbour that takes processors.
#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Takes processors until it is dropped.
pub(crate) struct Neighbour {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Neighbour {
    /// One processor in bursts of 0.2 to 2 s, half of the time.
    pub(crate) fn bursts() -> Self {
        Self::start(1, |rng, over| {
            let burst = Duration::from_millis(rng.u64(200..2_000));
            let begin = Instant::now();
            while begin.elapsed() < burst && !over.load(Ordering::Relaxed) {}
            // As long a rest, in pieces so short that the end is not waited for.
            let rest = Instant::now();
            while rest.elapsed() < burst && !over.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(20));
            }
        })
    }

    /// So many processors, without a rest.
    pub(crate) fn steady(threads: usize) -> Self {
        Self::start(threads, |_, over| while !over.load(Ordering::Relaxed) {})
    }

    fn start(threads: usize, work: fn(&mut fastrand::Rng, &AtomicBool)) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let one = |seed| {
            let over = Arc::clone(&over);
            std::thread::spawn(move || {
                let mut rng = fastrand::Rng::with_seed(seed as u64);
                while !over.load(Ordering::Relaxed) {
                    work(&mut rng, &over);
                }
            })
        };
        let threads = (0..threads).map(one).collect();
        Self { over, threads }
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|t| drop(t.join()));
    }
}
