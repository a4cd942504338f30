//! The last steps of every response that a route made.

use axum::{
    body::{Body, Bytes, HttpBody},
    response::Response,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header};
use http_body_util::BodyExt;
use serde_json::Value;

use super::{SecurityHeaders, compression, etag, json_text};
use crate::{cors::Grant, extract::FromJson};

/// What the last steps need of the request.
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
}

impl Asked {
    /// Whether the client wants the connection kept.
    pub(crate) fn keeps_alive(&self) -> bool {
        let connection = self.headers.get(header::CONNECTION).and_then(|v| v.to_str().ok());
        let says = |word: &str| {
            connection.is_some_and(|all| all.split(',').any(|token| token.trim().eq_ignore_ascii_case(word)))
        };
        if self.version == Version::HTTP_10 { says("keep-alive") } else { !says("close") }
    }
}

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
    let mut response = json_response(json_text(value, development).unwrap_or_default());
    *response.status_mut() = status;
    response
}

/// The text as a body of JSON.
pub(crate) fn json_response(text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    response
}

/// What the last steps need of the server.
pub(crate) struct Finish<'a> {
    /// No further request is wanted on the connection.
    pub(crate) ends: bool,
    /// JSON is indented.
    pub(crate) development: bool,
    /// The value of `Keep-Alive`.
    pub(crate) keep_alive: Option<&'a HeaderValue>,
    pub(crate) security: &'a SecurityHeaders,
    /// What the request's origin is granted.
    pub(crate) grant: Option<Grant>,
}

/// Security headers, ETag and freshness of buffered bodies, compression, keep-alive.
pub(crate) async fn finish(asked: &Asked, mut how: Finish<'_>, response: Response) -> Response {
    let (mut parts, mut body) = response.into_parts();
    parts.headers = how.security.with(parts.headers);
    if how.development && parts.extensions.remove::<FromJson>().is_some() {
        body = indented(&mut parts.headers, body).await;
    }
    let is_buffered = body.size_hint().exact().is_some();
    let mut body = buffered(&asked.method, &mut parts.headers, body).await;
    let fresh = is_buffered
        && parts.status.is_success()
        && etag::is_fresh(&asked.method, &asked.headers, &parts.headers);
    if fresh {
        parts.status = StatusCode::NOT_MODIFIED;
    }
    if matches!(parts.status, StatusCode::NOT_MODIFIED | StatusCode::NO_CONTENT) {
        for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
            parts.headers.remove(name);
        }
        body = Body::empty();
    }
    if let Some(grant) = how.grant.take() {
        grant.apply(&mut parts.headers);
    }
    let body = compression::compress(&asked.method, &asked.headers, &mut parts.headers, body);
    if parts.status == StatusCode::IM_A_TEAPOT {
        parts.extensions.insert(hyper::ext::ReasonPhrase::from_static(b"I'm a Teapot"));
    }
    if !keep_alive(asked, &how, &mut parts.headers, &body) && asked.version == Version::HTTP_10 {
        // Or else hyper adds `keep-alive` when such a client asked for it.
        parts.version = Version::HTTP_10;
    }
    Response::from_parts(parts, body)
}

/// A preflight's answer: what is granted, and nothing else.
pub(crate) fn finish_preflight(asked: &Asked, mut how: Finish<'_>, status: StatusCode) -> Response {
    let (mut parts, body) = empty(status).into_parts();
    parts.headers = how.security.with(parts.headers);
    if let Some(grant) = how.grant.take() {
        grant.apply(&mut parts.headers);
    }
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    keep_alive(asked, &how, &mut parts.headers, &body);
    Response::from_parts(parts, body)
}

/// What [`Json`](crate::Json) wrote, as Express writes it in development.
async fn indented(headers: &mut HeaderMap, body: Body) -> Body {
    let Ok(collected) = body.collect().await else { return Body::empty() };
    let bytes = collected.to_bytes();
    headers.remove(header::CONTENT_LENGTH);
    match serde_json::from_slice::<Value>(&bytes) {
        Ok(value) => Body::from(json_text(&value, true).unwrap_or_default()),
        Err(_) => Body::from(bytes),
    }
}

/// A body whose bytes are all there gets its length and, if the route set none, its ETag.
async fn buffered(method: &Method, headers: &mut HeaderMap, body: Body) -> Body {
    let Some(length) = body.size_hint().exact() else { return body };
    if length == 0 && !headers.contains_key(header::CONTENT_TYPE) {
        // Express's `end()`: nothing is said of a length, neither here nor in the request line.
        headers.remove(header::CONTENT_LENGTH);
        return body;
    }
    if headers.contains_key(header::CONTENT_ENCODING) {
        return body;
    }
    // All the bytes are there: this neither waits nor fails.
    let Ok(collected) = body.collect().await else { return Body::empty() };
    let bytes: Bytes = collected.to_bytes();
    headers.entry(header::CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(bytes.len()));
    headers.entry(header::ETAG).or_insert_with(|| etag::weak(&bytes));
    if *method == Method::HEAD { Body::empty() } else { Body::from(bytes) }
}

/// Says what Node says, and whether the connection is kept; a draining server wants no further request on it.
fn keep_alive(asked: &Asked, how: &Finish<'_>, headers: &mut HeaderMap, body: &Body) -> bool {
    // HTTP/1.0 knows no chunks: the end of the connection is the end of a body of unknown length.
    let endless = asked.version == Version::HTTP_10
        && body.size_hint().exact().is_none()
        && !headers.contains_key(header::CONTENT_LENGTH);
    if !asked.keeps_alive() || how.ends || endless {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        return false;
    }
    headers.insert(header::CONNECTION, HeaderValue::from_static("keep-alive"));
    if let Some(value) = how.keep_alive {
        headers.insert(header::HeaderName::from_static("keep-alive"), value.clone());
    }
    true
}
