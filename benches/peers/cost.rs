//! How the cost of a request and the memory grow: with connections, with requests made, with the size of the answer.
//! `cargo bench --bench cost` prints the figures and draws three pictures; beside ours: wrk and oha, where installed.
//!
//! CPU is that of a stretch in the middle of a run: connecting and reporting are not in it. It takes about twelve minutes.
#![allow(clippy::unwrap_used, reason = "a bench that cannot go on stops there")]

#[path = "arena.rs"]
mod arena;
#[path = "machine.rs"]
mod machine;
#[path = "../../tests/support/nginx.rs"]
mod nginx;
#[path = "cost/picture.rs"]
mod picture;
#[path = "process.rs"]
mod process;
#[path = "cost/report.rs"]
mod report;
#[path = "cost/stretch.rs"]
mod stretch;
#[path = "table.rs"]
mod table;
#[path = "tools.rs"]
mod tools;

use arena::Arena;
use clap::Parser;
use process::Call;
use stretch::{Sample, watch};
use tools::{Load, OURS, TOOLS, Tool, installed};

/// Connections tried; all descriptors of a process that may have 20,000 at the end.
const CONNECTIONS: [u64; 7] = [1, 10, 64, 1000, 5000, 10_000, 19_000];
/// Bytes of an answer tried.
const BODIES: [u64; 7] = [0, 100, 1000, 10_000, 100_000, 1 << 20, 10 << 20];
/// Millions of requests looked at, as far as asked for.
const MILLIONS: [u64; 5] = [1, 2, 5, 10, 20];
/// Connections where they are not what is varied.
const USUAL: u64 = 64;
/// All are connected when so many requests a connection have arrived.
const TURNS: u64 = 3;
/// A run is a second longer for so many connections.
const A_SECOND: u64 = 1500;
/// Others make so many requests at most: their memory or their speed allows no more.
const MILLIONS_OF_OTHERS: u64 = 2;

/// How our cost grows.
#[derive(Parser)]
struct Args {
    /// Seconds of a run with many connections; two of them are for connecting.
    #[arg(short, long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(4..=10))]
    duration: u64,
    /// Millions of requests in one run, at most.
    #[arg(short, long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(2..=20))]
    millions: u64,
    /// Draw into assets/ and write the figures into the README; else the pictures go to target/.
    #[arg(long)]
    readme: bool,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What one generator showed: (what was varied, CPU µs a request, memory in bytes).
struct Series {
    name: &'static str,
    points: Vec<(f64, f64, f64)>,
}

fn main() {
    // `cargo test --benches` calls benches too; they measure only when asked to.
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    let args = Args::parse();
    let folder = tempfile::tempdir().unwrap();
    for bytes in BODIES {
        std::fs::write(folder.path().join(bytes.to_string()), vec![b'x'; bytes as usize]).unwrap();
    }
    let arena = Arena::new(&format!(
        "sendfile on; tcp_nopush on; open_file_cache max=100;\n\
         location / {{ default_type text/plain; return 200 'ok'; }}\n\
         location /body/ {{ alias {}/; }}",
        folder.path().display()
    ));
    let tools: Vec<&Tool> = TOOLS.iter().filter(|t| takes_part(t)).collect();
    let connections = each(&tools, |t| by_connections(&arena, t, args.duration));
    let bodies = each(&tools, |t| by_body(&arena, t));
    let requests = each(&tools, |t| by_requests(&arena, t, args.millions));
    if let Err(why) = report::all(&arena, &args, [connections, bodies, requests]) {
        eprintln!("{why}");
        std::process::exit(5);
    }
}

fn takes_part(tool: &Tool) -> bool {
    let known = tool.program == OURS && !tool.screen || ["wrk", "oha"].contains(&tool.program);
    if known && !installed(tool.program) {
        println!("{}: not installed ({})", tool.name, tools::remedy(tool.program));
    }
    known && installed(tool.program)
}

fn each(tools: &[&Tool], points: impl Fn(&Tool) -> Vec<(f64, f64, f64)>) -> Vec<Series> {
    let series = |tool: &&Tool| Series {
        name: tool.name,
        points: points(tool),
    };
    tools.iter().map(series).collect()
}

/// One run of so many seconds: CPU µs a request from `settled` s on, once every connection has had its turn, and the most
/// memory it had.
fn run(arena: &Arena, tool: &Tool, load: &Load, settled: f64) -> Option<(f64, f64)> {
    let call = call(tool, tool.arguments(load)?);
    let (round, samples) = watch(arena, &call, load.seconds);
    if let Some(fault) = round.fault {
        println!("{}, {} connections, {}: {fault}", tool.name, load.connections, load.url);
        return None;
    }
    let Some(cost) = Sample::cost(&samples, settled, TURNS * load.connections) else {
        let looks = samples.len();
        println!(
            "{}, {} connections, {}: no figure of {looks} looks",
            tool.name, load.connections, load.url
        );
        return None;
    };
    eprintln!(
        "{}, {} connections, {}: {cost:.2} µs, {} MB, others took {:.0} %",
        tool.name,
        load.connections,
        load.url,
        table::megabytes(round.memory as f64),
        round.foreign * 100.0
    );
    Some((cost, round.memory as f64))
}

fn call(tool: &Tool, args: Vec<String>) -> Call {
    Call {
        program: tool.path(),
        args,
        screen: false,
    }
}

fn by_connections(arena: &Arena, tool: &Tool, seconds: u64) -> Vec<(f64, f64, f64)> {
    let point = |connections: u64| {
        let load = Load {
            url: arena.nginx.url(),
            connections,
            rate: None,
            seconds: seconds + connections / A_SECOND,
        };
        let (cost, memory) = run(arena, tool, &load, 2.0)?;
        Some((connections as f64, cost, memory))
    };
    CONNECTIONS.into_iter().filter_map(point).collect()
}

fn by_body(arena: &Arena, tool: &Tool) -> Vec<(f64, f64, f64)> {
    let point = |bytes: u64| {
        let load = Load {
            url: format!("{}body/{bytes}", arena.nginx.url()),
            connections: USUAL,
            rate: None,
            seconds: 3,
        };
        let (cost, memory) = run(arena, tool, &load, 0.5)?;
        Some((bytes as f64, cost, memory))
    };
    BODIES.into_iter().filter_map(point).collect()
}

/// One long run, looked at where it has made so many.
fn by_requests(arena: &Arena, tool: &Tool, millions: u64) -> Vec<(f64, f64, f64)> {
    let most = if tool.program == OURS {
        millions
    } else {
        millions.min(MILLIONS_OF_OTHERS)
    };
    let (n, url) = (most * 1_000_000, arena.nginx.url());
    let line = match tool.program {
        "wrk" => format!("-t 1 -c {USUAL} -d {} {url}", most * 20),
        "oha" => format!("--no-tui -c {USUAL} -n {n} {url}"),
        _ => format!("--mode manual -c {USUAL} -n {n} --threads 1 --headless --output-format json {url}"),
    };
    let args = line.split_whitespace().map(str::to_owned).collect();
    let (round, samples) = watch(arena, &call(tool, args), most * 40);
    if let Some(fault) = round.fault {
        println!("{}, {most} million requests: {fault}", tool.name);
        return vec![];
    }
    let wanted = MILLIONS.into_iter().filter(|m| *m <= most);
    let points = wanted.filter_map(|m| Sample::after(&samples, m * 1_000_000)).collect();
    eprintln!("{}, {most} million requests: {points:.2?}", tool.name);
    points
}
