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
    let body = Arc::new(Mutex::new(Lent { body, read: Vec::new(), kept: 0, is_spent: false }));
    let uris = [Some(parts.uri.clone()), trimmed];
    for router in routers {
        for uri in uris.iter().flatten() {
            let mut parts = parts.clone();
            parts.uri = uri.clone();
            let request = Request::from_parts(parts, Body::new(Borrowed { lent: body.clone(), at: 0 }));
            let response = call(router.clone(), request).await;
            if !is_unknown(&response) || body.lock().is_spent {
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

/// How much of a body a router may read and still leave the request to the next one.
const KEPT: usize = 128 * 1024;

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
        if self.kept > KEPT {
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
        let rest = lent.body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower() + again);
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + again);
        }
        hint
    }
}
