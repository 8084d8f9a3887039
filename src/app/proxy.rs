//! A proxy in the environment is not used: said once, where the target would be reached through it.

use std::net::IpAddr;

/// What is to be said for a target on `host`, whose variables `get` tells.
pub(super) fn unused(host: &str, get: impl Fn(&str) -> Option<String>) -> Option<String> {
    let set = |name: &&str| get(name).is_some_and(|value| !value.trim().is_empty());
    let name = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].into_iter().find(set)?;
    let exempt = get("no_proxy").or_else(|| get("NO_PROXY")).unwrap_or_default();
    if local(host) || exempt.split(',').any(|rule| covers(rule.trim(), host)) {
        return None;
    }
    Some(format!("{name} is set and not used: requests go straight to {host}"))
}

fn local(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|ip| ip.to_canonical().is_loopback())
}

/// `*`, the host itself, or a domain it is in.
fn covers(rule: &str, host: &str) -> bool {
    let (domain, host) = (rule.trim_start_matches('.').to_ascii_lowercase(), host.to_ascii_lowercase());
    let within = || host.strip_suffix(&domain).is_some_and(|front| front.ends_with('.'));
    rule == "*" || !domain.is_empty() && (host == domain || within())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(host: &str, variables: &[(&str, &str)]) -> Option<String> {
        let find = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        unused(host, find)
    }

    #[test]
    fn it_is_said_where_a_proxy_would_have_been_expected_and_only_there() {
        let proxy = ("http_proxy", "http://10.0.0.1:3128");

        assert_eq!(
            said("shop.example", &[proxy]).unwrap(),
            "http_proxy is set and not used: requests go straight to shop.example"
        );
        assert!(
            said("10.1.2.3", &[("ALL_PROXY", "socks5://x")])
                .unwrap()
                .starts_with("ALL_PROXY")
        );
        for host in ["localhost", "127.0.0.2", "[::1]", "::ffff:127.0.0.1"] {
            assert_eq!(said(host, &[proxy]), None, "{host}");
        }
        for rule in ["*", "shop.example", ".example", "a.b, EXAMPLE"] {
            assert_eq!(said("shop.example", &[proxy, ("no_proxy", rule)]), None, "{rule}");
        }
        assert!(said("myexample", &[proxy, ("no_proxy", "example")]).is_some());
        assert_eq!(said("shop.example", &[("http_proxy", "")]), None);
    }
}
