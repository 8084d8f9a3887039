//! How evenly each tool's requests arrive when it is asked for many a second: by the target's own log.
//! It refuses to ask a tool when it sent: only arrivals count.

use crate::process::Call;
use crate::table::{Spread, spread};
use crate::tools::{Load, OURS, TOOLS, Tool, installed, remedy};
use crate::truth::{Behaviour, Exchange, Truth};
use crate::{machine, table};
use std::fmt::Write;
use std::time::Duration;

/// Asked for, 1/s.
const RATE: u64 = 10_000;
/// Connections it may use.
const CONNECTIONS: u64 = 64;
/// Of each run; the first and the last are left out.
const SECONDS: u64 = 10;
/// Runs of each tool, in turns.
const ROUNDS: usize = 3;
const SECOND: u64 = 1_000_000_000;

/// What arrived in one run.
struct Seen {
    /// Requests a second.
    rate: f64,
    /// How far arrivals lie from an even schedule of as many in that second: quantiles .5, .9, .99, ms.
    off: [f64; 3],
}

/// A row of the table: a tool, called in one way, and its runs.
struct Row {
    name: String,
    tool: &'static Tool,
    more: Option<&'static str>,
    seen: Vec<Seen>,
}

impl Row {
    fn of(tool: &'static Tool, more: Option<&'static str>) -> Self {
        let words = [Some(tool.name), more];
        Self {
            name: words.into_iter().flatten().collect::<Vec<_>>().join(" "),
            tool,
            more,
            seen: vec![],
        }
    }
}

/// The table, with its setting above.
pub(crate) fn compare() -> String {
    let mut out = format!(
        "{}. {} requests/s over at most {CONNECTIONS} connections, {SECONDS} s, {ROUNDS} rounds in turns: how far each arrival at the target lies from its place in an even second. Medians, p50 with the range.\n\n\
         | | requests/s | off by p50 | p90 | p99 |\n|---|---:|---:|---:|---:|\n",
        machine::name(),
        table::commas(RATE as f64),
    );
    let mut rows: Vec<Row> = vec![];
    for tool in TOOLS.iter().filter(|t| !t.screen && t.arguments(&load("")).is_some()) {
        rows.push(Row::of(tool, None));
        if tool.program == OURS {
            rows.push(Row::of(tool, Some("--precise")));
        }
    }
    for round in 1..=ROUNDS {
        for row in rows.iter_mut().filter(|r| installed(r.tool.program)) {
            let one = run(row.tool, row.more);
            eprintln!(
                "round {round}, {}: {:.0}/s, off by {:.3} {:.3} {:.3} ms",
                row.name, one.rate, one.off[0], one.off[1], one.off[2]
            );
            row.seen.push(one);
        }
    }
    for row in &rows {
        let _ = writeln!(out, "| {} | {} |", row.name, cells(row.tool, &row.seen));
    }
    out
}

fn cells(tool: &Tool, seen: &[Seen]) -> String {
    let of = |f: &dyn Fn(&Seen) -> f64| spread(seen.iter().map(f));
    let (Some(rate), Some(p50), Some(p90), Some(p99)) =
        (of(&|s| s.rate), of(&|s| s.off[0]), of(&|s| s.off[1]), of(&|s| s.off[2]))
    else {
        return format!("not installed ({}) | | |", remedy(tool.program));
    };
    let Spread { median, min, max } = p50;
    format!(
        "{} | {median:.3} ms [{min:.3}–{max:.3}] | {:.2} ms | {:.2} ms",
        table::commas(rate.median),
        p90.median,
        p99.median
    )
}

fn load(url: &str) -> Load {
    Load {
        url: url.to_owned(),
        connections: CONNECTIONS,
        rate: Some(RATE),
        seconds: SECONDS,
    }
}

/// One run against a target of its own. Nobody is kept to a core: who sends on time needs the next free one.
fn run(tool: &Tool, more: Option<&str>) -> Seen {
    let target = Truth::always(Behaviour::default());
    let url = format!("http://{}/", target.addr());
    let mut args: Vec<String> = more.into_iter().map(str::to_owned).collect();
    args.extend(tool.arguments(&load(&url)).unwrap_or_default());
    let call = Call {
        program: tool.path(),
        args,
        screen: false,
    };
    let ended = call.run(None, Duration::from_secs(SECONDS + 10), |_| {});
    if let Some(fault) = ended.fault {
        eprintln!("{}: {fault}", tool.name);
    }
    judge(&target.log())
}

/// The seconds between the first and the last one.
fn judge(log: &[Exchange]) -> Seen {
    let mut moments: Vec<u64> = log.iter().map(|e| e.read).collect();
    moments.sort_unstable();
    let begin = moments.first().copied().unwrap_or(0);
    let mut off = vec![];
    let mut count = 0;
    for second in 1..SECONDS - 1 {
        let (from, to) = (begin + second * SECOND, begin + (second + 1) * SECOND);
        let within: Vec<f64> = moments
            .iter()
            .filter(|m| (from..to).contains(*m))
            .map(|m| (m - from) as f64 / 1e6)
            .collect();
        count += within.len();
        let step = 1e3 / within.len() as f64;
        let places: Vec<f64> = within.iter().enumerate().map(|(i, at)| at - i as f64 * step).collect();
        let middle = spread(places.iter().copied()).map_or(0.0, |s| s.median);
        off.extend(places.iter().map(|p| (p - middle).abs()));
    }
    off.sort_by(f64::total_cmp);
    let rank = |q: f64| off.get((q * off.len() as f64) as usize).copied().unwrap_or(f64::NAN);
    Seen {
        rate: count as f64 / (SECONDS - 2) as f64,
        off: [0.5, 0.9, 0.99].map(rank),
    }
}
