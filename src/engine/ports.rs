//! Local ports: how many there are for connections to the target, and when they run out.
//! It refuses to read the long table while the short count says that there is room.

use crate::model::format::count;
use crate::model::units::Nanos;
use crate::plan::Plan;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Looked at so often.
const PERIOD: Nanos = Nanos::from_secs(1);
/// After the long table was read in vain: with tens of thousands of lines that takes tens of milliseconds.
const PAUSE: Nanos = Nanos::from_secs(5);
/// Ports in use, as a share of all, that are told.
const FULL: f64 = 0.9;

/// So many ports are looked through in no time.
const LONG: u32 = 4096;

/// The range of ports that the system gives out, ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    first: u16,
    last: u16,
}

/// Connections that take ports from each other: to one port of the target, each source having a range of its own.
#[derive(Clone, Debug, Default)]
struct Way {
    sources: Vec<IpAddr>, // none: one, whichever the system chooses
    to: u16,
    again: Again,
}

/// Whether ports that wait after a close are given out again: `tcp_tw_reuse`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Again {
    #[default]
    No,
    /// Those between two ends of this machine.
    Loopback,
    All,
}

/// A line of the system's tables.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Line {
    from: IpAddr,
    port: u16,
    to: u16,
    waits: bool,
}

/// The watch over them; says once that they run out.
#[derive(Debug, Default)]
pub(super) struct Ports {
    way: Way,
    next: Nanos, // not looked at before
    told: bool,
}

impl Ports {
    /// On the plan's way to its target.
    pub(super) fn new(plan: &Plan) -> Self {
        let way = Way {
            sources: plan.sources.clone(),
            to: plan.target.port,
            again: again(),
        };
        Self { way, ..Self::default() }
    }

    /// Something to tell while `open` connections are ours, at most once a run.
    pub(super) fn look(&mut self, now: Nanos, open: u64) -> Option<String> {
        if self.told || now < self.next {
            return None;
        }
        self.next = now + PERIOD;
        let range = range()?;
        let full = FULL * self.way.capacity(range) as f64;
        // What is not open and has a port waits after its close.
        if ((open + waiting()?) as f64) < full {
            return None;
        }
        let used = self.way.used(range, &tables());
        self.next = now + PAUSE;
        self.told = used as f64 >= full;
        self.told.then(|| {
            format!(
                "local ports run out: {} of {} in use (more addresses to connect from: --source-ip; or keep connections alive, or widen net.ipv4.ip_local_port_range; one closed from here waits up to 60 s)",
                count(used),
                count(self.way.capacity(range))
            )
        })
    }

    /// What to say before the start if `workers` connections need more ports than are free, or than are found soon.
    pub(super) fn budget(&self, workers: u32) -> Option<String> {
        let range = range()?;
        let used = self.way.used(range, &tables());
        self.way.short(workers, range, used).or_else(|| self.way.slow(workers, range))
    }
}

impl Way {
    /// Connections there may be.
    fn capacity(&self, range: Range) -> u64 {
        u64::from(range.size()) * self.sources.len().max(1) as u64
    }

    fn short(&self, workers: u32, range: Range, used: u64) -> Option<String> {
        let free = self.capacity(range).saturating_sub(used);
        (u64::from(workers) > free).then(|| {
            format!(
                "room for {} connections: {} of {} local ports are free, {} workers are allowed (more addresses to connect from: --source-ip; or widen net.ipv4.ip_local_port_range)",
                count(free),
                count(free),
                count(self.capacity(range)),
                count(u64::from(workers))
            )
        })
    }

    /// Linux gives out every other port first. Once these are taken, each connect looks through all of them before it tries
    /// the others: of the usual 28,232 ports that is a millisecond of CPU each, on the thread that sends.
    fn slow(&self, workers: u32, range: Range) -> Option<String> {
        let soon = self.capacity(range) / 2;
        (u64::from(workers) > soon && range.size() > LONG).then(|| {
            format!(
                "connecting beyond {} connections is slow and takes CPU from sending: the system looks through {} local ports for each (more addresses to connect from: --source-ip)",
                count(soon),
                count(u64::from(range.size() / 2))
            )
        })
    }

