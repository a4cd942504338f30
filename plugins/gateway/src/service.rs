//! The gateway as a service, and what else makes a backend one.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use greenroom::{
    auth::{ExternalTokens, RemoteAuth, RemoteKeys},
    context::spawn,
    core::{Feature, decorate},
    http::{HttpSettings, Overload},
    http_client::{ClientEnvironment, ClientSettings, HttpClient},
    metrics::MetricsRegistry,
    prelude::*,
    traces::{Tracer, TracerProvider},
};
use greenroom_boot_document::BootDocument;
use greenroom_node_log::facts::NodeBoot;
use greenroom_proxy::{Documents, Proxy, State, Upstream};
use greenroom_wrap::{Drifted, LastExit, Memory, Spent};

use crate::{
    AccessLines, GatewayOptions, GatewaySettings, GivenUp, UpstreamFrom, boot,
    child_facts::ChildFacts,
    labels::{self, OfTokens},
    node::NodeReadiness,
    readiness::Readiness,
    stop::{self, Stopping},
    users,
};

/// How long a connection to the Node backend may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// From where a Node backend on this machine is asked: its rate limit spares 127.0.0.1, and would spare everybody.
const SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// What stands in front of a Node backend: `greenroom.gateway`. Clones are the same one.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    proxy: Proxy,
    settings: GatewaySettings,
    is_child: bool,
    pause: Duration,
    client: HttpClient,
    keys: RemoteKeys,
    stopping: Stopping,
    boot: boot::Known<NodeBoot>,
    given_up: boot::Known<GivenUp>,
    child_facts: ChildFacts,
}

impl Service for Gateway {
    const ID: &'static str = "greenroom.gateway";
    type Scope = scope::Root;
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("address", &self.0.proxy.address()).finish_non_exhaustive()
    }
}

/// What others bring to it.
#[derive(Clone, Deps)]
struct Parts {
    documents: Documents,
    external: ExternalTokens,
    registry: MetricsRegistry,
    overload: Option<Overload>,
    traces: Option<TracerProvider>,
}

/// What makes a backend a gateway, beside the plugin [`gateway`](crate::gateway()): the service itself, its
/// [settings](GatewaySettings), which can be decorated, the [`Forwarding`](greenroom::http::Forwarding) that the root router
/// takes, and readiness that knows the Node backend.
///
/// ```no_run
/// use greenroom_plugin_gateway::{GatewayOptions, UpstreamFrom, gateway, gateway_services};
/// # fn add(mut backend: greenroom::core::Backend) -> greenroom::core::Backend {
/// let upstream = UpstreamFrom::Url("http://127.0.0.1:7008".to_owned());
/// for feature in gateway_services(GatewayOptions { upstream }) {
///     backend = backend.add(feature);
/// }
/// backend.add(gateway())
/// # }
/// ```
pub fn gateway_services(options: GatewayOptions) -> Vec<Feature> {
    let made = service(
        async move |settings: GatewaySettings,
                    http: HttpSettings,
                    logger: RootLogger,
                    lifecycle: RootLifecycle,
                    parts: Parts| {
            let logger = logger.child(fields! { service: "gateway" });
            let gateway = Gateway::new(&options.upstream, settings, &http, parts, &logger).await?;
            stop::add_hooks(&gateway, &lifecycle, http.shutdown_delay, logger)?;
            Ok(gateway)
        },
    );
    let forwards = service(async |gateway: Gateway| Ok(gateway.0.proxy.forwarding()));
    let tells = decorate(async |inner: RootHealth, gateway: Gateway| {
        Ok(RootHealth::new(Readiness { inner, gateway }))
    });
    let settings = GatewaySettings::factory();
    let (tokens, keys) = (users::external_tokens(), users::plugin_keys());
    vec![settings.into(), made.into(), forwards.into(), tells.into(), tokens.into(), keys.into()]
}

