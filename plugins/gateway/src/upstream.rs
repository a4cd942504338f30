//! Where the Node backend is.

use std::net::{IpAddr, SocketAddr};

use greenroom::{errors::Error, http::Listen};
use http::Uri;

/// What a gateway stands in front of.
#[derive(Clone, Debug)]
pub struct GatewayOptions {
    /// Where the Node backend is.
    pub upstream: UpstreamFrom,
}

/// Where the Node backend is, and who runs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpstreamFrom {
    /// Somebody else runs it: `http://host:port`, or without the scheme. A name is looked up once, at the start.
    Url(String),
    /// A child process of this one, which is to be told to listen there. Nobody is asked there until who starts it says that
    /// it [`starts`](greenroom_proxy::Proxy::starts).
    Child(SocketAddr),
}

impl UpstreamFrom {
    /// Whether it is a child process of this one.
    pub fn is_child(&self) -> bool {
        matches!(self, Self::Child(_))
    }

    /// Its address.
    ///
    /// # Errors
    /// When it is no URL of a server that speaks plain HTTP, or its name is not known.
    pub async fn address(&self) -> Result<SocketAddr, Error> {
        let url = match self {
            Self::Child(address) => return Ok(*address),
            Self::Url(url) => url,
        };
        let (host, port) = parse(url)?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let found = tokio::net::lookup_host((bare, port)).await;
        let found: Vec<_> =
            found.map_err(|error| Error::input(unknown(&host, &error.to_string())))?.collect();
        // `localhost` is both; a Node backend that listens on all addresses takes IPv4 in any case.
        let first = found.iter().find(|address| address.is_ipv4()).or_else(|| found.first());
        first.copied().ok_or_else(|| Error::input(unknown(&host, "it has no address")))
    }
}

impl UpstreamFrom {
    /// A server that passes on to itself would ask itself for ever.
    ///
    /// # Errors
    /// When we are to listen at that address.
    pub(crate) fn refuse_ourselves(&self, address: SocketAddr, listen: &Listen) -> Result<(), Error> {
        let Listen::Tcp { host, port } = listen else { return Ok(()) };
        let is_ours = match host.parse::<IpAddr>() {
            Ok(ip) if !ip.is_unspecified() => ip == address.ip(),
            // All addresses of this machine, or a name that may be any of them.
            _ => address.ip().is_loopback() || address.ip().is_unspecified(),
        };
        if self.is_child() || *port != address.port() || !is_ours {
            return Ok(());
        }
        Err(Error::input(format!(
            "The Node backend cannot be at {address}: that is where this gateway listens, by backend.listen. Let Node listen \
             elsewhere, such as with APP_CONFIG_backend_listen=127.0.0.1:7008, and name that address"
        )))
    }
}

fn unknown(host: &str, why: &str) -> String {
    format!(
        "The host '{host}' of the Node backend cannot be looked up: {why}. Name it by its address, such as http://127.0.0.1:7008"
    )
}

/// The host and the port of a URL.
fn parse(url: &str) -> Result<(String, u16), Error> {
    let refused = |why: &str| {
        // What stands in front of an `@` may be a password.
        let shown = greenroom::redact::url(url);
        Error::input(format!("'{shown}' is no URL of a Node backend: {why}, expected http://host:port"))
    };
    let rest = match url.split_once("://") {
        Some(("http", rest)) => rest,
        Some(("https", _)) => {
            return Err(refused("it is asked without encryption, at a place that only we reach"));
        }
        Some(_) => return Err(refused("its scheme is not http")),
        None => url,
    };
    // To the rules of URLs a number alone is an IPv4 address, which nobody means.
    let rest = match rest.parse::<u16>() {
        Ok(port) => format!("127.0.0.1:{port}"),
        Err(_) => rest.to_owned(),
    };
    let uri: Uri = format!("http://{rest}").parse().map_err(|_| refused("it cannot be read"))?;
    let authority = uri.authority().ok_or_else(|| refused("it has no host"))?;
    if authority.as_str().contains('@') {
        return Err(refused("it holds a credential"));
    }
    if uri.path_and_query().is_some_and(|path| path.as_str() != "/") {
        return Err(refused("it has a path"));
    }
    let port = match authority.port() {
        Some(port) => Some(port.as_u16()).filter(|port| *port != 0),
        None => Some(80).filter(|_| authority.as_str() == authority.host()),
    };
    let port = port.ok_or_else(|| refused("its port is none"))?;
    match authority.host() {
        "" => Err(refused("it has no host")),
        host => Ok((host.to_owned(), port)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_host_and_a_port_and_nothing_else() {
        for (url, host, port) in [
            ("http://127.0.0.1:7008", "127.0.0.1", 7008),
            ("http://node:7008/", "node", 7008),
            ("localhost:7008", "localhost", 7008),
            ("http://[::1]:7008", "[::1]", 7008),
            ("node", "node", 80),
            ("7008", "127.0.0.1", 7008),
        ] {
            assert_eq!(parse(url).unwrap(), (host.to_owned(), port), "{url}");
        }
        for url in [
            "",
            "https://node:7008",
            "ftp://node",
            "http://node:7008/path",
            "http://node:7008?x",
            "http://:7008",
            "http://node:0",
            "0",
            "http://node:70000",
            "a b",
        ] {
            assert!(parse(url).unwrap_err().message().contains("expected http://host:port"), "{url}");
        }
        let told = parse("http://me:hunter2@node:7008").unwrap_err();
        assert!(!told.message().contains("hunter2"), "{}", told.message());
    }

    #[test]
    fn a_gateway_is_not_in_front_of_itself() {
        let refused = |address: &str, host: &str, port: u16| {
            let listen = Listen::Tcp { host: host.to_owned(), port };
            let from = UpstreamFrom::Url(String::new());
            from.refuse_ourselves(address.parse().unwrap(), &listen).is_err()
        };
        for (address, host) in [
            ("127.0.0.1:7007", ""),
            ("127.0.0.1:7007", "0.0.0.0"),
            ("[::1]:7007", "::"),
            ("127.0.0.1:7007", "localhost"),
            ("10.0.0.1:7007", "10.0.0.1"),
        ] {
            assert!(refused(address, host, 7007), "{address} {host}");
            assert!(!refused(address, host, 7008), "{address} {host}");
        }
        assert!(!refused("10.0.0.2:7007", "", 7007), "another machine");
        assert!(!refused("127.0.0.1:7007", "10.0.0.1", 7007));
    }

    #[tokio::test]
    async fn an_address_needs_no_lookup_and_a_name_that_nobody_knows_is_told() {
        let address = |url: &str| {
            let from = UpstreamFrom::Url(url.to_owned());
            async move { from.address().await }
        };
        assert_eq!(address("http://127.0.0.1:7008").await.unwrap(), "127.0.0.1:7008".parse().unwrap());
        assert_eq!(address("http://[::1]:7008").await.unwrap(), "[::1]:7008".parse().unwrap());
        let error = address("http://no-such-host.invalid:7008").await.unwrap_err();
        assert!(error.message().contains("'no-such-host.invalid'"), "{}", error.message());
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(url in proptest::prelude::any::<String>()) {
            let _ = parse(&url);
        }
    }
}
