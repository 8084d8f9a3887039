//! The flags exactly as typed. What they mean is `job`'s and `plan`'s business.

mod job;
mod meant;
mod output;
mod parse;
mod redact;
mod request;
mod simulator;
mod source;
mod traffic;
mod wrk;

pub use job::{Job, Shape, job};
pub use meant::measured;
pub use output::{Output, report_file};
pub use parse::parse;
pub use redact::{command_line, redact};
pub use simulator::{AnswersArgs, BakeoffArgs, FlowArgs, PromisesArgs, SimArgs, SimSub};
pub use wrk::translate;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Finds, live and by feedback control, how many workers give the highest goodput.
#[derive(Debug, Parser)]
#[command(
    name = "clobber-tui",
    version,
    args_conflicts_with_subcommands = true,
    arg_required_else_help = true,
    after_help = EXAMPLES
)]
pub struct Cli {
    /// A subcommand instead of a target.
    #[command(subcommand)]
    pub sub: Option<Sub>,
    /// host:port[/path], http://… or tcp://…
    pub target: Option<String>,
    /// Everything about the load.
    #[command(flatten)]
    pub run: RunArgs,
}

const EXAMPLES: &str = "\
Examples:
  clobber-tui demo                                   a built-in target and the tool against it
  clobber-tui 127.0.0.1:8080                         find the knee of a server, live
  clobber-tui --setpoint p99=25ms 127.0.0.1:8080     hold a latency
  clobber-tui --slo 'p99<80ms' 127.0.0.1:8080        the highest open rate that keeps a promise
  clobber-tui --headless --output-format json 127.0.0.1:8080

Exit codes: 0 done · 1 our own fault · 2 usage · 3 no request succeeded · 5 an output could not be written
            6 not valid (--strict, --threshold, --slo) · 99 a threshold or a promise failed or was not confirmed
            130, 143, 129 stopped by INT, TERM, HUP";

/// What else the program does.
#[derive(Debug, Subcommand)]
pub enum Sub {
    /// A built-in target of known truth on loopback, and the tool against it
    Demo {
        /// Which target: usl (default), mmc, flat, slow or capdrop
        plant: Option<String>,
        /// Everything about the load.
        #[command(flatten)]
        run: Box<RunArgs>,
    },
    /// The same conductor over a simulated target in virtual time; no sockets
    Sim(Box<SimArgs>),
    /// A built-in target alone
    Serve {
        /// Which.
        #[command(subcommand)]
        kind: Serve,
    },
}

/// Built-in targets.
#[derive(Debug, Subcommand)]
pub enum Serve {
    /// HTTP in front of a queueing station of known truth
    Queue(QueueArgs),
    /// TCP echo
    Echo {
        /// Address; port 0 chooses one and prints it
        #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR:PORT")]
        listen: String,
    },
}

/// Options of `serve queue`, as typed; its settings parse them.
#[derive(Debug, Args)]
pub struct QueueArgs {
    /// Address; port 0 chooses one and prints it
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR:PORT")]
    pub listen: String,
    /// Servers in the station
    #[arg(long, value_name = "C")]
    pub servers: Option<String>,
    /// const:5ms, exp:5ms or pareto:ALPHA:MEAN
    #[arg(long, value_name = "LAW")]
    pub service: Option<String>,
    /// Processor sharing, slowed by 1 + A(n−1) + B·n(n−1)
    #[arg(long, value_name = "A:B")]
    pub contention: Option<String>,
    /// Network delay, both ways together
    #[arg(long, value_name = "T")]
    pub delay: Option<String>,
    /// 503 above this many in the station
    #[arg(long, value_name = "N")]
    pub admit: Option<String>,
    /// At a time, another option: 15s:servers=2
    #[arg(long, value_name = "T:OPTION=VALUE")]
    pub step: Vec<String>,
    /// At a time, stand still for a time: 5s:3s
    #[arg(long, value_name = "T:T")]
    pub stall: Vec<String>,
    /// Seed of the service times
    #[arg(long, value_name = "N")]
    pub seed: Option<String>,
}

