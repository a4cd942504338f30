//! The headers that Backstage answers with.

use axum::body::Body;
use axum::response::Response;
use http::HeaderValue;

use crate::plain;

/// All but the type, the length and the date, which axum sets anyway.
const SAME: [(&str, &str); 13] = [
    ("etag", "W/\"f-VaSQ4oDUiZblZNAEkkN+sX+q3Sg\""),
    ("vary", "Accept-Encoding"),
    (
        "content-security-policy",
        "default-src 'self';base-uri 'self';font-src 'self' https: data:;frame-ancestors 'self';img-src 'self' \
         data:;object-src 'none';script-src 'self' 'unsafe-eval';script-src-attr 'none';style-src 'self' https: \
         'unsafe-inline';upgrade-insecure-requests",
    ),
    ("referrer-policy", "no-referrer"),
    ("strict-transport-security", "max-age=15552000; includeSubDomains"),
    ("x-content-type-options", "nosniff"),
    ("x-dns-prefetch-control", "off"),
    ("x-download-options", "noopen"),
    ("x-frame-options", "SAMEORIGIN"),
    ("x-permitted-cross-domain-policies", "none"),
    ("x-xss-protection", "0"),
    ("connection", "keep-alive"),
    ("keep-alive", "timeout=5"),
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
