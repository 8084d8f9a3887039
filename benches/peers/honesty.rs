//! What other load testers report of a target that freezes, beside the truth: `cargo bench --bench honesty`.
//!
//! The target answers in 5 ms and stands still for 2 s of every 10 s, from a moment drawn at random. Each tool offers the
//! same rate, drawn at random near 200/s, for the same time. The truth is computed, not measured: an arrival due when the
//! target stood still waits until it goes on. oha, hey, wrk and wrk2 are used where they are on the PATH; those that are
//! missing are named. `CLOBBER_SECONDS` (30), `CLOBBER_SEED` (drawn and printed); `--readme` writes the tables there.
//! A second table (`honesty/evenly.rs`) shows how evenly the requests of each arrive.
#![allow(clippy::unwrap_used, reason = "a bench that cannot go on stops there")]

#[path = "honesty/evenly.rs"]
mod evenly;
#[path = "machine.rs"]
mod machine;
#[path = "process.rs"]
mod process;
#[path = "table.rs"]
mod table;
#[path = "tools.rs"]
mod tools;
#[path = "../../tests/support/truth.rs"]
mod truth;

use std::fmt::Write;
use std::process::Command;
use std::time::Duration;
use tools::{installed, remedy};
use truth::{Behaviour, Delay, Freeze, Script, Truth};

/// Connections of every tool: ten times what the rate needs while the target is well.
const CONNECTIONS: &str = "10";

/// What a tool said: p50, p99 and highest response in ms, as far as it said so, and requests it counted as answered.
struct Said {
    p50: Option<f64>,
    p99: Option<f64>,
    max: Option<f64>,
    answered: Option<f64>,
}

/// One measurement everybody is given.
struct Task {
    rate: u64,
    seconds: u64,
    freeze: Freeze,
}

fn main() {
    // `cargo test --benches` calls benches too; they measure only when asked to.
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let seed = number("CLOBBER_SEED").unwrap_or_else(|| fastrand::u64(..1 << 32));
    let mut random = fastrand::Rng::with_seed(seed);
    let from = Duration::from_millis(random.u64(1000..7000));
    let task = Task {
        rate: random.u64(150..=250),
        seconds: number("CLOBBER_SECONDS").unwrap_or(30),
        freeze: Freeze {
            from,
            to: from + Duration::from_secs(2),
            period: Duration::from_secs(10),
        },
    };
    let readme = std::env::args().any(|a| a == "--readme");
    show("evenly", &evenly::compare(), readme);
    show("honesty", &compare(&task, seed), readme);
}

fn show(name: &str, text: &str, readme: bool) {
    println!("{text}");
    if readme && let Err(why) = table::into_readme(name, text) {
        eprintln!("{why}");
        std::process::exit(5);
    }
}

/// Everybody's run, one after the other, and what each said.
fn compare(task: &Task, seed: u64) -> String {
    let mut out = format!(
        "{}. {} requests/s for {} s; 5 ms each, frozen for 2 s of every 10 s from {:.3} s on (`CLOBBER_SEED={seed}`).\n\n\
         | | p50 | p99 | highest | answered | at the target |\n|---|---:|---:|---:|---:|---:|\n",
        machine::name(),
        task.rate,
        task.seconds,
        task.freeze.from.as_secs_f64()
    );
    let truth = row(&task.truth(), task.rate * task.seconds);
    let _ = writeln!(out, "| truth: every arrival from when it was due | {truth} |");
    for tool in tools() {
        if !installed(tool.program) {
            let _ = writeln!(out, "| {} | not installed ({}) | | | | |", tool.name, remedy(tool.program));
            continue;
        }
        let target = target(task);
        let said = (tool.run)(task, &target);
        let cells = row(&said, target.counts().requests);
        eprintln!("{}: {cells}", tool.name);
        let _ = writeln!(out, "| {} | {cells} |", tool.name);
    }
    out
}

fn row(said: &Said, received: u64) -> String {
    let ms = |v: Option<f64>| v.map_or("—".to_owned(), |v| format!("{} ms", table::commas(v)));
    let n = said.answered.map_or("—".to_owned(), table::commas);
    let received = table::commas(received as f64);
    format!("{} | {} | {} | {n} | {received}", ms(said.p50), ms(said.p99), ms(said.max))
}

fn target(task: &Task) -> Truth {
    Truth::start(Script {
        logged: false,
        ..Script::always(Behaviour {
            service: Delay::Fixed(Duration::from_millis(5)),
            freeze: Some(task.freeze),
            ..Behaviour::default()
        })
    })
}

impl Task {
    /// Every arrival of the schedule, answered as the target's own law says.
    fn truth(&self) -> Said {
        let ms = |d: Duration| d.as_secs_f64() * 1e3;
        let (from, to, period) = (ms(self.freeze.from), ms(self.freeze.to), ms(self.freeze.period));
        let response = |n: u64| {
            let within = (n as f64 * 1e3 / self.rate as f64) % period;
            // Work that has not ended when it stands still goes on afterwards.
            let done_before = (from - within).max(0.0);
            let slow = within >= from - 5.0 && within < to;
            if slow { to - within + 5.0 - done_before } else { 5.0 }
        };
        let mut all: Vec<f64> = (0..self.rate * self.seconds).map(response).collect();
        all.sort_by(f64::total_cmp);
        let rank = |q: f64| all.get((q * all.len() as f64).ceil() as usize - 1).copied();
        Said {
            p50: rank(0.5),
            p99: rank(0.99),
            max: rank(1.0),
            answered: Some(all.len() as f64),
        }
    }
}

