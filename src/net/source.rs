//! Addresses of this machine that connections come from, one after the other.
//! It refuses to guess: an address that is not ours, or cannot reach the target, is an error before the start.
//!
//! A port is chosen when the connection is made, not when its end is bound: the same port may then go to several targets,
//! and each source has a whole range of ports towards one.

use socket2::{Domain, Protocol, Socket, Type};
use std::cell::Cell;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// Whose turn it is.
#[derive(Debug)]
pub struct Sources {
    list: Vec<IpAddr>,
    turn: Cell<usize>, // in [0, len), or 0
}

impl Sources {
    /// Round robin over these, beginning at the `first`-th; none: the system chooses.
    pub fn new(list: Vec<IpAddr>, first: usize) -> Self {
        let turn = Cell::new(first % list.len().max(1));
        Self { list, turn }
    }

    /// The same, beginning at another.
    pub fn beginning(self, first: usize) -> Self {
        Self::new(self.list, first)
    }

    /// The next one; `None`: the system chooses.
    pub fn next(&self) -> Option<IpAddr> {
        let turn = self.turn.get();
        let source = *self.list.get(turn)?;
        self.turn.set((turn + 1) % self.list.len());
        Some(source)
    }
}

/// A socket that does not block, for a connection to `address`, from `source` if it is given.
///
/// # Errors
/// The system's: not an address of this machine, or no descriptor left.
pub fn socket(address: SocketAddr, source: Option<IpAddr>) -> io::Result<Socket> {
    let kind = Type::STREAM.nonblocking().cloexec();
    let socket = Socket::new(Domain::for_address(address), kind, Some(Protocol::TCP))?;
    if let Some(source) = source {
        // Refused: the port is chosen now, and a source has fewer of them.
        #[cfg(target_os = "linux")]
        let _ = nix::sys::socket::setsockopt(&socket, nix::sys::socket::sockopt::IpBindAddressNoPort, &true);
        socket.bind(&SocketAddr::new(source, 0).into())?;
    }
    Ok(socket)
}

/// Whether every one of them is an address of this machine.
///
/// # Errors
/// A sentence with the system's words and the remedy.
pub fn check(sources: &[IpAddr]) -> Result<(), String> {
    for source in sources {
        socket(SocketAddr::new(*source, 0), Some(*source)).map_err(|e| {
            format!("--source-ip {source}: {e} (it has to be an address of this machine: ip addr lists them, ip addr add gives it one)")
        })?;
    }
    Ok(())
}

/// Those of the target's addresses that connections from `sources`, all of one family, can go to.
///
/// # Errors
/// There are none: a sentence with the remedy.
pub fn reached(sources: &[IpAddr], addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, String> {
    let Some(source) = sources.first() else {
        return Ok(addresses);
    };
    let family = |v4: bool| if v4 { "IPv4" } else { "IPv6" };
    let given = addresses.first().copied();
    let kept: Vec<SocketAddr> = addresses.into_iter().filter(|a| a.is_ipv4() == source.is_ipv4()).collect();
    match given {
        Some(address) if kept.is_empty() => Err(format!(
            "--source-ip {source} is {}, and the target {address} is {} (give sources of the target's family)",
            family(source.is_ipv4()),
            family(address.is_ipv4())
        )),
        _ => Ok(kept),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn sources_take_turns_from_the_first_asked_for() {
        let list = vec![ip("127.0.0.1"), ip("127.0.0.2"), ip("127.0.0.3")];

        let sources = Sources::new(list.clone(), 4);

        assert_eq!(
            [(); 4].map(|()| sources.next().unwrap()),
            [list[1], list[2], list[0], list[1]]
        );
        assert_eq!(Sources::new(vec![], 3).next(), None);
    }

    #[test]
    fn an_address_of_another_machine_is_refused_with_the_remedy() {
        let said = check(&[ip("127.0.0.2"), ip("192.0.2.77")]).unwrap_err();

        assert!(said.contains("192.0.2.77") && said.contains("ip addr"), "{said}");
        assert_eq!(check(&[ip("127.0.0.2"), ip("127.0.0.3")]), Ok(()));
    }

    #[test]
    fn only_addresses_of_the_sources_family_are_kept() {
        let (four, six) = ("127.0.0.1:80".parse().unwrap(), "[::1]:80".parse().unwrap());

        assert_eq!(reached(&[ip("127.0.0.2")], vec![six, four]), Ok(vec![four]));
        assert_eq!(reached(&[], vec![six, four]), Ok(vec![six, four]));
        let said = reached(&[ip("127.0.0.2")], vec![six]).unwrap_err();
        assert!(said.contains("is IPv4, and the target [::1]:80 is IPv6"), "{said}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_bound_socket_has_no_port_until_it_connects() {
        let bound = socket("127.0.0.1:80".parse().unwrap(), Some(ip("127.0.0.2"))).unwrap();

        assert_eq!(bound.local_addr().unwrap().as_socket(), "127.0.0.2:0".parse().ok());
    }
}
