//! The headers that Backstage answers with.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderName, HeaderValue, header};

use crate::plain;

/// All but the type, the length and the date, which axum sets anyway.
const SAME: [(HeaderName, &str); 13] = [
    (header::ETAG, "W/\"f-VaSQ4oDUiZblZNAEkkN+sX+q3Sg\""),
    (header::VARY, "Accept-Encoding"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self';base-uri 'self';font-src 'self' https: data:;frame-ancestors 'self';img-src 'self' \
         data:;object-src 'none';script-src 'self' 'unsafe-eval';script-src-attr 'none';style-src 'self' https: \
         'unsafe-inline';upgrade-insecure-requests",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=15552000; includeSubDomains"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_DNS_PREFETCH_CONTROL, "off"),
    (HeaderName::from_static("x-download-options"), "noopen"),
    (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
    (HeaderName::from_static("x-permitted-cross-domain-policies"), "none"),
    (header::X_XSS_PROTECTION, "0"),
    (header::CONNECTION, "keep-alive"),
    (HeaderName::from_static("keep-alive"), "timeout=5"),
];

/// An answer of JSON.
pub(crate) fn json(body: Body) -> Response {
    let mut response = plain::json(body);
    let headers = response.headers_mut();
    headers.reserve(SAME.len());
    for (name, value) in SAME {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
