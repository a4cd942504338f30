//! The root router: routes of the whole backend, and the mounts of plugins.

use std::{
    fmt,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use arc_swap::ArcSwap;
use axum::{
    Router,
    extract::{OriginalUri, Request},
    response::Response,
};
use futures_util::future::BoxFuture;
use greenroom_core::{Service, scope};
use greenroom_errors::{Error, Result};
use http::{Method, StatusCode, Uri, uri::PathAndQuery};

use crate::{
    dispatch::dispatch,
    matching,
    respond::{Envelope, empty},
};

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

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalAddr {
    /// An address and a port.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl LocalAddr {
    /// The address and the port; `None` for a Unix socket.
    pub fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) => Some(*address),
            Self::Unix(_) => None,
        }
    }
}

impl fmt::Display for LocalAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

struct Routes {
    mounts: ArcSwap<Vec<Mount>>,
    address: OnceLock<LocalAddr>,
    envelope: Envelope,
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
    fn handle(&self, request: Request) -> BoxFuture<'static, Response>;
}

impl Service for RootHttpRouter {
    const ID: &'static str = "core.rootHttpRouter";
    type Scope = scope::Root;
}

impl RootHttpRouter {
    pub(crate) fn new(envelope: Envelope) -> Self {
        Self(Arc::new(Routes { mounts: ArcSwap::default(), address: OnceLock::new(), envelope }))
    }

    /// Serves everything at and below `path` by `router`, whose own routes are relative to it.
    ///
    /// Matched as Express matches: in any case, a slash at the end or not. Errors if the path is empty or overlaps
    /// another (observability §4.1). There is no credentials barrier here.
    pub fn mount(&self, path: &str, router: Router) -> Result {
        self.mount_handler(path, Arc::new(AxumRouter(router)))
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
    pub(crate) async fn route(&self, request: Request) -> Response {
        let path = request.uri().path();
        let found = self.0.mounts.load().iter().find_map(|mount| {
            // Express counts one slash more to the mount: `/api/x//y` is `/y` there.
            let below = matching::below(&mount.path, path)?;
            Some((mount.handler.clone(), mount.path.len() + usize::from(below.starts_with("//"))))
        });
        let Some((handler, mount)) = found else { return empty(StatusCode::NOT_FOUND) };
        let (method, url) = (request.method().clone(), request.uri().clone());
        let response = handler.handle(relative(request, mount)).await;
        self.seal(response, &method, &url)
    }

    /// An error body in place of a failure.
    pub(crate) fn seal(&self, response: Response, method: &Method, url: &Uri) -> Response {
        self.0.envelope.seal(response, method, url.path_and_query().map_or("/", PathAndQuery::as_str))
    }
}

/// The request with its URI relative to a mount of that length; the query stays.
fn relative(mut request: Request, mount: usize) -> Request {
    let original = OriginalUri(request.uri().clone());
    request.extensions_mut().insert(original);
    let whole = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    let rest = whole.get(mount..).unwrap_or_default();
    let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    if let Ok(path) = PathAndQuery::try_from(rest) {
        *request.uri_mut() = Uri::from(path);
    }
    request
}

/// An author's router.
struct AxumRouter(Router);

impl Handler for AxumRouter {
    fn handle(&self, request: Request) -> BoxFuture<'static, Response> {
        let router = self.0.clone();
        Box::pin(async move { dispatch(std::slice::from_ref(&router), request).await })
    }
}
