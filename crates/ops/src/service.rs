//! The service: what plugins mount, and how it comes to be.

use std::{path::Path, sync::Arc};

use axum::{Router, response::Response};
use futures_util::Stream;
use greenroom_config::RootConfig;
use greenroom_core::{Service, ServiceFactory, scope, service};
use greenroom_errors::{Error, Result};
use greenroom_http::{HandlerResult, HttpSettings};
use greenroom_http_server::LocalAddr;
use greenroom_logging::{Logger, RootLogger, fields, info};

use crate::{
    ROOT,
    api::{self, Sources, Told},
    audit::Audit,
    cookie::CookieName,
    events::{self, Event, Streams},
    guard::Guard,
    hosts::Hosts,
    listen::{OwnListener, Served, Serving},
    metrics,
    metrics_text::MetricsText,
    mounts::{Kind, Mounts},
    operator::Operator,
    settings::OpsSettings,
    sign_in, surface,
    token::OpsToken,
};

/// The surface of operators. See the [crate](crate).
#[derive(Clone)]
pub struct Ops(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) mounts: Mounts,
    pub(crate) guard: Guard,
    pub(crate) hosts: Hosts,
    pub(crate) audit: Audit,
    pub(crate) streams: Streams,
    pub(crate) logger: Logger,
    /// Which values are secret.
    pub(crate) config: RootConfig,
    address: LocalAddr,
    metrics_address: Option<LocalAddr>,
    url: Arc<str>,
    node_env: Option<Arc<str>>,
}

impl Service for Ops {
    const ID: &'static str = "greenroom.ops";
    type Scope = scope::Root;
}

impl Ops {
    /// The default factory; `node_env` is the value of `NODE_ENV`.
    pub fn factory(node_env: Option<String>) -> ServiceFactory {
        service(
            async move |settings: OpsSettings,
                        token: OpsToken,
                        http: HttpSettings,
                        logger: RootLogger,
                        sources: Sources| {
                let logger = logger.child(fields! { service: "ops" });
                let is_on = token.why_absent().is_none();
                let serving = |name, listen, is_encrypted| Serving {
                    name,
                    listen,
                    is_encrypted,
                    config: sources.config.clone(),
                    settings: http.clone(),
                    logger: logger.clone(),
                };
                let metrics_text = MetricsText::new(sources.metrics.clone());
                let mut metrics_address = None;
                if let Some(listen) = settings.metrics.clone() {
                    let own =
                        OwnListener::start(serving("metrics", listen, false), &sources.lifecycle).await?;
                    info!(logger, "Listening on {} for /metrics alone", own.address);
                    metrics_address = Some(own.address.clone());
                    own.serve(Served::Metrics(metrics_text.clone()));
                }
                let own = match settings.listen.clone().filter(|_| is_on) {
                    None => None,
                    Some(listen) => {
                        Some(OwnListener::start(serving("ops", listen, true), &sources.lifecycle).await?)
                    }
                };
                let main = sources.http.clone();
                let address = own.as_ref().map_or(main.local_addr(), |own| &own.address).clone();
                let mut hosts = settings.hosts.clone();
                hosts.add_listener(settings.listen.as_ref().unwrap_or(&http.listen), &address);
                let own_address = own.as_ref().map(|own| own.address.clone());
                let inner = Arc::new(Inner {
                    mounts: Mounts::default(),
                    guard: Guard::new(token, CookieName::of(&address)),
                    hosts,
                    audit: Audit::new(&logger),
                    streams: Streams::default(),
                    logger,
                    config: sources.config.clone(),
                    url: address.url(http.https.is_some()).into(),
                    metrics_address,
                    node_env: node_env.as_deref().map(Into::into),
                    address,
                });
                inner.mounts.add(Kind::Own, "", sign_in::routes(&inner))?;
                inner.mounts.add(Kind::Own, "", metrics::routes(metrics_text))?;
                inner.mounts.add(Kind::Own, "", api::routes(Told { sources, node_env, own_address }))?;
                inner.mounts.add(Kind::Files, "", sign_in::files())?;
                let surface = if is_on { surface::router(&inner) } else { Router::new() };
                match own {
                    None => main.mount_apart(ROOT, surface)?,
                    Some(own) => {
                        info!(inner.logger, "Listening on {} for {ROOT} alone", inner.address);
                        own.serve(Served::Surface(surface));
                        // What the front end would be asked for is not there either.
                        main.mount_apart(ROOT, Router::new())?;
                    }
                }
                Ok(Self(inner))
            },
        )
    }

