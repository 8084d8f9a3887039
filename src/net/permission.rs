//! Which addresses may be loaded, decided before a byte goes to them. A dialer takes nothing but an address permitted here,
//! so whatever names an address later (another record of the name, another origin) has to pass the same way.

use super::resolve::Place;
use std::net::{IpAddr, SocketAddr};

/// An address that may be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permitted {
    address: SocketAddr,
    place: Place,
}

impl Permitted {
    /// Where connections go.
    pub fn address(self) -> SocketAddr {
        self.address
    }

    /// How far away that is: it decides profile and limits.
    pub fn place(self) -> Place {
        self.place
    }
}

/// What the user has allowed: this machine and private networks without a word, public addresses on one.
#[derive(Clone, Debug)]
pub struct Permission {
    every: bool,
    granted: Vec<SocketAddr>,
    place: fn(IpAddr) -> Place,
}

impl Permission {
    /// `yes`: `--yes` was said, which answers for every address.
    pub fn new(yes: bool) -> Self {
        Self {
            every: yes,
            granted: Vec::new(),
            place: Place::of,
        }
    }

    /// With another idea of where addresses are, so that tests need no public ones.
    #[cfg(test)]
    pub(crate) fn placing(self, place: fn(IpAddr) -> Place) -> Self {
        Self { place, ..self }
    }

    /// The address, if it may be loaded.
    pub fn of(&self, address: SocketAddr) -> Option<Permitted> {
        let place = (self.place)(address.ip());
        let may = place != Place::Public || self.every || self.granted.contains(&address);
        may.then_some(Permitted { address, place })
    }

    /// The user has allowed this one too.
    pub fn grant(&mut self, address: SocketAddr) {
        self.granted.push(address);
    }

    /// Those that may be tried in this order without a question, and the one that needs it, after which nothing may be tried.
    pub fn leading(&self, addresses: &[SocketAddr]) -> (Vec<Permitted>, Option<SocketAddr>) {
        let may: Vec<Permitted> = addresses.iter().map_while(|a| self.of(*a)).collect();
        let next = addresses.get(may.len()).copied();
        (may, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(addresses: &[&str]) -> Vec<SocketAddr> {
        addresses.iter().map(|a| a.parse().unwrap()).collect()
    }

    #[test]
    fn a_public_address_behind_a_near_one_needs_its_own_permission() {
        let names = all(&["127.0.0.1:80", "[::1]:80", "203.0.113.7:80", "10.0.0.1:80", "192.0.2.1:80"]);
        let near = &names[..2];
        let mut permission = Permission::new(false);

        let (may, next) = permission.leading(&names);
        assert_eq!(may.iter().map(|p| p.address()).collect::<Vec<_>>(), near);
        assert_eq!(next, Some(names[2]));

        permission.grant(names[2]);
        let (may, next) = permission.leading(&names);
        assert_eq!((may.len(), next), (4, Some(names[4])), "one word is for one address");

        let (may, next) = Permission::new(true).leading(&names);
        assert_eq!((may.len(), next), (5, None));
        assert_eq!((may[1].place(), may[4].place()), (Place::Loopback, Place::Public));
    }

    #[test]
    fn a_public_address_that_comes_first_is_never_stepped_over() {
        let names = all(&["203.0.113.7:80", "127.0.0.1:80"]);

        assert_eq!(Permission::new(false).leading(&names), (vec![], Some(names[0])));
    }
}