/// Everything about a load.
#[derive(Debug, Default, Args)]
pub struct RunArgs {
    /// The target, as the first clobber wanted it
    #[arg(long = "target", hide = true, value_name = "TARGET")]
    pub target_flag: Option<String>,
    /// Workers: requests in flight. Alone: mode manual
    #[arg(short = 'c', long, visible_alias = "connections", value_name = "N", help_heading = "Load")]
    pub workers: Option<String>,
    /// Fewest workers
    #[arg(long, value_name = "N", help_heading = "Load")]
    pub min_workers: Option<String>,
    /// Most workers (default 4096 on loopback, 512 elsewhere)
    #[arg(long, value_name = "N", help_heading = "Load")]
    pub max_workers: Option<String>,
    /// Offered rate, whatever the target does: 250, 27.5k, 1000/m. The open model; workers are then a limit
    #[arg(short = 'q', visible_short_alias = 'R', long, value_name = "R", help_heading = "Load")]
    pub rate: Option<String>,
    /// How arrivals of the open model come: constant (default), poisson, burst, burst:N, uniform, pareto or trace:FILE
    #[arg(long, value_name = "PROCESS", help_heading = "Load")]
    pub arrivals: Option<String>,
    /// Levels over time, to a time since the start: 0..1000@10s,1000@20s. A rate with -q or --arrivals, else workers
    #[arg(long, value_name = "STAGES", help_heading = "Load")]
    pub stages: Option<String>,
    /// Arrivals that may wait for a worker (default 65536)
    #[arg(long, value_name = "N", help_heading = "Load")]
    pub queue: Option<String>,
    /// What becomes of an arrival when the queue is full: drop (default), reject or block
    #[arg(long, value_name = "POLICY", help_heading = "Load")]
    pub overflow: Option<String>,
    /// At most so many requests a second, in either model; up to BURST are saved up (default a second's worth)
    #[arg(long, value_name = "RATE[:BURST]", help_heading = "Load")]
    pub throttle: Option<String>,
    /// Send each arrival within some tens of µs of its moment, by looking at the clock all the time shortly before: up to a whole core
    #[arg(long, help_heading = "Load")]
    pub precise: bool,
    /// Stop sending after this time: 10s, 1m30s
    #[arg(short = 'z', long, value_name = "T", help_heading = "Load")]
    pub duration: Option<String>,
    /// Send exactly this many requests
    #[arg(short = 'n', long, visible_alias = "limit", value_name = "N", help_heading = "Load")]
    pub requests: Option<String>,
    /// Not measured at first
    #[arg(long, value_name = "T", help_heading = "Load")]
    pub warmup: Option<String>,
    /// Wait for answers under way at the end (default 2s)
    #[arg(long, value_name = "T", help_heading = "Load")]
    pub drain: Option<String>,
    /// Give a request up after this time (default 10s)
    #[arg(short = 't', long, value_name = "T", help_heading = "Load")]
    pub timeout: Option<String>,
    /// Give a connection up after this time (default 5s)
    #[arg(long, value_name = "T", help_heading = "Load")]
    pub connect_timeout: Option<String>,
    /// Connections made per second (default 20000 on loopback, 200 elsewhere)
    #[arg(long, value_name = "N", help_heading = "Load")]
    pub connect_rate: Option<String>,
    /// Connect from these addresses of this machine in turn, repeatable: each has a range of ports of its own
    #[arg(long, value_name = "ADDR[,ADDR…]", help_heading = "Load")]
    pub source_ip: Vec<String>,
    /// How boldly to grow (default by address)
    #[arg(long, value_name = "PROFILE", help_heading = "Load")]
    pub ramp: Option<Ramp>,
    /// Seed of every random choice
    #[arg(long, value_name = "N", help_heading = "Load")]
    pub seed: Option<String>,
    /// Sending threads (default cores/2 on loopback, cores elsewhere)
    #[arg(long, value_name = "N", help_heading = "Load")]
    pub threads: Option<String>,
    /// max, slo, hold or manual; to compare: aimd, climb, vegas, gradient, classic
    #[arg(long, value_name = "MODE", help_heading = "Control")]
    pub mode: Option<String>,
    /// Hold a quantity: p99=25ms, mean=5ms, rps=400, queue=100
    #[arg(long, value_name = "VAR=VALUE", help_heading = "Control")]
    pub setpoint: Option<String>,
    /// The highest open rate that keeps a promise, repeatable: 'p99<80ms', 'errors<0.1%'
    #[arg(long, value_name = "EXPR", help_heading = "Control")]
    pub slo: Vec<String>,
    /// Proportional gain of hold
    #[arg(long, value_name = "X", help_heading = "Control")]
    pub kp: Option<f64>,
    /// Integral gain of hold
    #[arg(long, value_name = "X", help_heading = "Control")]
    pub ki: Option<f64>,
    /// Derivative gain of hold
    #[arg(long, value_name = "X", help_heading = "Control")]
    pub kd: Option<f64>,
    /// A knob of the law: thrift=.2, patience=3
    #[arg(long, value_name = "KNOB=VALUE", help_heading = "Control")]
    pub set: Vec<String>,
    /// Pause (without a screen: end) when this holds for a second: 'errors>20%', 'p99>2s'
    #[arg(long, value_name = "EXPR", help_heading = "Control")]
    pub guard: Option<String>,
    /// Commands with times: '3s workers 20; 6s auto; 12s quit', or @FILE
    #[arg(long, value_name = "TEXT|@FILE", help_heading = "Control")]
    pub script: Option<String>,
    /// HTTP method
    #[arg(
        short = 'm',
        visible_short_alias = 'X',
        long,
        value_name = "METHOD",
        help_heading = "Request"
    )]
    pub method: Option<String>,
    /// HTTP header, repeatable: 'Name: value'
    #[arg(short = 'H', long, value_name = "HEADER", help_heading = "Request")]
    pub header: Vec<String>,
    /// HTTP body or TCP payload
    #[arg(short = 'd', value_name = "TEXT", help_heading = "Request", conflicts_with_all = ["body", "body_file"])]
    pub data: Option<String>,
    /// The same as -d, for text that looks like a duration
    #[arg(long, value_name = "TEXT", help_heading = "Request", conflicts_with = "body_file")]
    pub body: Option<String>,
    /// HTTP body or TCP payload from a file, - for standard input
    #[arg(short = 'D', value_name = "FILE", help_heading = "Request")]
    pub body_file: Option<String>,
    /// TCP: where an answer ends: any, none, eof, bytes:N, len16, len32 or a delimiter
    #[arg(long, value_name = "FRAMING", help_heading = "Request")]
    pub read_until: Option<String>,
    /// What is good, repeatable: status=200-299,404 body~RE (within the first MiB) sha256=HEX
    #[arg(long, value_name = "EXPR", help_heading = "Request")]
    pub expect: Vec<String>,
    /// A new connection for every request
    #[arg(long, help_heading = "Request")]
    pub no_keepalive: bool,
    /// Close a connection after this many requests
    #[arg(long, value_name = "N", help_heading = "Request")]
    pub requests_per_connection: Option<String>,
    /// Many exchanges a connection over raw TCP, as the first clobber had it
    #[arg(long, hide = true)]
    pub repeat: bool,
    /// No screen: wait, then print the report
    #[arg(long, visible_alias = "no-tui", help_heading = "Output")]
    pub headless: bool,
    /// Also write a report: .json .jsonl .csv .svg .txt, repeatable, - for standard output
    #[arg(short = 'o', long, value_name = "FILE", help_heading = "Output")]
    pub output: Vec<String>,
    /// Also write one line per request (what is shed is none): number, intended, sent, first byte, end (ns since start),
    /// class, status, bytes out and in; above 10 million lines every 100th. {{seq}} in path, header or body sends the
    /// number, ten digits
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub raw_log: Option<String>,
    /// What standard output gets
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    pub output_format: Option<Format>,
    /// Answer the start question with yes; a first answer that --expect rules out still ends it (exit 2)
    #[arg(long, help_heading = "Output")]
    pub yes: bool,
    /// What must hold, repeatable: 'p99<80ms', 'errors<0.1%', 'rps>=500'; else exit 99
    #[arg(long, value_name = "EXPR", help_heading = "Output")]
    pub threshold: Vec<String>,
    /// End as soon as a threshold has failed beyond doubt
    #[arg(long, requires = "threshold", help_heading = "Output")]
    pub abort_on_fail: bool,
    /// Exit 6 when the result is not valid
    #[arg(long, help_heading = "Output")]
    pub strict: bool,
    /// Nothing on standard error but errors
    #[arg(long, help_heading = "Output")]
    pub quiet: bool,
    /// Most redraws per second (default 10, over SSH 4)
    #[arg(long, value_name = "N", help_heading = "Screen")]
    pub fps: Option<u32>,
    /// Colours
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = "Screen")]
    pub color: When,
    /// Light or dark
    #[arg(long, value_name = "THEME", default_value = "auto", help_heading = "Screen")]
    pub theme: Theme,
    /// Colour map of the spectrogram: inferno, magma, viridis, cividis, turbo
    #[arg(long, value_name = "MAP", help_heading = "Screen")]
    pub palette: Option<String>,
    /// Characters
    #[arg(long, value_name = "SET", default_value = "auto", help_heading = "Screen")]
    pub charset: Charset,
}

/// `--ramp`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Ramp {
    /// ×4 and ×2, as fast as evidence allows
    Fast,
    /// ×2, at least a second a rung
    Gentle,
}

/// `--output-format`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The closing text
    #[default]
    Text,
    /// The summary
    Json,
    /// One object a line as the run goes
    Jsonl,
    /// The time axis
    Csv,
    /// Nothing
    Quiet,
}

/// `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// As the terminal can
    #[default]
    Auto,
    /// Always, 24 bit
    Always,
    /// Never
    Never,
}

/// `--theme`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Theme {
    /// Ask the terminal
    #[default]
    Auto,
    /// For a dark background
    Dark,
    /// For a light background
    Light,
}

/// `--charset`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Charset {
    /// By the locale
    #[default]
    Auto,
    /// Blocks and lines
    Unicode,
    /// 7 bit
    Ascii,
}
