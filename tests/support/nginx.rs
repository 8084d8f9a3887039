//! A real nginx on a free loopback port, with a folder of its own: the target whose counts are not ours.
//! It refuses to touch the machine's own nginx: configuration, pid, logs and port are private, and it dies with its value.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A running nginx: one process, one worker.
pub(crate) struct Nginx {
    addr: SocketAddr,
    child: Child,
    /// Times `counts` asked: nginx counts these too.
    asked: AtomicU64,
    _folder: tempfile::TempDir,
}

/// What nginx counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Connections accepted.
    pub(crate) accepts: u64,
    /// Requests read.
    pub(crate) requests: u64,
}

impl Counts {
    /// From its status page.
    pub(crate) fn read(page: &str) -> Self {
        let line = page.lines().skip_while(|l| !l.starts_with("server accepts")).nth(1);
        let numbers = line.unwrap_or_default().split_whitespace();
        let numbers: Vec<u64> = numbers.map(|n| n.parse().unwrap()).collect();
        let [accepts, _, requests] = numbers[..] else {
            panic!("not a status page:\n{page}")
        };
        Self { accepts, requests }
    }
}

impl Nginx {
    /// Answers every path with `200 ok`.
    pub(crate) fn start() -> Self {
        Self::with("location / { default_type text/plain; return 200 'ok'; }")
    }

    /// With these `location` blocks. `/status` and `/who` are taken.
    ///
    /// # Panics
    /// When nginx is not installed or does not come up; with what it said.
    pub(crate) fn with(locations: &str) -> Self {
        Self::within("", locations)
    }

    /// With directives of the `http` block besides: zones of limits, an upstream.
    ///
    /// # Panics
    /// As [`Self::with`].
    pub(crate) fn within(http: &str, locations: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The port is free now and may be taken a moment later by somebody else: then another one is tried.
        for _ in 0..5 {
            let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            let mut child = launch(folder.path(), addr, http, locations);
            if came_up(&mut child, addr, folder.path()) {
                return Self {
                    addr,
                    child,
                    // Once, to learn that it is there.
                    asked: AtomicU64::new(1),
                    _folder: folder,
                };
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        let said = std::fs::read_to_string(folder.path().join("error.log")).unwrap_or_default();
        panic!("nginx does not start:\n{said}");
    }

    /// Where it listens.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://127.0.0.1:PORT/`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.addr)
    }

    /// For reading its CPU time.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has counted so far, without these questions.
    pub(crate) fn counts(&self) -> Counts {
        let all = Counts::read(&ask(self.addr, "/status").unwrap());
        let asked = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        Counts {
            accepts: all.accepts - asked,
            requests: all.requests - asked,
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The whole answer, on a connection of its own.
fn ask(addr: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

fn launch(folder: &Path, addr: SocketAddr, http: &str, locations: &str) -> Child {
    let at = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("  {kind}_temp_path {at}/{kind};\n"))
        .collect();
    // Without a master there is one process, so killing it leaves nothing behind.
    let text = format!(
        "daemon off;\nmaster_process off;\npid {at}/pid;\nerror_log {at}/error.log;\n\
         events {{ worker_connections 32768; }}\n\
         http {{\n{temporary}  access_log off;\n  keepalive_requests 1000000000;\n  {http}\n\
         \x20 server {{\n    listen {addr} backlog=4096;\n    location = /status {{ stub_status; }}\n\
         \x20   location = /who {{ return 200 '{at}'; }}\n    {locations}\n  }}\n}}\n"
    );
    let file = folder.join("nginx.conf");
    std::fs::write(&file, text).unwrap();
    let program = ["/usr/sbin/nginx", "/usr/local/sbin/nginx"]
        .into_iter()
        .find(|p| Path::new(p).exists());
    Command::new(program.unwrap_or("nginx"))
        .args(["-p".as_ref(), folder.as_os_str(), "-c".as_ref(), file.as_os_str()])
        .args(["-e".as_ref(), folder.join("error.log").as_os_str()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|e| panic!("cannot run nginx: {e} (install it: apt-get install nginx-light; tests/run does so)"))
}

/// Within 10 s; false when it ended instead.
///
/// That somebody accepts proves nothing: a process forked by another thread a moment ago may still hold the listener that
/// found the port, and takes it and our connection with it when it becomes another program. So the answer has to be its own.
fn came_up(child: &mut Child, addr: SocketAddr, folder: &Path) -> bool {
    for _ in 0..1000 {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if ask(addr, "/who").is_ok_and(|text| text.ends_with(&folder.display().to_string())) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}
