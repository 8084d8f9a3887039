//! The rounds as a Markdown table, as JSON with every round, and as a line while they go.

use super::{Args, Part, Row};
use crate::arena::{Arena, Round};
use crate::table::{Spread, commas, megabytes, spread};
use crate::tools::{TOOLS, installed};
use crate::{machine, tools};
use serde_json::{Value, json};
use std::fmt::Write;

/// One round while it is fresh.
pub(super) fn line(round: &Round, seconds: u64) -> String {
    if let Some(fault) = &round.fault {
        return fault.clone();
    }
    let noisy = if round.noisy() { ", noisy" } else { "" };
    let foreign = round.foreign * 100.0;
    let rate = commas(round.requests as f64 / seconds as f64);
    let memory = megabytes(round.memory as f64);
    format!(
        "{rate}/s, {:.2} CPU s/1M, {memory} MB, others took {foreign:.0} %{noisy}",
        round.cost()
    )
}

/// Where and how, in two sentences.
fn setting(arena: &Arena, args: &Args) -> String {
    let cores = if arena.pinned {
        "nginx on core 0, one generator at a time on core 1"
    } else {
        "nginx and one generator at a time on the same core"
    };
    let asked = |t: &&tools::Tool| args.peers.iter().any(|p| p == t.program);
    let found = TOOLS.iter().filter(asked).filter(|t| installed(t.program));
    let versions: Vec<String> = found.map(tools::Tool::version).collect();
    format!(
        "{}; {cores}; {}. {} rounds of {} s in turns; medians [smallest–largest]. CPU and memory are those of the whole process, \
         connecting and reporting included.",
        machine::name(),
        versions.join(", "),
        args.rounds,
        args.duration
    )
}

/// The whole table, with its setting above.
pub(super) fn markdown(arena: &Arena, args: &Args, parts: &[Part]) -> String {
    let mut out = setting(arena, args);
    out.push_str("\n\n| load | generator | requests/s | CPU s per million (user + kernel) | peak MB ");
    out.push_str("| requests/s to ours | CPU to ours | noisy |\n");
    out.push_str("|---|---|---:|---:|---:|---:|---:|---:|\n");
    for part in parts {
        for (n, row) in part.rows.iter().enumerate() {
            let load = if n == 0 { part.name.as_str() } else { "" };
            let cells = row.fault().map_or_else(
                || figures(row, &part.rows[0], args.duration),
                |fault| format!("{fault} | | | | | "),
            );
            let _ = writeln!(out, "| {load} | {} | {cells} |", row.tool.name);
        }
    }
    out
}

/// The cells of one row; `ours` is what it is compared with.
fn figures(row: &Row, ours: &Row, seconds: u64) -> String {
    let middle = |of: fn(&Round) -> f64| spread(row.rounds.iter().map(of)).map_or(f64::NAN, |s| s.median);
    let noisy = row.rounds.iter().filter(|r| r.noisy()).count();
    let own = std::ptr::eq(row, ours);
    let against = |of: fn(&Round) -> f64| {
        let pairs = row.rounds.iter().zip(&ours.rounds).map(|(a, b)| of(a) / of(b));
        let text = spread(pairs).map_or("—".to_owned(), Spread::ratio);
        if own { "1".to_owned() } else { text }
    };
    format!(
        "{} | {:.2} ({:.2} + {:.2}) | {} | {} | {} | {noisy} of {}",
        commas(middle(|r| r.requests as f64) / seconds as f64),
        middle(Round::cost),
        middle(|r| r.parts().0),
        middle(|r| r.parts().1),
        megabytes(middle(|r| r.memory as f64)),
        against(|r| r.requests as f64),
        against(Round::cost),
        row.rounds.len(),
    )
}

/// Every round of every row.
pub(super) fn json(arena: &Arena, args: &Args, parts: &[Part]) -> Value {
    let round = |r: &Round| {
        json!({
            "requests": r.requests, "user_s": r.cpu.user, "system_s": r.cpu.system,
            "peak_bytes": r.memory, "foreign": r.foreign, "noisy": r.noisy(), "fault": r.fault,
        })
    };
    let row = |r: &Row| json!({ "generator": r.tool.name, "rounds": r.rounds.iter().map(round).collect::<Vec<_>>() });
    let part = |p: &Part| json!({ "load": p.name, "rows": p.rows.iter().map(row).collect::<Vec<_>>() });
    json!({
        "setting": setting(arena, args),
        "seconds": args.duration,
        "parts": parts.iter().map(part).collect::<Vec<_>>(),
    })
}
