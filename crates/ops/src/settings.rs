//! What the surface reads from the config, beside its token.

use greenroom_config::{ConfigError, DeclareConfig, RootConfig, all, each};
use greenroom_core::{Service, ServiceFactory, scope, service};
use greenroom_http_server::Listen;

use crate::hosts::{Allowed, Hosts};

const HOSTS: &str = "greenroom.ops.hosts";
const LISTEN: &str = "greenroom.ops.listen";
const METRICS: &str = "greenroom.metrics.listen";

/// `greenroom.ops.hosts`, `greenroom.ops.listen` and `greenroom.metrics.listen`.
#[derive(Clone, Debug)]
pub struct OpsSettings {
    /// Where the surface listens by itself; where all else does without it.
    pub listen: Option<Listen>,
    /// Where the metrics are for everybody who reaches it; nowhere without it.
    pub metrics: Option<Listen>,
    /// The names under which it may be asked for.
    pub(crate) hosts: Hosts,
}

impl Service for OpsSettings {
    const ID: &'static str = "greenroom.opsSettings";
    type Scope = scope::Root;
}

impl OpsSettings {
    /// Reads them.
    ///
    /// # Errors
    /// When a host is none, or nobody can listen at the address.
    pub fn from_config(config: &RootConfig) -> Result<Self, ConfigError> {
        let listen = |key| Listen::optional(config, key);
        let (listed, listen, metrics) = all((listed(config), listen(LISTEN), listen(METRICS)))?;
        let mut hosts = Hosts::default();
        for key in ["backend.baseUrl", "app.baseUrl"] {
            // What is wrong with it is told by whoever needs it.
            let url = config.optional_string(key).ok().flatten();
            hosts.add(url.and_then(|url| Allowed::of_url(&url)));
        }
        hosts.add(listed);
        Ok(Self { listen, metrics, hosts })
    }

    /// The default factory.
    pub fn factory() -> ServiceFactory {
        service(async |config: RootConfig| Ok(Self::from_config(&config)?)).reads(Self::from_config)
    }
}

fn listed(config: &RootConfig) -> Result<Vec<Allowed>, ConfigError> {
    let listed = config.optional_string_array(HOSTS)?.unwrap_or_default();
    each(listed.into_iter().enumerate().map(|(at, text)| {
        Allowed::parse(&text).ok_or_else(|| {
            let fault = format!(
                "Invalid host '{text}' in {HOSTS}, expected <name> or <name>:<port>, without a scheme"
            );
            ConfigError::invalid(config, &format!("{HOSTS}[{at}]"), fault)
        })
    }))
}