impl Gateway {
    async fn new(
        from: &UpstreamFrom,
        settings: GatewaySettings,
        http: &HttpSettings,
        parts: Parts,
        logger: &Logger,
    ) -> Result<Self> {
        let address = from.address().await?;
        from.refuse_ourselves(address, &http.listen)?;
        if !from.is_child() {
            info!(logger, "What is not ours goes to the Node backend at {address}");
        }
        let is_here = address.is_ipv4() && address.ip().is_loopback();
        let pause = http.startup_pause;
        let upstream = Upstream {
            address,
            source: is_here.then_some(SOURCE),
            connect_timeout: CONNECT_TIMEOUT,
            pause,
            headers: http.server.limits.headers,
        };
        // The operator has named the address, and no proxy stands in front of it.
        let allowed = ClientSettings { allowed_addresses: vec![address.ip()] };
        let client = HttpClient::builder(ClientEnvironment::default()).settings(allowed);
        let client = client.connect_deadline(CONNECT_TIMEOUT).build();
        let proxy = Proxy::builder(upstream, logger.clone());
        let proxy = if from.is_child() { proxy.starts_later() } else { proxy };
        let keys = labels::keys(client.clone(), proxy.state());
        drop(spawn("keys of a new Node backend", labels::refresh(keys.clone(), proxy.state())));
        let proxy = proxy
            .limits(settings.limits)
            .overload(parts.overload)
            .metrics(parts.registry)
            .tracer(parts.traces.map_or_else(Tracer::noop, |traces| traces.own()))
            .documents(parts.documents)
            .writes_lines(settings.access_lines != AccessLines::Node)
            .watches_event_loop(settings.watches_event_loop)
            .labels(OfTokens::new(keys.clone(), parts.external)?)
            .build();
        proxy.set_transparent(settings.is_transparent);
        Ok(Self(Arc::new(Inner {
            proxy,
            settings,
            is_child: from.is_child(),
            pause,
            client,
            keys,
            stopping: Stopping::default(),
            boot: boot::Known::default(),
            given_up: boot::Known::default(),
            child_facts: ChildFacts::default(),
        })))
    }

    /// By what users are known who signed in at the Node backend.
    pub(crate) fn auth_backend(&self) -> RemoteAuth {
        users::auth_backend(self.0.keys.clone(), self.0.client.clone(), self.0.proxy.state())
    }

    /// What passes requests on. Who starts the Node backend tells it: [`starts`](Proxy::starts), [`ended`](Proxy::ended) and
    /// [`gone`](Proxy::gone).
    pub fn proxy(&self) -> &Proxy {
        &self.0.proxy
    }

    /// What the config says.
    pub fn settings(&self) -> &GatewaySettings {
        &self.0.settings
    }

    /// Whether it can be asked at the moment.
    pub fn state(&self) -> State {
        self.0.proxy.state().borrow().clone()
    }

    /// Whether the Node backend is a child process of this one.
    pub(crate) fn is_child(&self) -> bool {
        self.0.is_child
    }

    /// How long requests wait for a Node backend that does not listen.
    pub(crate) fn pause(&self) -> Duration {
        self.0.pause
    }

    /// What it has said last of its readiness.
    pub(crate) fn node(&self) -> Option<NodeReadiness> {
        self.0.proxy.readiness().map(|readiness| NodeReadiness::of(&readiness))
    }

    /// Ends what would keep the Node backend from ending, once: event streams, tunnels and connections that are kept for later.
    pub fn drain(&self) {
        stop::drain(self);
    }

    /// Resolves once no request is in flight.
    pub async fn quiet(&self) {
        stop::quiet(self).await;
    }

    /// Notes how the Node backend has ended last, for the page. Who starts it knows.
    pub fn set_last_exit(&self, exit: LastExit) {
        self.0.child_facts.set_last_exit(exit);
    }

    /// Who is asked what the Node backend's log costs: who reads it, most first. It must not wait.
    pub fn set_log_spend(&self, ask: impl Fn() -> Vec<Spent> + Send + Sync + 'static) {
        self.0.child_facts.set_spend(ask);
    }

    /// Who is asked which files of the Node backend have changed since its start. It must not wait.
    pub fn set_drift(&self, ask: impl Fn() -> Vec<Drifted> + Send + Sync + 'static) {
        self.0.child_facts.set_drift(ask);
    }

    /// Who is asked for the process id of the Node backend that runs, and for its memory as it was looked at last. It must not wait.
    pub fn set_running(&self, ask: impl Fn() -> Option<(u32, Option<Memory>)> + Send + Sync + 'static) {
        self.0.child_facts.set_running(ask);
    }

    pub(crate) fn child_facts(&self) -> &ChildFacts {
        &self.0.child_facts
    }

    /// Who starts the Node backend and reads what it prints tells how its start goes, without secrets.
    pub fn set_boot(&self, look: impl Fn() -> Option<NodeBoot> + Send + Sync + 'static) {
        self.0.boot.set(look);
    }

    /// How its start goes, as `GET /.greenroom/v1/gateway` tells it; `None` where nobody knows.
    pub fn boot_document(&self) -> Option<BootDocument> {
        self.boot().as_ref().map(BootDocument::of_node)
    }

    /// The same as its lines tell it.
    pub fn boot(&self) -> Option<NodeBoot> {
        self.0.boot.get()
    }

    /// Who ends a Node backend whose start has failed tells when that will be. It must not wait.
    pub fn set_given_up(&self, look: impl Fn() -> Option<GivenUp> + Send + Sync + 'static) {
        self.0.given_up.set(look);
    }

    pub(crate) fn given_up(&self) -> Option<GivenUp> {
        self.0.given_up.get()
    }

    pub(crate) fn stopping(&self) -> &Stopping {
        &self.0.stopping
    }
}
