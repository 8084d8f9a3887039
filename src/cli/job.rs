//! From flags to a job: everything checked, every default that does not depend on the target's address filled in.
//! It refuses to resolve names and to touch the network; files of request bodies are read here, once.

use super::meant::{measured, note, warmup};
use super::output::{Output, output};
use super::request::{body, request};
use super::{Ramp, RunArgs, source, traffic};
use crate::load::{Traffic, throttle};
use crate::model::arrival::Process;
use crate::model::command::{self, Command, Line};
use crate::model::expr::Expr;
use crate::model::promise::Promise;
use crate::model::run::Profile;
use crate::model::setpoints::{Bounds, History, LoadModel, Mode, Setpoint, Setpoints};
use crate::model::units::{Nanos, parse_duration, parse_rate};
use crate::plan::{Request, Timeouts};
use std::net::IpAddr;

/// What decides the shape of a run but depends on the target's address where it is `None`.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// `--threads`.
    pub threads: Option<usize>,
    /// `--max-workers`.
    pub max_workers: Option<u32>,
    /// `--ramp`.
    pub profile: Option<Profile>,
    /// `--connect-rate`.
    pub connect_rate: Option<f64>,
}

/// A checked command line.
#[derive(Clone, Debug)]
pub struct Job {
    /// What one request is.
    pub request: Request,
    /// The user chose a method or gave a body: the probe sends it.
    pub payload: bool,
    /// Time limits.
    pub timeouts: Timeouts,
    /// Initial setpoints; `bounds.max` is a wish of [`Shape`].
    pub set: Setpoints,
    /// What is fixed about open traffic.
    pub traffic: Traffic,
    /// `--throttle`.
    pub throttle: Option<throttle::Terms>,
    /// `--precise`.
    pub precise: bool,
    /// `--source-ip`: all of one family.
    pub sources: Vec<IpAddr>,
    /// By address.
    pub shape: Shape,
    /// `-z`.
    pub duration: Option<Nanos>,
    /// `-n`.
    pub requests: Option<u64>,
    /// `--warmup`.
    pub warmup: Nanos,
    /// What the command line means, where that may not be what was meant.
    pub note: Option<String>,
    /// `--script`, sorted by time.
    pub script: Vec<Line>,
    /// `--seed`.
    pub seed: Option<u64>,
    /// `--threshold`, repeatable.
    pub thresholds: Vec<Expr>,
    /// `--abort-on-fail`.
    pub abort_on_fail: bool,
    /// `--yes`.
    pub yes: bool,
    /// Reports.
    pub output: Output,
}

/// Checks a command line.
///
/// # Errors
/// A sentence naming the fault and the remedy: exit 2, nothing was sent.
pub fn job(args: &RunArgs) -> Result<Job, String> {
    let body = body(args)?;
    let traffic = traffic::traffic(args)?;
    let asked = count(args.workers.as_deref(), "-c")?;
    let set = traffic::open(args, setpoints(args)?, asked, &traffic)?;
    let workers = set.asked.max(stage_workers(&set, &traffic));
    let max_workers = count(args.max_workers.as_deref(), "--max-workers")?;
    let floor = workers.unwrap_or(1).max(set.bounds.min);
    if max_workers.is_some_and(|m| m < set.bounds.min) {
        return Err(format!(
            "--max-workers {} is below --min-workers {} (raise it)",
            max_workers.unwrap_or(0),
            set.bounds.min
        ));
    }
    let script = script(args)?;
    let (duration, warmup) = (time(args.duration.as_deref(), "-z")?, warmup(args)?);
    let staged = traffic.stages.as_ref().map(|s| s.length());
    measured(warmup, duration.or(staged))?;
    Ok(Job {
        request: request(args, body.clone())?,
        payload: body.is_some() || args.method.is_some(),
        timeouts: timeouts(args)?,
        shape: Shape {
            threads: count(args.threads.as_deref(), "--threads")?.map(|n| n as usize),
            max_workers: max_workers.map(|m| m.max(floor)),
            profile: args.ramp.map(|r| {
                if matches!(r, Ramp::Fast) {
                    Profile::Fast
                } else {
                    Profile::Gentle
                }
            }),
            connect_rate: args.connect_rate.as_deref().map(connect_rate).transpose()?,
        },
        throttle: traffic::throttle(args)?,
        precise: args.precise,
        sources: source::sources(&args.source_ip)?,
        traffic,
        duration,
        requests: args.requests.as_deref().map(|text| requests(text, "-n")).transpose()?,
        warmup,
        note: note(args, &set, asked),
        seed: args.seed.as_deref().map(seed).transpose()?,
        set,
        script,
        thresholds: thresholds(&args.threshold)?,
        abort_on_fail: args.abort_on_fail,
        yes: args.yes,
        output: output(args)?,
    })
}

