//! The machine a bench runs on: its name, its cores, and who has used them.
//! It refuses to guess: what /proc does not say is `unknown` or nothing.

#![allow(dead_code, reason = "each bench uses its part")]

use rustix::process::{Pid, Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::fs::read_to_string;

/// Clock ticks a second in /proc, fixed by the kernel's ABI.
const HZ: f64 = 100.0;

/// CPU time, s, in steps of 10 ms.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cpu {
    /// In the program.
    pub(crate) user: f64,
    /// In the kernel on its behalf.
    pub(crate) system: f64,
}

impl Cpu {
    /// Both together.
    pub(crate) fn total(self) -> f64 {
        self.user + self.system
    }

    /// Since an earlier reading.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            user: self.user - before.user,
            system: self.system - before.system,
        }
    }

    /// Of a process, all its threads; nothing when there is none.
    pub(crate) fn of(pid: u32) -> Self {
        Self::fields(&pid.to_string(), 11)
    }

    /// Of all processes that this one has waited for.
    pub(crate) fn children() -> Self {
        Self::fields("self", 13)
    }

    /// utime, stime, cutime and cstime are fields 14 to 17; the name before them may hold spaces and ends with a bracket.
    fn fields(process: &str, behind_name: usize) -> Self {
        let text = read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
        let mut ticks = rest
            .split_whitespace()
            .skip(behind_name)
            .map(|f| f.parse().unwrap_or(0.0) / HZ);
        Self {
            user: ticks.next().unwrap_or(0.0),
            system: ticks.next().unwrap_or(0.0),
        }
    }
}

/// CPU seconds of everybody on the machine, and those a hypervisor gave to others.
pub(crate) fn everybody() -> f64 {
    let text = read_to_string("/proc/stat").unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let fields: Vec<f64> = line.split_whitespace().filter_map(|f| f.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal
    [0, 1, 2, 5, 6, 7].iter().filter_map(|i| fields.get(*i)).sum::<f64>() / HZ
}

/// Cores there are.
pub(crate) fn cores() -> usize {
    let text = read_to_string("/proc/stat").unwrap_or_default();
    let numbered = |l: &&str| {
        l.strip_prefix("cpu")
            .is_some_and(|l| l.starts_with(|c: char| c.is_ascii_digit()))
    };
    text.lines().filter(numbered).count().max(1)
}

/// Keeps a process of one thread on one core. Where that is refused it runs anywhere, and that is said.
pub(crate) fn pin(process: u32, core: usize) {
    set(Pid::from_raw(process.cast_signed()), &only(core));
}

/// Starts something on one core, all its threads to come included; this thread stays where it was.
pub(crate) fn on_core<R>(core: Option<usize>, start: impl FnOnce() -> R) -> R {
    let (Some(core), Ok(before)) = (core, sched_getaffinity(None)) else {
        return start();
    };
    set(None, &only(core));
    let started = start();
    set(None, &before);
    started
}

fn only(core: usize) -> CpuSet {
    let mut set = CpuSet::new();
    set.set(core);
    set
}

fn set(process: Option<Pid>, cores: &CpuSet) {
    if let Err(error) = sched_setaffinity(process, cores) {
        eprintln!("not kept to its core: {error}");
    }
}

/// As many descriptors as may be had; says how many. What is started from now on has them too.
pub(crate) fn raise_descriptors() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        ..limit
    };
    if setrlimit(Resource::Nofile, most).is_err() {
        return limit.current.unwrap_or(u64::MAX);
    }
    limit.maximum.unwrap_or(u64::MAX)
}

/// Processor, cores, kernel and day, in one line.
pub(crate) fn name() -> String {
    let text = read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find(|l| l.starts_with("model name"));
    let model = model.and_then(|l| l.split_once(": ")).map_or("unknown processor", |(_, m)| m);
    let kernel = read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let kernel = kernel.split('-').next().unwrap_or_default().trim().to_owned();
    let day = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    format!("{day}, {model}, {} cores, Linux {kernel}", cores())
}

/// Largest and present memory of a process, bytes: `VmHWM`, `VmRSS`; `None` when it is gone.
pub(crate) fn memory(pid: u32, field: &str) -> Option<u64> {
    let text = read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix(field)?.strip_prefix(':'))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}
