//! The server of the root router: what a request meets before the routes, and an answer behind them.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use axum::{body::Body, extract::Request, response::Response};
use greenroom_config::RootConfig;
use greenroom_context::catch_panic;
use greenroom_core::{Deps, Phase, RootLifecycle, ServiceFactory, service};
use greenroom_errors::Result;
use greenroom_health::{HealthRegistry, RootHealth};
use greenroom_http_server::{
    Answer, Arrival, Listen, LocalAddr, RequestBody, Serve, Server, ServerSettings, Tls,
};
use greenroom_logging::{Logger, RootLogger, fields, info};
use greenroom_metrics::MetricsRegistry;
use greenroom_traces::TracerProvider;
use http::HeaderValue;
use http_body::Body as _;
use tokio_util::sync::CancellationToken;

use crate::{
    apart,
    body::AnswerBody,
    client::Caller,
    dispatch::Unrouted,
    envelope::Envelope,
    exchange::Exchange,
    express::{
        TrustProxy,
        compression::Compression,
        rate_limit::{Limiter, RateLimit},
        send::ResSend,
    },
    failure::panicked,
    forward::{self, Forwarding},
    health_routes::{self, HealthRoutes},
    limits::Overload,
    measured::RequestMetrics,
    pipeline::{Access, EarlyRefusal, KeepAlive, Pipeline, RequestId, Step},
    root::RootHttpRouter,
    run_to_completion::{RunToCompletion, may_change_something},
    settings::HttpSettings,
    traced::{self, RequestTraces},
    websocket::WebSocketRoutes,
};

/// How long requests in flight have once the server drains.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

/// What a backend may go without: where requests go beside routes, how many there may be, and what is told of them.
#[derive(Clone, Deps)]
struct Around {
    forwarding: Option<Forwarding>,
    overload: Option<Overload>,
    metrics: Option<MetricsRegistry>,
    provider: Option<TracerProvider>,
}

impl RootHttpRouter {
    /// The default factory. The server listens once it is made, before any plugin starts.
    pub fn factory() -> ServiceFactory {
        service(
            async |settings: HttpSettings,
                   config: RootConfig,
                   logger: RootLogger,
                   lifecycle: RootLifecycle,
                   health: RootHealth,
                   registry: HealthRegistry,
                   around: Around| {
                let Around { forwarding, overload, metrics, provider } = around;
                let logger = logger.child(fields! { service: "rootHttpRouter" });
                let envelope = Envelope::new(&logger, settings.development);
                let root = Self::new(envelope, WebSocketRoutes::new(&logger), overload);
                let tls = settings.https.as_ref();
                let tls = tls.map(|https| Tls::new(https, settings.data_dir.as_deref(), &config, &logger));
                let tls = tls.transpose()?;
                let listener = settings.listen.bind(&config).await?;
                let address = listener.local_addr()?;
                root.listens_on(address.clone());
                let draining = CancellationToken::new();
                let metrics = metrics.map(|all| RequestMetrics::new(&all, settings.https.is_some()));
                let traces = provider.map(|all| RequestTraces::new(all, settings.https.is_some()));
                let behind = forwarding.clone();
                let front = Front(Arc::new(Inner {
                    steps: steps(&settings, &logger, &draining, metrics.clone(), traces.clone()),
                    apart: apart::Surroundings::new(&settings, &logger, &draining, metrics.clone()),
                    forwarding: forwarding.map(|to| {
                        let telemetry = (metrics, traces.clone());
                        let around = forward::Surroundings::new(&settings, &logger, &draining, telemetry);
                        (to, Arc::new(around))
                    }),
                    health: HealthRoutes::new(health, registry, settings.clone()),
                    root: root.clone(),
                    trust: settings.trust_proxy.clone(),
                    draining: draining.clone(),
                    traces,
                }));
                let server = Server::new(front, settings.server.clone(), tls, logger.clone(), draining);
                server.accept_on(listener);
                drain_at_stop(&lifecycle, &settings, server, behind)?;
                info!(logger, "Listening on {}", shown(&settings.listen, &address));
                Ok(root)
            },
        )
    }
}

/// The way of every request, outermost first.
fn steps(
    settings: &HttpSettings,
    logger: &Logger,
    draining: &CancellationToken,
    metrics: Option<RequestMetrics>,
    traces: Option<RequestTraces>,
) -> Pipeline {
    let development = settings.development;
    let mut steps: Vec<Box<dyn Step>> = vec![
        Box::new(RequestId),
        Box::new(EarlyRefusal),
        Box::new(KeepAlive { value: keep_alive(&settings.server), draining: draining.clone() }),
        Box::new(settings.security_headers.clone()),
    ];
    // Behind CORS on the way out, whose names stand first in `Vary`.
    steps.push(Box::new(Compression));
    if let Some(cors) = settings.cors.clone() {
        steps.push(Box::new(cors));
    }
    let (logger, compatibility) = (logger.clone(), settings.compatibility);
    steps.push(Box::new(Access { logger, compatibility, metrics, traces }));
    steps.push(Box::new(ResSend { development }));
    if let Some(limit) = settings.rate_limits.global.clone() {
        steps.push(Box::new(RateLimit { limiter: Limiter::new(limit), development }));
    }
    Pipeline::new(steps)
}

/// From a request to its answer.
#[derive(Clone)]
struct Front(Arc<Inner>);

struct Inner {
    steps: Pipeline,
    apart: apart::Surroundings,
    /// To whom what is not ours is forwarded.
    forwarding: Option<(Forwarding, Arc<forward::Surroundings>)>,
    health: HealthRoutes,
    root: RootHttpRouter,
    trust: TrustProxy,
    draining: CancellationToken,
    traces: Option<RequestTraces>,
}

