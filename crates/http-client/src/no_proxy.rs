//! `NO_PROXY`: the hosts that are called without a proxy.

use std::net::IpAddr;

use ipnet::IpNet;

/// The rules of one `NO_PROXY`.
///
/// They stand between commas or blanks: `*`, a domain that is meant with all below it (`example.com`, `.example.com`,
/// `*.example.com`), an address, or a network (`10.0.0.0/8`), each with a port or for all of them. Networks and addresses are
/// compared with addresses in URLs; no name is looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NoProxy(Vec<Rule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    All,
    Network(IpNet),
    /// In lower case, without dots around it.
    Domain(String),
}

impl NoProxy {
    pub(crate) fn parse(text: &str) -> Self {
        let entries = text.split(|c: char| c == ',' || c.is_whitespace());
        Self(entries.filter(|entry| !entry.is_empty()).filter_map(Rule::parse).collect())
    }

    /// Whether that host, as it stands in a URL, is called without a proxy.
    pub(crate) fn lists(&self, host: &str, port: u16) -> bool {
        let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        let address = host.parse::<IpAddr>().ok().map(|address| address.to_canonical());
        self.0.iter().any(|rule| {
            rule.port.is_none_or(|own| own == port)
                && match (&rule.hosts, address) {
                    (Hosts::All, _) => true,
                    (Hosts::Network(network), Some(address)) => network.contains(&address),
                    (Hosts::Domain(domain), None) => is_within(&host, domain),
                    _ => false,
                }
        })
    }
}

fn is_within(host: &str, domain: &str) -> bool {
    let before = host.strip_suffix(domain);
    before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

impl Rule {
    fn parse(entry: &str) -> Option<Self> {
        let rule = |hosts, port| Some(Self { hosts, port });
        if let Some(network) = network(entry) {
            return rule(Hosts::Network(network), None);
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (entry, None),
        };
        if let Some(network) = network(host) {
            return rule(Hosts::Network(network), port);
        }
        let domain = host.strip_prefix('*').unwrap_or(host);
        match domain.trim_matches('.') {
            "" => (host == "*").then_some(Self { hosts: Hosts::All, port }),
            domain => rule(Hosts::Domain(domain.to_ascii_lowercase()), port),
        }
    }
}

/// An address or a network, in brackets or not.
fn network(text: &str) -> Option<IpNet> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().ok().map(|address| IpNet::from(address.to_canonical()));
    address.or_else(|| bare.parse().ok())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    fn lists(rules: &str, host: &str, port: u16) -> bool {
        NoProxy::parse(rules).lists(host, port)
    }

    #[test]
    fn each_rule_lists_what_it_means_and_nothing_else() {
        for (rules, listed, others) in [
            ("*", &["a.example", "10.0.0.1", "[::1]"][..], &[][..]),
            (
                "a.example",
                &["a.example", "A.Example", "a.example.", "x.a.example", "y.x.a.example"],
                &["ba.example", "example", "a.example.org"],
            ),
            (".a.example", &["a.example", "x.a.example"], &["ba.example"]),
            ("*.a.example", &["a.example", "x.a.example"], &["ba.example"]),
            ("A.EXAMPLE", &["a.example"], &["b.example"]),
            ("10.1.2.3", &["10.1.2.3"], &["10.1.2.4", "x10.1.2.3", "3.10.1.2.3"]),
            ("10.0.0.0/8", &["10.255.0.1"], &["11.0.0.1", "10.example"]),
            ("fd00::/8", &["[fd12::1]"], &["[fe80::1]", "10.0.0.1"]),
            ("::1", &["[::1]"], &["[::2]"]),
            ("[2001:db8::1]", &["[2001:db8::1]"], &["[2001:db8::2]"]),
            ("10.0.0.1", &["[::ffff:10.0.0.1]"], &["[::ffff:10.0.0.2]"]),
            ("::ffff:10.0.0.1", &["10.0.0.1"], &["10.0.0.2"]),
            ("a.example,b.example", &["a.example", "b.example"], &["c.example"]),
            (
                " a.example ,\tb.example c.example,, ",
                &["a.example", "b.example", "c.example"],
                &["d.example"],
            ),
            ("", &[], &["a.example", "10.0.0.1"]),
            (".", &[], &["a.example"]),
            ("*.", &[], &["a.example"]),
        ] {
            for host in listed {
                assert!(lists(rules, host, 443), "'{rules}' lists {host}");
            }
            for host in others {
                assert!(!lists(rules, host, 443), "'{rules}' does not list {host}");
            }
        }
    }

    #[test]
    fn a_rule_with_a_port_is_for_that_port() {
        for (rule, host) in [
            ("a.example:8443", "x.a.example"),
            ("10.1.2.3:8443", "10.1.2.3"),
            ("10.0.0.0/8:8443", "10.1.2.3"),
            ("[fd00::1]:8443", "[fd00::1]"),
            ("*:8443", "a.example"),
        ] {
            assert!(lists(rule, host, 8443) && !lists(rule, host, 443), "{rule}");
        }
        for none in ["a.example:", "a.example:x", "a.example:65536"] {
            assert!(!lists(none, "a.example", 443), "{none}");
        }
    }

    prop_compose! {
        fn domain()(labels in proptest::collection::vec("[a-z][a-z0-9-]{0,6}", 1..4)) -> String {
            labels.join(".")
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(rules in "\\PC{0,60}", host in "\\PC{0,30}", port: u16) {
            let _ = lists(&rules, &host, port);
        }

        #[test]
        fn rules_list_what_any_of_them_lists(
            rules in proptest::collection::vec("[a-c.*:/0-9\\[\\]]{0,8}", 0..5),
            host in "[a-c0-9.]{1,6}",
            port in 0u16..20,
        ) {
            let any = rules.iter().any(|rule| lists(rule, &host, port));
            for between in [",", " ", " ,\t"] {
                prop_assert_eq!(lists(&rules.join(between), &host, port), any);
            }
        }

        #[test]
        fn a_domain_lists_itself_and_what_is_below_it_however_it_is_written(
            domain in domain(), below in domain(), glued in "[a-z0-9-]{1,4}", port: u16,
        ) {
            for rule in [domain.clone(), format!(".{domain}"), format!("*.{domain}"), domain.to_uppercase()] {
                prop_assert!(lists(&rule, &domain, port), "{}", rule);
                prop_assert!(lists(&rule, &format!("{below}.{domain}"), port), "{}", rule);
                prop_assert!(!lists(&rule, &format!("{glued}{domain}"), port), "{}", rule);
            }
        }

        #[test]
        fn a_network_lists_exactly_its_addresses(network: u32, bits in 0u32..=32, address: u32, port: u16) {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            for address in [address, (network & mask) | (address & !mask)] {
                let rule = format!("{}/{bits}", Ipv4Addr::from(network));
                let is_within = address & mask == network & mask;
                prop_assert_eq!(lists(&rule, &Ipv4Addr::from(address).to_string(), port), is_within);
                let mapped = Ipv4Addr::from(address).to_ipv6_mapped();
                prop_assert_eq!(lists(&rule, &format!("[{mapped}]"), port), is_within);
            }
        }

        #[test]
        fn a_port_narrows_a_rule(domain in domain(), own: u16, other: u16) {
            let rule = format!("{domain}:{own}");
            prop_assert!(lists(&rule, &domain, own));
            prop_assert_eq!(lists(&rule, &domain, other), own == other);
        }
    }
}
