//! Names become addresses once, before the run; the addresses are pinned and decide how boldly to load.
//! It refuses to ask again: a changed record must never re-aim the load.

use crate::model::run::Profile;
use crate::model::units::Nanos;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use tokio::sync::oneshot;

/// Longest time to wait for the system's resolver.
pub const PATIENCE: Nanos = Nanos::from_secs(5);

/// How far away an address is, as far as permission to load it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// This machine.
    Loopback,
    /// Private and link-local ranges (RFC 1918, RFC 3927, RFC 4193, RFC 4291 section 2.5.6).
    Private,
    /// Everything else.
    Public,
}

impl Place {
    /// Where an address is. Mapped IPv4 addresses count as what they carry; the unspecified address reaches this machine.
    pub fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(v4) => Self::of_v4(v4),
            IpAddr::V6(v6) if v6.is_loopback() || v6.is_unspecified() => Self::Loopback,
            IpAddr::V6(v6) if v6.is_unique_local() || v6.is_unicast_link_local() => Self::Private,
            IpAddr::V6(_) => Self::Public,
        }
    }

    fn of_v4(ip: Ipv4Addr) -> Self {
        if ip.is_loopback() || ip.is_unspecified() {
            Self::Loopback
        } else if ip.is_private() || ip.is_link_local() {
            Self::Private
        } else {
            Self::Public
        }
    }

    /// `loopback`, `private` or `public`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::Public => "public",
        }
    }

    /// The profile such a target is loaded with unless `--ramp` says otherwise.
    pub fn profile(self) -> Profile {
        match self {
            Self::Loopback => Profile::Fast,
            Self::Private | Self::Public => Profile::Gentle,
        }
    }
}

/// All addresses of a host in the resolver's order, without repetition, at least one.
///
/// # Errors
/// A sentence with the system's own words; the class is `dns`. A resolver that is silent for `patience` is given up.
pub async fn resolve(host: &str, port: u16, patience: Nanos) -> Result<Vec<SocketAddr>, String> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let (answer, answered) = oneshot::channel();
    let name = host.to_owned();
    // A thread, because the system's resolver cannot be interrupted; when it is given up it ends with the process.
    std::thread::spawn(move || {
        let found = (name.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
        answer.send(found).ok();
    });
    match tokio::time::timeout(patience.duration(), answered).await {
        Ok(Ok(Ok(addresses))) => distinct(host, port, addresses),
        Ok(Ok(Err(e))) => Err(format!("cannot resolve {host:?}: {e}")),
        Ok(Err(_)) | Err(_) => Err(format!("cannot resolve {host:?}: the resolver was silent for {patience}")),
    }
}

fn distinct(host: &str, port: u16, addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, String> {
    let mut seen = Vec::with_capacity(addresses.len());
    let found = !addresses.is_empty();
    // `localhost` is this machine in both families, whatever the table of hosts says (RFC 6761 section 6.3).
    let both: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    let own = both.map(|ip| SocketAddr::new(ip, port));
    let own = own.into_iter().filter(|_| found && host.eq_ignore_ascii_case("localhost"));
    for address in addresses.into_iter().chain(own) {
        if !seen.contains(&address) {
            seen.push(address);
        }
    }
    if seen.is_empty() {
        return Err(format!("cannot resolve {host:?}: the name has no address"));
    }
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(host: &str, patience: Nanos) -> Result<Vec<SocketAddr>, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(resolve(host, 80, patience))
    }

    #[test]
    fn addresses_are_placed_by_the_range_they_are_in() {
        for (ip, place) in [
            ("127.0.0.1", Place::Loopback),
            ("127.9.9.9", Place::Loopback),
            ("::1", Place::Loopback),
            ("::ffff:127.0.0.1", Place::Loopback),
            ("0.0.0.0", Place::Loopback),
            ("10.2.0.14", Place::Private),
            ("172.16.0.1", Place::Private),
            ("172.32.0.1", Place::Public),
            ("192.168.1.1", Place::Private),
            ("169.254.1.1", Place::Private),
            ("fe80::1", Place::Private),
            ("fd00::1", Place::Private),
            ("::ffff:8.8.8.8", Place::Public),
            ("100.64.0.1", Place::Public),
            ("2001:db8::1", Place::Public),
        ] {
            assert_eq!(Place::of(ip.parse().unwrap()), place, "{ip}");
        }
    }

    #[test]
    fn only_this_machine_is_loaded_boldly() {
        assert_eq!(Place::Loopback.profile(), Profile::Fast);
        assert_eq!(Place::Private.profile(), Profile::Gentle);
        assert_eq!(Place::Public.profile(), Profile::Gentle);
    }

    #[test]
    fn literal_addresses_need_no_resolver() {
        let no_patience = Nanos::ZERO;

        assert_eq!(found("::1", no_patience), Ok(vec!["[::1]:80".parse().unwrap()]));
    }

    #[test]
    fn localhost_is_tried_in_the_family_that_its_table_left_out() {
        let v4: SocketAddr = "127.0.0.1:80".parse().unwrap();
        let v6: SocketAddr = "[::1]:80".parse().unwrap();

        assert_eq!(distinct("localhost", 80, vec![v4, v4]), Ok(vec![v4, v6]));
        assert_eq!(distinct("LOCALHOST", 80, vec![v6]), Ok(vec![v6, v4]));
        assert_eq!(distinct("here", 80, vec![v4]), Ok(vec![v4]));
    }

    #[test]
    fn a_name_that_does_not_exist_is_told_in_the_systems_words() {
        let told = found("no-such-host.invalid", PATIENCE).unwrap_err();

        assert!(told.starts_with("cannot resolve \"no-such-host.invalid\": "), "{told}");
    }
}
