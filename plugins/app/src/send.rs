//! A file as an answer, by the rules of the package `send`: conditions, parts, and the encoding that the client takes.

use std::sync::Arc;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use greenroom::{
    errors::Error,
    http::{
        HttpError,
        finished::{Coding, Finished, OriginalMethod, is_fresh},
    },
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use serde_json::json;

use crate::{
    file::File,
    kept::Kept,
    range::{Part, part},
};

/// What a client asks, besides the path.
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
}

impl Asked {
    pub(crate) fn new(OriginalMethod(method): OriginalMethod, headers: HeaderMap) -> Self {
        Self { method, headers }
    }

    pub(crate) fn is_head(&self) -> bool {
        self.method == Method::HEAD
    }

    fn value(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().filter(|value| !value.is_empty())
    }
}

/// The answer, which caches may keep so long. It fails where the file cannot be read, or is another one than it was at start.
pub(crate) async fn send(
    file: &Arc<File>,
    caching: HeaderValue,
    kept: &Arc<Kept>,
    asked: &Asked,
) -> std::io::Result<Response> {
    if !preconditions_hold(asked, &file.headers) {
        let error = Error::named("PreconditionFailedError", "Precondition Failed").with_status(412);
        return Ok(HttpError::from(error).into_response());
    }
    let mut headers = file.headers.clone();
    headers.insert(header::CACHE_CONTROL, caching);
    if is_fresh(&asked.headers, &headers) {
        return Ok(not_modified(headers));
    }
    let size = file.seen.size;
    let range = asked.value(&header::RANGE).filter(|_| range_is_of_this(asked, &headers));
    match range.map_or(Part::Whole, |range| part(range, size)) {
        Part::Unsatisfiable => {
            let range = format!("bytes */{size}");
            let error = Error::named("RangeNotSatisfiableError", "Range Not Satisfiable").with_status(416);
            let error = error.with("headers", json!({"Content-Range": range}));
            let mut response = HttpError::from(error).into_response();
            insert(response.headers_mut(), header::CONTENT_RANGE, &range);
            Ok(response)
        }
        Part::Bytes(first, last) => {
            insert(&mut headers, header::CONTENT_RANGE, &format!("bytes {first}-{last}/{size}"));
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(last - first + 1));
            let body = if asked.is_head() { Body::empty() } else { file.body(first, last, kept).await? };
            Ok(finished(StatusCode::PARTIAL_CONTENT, headers, body))
        }
        Part::Whole => whole(file, kept, asked, headers).await,
    }
}

async fn whole(
    file: &Arc<File>,
    kept: &Arc<Kept>,
    asked: &Asked,
    mut headers: HeaderMap,
) -> std::io::Result<Response> {
    let size = file.seen.size;
    let accepted = asked.headers.get(header::ACCEPT_ENCODING).filter(|_| !asked.is_head());
    if let Some(coding) = Coding::negotiate(accepted, &file.content_type, size) {
        let Some(encoded) = file.encoded(coding, kept).await? else {
            // As other answers: encoded while it is sent.
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
            let body = file.body(0, size.saturating_sub(1), kept).await?;
            return Ok((headers, body).into_response());
        };
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(encoded.len()));
        return Ok(finished(StatusCode::OK, headers, encoded.into()));
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    let is_empty = asked.is_head() || size == 0;
    let body = if is_empty { Body::empty() } else { file.body(0, size - 1, kept).await? };
    Ok(finished(StatusCode::OK, headers, body))
}

/// An answer of which all is decided.
pub(crate) fn finished(status: StatusCode, headers: HeaderMap, body: Body) -> Response {
    Finished((status, headers, body)).into_response()
}

/// Says that the client has it already.
pub(crate) fn not_modified(mut headers: HeaderMap) -> Response {
    headers.remove(header::CONTENT_TYPE);
    finished(StatusCode::NOT_MODIFIED, headers, Body::empty())
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// `If-Match`, else `If-Unmodified-Since`. A weak tag is taken for a strong one, as in Node.
fn preconditions_hold(asked: &Asked, file: &HeaderMap) -> bool {
    if let Some(wanted) = asked.value(&header::IF_MATCH) {
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let own = file.get(header::ETAG).and_then(|tag| tag.to_str().ok()).map(opaque);
        return wanted == "*" || wanted.split(',').any(|tag| Some(opaque(tag)) == own);
    }
    match (asked.value(&header::IF_UNMODIFIED_SINCE).and_then(date), modified(file)) {
        (Some(since), Some(modified)) => modified <= since,
        _ => true,
    }
}

/// `If-Range`: a part of another version is of no use to the client.
fn range_is_of_this(asked: &Asked, file: &HeaderMap) -> bool {
    let Some(version) = asked.value(&header::IF_RANGE) else { return true };
    if version.contains('"') {
        let own = file.get(header::ETAG).and_then(|tag| tag.to_str().ok());
        return own.is_some_and(|own| version.contains(own));
    }
    matches!((modified(file), date(version)), (Some(modified), Some(held)) if modified <= held)
}

fn modified(file: &HeaderMap) -> Option<std::time::SystemTime> {
    date(file.get(header::LAST_MODIFIED)?.to_str().ok()?)
}

fn date(text: &str) -> Option<std::time::SystemTime> {
    httpdate::parse_http_date(text).ok()
}
