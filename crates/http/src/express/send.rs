//! Answers as Express's `res.send`, `res.json` and `res.end` make them.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use greenroom_js as js;
use http::{HeaderValue, Method, StatusCode, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use serde_json::Value;

use super::etag;
use crate::{
    body::longer,
    exchange::{Asked, Exchange},
    extract::is_from_json,
    pipeline::Step,
    unchanged::is_unchanged,
};

/// A status and nothing else.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// The media type of a JSON body.
pub(crate) const JSON: &str = "application/json; charset=utf-8";

/// A JSON body, as Express's `res.json` sends it.
pub(crate) fn json(status: StatusCode, value: &Value, development: bool) -> Response {
    // A `Value` has nothing that cannot be written.
    let mut response = json_response(js::stringify(value, development).unwrap_or_default());
    *response.status_mut() = status;
    response
}

/// The text as a body of JSON.
pub(crate) fn json_response(text: impl Into<Body>) -> Response {
    let mut response = Response::new(text.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    response
}

/// Express's answer to OPTIONS: the methods as `Allow` and as the body.
pub(crate) fn options(allow: &str) -> Response {
    let mut response = Response::new(allow.to_owned().into());
    if let Ok(value) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// What Express's `res.send` does: indentation, length and ETag of a body that is all there, freshness.
pub(crate) struct ResSend {
    pub(crate) development: bool,
}

impl Step for ResSend {
    fn on_response(&self, exchange: &mut Exchange, response: &mut Response) {
        if !is_unchanged(response) {
            match whole(std::mem::take(response.body_mut())) {
                Ok(bytes) => self.whole(&exchange.asked, response, bytes),
                Err(streams) => *response.body_mut() = streams,
            }
        }
        if matches!(response.status(), StatusCode::NOT_MODIFIED | StatusCode::NO_CONTENT) {
            for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
                response.headers_mut().remove(name);
            }
            *response.body_mut() = Body::empty();
        }
        if response.status() == StatusCode::IM_A_TEAPOT {
            response.extensions_mut().insert(hyper::ext::ReasonPhrase::from_static(b"I'm a Teapot"));
        }
    }
}

impl ResSend {
    fn whole(&self, asked: &Asked, response: &mut Response, mut bytes: Bytes) {
        if self.development && is_from_json(response.headers()) {
            bytes = indented(bytes);
            response.headers_mut().remove(header::CONTENT_LENGTH);
        }
        let headers = response.headers_mut();
        if bytes.is_empty() && !headers.contains_key(header::CONTENT_TYPE) {
            // Express's `end()`: nothing is said of a length, neither here nor in the access line.
            headers.remove(header::CONTENT_LENGTH);
        } else if !headers.contains_key(header::CONTENT_ENCODING) {
            headers.entry(header::CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(bytes.len()));
            headers.entry(header::ETAG).or_insert_with(|| etag::weak(&bytes));
        }
        if response.status().is_success() && etag::is_fresh(asked, response.headers()) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        *response.body_mut() = if asked.method == Method::HEAD { Body::empty() } else { Body::from(bytes) };
    }
}

/// The bytes of a body that is all there: one whose first piece is all of it. Nothing is waited for or collected.
fn whole(mut body: Body) -> Result<Bytes, Body> {
    let Some(length) = body.size_hint().exact() else { return Err(body) };
    if length == 0 {
        return Ok(Bytes::new());
    }
    // The next poll brings a waker of its own.
    match Pin::new(&mut body).poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Pending => Err(body),
        Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
            Ok(data) if data.len() as u64 == length && body.is_end_stream() => Ok(data),
            Ok(data) => Err(Body::new(Continued { first: Some(Ok(Frame::data(data))), rest: body })),
            Err(frame) => Err(Body::new(Continued { first: Some(Ok(frame)), rest: body })),
        },
        Poll::Ready(Some(Err(why))) => Err(Body::new(Continued { first: Some(Err(why)), rest: body })),
        Poll::Ready(None) => Err(body),
    }
}

/// A body whose first piece was read already.
struct Continued {
    first: Option<Result<Frame<Bytes>, axum::Error>>,
    rest: Body,
}

impl HttpBody for Continued {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(first)),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let first = match &self.first {
            Some(Ok(frame)) => frame.data_ref().map_or(0, |data| data.len() as u64),
            _ => 0,
        };
        longer(&self.rest.size_hint(), first)
    }
}

/// What [`Json`](crate::Json) wrote, as Express writes it in development.
fn indented(bytes: Bytes) -> Bytes {
    match serde_json::from_slice::<Value>(&bytes) {
        Ok(value) => js::stringify(&value, true).unwrap_or_default().into(),
        Err(_) => bytes,
    }
}