    /// Ports of the range that connections on this way have, by the system's tables.
    fn used(&self, range: Range, tables: &str) -> u64 {
        let ours = |l: &Line| {
            let from = self.sources.is_empty() || self.sources.contains(&l.from);
            from && l.to == self.to && (range.first..=range.last).contains(&l.port)
        };
        let free = |l: &Line| match self.again {
            Again::No => false,
            Again::Loopback => l.waits && l.from.is_loopback(),
            Again::All => l.waits,
        };
        tables.lines().filter_map(parse_line).filter(|l| ours(l) && !free(l)).count() as u64
    }
}

impl Range {
    fn size(self) -> u32 {
        u32::from(self.last - self.first) + 1
    }
}

fn range() -> Option<Range> {
    parse_range(&read("/proc/sys/net/ipv4/ip_local_port_range")?)
}

fn parse_range(text: &str) -> Option<Range> {
    let mut ends = text.split_whitespace().map(str::parse);
    let (first, last) = (ends.next()?.ok()?, ends.next()?.ok()?);
    (first <= last).then_some(Range { first, last })
}

/// TCP sockets of this network namespace that wait after a close, of both families.
fn waiting() -> Option<u64> {
    parse_waiting(&read("/proc/net/sockstat")?)
}

/// `tw` of the line that begins with TCP.
fn parse_waiting(text: &str) -> Option<u64> {
    let line = text.lines().find(|l| l.starts_with("TCP:"))?;
    let mut words = line.split_whitespace().skip_while(|w| *w != "tw");
    words.nth(1)?.parse().ok()
}

/// All TCP sockets of this network namespace.
fn tables() -> String {
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .map(|p| read(p).unwrap_or_default())
        .concat()
}

fn again() -> Again {
    match read("/proc/sys/net/ipv4/tcp_tw_reuse").as_deref().map(str::trim) {
        Some("1") => Again::All,
        Some("2") => Again::Loopback,
        _ => Again::No,
    }
}

/// Of a line such as `0: 0100007F:9C40 0100007F:1F90 01 …`: local and remote end, state.
fn parse_line(line: &str) -> Option<Line> {
    let mut words = line.split_whitespace().skip(1);
    let (local, remote) = (words.next()?.rsplit_once(':')?, words.next()?.rsplit_once(':')?);
    let port = |text| u16::from_str_radix(text, 16).ok();
    Some(Line {
        from: address(local.0)?,
        port: port(local.1)?,
        to: port(remote.1)?,
        waits: words.next()? == "06",
    })
}

