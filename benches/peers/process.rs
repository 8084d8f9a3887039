//! One generator as a process: without a terminal, or in one whose other end reads and forgets.
//! It refuses to let it run on: after its time it is killed, and that is said.
#![allow(dead_code, reason = "each bench uses its part")]

use crate::machine::{memory, on_core};
use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Between two looks at a running process.
const LOOK: Duration = Duration::from_millis(20);

/// What to run.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// A path, or a name on the PATH.
    pub(crate) program: String,
    /// Its arguments.
    pub(crate) args: Vec<String>,
    /// In a terminal of 120×35.
    pub(crate) screen: bool,
}

/// How it ended.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    /// Most memory it had, bytes; sampled every 20 ms.
    pub(crate) memory: u64,
    /// From its start to its end, s.
    pub(crate) seconds: f64,
    /// What was wrong.
    pub(crate) fault: Option<String>,
}

/// Either kind of child.
enum Child {
    Plain(std::process::Child),
    Screen(Box<dyn portable_pty::Child + Send + Sync>, Box<dyn MasterPty + Send>),
}

impl Call {
    /// Runs it to its end on this core, at most so long. `look` is called with its number while it runs.
    pub(crate) fn run(&self, core: Option<usize>, limit: Duration, mut look: impl FnMut(u32)) -> Ended {
        let folder = tempfile::tempdir().unwrap();
        let (begun, mut child) = (Instant::now(), on_core(core, || self.start(folder.path())));
        child.listen();
        let (pid, mut most) = (child.pid(), 0);
        let code = loop {
            if let Some(code) = child.ended() {
                break Some(code);
            }
            if begun.elapsed() > limit {
                child.kill();
                break None;
            }
            most = most.max(memory(pid, "VmHWM").unwrap_or(0));
            look(pid);
            std::thread::sleep(LOOK);
        };
        let said = std::fs::read_to_string(folder.path().join("said")).unwrap_or_default();
        let last = said.trim().lines().next_back().unwrap_or_default().to_owned();
        let fault = match code {
            Some(0) => None,
            Some(code) => Some(format!("exit code {code}: {last}")),
            None => Some(format!("still running after {limit:?}, killed: {last}")),
        };
        Ended {
            memory: most,
            seconds: begun.elapsed().as_secs_f64(),
            fault,
        }
    }

    fn start(&self, folder: &std::path::Path) -> Child {
        if self.screen {
            return self.on_a_screen(folder);
        }
        let said = File::create(folder.join("said")).unwrap();
        let child = Command::new(&self.program)
            .args(&self.args)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn();
        Child::Plain(child.unwrap_or_else(|e| panic!("cannot run {}: {e}", self.program)))
    }

    fn on_a_screen(&self, folder: &std::path::Path) -> Child {
        let size = PtySize {
            rows: 35,
            cols: 120,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pty = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(&self.program);
        command.args(&self.args);
        command.cwd(folder);
        for (name, value) in [("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("LC_ALL", "C.UTF-8")] {
            command.env(name, value);
        }
        let child = pty.slave.spawn_command(command).unwrap();
        Child::Screen(child, pty.master)
    }
}

impl Child {
    fn pid(&self) -> u32 {
        match self {
            Self::Plain(child) => child.id(),
            Self::Screen(child, _) => child.process_id().unwrap_or(0),
        }
    }

    /// Reads what is drawn, and forgets it.
    fn listen(&self) {
        if let Self::Screen(_, master) = self {
            let mut reader = master.try_clone_reader().unwrap();
            std::thread::spawn(move || {
                let mut buffer = vec![0; 64 * 1024];
                while let Ok(1..) = reader.read(&mut buffer) {}
            });
        }
    }

    /// Its exit code once it has ended, 255 for a signal. It is waited for then.
    fn ended(&mut self) -> Option<u32> {
        match self {
            Self::Plain(child) => {
                let status = child.try_wait().unwrap()?;
                Some(status.code().map_or(255, i32::cast_unsigned))
            }
            Self::Screen(child, _) => Some(child.try_wait().unwrap()?.exit_code()),
        }
    }

    fn kill(&mut self) {
        match self {
            Self::Plain(child) => drop(child.kill().and_then(|()| child.wait())),
            Self::Screen(child, _) => drop(child.kill().and_then(|()| child.wait())),
        }
    }
}