/// Most workers that stages of the closed model ask for.
fn stage_workers(set: &Setpoints, traffic: &Traffic) -> Option<u32> {
    let stages = traffic.stages.as_ref().filter(|_| set.model == LoadModel::Closed)?;
    Some(stages.most().ceil().min(65_536.0) as u32)
}

fn setpoints(args: &RunArgs) -> Result<Setpoints, String> {
    let mut set = Setpoints::default();
    let workers = count(args.workers.as_deref(), "-c")?;
    let min = count(args.min_workers.as_deref(), "--min-workers")?;
    if let Some(text) = &args.setpoint {
        set.target = Some(setpoint(text)?);
    }
    set.promise = promise(args)?;
    set.mode = match &args.mode {
        Some(name) => match command::parse(&format!("mode {name}"))? {
            Command::Mode(mode) => mode,
            _ => Mode::Max,
        },
        None if set.promise.is_some() => Mode::Slo,
        None if set.target.is_some() => Mode::Hold,
        None if workers.is_some() && min.is_none() && args.max_workers.is_none() => Mode::Manual,
        None => Mode::Max,
    };
    promised(&mut set)?;
    let kept = set.mode != Mode::Slo && set.aim() == set.target;
    if set.target.is_some() && !kept {
        return Err(match set.mode {
            Mode::Classic => "--mode classic keeps a rate alone (say --setpoint rps=400)".into(),
            mode => format!(
                "--setpoint goes with --mode hold, not with {} (leave --mode out)",
                mode.name()
            ),
        });
    }
    set.last_auto = if set.mode == Mode::Manual { Mode::Max } else { set.mode };
    set.bounds = Bounds {
        min: min.unwrap_or(1),
        max: u32::MAX,
    };
    if set.mode == Mode::Manual {
        set.asked = Some(workers.unwrap_or(set.bounds.min));
    } else if set.mode != Mode::Slo {
        set.start = workers;
    }
    let guard = args.guard.as_deref().map(Expr::parse).transpose();
    set.guard = guard.map_err(|why| format!("--guard: {why}"))?;
    turn_knobs(args, set)
}

/// The promise of all `--slo` together.
fn promise(args: &RunArgs) -> Result<Option<Promise>, String> {
    if args.slo.is_empty() {
        return Ok(None);
    }
    let promise = Promise::parse(&args.slo.join(",")).map_err(|why| format!("--slo: {why}"))?;
    Ok(Some(promise))
}

/// Mode `slo` and a promise belong together, as open traffic.
fn promised(set: &mut Setpoints) -> Result<(), String> {
    match (set.mode, set.promise) {
        (Mode::Slo, None) => Err("--mode slo needs a promise to keep (say --slo 'p99<80ms')".into()),
        (Mode::Slo, Some(_)) => {
            set.model = LoadModel::Open;
            set.arrivals = Process::Poisson;
            Ok(())
        }
        (mode, Some(_)) => Err(format!(
            "--slo goes with --mode slo, not with {} (leave --mode out)",
            mode.name()
        )),
        _ => Ok(()),
    }
}