/// Words of 32 bits, each in this machine's order.
fn address(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| u32::from_str_radix(hex.get(at..at + 8)?, 16).ok().map(u32::to_ne_bytes);
    match hex.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let mut bytes = [0; 16];
            for (i, four) in bytes.chunks_exact_mut(4).enumerate() {
                four.copy_from_slice(&word(8 * i)?);
            }
            Some(IpAddr::from(Ipv6Addr::from(bytes)).to_canonical())
        }
        _ => None,
    }
}

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two from 127.0.0.1 and one from 127.0.0.2 to port 8080, one of the server's ends, one to another port.
    const TABLE: &str = "  sl  local_address rem_address   st\n\
        0: 0100007F:9C40 0100007F:1F90 01\n\
        1: 0100007F:9C41 0100007F:1F90 06\n\
        2: 0200007F:9C40 0100007F:1F90 01\n\
        3: 0100007F:1F90 0100007F:9C40 01\n\
        4: 0100007F:9C42 0100007F:0050 01\n";
    const RANGE: Range = Range {
        first: 40_000,
        last: 40_019,
    };

    fn way(sources: &[&str]) -> Way {
        Way {
            sources: sources.iter().map(|s| s.parse().unwrap()).collect(),
            to: 8080,
            again: Again::No,
        }
    }

    #[test]
    fn the_systems_tables_are_read() {
        let range = parse_range("32768\t60999\n").unwrap();
        let sockstat = "sockets: used 290\nTCP: inuse 8 orphan 0 tw 35 alloc 9 mem 2\nUDP: inuse 1 mem 0\n";
        let six = "0: 0000000000000000FFFF00000100007F:9C40 00000000000000000000000001000000:1F90 01";

        assert_eq!((range.size(), parse_range("9 3")), (28_232, None));
        assert_eq!((parse_waiting(sockstat), parse_waiting("TCP6: inuse 4\n")), (Some(35), None));
        let line = Line {
            from: "127.0.0.1".parse().unwrap(),
            port: 40_000,
            to: 8080,
            waits: false,
        };
        assert_eq!(parse_line(six), Some(line));
        assert_eq!(address("00000000000000000000000001000000"), Some("::1".parse().unwrap()));
        assert_eq!(parse_line("  sl  local_address rem_address   st"), None);
    }

    #[test]
    fn only_connections_on_the_way_to_the_target_take_its_ports() {
        assert_eq!(way(&[]).used(RANGE, TABLE), 3);
        assert_eq!(way(&["127.0.0.2"]).used(RANGE, TABLE), 1);
        assert_eq!(way(&["127.0.0.1", "127.0.0.2"]).used(RANGE, TABLE), 3);
        let reused = Way {
            again: Again::Loopback,
            ..way(&[])
        };
        assert_eq!(
            reused.used(RANGE, TABLE),
            2,
            "one waits after its close, and may be had again"
        );
    }

    #[test]
    fn a_connection_of_ours_is_found_in_the_tables() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let to = listener.local_addr().unwrap().port();
        let connection = std::net::TcpStream::connect(("127.0.0.1", to)).unwrap();
        let port = connection.local_addr().unwrap().port();

        let only = Range { first: port, last: port };

        assert_eq!(
            Way {
                to,
                ..way(&["127.0.0.1"])
            }
            .used(only, &tables()),
            1
        );
        assert!(waiting().is_some());
    }

    #[test]
    fn more_workers_than_free_ports_are_told_with_both_figures_and_every_source_has_a_range() {
        assert_eq!(way(&[]).short(18, RANGE, 2), None);
        assert_eq!(
            way(&[]).short(4096, RANGE, 2).as_deref(),
            Some(
                "room for 18 connections: 18 of 20 local ports are free, 4,096 workers are allowed (more addresses to connect from: --source-ip; or widen net.ipv4.ip_local_port_range)"
            )
        );
        assert_eq!(way(&["127.0.0.1", "127.0.0.2"]).short(38, RANGE, 2), None);
        let said = way(&["127.0.0.1", "127.0.0.2"]).short(39, RANGE, 2).unwrap();
        assert!(said.starts_with("room for 38 connections: 38 of 40 local ports"), "{said}");
    }

    #[test]
    fn more_workers_than_half_of_a_long_range_are_told_that_connecting_is_slow() {
        let usual = parse_range("32768 60999").unwrap();

        assert_eq!(way(&[]).slow(14_116, usual), None);
        assert_eq!(way(&["127.0.0.1", "127.0.0.2"]).slow(19_000, usual), None);
        let said = way(&[]).slow(14_117, usual).unwrap();
        assert!(
            said.contains("beyond 14,116 connections") && said.contains("--source-ip"),
            "{said}"
        );
        assert_eq!(way(&[]).slow(20, RANGE), None, "a short range is soon looked through");
    }

    #[test]
    fn the_long_table_is_not_read_while_there_is_room() {
        let mut ports = Ports {
            way: way(&[]),
            ..Ports::default()
        };

        assert_eq!(ports.look(Nanos::from_secs(1), 0), None);

        assert_eq!(ports.next, Nanos::from_secs(2), "not the pause behind a table");
    }
}