    /// Serves JSON below `/.greenroom/v1/<name>`, to operators alone.
    ///
    /// Paths are matched as axum matches; one slash at the end is tolerated. What changes something is asked for by POST, PUT,
    /// PATCH or DELETE: then the request brought JSON, and a page of its session wants it.
    ///
    /// # Errors
    /// When the name is taken, or no name.
    pub fn mount_api(&self, name: &str, router: Router) -> Result {
        self.0.mounts.add(Kind::Api, name, router)
    }

    /// Serves pages below `/.greenroom/<name>`, to operators alone; without a name, at `/.greenroom` itself.
    ///
    /// # Errors
    /// When the name is taken, or no name, or a route is there already.
    pub fn mount_pages(&self, name: &str, router: Router) -> Result {
        self.0.mounts.add(Kind::Pages, name, router)
    }

    /// Serves files below `/.greenroom/assets`, to everybody who asks under a right name: style sheets and scripts, in which
    /// nothing is anybody's. Their `Cache-Control` is as they say.
    ///
    /// # Errors
    /// When a file of that path is there already.
    pub fn files(&self, router: Router) -> Result {
        self.0.mounts.add(Kind::Files, "", router)
    }

    /// Tells that an operator did something, in one line: what was done, to what, and what for. The surface tells of each
    /// change by itself, by its method and route, if this is not called.
    pub fn audit(&self, operator: &Operator, action: &str, target: &str, reason: &str) {
        self.0.audit.tell(operator, action, target, reason);
    }

    /// Whether anybody can be let in.
    pub fn is_on(&self) -> bool {
        self.0.guard.token.why_absent().is_none()
    }

    /// The value of `NODE_ENV`, which pages tell beside where they are.
    pub fn node_env(&self) -> Option<&str> {
        self.0.node_env.as_deref()
    }

    /// Where it listens.
    pub fn local_addr(&self) -> &LocalAddr {
        &self.0.address
    }

    /// Where `greenroom.metrics.listen` came to be.
    pub fn metrics_addr(&self) -> Option<&LocalAddr> {
        self.0.metrics_address.as_ref()
    }

    /// The URL in front of `/.greenroom`, as somebody on this machine types it.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Why nobody can be let in.
    pub fn why_off(&self) -> Option<&str> {
        self.0.guard.token.why_absent()
    }

    /// The answer that streams these events to a page, as server-sent events: until the session ends, the page goes, or the
    /// backend stops. [`Events`](crate::Events) are where they come from.
    ///
    /// # Errors
    /// When there are too many already; the page may try again.
    pub fn stream(
        &self,
        operator: &Operator,
        events: impl Stream<Item = Event> + Send + 'static,
    ) -> HandlerResult<Response> {
        events::follow(&self.0, operator, events)
    }

    /// The path with the code of a new link, `/.greenroom/sign-in#…`: good for one sign-in, for ten minutes. It is for the eyes
    /// of an operator alone, and must be in no line.
    ///
    /// # Errors
    /// When the surface is off, or the system has no random bytes.
    pub fn link(&self) -> Result<String> {
        if let Some(why) = self.0.guard.token.why_absent() {
            return Err(Error::service_unavailable(format!("The pages at {ROOT} are off: {why}")).into());
        }
        Ok(sign_in::link(&self.0.guard.links.make().map_err(Error::from_any)?))
    }

    /// The file that holds the token, if it was made here; else the token was given.
    pub fn token_file(&self) -> Option<&Path> {
        self.0.guard.token.file()
    }

    /// The templates of all routes, for tests of what guards them.
    #[doc(hidden)]
    pub fn routes(&self) -> Vec<String> {
        self.0.mounts.routes()
    }
}
