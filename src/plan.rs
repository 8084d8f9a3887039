//! What the flags mean: validated, immutable, complete. Everything after this believes it.
//! It refuses text that was typed and machines that must be asked; `cli` has the one, `app` the other.

pub mod header;
pub mod secret;
pub mod target;

use crate::load::{Traffic, throttle};
use crate::model::demand::Overflow;
use crate::model::run::Profile;
use crate::model::units::Nanos;
use std::net::IpAddr;
use std::sync::Arc;

/// How the target is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `host:port`: the probe decides.
    Bare,
    /// `http://`, or `host:port/path`.
    Http,
    /// `tcp://`.
    Tcp,
}

/// Where to. `host` is without brackets; `path` begins with `/` and has its query, no fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The protocol asked for.
    pub scheme: Scheme,
    /// Name or address.
    pub host: String,
    /// In [1, 65535].
    pub port: u16,
    /// HTTP path and query.
    pub path: String,
}

impl Target {
    /// `host:port`, IPv6 in brackets: the HTTP Host header and the address to resolve.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// Where an answer ends, for raw TCP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Framing {
    /// At the first byte read.
    Any,
    /// No answer is awaited.
    None,
    /// When the peer closes.
    Eof,
    /// After this many bytes, ≥ 1.
    Bytes(u64),
    /// After a 16-bit big-endian length and that many bytes.
    Len16,
    /// After a 32-bit big-endian length and that many bytes.
    Len32,
    /// After these bytes, not empty.
    Delimiter(Vec<u8>),
}

/// What is expected of an answer's content.
#[derive(Clone, Debug)]
pub enum Content {
    /// The expression matches somewhere in it.
    Matches(regex::bytes::Regex),
    /// Its SHA-256.
    Sha256([u8; 32]),
}

/// Which answers are good.
#[derive(Clone, Debug, Default)]
pub struct Expect {
    /// Inclusive ranges; empty means 200–399. Status 0 (no status in the protocol) is always good.
    pub status: Vec<(u16, u16)>,
    /// All of it must hold.
    pub content: Vec<Content>,
}

impl Expect {
    /// Whether an answer with this status is good.
    pub fn good(&self, status: u16) -> bool {
        status == 0
            || if self.status.is_empty() {
                (GOOD.0..=GOOD.1).contains(&status)
            } else {
                self.status.iter().any(|(a, b)| (*a..=*b).contains(&status))
            }
    }

    /// This status is good too, beside those that are without being asked for.
    pub fn also(&mut self, status: u16) {
        if !self.good(status) {
            if self.status.is_empty() {
                self.status.push(GOOD);
            }
            self.status.push((status, status));
        }
    }

    /// As typed: `status=200-299,404`.
    pub fn statuses(&self) -> String {
        let list: Vec<String> = self
            .status
            .iter()
            .map(|(a, b)| if a == b { a.to_string() } else { format!("{a}-{b}") })
            .collect();
        format!("status={}", list.join(","))
    }

    /// As typed: `body~REGEX` and `sha256=HEX`.
    pub fn contents(&self) -> String {
        let list: Vec<String> = self
            .content
            .iter()
            .map(|c| match c {
                Content::Matches(regex) => format!("body~{regex}"),
                Content::Sha256(hash) => {
                    let hex: String = hash.iter().map(|b| format!("{b:02x}")).collect();
                    format!("sha256={hex}")
                }
            })
            .collect();
        list.join(" --expect ")
    }
}

/// Good where nothing is expected.
const GOOD: (u16, u16) = (200, 399);

/// What one request is.
#[derive(Clone, Debug)]
pub struct Request {
    /// HTTP method, upper case.
    pub method: String,
    /// Headers the user gave, in order; they replace the defaults of the same name.
    pub headers: Vec<(String, String)>,
    /// HTTP body or TCP payload; `None`: none was given.
    pub body: Option<Arc<[u8]>>,
    /// TCP framing.
    pub framing: Framing,
    /// Keep connections between exchanges.
    pub keepalive: bool,
    /// Close after this many exchanges.
    pub per_connection: Option<u64>,
    /// What is good.
    pub expect: Expect,
}

/// Limits in time.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// A whole exchange from when a worker took it, dial included (`-t`).
    pub request: Nanos,
    /// Making one connection.
    pub connect: Nanos,
    /// After the end: exchanges under way may finish.
    pub drain: Nanos,
}

/// What the engine needs to send.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where to.
    pub target: Target,
    /// What.
    pub request: Request,
    /// Limits in time.
    pub timeouts: Timeouts,
    /// Exactly this many exchanges over all lanes (`-n`).
    pub requests: Option<u64>,
    /// Lanes, ≥ 1.
    pub threads: usize,
    /// Connects per second over all lanes.
    pub connect_rate: f64,
    /// Where connections come from, in turn, all of the target's family; none: the system chooses.
    pub sources: Vec<IpAddr>,
    /// Fast or gentle.
    pub profile: Profile,
    /// Policy of the client queue.
    pub overflow: Overflow,
    /// Most workers there may ever be: descriptors are raised for them.
    pub max_workers: u32,
    /// The run begins in the open model.
    pub open: bool,
    /// What is fixed about open traffic.
    pub traffic: Traffic,
    /// Credits that every exchange costs one of; `None`: no throttle.
    pub throttle: Option<throttle::Terms>,
    /// Alarms ring for every arrival, however soon after the last: exact, and dear in CPU (open model).
    pub precise: bool,
    /// Seed of every random choice.
    pub seed: u64,
}

impl Plan {
    /// One GET after another on kept connections, one lane, nothing limited but time: what a plan says before anything is
    /// asked for.
    pub fn plain(target: Target) -> Self {
        Self {
            target,
            request: Request {
                method: "GET".into(),
                headers: Vec::new(),
                body: None,
                framing: Framing::Any,
                keepalive: true,
                per_connection: None,
                expect: Expect::default(),
            },
            timeouts: Timeouts {
                request: Nanos::from_secs(10),
                connect: Nanos::from_secs(5),
                drain: Nanos::from_secs(2),
            },
            requests: None,
            threads: 1,
            connect_rate: 20_000.0,
            sources: Vec::new(),
            profile: Profile::Fast,
            overflow: Overflow::Drop,
            max_workers: 64,
            open: false,
            traffic: Traffic::default(),
            throttle: None,
            precise: false,
            seed: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_expectations_two_and_three_hundreds_are_good() {
        let e = Expect::default();

        assert_eq!(
            [0, 199, 200, 302, 399, 404, 503].map(|s| e.good(s)),
            [true, false, true, true, true, false, false]
        );
    }

    #[test]
    fn a_status_that_is_let_pass_joins_the_default() {
        let mut e = Expect::default();
        e.also(503);
        e.also(302);

        assert_eq!([200, 302, 404, 500, 503].map(|s| e.good(s)), [true, true, false, false, true]);
        assert_eq!(e.statuses(), "status=200-399,503");
    }

    #[test]
    fn an_expectation_replaces_the_default() {
        let e = Expect {
            status: vec![(404, 404), (500, 599)],
            ..Expect::default()
        };

        assert_eq!([200, 404, 503].map(|s| e.good(s)), [false, true, true]);
    }
}
