//! The composition root: flags → plan → plant → conductor's thread → link → screen or headless → reports → exit code.
//! It decides nothing about load, control or measurement.

mod answers;
mod bakeoff;
mod exit;
mod flow;
mod front;
mod journal;
mod live;
mod load;
mod look;
mod output;
mod pace;
mod pool;
mod prepare;
mod promises;
mod proxy;
mod question;
mod reports;
mod session;
mod signals;
mod simulate;
mod snapshots;
mod target;
mod ticker;

use crate::cli::{self, Cli, Sub};
use crate::model::format::printable;
use std::io::Write;
use std::process::ExitCode;

/// Why a run could not begin or go on: an exit code and a sentence for standard error.
#[derive(Debug)]
pub struct Stop {
    /// 1 our own fault, 2 usage.
    pub code: u8,
    /// What failed, and the remedy.
    pub why: String,
}

impl Stop {
    /// A fault of the command line or the configuration.
    pub fn usage(why: impl Into<String>) -> Self {
        Self {
            code: 2,
            why: why.into(),
        }
    }

    /// A fault of ours or of the machine.
    pub fn fault(error: impl std::fmt::Display) -> Self {
        Self {
            code: 1,
            why: format!("{error:#}"),
        }
    }
}

/// The whole program.
pub fn main() -> ExitCode {
    let args: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|a| a.to_string_lossy().into_owned())
        .collect();
    if let Some(why) = cli::translate(&args) {
        return end(Err(Stop::usage(why)));
    }
    let command = cli::command_line(&args);
    match cli::parse(std::env::args_os()) {
        Ok(cli) => end(run(cli, command)),
        Err(code) => code,
    }
}

fn run(cli: Cli, command: String) -> Result<u8, Stop> {
    match cli.sub {
        Some(Sub::Serve { kind }) => target::serve(kind),
        Some(Sub::Demo { plant, run }) => target::demo(plant.as_deref(), &run, command),
        Some(Sub::Sim(args)) => simulate::run(&args, command),
        None => {
            let target = cli.target.or_else(|| cli.run.target_flag.clone());
            let target =
                target.ok_or_else(|| Stop::usage("no target (try: clobber-tui 127.0.0.1:8080, or: clobber-tui demo)"))?;
            if matches!(target.as_str(), "demo" | "sim" | "serve") {
                return Err(Stop::usage(format!(
                    "{target} is a command and stands before its flags (say: clobber-tui {target} …; a host of that name: {target}:80)"
                )));
            }
            load::run(&target, &cli.run, command, None)
        }
    }
}

/// A line on standard error, safe to show whatever words of others are in it.
fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "clobber-tui: {}", printable(text));
}

fn end(done: Result<u8, Stop>) -> ExitCode {
    match done {
        Ok(code) => ExitCode::from(code),
        Err(stop) => {
            complain(&stop.why);
            ExitCode::from(stop.code)
        }
    }
}
