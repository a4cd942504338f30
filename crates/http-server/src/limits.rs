//! `backend.server` and `greenroom.server`: how long the server waits, and how much it takes.

use std::time::Duration;

use greenroom_config::{ConfigError, RootConfig, all};

/// How long the server waits for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// `backend.server.headersTimeout`: for a request's header, 10 s; then 408; 0 for ever.
    pub headers: Duration,
    /// `backend.server.requestTimeout`: for a whole request, 300 s; 0 for ever.
    pub request: Duration,
    /// `backend.server.keepAliveTimeout`: for another request on the connection, 5 s; 0 for ever.
    pub keep_alive: Duration,
    /// `backend.server.timeout`: while neither side sends anything, then the connection is closed; 0, for ever.
    pub silence: Duration,
    /// `greenroom.server.bodyTimeout`: for the next bytes of a request's body, 30 s.
    pub body: Duration,
    /// `greenroom.server.sendTimeout`: while the client takes nothing of an answer, then the connection is closed; 60 s.
    pub send: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            headers: Duration::from_secs(10),
            request: Duration::from_secs(300),
            keep_alive: Duration::from_secs(5),
            silence: Duration::ZERO,
            body: Duration::from_secs(30),
            send: Duration::from_secs(60),
        }
    }
}

impl Timeouts {
    pub(crate) fn from_config(config: &RootConfig) -> Result<Self, ConfigError> {
        let default = Self::default();
        let read = |key: &str, default| Ok(duration(config, key)?.unwrap_or(default));
        let (headers, request, keep_alive, silence, body, send) = all((
            read("backend.server.headersTimeout", default.headers),
            read("backend.server.requestTimeout", default.request),
            read("backend.server.keepAliveTimeout", default.keep_alive),
            read("backend.server.timeout", default.silence),
            read("greenroom.server.bodyTimeout", default.body),
            read("greenroom.server.sendTimeout", default.send),
        ))?;
        Ok(Self { headers, request, keep_alive, silence, body, send })
    }

    /// For a request's header, which is a part of the request; `None` for ever.
    pub(crate) fn until_header(&self) -> Option<Duration> {
        [self.headers, self.request].into_iter().filter(|timeout| !timeout.is_zero()).min()
    }
}

/// How much one connection or request may carry, and how many connections there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// `backend.server.maxRequestsPerSocket`: the last answer closes the connection; 0, any number.
    pub requests: u32,
    /// `backend.server.maxHeadersCount`: more are a 431; 100.
    pub headers: u32,
    /// `greenroom.server.maxConnections`: more get 503, but for probes; what the process' descriptors allow.
    pub connections: u32,
}

/// What hyper has room for without asking the heap.
const HEADERS: u32 = 100;

/// No more headers fit into the 16 KiB that a request's header may have.
const MOST_HEADERS: u32 = 4096;

const CONNECTIONS: &str = "greenroom.server.maxConnections";

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
        let read = |key: &str, default| match config.optional_number(key)? {
            None => Ok(default),
            Some(number) if f64::from(number as u32) == number => Ok(number as u32),
            Some(number) => Err(ConfigError::invalid(
                config,
                key,
                format!("Invalid number {number}, expected a whole number"),
            )),
        };
        let connections = match read(CONNECTIONS, default.connections) {
            Ok(0) => {
                let text = "Invalid number 0, expected at least 1: nobody could connect";
                Err(ConfigError::invalid(config, CONNECTIONS, text))
            }
            read => read,
        };
        let (requests, headers, connections) = all((
            read("backend.server.maxRequestsPerSocket", default.requests),
            read("backend.server.maxHeadersCount", default.headers),
            connections,
        ))?;
        // In Node, 0 is as many as fit.
        let headers = if headers == 0 { MOST_HEADERS } else { headers.min(MOST_HEADERS) };
        Ok(Self { requests, headers, connections })
    }

    /// How many connections beyond the limit are taken for probes.
    pub(crate) fn for_probes(&self) -> u32 {
        (self.connections / 8).clamp(1, 32)
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
        ConfigError::invalid(config, key, format!("Invalid duration {milliseconds}, expected milliseconds"))
    })
}
