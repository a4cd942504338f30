//! The root router: routes of the whole backend, and the mounts of plugins.

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use axum::{
    Router,
    extract::{OriginalUri, Request},
    response::Response,
};
use futures_util::future::BoxFuture;
use greenroom_core::{Service, scope};
use greenroom_errors::{Error, Result};
use greenroom_http_server::LocalAddr;
use greenroom_logging::Logger;
use http::{Method, StatusCode, Uri, uri::PathAndQuery};

use crate::{
    apart::Apart,
    dispatch::{Routed, Unrouted, dispatch},
    envelope::Envelope,
    exchange::Exchange,
    express::{matching, send::empty},
    finished_request::{FinishedObservers, FinishedRequest, Watch},
    forward::plugin_of,
    health_routes,
    limits::{Limit, Overload},
    observer::{Observer, Observers},
    websocket::{WebSocketRoutes, WebSocketUpgrade, boxed},
};

/// The mount of the plugin whose routes are below `/` too: Backstage's default `indexPath`.
const INDEX: &str = "/api/app";

/// Routes below `/` that belong to no plugin's API. Backstage's `core.rootHttpRouter`.
///
/// ```
/// use axum::{Router, routing::get};
/// use greenroom_core::plugin;
/// use greenroom_http::RootHttpRouter;
///
/// plugin("version", |env| {
///     env.register_init(async |http: RootHttpRouter| {
///         http.mount("/version", Router::new().route("/", get(async || "1.0")))
///     });
/// });
/// ```
#[derive(Clone)]
pub struct RootHttpRouter(Arc<Routes>);

struct Routes {
    mounts: ArcSwap<Vec<Mount>>,
    aparts: ArcSwap<Vec<Apart>>,
    /// What is asked where nothing is mounted.
    fallback: OnceLock<AuthorsRouter>,
    observers: Observers<dyn Fn(&Request) + Send + Sync>,
    /// None are looked for as long as nobody has asked to be told.
    finished: OnceLock<Arc<FinishedObservers>>,
    address: OnceLock<LocalAddr>,
    envelope: Arc<Envelope>,
    web_sockets: WebSocketRoutes,
    /// How much may be in flight.
    overload: Option<Overload>,
}

#[derive(Clone)]
struct Mount {
    /// As the author wrote it.
    named: String,
    path: String,
    handler: Arc<dyn Handler>,
}

/// What a mount does with a request whose URI is relative to it.
pub(crate) trait Handler: Send + Sync + 'static {
    fn handle<'a>(&'a self, exchange: &'a mut Exchange, request: Unrouted<'a>) -> BoxFuture<'a, Response>;
}

impl Service for RootHttpRouter {
    const ID: &'static str = "core.rootHttpRouter";
    type Scope = scope::Root;
}

impl RootHttpRouter {
    pub(crate) fn new(envelope: Envelope, web_sockets: WebSocketRoutes, overload: Option<Overload>) -> Self {
        let (mounts, aparts, fallback, observers, finished, address) = Default::default();
        Self(Arc::new(Routes {
            mounts,
            aparts,
            fallback,
            observers,
            finished,
            address,
            envelope: Arc::new(envelope),
            web_sockets,
            overload,
        }))
    }

    /// Serves everything at and below `path` by `router`, whose own routes are relative to it.
    ///
    /// Matched as Express matches: in any case, a slash at the end or not. Errors if the path is empty or overlaps
    /// another (contract: http-7, http-9). There is no credentials barrier here.
    pub fn mount(&self, path: &str, router: Router) -> Result {
        self.mount_handler(path, Arc::new(AuthorsRouter(Routed::new(router, path))))
    }

    /// Serves what is below `/` and nobody has mounted, but never what is below `/api`: an unknown plugin stays unknown.
    ///
    /// There is one fallback; a second one is an error. Its routes see the whole path, which is matched as axum matches.
    /// Without one, a plugin `app` gets these requests, as in Backstage, with its gate and its credentials barrier.
    pub fn fallback(&self, router: Router) -> Result {
        let set = self.0.fallback.set(AuthorsRouter(Routed::new(router, "")));
        set.map_err(|_| Error::new("The root router has a fallback already").into())
    }

