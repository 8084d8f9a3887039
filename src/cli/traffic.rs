//! The flags of the open model: rate, arrivals, stages, queue, throttle.
//! It refuses to mix them with modes that search in the closed one; the file of a trace is read here, once.

use super::RunArgs;
use crate::load::{Stages, Trace, Traffic, throttle};
use crate::model::arrival::Process;
use crate::model::command::{self, Command};
use crate::model::setpoints::{LoadModel, Mode, Setpoints};
use crate::model::units::parse_rate;
use std::sync::Arc;

/// What is fixed about the traffic: its queue, its stages, its trace.
///
/// # Errors
/// A sentence naming the fault and the remedy.
pub(super) fn traffic(args: &RunArgs) -> Result<Traffic, String> {
    let mut traffic = Traffic::default();
    if let Some(text) = &args.queue {
        traffic.capacity = match text.parse() {
            Ok(n) if (1..=10_000_000).contains(&n) => n,
            _ => {
                return Err(format!(
                    "--queue {text:?} is not a whole number from 1 to 10000000 (leave it out for 65536)"
                ));
            }
        };
    }
    if let Some(text) = &args.stages {
        let stages = Stages::parse(text).map_err(|why| format!("--stages: {why}"))?;
        traffic.stages = Some(Arc::new(stages));
    }
    if let Some(path) = args.arrivals.as_deref().and_then(|a| a.strip_prefix("trace:")) {
        let text = std::fs::read_to_string(path).map_err(|e| format!("--arrivals: cannot read the trace {path:?}: {e}"))?;
        traffic.trace = Some(Trace::parse(&text).map_err(|why| format!("--arrivals trace:{path}: {why}"))?);
    }
    Ok(traffic)
}

/// `--throttle`.
///
/// # Errors
/// A sentence naming the remedy.
pub(super) fn throttle(args: &RunArgs) -> Result<Option<throttle::Terms>, String> {
    let parsed = args.throttle.as_deref().map(throttle::Terms::parse);
    parsed.transpose().map_err(|why| format!("--throttle: {why}"))
}

/// Writes into the setpoints what the flags say of the open model. `workers` is `-c`.
///
/// # Errors
/// A mode that searches, or a flag that cannot be read, with its remedy.
pub(super) fn open(args: &RunArgs, mut set: Setpoints, workers: Option<u32>, traffic: &Traffic) -> Result<Setpoints, String> {
    if let Some(text) = &args.arrivals {
        set.arrivals = process(text)?;
    }
    if let Some(text) = &args.overflow
        && let Command::Overflow(policy) =
            command::parse(&format!("overflow {text}")).map_err(|why| format!("--overflow: {why}"))?
    {
        set.overflow = policy;
    }
    let rate = args
        .rate
        .as_deref()
        .map(parse_rate)
        .transpose()
        .map_err(|why| format!("-q: {why}"))?;
    let own = traffic.trace.as_ref().map(Trace::rate);
    let staged = traffic.stages.as_deref().map(|s| s.level(0.0));
    let open = rate.or(own).or(staged.filter(|_| args.arrivals.is_some()));
    if set.mode == Mode::Slo && open.or(staged).is_some() {
        return Err(
            "--slo searches the arrival rate itself (leave -q, --stages and --arrivals trace: out, or judge a fixed rate with --threshold 'p99<80ms')"
                .into(),
        );
    }
    let (Some(rate), None) = (open, staged.filter(|_| args.arrivals.is_none() && args.rate.is_none())) else {
        return closed(set, workers, staged);
    };
    if args.mode.is_some() && set.mode != Mode::Manual || args.setpoint.is_some() {
        return Err(format!(
            "mode {} moves workers of the closed model, and an arrival rate was given (leave one of them out; --mode manual goes with -q)",
            set.mode.name()
        ));
    }
    set.mode = Mode::Manual;
    set.model = LoadModel::Open;
    set.rate = Some(staged.unwrap_or(rate));
    set.staged = staged.is_some();
    set.asked = workers;
    Ok(set)
}