impl Serve for Front {
    type Body = AnswerBody;

    fn serve(&self, request: axum::http::Request<RequestBody>, arrival: Arrival) -> Answer<AnswerBody> {
        let inner = self.0.clone();
        let caller = Caller { peer: arrival.peer, trust: inner.trust.clone() };
        if let Some(router) = inner.root.apart(request.uri().path()) {
            let (exchange, request) =
                begin(request, arrival, caller, inner.traces.as_ref(), traced::Of::Untraced);
            return run(exchange, request, async move |exchange, request| {
                inner.apart.answer(Some(router), exchange, request).await
            });
        }
        if let Some((to, around)) = &inner.forwarding
            && let Some(reach) = to.takes(request.uri().path(), &inner.root, || inner.health.fails())
        {
            return around.clone().answer(to, reach, &inner.root, request, arrival, caller);
        }
        if let Some(route) = inner.root.web_sockets().claim(&request, &caller) {
            return Box::pin(async move {
                let named = traced::name(inner.traces.as_ref(), &request, traced::Of::WebSockets);
                match inner.root.web_sockets().take(route, request, named, arrival, caller).await {}
            });
        }
        let (mut exchange, request) =
            begin(request, arrival, caller, inner.traces.as_ref(), traced::Of::Clients);
        exchange.watch = inner.root.watch();
        exchange.is_last |= inner.forwarding.as_ref().is_some_and(|(to, _)| to.is_leaving());
        run(exchange, request, |exchange, request| inner.answer(exchange, request))
    }
}

/// What is known of a request as it comes, and the request as routers take it.
pub(crate) fn begin(
    request: axum::http::Request<RequestBody>,
    arrival: Arrival,
    caller: Caller,
    traces: Option<&RequestTraces>,
    of: traced::Of,
) -> (Box<Exchange>, Request) {
    let request = request.map(|body| if body.is_end_stream() { Body::empty() } else { Body::new(body) });
    let named = traced::name(traces, &request, of);
    (Box::new(Exchange::begin(&request, named, arrival, caller)), request)
}

/// Runs the work on a request in its context: to its end, if it may change something.
pub(crate) fn run<F>(
    mut exchange: Box<Exchange>,
    request: Request,
    answer: impl FnOnce(Box<Exchange>, Request) -> F,
) -> Answer<AnswerBody>
where
    F: Future<Output = Response<AnswerBody>> + Send + 'static,
{
    let context = exchange.context.clone();
    if !may_change_something(&request) {
        return Box::pin(context.scope(answer(exchange, request)));
    }
    let has_called_author = Arc::new(AtomicBool::new(false));
    exchange.has_called_author = Some(has_called_author.clone());
    Box::pin(RunToCompletion::new(context, has_called_author, answer(exchange, request)))
}

impl Inner {
    #[expect(clippy::manual_async_fn, reason = "it would hold the request twice")]
    fn answer(
        self: Arc<Self>,
        mut exchange: Box<Exchange>,
        mut request: Request,
    ) -> impl Future<Output = Response<AnswerBody>> + Send {
        async move {
            let mut request = Unrouted::new(&mut request);
            let (reached, answer) = self.steps.on_request(&mut exchange, &mut request).await;
            let mut response = match answer {
                Some(answer) => answer,
                None => self.routes(&mut exchange, request).await,
            };
            self.steps.on_response(reached, &mut exchange, &mut response);
            AnswerBody::attach(exchange, response, &self.draining)
        }
    }

    async fn routes(&self, exchange: &mut Exchange, request: Unrouted<'_>) -> Response {
        match catch_panic(self.health_or_route(exchange, request)).await {
            Ok(response) => response,
            Err(panic) => self.root.replace_failure(exchange, panicked(panic)),
        }
    }

    async fn health_or_route(&self, exchange: &mut Exchange, request: Unrouted<'_>) -> Response {
        match self.health.answer(request.method(), request.uri()).await {
            Some(response) => {
                exchange.request.set_route(health_routes::route(request.uri().path()));
                response
            }
            None => self.root.route(exchange, request).await,
        }
    }
}

/// Node says whole seconds, and nothing when idle connections stay open.
pub(crate) fn keep_alive(settings: &ServerSettings) -> Option<HeaderValue> {
    let timeout = settings.timeouts.keep_alive;
    let most = match settings.limits.requests {
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

/// Serves on for the configured delay after readiness went down, then answers what is in flight. Who is in front of a server that has
/// ended has nothing left to serve.
fn drain_at_stop(
    lifecycle: &RootLifecycle,
    settings: &HttpSettings,
    server: Server<Front>,
    behind: Option<Forwarding>,
) -> Result {
    let delay = settings.shutdown_delay;
    if !delay.is_zero() {
        let deadline = delay + Duration::from_secs(1);
        lifecycle.add_hook_in(Phase::BeforeShutdown, "server shutdown delay", deadline, async move || {
            if !behind.is_some_and(|behind| behind.has_ended()) {
                tokio::time::sleep(delay).await;
            }
            Ok(())
        })?;
    }
    lifecycle.add_hook_in(Phase::Drain, "http drain", DRAIN_TIMEOUT, async move || {
        server.drain().await;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each request that is at work has room for it, and most of the server's memory is that.
    #[test]
    fn the_future_of_a_request_from_its_first_step_to_its_answer_stays_small() {
        fn size<A, B, C, F>(_: fn(A, B, C) -> F) -> usize {
            size_of::<F>()
        }
        let answer = size(Inner::answer);
        assert!(answer <= 800, "{answer} bytes; a request has {}", size_of::<Request>());
    }
}
