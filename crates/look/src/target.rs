//! The URL that is looked at, in its parts.

use std::{fmt, net::IpAddr, str::FromStr};

use http::Uri;

/// Where a Backstage is said to be.
///
/// ```
/// use greenroom_look::Target;
///
/// let target: Target = "https://portal.example.com/".parse().unwrap();
/// assert_eq!(target.to_string(), "https://portal.example.com");
/// assert!("portal.example.com".parse::<Target>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub(crate) origin: Origin,
    /// The path below which it is, without a slash at its end.
    pub(crate) base: String,
}

/// Scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) is_https: bool,
    /// In lower case, an IPv6 address in brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Origin {
    /// Of an absolute URL of http or https.
    pub(crate) fn of(url: &str) -> Option<Self> {
        let uri: Uri = url.trim().parse().ok()?;
        let is_https = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = uri.authority()?;
        if authority.host().is_empty() || authority.as_str().contains('@') {
            return None;
        }
        let port = match authority.port_u16() {
            Some(0) => return None,
            Some(port) => port,
            None if is_https => 443,
            None => 80,
        };
        Some(Self { is_https, host: authority.host().to_ascii_lowercase(), port })
    }

    fn scheme(&self) -> &'static str {
        if self.is_https { "https" } else { "http" }
    }

    /// Host, and the port unless it is the scheme's own.
    pub(crate) fn authority(&self) -> String {
        match (self.is_https, self.port) {
            (true, 443) | (false, 80) => self.host.clone(),
            (_, port) => format!("{}:{port}", self.host),
        }
    }

    /// The host as sockets want it.
    pub(crate) fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// Whether it is this machine's own.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.bare_host();
        host == "localhost"
            || host.ends_with(".localhost")
            || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme(), self.authority())
    }
}

impl Target {
    /// The URL of a path, which begins with a slash, below the base.
    pub fn url(&self, path: &str) -> String {
        format!("{}{}{path}", self.origin, self.base)
    }

    /// Host and port, the port left out where it is the scheme's own.
    pub fn authority(&self) -> String {
        self.origin.authority()
    }

    /// The same without a path, where it has one.
    pub fn at_root(&self) -> Option<Self> {
        (!self.base.is_empty()).then(|| Self { origin: self.origin.clone(), base: String::new() })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.base)
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        let expected = |why: &str| format!("{why}: expected a URL such as https://portal.example.com");
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(expected("it begins with neither http:// nor https://"));
        };
        if !["http", "https"].contains(&scheme) {
            return Err(expected("it begins with neither http:// nor https://"));
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(expected("it holds a user or a password"));
        }
        let origin = Origin::of(url).ok_or_else(|| expected("its host or port cannot be read"))?;
        let written = authority.rsplit_once(':').map(|(_, port)| port).filter(|port| !port.ends_with(']'));
        if written.is_some_and(|port| !port.parse::<u16>().is_ok_and(|port| port > 0)) {
            return Err(expected("its port is none from 1 to 65535"));
        }
        let path = url.parse::<Uri>().map(|uri| uri.path().to_owned()).unwrap_or_default();
        let base = path.trim_end_matches('/').to_owned();
        Ok(Self { origin, base })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart_and_written_again() {
        for (url, written) in [
            ("https://P.example.com:443/", "https://p.example.com"),
            ("http://localhost:7007/portal/?x=1#y", "http://localhost:7007/portal"),
            ("http://[::1]:80", "http://[::1]"),
        ] {
            assert_eq!(url.parse::<Target>().unwrap().to_string(), written);
        }
        let target: Target = "https://p.example/portal".parse().unwrap();
        assert_eq!(target.url("/api/x"), "https://p.example/portal/api/x");
    }

    #[test]
    fn what_is_no_url_of_a_web_server_is_refused_with_the_reason() {
        for (url, why) in [
            ("p.example", "neither http"),
            ("ftp://p.example", "neither http"),
            ("http://me:pw@p.example", "a user or a password"),
            ("http://p.example:99999", "its port is none"),
            ("http://p.example:0", "cannot be read"),
            ("http:///x", "cannot be read"),
        ] {
            let told = url.parse::<Target>().unwrap_err();
            assert!(told.contains(why) && !told.contains("pw"), "{url}: {told}");
        }
    }

    #[test]
    fn loopback_is_known_by_name_and_by_address() {
        for (url, is_loopback) in [
            ("http://localhost:3000", true),
            ("http://127.0.0.2", true),
            ("http://[::1]:7007", true),
            ("http://10.0.0.1", false),
            ("https://localhost.example.com", false),
        ] {
            assert_eq!(Origin::of(url).unwrap().is_loopback(), is_loopback, "{url}");
        }
    }
}
