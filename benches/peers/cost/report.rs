//! The figures of a cost bench: a table a quantity, the pictures, and what the README says of them.

use super::arena::Arena;
use super::picture::{Line, Panel, Picture};
use super::table::{commas, into_readme, megabytes};
use super::{Args, Series, machine};
use std::fmt::Write;

/// What was varied: the picture's file, its title, and the axis.
struct Quantity {
    file: &'static str,
    title: &'static str,
    varied: &'static str,
}

const QUANTITIES: [Quantity; 3] = [
    Quantity {
        file: "cost-connections",
        title: "Cost by connections",
        varied: "connections",
    },
    Quantity {
        file: "cost-body",
        title: "Cost by size of the answer",
        varied: "body, bytes",
    },
    Quantity {
        file: "cost-requests",
        title: "Cost by requests made",
        varied: "requests so far",
    },
];

/// Prints everything and draws it; into the README and `assets/` where that is asked for.
///
/// # Errors
/// A sentence naming the file that could not be written.
pub(super) fn all(arena: &Arena, args: &Args, series: [Vec<Series>; 3]) -> Result<(), String> {
    let folder = if args.readme { "assets" } else { "target" };
    let mut text = setting(arena);
    for (what, lines) in QUANTITIES.iter().zip(&series) {
        if lines.iter().all(|l| l.points.is_empty()) {
            return Err(format!("{}: nothing was measured", what.title));
        }
        println!("\n{}", table(what, lines));
        let path = format!("{}/{folder}/{}.svg", env!("CARGO_MANIFEST_DIR"), what.file);
        std::fs::write(&path, picture(what, lines).svg()).map_err(|e| format!("{path}: {e}"))?;
        let _ = write!(text, "\n\n![{}](assets/{}.svg)", what.title, what.file);
    }
    let _ = write!(text, "\n\n{}", growth(&series[2]));
    println!("\n{text}");
    if args.readme { into_readme("cost", &text) } else { Ok(()) }
}

fn setting(arena: &Arena) -> String {
    let cores = if arena.pinned {
        "nginx on core 0, one generator at a time on core 1"
    } else {
        "nginx and one generator at a time on the same core"
    };
    format!("{}; {cores}; 64 connections where nothing else is said.", machine::name())
}

/// One row a value, CPU and memory of everybody.
fn table(what: &Quantity, all: &[Series]) -> String {
    let mut out = format!("| {} |", what.varied);
    for series in all {
        let _ = write!(out, " {}: CPU µs a request | MB |", series.name);
    }
    let _ = write!(out, "\n|---:|{}", "---:|---:|".repeat(all.len()));
    for value in values(all) {
        let _ = write!(out, "\n| {} |", commas(value));
        for series in all {
            let point = series.points.iter().find(|p| p.0 == value);
            let cells = point.map_or(" — | — |".to_owned(), |p| format!(" {:.2} | {} |", p.1, megabytes(p.2)));
            out.push_str(&cells);
        }
    }
    out
}

/// Everything that somebody has a point at, ascending.
fn values(all: &[Series]) -> Vec<f64> {
    let mut values: Vec<f64> = all.iter().flat_map(|s| s.points.iter().map(|p| p.0)).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    values
}

fn picture(what: &Quantity, all: &[Series]) -> Picture {
    let lines = |of: fn(&(f64, f64, f64)) -> f64| -> Vec<Line> {
        let line = |s: &Series| Line {
            name: s.name,
            points: s.points.iter().map(|p| (p.0, of(p))).collect(),
        };
        all.iter().map(line).collect()
    };
    Picture {
        title: what.title.to_owned(),
        varied: what.varied,
        ticks: values(all).into_iter().map(|v| (v, short(v))).collect(),
        panels: [
            Panel {
                title: "CPU a request, µs",
                lines: lines(|p| p.1),
            },
            Panel {
                title: "memory, MB",
                lines: lines(|p| p.2 / 1e6),
            },
        ],
    }
}

/// `64`, `5 k`, `10 M`; `10 Mi` where it is a whole number of these.
fn short(value: f64) -> String {
    let binary = f64::from(1 << 20);
    match value {
        v if v > 0.0 && v % binary == 0.0 => format!("{:.0} Mi", v / binary),
        v if v >= 1e6 => format!("{:.0} M", v / 1e6),
        v if v >= 1e3 => format!("{:.0} k", v / 1e3),
        v => format!("{v:.0}"),
    }
}

/// Our memory at the last number of requests, beside that at the first.
fn growth(by_requests: &[Series]) -> String {
    let ends = by_requests.first().and_then(|s| Some((s.points.first()?, s.points.last()?)));
    ends.map_or_else(String::new, |(first, last)| {
        format!(
            "From {} to {} requests its memory went from {} to {} MB: {:+.1} MB.",
            commas(first.0),
            commas(last.0),
            megabytes(first.2),
            megabytes(last.2),
            (last.2 - first.2) / 1e6
        )
    })
}
