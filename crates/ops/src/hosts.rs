//! Under which names the surface may be asked for.
//!
//! A name that somebody else has pointed here (DNS rebinding) makes their page one of our origin, in the eyes of a browser.
//! So only names count that the operator has named.

use greenroom_http_server::{Listen, LocalAddr};
use http::{HeaderMap, Uri, header, uri::Authority};

/// The names of this machine to itself.
const OWN: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The names that count.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts(Vec<Allowed>);

/// One of them; at any port, unless one is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allowed {
    name: String,
    port: Option<u16>,
}

impl Allowed {
    /// `name` or `name:port`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        authority(text).map(|authority| Self { name: name(&authority), port: authority.port_u16() })
    }

    /// The name in a URL; proxies choose ports of their own.
    pub(crate) fn of_url(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        Some(Self { name: name(uri.authority()?), port: None })
    }
}

/// A host and perhaps a port, and nothing else.
pub(crate) fn authority(text: &str) -> Option<Authority> {
    let authority: Authority = text.parse().ok()?;
    let rest = text.strip_prefix(authority.host()).filter(|_| !authority.host().is_empty())?;
    (rest.is_empty() || authority.port_u16().is_some_and(|port| rest == format!(":{port}")))
        .then_some(authority)
}

fn name(authority: &Authority) -> String {
    authority.host().trim_end_matches('.').to_ascii_lowercase()
}

impl Hosts {
    pub(crate) fn add(&mut self, more: impl IntoIterator<Item = Allowed>) {
        self.0.extend(more);
    }

    /// The names of the place where it listens: those of this machine, unless that is another address.
    pub(crate) fn add_listener(&mut self, listen: &Listen, address: &LocalAddr) {
        let named = match listen {
            Listen::Tcp { host, .. } => Allowed::parse(host),
            Listen::Unix(_) => None,
        };
        self.add(named);
        match address.tcp().map(|address| address.ip().to_canonical()) {
            Some(ip) if !ip.is_loopback() && !ip.is_unspecified() => {
                let text = if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() };
                self.add(Allowed::parse(&text));
            }
            _ => self.add(OWN.into_iter().filter_map(Allowed::parse)),
        }
    }

    /// Whether requests for this authority are for us.
    pub(crate) fn know(&self, asked: &Authority) -> bool {
        let own = name(asked);
        let fits = |port: Option<u16>| port.is_none() || port == asked.port_u16();
        self.0.iter().any(|allowed| allowed.name == own && fits(allowed.port))
    }
}

/// What a client asked for: the one `Host`, and no other name in the URL. `None` where it is not said so plainly.
///
/// ```
/// use greenroom_ops::asked_host;
/// use http::{HeaderMap, HeaderValue, Uri, header};
///
/// let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("localhost:7007"))]);
/// let asked = |uri: &'static str| asked_host(&Uri::from_static(uri), &headers);
/// assert_eq!(asked("/demo").unwrap(), "localhost:7007");
/// assert_eq!(asked("http://evil.example/demo"), None);
/// ```
pub fn asked(uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
    let mut all = headers.get_all(header::HOST).into_iter();
    let host = authority(all.next()?.to_str().ok()?)?;
    let fits = uri.authority().is_none_or(|named| named == &host);
    (fits && all.next().is_none()).then_some(host)
}

/// Whether the name is one that only this machine has for itself.
pub(crate) fn is_own(authority: &Authority) -> bool {
    OWN.contains(&&*name(authority))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn know(hosts: &[&str], asked: &str) -> bool {
        let hosts = Hosts(hosts.iter().map(|host| Allowed::parse(host).unwrap()).collect());
        hosts.know(&asked.parse().unwrap())
    }

    #[test]
    fn a_name_counts_at_every_port_unless_one_is_named() {
        assert!(know(&["portal.example.com"], "portal.example.com"));
        assert!(know(&["portal.example.com"], "PORTAL.example.com.:8443"));
        assert!(know(&["ops.internal:7010"], "ops.internal:7010"));
        assert!(!know(&["ops.internal:7010"], "ops.internal:7011"));
        assert!(!know(&["ops.internal:7010"], "ops.internal"));
        assert!(!know(&["example.com"], "evil.example.com") && !know(&["example.com"], "example.com.evil"));
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in ["", "https://x", "x/y", "a b", "me@x", "x:", "x:y"] {
            assert_eq!(Allowed::parse(text), None, "{text}");
        }
        assert_eq!(Allowed::of_url("https://Portal.example.com:8443/x").unwrap().name, "portal.example.com");
        assert_eq!(Allowed::of_url("/x"), None);
    }

    #[test]
    fn where_it_listens_decides_on_its_own_names() {
        let names = |host: &str, address: &str| {
            let mut hosts = Hosts::default();
            let listen = Listen::Tcp { host: host.to_owned(), port: 0 };
            hosts.add_listener(&listen, &LocalAddr::Tcp(address.parse().unwrap()));
            hosts.0.into_iter().map(|allowed| allowed.name).collect::<Vec<_>>()
        };
        assert_eq!(names("", "[::]:7007"), OWN);
        assert_eq!(names("192.0.2.1", "192.0.2.1:7007"), ["192.0.2.1", "192.0.2.1"]);
        assert_eq!(names("ops.internal", "[2001:db8::1]:7007"), ["ops.internal", "[2001:db8::1]"]);
    }

    #[test]
    fn a_request_names_one_host() {
        let asked = |uri: &str, hosts: &[&str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, host.parse().unwrap());
            }
            asked(&uri.parse().unwrap(), &headers).map(|host| host.to_string())
        };
        assert_eq!(asked("/", &["x:1"]).as_deref(), Some("x:1"));
        assert_eq!(asked("http://x:1/", &["x:1"]).as_deref(), Some("x:1"));
        for (uri, hosts) in
            [("/", &["x", "y"][..]), ("/", &[]), ("http://y/", &["x"]), ("/", &["me@x"]), ("/", &[""])]
        {
            assert_eq!(asked(uri, hosts), None, "{uri} {hosts:?}");
        }
    }
}
