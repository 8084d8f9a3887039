//! The product as a user runs it: a process with arguments, and what came out of it.
//! It refuses to inherit settings: no `CLOBBER_` variable, no home folder of the person who tests.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

pub(crate) use rustix::process::Signal;

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A running product. Dropping it kills it.
pub(crate) struct Product {
    child: Child,
    stdout: Collected,
    stderr: Collected,
    folder: tempfile::TempDir,
}

/// What came out of an ended one.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    /// The exit code; `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    /// Everything on stdout.
    pub(crate) stdout: String,
    /// Everything on stderr.
    pub(crate) stderr: String,
}

/// A pipe read by a thread of its own, so that the product never waits for the test.
struct Collected {
    bytes: Arc<Mutex<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
}

/// Runs it to its end, at most a minute.
pub(crate) fn run(args: &[&str]) -> Ended {
    Product::start(args).end(Duration::from_secs(60))
}

impl Product {
    /// Starts it with these arguments, no terminal, in an empty folder.
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::start_with(args, |_| {})
    }

    /// As `start`; `change` may add variables, another folder, or stdin.
    pub(crate) fn start_with(args: &[&str], change: impl FnOnce(&mut Command)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_clobber-tui"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CLOBBER_")) {
            command.env_remove(name);
        }
        command.args(args).current_dir(folder.path()).env("HOME", folder.path());
        command
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_STATE_HOME");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        change(&mut command);
        let mut child = command.spawn().unwrap_or_else(|e| panic!("cannot start the product: {e}"));
        let stdout = Collected::new(child.stdout.take());
        let stderr = Collected::new(child.stderr.take());
        Self {
            child,
            stdout,
            stderr,
            folder,
        }
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its empty working folder and home.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// What it has said so far: stdout, then stderr.
    pub(crate) fn said(&self) -> String {
        self.stdout.text() + &self.stderr.text()
    }

    /// Waits until a line with `text` is out, on either stream, and returns the line.
    ///
    /// # Panics
    /// When it ends or the time is over first.
    pub(crate) fn line_with(&mut self, text: &str, limit: Duration) -> String {
        let begun = Instant::now();
        loop {
            let over = begun.elapsed() > limit || self.child.try_wait().unwrap().is_some();
            let said = self.said();
            if let Some(line) = said.split_inclusive('\n').find(|l| l.contains(text) && l.ends_with('\n')) {
                return line.trim_end().to_owned();
            }
            assert!(!over, "no line with {text:?} within {limit:?} in:\n{said}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("a child that was not waited for exists");
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it has not ended by then; it is killed.
    pub(crate) fn end(mut self, limit: Duration) -> Ended {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(
                begun.elapsed() < limit,
                "still running after {limit:?}; it said:\n{}",
                self.said()
            );
            std::thread::sleep(Duration::from_millis(5));
        };
        Ended {
            code: status.code(),
            stdout: self.stdout.finish(),
            stderr: self.stderr.finish(),
        }
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// stdout as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("stdout is not JSON: {e}\nstdout:\n{}\nstderr:\n{}", self.stdout, self.stderr))
    }
}

impl Collected {
    /// Nothing at all where the stream goes elsewhere.
    fn new(pipe: Option<impl Read + Send + 'static>) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let thread = pipe.map(|mut pipe| {
            let bytes = Arc::clone(&bytes);
            std::thread::spawn(move || {
                let mut buffer = vec![0; 64 * 1024];
                while let Ok(n @ 1..) = pipe.read(&mut buffer) {
                    bytes.lock().unwrap().extend_from_slice(&buffer[..n]);
                }
            })
        });
        Self { bytes, thread }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    fn finish(&mut self) -> String {
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
        self.text()
    }
}
