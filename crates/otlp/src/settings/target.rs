//! Where one signal goes, and how.

use std::{fmt, time::Duration};

use http::{HeaderName, HeaderValue, Uri, header, uri::PathAndQuery};
use percent_encoding::percent_decode_str;

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Metrics.
    Metrics,
}

impl Signal {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Traces, Self::Metrics];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
        }
    }

    /// Its part of variables' names.
    pub(crate) fn in_variables(self) -> &'static str {
        match self {
            Self::Traces => "TRACES",
            Self::Metrics => "METRICS",
        }
    }

    /// Where it is below an endpoint for all signals.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Traces => "/v1/traces",
            Self::Metrics => "/v1/metrics",
        }
    }
}

/// How a body is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// `http/protobuf`.
    #[default]
    Protobuf,
    /// `http/json`.
    Json,
}

impl Protocol {
    pub(crate) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        })
    }
}

/// Where a signal goes, and how. Its text shows neither: both may hold keys.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// What is called.
    pub(crate) url: Uri,
    /// What is said with each call.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// How long a call may take.
    pub(crate) timeout: Duration,
    /// Whether bodies are compressed.
    pub(crate) is_packed: bool,
    /// How bodies are written.
    pub(crate) protocol: Protocol,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("protocol", &self.protocol).finish_non_exhaustive()
    }
}

impl Target {
    /// Host, port and path, without what may be a key: for who has asked where it goes.
    pub fn shown(&self) -> String {
        let host = self.url.host().unwrap_or_default();
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{host}{port}{}", greenroom_redact::url(self.url.path()))
    }

    /// What may be a key of all that a call says: the values of its headers, and of its URL's query. A key may stand behind a
    /// scheme, as in `Bearer key`.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys = vec![];
        for (_, value) in &self.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            keys.extend(value.split_once(' ').map(|(_, behind)| behind.to_owned()));
            keys.push(value.into_owned());
        }
        for pair in self.url.query().unwrap_or_default().split('&') {
            let value = pair.split_once('=').map_or(pair, |(_, value)| value);
            keys.push(percent_decode_str(value).decode_utf8_lossy().into_owned());
            keys.push(value.to_owned());
        }
        keys
    }
}

/// Whose an endpoint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// That of all signals, below which each has its path.
    All,
    /// That of the signal alone, as it is.
    Signal,
}

/// The URL of an endpoint, or what is wrong with it in a half sentence that does not quote it.
pub(crate) fn url(endpoint: &str, of: Of, signal: Signal) -> Result<Uri, &'static str> {
    let uri: Uri = endpoint.parse().map_err(|_| "is no URL")?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err("does not begin with http:// or https://");
    };
    if !matches!(scheme, "http" | "https") {
        return Err("does not begin with http:// or https://");
    }
    if authority.as_str().contains('@') {
        return Err("holds a user name or a password, which belong into the headers (Authorization)");
    }
    let port = authority.as_str().rsplit_once(':').map(|(_, port)| port).filter(|port| !port.ends_with(']'));
    if authority.host().is_empty() || port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err("has no host, or a port that is none");
    }
    if of == Of::Signal {
        return Ok(uri);
    }
    let below = [uri.path().trim_end_matches('/'), signal.path()].concat();
    let below = match uri.query() {
        Some(query) => [&*below, "?", query].concat(),
        None => below,
    };
    let mut parts = uri.into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(below).map_err(|_| "is no URL")?);
    Uri::from_parts(parts).map_err(|_| "is no URL")
}

/// A header that may be said with each call; what the call itself says may not.
pub(crate) fn header(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::try_from(name).ok()?;
    let is_ours = [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::CONTENT_LENGTH, header::HOST];
    let mut value = HeaderValue::try_from(value).ok()?;
    value.set_sensitive(true);
    (!is_ours.contains(&name)).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_signal_has_its_path_below_the_endpoint_of_all_and_its_own_endpoint_is_taken_as_it_is() {
        for (endpoint, of, expected) in [
            ("http://collector:4318", Of::All, Ok("http://collector:4318/v1/traces")),
            ("http://collector:4318/", Of::All, Ok("http://collector:4318/v1/traces")),
            ("https://otlp.example/otlp/?k=v", Of::All, Ok("https://otlp.example/otlp/v1/traces?k=v")),
            ("http://[::1]:4318", Of::All, Ok("http://[::1]:4318/v1/traces")),
            ("http://collector:4318", Of::Signal, Ok("http://collector:4318/")),
            ("http://collector/x", Of::Signal, Ok("http://collector/x")),
            ("collector:4318", Of::All, Err("does not begin with http:// or https://")),
            ("ftp://collector", Of::All, Err("does not begin with http:// or https://")),
            (
                "http://me:pw@collector",
                Of::All,
                Err("holds a user name or a password, which belong into the headers (Authorization)"),
            ),
            ("http://collector:99999", Of::All, Err("has no host, or a port that is none")),
            ("http://", Of::All, Err("is no URL")),
            ("not a url", Of::All, Err("is no URL")),
        ] {
            let url = url(endpoint, of, Signal::Traces).map(|url| url.to_string());
            assert_eq!(url.as_deref().map_err(|why| *why), expected, "{endpoint}");
        }
    }

    #[test]
    fn a_header_that_the_call_itself_says_is_refused() {
        assert!(header("api-key", "x").is_some() && header("Authorization", "Bearer x").is_some());
        for (name, value) in [("content-type", "x"), ("a b", "x"), ("a", "x\ny")] {
            assert!(header(name, value).is_none(), "{name}");
        }
    }
}
