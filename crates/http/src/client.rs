//! Who a request comes from: the socket's address, or what trusted proxies say.
//!
//! The rules are those of Express's `trust proxy`.

use std::net::{IpAddr, SocketAddr};

use axum::extract::FromRequestParts;
use greenroom_errors::Error;
use greenroom_http_server::Peer;
use http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts};

use crate::{
    express::{TrustProxy, headers::joined},
    failure::HttpError,
    health_routes,
};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Who a request comes from, as `backend.trustProxy` lets one say it; an extractor.
///
/// Its values are those of Express's `req.ip`, `req.ips`, `req.protocol`, `req.secure` and `req.hostname`. An IPv4
/// address on a socket that takes both families is shown as Node shows it, `::ffff:127.0.0.1`, and compared without
/// the prefix everywhere.
///
/// ```
/// use axum::{Router, routing::get};
/// use greenroom_http::ClientAddress;
///
/// let router: Router = Router::new().route("/whoami", get(async |client: ClientAddress| match client.ip() {
///     Some(ip) => ip.to_owned(),
///     None => "someone on this machine".to_owned(),
/// }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientAddress {
    ip: Option<String>,
    ips: Vec<String>,
    counted: Option<IpAddr>,
    protocol: String,
    hostname: Option<String>,
}

impl ClientAddress {
    /// The address furthest from here that is still vouched for; `None` when that is a peer on a Unix socket.
    pub fn ip(&self) -> Option<&str> {
        self.ip.as_deref()
    }

    /// The addresses of the client and of the trusted proxies, furthest first, without the socket's; empty when no
    /// proxy is trusted.
    pub fn ips(&self) -> &[String] {
        &self.ips
    }

    /// The address to count a limit by, which is harder to make up: with `backend.trustProxy: true` the one that the nearest
    /// proxy saw. `None` for peers on a Unix socket.
    pub fn counted(&self) -> Option<IpAddr> {
        self.counted
    }

    /// `http` or `https`, or whatever a trusted proxy says.
    pub fn protocol(&self) -> &str {
        &self.protocol
    }

    /// Whether the protocol is `https`.
    pub fn secure(&self) -> bool {
        self.protocol == "https"
    }

    /// The host that the client asked for, without the port.
    pub fn hostname(&self) -> Option<&str> {
        self.hostname.as_deref()
    }
}

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        let caller = parts.extensions.get::<Caller>();
        let caller = caller.ok_or_else(|| Error::new("The request came over no connection of the server"))?;
        Ok(caller.client(&parts.headers))
    }
}

/// The other end of a connection, and what it may say of the client behind it.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) peer: Peer,
    pub(crate) trust: TrustProxy,
}

impl Caller {
    /// Whether there is no place for a request of this path: beyond the limit of connections only probes are answered, so that a
    /// full server does not look dead.
    pub(crate) fn has_no_place(&self, path: &str) -> bool {
        self.peer.is_beyond_limit && health_routes::probe(path).is_none()
    }

    /// Who stands behind the peer.
    pub(crate) fn client(&self, headers: &HeaderMap) -> ClientAddress {
        let mut ips = self.listed(headers);
        let ip = ips.last().cloned().or_else(|| self.peer.address.map(|address| address.to_string()));
        ips.reverse();
        let said = |name: &HeaderName| {
            let said = joined(headers, name)
                .filter(|said| self.trust.trusts(self.peer.address, 0) && !said.is_empty());
            said.map(|said| text(&said).split(',').next().unwrap_or_default().trim().to_owned())
        };
        let own = if self.peer.is_encrypted { "https" } else { "http" };
        let protocol = said(&FORWARDED_PROTO).unwrap_or_else(|| own.to_owned());
        let host = said(&FORWARDED_HOST).or_else(|| headers.get(header::HOST).map(text));
        let counted = self.counted(headers);
        ClientAddress { ip, ips, counted, protocol, hostname: host.and_then(hostname) }
    }