/// A tool, and how it is asked.
struct Tool {
    name: &'static str,
    program: &'static str,
    run: fn(&Task, &Truth) -> Said,
}

fn tools() -> [Tool; 6] {
    [
        Tool {
            name: "clobber-tui -q",
            program: env!("CARGO_BIN_EXE_clobber-tui"),
            run: ours,
        },
        Tool {
            name: "oha -q",
            program: "oha",
            run: |t, at| oha(t, at, &[]),
        },
        Tool {
            name: "oha -q --latency-correction",
            program: "oha",
            run: |t, at| oha(t, at, &["--latency-correction"]),
        },
        Tool {
            name: "hey -q",
            program: "hey",
            run: hey,
        },
        Tool {
            name: "wrk (closed: as fast as they go)",
            program: "wrk",
            run: |t, at| wrk("wrk", t, at, &[]),
        },
        Tool {
            name: "wrk2 -R",
            program: "wrk2",
            run: |t, at| wrk("wrk2", t, at, &["-R", &t.rate.to_string()]),
        },
    ]
}

fn output(program: &str, args: &[&str]) -> String {
    let out = Command::new(program).args(args).output().unwrap();
    String::from_utf8_lossy(&out.stdout).into_owned()
}

fn plain(at: &Truth) -> String {
    format!("http://{}/", at.addr())
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or(serde_json::Value::Null)
}

fn ours(task: &Task, at: &Truth) -> Said {
    let url = plain(at);
    let (q, z) = (task.rate.to_string(), format!("{}s", task.seconds));
    let args = [
        "-q",
        &q,
        "-z",
        &z,
        "--max-workers",
        CONNECTIONS,
        "--drain",
        "10s",
        "--headless",
        "--output-format",
        "json",
        &url,
    ];
    let said = json(&output(env!("CARGO_BIN_EXE_clobber-tui"), &args));
    let number = |p: &str| said.pointer(p).and_then(serde_json::Value::as_f64);
    Said {
        p50: number("/latency/response/p50_ms"),
        p99: number("/latency/response/p99_ms"),
        max: number("/latency/response/max_ms"),
        answered: number("/books/ok"),
    }
}

fn oha(task: &Task, at: &Truth, more: &[&str]) -> Said {
    let url = plain(at);
    let (q, z) = (task.rate.to_string(), format!("{}s", task.seconds));
    let args = [
        &["-q", &q, "-z", &z, "-c", CONNECTIONS, "--no-tui", "--output-format", "json"],
        more,
        &[&url],
    ]
    .concat();
    let said = json(&output("oha", &args));
    let ms = |p: &str| said.pointer(p).and_then(serde_json::Value::as_f64).map(|s| s * 1e3);
    let answered = said["statusCodeDistribution"].as_object();
    Said {
        p50: ms("/latencyPercentiles/p50"),
        p99: ms("/latencyPercentiles/p99"),
        max: ms("/summary/slowest"),
        answered: answered.map(|all| all.values().filter_map(serde_json::Value::as_f64).sum()),
    }
}

/// hey's rate is that of one worker.
fn hey(task: &Task, at: &Truth) -> Said {
    let url = plain(at);
    let (q, z) = ((task.rate as f64 / 10.0).to_string(), format!("{}s", task.seconds));
    let text = output("hey", &["-q", &q, "-z", &z, "-c", CONNECTIONS, &url]);
    let seconds = |label: &str| {
        let line = text.lines().find(|l| l.contains(label))?;
        let word = line
            .split_whitespace()
            .find(|w| w.contains('.') && w.parse::<f64>().is_ok())?;
        word.parse::<f64>().ok().map(|s| s * 1e3)
    };
    let answered = text.lines().find(|l| l.contains("[200]"));
    Said {
        p50: seconds("50% in").or_else(|| seconds("50%% in")),
        p99: seconds("99% in").or_else(|| seconds("99%% in")),
        max: seconds("Slowest:"),
        answered: answered.and_then(|l| l.split_whitespace().nth(1)?.parse().ok()),
    }
}

fn wrk(program: &str, task: &Task, at: &Truth, more: &[&str]) -> Said {
    let url = plain(at);
    let z = format!("{}s", task.seconds);
    let text = output(
        program,
        &[&["-t1", "-c", CONNECTIONS, "-d", &z, "--latency"], more, &[&url]].concat(),
    );
    let field = |label: &str, n: usize| {
        let line = text.lines().find(|l| l.trim_start().starts_with(label))?;
        line.split_whitespace().nth(n).map(str::to_owned)
    };
    let answered = text.lines().find(|l| l.contains(" requests in "));
    Said {
        p50: field("50", 1).and_then(|t| milliseconds(&t)),
        p99: field("99", 1).and_then(|t| milliseconds(&t)),
        max: field("Latency", 3).and_then(|t| milliseconds(&t)),
        answered: answered.and_then(|l| l.split_whitespace().next()?.parse().ok()),
    }
}

/// `12.3ms`, `1.9s`, `850us`.
fn milliseconds(text: &str) -> Option<f64> {
    [("us", 1e-3), ("ms", 1.0), ("s", 1e3), ("m", 6e4)]
        .into_iter()
        .find_map(|(unit, factor)| Some(text.strip_suffix(unit)?.parse::<f64>().ok()? * factor))
}
