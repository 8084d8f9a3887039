//! `sim ewf`: flags → experiment → its three reports → exit code.

use super::{Stop, complain, output};
use crate::cli::{self, FlowArgs, Format};
use crate::model::demand::Overflow;
use crate::report::ewf;
use crate::sim::ewf::Experiment;
use crate::telemetry::flow::{Bound, Flow};
use crate::ui::theme::Charset;
use crate::ui::theme::detect::Surroundings;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Most consumers.
const MOST: u32 = 64;
/// Longest finite queue.
const LONGEST: u64 = 1_000_000;
/// Kinds of files.
const KINDS: [&str; 3] = ["svg", "json", "txt"];

/// Runs it; returns the exit code.
pub(super) fn run(args: &FlowArgs, command: &str) -> Result<u8, Stop> {
    let experiment = experiment(args).map_err(Stop::usage)?;
    let format = format(args.output_format).map_err(Stop::usage)?;
    let named = args.output.iter().filter(|name| *name != "-");
    let files: Vec<PathBuf> = named
        .map(|name| cli::report_file(name, &KINDS))
        .collect::<Result<_, _>>()
        .map_err(Stop::usage)?;
    let flow = experiment.run();
    let mut unwritten = format != Format::Quiet && output::lost(!files.is_empty());
    if unwritten {
        complain(output::LOST);
    }
    let bytes = report(&flow, command, format)?;
    let mut out = io::stdout().lock();
    if let Err(e) = out.write_all(&bytes).and_then(|()| out.flush()) {
        complain(&format!("cannot write to standard output: {e}"));
        unwritten = true;
    }
    for path in &files {
        if let Err(e) = write(&flow, command, path) {
            complain(&format!("{e:#}"));
            unwritten = true;
        }
    }
    if !flow.books.balanced() {
        complain(&format!("the books do not balance (our fault): {:?}", flow.books));
        return Ok(1);
    }
    Ok(if unwritten { 5 } else { 0 })
}

/// What the flags mean.
fn experiment(args: &FlowArgs) -> Result<Experiment, String> {
    let consumers = args.consumers.parse().ok().filter(|n| (1..=MOST).contains(n));
    let consumers = consumers.ok_or_else(|| {
        format!(
            "--consumers {:?} is not a whole number from 1 to {MOST} (say --consumers 1, 4 or 16)",
            args.consumers
        )
    })?;
    let seed = args.seed.parse();
    Ok(Experiment {
        consumers,
        bound: bound(args)?,
        seed: seed.map_err(|_| format!("--seed {:?} is not a whole number (such as --seed 1)", args.seed))?,
        ..Experiment::default()
    })
}

fn bound(args: &FlowArgs) -> Result<Option<Bound>, String> {
    let overflow = match args.overflow.as_deref() {
        None => Overflow::Drop,
        Some(name) => [Overflow::Drop, Overflow::Reject, Overflow::Block]
            .into_iter()
            .find(|o| o.name() == name)
            .ok_or_else(|| format!("--overflow {name:?} is not an overflow policy (there are: drop, reject, block)"))?,
    };
    let Some(queue) = &args.queue else {
        return match args.overflow {
            Some(_) => Err("--overflow needs a queue that can be full (say --queue 20 too)".into()),
            None => Ok(None),
        };
    };
    let waiting = queue.parse().ok().filter(|n| *n <= LONGEST);
    let waiting = waiting.ok_or_else(|| {
        format!("--queue {queue:?} is not a whole number from 0 to {LONGEST} (leave it out for a queue without bound)")
    })?;
    Ok(Some(Bound { waiting, overflow }))
}

fn format(asked: Option<Format>) -> Result<Format, String> {
    match asked.unwrap_or_default() {
        Format::Jsonl | Format::Csv => Err("sim ewf has no report of that kind (say --output-format text or json)".into()),
        format => Ok(format),
    }
}

/// What standard output gets.
fn report(flow: &Flow, command: &str, format: Format) -> Result<Vec<u8>, Stop> {
    let mut bytes = Vec::new();
    match format {
        Format::Json => ewf::write_json(flow, command, &mut bytes).map_err(Stop::fault)?,
        Format::Text => {
            let charset = Surroundings::of(|name| std::env::var(name).ok()).charset();
            bytes = ewf::text(flow, charset == Charset::Ascii).into_bytes();
        }
        Format::Jsonl | Format::Csv | Format::Quiet => {}
    }
    Ok(bytes)
}

/// One file, by its extension.
fn write(flow: &Flow, command: &str, path: &Path) -> anyhow::Result<()> {
    let bytes = match path.extension().and_then(|e| e.to_str()) {
        Some("json") => {
            let mut bytes = Vec::new();
            ewf::write_json(flow, command, &mut bytes)?;
            bytes
        }
        Some("svg") => ewf::svg(flow).into_bytes(),
        _ => ewf::text(flow, false).into_bytes(),
    };
    output::whole(path, &bytes)
}