fn turn_knobs(args: &RunArgs, mut set: Setpoints) -> Result<Setpoints, String> {
    set.gains.kp = ranged(args.kp, set.gains.kp, "--kp", 0.0, 1.0)?;
    set.gains.ki = ranged(args.ki, set.gains.ki, "--ki", 0.05, 0.9)?;
    set.gains.kd = ranged(args.kd, set.gains.kd, "--kd", 0.0, 0.3)?;
    let mut history = History::new(set);
    for text in &args.set {
        let command = command::parse(&format!("set {text}")).map_err(|why| format!("--set {text}: {why}"))?;
        history.apply(&command, 0.0)?;
    }
    Ok(history.now().clone())
}

fn ranged(value: Option<f64>, default: f64, name: &str, min: f64, max: f64) -> Result<f64, String> {
    match value {
        None => Ok(default),
        Some(v) if (min..=max).contains(&v) => Ok(v),
        Some(v) => Err(format!("{name} {v} is out of range (it goes from {min} to {max})")),
    }
}

fn setpoint(text: &str) -> Result<Setpoint, String> {
    match command::parse(&format!("sp {text}"))? {
        Command::Setpoint(s) => Ok(s),
        _ => Err(format!("--setpoint {text:?} is not VAR=VALUE (such as p99=25ms or rps=400)")),
    }
}

fn count(text: Option<&str>, flag: &str) -> Result<Option<u32>, String> {
    let Some(text) = text else { return Ok(None) };
    match text.parse::<u32>() {
        Ok(n) if (1..=65_536).contains(&n) => Ok(Some(n)),
        _ => Err(format!("{flag} {text:?} is not a whole number from 1 to 65536")),
    }
}

pub(super) fn requests(text: &str, flag: &str) -> Result<u64, String> {
    text.parse()
        .ok()
        .filter(|n| *n >= 1)
        .ok_or_else(|| format!("{flag} {text:?} is not a whole number of requests, 1 or more (leave it out for no limit)"))
}

fn connect_rate(text: &str) -> Result<f64, String> {
    parse_rate(text).map_err(|_| {
        format!(
            "--connect-rate {text:?} is not a number of connections a second above 0, at most 10M (leave it out for 20000 on loopback, 200 elsewhere)"
        )
    })
}

fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("--seed {text:?} is not a whole number"))
}

pub(super) fn time(text: Option<&str>, flag: &str) -> Result<Option<Nanos>, String> {
    let parsed = text.map(|t| parse_duration(t).map_err(|why| format!("{flag}: {why}")));
    parsed.transpose()
}

fn timeouts(args: &RunArgs) -> Result<Timeouts, String> {
    let drain = match args.drain.as_deref() {
        Some("0" | "0s") => Nanos::ZERO,
        text => time(text, "--drain")?.unwrap_or(Nanos::from_secs(2)),
    };
    // Who is promised L has given up long before ten seconds.
    let promised = |p: Promise| Nanos::from_secs(2).max(p.limit() * 4);
    let request = promise(args)?.map_or(Nanos::from_secs(10), promised);
    Ok(Timeouts {
        request: time(args.timeout.as_deref(), "-t")?.unwrap_or(request),
        connect: time(args.connect_timeout.as_deref(), "--connect-timeout")?.unwrap_or(Nanos::from_secs(5)),
        drain,
    })
}

fn thresholds(all: &[String]) -> Result<Vec<Expr>, String> {
    let parse = |text: &String| Expr::parse(text).map_err(|why| format!("--threshold: {why}"));
    all.iter().map(parse).collect()
}

fn script(args: &RunArgs) -> Result<Vec<Line>, String> {
    let Some(text) = &args.script else { return Ok(Vec::new()) };
    let text = match text.strip_prefix('@') {
        Some(path) => std::fs::read_to_string(path).map_err(|e| format!("cannot read the script {path:?}: {e}"))?,
        None => text.clone(),
    };
    command::script(&text)
}

