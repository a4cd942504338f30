//! The service: what plugins mount, and how it comes to be.

use std::sync::Arc;

use axum::Router;
use greenroom_core::{Service, ServiceFactory, scope, service};
use greenroom_errors::{Error, Result};
use greenroom_http::{HttpSettings, RootHttpRouter};
use greenroom_http_server::LocalAddr;
use greenroom_logging::{Logger, RootLogger, fields};

use crate::{
    ROOT,
    audit::Audit,
    cookie::CookieName,
    guard::Guard,
    hosts::Hosts,
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
    pub(crate) logger: Logger,
    address: LocalAddr,
}

impl Service for Ops {
    const ID: &'static str = "greenroom.ops";
    type Scope = scope::Root;
}

impl Ops {
    /// The default factory.
    pub fn factory() -> ServiceFactory {
        service(
            async |settings: OpsSettings,
                   token: OpsToken,
                   http: RootHttpRouter,
                   http_settings: HttpSettings,
                   logger: RootLogger| {
                let logger = logger.child(fields! { service: "ops" });
                let address = http.local_addr().clone();
                let mut hosts = settings.hosts.clone();
                hosts.add_listener(&http_settings.listen, &address);
                let guard = Guard::new(token, CookieName::of(&address));
                let audit = Audit::new(&logger);
                let (mounts, is_on) = (Mounts::default(), guard.token.why_absent().is_none());
                let inner = Arc::new(Inner { mounts, guard, hosts, audit, logger, address });
                inner.mounts.add(Kind::Own, "", sign_in::routes(&inner))?;
                inner.mounts.add(Kind::Files, "", sign_in::files())?;
                // What stands at the path of the front end is never served in its place.
                http.mount_apart(ROOT, if is_on { surface::router(&inner) } else { Router::new() })?;
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

    /// Where it listens.
    pub fn local_addr(&self) -> &LocalAddr {
        &self.0.address
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

    /// The templates of all routes, for tests of what guards them.
    #[doc(hidden)]
    pub fn routes(&self) -> Vec<String> {
        self.0.mounts.routes()
    }
}
