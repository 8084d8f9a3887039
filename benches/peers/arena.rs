//! Where generators meet: a private nginx on one core that counts, and one generator at a time on another.
//! It refuses to believe a generator's own count.
#![allow(dead_code, reason = "each bench uses its part")]

use crate::machine::{self, Cpu};
use crate::nginx::Nginx;
use crate::process::Call;
use std::time::Duration;

/// Share of the machine that others may take before a round is called noisy.
const FOREIGN: f64 = 0.10;
/// After its time a generator may finish for so long.
const GRACE: u64 = 5;

/// The target, with cores assigned where there are two.
pub(crate) struct Arena {
    /// The target.
    pub(crate) nginx: Nginx,
    /// Server on core 0, generators on core 1.
    pub(crate) pinned: bool,
}

/// What one generator did in one round, as the server and the kernel counted it.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    /// Requests that the server read.
    pub(crate) requests: u64,
    /// Of the generator, from its start to its end.
    pub(crate) cpu: Cpu,
    /// Most memory it had, bytes.
    pub(crate) memory: u64,
    /// Share of the machine that neither server nor generator took, in [0, 1].
    pub(crate) foreign: f64,
    /// What was wrong; the figures mean nothing then.
    pub(crate) fault: Option<String>,
}

impl Round {
    /// CPU seconds a million requests.
    pub(crate) fn cost(&self) -> f64 {
        self.cpu.total() / self.millions()
    }

    /// User and system part of the cost.
    pub(crate) fn parts(&self) -> (f64, f64) {
        (self.cpu.user / self.millions(), self.cpu.system / self.millions())
    }

    /// Others took much of the machine meanwhile.
    pub(crate) fn noisy(&self) -> bool {
        self.foreign > FOREIGN
    }

    fn millions(&self) -> f64 {
        self.requests as f64 / 1e6
    }
}

impl Arena {
    /// With these `location` blocks.
    pub(crate) fn new(locations: &str) -> Self {
        let descriptors = machine::raise_descriptors();
        if descriptors < 20_000 {
            eprintln!("only {descriptors} descriptors a process (more: ulimit -n 20000, or limits.conf)");
        }
        let nginx = Nginx::with(locations);
        let pinned = machine::cores() >= 2;
        if pinned {
            machine::pin(nginx.pid(), 0);
        }
        Self { nginx, pinned }
    }

    /// Runs one generator for about `seconds`; `look` is called with its process while it runs.
    pub(crate) fn round(&self, call: &Call, seconds: u64, look: impl FnMut(u32)) -> Round {
        let requests = self.settled();
        let (all, server, mine, children) = self.clocks();
        let core = self.pinned.then_some(1);
        let ended = call.run(core, Duration::from_secs(seconds + GRACE), look);
        let (all2, server2, mine2, children2) = self.clocks();
        let cpu = children2.since(children);
        let known = server2.since(server).total() + mine2.since(mine).total() + cpu.total();
        let foreign = (all2 - all - known) / ended.seconds / machine::cores() as f64;
        let requests = self.settled() - requests;
        let none = (requests == 0).then(|| "no request arrived".to_owned());
        Round {
            requests,
            cpu,
            memory: ended.memory,
            foreign: foreign.max(0.0),
            fault: ended.fault.or(none),
        }
    }

    fn clocks(&self) -> (f64, Cpu, Cpu, Cpu) {
        let (server, me) = (Cpu::of(self.nginx.pid()), Cpu::of(std::process::id()));
        (machine::everybody(), server, me, Cpu::children())
    }

    /// Requests so far, once what the last generator left behind is read.
    fn settled(&self) -> u64 {
        let mut before = self.nginx.counts().requests;
        loop {
            std::thread::sleep(Duration::from_millis(100));
            let now = self.nginx.counts().requests;
            if now == before {
                return now;
            }
            before = now;
        }
    }
}
