//! `sim promises`: how well the highest rate that keeps a promise is found, over all cores, as text or JSON.

use super::Stop;
use super::bakeoff::{pretty, print, wants_json};
use super::pool::{self, Pool};
use super::signals::Signals;
use crate::cli::PromisesArgs;
use crate::model::units::parse_duration;
use crate::report::promises;
use crate::sim::promises::Exam;

/// Runs it; returns the exit code.
pub(super) fn run(args: &PromisesArgs) -> Result<u8, Stop> {
    let json = wants_json(args.told.output_format, "sim promises")?;
    let lasts = parse_duration(&args.duration).map_err(|why| Stop::usage(format!("-z: {why}")))?;
    let exam = Exam::new(&args.plants, args.runs, args.jitter, args.seed)
        .and_then(|e| e.lasting(lasts))
        .map_err(Stop::usage)?;
    let signals = Signals::install(false).map_err(Stop::fault)?;
    let pool = Pool {
        name: "promises",
        threads: pool::cores(),
        quiet: args.told.quiet,
        signals: &signals,
    };
    let work = exam.clone();
    let outcome = pool.run(&exam.weights(), move |i| work.run(i))?;
    let result = exam.result(&outcome.done);
    let text = if json {
        pretty(&promises::json(&result))
    } else {
        promises::text(&result)
    };
    Ok(print(&text).unwrap_or(outcome.signal.unwrap_or(0)))
}
