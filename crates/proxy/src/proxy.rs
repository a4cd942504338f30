//! A proxy, as who starts one and who looks at one has it.

use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use axum::extract::Request;
use futures_util::future::BoxFuture;
use greenroom_context::spawn;
use greenroom_http::{Forward, Forwarded, Forwarding, LimitSettings, Overload, Passage, Reach};
use greenroom_logging::Logger;
use greenroom_metrics::MetricsRegistry;
use greenroom_traces::Tracer;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use crate::{
    availability::Availability,
    connect::Connector,
    documents::Documents,
    labels::Labels,
    latency::Latency,
    live::Live,
    measured::ProxyMetrics,
    occasional::Occasional,
    pool::Pool,
    pulse::{LookAtThread, Pulse, watch_event_loop},
    send,
    settings::{Limits, Upstream},
    shared::{Changed, Shared},
    start::IsIt,
    state::{State, Why},
    status::{Readiness, Status},
    watch::watch,
};

/// One server behind this one; clones are the same.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use std::time::Duration;
/// use greenroom_logging::{CaptureSink, RootLogger};
/// use greenroom_proxy::{Limits, Proxy, State, Upstream};
///
/// let upstream = Upstream {
///     address: "127.0.0.1:7008".parse().unwrap(),
///     source: Some("127.0.0.2".parse().unwrap()),
///     connect_timeout: Duration::from_secs(2),
///     pause: Duration::from_secs(5),
///     headers: 100,
/// };
/// let logger = RootLogger::builder().sink(CaptureSink::new()).build().plugin("gateway");
/// let proxy = Proxy::builder(upstream, logger).limits(Limits::default()).build();
/// assert!(matches!(proxy.status().state, State::Starting { .. }));
/// // What a backend with this service does not answer itself goes there.
/// let forwarding = proxy.forwarding();
/// # }
/// ```
#[derive(Clone)]
pub struct Proxy(pub(crate) Arc<Shared>);

/// Puts one together.
pub struct ProxyBuilder {
    availability: Availability,
    connector: Arc<Connector>,
    limits: Limits,
    documents: Documents,
    labels: Option<Arc<dyn Labels>>,
    writes_lines: bool,
    watches_event_loop: bool,
    overload: Option<Overload>,
    metrics: Option<MetricsRegistry>,
    tracer: Tracer,
    /// The port at which it is, if that stays.
    port: Option<u16>,
    logger: Logger,
}

impl Proxy {
    /// One for this server.
    pub fn builder(upstream: Upstream, logger: Logger) -> ProxyBuilder {
        let (limits, documents, labels) = Default::default();
        let availability = Availability::new(&upstream, logger.clone());
        let connector = Arc::new(Connector::new(&upstream, logger.clone()));
        ProxyBuilder {
            availability,
            connector,
            limits,
            documents,
            labels,
            writes_lines: true,
            watches_event_loop: true,
            overload: None,
            metrics: None,
            tracer: Tracer::noop(),
            port: Some(upstream.address.port()),
            logger,
        }
    }

    /// What a backend installs to be a gateway.
    pub fn forwarding(&self) -> Forwarding {
        Forwarding::new(self.clone())
    }

    /// Each change of its state.
    pub fn state(&self) -> watch::Receiver<State> {
        self.0.availability.watch()
    }

    /// A look at what is going on.
    pub fn status(&self) -> Status {
        self.0.status()
    }

    /// Where it is asked, or was asked last.
    pub fn address(&self) -> SocketAddr {
        self.0.availability.address()
    }

    /// What it has said last of its readiness, since it takes connections.
    pub fn readiness(&self) -> Option<Arc<Readiness>> {
        self.0.readiness()
    }

    /// It is started, and is to listen there. `is_it` is asked before it is taken for up: another program may listen there
    /// meanwhile. Streams and connections of the start before end, and who waits is answered by this one.
    pub fn starts(&self, address: SocketAddr, is_it: Option<IsIt>) {
        self.0.availability.starts(address, is_it);
        self.0.pool.empty();
    }

    /// It has ended, and is started again: its streams end, requests wait, and nobody is asked until it [starts](Self::starts).
    pub fn ended(&self, why: Why) {
        self.0.availability.ended(why);
        self.0.pool.empty();
    }

    /// It has ended and does not come again, or could not be started: who waits is told.
    pub fn gone(&self, why: Why) {
        self.0.availability.gone(why);
        self.0.pool.empty();
    }

    /// Its start has failed, as who reads what it prints knows: it may take connections, and does not become ready.
    pub fn start_has_failed(&self) {
        if let Some(start) = self.0.availability.start() {
            start.fails();
        }
        self.0.news.notify_one();
    }

    /// Is told when there is something new of it beside its [state](Self::state): it has become ready or ceased to be, its event loop
    /// stands still or turns again, its start has failed. One who waits is told.
    pub fn news(&self) -> Arc<Notify> {
        self.0.news.clone()
    }

