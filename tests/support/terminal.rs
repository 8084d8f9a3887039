//! The product in a real pseudo-terminal: keys go in, and a terminal emulator reads what comes out.
//! A shell of its own leads the session, so that the terminal's settings can be compared after the product's end.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

pub(crate) use rustix::process::Signal;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longest wait for anything on the screen.
const PATIENCE: Duration = Duration::from_secs(20);
/// Notes the terminal's settings, runs the product, notes its code and the settings again.
const SHELL: &str = "stty -g >before; sh -c 'echo $$ >pid; exec \"$0\" \"$@\" <\"${INPUT:-/dev/stdin}\"' \"$0\" \"$@\"; echo $? >code.part; stty -g >after; mv code.part code";

/// What came out of the product so far.
struct Shown {
    parser: vt100::Parser,
    bytes: Vec<u8>,
}

/// A product on a screen. Dropping it kills it.
pub(crate) struct Terminal {
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    shell: Box<dyn Child + Send + Sync>,
    shown: Arc<Mutex<Shown>>,
    deaf: Arc<AtomicBool>,
    slow: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
    folder: tempfile::TempDir,
}

/// How the product ended, and what it left behind.
pub(crate) struct Left {
    /// Its exit code.
    pub(crate) code: i32,
    /// The text on the normal screen.
    pub(crate) text: String,
}

