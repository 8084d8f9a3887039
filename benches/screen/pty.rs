//! The product in a pseudo-terminal whose other end counts and throws away.

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::ffi::OsString;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longest wait for a picture or an end.
const PATIENCE: Duration = Duration::from_secs(60);
/// Begins a picture.
const BEGIN: &[u8] = b"\x1b[?2026h";
/// Ends one.
const END: &[u8] = b"\x1b[?2026l";
/// The question for the kind of terminal; it ends the question for the background.
const WHO: &[u8] = b"\x1b[c";

/// The product as it was built for this bench, or another build to compare with.
pub(super) fn product() -> OsString {
    std::env::var_os("CLOBBER_PRODUCT").unwrap_or_else(|| env!("CARGO_BIN_EXE_clobber-tui").into())
}

/// What came out so far.
#[derive(Default)]
struct Counted {
    bytes: u64,
    pictures: u64,
    /// When the first picture was there.
    first: Option<Instant>,
    /// The last bytes, where a sign may have been cut.
    tail: Vec<u8>,
}

/// What drawing has cost since the start.
pub(super) struct Cost {
    /// Moment.
    pub(super) at: Duration,
    /// CPU of the drawing thread.
    pub(super) cpu: Duration,
    /// Pictures.
    pub(super) pictures: u64,
    /// Bytes to the terminal.
    pub(super) bytes: u64,
}

impl Cost {
    /// What was spent since an earlier moment.
    pub(super) fn since(&self, begin: &Self) -> Self {
        Self {
            at: self.at - begin.at,
            cpu: self.cpu - begin.cpu,
            pictures: self.pictures - begin.pictures,
            bytes: self.bytes - begin.bytes,
        }
    }
}

/// A product on a screen nobody looks at. Dropping it kills it.
pub(super) struct Pty {
    _master: Box<dyn MasterPty + Send>,
    writer: Arc<Mutex<Box<dyn Write + Send>>>,
    child: Box<dyn Child + Send + Sync>,
    counted: Arc<Mutex<Counted>>,
    reader: Option<JoinHandle<()>>,
    begun: Instant,
    folder: Option<tempfile::TempDir>,
}

impl Pty {
    /// 200×50, 24-bit colour; `answers`: it says what kind of terminal it is when asked.
    pub(super) fn start(args: &[&str], answers: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let size = PtySize {
            rows: 50,
            cols: 200,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pty = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(product());
        command.args(args);
        command.cwd(folder.path());
        command.env_clear();
        for (name, value) in [("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("LC_ALL", "C.UTF-8")] {
            command.env(name, value);
        }
        command.env("HOME", folder.path());
        let child = pty.slave.spawn_command(command).unwrap();
        let writer = Arc::new(Mutex::new(pty.master.take_writer().unwrap()));
        let counted = Arc::default();
        let reader = listen(
            pty.master.try_clone_reader().unwrap(),
            &counted,
            answers.then(|| Arc::clone(&writer)),
        );
        Self {
            _master: pty.master,
            writer,
            child,
            counted,
            reader: Some(reader),
            begun: Instant::now(),
            folder: Some(folder),
        }
    }

    /// Types.
    pub(super) fn keys(&self, keys: &str) {
        self.writer.lock().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for so many pictures; when the first was there.
    pub(super) fn until_pictures(&self, n: u64) -> Instant {
        loop {
            let (pictures, first) = {
                let counted = self.counted.lock().unwrap();
                (counted.pictures, counted.first)
            };
            if let Some(first) = first.filter(|_| pictures >= n) {
                return first;
            }
            assert!(self.begun.elapsed() < PATIENCE, "only {pictures} pictures");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// What the first thread, which draws, has cost so far.
    pub(super) fn cost(&self) -> Cost {
        let pid = self.child.process_id().unwrap();
        let stat = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/schedstat")).unwrap();
        let nanos = stat.split_whitespace().next().unwrap().parse().unwrap();
        let counted = self.counted.lock().unwrap();
        Cost {
            at: self.begun.elapsed(),
            cpu: Duration::from_nanos(nanos),
            pictures: counted.pictures,
            bytes: counted.bytes,
        }
    }

    /// Leaves by `q`, twice.
    pub(super) fn end(self) {
        self.keys("q");
        std::thread::sleep(Duration::from_millis(50));
        self.keys("q");
        self.finish();
    }

    /// Waits for its own end; its folder.
    pub(super) fn finish(mut self) -> tempfile::TempDir {
        while self.child.try_wait().unwrap().is_none() {
            assert!(self.begun.elapsed() < 3 * PATIENCE, "still running");
            std::thread::sleep(Duration::from_millis(5));
        }
        self.folder.take().unwrap()
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // The slave's last end is gone: the reader has come to its end too.
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

type Writer = Arc<Mutex<Box<dyn Write + Send>>>;

fn listen(mut pty: Box<dyn Read + Send>, counted: &Arc<Mutex<Counted>>, answer: Option<Writer>) -> JoinHandle<()> {
    let counted = Arc::clone(counted);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(n @ 1..) = pty.read(&mut buffer) {
            let asked = counted.lock().unwrap().take(&buffer[..n]);
            if let Some(writer) = answer.as_ref().filter(|_| asked) {
                let _ = writer.lock().unwrap().write_all(b"\x1b]11;rgb:0000/0000/0000\x1b\\\x1b[?62c");
            }
        }
    })
}

impl Counted {
    /// Counts; whether the terminal was asked what it is.
    fn take(&mut self, bytes: &[u8]) -> bool {
        self.bytes += bytes.len() as u64;
        let known = self.tail.len();
        self.tail.extend_from_slice(bytes);
        // Only what ends in the new bytes is new.
        let found = |sign: &[u8]| {
            let from = (known + 1).saturating_sub(sign.len());
            self.tail[from..].windows(sign.len()).filter(|w| *w == sign).count() as u64
        };
        let (begun, ended, asked) = (found(BEGIN), found(END), found(WHO));
        self.pictures += begun;
        if ended > 0 && self.first.is_none() {
            self.first = Some(Instant::now());
        }
        self.tail.drain(..self.tail.len().saturating_sub(BEGIN.len() - 1));
        asked > 0
    }
}
