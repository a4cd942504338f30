//! The headers that Backstage answers with, and ours.

use axum::body::Body;
use axum::response::Response;
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use sha1::{Digest, Sha1};

use crate::named::Named;
use crate::plain;

/// All but those that depend on the answer; length and date are set anyway.
static SAME: [(HeaderName, HeaderValue); 13] = [
    (header::CONTENT_TYPE, HeaderValue::from_static(plain::JSON)),
    (header::VARY, HeaderValue::from_static("Accept-Encoding")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=15552000; includeSubDomains")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_DNS_PREFETCH_CONTROL, HeaderValue::from_static("off")),
    (HeaderName::from_static("x-download-options"), HeaderValue::from_static("noopen")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
    (HeaderName::from_static("x-permitted-cross-domain-policies"), HeaderValue::from_static("none")),
    (header::X_XSS_PROTECTION, HeaderValue::from_static("0")),
    (header::CONNECTION, HeaderValue::from_static("keep-alive")),
    (HeaderName::from_static("keep-alive"), HeaderValue::from_static("timeout=5")),
];

const POLICY: &str = "default-src 'self';base-uri 'self';font-src 'self' https: data:;frame-ancestors 'self';img-src \
                      'self' data:;object-src 'none';script-src 'self' 'unsafe-eval';script-src-attr 'none';style-src \
                      'self' https: 'unsafe-inline';upgrade-insecure-requests";

/// A table that is large enough for all of them.
const CAPACITY: usize = 24;

/// An answer of JSON.
pub(crate) fn json(body: String, named: &Named) -> Response {
    let digest = STANDARD_NO_PAD.encode(Sha1::digest(&body));
    let etag = format!("W/\"{:x}-{digest}\"", body.len());
    let mut headers = HeaderMap::with_capacity(CAPACITY);
    headers.extend(SAME.iter().cloned());
    for (name, value) in [(header::ETAG, &etag), (HeaderName::from_static("x-request-id"), &named.id)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    let mut response = Response::new(Body::from(body));
    *response.headers_mut() = headers;
    response
}

/// An answer of JSON with none of them.
pub(crate) fn none(body: String, _: &Named) -> Response {
    plain::json(Body::from(body))
}
