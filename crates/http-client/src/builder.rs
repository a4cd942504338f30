//! How a client is made.

use std::{sync::Arc, time::Duration};

use greenroom_logging::Logger;
use greenroom_metrics::MetricsRegistry;
use greenroom_traces::Tracer;

use crate::{
    client::Client,
    connect::Shared,
    environment::ClientEnvironment,
    measured::{CallMetrics, Told},
    resolve::{Resolve, SystemResolver},
    service::HttpClient,
    settings::ClientSettings,
    tls::Tls,
};

/// How long a connection may take to be there.
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);

/// Makes an [`HttpClient`].
///
/// ```
/// use greenroom_http_client::{ClientEnvironment, HttpClient};
///
/// // With the proxies and certificates that the process's environment names.
/// let client = HttpClient::builder(ClientEnvironment::from_process()).build();
/// ```
pub struct HttpClientBuilder {
    environment: ClientEnvironment,
    settings: ClientSettings,
    logger: Logger,
    resolver: Arc<dyn Resolve>,
    connect_deadline: Duration,
    told: Told,
}

impl HttpClientBuilder {
    pub(crate) fn new(environment: ClientEnvironment) -> Self {
        Self {
            environment,
            settings: ClientSettings::default(),
            logger: Logger::noop(),
            resolver: Arc::new(SystemResolver),
            connect_deadline: CONNECT_DEADLINE,
            told: Told { metrics: None, tracer: Tracer::noop() },
        }
    }

    /// What the config says.
    #[must_use]
    pub fn settings(mut self, settings: ClientSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Gets a line at debug for each call; nothing does unless set.
    #[must_use]
    pub fn logger(mut self, logger: Logger) -> Self {
        self.logger = logger;
        self
    }

    /// Where the duration of each call is told, as `http.client.request.duration`; nowhere unless set.
    #[must_use]
    pub fn metrics(mut self, registry: &MetricsRegistry) -> Self {
        self.told.metrics = Some(CallMetrics::new(registry));
        self
    }

    /// Who makes a span of each call; nobody unless set.
    #[must_use]
    pub fn tracer(mut self, tracer: Tracer) -> Self {
        self.told.tracer = tracer;
        self
    }

    /// What finds the addresses of names; the system does unless set.
    #[must_use]
    pub fn resolver(mut self, resolver: impl Resolve) -> Self {
        self.resolver = Arc::new(resolver);
        self
    }

    /// How long a connection may take to be there, with all that belongs to it: looking up the name, the proxy, TLS; 5 s
    /// unless set.
    #[must_use]
    pub fn connect_deadline(mut self, deadline: Duration) -> Self {
        self.connect_deadline = deadline;
        self
    }

    /// Makes it. Nothing is read or connected before the first call.
    pub fn build(self) -> HttpClient {
        let ClientEnvironment { proxies, roots, .. } = self.environment;
        let (tls, resolver, deadline) = (Tls::new(roots), self.resolver, self.connect_deadline);
        let shared = Shared { tls, proxies, resolver, deadline };
        HttpClient::new(Client::new(shared, self.settings.allowed_addresses, self.logger, self.told))
    }
}
