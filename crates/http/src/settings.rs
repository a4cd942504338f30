//! What the HTTP line reads from the config.

use std::{path::PathBuf, time::Duration};

use greenroom_config::{ConfigError, DeclareConfig, RootConfig, all, each};
use greenroom_core::{Service, ServiceFactory, scope, service};
use greenroom_data_dir::DataDirEnvironment;
use greenroom_http_server::{Https, Listen, ServerSettings};
use greenroom_logging::Compatibility;
use http::{HeaderName, HeaderValue};

use crate::express::{Cors, RateLimits, SecurityHeaders, TrustProxy};

/// `backend.listen`, `backend.https`, `backend.health.headers`, `backend.lifecycle.*`, `backend.server.*`: read and
/// checked once, before anything listens.
///
/// ```
/// use greenroom_config::RootConfig;
/// use greenroom_http::HttpSettings;
///
/// let config = RootConfig::from_yaml("backend: { listen: ':7008', trustProxy: true }").unwrap();
/// let settings = HttpSettings::from_config(&config, Some("production")).unwrap();
/// assert!(!settings.development);
/// assert!(settings.warnings()[0].starts_with("backend.trustProxy is true"));
/// ```
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// `backend.listen`; all addresses, port 7007.
    pub listen: Listen,
    /// `backend.https`: the certificate; nothing is encrypted without it.
    pub https: Option<Https>,
    /// Where a self-signed certificate is kept; it is made anew at each start without it.
    pub data_dir: Option<PathBuf>,
    /// `backend.health.headers`: set on both health endpoints.
    pub health_headers: Vec<(HeaderName, HeaderValue)>,
    /// `backend.lifecycle.startupRequestPauseTimeout`: how long a request waits for a plugin to start; 5 s.
    pub startup_pause: Duration,
    /// `backend.lifecycle.serverShutdownDelay`: how long requests are served after readiness went down; 0.
    pub shutdown_delay: Duration,
    /// `backend.server.*`, `greenroom.server.*`: how long the server waits for clients, and how much it takes from them.
    pub server: ServerSettings,
    /// `backend.trustProxy`: whose word about the client is taken; nobody's.
    pub trust_proxy: TrustProxy,
    /// `backend.cors`: who may read answers across origins; nobody without it.
    pub cors: Option<Cors>,
    /// `backend.csp`, `backend.referrer.policy` and what else helmet sets.
    pub security_headers: SecurityHeaders,
    /// `backend.rateLimit`: how many requests a client may send; any number without it.
    pub rate_limits: RateLimits,
    /// `greenroom.compatibility`: which release's access line is written; the newest.
    pub compatibility: Compatibility,
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
        let duration = |key: &str, default| Ok(config.optional_duration(key)?.unwrap_or(default));
        let connections = all((
            Listen::from_config(config),
            Https::from_config(config),
            health_headers(config),
            duration("backend.lifecycle.startupRequestPauseTimeout", Duration::from_secs(5)),
            duration("backend.lifecycle.serverShutdownDelay", Duration::ZERO),
            ServerSettings::from_config(config),
        ));
        let requests = all((
            Cors::from_config(config),
            RateLimits::from_config(config),
            SecurityHeaders::from_config(config),
            TrustProxy::from_config(config),
            Compatibility::from_config(config),
        ));
        let (connections, requests) = all((connections, requests))?;
        let (listen, https, health_headers, startup_pause, shutdown_delay, server) = connections;
        let (cors, rate_limits, security_headers, trust_proxy, compatibility) = requests;
        Ok(Self {
            listen,
            https,
            data_dir: None,
            health_headers,
            startup_pause,
            shutdown_delay,
            server,
            cors,
            rate_limits,
            security_headers,
            trust_proxy,
            compatibility,
            development: node_env == Some("development"),
        })
    }

    /// The default factory.
    pub fn factory(node_env: Option<String>, state: DataDirEnvironment) -> ServiceFactory {
        let read = move |config: &RootConfig| -> Result<Self, ConfigError> {
            let settings = Self::from_config(config, node_env.as_deref());
            let (settings, data_dir) = all((settings, state.data_dir(config)))?;
            Ok(Self { data_dir: Some(data_dir), ..settings })
        };
        let made = read.clone();
        service(async move |config: RootConfig| Ok(made(&config)?))
            .reads_with_warnings(read, Self::warnings)
            .follows(["backend.https.certificate"])
    }

    /// What an operator should know of them, each a sentence.
    pub fn warnings(&self) -> Vec<String> {
        let warnings = [
            (self.trust_proxy == TrustProxy::Everybody).then_some(
                "backend.trustProxy is true: anyone who reaches the backend can claim any address; say how many proxies \
                 there are, or which. Rate limits count the address that the nearest proxy saw",
            ),
            self.rate_limits.wants_redis.then_some(
                "backend.rateLimit.store: redis comes later, each process counts in its own memory until then",
            ),
        ];
        let own = warnings.into_iter().flatten().map(str::to_owned);
        let cors = self.cors.iter().flat_map(|cors| cors.warnings.iter().cloned());
        own.chain(self.server.warnings.iter().cloned())
            .chain(cors)
            .chain(self.https.iter().flat_map(Https::warnings))
            .collect()
    }
}

const HEALTH_HEADERS: &str = "backend.health.headers";

fn health_headers(config: &RootConfig) -> Result<Vec<(HeaderName, HeaderValue)>, ConfigError> {
    config.optional_config(HEALTH_HEADERS)?;
    let Some(serde_json::Value::Object(values)) = config.optional_get(HEALTH_HEADERS)? else {
        return Ok(vec![]);
    };
    let one = |(name, value): (String, serde_json::Value)| {
        let invalid = |what: &str| {
            let text = format!("Invalid header {what} in at {HEALTH_HEADERS}, must be a non-empty string");
            ConfigError::invalid(config, &format!("{HEALTH_HEADERS}.{name}"), text)
        };
        let value = value.as_str().filter(|value| !value.is_empty()).ok_or_else(|| invalid("value"))?;
        let header = HeaderName::try_from(&name).map_err(|_| invalid("name"))?;
        Ok((header, HeaderValue::try_from(value).map_err(|_| invalid("value"))?))
    };
    each(values.into_iter().map(one))
}
