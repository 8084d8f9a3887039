//! Local ports: how many there are for connections to one address, and when they run out.
//! It refuses to read the long table while the short count says that there is room.

use crate::model::format::count;
use crate::model::units::Nanos;

/// Looked at so often.
const PERIOD: Nanos = Nanos::from_secs(1);
/// Sockets in use, as a share of the range, from which on ports are counted one by one.
const SUSPICION: f64 = 0.5;
/// Ports in use, as a share of the range, that are told.
const FULL: f64 = 0.9;

/// The range of ports that the system gives out, ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    first: u16,
    last: u16,
}

/// The watch over them; says once that they run out.
#[derive(Debug, Default)]
pub(super) struct Ports {
    looked: Nanos,
    told: bool,
}

impl Ports {
    /// Something to tell, at most once a run.
    pub(super) fn look(&mut self, now: Nanos) -> Option<String> {
        if self.told || now < self.looked + PERIOD {
            return None;
        }
        self.looked = now;
        let range = range()?;
        if (sockets()? as f64) < SUSPICION * f64::from(range.size()) {
            return None;
        }
        let used = in_use(range);
        let full = used as f64 >= FULL * f64::from(range.size());
        self.told = full;
        full.then(|| {
            format!(
                "local ports run out: {} of {} in use (keep connections alive or widen net.ipv4.ip_local_port_range; one closed from here waits up to 60 s)",
                count(used),
                count(u64::from(range.size()))
            )
        })
    }
}

/// What to say before the start if `workers` connections to one address need more ports than are free.
pub(super) fn budget(workers: u32) -> Option<String> {
    let range = range()?;
    let used = if sockets()? > 0 { in_use(range) } else { 0 };
    short(workers, range, used)
}

fn short(workers: u32, range: Range, used: u64) -> Option<String> {
    let free = u64::from(range.size()).saturating_sub(used);
    (u64::from(workers) > free).then(|| {
        format!(
            "room for {} connections: {} of {} local ports are free, {} workers are allowed (widen net.ipv4.ip_local_port_range)",
            count(free),
            count(free),
            count(u64::from(range.size())),
            count(u64::from(workers))
        )
    })
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

/// TCP sockets of this network namespace, those that wait after a close included: two a connection on loopback.
fn sockets() -> Option<u64> {
    let four = parse_sockets(&read("/proc/net/sockstat")?)?;
    let six = read("/proc/net/sockstat6").and_then(|t| parse_sockets(&t));
    Some(four + six.unwrap_or(0))
}

/// `inuse` and `tw` of the line that begins with TCP.
fn parse_sockets(text: &str) -> Option<u64> {
    let line = text.lines().find(|l| l.starts_with("TCP"))?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let value = |name: &str| {
        let at = words.iter().position(|w| *w == name)?;
        words.get(at + 1)?.parse::<u64>().ok()
    };
    Some(value("inuse")? + value("tw").unwrap_or(0))
}

/// Ports of the range that some connection has.
fn in_use(range: Range) -> u64 {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|p| read(p).unwrap_or_default());
    let mut ports: Vec<u16> = tables.iter().flat_map(|t| t.lines().filter_map(local_port)).collect();
    ports.retain(|p| (range.first..=range.last).contains(p));
    ports.sort_unstable();
    ports.dedup();
    ports.len() as u64
}

/// Of a line such as `0: 0100007F:9C40 0100007F:1F90 01 …`.
fn local_port(line: &str) -> Option<u16> {
    let local = line.split_whitespace().nth(1)?;
    u16::from_str_radix(local.rsplit_once(':')?.1, 16).ok()
}

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_tables_are_read() {
        let range = parse_range("32768\t60999\n").unwrap();
        let sockstat = "sockets: used 290\nTCP: inuse 8 orphan 0 tw 35 alloc 9 mem 2\nUDP: inuse 1 mem 0\n";
        let line = "   1: 0100007F:9C40 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  0 0 1 1 0";

        assert_eq!((range.size(), parse_range("9 3")), (28_232, None));
        assert_eq!(
            (parse_sockets(sockstat), parse_sockets("TCP6: inuse 4\n")),
            (Some(43), Some(4))
        );
        assert_eq!(
            (local_port(line), local_port("  sl  local_address rem_address")),
            (Some(40_000), None)
        );
    }

    #[test]
    fn a_connection_of_ours_has_a_port_of_the_range() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let connection = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let port = connection.local_addr().unwrap().port();

        let only = Range { first: port, last: port };

        assert_eq!(in_use(only), 1);
        assert!(sockets().unwrap() >= 2);
    }

    #[test]
    fn more_workers_than_free_ports_are_told_with_both_figures() {
        let range = Range {
            first: 40_000,
            last: 40_019,
        };

        assert_eq!(short(18, range, 2), None);
        assert_eq!(
            short(4096, range, 2).as_deref(),
            Some(
                "room for 18 connections: 18 of 20 local ports are free, 4,096 workers are allowed (widen net.ipv4.ip_local_port_range)"
            )
        );
    }
}
