//! The product alone in a pseudo-terminal, leading its session: what a terminal window that is closed leaves is its own exit
//! code.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// A product and the terminal it is in. Dropping it kills it.
pub(crate) struct Bare {
    child: Box<dyn Child + Send + Sync>,
    ends: Option<(Box<dyn MasterPty + Send>, Box<dyn Write + Send>)>,
    reader: Option<JoinHandle<()>>,
    deaf: Arc<AtomicBool>,
}

fn size(rows: u16, cols: u16) -> PtySize {
    PtySize {
        rows,
        cols,
        pixel_width: 0,
        pixel_height: 0,
    }
}

impl Bare {
    pub(crate) fn start(args: &[&str], folder: &Path) -> Self {
        let pty = native_pty_system().openpty(size(35, 120)).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_clobber-tui"));
        command.args(args);
        command.cwd(folder);
        command.env_clear();
        for (name, value) in [("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("LC_ALL", "C.UTF-8")] {
            command.env(name, value);
        }
        let child = pty.slave.spawn_command(command).unwrap();
        let mut output = pty.master.try_clone_reader().unwrap();
        let writer = pty.master.take_writer().unwrap();
        let deaf = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&deaf);
        let reader = std::thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(1..) = output.read(&mut buffer) {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
            }
        });
        Self {
            child,
            ends: Some((pty.master, writer)),
            reader: Some(reader),
            deaf,
        }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let (_, writer) = self.ends.as_mut().expect("the terminal is there");
        writer.write_all(bytes).unwrap();
    }

    pub(crate) fn resize(&self, rows: u16, cols: u16) {
        let (master, _) = self.ends.as_ref().expect("the terminal is there");
        master.resize(size(rows, cols)).unwrap();
    }

    pub(crate) fn until(&self, found: impl Fn() -> bool) {
        let begun = Instant::now();
        while !found() {
            assert!(begun.elapsed() < PATIENCE, "nothing within {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Takes the terminal away; when.
    pub(crate) fn close(&mut self) -> Instant {
        self.deaf.store(true, Ordering::SeqCst);
        // The reader leaves with the next picture, and its end of the terminal with it. A new size asks for one.
        let mut rows = 30;
        let begun = Instant::now();
        while !self.reader.as_ref().expect("one end").is_finished() {
            assert!(begun.elapsed() < PATIENCE, "the screen is not drawn any more");
            rows = 61 - rows;
            self.resize(rows, 100);
            std::thread::sleep(Duration::from_millis(20));
        }
        self.ends = None;
        Instant::now()
    }

    /// Its exit code, when it has ended.
    pub(crate) fn code(&mut self) -> u32 {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "still running {PATIENCE:?} after its terminal went away"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