    /// Sees each request that comes to routes, before they do, whoever's they are and whether there are any: its method, its URL
    /// as the client sent it, its headers. Health checks and WebSockets are none, nor is what a step before the routes answers,
    /// such as a CORS preflight.
    ///
    /// It is for counting: it runs within the request, and waits for nothing. If it panics, `logger` tells it, which is that of
    /// its plugin, and it sees no more.
    ///
    /// ```
    /// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
    /// use greenroom_core::plugin;
    /// use greenroom_http::RootHttpRouter;
    /// use greenroom_logging::Logger;
    ///
    /// let traced = Arc::new(AtomicU64::new(0));
    /// plugin("traces", |env| {
    ///     env.register_init(async move |http: RootHttpRouter, logger: Logger| {
    ///         http.observe(logger, move |request| {
    ///             let has_trace = request.headers().contains_key("traceparent");
    ///             traced.fetch_add(u64::from(has_trace), Ordering::Relaxed);
    ///         });
    ///         Ok(())
    ///     });
    /// });
    /// ```
    pub fn observe(&self, logger: Logger, observer: impl Fn(&Request) + Send + Sync + 'static) {
        self.0.observers.add(Arc::new(Observer::new(logger, observer)));
    }

    /// Sees each request once it is over, whoever has answered it: when the last byte of its answer has left, or when it is
    /// known that it never will. Health checks are among them; WebSockets are not, nor what is asked for below `/.greenroom`.
    ///
    /// It is for counting and collecting: it runs within the request, and waits for nothing. If it panics, `logger` tells it, which
    /// is that of its plugin, and it sees no more. Where nobody asks, nothing is noted.
    ///
    /// ```
    /// use greenroom_core::plugin;
    /// use greenroom_http::RootHttpRouter;
    /// use greenroom_logging::{Logger, info};
    ///
    /// plugin("slow", |env| {
    ///     env.register_init(async move |http: RootHttpRouter, logger: Logger| {
    ///         http.on_finished(logger.clone(), move |finished| {
    ///             let waited = finished.spent.waiting.unwrap_or_default();
    ///             if (finished.duration - waited).as_secs() >= 5 {
    ///                 info!(logger, route = finished.request.route(), "A slow request");
    ///             }
    ///         });
    ///         Ok(())
    ///     });
    /// });
    /// ```
    pub fn on_finished(
        &self,
        logger: Logger,
        observer: impl Fn(&FinishedRequest<'_>) + Send + Sync + 'static,
    ) {
        self.0.finished.get_or_init(Arc::default).add(Arc::new(Observer::new(logger, observer)));
    }

    /// Tells those who see each request.
    pub(crate) fn observe_request(&self, request: &Request) {
        self.0.observers.each(|look| look(request));
    }

    /// Whether something of this backend is mounted at or above the path, or opens WebSockets there.
    pub(crate) fn owns(&self, path: &str) -> bool {
        self.mounted(path).is_some() || self.web_sockets().has(path)
    }

    /// What is noted of a request, if anybody is to be told.
    pub(crate) fn watch(&self) -> Option<Box<Watch>> {
        let observers = self.0.finished.get()?;
        Some(Box::new(Watch::new(observers.clone())))
    }

    /// Opens WebSockets at exactly this path, for everybody: the handler looks at who asks.
    ///
    /// Rules and an example are those of [`websocket`](crate::websocket). Errors if the path is taken, or no path as
    /// it stands in a URL.
    pub fn add_websocket_handler<H, F>(&self, path: &str, handler: H) -> Result
    where
        H: FnOnce(WebSocketUpgrade) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result> + Send + 'static,
    {
        self.web_sockets().add_open(path, boxed(handler))
    }

    /// How many requests for a plugin may be in flight, where the config says that.
    pub(crate) fn limit_of(&self, plugin: &str) -> Option<Limit> {
        self.0.overload.as_ref()?.of_plugin(plugin).cloned()
    }

    /// The limits of what is passed on for this path, where the config has any.
    pub(crate) fn limits_of_passed(&self, method: &Method, path: &str) -> Option<Overload> {
        let limits = self.0.overload.as_ref().filter(|limits| limits.has_any())?;
        (!health_routes::is_vital(method, path)).then(|| limits.clone())
    }

    pub(crate) fn aparts(&self) -> &ArcSwap<Vec<Apart>> {
        &self.0.aparts
    }

    pub(crate) fn web_sockets(&self) -> &WebSocketRoutes {
        &self.0.web_sockets
    }

    pub(crate) fn mount_handler(&self, path: &str, handler: Arc<dyn Handler>) -> Result {
        let normal = matching::normalize(path);
        if path.chars().all(|c| c == '/' || c.is_whitespace()) {
            return Err(Error::new("Root router path may not be empty").into());
        }
        let mut conflict = None;
        self.0.mounts.rcu(|mounts| {
            let overlaps = |mount: &&Mount| {
                matching::below(&mount.path, &normal).or(matching::below(&normal, &mount.path)).is_some()
            };
            conflict = mounts.iter().find(overlaps).map(|mount| mount.named.clone());
            let mut mounts = Vec::clone(mounts);
            if conflict.is_none() {
                mounts.push(Mount { named: path.to_owned(), path: normal.clone(), handler: handler.clone() });
            }
            mounts
        });
        match conflict {
            None => Ok(()),
            Some(existing) => {
                Err(Error::new(format!("Path {path} conflicts with the existing path {existing}")).into())
            }
        }
    }

    /// Where the server listens.
    pub fn local_addr(&self) -> &LocalAddr {
        self.0
            .address
            .get()
            .unwrap_or_else(|| unreachable!("the router is handed out once the server listens"))
    }

    pub(crate) fn listens_on(&self, address: LocalAddr) {
        let _ = self.0.address.set(address);
    }

    /// What the routes answer; an empty 404 where there are none.
    pub(crate) async fn route(&self, exchange: &mut Exchange, mut request: Unrouted<'_>) -> Response {
        self.observe_request(&request);
        let path = request.uri().path();
        let plugin = || plugin_of(path).filter(|_| self.owns(path));
        if let Some(limit) = self.0.overload.as_ref().and_then(Overload::of_backend)
            && !health_routes::is_vital(request.method(), path)
            && let Some(refusal) = limit.admit(exchange, plugin)
        {
            // Its router, which would say so, is not reached.
            if let Some(plugin) = plugin() {
                exchange.request.set_target_plugin(plugin.into());
            }
            return self.replace_failure(exchange, refusal);
        }
        let response = if let Some((handler, mount)) = self.mounted(path) {
            make_relative(&mut request, mount, exchange);
            handler.handle(exchange, request).await
        } else if matching::below("/api", path).is_some() {
            return empty(StatusCode::NOT_FOUND);
        } else if let Some(fallback) = self.0.fallback.get() {
            make_relative(&mut request, 0, exchange);
            fallback.handle(exchange, request).await
        } else if let Some((index, _)) = self.mounted(INDEX) {
            make_relative(&mut request, 0, exchange);
            index.handle(exchange, request).await
        } else {
            return empty(StatusCode::NOT_FOUND);
        };
        self.replace_failure(exchange, response)
    }

    /// What is mounted at or above the path, and how much of the path its mount is.
    fn mounted(&self, path: &str) -> Option<(Arc<dyn Handler>, usize)> {
        self.0.mounts.load().iter().find_map(|mount| {
            // Express counts one slash more to the mount: `/api/x//y` is `/y` there.
            let below = matching::below(&mount.path, path)?;
            Some((mount.handler.clone(), mount.path.len() + usize::from(below.starts_with("//"))))
        })
    }

    /// An error body in place of a failure.
    pub(crate) fn replace_failure(&self, exchange: &mut Exchange, response: Response) -> Response {
        self.0.envelope.replace_failure(exchange, response)
    }
}

/// Makes the request's URI relative to a mount of that length; the query stays.
fn make_relative(request: &mut Request, mount: usize, exchange: &mut Exchange) {
    let original = OriginalUri(request.uri().clone());
    request.extensions_mut().insert(original);
    request.extensions_mut().insert(exchange.caller.clone());
    let whole = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    let rest = whole.get(mount..).unwrap_or_default();
    let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    if let Ok(path) = PathAndQuery::try_from(rest) {
        exchange.below_mount = Some(path.clone());
        *request.uri_mut() = Uri::from(path);
    }
}

/// An author's router.
struct AuthorsRouter(Routed);

impl Handler for AuthorsRouter {
    fn handle<'a>(&'a self, exchange: &'a mut Exchange, request: Unrouted<'a>) -> BoxFuture<'a, Response> {
        Box::pin(dispatch(std::slice::from_ref(&self.0), exchange, request))
    }
}
