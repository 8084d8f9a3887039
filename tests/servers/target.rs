//! Servers that are not ours, each on a free loopback port, ended with their value.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

use crate::nginx::Nginx;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// One event loop, about 0.2 ms of work a request.
const NODE: &str = "const spin = () => { const end = process.hrtime.bigint() + 200000n; while (process.hrtime.bigint() < end); };
const server = require('http').createServer((_, reply) => { spin(); reply.end('ok'); });
server.listen(0, '127.0.0.1', 4096, () => console.log(server.address().port));";

/// A thread per connection under one interpreter lock: a little work, a wait of 4 ms for somebody else, head and body in
/// one write.
const PYTHON: &str = "import http.server, time
class Reply(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        sum(i * i for i in range(4000))
        time.sleep(.004)
        self.wfile.write(b'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok')
    def log_message(self, *_):
        pass
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1024
server = Server(('127.0.0.1', 0), Reply)
print(server.server_address[1], flush=True)
server.serve_forever()";

/// A running server.
pub(crate) struct Target {
    /// What it is called in the table.
    pub(crate) name: &'static str,
    /// Where it answers.
    pub(crate) url: String,
    _nginx: Option<(Nginx, tempfile::TempDir)>,
    child: Option<Child>,
}

impl Target {
    /// A file of 1 kB, one process.
    pub(crate) fn nginx() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), [b'x'; 1024]).unwrap();
        // Its worker may be another user.
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let nginx = Nginx::with(&format!("location / {{ root {}; }}", folder.path().display()));
        Self {
            name: "nginx",
            url: format!("{}file", nginx.url()),
            _nginx: Some((nginx, folder)),
            child: None,
        }
    }

    pub(crate) fn node() -> Self {
        Self::program("node", &["-e", NODE])
    }

    pub(crate) fn python() -> Self {
        Self::program("python3", &["-c", PYTHON])
    }

    fn program(name: &'static str, args: &[&str]) -> Self {
        let mut child = Command::new(name)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("cannot run {name}: {e} (as root: apt-get install nodejs python3)"));
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self {
            name,
            url: format!("http://127.0.0.1:{}/", port.trim()),
            _nginx: None,
            child: Some(child),
        }
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
