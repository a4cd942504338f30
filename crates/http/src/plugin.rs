//! A plugin's router at `/api/<plugin>`: keys, gate, barrier, routes, envelope.
//!
//! Source: observability §4.3 and §4.4.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::{Router, extract::Request, response::Response};
use futures_util::future::BoxFuture;
use greenroom_auth::{ExternalTokens, HttpAuth};
use greenroom_context::Context;
use greenroom_core::{Lifecycle, PluginMetadata, Service, ServiceFactory, State, scope, service};
use greenroom_errors::Result;
use greenroom_logging::Logger;
use http::uri::PathAndQuery;
use tokio::sync::watch;

use crate::{
    dispatch::{Routed, dispatch},
    envelope::Envelope,
    exchange::Exchange,
    express::{
        matching::PathPattern,
        rate_limit::{Limiter, RateLimit},
    },
    pipeline::{Barrier, Gate, Pipeline, PublicKeys, Step},
    root::{Handler, RootHttpRouter},
    settings::HttpSettings,
};

/// Who may pass the credentials barrier on a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthPolicy {
    /// Everybody; a token is not even looked at.
    Unauthenticated,
}

/// A plugin's routes, at `/api/<plugin>`. Backstage's `core.httpRouter`.
///
/// Callers need user or service credentials unless [`add_auth_policy`](Self::add_auth_policy) says otherwise.
/// Requests wait until the plugin has started. Errors that handlers return become Backstage's error bodies.
#[derive(Clone)]
pub struct HttpRouter(Arc<Routes>);

/// What a plugin has mounted and opened.
pub(crate) struct Routes {
    mount: String,
    routers: ArcSwap<Vec<Routed>>,
    open: ArcSwap<Vec<PathPattern>>,
}

impl Routes {
    /// Whether everybody may pass on that path.
    pub(crate) fn is_open(&self, path: &str) -> bool {
        self.open.load().iter().any(|pattern| pattern.matches(path))
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
                   tokens: ExternalTokens,
                   me: PluginMetadata| {
                let mount = format!("/api/{}", me.id());
                let (routers, open) = Default::default();
                let routes = Arc::new(Routes { mount: mount.clone(), routers, open });
                let limit = settings.rate_limits.plugins.get(me.id()).cloned();
                let is_disabled = tokens.policy_is_disabled();
                let barrier = Barrier { http_auth, is_disabled, routes: routes.clone() };
                let steps = steps(&settings, limit.map(Limiter::new), lifecycle.state(), barrier);
                let plugin = PluginRouter {
                    id: me.id().into(),
                    steps,
                    routes: routes.clone(),
                    envelope: Arc::new(Envelope::new(&logger, settings.development)),
                };
                root.mount_handler(&mount, Arc::new(plugin))?;
                Ok(Self(routes))
            },
        )
        .always()
    }

    /// Serves `router`, whose routes are relative to `/api/<plugin>`; a slash at the end of a path is tolerated.
    ///
    /// Called again, the next router gets what the ones before have no route for.
    pub fn mount(&self, router: Router) {
        let router = Routed::new(router, &self.0.mount);
        self.0.routers.rcu(|routers| {
            let mut routers = Vec::clone(routers);
            routers.push(router.clone());
            routers
        });
    }

    /// Opens a path and all below it. `/` and `*` are the whole plugin; `:name` is one segment, `*name` the rest.
    pub fn add_auth_policy(&self, path: &str, policy: AuthPolicy) -> Result {
        let AuthPolicy::Unauthenticated = policy;
        let pattern = PathPattern::parse(path)?;
        self.0.open.rcu(|open| {
            let mut open = Vec::clone(open);
            open.push(pattern.clone());
            open
        });
        Ok(())
    }
}

/// The way of a request to a plugin's routes, outermost first.
fn steps(
    settings: &HttpSettings,
    limiter: Option<Arc<Limiter>>,
    state: watch::Receiver<State>,
    barrier: Barrier,
) -> Pipeline {
    let mut steps: Vec<Box<dyn Step>> = vec![];
    if let Some(limiter) = limiter {
        steps.push(Box::new(RateLimit { limiter, development: settings.development }));
    }
    steps.push(Box::new(PublicKeys));
    steps.push(Box::new(Gate { state, pause: settings.startup_pause }));
    steps.push(Box::new(barrier));
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
    fn handle<'a>(&'a self, exchange: &'a mut Exchange, request: Request) -> BoxFuture<'a, Response> {
        exchange.request.set_target_plugin(self.id.clone());
        exchange.work = Context::current().with_plugin(self.id.clone());
        let work = exchange.work.clone();
        Box::pin(work.scope(self.answer(exchange, request)))
    }
}

impl PluginRouter {
    async fn answer(&self, exchange: &mut Exchange, mut request: Request) -> Response {
        let (method, url) = (request.method().clone(), request.uri().clone());
        let (arrived, answer) = self.steps.arrive(exchange, &mut request).await;
        let response = match answer {
            Some(answer) => answer,
            None => dispatch(&self.routes.routers.load_full(), request).await,
        };
        let url = url.path_and_query().map_or("/", PathAndQuery::as_str);
        let mut response = self.envelope.seal(exchange, response, &method, url);
        self.steps.leave(arrived, exchange, &mut response);
        response
    }
}
