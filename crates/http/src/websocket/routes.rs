//! WebSocket routes by their paths, and what becomes of requests that have none.

use std::{collections::HashMap, convert::Infallible, future::Future, sync::Arc};

use arc_swap::ArcSwap;
use futures_util::future::BoxFuture;
use greenroom_context::{Context, Request as RequestContext, catch_panic};
use greenroom_errors::{Error, Result};
use greenroom_http_server::Arrival;
use greenroom_logging::{Logger, debug, error, warn};
use http::{Method, Request, StatusCode, header};

use super::{WebSocketError, WebSocketUpgrade};
use crate::{client::Caller, express::headers::joined};

/// What a route does with a request for a WebSocket. It tells of its own failures.
pub(crate) trait Route: Send + Sync + 'static {
    fn run(&self, upgrade: WebSocketUpgrade) -> BoxFuture<'_, ()>;
}

/// An author's handler.
pub(crate) type Handler = Box<dyn Fn(WebSocketUpgrade) -> BoxFuture<'static, Result> + Send + Sync>;

pub(crate) fn boxed<H, F>(handler: H) -> Handler
where
    H: FnOnce(WebSocketUpgrade) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result> + Send + 'static,
{
    Box::new(move |upgrade| Box::pin(handler.clone()(upgrade)))
}

/// A handler that everybody reaches.
struct Open {
    handler: Handler,
    path: String,
    logger: Logger,
}

impl Route for Open {
    fn run(&self, upgrade: WebSocketUpgrade) -> BoxFuture<'_, ()> {
        Box::pin(told(&self.logger, &self.path, (self.handler)(upgrade)))
    }
}

/// Runs a handler, and tells of its failure on behalf of its owner.
pub(super) async fn told(logger: &Logger, path: &str, work: impl Future<Output = Result>) {
    let why = match catch_panic(work).await {
        Ok(Ok(())) => return,
        Ok(Err(why)) => Error::from_any(why),
        Err(panic) => {
            let stack = format!("Error: panicked: {}", panic.stack());
            error!(logger, +path = path, stack = stack, "WebSocket handler panicked: {}", panic.text);
            return;
        }
    };
    match why.downcast_ref::<WebSocketError>() {
        // What the peer does to its connection is its own affair.
        Some(_) => debug!(logger, +path = path, ..&why, "WebSocket connection ended"),
        None => warn!(logger, +path = path, ..&why, "WebSocket upgrade failed"),
    }
}

/// Stands where no route does.
struct RefuseWith(StatusCode);

impl Route for RefuseWith {
    fn run(&self, upgrade: WebSocketUpgrade) -> BoxFuture<'_, ()> {
        Box::pin(upgrade.refuse(self.0))
    }
}

/// The routes of the whole server, by their paths.
pub(crate) struct WebSocketRoutes {
    routes: ArcSwap<HashMap<String, Arc<dyn Route>>>,
    logger: Logger,
}

impl WebSocketRoutes {
    pub(crate) fn new(logger: &Logger) -> Self {
        Self { routes: Default::default(), logger: logger.clone() }
    }

    /// Adds a handler that everybody reaches.
    pub(crate) fn add_open(&self, path: &str, handler: Handler) -> Result {
        self.add(path, Open { handler, path: path.to_owned(), logger: self.logger.clone() })
    }

    pub(crate) fn add(&self, path: &str, route: impl Route) -> Result {
        if !is_plain(path) {
            let text = "WebSocket path must be an absolute pathname without a query or fragment";
            return Err(Error::new(text).into());
        }
        let route: Arc<dyn Route> = Arc::new(route);
        let mut is_taken = false;
        self.routes.rcu(|routes| {
            is_taken = routes.contains_key(path);
            let mut routes = HashMap::clone(routes);
            routes.entry(path.to_owned()).or_insert_with(|| route.clone());
            routes
        });
        if is_taken {
            return Err(Error::new(format!("WebSocket handler already registered for {path}")).into());
        }
        Ok(())
    }

    /// Whether there is a handler for exactly this path.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.routes.load().contains_key(path)
    }

    /// Whose request it is; `None` for an ordinary one.
    pub(crate) fn claim<B>(&self, request: &Request<B>, caller: &Caller) -> Option<Arc<dyn Route>> {
        let routes = self.routes.load();
        if routes.is_empty() || !asks_to_leave_http(request) {
            return None;
        }
        let uri = request.uri();
        // An absolute URI is no path.
        let found = routes.get(uri.path()).filter(|_| uri.scheme().is_none() && wants_web_socket(request));
        Some(match found {
            None => Arc::new(RefuseWith(StatusCode::NOT_FOUND)),
            Some(_) if caller.has_no_place(uri.path()) => {
                Arc::new(RefuseWith(StatusCode::SERVICE_UNAVAILABLE))
            }
            Some(route) => route.clone(),
        })
    }

    /// Leaves the connection to the route; nothing is to be answered.
    pub(crate) async fn take<B>(
        &self,
        route: Arc<dyn Route>,
        request: Request<B>,
        named: RequestContext,
        arrival: Arrival,
        caller: Caller,
    ) -> Infallible {
        // While its body is there, hyper does not read it: it belongs to what follows.
        let (parts, _body) = request.into_parts();
        let context = Context::current().with_request(named);
        let _in_flight = arrival.in_flight;
        arrival
            .takeover
            .take(move |stream| {
                let upgrade = WebSocketUpgrade::new(parts, caller, stream);
                context.scope(async move { route.run(upgrade).await })
            })
            .await
    }
}

/// Node's rule: `Connection` lists `upgrade`, and there is an `Upgrade`.
fn asks_to_leave_http<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    headers.contains_key(header::UPGRADE)
        && *request.method() != Method::CONNECT
        && joined(headers, &header::CONNECTION).is_some_and(|all| {
            all.as_bytes()
                .split(|byte| *byte == b',')
                .any(|one| one.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
        })
}

/// Whether it is to become a WebSocket, whoever answers it.
pub(crate) fn asks_for_web_socket<B>(request: &Request<B>) -> bool {
    asks_to_leave_http(request) && wants_web_socket(request)
}

/// One of several wishes is none of ours.
fn wants_web_socket<B>(request: &Request<B>) -> bool {
    joined(request.headers(), &header::UPGRADE)
        .is_some_and(|all| all.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Whether it is the path of a URL as it stands: nothing of it would be encoded, resolved or cut off.
fn is_plain(path: &str) -> bool {
    let is_kept = |byte: u8| byte.is_ascii_graphic() && !br#"?#\"<>^`{}"#.contains(&byte);
    let is_dots = |segment: &str| matches!(&*segment.to_ascii_lowercase().replace("%2e", "."), "." | "..");
    path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(is_kept)
        && !path.split('/').any(is_dots)
}
