//! Which pages may send a request here: those of the surface itself.

use greenroom_http::ClientAddress;
use http::{HeaderMap, HeaderName, header, uri::Authority};

use crate::hosts;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Who sends a request, as far as the browser says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    /// A page of the surface's own origin.
    Own,
    /// A page of another one, another port of this machine included.
    Foreign,
    /// It does not say, as programs do not, nor a browser that follows a link.
    Unsaid,
}

/// `host` is what the client asked for.
pub(crate) fn sender(headers: &HeaderMap, host: &Authority, client: &ClientAddress) -> Sender {
    let mut origins = headers.get_all(header::ORIGIN).into_iter();
    let Some(origin) = origins.next() else { return Sender::Unsaid };
    let own = forwarded(headers, host, client).unwrap_or_else(|| host.clone());
    let is_own = origins.next().is_none() && origin.to_str().is_ok_and(|origin| is_of(origin, &own));
    let says_foreign = headers.get(SEC_FETCH_SITE).is_some_and(|site| site != "same-origin");
    if is_own && !says_foreign { Sender::Own } else { Sender::Foreign }
}

/// The host that a trusted proxy was asked for, in its place.
fn forwarded(headers: &HeaderMap, host: &Authority, client: &ClientAddress) -> Option<Authority> {
    let said = headers.get(FORWARDED_HOST)?.to_str().ok()?;
    let said = hosts::authority(said.split(',').next()?.trim())?;
    // What the client's host is said to be, whoever is trusted.
    let is_trusted = said.host() != host.host() && client.hostname() == Some(said.host());
    is_trusted.then_some(said)
}

/// Whether an origin is that of an authority, whose scheme nobody knows behind a proxy.
fn is_of(origin: &str, own: &Authority) -> bool {
    let (origin, default) = match (origin.strip_prefix("https://"), origin.strip_prefix("http://")) {
        (Some(origin), _) => (origin, 443),
        (None, Some(origin)) => (origin, 80),
        (None, None) => return false,
    };
    let Some(origin) = hosts::authority(origin) else { return false };
    let port = |authority: &Authority| authority.port_u16().unwrap_or(default);
    origin.host().eq_ignore_ascii_case(own.host()) && port(&origin) == port(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_a_host_and_a_port() {
        for (origin, host) in [
            ("http://localhost:7007", "localhost:7007"),
            ("https://Portal.example.com", "portal.example.com"),
            ("https://portal.example.com", "portal.example.com:443"),
            ("http://[::1]:7007", "[::1]:7007"),
        ] {
            assert!(is_of(origin, &host.parse().unwrap()), "{origin} {host}");
        }
        for (origin, host) in [
            ("http://localhost:3000", "localhost:7007"),
            ("http://portal.example.com", "portal.example.com:443"),
            ("https://portal.example.com.evil", "portal.example.com"),
            ("https://me@portal.example.com", "portal.example.com"),
            ("null", "localhost"),
            ("chrome-extension://localhost:7007", "localhost:7007"),
            ("", "localhost"),
        ] {
            assert!(!is_of(origin, &host.parse().unwrap()), "{origin} {host}");
        }
    }
}
