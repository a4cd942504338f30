//! `backend.rateLimit`.

use std::{collections::BTreeMap, time::Duration};

use greenroom_config::{ConfigError, RootConfig};
use serde_json::Value;

use crate::express::trust_proxy::Network;

const KEY: &str = "backend.rateLimit";
const IPV6_PREFIX: &str = "greenroom.rateLimit.ipv6Prefix";

/// `backend.rateLimit`: how many requests a client may send.
#[derive(Clone, Debug, Default)]
pub struct RateLimits {
    /// Of everything together.
    pub(crate) global: Option<Limit>,
    /// Of single plugins, by their ids.
    pub(crate) plugins: BTreeMap<String, Limit>,
    /// Redis is asked for.
    pub(crate) wants_redis: bool,
}

/// One limit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Limit {
    pub(crate) window: Duration,
    pub(crate) requests: u64,
    /// Clients that are not counted.
    pub(crate) allowed: Vec<Network>,
    /// How many leading bits of an IPv6 address make one client.
    pub(crate) ipv6_prefix: u8,
    pub(crate) skip_successful: bool,
    pub(crate) skip_failed: bool,
}

impl Default for Limit {
    fn default() -> Self {
        let loopback = Network::all(&["127.0.0.1".to_owned(), "::1".to_owned()]);
        Self {
            window: Duration::from_secs(60),
            requests: 5,
            allowed: loopback.unwrap_or_default(),
            ipv6_prefix: 56,
            skip_successful: false,
            skip_failed: false,
        }
    }
}

impl RateLimits {
    pub(crate) fn from_config(config: &RootConfig) -> Result<Self, ConfigError> {
        let mut limits = Self::default();
        match config.optional_get(KEY)? {
            None | Some(Value::Null | Value::Bool(false)) => return Ok(limits),
            Some(Value::Bool(true)) => {
                limits.global = Some(Limit { ipv6_prefix: ipv6_prefix(config)?, ..Limit::default() });
            }
            Some(_) => {
                config.optional_config(KEY)?;
                let global = config.optional_boolean(&format!("{KEY}.global"))?.unwrap_or(true);
                limits.global = global.then(|| Limit::from_config(config, KEY)).transpose()?;
                limits.wants_redis = wants_redis(config)?;
                let plugins = format!("{KEY}.plugin");
                for plugin in
                    config.optional_config(&plugins)?.map(|plugins| plugins.keys()).unwrap_or_default()
                {
                    let key = format!("{plugins}.{plugin}");
                    let limit = match config.optional_get(&key)? {
                        None | Some(Value::Null | Value::Bool(false)) => continue,
                        Some(Value::Bool(true)) => {
                            Limit { ipv6_prefix: ipv6_prefix(config)?, ..Limit::default() }
                        }
                        Some(_) => Limit::from_config(config, &key)?,
                    };
                    limits.plugins.insert(plugin, limit);
                }
            }
        }
        Ok(limits)
    }
}

impl Limit {
    fn from_config(config: &RootConfig, above: &str) -> Result<Self, ConfigError> {
        config.optional_config(above)?;
        let key = |name: &str| format!("{above}.{name}");
        let invalid = |name: &str, text: String| ConfigError::invalid(config, &key(name), text);
        let default = Self::default();
        let window = config.optional_duration(&key("window"))?.unwrap_or(default.window);
        if window < Duration::from_millis(1) || window.as_millis() >= 1 << 31 {
            return Err(invalid("window", "Invalid window, expected 1 millisecond to 24 days".to_owned()));
        }
        let requests = config.optional_integer(&key("incomingRequestLimit"), 0..=1 << 53)?;
        let allowed = match config.optional_string_array(&key("ipAllowList"))? {
            None => default.allowed,
            Some(list) => Network::all(&list).map_err(|(index, text)| {
                ConfigError::invalid_element(config, &key("ipAllowList"), index, text)
            })?,
        };
        config.optional_boolean(&key("passOnStoreError"))?;
        Ok(Self {
            window,
            requests: requests.unwrap_or(default.requests),
            allowed,
            ipv6_prefix: ipv6_prefix(config)?,
            skip_successful: config.optional_boolean(&key("skipSuccessfulRequests"))?.unwrap_or(false),
            skip_failed: config.optional_boolean(&key("skipFailedRequests"))?.unwrap_or(false),
        })
    }
}

fn ipv6_prefix(config: &RootConfig) -> Result<u8, ConfigError> {
    Ok(config.optional_integer(IPV6_PREFIX, 32..=128)?.unwrap_or(Limit::default().ipv6_prefix))
}

fn wants_redis(config: &RootConfig) -> Result<bool, ConfigError> {
    let key = format!("{KEY}.store.type");
    match config.optional_string(&key)?.as_deref() {
        None | Some("memory") => Ok(false),
        Some("redis") => Ok(true),
        Some(other) => {
            let text = format!("Invalid rate limit store '{other}', expected memory or redis");
            Err(ConfigError::invalid(config, &key, text))
        }
    }
}