    /// How its main thread is looked at while it does not answer, where that is known: it tells what the thread does.
    pub fn set_main_thread(&self, look: Option<LookAtThread>) {
        self.0.pulse.set_thread(look);
    }

    /// Lets bytes pass as they come, or no longer.
    pub fn set_transparent(&self, is_transparent: bool) {
        self.0.is_transparent.store(is_transparent, Relaxed);
    }

    /// Answers health checks here from now on.
    pub fn stops(&self) {
        self.0.is_stopping.store(true, Relaxed);
    }

    /// Closes connections that are kept for later, and ends event streams and tunnels, from now on those too that come later.
    /// Everything else goes on.
    pub fn drain(&self) {
        self.0.drain();
    }
}

impl ProxyBuilder {
    /// Each change of its state, for what the proxy is to be built with.
    pub fn state(&self) -> watch::Receiver<State> {
        self.availability.watch()
    }

    /// Asks nobody until somebody says that it [starts](Proxy::starts).
    #[must_use]
    pub fn starts_later(self) -> Self {
        self.availability.is_not_started();
        Self { port: None, ..self }
    }

    /// How much goes to it at once.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Who adds to its documents.
    #[must_use]
    pub fn documents(mut self, documents: Documents) -> Self {
        self.documents = documents;
        self
    }

    /// Who finds out who sends requests.
    #[must_use]
    pub fn labels(mut self, labels: impl Labels) -> Self {
        self.labels = Some(Arc::new(labels));
        self
    }

    /// Whether the server behind is asked again and again whether its event loop turns; it is, unless told otherwise.
    #[must_use]
    pub fn watches_event_loop(mut self, watches_event_loop: bool) -> Self {
        self.watches_event_loop = watches_event_loop;
        self
    }

    /// By whom is told that more comes than may go to it at once; by lines alone, unless somebody else does.
    #[must_use]
    pub fn overload(mut self, overload: Option<Overload>) -> Self {
        self.overload = overload;
        self
    }

    /// Where is told how long it takes to answer, as `http.client.request.duration`, and to turn its event loop; nowhere unless set.
    #[must_use]
    pub fn metrics(mut self, registry: MetricsRegistry) -> Self {
        self.metrics = Some(registry);
        self
    }

    /// Who makes a span of each request, of which the server behind learns; nobody unless set.
    #[must_use]
    pub fn tracer(mut self, tracer: Tracer) -> Self {
        self.tracer = tracer;
        self
    }

    /// Whether its requests have access lines here; they have, unless the server behind writes them.
    #[must_use]
    pub fn writes_lines(mut self, writes_lines: bool) -> Self {
        self.writes_lines = writes_lines;
        self
    }

    /// The proxy. It looks after the server behind from now on, in a task of who calls this.
    pub fn build(self) -> Proxy {
        let Self {
            availability,
            connector,
            limits,
            documents,
            labels,
            writes_lines,
            watches_event_loop,
            overload,
            metrics,
            tracer,
            port,
            logger,
        } = self;
        let live = Arc::new(Live::new(limits));
        let overload =
            overload.unwrap_or_else(|| Overload::new(&LimitSettings::default(), None, logger.clone()));
        live.limits().into_iter().for_each(|limit| overload.follow(limit));
        let shared = Arc::new(Shared {
            availability,
            connector,
            pool: Arc::new(Pool::default()),
            live,
            pulse: Pulse::default(),
            news: Arc::default(),
            latency: Latency::default(),
            limits,
            documents,
            labels,
            metrics: metrics.map(|registry| ProxyMetrics::new(&registry, port)),
            tracer,
            writes_lines,
            logger,
            retries: AtomicU64::new(0),
            changed: Mutex::new(Changed::default()),
            is_transparent: AtomicBool::new(false),
            is_stopping: AtomicBool::new(false),
            failures: Occasional::default(),
            is_untrusted_told: AtomicBool::new(false),
        });
        drop(spawn("upstream watch", watch(Arc::downgrade(&shared))));
        if watches_event_loop {
            drop(spawn("upstream pulse", watch_event_loop(Arc::downgrade(&shared))));
        }
        Proxy(shared)
    }
}

impl Forward for Proxy {
    fn reach(&self) -> Reach {
        self.0.reach()
    }

    fn is_leaving(&self) -> bool {
        self.0.is_stopping()
    }

    fn has_ended(&self) -> bool {
        matches!(self.0.availability.state(), State::Failed { .. })
    }

    fn writes_lines(&self) -> bool {
        self.0.writes_lines
    }

    fn has_plugin(&self, plugin: &str) -> bool {
        self.0.live.has_found(plugin)
    }

    fn forward(&self, request: Request, passage: Passage) -> BoxFuture<'static, Forwarded> {
        Box::pin(send::forward(self.0.clone(), request, passage))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("state", &self.0.availability.state()).finish_non_exhaustive()
    }
}

impl fmt::Debug for ProxyBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyBuilder").field("address", &self.availability.address()).finish_non_exhaustive()
    }
}
