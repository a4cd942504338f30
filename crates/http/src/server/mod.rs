//! Sockets, connections, what stands in front of the router, and the drain.

mod activity;
mod body;
mod connection;
mod front;
mod listener;
mod roomy;
mod socket;
mod unix;

use std::{sync::Arc, time::Duration};

use greenroom_config::RootConfig;
use greenroom_core::{Phase, RootLifecycle, ServiceFactory, service};
use greenroom_errors::Result;
use greenroom_health::{HealthRegistry, RootHealth};
use greenroom_logging::{RootLogger, fields, info, warn};
use http::HeaderValue;
use tokio_util::sync::CancellationToken;

use self::{connection::Connections, front::Front};
use crate::{
    client::TrustProxy,
    cors::Cors,
    health_routes::HealthRoutes,
    rate_limit::Limiter,
    respond::Envelope,
    root::{LocalAddr, RootHttpRouter},
    settings::{HttpSettings, Listen},
    tls::Tls,
};

/// How long requests in flight have once the server drains.
const DRAIN: Duration = Duration::from_secs(30);

impl RootHttpRouter {
    /// The default factory. The server listens once it is made, before any plugin starts.
    pub fn factory() -> ServiceFactory {
        service(
            async |settings: HttpSettings,
                   config: RootConfig,
                   logger: RootLogger,
                   lifecycle: RootLifecycle,
                   health: RootHealth,
                   registry: HealthRegistry| {
                let logger = logger.child(fields! { service: "rootHttpRouter" });
                let root = Self::new(Envelope::new(&logger, settings.development));
                if settings.trust_proxy == TrustProxy::Everybody {
                    warn!(
                        logger,
                        "backend.trustProxy is true: anyone who reaches the backend can claim any address; say how many proxies there are, or which. Rate limits count the address that the nearest proxy saw"
                    );
                }
                if settings.cors.as_ref().is_some_and(Cors::has_useless_star) {
                    warn!(
                        logger,
                        "backend.cors.origin: '*' matches no origin, as in Backstage; leave origin out to allow all, or write 'https://*'"
                    );
                }
                if settings.rate_limits.wants_redis {
                    warn!(
                        logger,
                        "backend.rateLimit.store: redis comes later, each process counts in its own memory until then"
                    );
                }
                let tls = settings.https.as_ref();
                let tls = tls.map(|https| Tls::new(https, settings.data_dir.as_deref(), &config, &logger));
                let tls = tls.transpose()?;
                let listener = listener::bind(&settings.listen, &config).await?;
                let address = listener.local_addr()?;
                root.listens_on(address.clone());
                let server = Arc::new(Front {
                    root: root.clone(),
                    health: HealthRoutes::new(health, registry, settings.clone()),
                    logger: logger.clone(),
                    development: settings.development,
                    keep_alive: keep_alive(&settings),
                    cors: settings.cors.clone(),
                    limiter: settings.rate_limits.global.clone().map(Limiter::new),
                    security: settings.security_headers.clone(),
                    draining: CancellationToken::new(),
                });
                let connections = Connections::new(server, &settings, tls);
                connections.accept_on(listener);
                drain_at_stop(&lifecycle, &settings, connections)?;
                info!(logger, "Listening on {}", shown(&settings.listen, &address));
                Ok(root)
            },
        )
    }
}

/// Node says whole seconds, and nothing when idle connections stay open.
fn keep_alive(settings: &HttpSettings) -> Option<HeaderValue> {
    let timeout = settings.timeouts.keep_alive;
    let most = match settings.connection_limits.requests {
        0 => String::new(),
        most => format!(", max={most}"),
    };
    let value = HeaderValue::try_from(format!("timeout={}{most}", timeout.as_secs()));
    value.ok().filter(|_| !timeout.is_zero())
}

/// As Node tells it: the host as configured, the port as it came to be.
fn shown(listen: &Listen, address: &LocalAddr) -> String {
    match (listen, address) {
        (Listen::Tcp { host, .. }, LocalAddr::Tcp(address)) if host.contains(':') => {
            format!("[{host}]:{}", address.port())
        }
        (Listen::Tcp { host, .. }, LocalAddr::Tcp(address)) => format!("{host}:{}", address.port()),
        _ => address.to_string(),
    }
}

/// Serves on for the configured delay after readiness went down, then answers what is in flight.
fn drain_at_stop(lifecycle: &RootLifecycle, settings: &HttpSettings, connections: Connections) -> Result {
    let delay = settings.shutdown_delay;
    if !delay.is_zero() {
        let deadline = delay + Duration::from_secs(1);
        lifecycle.add_hook_in(Phase::BeforeShutdown, "server shutdown delay", deadline, async move || {
            tokio::time::sleep(delay).await;
            Ok(())
        })?;
    }
    lifecycle.add_hook_in(Phase::Drain, "http drain", DRAIN, async move || {
        connections.drain().await;
        Ok(())
    })
}
