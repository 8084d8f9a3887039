//! INT, TERM, HUP and TSTP, heard by a thread that does nothing else. Front ends ask what came; whatever they are busy with,
//! a second INT or TERM ends the process within a second.
//! It refuses to hear HUP where whoever started the program had it ignored, as nohup does.

mod force;
mod tally;

use crate::clock::Epoch;
use crate::ui;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tally::Tally;

/// After a second signal the engine has so long to end in order. Then what it told last is reported.
const ENGINE: Duration = Duration::from_millis(450);
/// After a second signal the whole process has so long, and then what giving the terminal back takes.
const PROCESS: Duration = Duration::from_millis(750);

/// What has come so far.
#[derive(Clone, Debug)]
pub(super) struct Signals {
    heard: Arc<Heard>,
}

#[derive(Debug)]
struct Heard {
    epoch: Epoch,
    tally: Mutex<Tally>,
    /// How many of them a screen was told of.
    told: AtomicUsize,
    stop: AtomicBool,
    redraw: AtomicBool,
    /// How many had come when the run was over.
    over: AtomicUsize,
    /// The files are written: there is nothing left that a first signal could end gently.
    closing: AtomicBool,
    /// When the end became urgent, ns, or never.
    urgent: AtomicU64,
}

impl Default for Signals {
    /// Hears nothing.
    fn default() -> Self {
        Self {
            heard: Arc::new(Heard {
                epoch: Epoch::new(),
                tally: Mutex::default(),
                told: AtomicUsize::new(0),
                stop: AtomicBool::new(false),
                redraw: AtomicBool::new(false),
                over: AtomicUsize::new(0),
                closing: AtomicBool::new(false),
                urgent: AtomicU64::new(u64::MAX),
            }),
        }
    }
}

impl Signals {
    /// Starts to hear; with a screen also TSTP and QUIT, which must give the terminal back first, and what makes it draw anew.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn install(screen: bool) -> io::Result<Self> {
        let ignored = tally::ignored();
        let mut kinds = vec![SIGINT, SIGTERM];
        kinds.extend([SIGHUP].iter().filter(|k| !ignored(**k)));
        if screen {
            kinds.extend([SIGTSTP].iter().filter(|k| !ignored(**k)));
            kinds.extend([SIGWINCH, SIGCONT, SIGQUIT]);
        }
        let mut coming = signal_hook::iterator::Signals::new(kinds)?;
        let signals = Self::default();
        let ear = signals.clone();
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            for kind in coming.forever() {
                ear.hear(kind);
            }
        })?;
        Ok(signals)
    }

    fn hear(&self, kind: i32) {
        let heard = &self.heard;
        match kind {
            SIGTSTP => heard.stop.store(true, Ordering::Relaxed),
            SIGQUIT => force::quit(),
            SIGWINCH | SIGCONT => heard.redraw.store(true, Ordering::Relaxed),
            _ => {
                let (before, count) = self.tally(|t| (t.count(), t.add(kind, heard.epoch.now())));
                if count > before && (count > 1 || heard.closing.load(Ordering::SeqCst)) {
                    self.hurry();
                }
            }
        }
    }

    fn tally<R>(&self, ask: impl FnOnce(&mut Tally) -> R) -> R {
        ask(&mut self.heard.tally.lock().unwrap_or_else(|e| e.into_inner()))
    }

    /// The next one for a screen, each told once.
    pub(super) fn next(&self) -> Option<ui::Signal> {
        if self.heard.stop.swap(false, Ordering::Relaxed) {
            return Some(ui::Signal::Suspend);
        }
        let told = self.heard.told.load(Ordering::Relaxed);
        if self.count() > told {
            self.heard.told.store(told + 1, Ordering::Relaxed);
            return Some(ui::Signal::End);
        }
        let redraw = self.heard.redraw.swap(false, Ordering::Relaxed);
        redraw.then_some(ui::Signal::Redraw)
    }

    /// How many have asked for an end.
    pub(super) fn count(&self) -> usize {
        self.tally(|t| t.count())
    }

    /// The exit code of the first that came: 130, 143 or 129.
    pub(super) fn exit_code(&self) -> Option<u8> {
        self.tally(|t| t.code())
    }

    /// The run is over; its files are written next.
    pub(super) fn over(&self) {
        self.heard.over.store(self.count(), Ordering::SeqCst);
    }

    /// The files are written; what is left may be kept waiting by its reader. A signal since the run was over, and the next
    /// one, is urgent.
    pub(super) fn closing(&self) {
        self.heard.closing.store(true, Ordering::SeqCst);
        if self.count() > self.heard.over.load(Ordering::SeqCst) {
            self.hurry();
        }
    }

    /// The end is urgent: the process ends soon, in order if it can. A second Ctrl-C as a key says the same as a second INT.
    pub(super) fn hurry(&self) {
        let now = self.heard.epoch.now().ns();
        let first = self
            .heard
            .urgent
            .compare_exchange(u64::MAX, now, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok();
        if !first {
            return;
        }
        let signals = self.clone();
        let end = move || force::end(PROCESS, || signals.exit_code().unwrap_or(130));
        let spawned = std::thread::Builder::new().name("end".into()).spawn(end.clone());
        if spawned.is_err() {
            end();
        }
    }

    /// The engine has had its time: what it told last is all there will be.
    pub(super) fn late(&self) -> bool {
        let urgent = self.heard.urgent.load(Ordering::SeqCst);
        self.heard.epoch.now().ns().saturating_sub(urgent) >= ENGINE.as_nanos() as u64
    }
}
