//! `backend.server` and `greenroom.server`: how long the server waits, and how much it takes.

use std::time::Duration;

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
    /// `greenroom.server.maxConnections`: more get 503, but for probes; what the process' descriptors allow, and never
    /// more than that.
    pub connections: u32,
}

/// What hyper has room for without asking the heap.
const HEADERS: u32 = 100;

/// No more headers fit into the 16 KiB that a request's header may have.
const MOST_HEADERS: u32 = 4096;

/// Descriptors that are left for files, outgoing connections and probes.
const OTHER_DESCRIPTORS: u64 = 128;

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { requests: 0, headers: HEADERS, connections: connections() }
    }
}

/// As many as there are descriptors, but for those of others.
fn connections() -> u32 {
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let most = most.map_or(u64::from(u32::MAX), |most| most.saturating_sub(OTHER_DESCRIPTORS).max(most / 2));
    u32::try_from(most).unwrap_or(u32::MAX)
}

impl ConnectionLimits {
    pub(crate) fn from_config(config: &RootConfig) -> Result<Self, ConfigError> {
        let default = Self::default();
        let read = |key: &str, least| config.optional_integer(key, least..=u32::MAX);
        let (requests, headers, connections) = all((
            read("backend.server.maxRequestsPerSocket", 0),
            read("backend.server.maxHeadersCount", 0),
            // With none nobody could connect.
            read("greenroom.server.maxConnections", 1),
        ))?;
        Ok(Self {
            requests: requests.unwrap_or(default.requests),
            headers: match headers {
                None => default.headers,
                // In Node, as many as fit.
                Some(0) => MOST_HEADERS,
                Some(some) => some.min(MOST_HEADERS),
            },
            // What has no descriptor could not be accepted.
            connections: connections.map_or(default.connections, |some| some.min(default.connections)),
        })
    }

    /// How many connections beyond the limit are taken for probes.
    pub(crate) fn for_probes(&self) -> usize {
        (self.connections / 8).clamp(1, 32) as usize
    }

    /// The number of headers, unless it is the parser's own.
    pub(crate) fn uncommon_headers(&self) -> Option<usize> {
        (self.headers != HEADERS).then_some(usize::try_from(self.headers).unwrap_or(usize::MAX))
    }
}

/// How a server treats its clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerSettings {
    /// How long it waits for them.
    pub timeouts: Timeouts,
    /// How much it takes from them.
    pub limits: ConnectionLimits,
}

impl ServerSettings {
    /// Reads `backend.server` and `greenroom.server`.
    pub fn from_config(config: &RootConfig) -> Result<Self, ConfigError> {
        let (timeouts, limits) = all((Timeouts::from_config(config), ConnectionLimits::from_config(config)))?;
        Ok(Self { timeouts, limits })
    }
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
