//! A plugin's router at `/api/<plugin>`: keys, gate, barrier, cookies, routes, envelope.
//!
//! Contract: auth-8, http-11 to http-13, http-15.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::{Router, response::Response};
use futures_util::future::BoxFuture;
use greenroom_auth::{Auth, ExternalTokens, HttpAuth};
use greenroom_context::Context;
use greenroom_core::{Lifecycle, PluginMetadata, Service, ServiceFactory, scope, service};
use greenroom_errors::{Error, Result};
use greenroom_logging::Logger;

use crate::{
    dispatch::{Routed, Unrouted, dispatch},
    envelope::Envelope,
    exchange::Exchange,
    express::{
        matching::PathPattern,
        rate_limit::{Limiter, RateLimit},
    },
    pipeline::{Barrier, Gate, Pipeline, PluginInFlight, PublicKeys, Step, UserCookies},
    root::{Handler, RootHttpRouter},
    settings::HttpSettings,
    websocket::{Admission, Handler as WebSocketHandler, WebSocketUpgrade, boxed},
};

/// Who may pass the credentials barrier on a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthPolicy {
    /// Everybody; a token is not even looked at.
    Unauthenticated,
    /// Those whom plugin routes accept anyway, and browsers by their cookie alone: for what these load without a header, as
    /// images and frames. Other sites can have a browser send it, so that nothing but reading belongs on such a path.
    UserCookie,
}

/// A plugin's routes, at `/api/<plugin>`. Backstage's `core.httpRouter`.
///
/// Callers need user or service credentials unless [`add_auth_policy`](Self::add_auth_policy) says otherwise.
/// Requests wait until the plugin has started. Errors that handlers return become Backstage's error bodies.
#[derive(Clone)]
pub struct HttpRouter {
    routes: Arc<Routes>,
    root: RootHttpRouter,
    admission: Arc<Admission>,
}

/// What a plugin has mounted and opened.
pub(crate) struct Routes {
    mount: String,
    routers: ArcSwap<Vec<Routed>>,
    open: ArcSwap<Vec<PathPattern>>,
    by_cookie: ArcSwap<Vec<PathPattern>>,
}

impl Routes {
    /// Whether everybody may pass on that path.
    pub(crate) fn is_open(&self, path: &str) -> bool {
        self.open.load().iter().any(|pattern| pattern.matches(path))
    }

    /// Whether a cookie will do on that path.
    pub(crate) fn takes_cookies(&self, path: &str) -> bool {
        self.by_cookie.load().iter().any(|pattern| pattern.matches(path))
    }
}

impl Service for HttpRouter {
    const ID: &'static str = "core.httpRouter";
    type Scope = scope::Plugin;
}

impl HttpRouter {
    /// The default factory; made for every plugin at start, so that each has its mount.
    pub fn factory() -> ServiceFactory {
        service(
            async |root: RootHttpRouter,
                   settings: HttpSettings,
                   lifecycle: Lifecycle,
                   logger: Logger,
                   http_auth: HttpAuth,
                   auth: Auth,
                   tokens: ExternalTokens,
                   me: PluginMetadata| {
                let mount = format!("/api/{}", me.id());
                let (routers, open, by_cookie) = Default::default();
                let routes = Arc::new(Routes { mount: mount.clone(), routers, open, by_cookie });
                let limit = settings.rate_limits.plugins.get(me.id()).cloned();
                let is_disabled = tokens.policy_is_disabled();
                let gate = Gate { state: lifecycle.state(), pause: settings.startup_pause };
                let admission = Arc::new(Admission {
                    plugin: me.id().into(),
                    gate: gate.clone(),
                    auth: auth.clone(),
                    lets_all_in: is_disabled,
                    logger: logger.clone(),
                });
                let cookies = UserCookies { http_auth: http_auth.clone() };
                let barrier = Barrier { http_auth, is_disabled, routes: routes.clone() };
                let keys = PublicKeys { auth };
                let in_flight = root.limit_of(me.id()).map(PluginInFlight);
                let limits = (limit.map(Limiter::new), in_flight);
                let steps = steps(&settings, limits, keys, gate, barrier, cookies);
                let plugin = PluginRouter {
                    id: me.id().into(),
                    steps,
                    routes: routes.clone(),
                    envelope: Arc::new(Envelope::below_mount(&logger, settings.development)),
                };
                root.mount_handler(&mount, Arc::new(plugin))?;
                Ok(Self { routes, root, admission })
            },
        )
        .always()
    }