/// The closed model, whose workers the stages may move.
fn closed(mut set: Setpoints, workers: Option<u32>, staged: Option<f64>) -> Result<Setpoints, String> {
    let Some(level) = staged else { return Ok(set) };
    if workers.is_some() || !matches!(set.mode, Mode::Max | Mode::Manual) || set.target.is_some() {
        return Err(
            "--stages gives the workers here (leave -c, --mode and --setpoint out; with -q or --arrivals it gives a rate)".into(),
        );
    }
    set.mode = Mode::Manual;
    set.asked = Some(level.round().max(1.0) as u32);
    set.staged = true;
    Ok(set)
}

fn process(text: &str) -> Result<Process, String> {
    if text.starts_with("trace:") {
        return Ok(Process::Trace);
    }
    if let Some(size) = text.strip_prefix("burst:") {
        let size = size.parse().ok().filter(|n| *n >= 1);
        return size
            .map(Process::Burst)
            .ok_or_else(|| format!("--arrivals {text:?} has no size (say burst:50, or burst for a second's worth)"));
    }
    let known = Process::ALL.into_iter().find(|p| p.name() == text);
    known.ok_or_else(|| {
        format!("--arrivals {text:?} is not known (there are: constant, poisson, burst, burst:N, uniform, pareto, trace:FILE)")
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Cli, Job, job};
    use super::*;
    use clap::Parser;

    fn parse(args: &str) -> Result<Job, String> {
        let words = std::iter::once("clobber-tui").chain(args.split(' ')).chain(["127.0.0.1:1"]);
        job(&Cli::try_parse_from(words).unwrap().run)
    }

    #[test]
    fn a_rate_is_the_open_model_with_the_workers_as_limit() {
        let set = parse("-q 1000/m -c 7 --arrivals burst:5 --overflow reject").unwrap().set;
        assert_eq!(
            (set.model, set.mode, set.rate, set.asked),
            (LoadModel::Open, Mode::Manual, Some(1000.0 / 60.0), Some(7))
        );
        assert_eq!((set.arrivals, set.overflow.name()), (Process::Burst(5), "reject"));

        let free = parse("-R 5").unwrap().set;
        assert_eq!((free.asked, free.arrivals), (None, Process::Constant));
    }

    #[test]
    fn stages_are_workers_unless_something_says_rate() {
        let closed = parse("--stages 3..9@2s").unwrap().set;
        assert_eq!(
            (closed.model, closed.asked, closed.staged),
            (LoadModel::Closed, Some(3), true)
        );

        for args in ["--stages 3..9@2s -q 5", "--stages 3..9@2s --arrivals poisson"] {
            let open = parse(args).unwrap().set;
            assert_eq!(
                (open.model, open.rate, open.staged),
                (LoadModel::Open, Some(3.0), true),
                "{args}"
            );
        }
    }

    #[test]
    fn what_cannot_be_meant_names_the_remedy() {
        for (args, remedy) in [
            ("-q 0", "27.5k"),
            ("-q 100 --mode max", "--mode manual"),
            ("-q 100 --mode aimd", "--mode manual"),
            ("-q 100 --setpoint p99=5ms", "leave one of them out"),
            ("-q 100 --slo p99<5ms --mode slo", "leave -q"),
            ("--arrivals sometimes", "poisson"),
            ("--arrivals burst:0", "burst:50"),
            ("--arrivals trace:/no/such", "cannot read"),
            ("--stages 5", "0..1000@10s"),
            ("--stages 5@3s -c 4", "leave -c"),
            ("--queue 0", "65536"),
            ("--overflow wait", "block"),
            ("--throttle 5:0", "500:50"),
        ] {
            let said = parse(args).unwrap_err();
            assert!(said.contains(remedy), "{args}: {said}");
        }
    }
}