impl Terminal {
    /// 120×35, 24-bit colour, UTF-8.
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::start_with(args, &[])
    }

    /// With these variables changed; an empty value removes one.
    pub(crate) fn start_with(args: &[&str], variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let size = PtySize {
            rows: 35,
            cols: 120,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pty = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", SHELL, env!("CARGO_BIN_EXE_clobber-tui")]);
        command.args(args);
        command.cwd(folder.path());
        command.env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", folder.path());
        for (name, value) in [("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("LC_ALL", "C.UTF-8")] {
            command.env(name, value);
        }
        for (name, value) in variables {
            match value.is_empty() {
                true => command.env_remove(name),
                false => command.env(name, value),
            }
        }
        let shell = pty.slave.spawn_command(command).unwrap();
        let shown = Arc::new(Mutex::new(Shown {
            parser: vt100::Parser::new(NonZeroU16::new(35).unwrap(), NonZeroU16::new(120).unwrap(), 0),
            bytes: Vec::new(),
        }));
        let (deaf, slow) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let reader = listen(pty.master.try_clone_reader().unwrap(), &shown, [&deaf, &slow]);
        let writer = pty.master.take_writer().unwrap();
        Self {
            master: Some(pty.master),
            writer: Some(writer),
            shell,
            shown,
            deaf,
            slow,
            reader: Some(reader),
            folder,
        }
    }

    /// Its empty working folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The product's own process.
    pub(crate) fn pid(&self) -> i32 {
        let begun = Instant::now();
        loop {
            let noted = std::fs::read_to_string(self.folder().join("pid")).unwrap_or_default();
            if let Ok(pid) = noted.trim().parse() {
                return pid;
            }
            assert!(begun.elapsed() < PATIENCE, "the product did not start");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends the product a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = rustix::process::Pid::from_raw(self.pid()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Types.
    pub(crate) fn keys(&mut self, keys: &str) {
        self.bytes_in(keys.as_bytes());
    }

    /// Sends what need not be text.
    pub(crate) fn bytes_in(&mut self, bytes: &[u8]) {
        let writer = self.writer.as_mut().expect("the terminal is there");
        writer.write_all(bytes).unwrap();
        writer.flush().unwrap();
    }

    /// Another size, of the emulator too.
    pub(crate) fn resize(&self, rows: u16, cols: u16) {
        let size = PtySize {
            rows,
            cols,
            pixel_width: 0,
            pixel_height: 0,
        };
        let (high, wide) = (NonZeroU16::new(rows).unwrap(), NonZeroU16::new(cols).unwrap());
        self.shown.lock().unwrap().parser.set_size(high, wide);
        self.master.as_ref().expect("the terminal is there").resize(size).unwrap();
    }

    /// The text on the screen.
    pub(crate) fn text(&self) -> String {
        self.shown.lock().unwrap().parser.screen().contents()
    }

    /// One row of it, from 0.
    pub(crate) fn row(&self, n: usize) -> String {
        let shown = self.shown.lock().unwrap();
        let (_, cols) = shown.parser.screen().size();
        shown.parser.screen().rows(0, cols.get()).nth(n).unwrap_or_default()
    }

    /// Every byte so far.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.shown.lock().unwrap().bytes.clone()
    }

    /// A question to the emulated screen.
    pub(crate) fn screen<R>(&self, ask: impl FnOnce(&vt100::Screen) -> R) -> R {
        ask(self.shown.lock().unwrap().parser.screen())
    }

    /// Waits until all of `pieces` are on the screen.
    pub(crate) fn shows(&self, pieces: &[&str]) -> String {
        self.until(&format!("{pieces:?} on the screen"), |t| {
            let text = t.text();
            pieces.iter().all(|p| text.contains(p)).then_some(text)
        })
    }

    /// Waits until none of `pieces` is on the screen.
    pub(crate) fn hides(&self, pieces: &[&str]) {
        self.until(&format!("{pieces:?} gone from the screen"), |t| {
            let text = t.text();
            (!pieces.iter().any(|p| text.contains(p))).then_some(())
        });
    }

    /// Waits for anything.
    pub(crate) fn until<R>(&self, what: &str, found: impl Fn(&Self) -> Option<R>) -> R {
        let begun = Instant::now();
        loop {
            if let Some(found) = found(self) {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "no {what} within {PATIENCE:?}:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Takes nothing more of what is written to the terminal, or goes on.
    pub(crate) fn read_on(&self, on: bool) {
        self.slow.store(!on, Ordering::SeqCst);
    }

    /// Takes the terminal away, as a broken connection does.
    pub(crate) fn hang_up(&mut self) {
        self.pid();
        self.deaf.store(true, Ordering::SeqCst);
        // The reader leaves after the next picture, and its end of the terminal with it.
        self.until("next picture", |t| {
            t.reader.as_ref().expect("one end").is_finished().then_some(())
        });
        self.writer = None;
        self.master = None;
    }

    /// Waits for the product's end and checks that the terminal is as it was.
    pub(crate) fn end(mut self) -> Left {
        let code = self.until("end of the product", |t| {
            std::fs::read_to_string(t.folder().join("code")).ok()?.trim().parse().ok()
        });
        let _ = self.shell.wait();
        // Nobody holds the other end any more: the reader finds the end of the stream.
        self.until("end of the terminal's text", |t| {
            t.reader.as_ref().expect("one end").is_finished().then_some(())
        });
        let note = |name: &str| std::fs::read_to_string(self.folder().join(name)).unwrap();
        assert_eq!(note("before"), note("after"), "the terminal's settings are as before");
        let text = self.text();
        self.screen(|s| {
            assert!(!s.alternate_screen(), "the alternate screen is left:\n{text}");
            assert!(!s.hide_cursor(), "the cursor is shown");
            assert!(!s.bracketed_paste(), "bracketed paste is off");
            assert_eq!(s.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        });
        Left { code, text }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let noted = std::fs::read_to_string(self.folder().join("pid")).unwrap_or_default();
        let over = self.folder().join("code").exists();
        if let Some(pid) = noted.trim().parse().ok().and_then(rustix::process::Pid::from_raw)
            && !over
        {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

/// Reads until the end, or until nobody wants to hear more and something comes; not at all while it is `slow`.
fn listen(mut pty: Box<dyn Read + Send>, shown: &Arc<Mutex<Shown>>, flags: [&Arc<AtomicBool>; 2]) -> JoinHandle<()> {
    let shown = Arc::clone(shown);
    let [deaf, slow] = flags.map(Arc::clone);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(n @ 1..) = pty.read(&mut buffer) {
            {
                let mut shown = shown.lock().unwrap();
                shown.parser.process(&buffer[..n]);
                shown.bytes.extend_from_slice(&buffer[..n]);
            }
            while slow.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(5));
            }
            if deaf.load(Ordering::SeqCst) {
                break;
            }
        }
    })
}
