//! `backend.server` and `greenroom.server`: how long the server waits, and how much it takes.

use std::{ops::RangeInclusive, time::Duration};

use greenroom_config::{ConfigError, RootConfig, all};
use tokio::time::Instant;

/// How long the server waits for a client. Zero is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// `backend.server.headersTimeout`: how long a request's header may take before it is answered by 408. 10 s.
    pub headers: Duration,
    /// `backend.server.requestTimeout`: how long a whole request may take before it fails. 300 s.
    pub request: Duration,
    /// `backend.server.keepAliveTimeout`: how long a connection may wait for its next request before it is closed. 5 s.
    pub keep_alive: Duration,
    /// `backend.server.timeout`: how long neither side may send anything before the connection is closed. No limit.
    pub socket: Duration,
    /// `greenroom.server.bodyTimeout`: how long a client may pause within a body before the request fails. 30 s.
    pub body: Duration,
    /// `greenroom.server.sendTimeout`: how long a client may read nothing of its answer before the connection is
    /// closed. 60 s.
    pub send: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            headers: Duration::from_secs(10),
            request: Duration::from_secs(300),
            keep_alive: Duration::from_secs(5),
            socket: Duration::ZERO,
            body: Duration::from_secs(30),
            send: Duration::from_secs(60),
        }
    }
}

impl Timeouts {
    pub(crate) fn from_config(config: &RootConfig) -> Result<Self, ConfigError> {
        let default = Self::default();
        let read = |key: &str, default| Ok(duration(config, key)?.unwrap_or(default));
        let (headers, request, keep_alive, socket, body, send) = all((
            read("backend.server.headersTimeout", default.headers),
            read("backend.server.requestTimeout", default.request),
            read("backend.server.keepAliveTimeout", default.keep_alive),
            read("backend.server.timeout", default.socket),
            read("greenroom.server.bodyTimeout", default.body),
            read("greenroom.server.sendTimeout", default.send),
        ))?;
        Ok(Self { headers, request, keep_alive, socket, body, send })
    }

    /// For a request's header, which is a part of the request; `None` is no limit.
    pub(crate) fn until_header(&self) -> Option<Duration> {
        [self.headers, self.request].into_iter().filter(|timeout| !timeout.is_zero()).min()
    }
}

/// When a timeout that began then is over; `None` if it is zero, which is no limit, or longer than time can tell.
pub(crate) fn deadline(since: Instant, timeout: Duration) -> Option<Instant> {
    if timeout.is_zero() { None } else { since.checked_add(timeout) }
}

/// How much one connection or request may carry, and how many connections there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// `backend.server.maxRequestsPerSocket`: the last answer closes the connection; 0, any number.
    pub requests: u32,
    /// `backend.server.maxHeadersCount`: more are a 431; 100.
    pub headers: u32,
    /// `greenroom.server.maxHeaderBytes`: a request's head that has as many bytes is a 431; 16 KiB. As Node counts them with `--max-http-header-size`: those of the
    /// target, of names and of values. A target of more than 65,534 bytes is a 414, whatever this is.
    pub header_bytes: u32,
    /// `greenroom.server.maxConnections`: beyond it few are taken, each for one request; as many as the process has
    /// descriptors for, and never more than that.
    pub connections: u32,
}

/// What hyper has room for without asking the heap.
const HEADERS: u32 = 100;

/// As in Node.
const HEADER_BYTES: u32 = 16 * 1024;

/// What that limit may be: a connection may hold three times as much.
const HEADER_LIMITS: RangeInclusive<u32> = 1024..=1024 * 1024;

/// No more headers fit into the 16 KiB that a request's header has at first.
const MOST_HEADERS: u32 = 4096;

/// Descriptors that are left for files, outgoing connections and those beyond the limit.
const OTHER_DESCRIPTORS: u32 = 128;

const CONNECTIONS: &str = "greenroom.server.maxConnections";

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { requests: 0, headers: HEADERS, header_bytes: HEADER_BYTES, connections: u32::MAX }
    }
}

/// How many descriptors this process may have.
fn descriptors() -> u32 {
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    most.and_then(|most| u32::try_from(most).ok()).unwrap_or(u32::MAX)
}

/// How many connections there are descriptors for.
fn within(descriptors: u32) -> u32 {
    descriptors.saturating_sub(OTHER_DESCRIPTORS).max(descriptors / 2).max(1)
}

impl ConnectionLimits {
    /// `possible` is how many connections there may be at most.
    fn from_config(config: &RootConfig, possible: u32) -> Result<Self, ConfigError> {
        let default = Self::default();
        let read = |key: &str, least| config.optional_integer(key, least..=u32::MAX);
        let (requests, headers, header_bytes, connections) = all((
            read("backend.server.maxRequestsPerSocket", 0),
            read("backend.server.maxHeadersCount", 0),
            config.optional_integer("greenroom.server.maxHeaderBytes", HEADER_LIMITS),
            // With none nobody could connect.
            read(CONNECTIONS, 1),
        ))?;
        Ok(Self {
            requests: requests.unwrap_or(default.requests),
            headers: match headers {
                None => default.headers,
                // In Node, as many as fit.
                Some(0) => MOST_HEADERS,
                Some(some) => some.min(MOST_HEADERS),
            },
            header_bytes: header_bytes.unwrap_or(default.header_bytes),
            // What has no descriptor could not be accepted.
            connections: connections.map_or(possible, |some| some.min(possible)),
        })
    }