impl Job {
    /// The script ends the run itself.
    pub fn script_quits(&self) -> bool {
        self.script
            .iter()
            .any(|l| matches!(l.command, Command::Quit | Command::QuitNow))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::Parser;

    fn parse(args: &str) -> Result<Job, String> {
        let words = std::iter::once("clobber-tui").chain(args.split(' ')).chain(["127.0.0.1:1"]);
        job(&Cli::try_parse_from(words).unwrap().run)
    }

    #[test]
    fn workers_alone_mean_manual_and_with_bounds_the_search() {
        assert_eq!(parse("-c 20").unwrap().set.mode, Mode::Manual);
        let bounded = parse("-c 20 --max-workers 100").unwrap();
        assert_eq!(
            (bounded.set.mode, bounded.set.start, bounded.set.asked),
            (Mode::Max, Some(20), None)
        );
        assert!(bounded.note.unwrap().contains("the search starts at -c 20"));
        for plain in [
            "-c 20",
            "-c 20 --max-workers 100 --mode max",
            "--max-workers 100",
            "-c 20 --max-workers 30 --mode manual",
        ] {
            assert_eq!(parse(plain).unwrap().note, None, "{plain}");
        }
        assert_eq!(parse("--setpoint rps=400").unwrap().set.mode, Mode::Hold);
        assert_eq!(parse("--mode pid").unwrap().set.mode, Mode::Hold);
        assert_eq!(parse("--mode aimd").unwrap().set.mode, Mode::Aimd);
        assert_eq!(
            parse("--mode classic --setpoint rps=900")
                .unwrap()
                .set
                .target
                .map(|t| t.value),
            Some(900.0)
        );
    }

    #[test]
    fn bad_input_names_the_remedy() {
        for (args, remedy) in [
            ("-d 30s", "-z 30s"),
            ("-c 0", "from 1"),
            ("-n 0", "1 or more"),
            ("-z 0", "500ms"),
            ("-z 99999999999h", "too long"),
            ("--warmup 5s -z 1s", "shorter --warmup"),
            ("--warmup 3s --stages 1..9@2s", "shorter --warmup"),
            (
                "--connect-rate 0",
                "--connect-rate \"0\" is not a number of connections a second",
            ),
            ("--requests-per-connection 0", "--requests-per-connection \"0\" is not"),
            ("--slo p99>80ms", "such as p99<80ms"),
            ("--mode fast", "manual"),
            ("--mode max --setpoint rps=4", "leave --mode out"),
            ("--set speed=1", "thrift"),
            ("--mode slo", "--slo 'p99<80ms'"),
            ("--mode vegas --setpoint rps=4", "leave --mode out"),
            ("--mode classic --setpoint p99=4ms", "rps=400"),
            ("--set gain=1", "0.000001 to 0.01"),
            ("--kp 7", "from 0 to 1"),
            ("--expect body=x", "status=200"),
            ("-d x --read-until none --expect body~x", "need an answer"),
            ("--read-until bytes:0", "bytes:N"),
            ("--threshold p99<80", "80ms"),
            ("--guard errors", "METRIC OP VALUE"),
            ("--threshold p101<1s", "there are: mean, p50"),
            ("-H nocolon", "Name: value"),
            ("-o out.pdf", ".json"),
            ("-o no/such/folder/x.json", "make it first"),
            ("--raw-log no/such/folder/x.tsv", "make it first"),
            ("--raw-log /", "name a file in it"),
            ("--min-workers 9 --max-workers 3", "raise it"),
            ("-D /no/such/file", "cannot read"),
        ] {
            let said = parse(args).unwrap_err();
            assert!(said.contains(remedy), "{args}: {said}");
        }
    }
}
