//! `--source-ip`: the addresses that connections come from.
//! It refuses names and mixed families; whether an address is ours is asked later, of the system.

use std::net::IpAddr;

/// All of them, in order, each once.
///
/// # Errors
/// A sentence naming the remedy.
pub(super) fn sources(given: &[String]) -> Result<Vec<IpAddr>, String> {
    let mut list: Vec<IpAddr> = Vec::new();
    for text in given.iter().flat_map(|g| g.split(',')) {
        let ip = text.trim().parse::<IpAddr>().map(|ip| ip.to_canonical()).map_err(|_| {
            format!("--source-ip {text:?} is not an IP address (say one of this machine's, or several: 127.0.0.2,127.0.0.3)")
        })?;
        if ip.is_unspecified() {
            return Err(format!(
                "--source-ip {ip} is any address (leave it out and the system chooses)"
            ));
        }
        if list.first().is_some_and(|first| first.is_ipv4() != ip.is_ipv4()) {
            return Err(format!(
                "--source-ip {ip} is of another family than {} (give those of the target's family)",
                list[0]
            ));
        }
        if !list.contains(&ip) {
            list.push(ip);
        }
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(given: &[&str]) -> Result<Vec<IpAddr>, String> {
        sources(&given.iter().map(|g| g.to_string()).collect::<Vec<_>>())
    }

    #[test]
    fn lists_and_repetitions_are_one_list_without_doubles() {
        let list = parse(&["127.0.0.2,127.0.0.3", "127.0.0.2", "::ffff:127.0.0.4"]).unwrap();

        assert_eq!(
            list,
            ["127.0.0.2", "127.0.0.3", "127.0.0.4"].map(|t| t.parse::<IpAddr>().unwrap())
        );
        assert_eq!(parse(&[]), Ok(vec![]));
    }

    #[test]
    fn what_is_no_list_of_addresses_names_the_remedy() {
        for (given, remedy) in [
            ("localhost", "127.0.0.2,127.0.0.3"),
            ("127.0.0.2:80", "is not an IP address"),
            ("127.0.0.2,", "is not an IP address"),
            ("0.0.0.0", "leave it out"),
            ("127.0.0.2,::1", "another family"),
        ] {
            let said = parse(&[given]).unwrap_err();
            assert!(said.contains(remedy), "{given}: {said}");
        }
    }
}
