//! A plugin's router at `/api/<plugin>`: keys, gate, barrier, routes, envelope.
//!
//! Source: observability §4.3 and §4.4.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use axum::{
    Router,
    extract::Request,
    response::{IntoResponse, Response},
};
use futures_util::future::BoxFuture;
use greenroom_auth::{Allow as AllowPrincipals, ExternalTokens, HttpAuth};
use greenroom_context::Context;
use greenroom_core::{Lifecycle, PluginMetadata, Service, ServiceFactory, State, scope, service};
use greenroom_errors::{Error, Result};
use greenroom_logging::Logger;
use http::{Method, uri::PathAndQuery};
use serde_json::json;
use tokio::sync::watch;

use crate::{
    Json,
    dispatch::dispatch,
    failure::{Failure, failed},
    matching::{self, PathPattern},
    rate_limit::Limiter,
    respond::Envelope,
    root::{Handler, RootHttpRouter},
    settings::HttpSettings,
};

const JWKS: &str = "/.backstage/auth/v1/jwks.json";

/// Who may pass the credentials barrier on a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allow {
    /// Everybody; a token is not even looked at.
    Unauthenticated,
}

/// A plugin's routes, at `/api/<plugin>`. Backstage's `core.httpRouter`.
///
/// Callers need user or service credentials unless [`add_auth_policy`](Self::add_auth_policy) says otherwise.
/// Requests wait until the plugin has started. Errors that handlers return become Backstage's error bodies.
#[derive(Clone)]
pub struct HttpRouter(Arc<Routes>);

#[derive(Default)]
struct Routes {
    routers: ArcSwap<Vec<Router>>,
    open: ArcSwap<Vec<PathPattern>>,
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
                let routes = Arc::new(Routes::default());
                let plugin = PluginRouter {
                    context: Context::current().with_plugin(me.id()),
                    routes: routes.clone(),
                    state: lifecycle.state(),
                    pause: settings.startup_pause,
                    http_auth: (!tokens.policy_is_disabled()).then_some(http_auth),
                    limiter: settings.rate_limits.plugins.get(me.id()).cloned().map(Limiter::new),
                    development: settings.development,
                    envelope: Envelope::new(&logger, settings.development),
                };
                root.mount_handler(&format!("/api/{}", me.id()), Arc::new(Mounted(Arc::new(plugin))))?;
                Ok(Self(routes))
            },
        )
        .always()
    }

    /// Serves `router`, whose routes are relative to `/api/<plugin>`; a slash at the end of a path is tolerated.
    ///
    /// Called again, the next router gets what the ones before answer by an empty 404, unless they
    /// have read more than 128 KiB of its body.
    pub fn mount(&self, router: Router) {
        self.0.routers.rcu(|routers| {
            let mut routers = Vec::clone(routers);
            routers.push(router.clone());
            routers
        });
    }

    /// Opens a path and all below it. `/` and `*` are the whole plugin; `:name` is one segment, `*name` the rest.
    pub fn add_auth_policy(&self, path: &str, allow: Allow) -> Result {
        let Allow::Unauthenticated = allow;
        let pattern = PathPattern::parse(path)?;
        self.0.open.rcu(|open| {
            let mut open = Vec::clone(open);
            open.push(pattern.clone());
            open
        });
        Ok(())
    }
}

/// What stands at the mount.
struct PluginRouter {
    context: Context,
    routes: Arc<Routes>,
    state: watch::Receiver<State>,
    pause: Duration,
    http_auth: Option<HttpAuth>,
    limiter: Option<Arc<Limiter>>,
    development: bool,
    envelope: Envelope,
}

struct Mounted(Arc<PluginRouter>);

impl Handler for Mounted {
    fn handle(&self, request: Request) -> BoxFuture<'static, Response> {
        let plugin = self.0.clone();
        let context = plugin.context.clone();
        Box::pin(context.scope(async move {
            let method = request.method().clone();
            let url = request.uri().clone();
            let hit = plugin.limiter.as_ref().and_then(|limiter| limiter.count(&request));
            let refusal = hit.as_ref().and_then(|hit| hit.refusal(plugin.development));
            let response = match refusal {
                Some(refusal) => refusal,
                None => plugin.answer(request).await,
            };
            let url = url.path_and_query().map_or("/", PathAndQuery::as_str);
            let mut response = plugin.envelope.seal(response, &method, url);
            if let Some(hit) = hit {
                hit.settle(&mut response);
            }
            response
        }))
    }
}

impl PluginRouter {
    async fn answer(&self, mut request: Request) -> Response {
        if matching::is(JWKS, request.uri().path()) && matches!(*request.method(), Method::GET | Method::HEAD)
        {
            // No keys are issued before the identity stage; the answer is that of a fresh key store.
            return Json(json!({"keys": []})).into_response();
        }
        let passed = match self.gate().await {
            Ok(()) => self.barrier(&mut request).await,
            closed => closed,
        };
        match passed {
            Ok(()) => dispatch(&self.routes.routers.load_full(), request).await,
            Err(error) => failed(Failure::Told(Arc::new(error))),
        }
    }

    /// Waits until the plugin has started, at most the configured pause.
    async fn gate(&self) -> Result<(), Error> {
        if *self.state.borrow() == State::Started {
            return Ok(());
        }
        let mut state = self.state.clone();
        let settled = state.wait_for(|state| *state != State::Starting);
        let state = match tokio::time::timeout(self.pause, settled).await {
            Ok(Ok(state)) => *state,
            Ok(Err(_)) => State::Stopping,
            Err(_) => State::Starting,
        };
        match state {
            State::Started => Ok(()),
            State::Starting | State::Failed => {
                Err(Error::service_unavailable("Service has not started up yet"))
            }
            State::Stopping => Err(Error::service_unavailable("Service is shutting down")),
        }
    }

    /// Lets in who has credentials, and puts them into the request's extensions.
    async fn barrier(&self, request: &mut Request) -> Result<(), Error> {
        let Some(http_auth) = &self.http_auth else { return Ok(()) };
        let path = request.uri().path();
        if self.routes.open.load().iter().any(|pattern| pattern.matches(path)) {
            return Ok(());
        }
        let allowed = http_auth.credentials(request.headers(), AllowPrincipals::AUTHENTICATED).await;
        request.extensions_mut().insert(allowed.map_err(Error::from_any)?);
        Ok(())
    }
}
