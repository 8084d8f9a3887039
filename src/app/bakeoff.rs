//! `sim bakeoff`: every controller on every plant, over all cores, as tables or JSON.

use super::Stop;
use super::pool::{self, Pool};
use super::signals::Signals;
use crate::cli::{BakeoffArgs, Format};
use crate::report::bakeoff;
use crate::sim::bakeoff::Plan;
use serde_json::Value;
use std::io::{self, Write};

/// Runs it; returns the exit code.
pub(super) fn run(args: &BakeoffArgs) -> Result<u8, Stop> {
    let json = wants_json(args.told.output_format, "sim bakeoff")?;
    let plan = Plan::new(&args.plants, &args.controllers, args.seeds, args.jitter)
        .map_err(Stop::usage)?
        .from_seed(args.seed);
    let signals = Signals::install(false).map_err(Stop::fault)?;
    let (text, signal) = table(&plan, json, pool::cores(), args.told.quiet, &signals)?;
    Ok(print(&text).unwrap_or(signal.unwrap_or(0)))
}

/// The whole of standard output, and the code of the signal that ended it early.
fn table(plan: &Plan, json: bool, threads: usize, quiet: bool, signals: &Signals) -> Result<(String, Option<u8>), Stop> {
    let (tasks, work) = (plan.tasks(), plan.clone());
    let weights: Vec<f64> = tasks.iter().map(|t| t.weight).collect();
    let pool = Pool {
        name: "bake-off",
        threads,
        quiet,
        signals,
    };
    let outcome = pool.run(&weights, move |i| work.run(tasks[i]))?;
    let result = plan.result(&outcome.done);
    let text = if json {
        pretty(&bakeoff::json(&result))
    } else {
        bakeoff::text(&result)
    };
    Ok((text, outcome.signal))
}

/// Whether JSON is wanted; experiments write text or JSON only.
pub(super) fn wants_json(format: Option<Format>, what: &str) -> Result<bool, Stop> {
    match format.unwrap_or_default() {
        Format::Text => Ok(false),
        Format::Json => Ok(true),
        Format::Jsonl | Format::Csv | Format::Quiet => Err(Stop::usage(format!(
            "{what} writes text or JSON (say --output-format text or json)"
        ))),
    }
}

/// A JSON text with its line end.
pub(super) fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// To standard output; the exit code where that fails.
pub(super) fn print(text: &str) -> Option<u8> {
    if super::output::lost(false) {
        super::complain(super::output::LOST);
        return Some(5);
    }
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.err().map(|e| {
        let _ = writeln!(io::stderr(), "clobber-tui: cannot write to standard output: {e}");
        5
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thread_and_two_write_the_same_bytes() {
        let plan = Plan::new("tiny,uslsteep", "max", 2, 0.0).unwrap();
        let with = |threads| {
            let done = table(&plan, true, threads, true, &Signals::default());
            done.unwrap_or_else(|s| panic!("{}", s.why)).0
        };

        let one = with(1);

        let parsed: Value = serde_json::from_str(&one).unwrap();
        let cells = parsed["cells"].as_array().unwrap();
        assert_eq!(cells.len(), 2);
        assert_eq!((&cells[1]["plant"], &cells[1]["seeds"]), (&"uslsteep".into(), &2.into()));
        assert!(cells.iter().all(|c| c["regret"].as_f64().unwrap() < 0.2), "{one}");
        assert_eq!(one, with(2));
    }
}