    /// How many connections beyond the limit are taken.
    pub(crate) fn beyond(&self) -> usize {
        (self.connections / 8).clamp(1, 32) as usize
    }

    /// The number of headers, unless it is the parser's own.
    pub(crate) fn uncommon_headers(&self) -> Option<usize> {
        (self.headers != HEADERS).then_some(usize::try_from(self.headers).unwrap_or(usize::MAX))
    }
}

/// How a server treats its clients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerSettings {
    /// How long it waits for them.
    pub timeouts: Timeouts,
    /// How much it takes from them.
    pub limits: ConnectionLimits,
    /// What an operator should know of them, each a sentence.
    pub warnings: Vec<String>,
}

impl ServerSettings {
    /// Reads `backend.server` and `greenroom.server`, and asks how many descriptors the process may have.
    pub fn from_config(config: &RootConfig) -> Result<Self, ConfigError> {
        Self::from_config_with(config, descriptors())
    }

    fn from_config_with(config: &RootConfig, descriptors: u32) -> Result<Self, ConfigError> {
        let limits = ConnectionLimits::from_config(config, within(descriptors));
        let (timeouts, limits) = all((Timeouts::from_config(config), limits))?;
        let warnings = too_few(config, descriptors).into_iter().collect();
        Ok(Self { timeouts, limits, warnings })
    }
}

/// Says that there are not so many connections as were asked for, and how there could be.
fn too_few(config: &RootConfig, descriptors: u32) -> Option<String> {
    let (wanted, possible) =
        (config.optional_integer::<u32>(CONNECTIONS, 1..=u32::MAX).ok()??, within(descriptors));
    let needed = u64::from(wanted) + u64::from(OTHER_DESCRIPTORS);
    let place = config.place(CONNECTIONS).map(|place| format!(" ({place})")).unwrap_or_default();
    (wanted > possible).then(|| {
        format!(
            "{CONNECTIONS} is {wanted}, but there are {possible} connections at most: the process may have {descriptors} \
             descriptors. Raise that to {needed} (ulimit -n, LimitNOFILE in systemd), or lower the key{place}"
        )
    })
}

/// Milliseconds as a number, also as text as a variable holds it, or a duration in words.
fn duration(config: &RootConfig, key: &str) -> Result<Option<Duration>, ConfigError> {
    let is_number = match config.optional_get(key)? {
        Some(value) => {
            value.is_number() || value.as_str().is_some_and(|text| text.trim().parse::<f64>().is_ok())
        }
        None => false,
    };
    if !is_number {
        return config.optional_duration(key);
    }
    let milliseconds = config.optional_number(key)?.unwrap_or_default();
    let duration = Duration::try_from_secs_f64(milliseconds / 1000.0);
    duration.map(Some).map_err(|_| {
        ConfigError::invalid(
            config,
            key,
            format!("Invalid duration {milliseconds} in {key}, expected milliseconds"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(yaml: &str, descriptors: u32) -> ServerSettings {
        ServerSettings::from_config_with(&RootConfig::from_yaml(yaml).unwrap(), descriptors).unwrap()
    }

    #[test]
    fn there_are_as_many_connections_as_descriptors_but_for_those_of_others() {
        let unset = [1, 2, 100, 256, 1024, u32::MAX].map(|descriptors| read("{}", descriptors));
        assert_eq!(
            unset.each_ref().map(|read| read.limits.connections),
            [1, 1, 50, 128, 896, u32::MAX - 128]
        );
        assert!(unset.iter().all(|read| read.warnings.is_empty()));
    }

    #[test]
    fn a_request_may_have_a_header_of_16_kib_or_what_the_config_says() {
        let of = |bytes: &str| {
            let yaml = format!("greenroom: {{server: {{maxHeaderBytes: {bytes}}}}}");
            ServerSettings::from_config_with(&RootConfig::from_yaml(&yaml).unwrap(), 1024)
        };
        assert_eq!(read("{}", 1024).limits.header_bytes, 16 * 1024);
        for (text, bytes) in [("32768", 32_768), ("'32768'", 32_768), ("1024", 1024), ("1048576", 1 << 20)] {
            assert_eq!(of(text).unwrap().limits.header_bytes, bytes, "{text}");
        }
        for wrong in ["1023", "1048577", "0", "-1", "many", "16KiB"] {
            let error = of(wrong).unwrap_err();
            assert_eq!(error.key(), Some("greenroom.server.maxHeaderBytes"), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_limit_beyond_the_descriptors_is_cut_and_told_with_what_it_needs_and_where_it_stands() {
        let yaml = "greenroom:\n  server:\n    maxConnections: 5000\n";
        let cut = read(yaml, 1024);
        assert_eq!(cut.limits.connections, 896);
        assert_eq!(
            cut.warnings,
            [
                "greenroom.server.maxConnections is 5000, but there are 896 connections at most: the process may have 1024 \
              descriptors. Raise that to 5128 (ulimit -n, LimitNOFILE in systemd), or lower the key (mock-config:3:21)"
            ]
        );
        let fits = read(yaml, 5128);
        assert_eq!((fits.limits.connections, fits.warnings), (5000, vec![]));
        assert_eq!(read(yaml, 5127).warnings.len(), 1);
    }
}
