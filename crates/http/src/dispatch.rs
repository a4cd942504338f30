//! Calling authors' routers by Express's rules.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{Router, body::Body, extract::Request, response::Response};
use bytes::Bytes;
use greenroom_context::catch_panic;
use http::{Method, StatusCode, Uri, header, uri::PathAndQuery};
use http_body::{Body as HttpBody, Frame, SizeHint};
use parking_lot::Mutex;
use tower_service::Service as _;

use crate::{
    failure::{Failed, panicked},
    health_routes::options,
    respond::empty,
};

/// Asks one router after another, each also without the slash at the path's end, until one answers by more than an
/// empty 404.
pub(crate) async fn dispatch(routers: &[Router], request: Request) -> Response {
    let trimmed = without_slash(request.uri());
    match (routers, trimmed) {
        ([], _) => empty(StatusCode::NOT_FOUND),
        ([only], None) => call(only.clone(), request).await,
        (routers, trimmed) => offer(routers, trimmed, request).await,
    }
}

async fn offer(routers: &[Router], trimmed: Option<Uri>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = Arc::new(Mutex::new(Lent { body, touched: false }));
    let uris = [Some(parts.uri.clone()), trimmed];
    for router in routers {
        for uri in uris.iter().flatten() {
            let mut parts = parts.clone();
            parts.uri = uri.clone();
            let request = Request::from_parts(parts, Body::new(Borrowed(body.clone())));
            let response = call(router.clone(), request).await;
            if !is_unknown(&response) || body.lock().touched {
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

fn is_unknown(response: &Response) -> bool {
    response.status() == StatusCode::NOT_FOUND
        && response.body().size_hint().exact() == Some(0)
        && !response.headers().contains_key(header::CONTENT_TYPE)
        && response.extensions().get::<Failed>().is_none()
}

/// Calls one router: HEAD is answered by GET's route, another wrong method is an empty 404, OPTIONS lists the methods,
/// a panic is a failure.
async fn call(mut router: Router, mut request: Request) -> Response {
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

/// A request's body, offered to several routers: whoever reads of it keeps the request.
struct Lent {
    body: Body,
    touched: bool,
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
        lent.touched = true;
        Pin::new(&mut lent.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().body.size_hint()
    }
}
