//! What the HTTP line reads from the config.

mod server;

use std::time::Duration;

use greenroom_config::{ConfigError, RootConfig};
use greenroom_core::{Service, ServiceFactory, scope, service};
use http::{HeaderName, HeaderValue};

pub use self::server::{ConnectionLimits, Timeouts};
use crate::{client::TrustProxy, cors::Cors, rate_limit::RateLimits, respond::SecurityHeaders};

/// Where to listen: a host, empty for every address, and a port, 0 for any free one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// A name or an address without brackets; empty for all of IPv6 and IPv4.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// `backend.listen`, `backend.health.headers`, `backend.lifecycle.*`, `backend.server.*`: read and checked once, before anything listens.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// `backend.listen`; all addresses, port 7007.
    pub listen: Listen,
    /// `backend.health.headers`: set on both health endpoints.
    pub health_headers: Vec<(HeaderName, HeaderValue)>,
    /// `backend.lifecycle.startupRequestPauseTimeout`: how long a request waits for a plugin to start; 5 s.
    pub startup_pause: Duration,
    /// `backend.lifecycle.serverShutdownDelay`: how long requests are served after readiness went down; 0.
    pub shutdown_delay: Duration,
    /// `backend.server.*`: how long the server waits for a client.
    pub timeouts: Timeouts,
    /// `backend.server.*`: how much one connection or request may carry.
    pub connection_limits: ConnectionLimits,
    /// `backend.trustProxy`: whose word about the client is taken; nobody's.
    pub trust_proxy: TrustProxy,
    /// `backend.cors`: who may read answers across origins; nobody without it.
    pub cors: Option<Cors>,
    /// `backend.csp`, `backend.referrer.policy` and what else helmet sets.
    pub security_headers: SecurityHeaders,
    /// `backend.rateLimit`: how many requests a client may send; any number without it.
    pub rate_limits: RateLimits,
    /// Whether error bodies carry stacks and JSON is indented: `NODE_ENV=development`.
    pub development: bool,
}

impl Service for HttpSettings {
    const ID: &'static str = "greenroom.httpSettings";
    type Scope = scope::Root;
}

impl HttpSettings {
    /// Reads them; `node_env` is the value of `NODE_ENV`.
    pub fn from_config(config: &RootConfig, node_env: Option<&str>) -> Result<Self, ConfigError> {
        refuse_https(config)?;
        Ok(Self {
            listen: listen(config)?,
            health_headers: health_headers(config)?,
            startup_pause: config
                .optional_duration("backend.lifecycle.startupRequestPauseTimeout")?
                .unwrap_or(Duration::from_secs(5)),
            shutdown_delay: config
                .optional_duration("backend.lifecycle.serverShutdownDelay")?
                .unwrap_or_default(),
            timeouts: Timeouts::from_config(config)?,
            connection_limits: ConnectionLimits::from_config(config)?,
            cors: Cors::from_config(config)?,
            rate_limits: RateLimits::from_config(config)?,
            security_headers: SecurityHeaders::from_config(config)?,
            trust_proxy: TrustProxy::from_config(config)?,
            development: node_env == Some("development"),
        })
    }

    /// The default factory.
    pub fn factory(node_env: Option<String>) -> ServiceFactory {
        service(async move |config: RootConfig| Ok(Self::from_config(&config, node_env.as_deref())?))
    }
}

/// To serve plain HTTP to who configured encryption would be a leak.
fn refuse_https(config: &RootConfig) -> Result<(), ConfigError> {
    match config.optional_get("backend.https")? {
        None | Some(serde_json::Value::Null | serde_json::Value::Bool(false)) => Ok(()),
        Some(_) => {
            let text =
                "backend.https is not served yet: leave it out and end TLS in a proxy before the backend";
            Err(ConfigError::invalid(config, "backend.https", text))
        }
    }
}

const LISTEN: &str = "backend.listen";

/// Forms: `7007`, `':7007'`, `'host:7007'`, `'[::1]:7007'`, `{host, port}`. Source: observability §4.7.
fn listen(config: &RootConfig) -> Result<Listen, ConfigError> {
    let value = config.optional_get(LISTEN)?;
    match value {
        None => Ok(Listen { host: String::new(), port: 7007 }),
        Some(serde_json::Value::Object(_)) => {
            let host = config.optional_string("backend.listen.host")?.unwrap_or_default();
            let port = match config.optional_number("backend.listen.port")? {
                None => 7007,
                Some(port) => as_port(port).ok_or_else(|| {
                    ConfigError::invalid(
                        config,
                        "backend.listen.port",
                        format!("Unable to parse listen port {port}, expected 0 to 65535"),
                    )
                })?,
            };
            Ok(Listen { host: host.trim_matches(['[', ']']).to_owned(), port })
        }
        Some(value) => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            parse_listen(&text).ok_or_else(|| {
                let text = format!("Unable to parse listen address {text}, expected <port> or <host>:<port>");
                ConfigError::invalid(config, LISTEN, text)
            })
        }
    }
}

fn parse_listen(text: &str) -> Option<Listen> {
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = match bracketed {
        Some(inside) => inside.parse::<std::net::Ipv6Addr>().ok().map(|_| inside)?,
        None if host.contains(':') => return None,
        None => host,
    };
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    Some(Listen { host: host.to_owned(), port: port.parse().ok().filter(|_| digits)? })
}

fn as_port(number: f64) -> Option<u16> {
    let port = number as u16;
    (f64::from(port) == number).then_some(port)
}

const HEALTH_HEADERS: &str = "backend.health.headers";

fn health_headers(config: &RootConfig) -> Result<Vec<(HeaderName, HeaderValue)>, ConfigError> {
    config.optional_config(HEALTH_HEADERS)?;
    let Some(serde_json::Value::Object(values)) = config.optional_get(HEALTH_HEADERS)? else {
        return Ok(vec![]);
    };
    let invalid = |what: &str| {
        let text = format!("Invalid header {what} in at {HEALTH_HEADERS}, must be a non-empty string");
        ConfigError::invalid(config, HEALTH_HEADERS, text)
    };
    let one = |(name, value): (String, serde_json::Value)| {
        let value = value.as_str().filter(|value| !value.is_empty()).ok_or_else(|| invalid("value"))?;
        let name = HeaderName::try_from(name).map_err(|_| invalid("name"))?;
        Ok((name, HeaderValue::try_from(value).map_err(|_| invalid("value"))?))
    };
    values.into_iter().map(one).collect()
}
