//! The load generators that ours is compared with: how each is asked for the same load, and how to get one that is missing.
//! It refuses to install anything.
#![allow(dead_code, reason = "each bench uses its part")]

/// The program under test.
pub(crate) const OURS: &str = env!("CARGO_BIN_EXE_clobber-tui");

/// The bench itself, called again with [`RAW`].
const SELF: &str = "raw epoll loop";
/// First word of a call that asks for the raw loop of `benches/limit.rs`.
pub(crate) const RAW: &str = "--raw-loop";

/// What a generator is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    /// Where to.
    pub(crate) url: String,
    /// Connections, all of them in use at once as far as the rate allows.
    pub(crate) connections: u64,
    /// Requests a second over all connections; `None`: as fast as answers come.
    pub(crate) rate: Option<u64>,
    /// How long, s.
    pub(crate) seconds: u64,
}

/// One way to make load. All of them use one thread where that can be said.
pub(crate) struct Tool {
    /// As it is called in tables.
    pub(crate) name: &'static str,
    /// The program's name, or our path.
    pub(crate) program: &'static str,
    /// It draws on a screen.
    pub(crate) screen: bool,
    /// Its arguments; `None`: it cannot do that.
    arguments: fn(&Load) -> Option<String>,
}

/// Ours, without and with its screen, and everybody we know how to ask.
pub(crate) static TOOLS: [Tool; 8] = [
    tool("clobber-tui", OURS, |l| ours(l, "--headless --output-format json")),
    Tool {
        screen: true,
        ..tool("clobber-tui, drawing", OURS, |l| ours(l, ""))
    },
    tool(SELF, SELF, |l| {
        let closed = format!("{RAW} -c {} -z {}s {}", l.connections, l.seconds, l.url);
        l.rate.is_none().then_some(closed)
    }),
    tool("wrk", "wrk", |l| {
        let closed = format!("-t 1 -c {} -d {} {}", l.connections, l.seconds, l.url);
        l.rate.is_none().then_some(closed)
    }),
    tool("wrk2", "wrk2", |l| {
        Some(format!("-t 1 -c {} -d {} -R {} {}", l.connections, l.seconds, l.rate?, l.url))
    }),
    tool("oha", "oha", |l| {
        let rate = l.rate.map_or(String::new(), |r| format!("-q {r} "));
        Some(format!("--no-tui {rate}-c {} -z {}s {}", l.connections, l.seconds, l.url))
    }),
    tool("h2load", "h2load", |l| {
        let closed = format!("--h1 -t 1 -c {} -D {} {}", l.connections, l.seconds, l.url);
        l.rate.is_none().then_some(closed)
    }),
    // hey's rate is that of one worker.
    tool("hey", "hey", |l| {
        let rate = l
            .rate
            .map_or(String::new(), |r| format!("-q {} ", r as f64 / l.connections as f64));
        Some(format!("-cpus 1 {rate}-c {} -z {}s {}", l.connections, l.seconds, l.url))
    }),
];

const fn tool(name: &'static str, program: &'static str, arguments: fn(&Load) -> Option<String>) -> Tool {
    Tool {
        name,
        program,
        screen: false,
        arguments,
    }
}

/// More connections than the system finds ports for quickly go out from two addresses (`engine/ports.rs` says why).
const CROWD: u64 = 14_000;

fn ours(l: &Load, more: &str) -> Option<String> {
    let (n, seconds, url) = (l.connections, l.seconds, &l.url);
    let sources = if n > CROWD { "--source-ip 127.0.0.5,127.0.0.6" } else { "" };
    let load = l
        .rate
        .map_or_else(|| format!("--mode manual -c {n}"), |r| format!("-q {r} --max-workers {n}"));
    Some(format!("{load} -z {seconds}s --threads 1 {sources} {more} {url}"))
}

impl Tool {
    /// Its arguments for a load; `None`: it cannot do that.
    pub(crate) fn arguments(&self, load: &Load) -> Option<Vec<String>> {
        let line = (self.arguments)(load)?;
        Some(line.split_whitespace().map(str::to_owned).collect())
    }

    /// The program, to be started.
    pub(crate) fn path(&self) -> String {
        if self.program == SELF {
            let own = std::env::current_exe().expect("a program has a path");
            return own.to_string_lossy().into_owned();
        }
        self.program.to_owned()
    }

    /// It comes with this project, no other one is needed.
    pub(crate) fn own(&self) -> bool {
        self.program == OURS || self.program == SELF
    }

    /// Name and version, as far as it tells.
    pub(crate) fn version(&self) -> String {
        let out = std::process::Command::new(self.program).arg("--version").output();
        let said = out.map_or_else(|_| Vec::new(), |o| [o.stdout, o.stderr].concat());
        let said = String::from_utf8_lossy(&said).into_owned();
        let first = said.lines().next().unwrap_or_default(); // below may stand a whole help text
        let numbers = first.split(|c: char| !c.is_ascii_digit() && c != '.');
        let version = numbers
            .filter(|w| w.contains('.'))
            .find(|w| w.starts_with(|c: char| c.is_ascii_digit()));
        let name = self.name.split(',').next().unwrap_or_default();
        version.map_or_else(|| name.to_owned(), |v| format!("{name} {v}"))
    }
}

/// Whether a program can be run: a path, this one, or a name on the PATH.
pub(crate) fn installed(program: &str) -> bool {
    program.contains('/')
        || program == SELF
        || std::env::var_os("PATH").is_some_and(|p| std::env::split_paths(&p).any(|folder| folder.join(program).is_file()))
}

/// How to get a program that is missing.
pub(crate) fn remedy(program: &str) -> &'static str {
    match program {
        "wrk" => "apt-get install wrk",
        "hey" => "apt-get install hey",
        "h2load" => "apt-get install nghttp2-client",
        "oha" => "cargo install oha",
        "wrk2" => "build github.com/giltene/wrk2 and name the program wrk2",
        _ => "put it on the PATH",
    }
}
