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
