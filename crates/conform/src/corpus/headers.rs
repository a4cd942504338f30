//! Security headers, compression, and requests from other origins.

use http::{
    HeaderName, Method,
    header::{ACCEPT_ENCODING, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN},
};

use super::NOWHERE;
use crate::{
    area::Area::{Cors, Headers},
    probe::{Probe, Text},
};

const LIVENESS: &str = "/.backstage/health/v1/liveness";

pub(super) fn probes() -> Vec<Probe> {
    let get = |name: &str, path: &'static str| Probe::get(Headers, name, path);
    let packed =
        |name: &str, path: &'static str, how: &'static str| get(name, path).with(ACCEPT_ENCODING, how);
    vec![
        get("of a page", "/"),
        Probe::head(Headers, "of a page, head only", "/"),
        get("of an answer of Backstage's own", LIVENESS),
        Probe::get(Headers, "of nothing", format!("/api/{NOWHERE}")),
        packed("a page, gzip", "/", "gzip"),
        packed("a page, br", "/", "br"),
        packed("a page, deflate", "/", "deflate"),
        packed("a page, whatever is best", "/", "gzip, deflate, br, zstd"),
        packed("a page, nothing but what is not known", "/", "greenroom"),
        packed("keys, gzip", "/api/auth/.well-known/jwks.json", "gzip"),
        get("by a proxy that was asked encrypted", LIVENESS)
            .with(HeaderName::from_static("x-forwarded-proto"), "https"),
        get("with an id of our own", LIVENESS)
            .with(HeaderName::from_static("x-request-id"), "greenroom-conform-1"),
    ]
}

pub(super) fn cors() -> Vec<Probe> {
    const ELSEWHERE: &str = "https://elsewhere.invalid";
    let plugin = "/api/catalog/entities";
    let preflight = |name: &str, origin: Text, method: &'static str| {
        Probe::new(Cors, name, Method::OPTIONS, plugin)
            .with(ORIGIN, origin)
            .with(ACCESS_CONTROL_REQUEST_METHOD, method)
    };
    let get =
        |name: &str, path: &'static str, origin: Text| Probe::get(Cors, name, path).with(ORIGIN, origin);
    vec![
        preflight("preflight from elsewhere", ELSEWHERE.into(), "GET")
            .with(ACCESS_CONTROL_REQUEST_HEADERS, "authorization"),
        preflight("preflight from elsewhere, of DELETE", ELSEWHERE.into(), "DELETE"),
        preflight("preflight from its own origin", Text::OwnOrigin, "POST")
            .with(ACCESS_CONTROL_REQUEST_HEADERS, "authorization, content-type"),
        preflight("preflight from no origin that has a name", "null".into(), "GET"),
        preflight("preflight from localhost:3000", "http://localhost:3000".into(), "GET"),
        Probe::new(Cors, "preflight of a page", Method::OPTIONS, "/")
            .with(ORIGIN, ELSEWHERE)
            .with(ACCESS_CONTROL_REQUEST_METHOD, "GET"),
        Probe::new(Cors, "options without an origin", Method::OPTIONS, plugin),
        get("liveness from elsewhere", LIVENESS, ELSEWHERE.into()),
        get("liveness from its own origin", LIVENESS, Text::OwnOrigin),
        get("a plugin from elsewhere", plugin, ELSEWHERE.into()),
        get("a plugin from its own origin", plugin, Text::OwnOrigin),
        get("a plugin from localhost:3000", plugin, "http://localhost:3000".into()),
        get("a page from elsewhere", "/", ELSEWHERE.into()),
    ]
}
