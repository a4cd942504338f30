//! Calling authors' routers by Express's rules.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Router,
    body::Body,
    extract::{MatchedPath, Request},
    response::Response,
};
use bytes::Bytes;
use greenroom_context::{Context as Work, catch_panic};
use http::{Method, StatusCode, Uri, header, uri::PathAndQuery};
use http_body::{Body as HttpBody, Frame, SizeHint};
use parking_lot::Mutex;
use tower_service::Service;

use crate::{
    express::send::empty,
    failure::{Failed, panicked},
    health_routes::options,
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
        let mount: Arc<str> = mount.into();
        Self(
            router
                .route_layer(tower::layer::layer_fn(move |route| NoteRoute { route, mount: mount.clone() })),
        )
    }
}

/// A route that notes its template.
#[derive(Clone)]
struct NoteRoute<S> {
    route: S,
    mount: Arc<str>,
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
            // A service that is nested as a whole has no template of its own.
            let own = request.extensions().get::<MatchedPath>().map_or("/{*path}", MatchedPath::as_str);
            known.set_route([&*self.mount, own].concat());
        }
        self.route.call(request)
    }
}

/// Asks one router after another, each also without the slash at the path's end, until one has such a route.
///
/// So a request reaches one handler, once. A router's own fallback has answered too, unless that is an empty 404 and
/// it has left the body alone.
pub(crate) async fn dispatch(routers: &[Routed], request: Request) -> Response {
    let trimmed = without_slash(request.uri());
    match (routers, trimmed) {
        ([], _) => empty(StatusCode::NOT_FOUND),
        ([only], None) => call(only.clone(), request).await,
        (routers, trimmed) => offer(routers, trimmed, request).await,
    }
}

async fn offer(routers: &[Routed], trimmed: Option<Uri>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = Arc::new(Mutex::new(Lent { body, is_read: false }));
    let uris = [Some(parts.uri.clone()), trimmed];
    for router in routers {
        for uri in uris.iter().flatten() {
            let mut parts = parts.clone();
            parts.uri = uri.clone();
            let request = Request::from_parts(parts, Body::new(Borrowed(body.clone())));
            let response = call(router.clone(), request).await;
            if !is_unknown(&response) || body.lock().is_read {
                return response;
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

/// Whether no route was reached, and nothing else has an answer.
fn is_unknown(response: &Response) -> bool {
    Work::current().request().is_none_or(|request| request.route().is_none())
        && response.status() == StatusCode::NOT_FOUND
        && response.body().size_hint().exact() == Some(0)
        && !response.headers().contains_key(header::CONTENT_TYPE)
        && response.extensions().get::<Failed>().is_none()
}

/// Calls one router: HEAD is answered by GET's route, another wrong method is an empty 404, OPTIONS lists the methods,
/// a panic is a failure.
async fn call(Routed(mut router): Routed, mut request: Request) -> Response {
    let method = request.method().clone();
    if method == Method::HEAD {
        *request.method_mut() = Method::GET;
    }
    let response = match catch_panic(router.call(request)).await {
        Ok(Ok(response)) => response,
        Ok(Err(never)) => match never {},
        Err(panic) => return panicked(panic),
    };
    if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return response;
    }
    match response.headers().get(header::ALLOW).and_then(|allow| allow.to_str().ok()) {
        Some(allow) if method == Method::OPTIONS => options(allow),
        Some(_) => empty(StatusCode::NOT_FOUND),
        None => response,
    }
}

/// A request's body, offered to several routers until one of them reads it.
struct Lent {
    body: Body,
    is_read: bool,
}

struct Borrowed(Arc<Mutex<Lent>>);

impl HttpBody for Borrowed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut lent = self.0.lock();
        lent.is_read = true;
        Pin::new(&mut lent.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().body.size_hint()
    }
}
