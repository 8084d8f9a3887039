//! The flags of `sim` and its four experiments, exactly as typed.

use super::{Format, RunArgs};
use clap::{Args, Subcommand};

/// `sim [PLANT]` or one of its experiments.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct SimArgs {
    /// An experiment instead of one run.
    #[command(subcommand)]
    pub what: Option<SimSub>,
    /// Which simulated target: usl (default), mmc, flat, latup, web, ratelimit, slow, … (an unknown one lists all)
    pub plant: Option<String>,
    /// A parameter of the simulated target, repeatable: alpha=.02, servers=4, delay=20ms, service=lognormal:1:80ms, … (an unknown one lists them)
    #[arg(long, value_name = "KEY=VALUE")]
    pub plant_arg: Vec<String>,
    /// From a time on another parameter, repeatable: 15s:servers=2
    #[arg(long, value_name = "T:KEY=VALUE")]
    pub step: Vec<String>,
    /// On the screen: so many times as fast as real time
    #[arg(long, value_name = "X", default_value = "1")]
    pub speed: f64,
    /// Everything about the load.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Experiments in virtual time.
#[derive(Debug, Subcommand)]
pub enum SimSub {
    /// Every controller on every simulated target: how much it loses, how fast it gets there
    Bakeoff(BakeoffArgs),
    /// How often the answer is right, on targets nobody tuned for
    Answers(AnswersArgs),
    /// How well slo finds the highest rate that keeps a promise, on targets nobody tuned for
    Promises(PromisesArgs),
    /// Everything Will Flow: a queue whose tasks slowly grow heavier tails, until it runs away
    Ewf(FlowArgs),
}

/// How an experiment of many runs tells its result.
#[derive(Debug, Args)]
pub struct ToldArgs {
    /// text or json
    #[arg(long, value_name = "FORMAT")]
    pub output_format: Option<Format>,
    /// No progress on standard error
    #[arg(long)]
    pub quiet: bool,
}

/// `sim bakeoff`.
#[derive(Debug, Args)]
pub struct BakeoffArgs {
    /// Simulated targets, with commas: all, or mmc,usl
    #[arg(long, value_name = "LIST", default_value = "all")]
    pub plants: String,
    /// Controllers, with commas: all, or max,aimd; hold keeps targets instead of searching
    #[arg(long, value_name = "LIST", default_value = "all")]
    pub controllers: String,
    /// Runs a cell
    #[arg(long, value_name = "N", default_value = "20")]
    pub seeds: u32,
    /// Seed of the first run of every cell
    #[arg(long, value_name = "N", default_value = "1000")]
    pub seed: u64,
    /// Move rates and delays of the targets by up to this share: .4
    #[arg(long, value_name = "SHARE", default_value = "0")]
    pub jitter: f64,
    /// How it is told.
    #[command(flatten)]
    pub told: ToldArgs,
}

/// `sim answers`.
#[derive(Debug, Args)]
pub struct AnswersArgs {
    /// Runs in all, over all targets
    #[arg(long, value_name = "N", default_value = "200")]
    pub runs: u32,
    /// Seed of the first run, and of the targets that are drawn
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,
    /// So many more targets, drawn at random: servers, laws of work, delays, contention, changes
    #[arg(long, value_name = "K", default_value = "0")]
    pub draw: u32,
    /// How it is told.
    #[command(flatten)]
    pub told: ToldArgs,
}

/// `sim promises`.
#[derive(Debug, Args)]
pub struct PromisesArgs {
    /// Simulated targets, with commas: all, or mmc,usl
    #[arg(long, value_name = "LIST", default_value = "all")]
    pub plants: String,
    /// Runs in all, over all targets
    #[arg(long, value_name = "N", default_value = "66")]
    pub runs: u32,
    /// Move rates and delays of the targets by up to this share
    #[arg(long, value_name = "SHARE", default_value = "0.4")]
    pub jitter: f64,
    /// Seed of the first run
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,
    /// Virtual time of a run
    #[arg(short = 'z', long, value_name = "TIME", default_value = "60s")]
    pub duration: String,
    /// How it is told.
    #[command(flatten)]
    pub told: ToldArgs,
}

/// `sim ewf`.
#[derive(Debug, Args)]
pub struct FlowArgs {
    /// Consumers, each fed with one task a time unit: 1, 4 or 16, or any to 64
    #[arg(long, value_name = "C", default_value = "1")]
    pub consumers: String,
    /// Tasks that may wait (default: without bound)
    #[arg(long, value_name = "N")]
    pub queue: Option<String>,
    /// When the queue is full: drop (default), reject or block
    #[arg(long, value_name = "POLICY")]
    pub overflow: Option<String>,
    /// Seed
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: String,
    /// Files by extension: .svg, .json, .txt; - for standard output
    #[arg(short = 'o', value_name = "FILE")]
    pub output: Vec<String>,
    /// text or json
    #[arg(long, value_name = "FORMAT")]
    pub output_format: Option<Format>,
}
