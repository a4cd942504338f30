//! Calling authors' routers by Express's rules.

use std::{
    mem,
    ops::{Deref, DerefMut},
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use axum::{
    Router,
    extract::{MatchedPath, Request},
    response::{IntoResponse, Response},
};
use greenroom_context::{Context as Work, catch_panic};
use http::{Method, StatusCode, Uri, header, uri::PathAndQuery};
use http_body::Body as _;
use tower_service::Service;

use crate::{
    exchange::Exchange,
    express::send::{empty, options},
    failure::{Failed, panicked},
    finished::OriginalMethod,
    offered_body::OfferedBody,
};

/// An author's router, whose routes note in the request's context that they were reached.
#[derive(Clone)]
pub(crate) struct Routed(Router);

impl Routed {
    /// `mount` is the path that the router's own routes are relative to.
    pub(crate) fn new(router: Router, mount: &str) -> Self {
        // Axum wants a route before it takes a layer of routes.
        if !router.has_routes() {
            return Self(router);
        }
        // Or else axum would make its handlers into services anew for each request.
        let router: Router = router.with_state(());
        let mount: Arc<str> = mount.into();
        Self(router.route_layer(tower::layer::layer_fn(move |route| NoteRoute {
            route,
            mount: mount.clone(),
            template: Arc::default(),
        })))
    }
}

/// A route that notes its template.
#[derive(Clone)]
struct NoteRoute<S> {
    route: S,
    mount: Arc<str>,
    /// What its first request came by, and all others.
    template: Arc<OnceLock<Arc<str>>>,
}

impl<S: Service<Request>> Service<Request> for NoteRoute<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.route.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> S::Future {
        if let Some(known) = Work::current().request() {
            let template = self.template.get_or_init(|| {
                // A service that is nested as a whole has no template of its own.
                let own = request.extensions().get::<MatchedPath>().map_or("/{*path}", MatchedPath::as_str);
                [&*self.mount, own].concat().into()
            });
            known.set_route(template.clone());
        }
        self.route.call(request)
    }
}

/// A request that no router has taken yet. It stays where it is, because each future that it is moved into would hold it, most
/// of them twice; whoever hands this on can no longer look at it.
pub(crate) struct Unrouted<'r>(&'r mut Request);

impl<'r> Unrouted<'r> {
    /// Who makes it, gives the request's own name away with it.
    pub(crate) fn new(request: &'r mut Request) -> Self {
        Self(request)
    }

    fn take(self) -> Request {
        mem::take(self.0)
    }
}

impl Deref for Unrouted<'_> {
    type Target = Request;

    fn deref(&self) -> &Request {
        self.0
    }
}

impl DerefMut for Unrouted<'_> {
    fn deref_mut(&mut self) -> &mut Request {
        self.0
    }
}

/// Asks one router after another for its route of the path, or of the path without the slash at its end.
///
/// So a request reaches one handler, once; what is left of it is of no use. A router's own fallback has answered too, unless that is an empty 404.
pub(crate) async fn dispatch(routers: &[Routed], exchange: &mut Exchange, request: Unrouted<'_>) -> Response {
    exchange.calls_author();
    let trimmed = without_slash(request.uri());
    match (routers, trimmed) {
        ([], _) => empty(StatusCode::NOT_FOUND),
        ([only], None) => call(only, request).await.into_response(),
        // In a box: most requests need no room for it.
        (routers, trimmed) => Box::pin(offer(routers, trimmed, request)).await,
    }
}

async fn offer(routers: &[Routed], trimmed: Option<Uri>, request: Unrouted<'_>) -> Response {
    let (parts, body) = request.take().into_parts();
    let body = OfferedBody::new(body);
    let uris = [Some(parts.uri.clone()), trimmed];
    for router in routers {
        for uri in uris.iter().flatten() {
            let mut parts = parts.clone();
            parts.uri = uri.clone();
            let mut request = Request::from_parts(parts, body.reader());
            match call(router, Unrouted::new(&mut request)).await {
                Called::NoRoute if !body.is_spent() => {}
                // Another spelling could be the same route again.
                Called::NoMethod if !body.is_spent() => break,
                called => return called.into_response(),
            }
        }
    }
    empty(StatusCode::NOT_FOUND)
}

/// The same without one slash at the end of its path; `None` if there is none to lose.
fn without_slash(uri: &Uri) -> Option<Uri> {
    let path = uri.path().strip_suffix('/').filter(|path| !path.is_empty())?;
    let text = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    PathAndQuery::try_from(text).ok().map(Uri::from)
}

/// What a router made of a request.
enum Called {
    Answered(Response),
    /// It has no such route.
    NoRoute,
    /// It has such a route, for other methods.
    NoMethod,
}

impl IntoResponse for Called {
    fn into_response(self) -> Response {
        match self {
            Self::Answered(response) => response,
            Self::NoRoute | Self::NoMethod => empty(StatusCode::NOT_FOUND),
        }
    }
}

/// Calls one router: HEAD is answered by GET's route, OPTIONS lists the methods, a panic is a failure.
async fn call(Routed(router): &Routed, mut request: Unrouted<'_>) -> Called {
    let method = request.method().clone();
    if method == Method::HEAD {
        *request.method_mut() = Method::GET;
        request.extensions_mut().insert(OriginalMethod(Method::HEAD));
    }
    let response = match catch_panic(router.clone().call(request.take())).await {
        Ok(Ok(response)) => response,
        Ok(Err(never)) => match never {},
        Err(panic) => return Called::Answered(panicked(panic)),
    };
    if response.status() == StatusCode::METHOD_NOT_ALLOWED
        && let Some(allow) = response.headers().get(header::ALLOW).and_then(|allow| allow.to_str().ok())
    {
        return if method == Method::OPTIONS { Called::Answered(options(allow)) } else { Called::NoMethod };
    }
    if is_unknown(&response) { Called::NoRoute } else { Called::Answered(response) }
}

/// Whether no route was reached, and nothing else has an answer.
fn is_unknown(response: &Response) -> bool {
    Work::current().request().is_none_or(|request| request.route().is_none())
        && response.status() == StatusCode::NOT_FOUND
        && response.body().size_hint().exact() == Some(0)
        && !response.headers().contains_key(header::CONTENT_TYPE)
        && response.extensions().get::<Failed>().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each request that is at work has room for it. One more place that holds a request shows.
    #[test]
    fn the_future_of_a_request_on_its_way_to_a_router_stays_small() {
        fn size<A, B, C, F>(_: fn(A, B, C) -> F) -> usize {
            size_of::<F>()
        }
        let dispatch = size::<&'static [Routed], &'static mut Exchange, Unrouted<'static>, _>(dispatch);
        assert!(dispatch <= 576, "{dispatch} bytes; a request has {}", size_of::<Request>());
    }
}