    /// Serves `router`, whose routes are relative to `/api/<plugin>`; a slash at the end of a path is tolerated.
    ///
    /// Called again, the next router gets what the ones before have no route for.
    pub fn mount(&self, router: Router) {
        let router = Routed::new(router, &self.routes.mount);
        self.routes.routers.rcu(|routers| {
            let mut routers = Vec::clone(routers);
            routers.push(router.clone());
            routers
        });
    }

    /// Opens WebSockets at exactly `/api/<plugin><path>`, `/` being the plugin's own, for users and services.
    ///
    /// Their tokens come as `Authorization: Bearer …` or, from browsers, among the offered protocols; five are tried at
    /// most. Cookies do not count, nor does [`add_auth_policy`](Self::add_auth_policy). Requests wait until the plugin has
    /// started. Rules and an example are those of [`websocket`](crate::websocket). Errors if the path is taken, or no path
    /// as it stands in a URL.
    pub fn add_websocket_handler<H, F>(&self, path: &str, handler: H) -> Result
    where
        H: FnOnce(WebSocketUpgrade) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result> + Send + 'static,
    {
        self.add_websocket(path, None, boxed(handler))
    }

    /// The same with a policy: under `Unauthenticated` everybody may open one, and no token is looked at.
    pub fn add_websocket_handler_with<H, F>(&self, path: &str, policy: AuthPolicy, handler: H) -> Result
    where
        H: FnOnce(WebSocketUpgrade) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result> + Send + 'static,
    {
        self.add_websocket(path, Some(policy), boxed(handler))
    }

    fn add_websocket(&self, path: &str, policy: Option<AuthPolicy>, handler: WebSocketHandler) -> Result {
        if !path.starts_with('/') {
            return Err(Error::new("WebSocket path must start with /").into());
        }
        if policy == Some(AuthPolicy::UserCookie) {
            return Err(Error::new(
                "A WebSocket is not opened by a cookie, which any site could have a browser send",
            )
            .into());
        }
        let below = if path == "/" { "" } else { path };
        let whole = [&*self.routes.mount, below].concat();
        self.root.web_sockets().add(&whole, self.admission.before(handler, path, policy))
    }

    /// Opens a path and all below it. `/` and `*` are the whole plugin; `:name` is one segment, `*name` the rest.
    pub fn add_auth_policy(&self, path: &str, policy: AuthPolicy) -> Result {
        let pattern = PathPattern::parse(path)?;
        let patterns = match policy {
            AuthPolicy::Unauthenticated => &self.routes.open,
            AuthPolicy::UserCookie => &self.routes.by_cookie,
        };
        patterns.rcu(|patterns| {
            let mut patterns = Vec::clone(patterns);
            patterns.push(pattern.clone());
            patterns
        });
        Ok(())
    }
}

/// The way of a request to a plugin's routes, outermost first.
fn steps(
    settings: &HttpSettings,
    (limiter, in_flight): (Option<Arc<Limiter>>, Option<PluginInFlight>),
    keys: PublicKeys,
    gate: Gate,
    barrier: Barrier,
    cookies: UserCookies,
) -> Pipeline {
    let mut steps: Vec<Box<dyn Step>> = vec![];
    if let Some(limiter) = limiter {
        steps.push(Box::new(RateLimit { limiter, development: settings.development }));
    }
    // Other backends verify tokens by them, whatever else there is to do.
    steps.push(Box::new(keys));
    if let Some(in_flight) = in_flight {
        steps.push(Box::new(in_flight));
    }
    steps.push(Box::new(gate));
    steps.push(Box::new(barrier));
    steps.push(Box::new(cookies));
    Pipeline::new(steps)
}

/// What stands at the mount.
struct PluginRouter {
    id: Arc<str>,
    steps: Pipeline,
    routes: Arc<Routes>,
    envelope: Arc<Envelope>,
}

impl Handler for PluginRouter {
    fn handle<'a>(&'a self, exchange: &'a mut Exchange, request: Unrouted<'a>) -> BoxFuture<'a, Response> {
        exchange.request.set_target_plugin(self.id.clone());
        exchange.work = Context::current().with_plugin(self.id.clone());
        let work = exchange.work.clone();
        Box::pin(work.scope(self.answer(exchange, request)))
    }
}

impl PluginRouter {
    async fn answer(&self, exchange: &mut Exchange, mut request: Unrouted<'_>) -> Response {
        let (reached, answer) = self.steps.on_request(exchange, &mut request).await;
        let response = match answer {
            Some(answer) => answer,
            None => dispatch(&self.routes.routers.load_full(), exchange, request).await,
        };
        let mut response = self.envelope.replace_failure(exchange, response);
        self.steps.on_response(reached, exchange, &mut response);
        response
    }
}
