//! `backend.server`: how long the server waits, and how much one connection or request may carry.

use std::time::Duration;

use greenroom_config::{ConfigError, RootConfig};

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
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            headers: Duration::from_secs(10),
            request: Duration::from_secs(300),
            keep_alive: Duration::from_secs(5),
            silence: Duration::ZERO,
            body: Duration::from_secs(30),
        }
    }
}

impl Timeouts {
    pub(super) fn from_config(config: &RootConfig) -> Result<Self, ConfigError> {
        let default = Self::default();
        let read = |key: &str, default| Ok(duration(config, key)?.unwrap_or(default));
        Ok(Self {
            headers: read("backend.server.headersTimeout", default.headers)?,
            request: read("backend.server.requestTimeout", default.request)?,
            keep_alive: read("backend.server.keepAliveTimeout", default.keep_alive)?,
            silence: read("backend.server.timeout", default.silence)?,
            body: read("greenroom.server.bodyTimeout", default.body)?,
        })
    }

    /// For a request's header, which is a part of the request; `None` for ever.
    pub(crate) fn until_header(&self) -> Option<Duration> {
        [self.headers, self.request].into_iter().filter(|timeout| !timeout.is_zero()).min()
    }
}

/// How much one connection or request may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// `backend.server.maxRequestsPerSocket`: the last answer closes the connection; 0, any number.
    pub requests: u32,
    /// `backend.server.maxHeadersCount`: more are a 431; 2000; 0, as many as fit.
    pub headers: u32,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { requests: 0, headers: 2000 }
    }
}

impl ConnectionLimits {
    pub(super) fn from_config(config: &RootConfig) -> Result<Self, ConfigError> {
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
        Ok(Self {
            requests: read("backend.server.maxRequestsPerSocket", default.requests)?,
            headers: read("backend.server.maxHeadersCount", default.headers)?,
        })
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
