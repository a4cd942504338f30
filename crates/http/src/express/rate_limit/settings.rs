//! `backend.rateLimit`.

use std::{collections::BTreeMap, time::Duration};

use greenroom_config::{ConfigError, RootConfig, all, each};
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
        match config.optional_get(KEY)? {
            None | Some(Value::Null | Value::Bool(false)) => Ok(Self::default()),
            Some(Value::Bool(true)) => {
                let global = Some(Limit { ipv6_prefix: ipv6_prefix(config)?, ..Limit::default() });
                Ok(Self { global, ..Self::default() })
            }
            Some(_) => {
                config.optional_config(KEY)?;
                let is_global = config.optional_boolean(&format!("{KEY}.global"));
                let global = is_global.and_then(|is_global| {
                    is_global.unwrap_or(true).then(|| Limit::from_config(config, KEY)).transpose()
                });
                let (global, wants_redis, plugins) = all((global, wants_redis(config), plugins(config)))?;
                Ok(Self { global, plugins, wants_redis })
            }
        }
    }
}

/// `backend.rateLimit.plugin.<id>`.
fn plugins(config: &RootConfig) -> Result<BTreeMap<String, Limit>, ConfigError> {
    let above = format!("{KEY}.plugin");
    let Some(named) = config.optional_config(&above)? else { return Ok(BTreeMap::new()) };
    let limits = named.keys().into_iter().map(|plugin| {
        let key = format!("{above}.{plugin}");
        let limit = match config.optional_get(&key)? {
            None | Some(Value::Null | Value::Bool(false)) => None,
            Some(Value::Bool(true)) => Some(Limit { ipv6_prefix: ipv6_prefix(config)?, ..Limit::default() }),
            Some(_) => Some(Limit::from_config(config, &key)?),
        };
        Ok(limit.map(|limit| (plugin, limit)))
    });
    Ok(each(limits)?.into_iter().flatten().collect())
}

impl Limit {
    fn from_config(config: &RootConfig, above: &str) -> Result<Self, ConfigError> {
        config.optional_config(above)?;
        let key = |name: &str| format!("{above}.{name}");
        let default = Self::default();
        let window = || {
            let window = config.optional_duration(&key("window"))?.unwrap_or(default.window);
            if window < Duration::from_millis(1) || window.as_millis() >= 1 << 31 {
                let text = "Invalid window, expected 1 millisecond to 24 days";
                return Err(ConfigError::invalid(config, &key("window"), text));
            }
            Ok(window)
        };
        let allowed = || match config.optional_string_array(&key("ipAllowList"))? {
            None => Ok(default.allowed.clone()),
            Some(list) => Network::all(&list).map_err(|(index, text)| {
                ConfigError::invalid_element(config, &key("ipAllowList"), index, text)
            }),
        };
        let flag = |name: &str| Ok(config.optional_boolean(&key(name))?.unwrap_or(false));
        let (window, requests, allowed, ipv6_prefix, skip_successful, skip_failed, _) = all((
            window(),
            config.optional_integer(&key("incomingRequestLimit"), 0..=1 << 53),
            allowed(),
            ipv6_prefix(config),
            flag("skipSuccessfulRequests"),
            flag("skipFailedRequests"),
            flag("passOnStoreError"),
        ))?;
        let requests = requests.unwrap_or(default.requests);
        Ok(Self { window, requests, allowed, ipv6_prefix, skip_successful, skip_failed })
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
