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
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use greenroom_context::{Context as Work, catch_panic};
use http::{Method, StatusCode, Uri, header, uri::PathAndQuery};
use http_body::{Body as HttpBody, Frame, SizeHint};
use parking_lot::Mutex;
use tower_service::Service;

use crate::{
    body::longer,
    exchange::Exchange,
    express::send::{empty, options},
    failure::{Failed, panicked},
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

/// Asks one router after another for its route of the path, or of the path without the slash at its end.
///
/// So a request reaches one handler, once. A router's own fallback has answered too, unless that is an empty 404.
pub(crate) async fn dispatch(routers: &[Routed], exchange: &Exchange, request: Request) -> Response {
    exchange.calls_author();
    let trimmed = without_slash(request.uri());
    match (routers, trimmed) {
        ([], _) => empty(StatusCode::NOT_FOUND),
        ([only], None) => call(only.clone(), request).await.into_response(),
        (routers, trimmed) => offer(routers, trimmed, request).await,
    }
}

async fn offer(routers: &[Routed], trimmed: Option<Uri>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = Arc::new(Mutex::new(Lent { body, read: Vec::new(), kept: 0, is_spent: false }));
    let uris = [Some(parts.uri.clone()), trimmed];
    for router in routers {
        for uri in uris.iter().flatten() {
            let mut parts = parts.clone();
            parts.uri = uri.clone();
            let request = Request::from_parts(parts, Body::new(Borrowed { lent: body.clone(), at: 0 }));
            match call(router.clone(), request).await {
                Called::NoRoute if !body.lock().is_spent => {}
                // Another spelling could be the same route again.
                Called::NoMethod if !body.lock().is_spent => break,
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
async fn call(Routed(mut router): Routed, mut request: Request) -> Called {
    let method = request.method().clone();
    if method == Method::HEAD {
        *request.method_mut() = Method::GET;
    }
    let response = match catch_panic(router.call(request)).await {
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

/// How much of a body a router may read and still leave the request to the next one.
const MOST_KEPT_BYTES: usize = 128 * 1024;

/// A request's body, offered to several routers: each reads it from its beginning, until more was read than is kept.
struct Lent {
    body: Body,
    read: Vec<Bytes>,
    kept: usize,
    is_spent: bool,
}

impl Lent {
    fn keep(&mut self, data: &Bytes) {
        self.kept += data.len();
        if self.kept > MOST_KEPT_BYTES {
            self.spend();
        } else {
            self.read.push(data.clone());
        }
    }

    fn spend(&mut self) {
        self.read.clear();
        self.is_spent = true;
    }
}

struct Borrowed {
    lent: Arc<Mutex<Lent>>,
    /// How many of the kept pieces were read here.
    at: usize,
}

impl HttpBody for Borrowed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        let mut lent = this.lent.lock();
        if let Some(data) = lent.read.get(this.at) {
            this.at += 1;
            return Poll::Ready(Some(Ok(Frame::data(data.clone()))));
        }
        let polled = Pin::new(&mut lent.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) if !lent.is_spent => match frame.data_ref() {
                Some(data) => {
                    lent.keep(data);
                    this.at += 1;
                }
                None => lent.spend(),
            },
            Poll::Ready(Some(Err(_))) => lent.spend(),
            _ => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        let lent = self.lent.lock();
        self.at >= lent.read.len() && lent.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let lent = self.lent.lock();
        let again: u64 = lent.read.iter().skip(self.at).map(|data| data.len() as u64).sum();
        longer(&lent.body.size_hint(), again)
    }
}
