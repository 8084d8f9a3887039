//! INT, TERM, HUP and TSTP as flags that front ends poll. Installed once, before anything else.

use crate::ui;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGTSTP};
use signal_hook::flag;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What has come so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Signals {
    raised: [Arc<AtomicBool>; 3],
    seen: Arc<AtomicUsize>,
    first: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    told: Arc<AtomicUsize>,
}

const KINDS: [(i32, u8); 3] = [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)];

impl Signals {
    /// Installs the handlers; with a screen also that of TSTP, which must give the terminal back first.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn install(screen: bool) -> io::Result<Self> {
        let signals = Self::default();
        for ((kind, _), raised) in KINDS.iter().zip(&signals.raised) {
            flag::register(*kind, Arc::clone(raised))?;
        }
        if screen {
            flag::register(SIGTSTP, Arc::clone(&signals.stop))?;
        }
        Ok(signals)
    }

    /// The next one for a screen, each told once.
    pub(super) fn next(&self) -> Option<ui::Signal> {
        if self.stop.swap(false, Ordering::Relaxed) {
            return Some(ui::Signal::Suspend);
        }
        let told = self.told.load(Ordering::Relaxed);
        (self.count() > told).then(|| {
            self.told.store(told + 1, Ordering::Relaxed);
            ui::Signal::End
        })
    }

    /// How many have been seen in all; looks for new ones. Two of a kind between two looks count once.
    pub(super) fn count(&self) -> usize {
        for ((_, code), raised) in KINDS.iter().zip(&self.raised) {
            if raised.swap(false, Ordering::Relaxed) {
                self.seen.fetch_add(1, Ordering::Relaxed);
                let _ = self
                    .first
                    .compare_exchange(0, usize::from(*code), Ordering::Relaxed, Ordering::Relaxed);
            }
        }
        self.seen.load(Ordering::Relaxed)
    }

    /// The exit code of the first that came: 130, 143 or 129.
    pub(super) fn exit_code(&self) -> Option<u8> {
        u8::try_from(self.first.load(Ordering::Relaxed)).ok().filter(|c| *c > 0)
    }
}