    /// The address that a rate limit counts: the client's, or the one that the nearest proxy says when all are believed,
    /// because anyone can say the rest. What is no address is replaced by the address of its sender; peers on a Unix socket
    /// are one client.
    pub(crate) fn counted(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let addresses = match &self.trust {
            TrustProxy::Nobody => vec![],
            TrustProxy::Everybody => Self { trust: TrustProxy::Hops(1), peer: self.peer }.listed(headers),
            TrustProxy::Hops(_) | TrustProxy::Networks(_) => self.listed(headers),
        };
        let counted = addresses.iter().rev().find_map(|said| address(said)).or(self.peer.address);
        counted.map(|address| address.to_canonical())
    }

    /// The value of `X-Forwarded-For` by which who trusts one proxy finds the same client: what came, without what stands to the
    /// right of the client, or the peer alone.
    pub(crate) fn forwarded_for(&self, headers: &HeaderMap) -> Option<String> {
        let found = self.listed(headers).len();
        let listed = (found > 0).then(|| joined(headers, &FORWARDED_FOR)).flatten();
        let Some(listed) = listed else { return self.peer.address.map(written) };
        let listed = text(&listed);
        let all: Vec<_> =
            listed.split(',').map(|one| one.trim_matches(' ')).filter(|one| !one.is_empty()).collect();
        Some(all[..=all.len().saturating_sub(found)].join(", "))
    }

    /// What `X-Forwarded-For` lists, nearest first, up to the first address that is not trusted.
    fn listed(&self, headers: &HeaderMap) -> Vec<String> {
        let mut addresses: Vec<String> = vec![];
        if self.trust == TrustProxy::Nobody {
            return addresses;
        }
        let Some(listed) = joined(headers, &FORWARDED_FOR) else { return addresses };
        let listed = text(&listed);
        let listed = listed.rsplit(',').map(|one| one.trim_matches(' ')).filter(|one| !one.is_empty());
        for (hop, address) in listed.enumerate() {
            let nearer = match addresses.last() {
                Some(nearer) => nearer.parse().ok(),
                None => self.peer.address,
            };
            if !self.trust.trusts(nearer, hop) {
                break;
            }
            addresses.push(address.to_owned());
        }
        addresses
    }
}

/// As the address is displayed, which takes several times as long: each forwarded request says it.
fn written(address: IpAddr) -> String {
    let (before, v4) = match address {
        IpAddr::V4(v4) => ("", v4),
        // So a socket of both families calls an IPv4 peer.
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => ("::ffff:", v4),
            None => return v6.to_string(),
        },
    };
    let mut text = String::with_capacity("::ffff:255.255.255.255".len());
    text.push_str(before);
    for (at, octet) in v4.octets().into_iter().enumerate() {
        if at > 0 {
            text.push('.');
        }
        text.push_str(itoa::Buffer::new().format(octet));
    }
    text
}

/// An address, which some proxies write with the client's port.
fn address(said: &str) -> Option<IpAddr> {
    said.parse().ok().or_else(|| said.parse().ok().map(|socket: SocketAddr| socket.ip()))
}

/// Without the port.
fn hostname(mut host: String) -> Option<String> {
    let after_brackets = if host.starts_with('[') { host.find(']').map_or(0, |end| end + 1) } else { 0 };
    if let Some(colon) = host[after_brackets..].find(':') {
        host.truncate(after_brackets + colon);
    }
    (!host.is_empty()).then_some(host)
}

/// A header's value as Node reads it: each byte is a character.
fn text(value: &HeaderValue) -> String {
    value.as_bytes().iter().map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_address_is_written_as_it_is_displayed(v4: u32, v6: u128) {
            let v4 = std::net::Ipv4Addr::from(v4);
            for address in [v4.into(), v4.to_ipv6_mapped().into(), IpAddr::from(std::net::Ipv6Addr::from(v6))] {
                prop_assert_eq!(written(address), address.to_string());
            }
        }
    }
}
