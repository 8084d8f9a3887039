//! Requests a second, CPU and memory of this program beside other load generators, in turns, on this machine:
//! `cargo bench --bench speed`. Requests are counted by an nginx of its own, CPU by the kernel.
//!
//! ```text
//!  core 0: nginx        core 1: ours │ ours, drawing │ raw loop │ wrk │ oha │ h2load │ hey │ ours │ …      one at a time
//! ```
//! Figures are medians of the rounds with their range; ratios are taken within a round. CPU is that of the whole process,
//! so a run is long enough that starting and connecting weigh little beside it. It takes about half an hour.
#![allow(clippy::unwrap_used, reason = "a bench that cannot go on stops there")]

#[path = "arena.rs"]
mod arena;
#[path = "../limit.rs"]
#[allow(dead_code, reason = "a bench of its own, too")]
mod limit;
#[path = "machine.rs"]
mod machine;
#[path = "../../tests/support/nginx.rs"]
mod nginx;
#[path = "process.rs"]
mod process;
#[path = "speed/report.rs"]
mod report;
#[path = "table.rs"]
mod table;
#[path = "tools.rs"]
mod tools;

use arena::{Arena, Round};
use clap::Parser;
use process::Call;
use tools::{Load, RAW, TOOLS, Tool, installed};

/// Connections of the open loop.
const OPEN_CONNECTIONS: u64 = 64;

/// Our speed beside that of others.
#[derive(Parser)]
struct Args {
    /// Connections of the closed loop, one table part each.
    #[arg(short = 'c', long, value_delimiter = ',', default_values_t = [64, 1000, 10_000])]
    connections: Vec<u64>,
    /// Rounds.
    #[arg(short, long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=100))]
    rounds: u64,
    /// Seconds of each run.
    #[arg(short, long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=60))]
    duration: u64,
    /// Rates of the open loop, one table part each.
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 100_000])]
    open: Vec<u64>,
    /// Who else takes part, as far as found on the PATH.
    #[arg(long, value_delimiter = ',', default_values_t = ["wrk", "wrk2", "oha", "h2load", "hey"].map(str::to_owned))]
    peers: Vec<String>,
    /// Write the table into the README.
    #[arg(long)]
    readme: bool,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// One part of the table: one load, everybody who can make it.
struct Part {
    /// `64 connections`, `10,000/s`.
    name: String,
    rows: Vec<Row>,
}

/// One tool under one load.
struct Row {
    tool: &'static Tool,
    rounds: Vec<Round>,
}

impl Row {
    /// Nobody could measure it, and why.
    fn fault(&self) -> Option<String> {
        if self.rounds.is_empty() {
            return Some(format!("not installed ({})", tools::remedy(self.tool.program)));
        }
        self.rounds.iter().find_map(|r| r.fault.clone())
    }
}

fn main() {
    // `cargo test --benches` calls benches too; they measure only when asked to.
    if !std::env::args().any(|a| a == "--bench") {
        if std::env::args().nth(1).as_deref() == Some(RAW) {
            limit::told(std::env::args().skip(2)).unwrap();
        }
        return;
    }
    let args = Args::parse();
    let arena = Arena::new("location / { default_type text/plain; return 200 'ok'; }");
    let closed = args.connections.iter().map(|c| (*c, None));
    let open = args.open.iter().map(|r| (OPEN_CONNECTIONS, Some(*r)));
    let parts: Vec<Part> = closed.chain(open).map(|(c, rate)| part(&arena, &args, c, rate)).collect();
    let text = report::markdown(&arena, &args, &parts);
    println!("\n{text}");
    let json = report::json(&arena, &args, &parts);
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/target/speed.json");
    std::fs::write(file, format!("{json:#}\n")).unwrap_or_else(|e| eprintln!("{file}: {e}"));
    if args.readme
        && let Err(why) = table::into_readme("speed", &text)
    {
        eprintln!("{why}");
        std::process::exit(5);
    }
}

/// All rounds of one load: A B C, A B C.
fn part(arena: &Arena, args: &Args, connections: u64, rate: Option<u64>) -> Part {
    let load = Load {
        url: arena.nginx.url(),
        connections,
        rate,
        seconds: args.duration,
    };
    let name = match rate {
        Some(rate) => format!("{}/s", table::commas(rate as f64)),
        None => format!("{} connections", table::commas(connections as f64)),
    };
    let wanted = |t: &&Tool| t.own() || args.peers.iter().any(|p| p == t.program);
    let able = TOOLS.iter().filter(wanted).filter(|t| t.arguments(&load).is_some());
    let mut rows: Vec<Row> = able.map(|tool| Row { tool, rounds: vec![] }).collect();
    for n in 1..=args.rounds {
        for row in rows.iter_mut().filter(|r| installed(r.tool.program)) {
            let call = Call {
                program: row.tool.path(),
                args: row.tool.arguments(&load).unwrap_or_default(),
                screen: row.tool.screen,
            };
            let round = arena.round(&call, load.seconds, |_| {});
            eprintln!("{name}, round {n}, {}: {}", row.tool.name, report::line(&round, load.seconds));
            row.rounds.push(round);
        }
    }
    Part { name, rows }
}
