//! What a request says besides what its caller wants to say.

use bytes::Bytes;
use greenroom_context::Context;
use http::{HeaderName, HeaderValue, Request, header};

/// How this client names itself, unless the caller does.
const USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("greenroom/", env!("CARGO_PKG_VERSION")));

/// What is said of one connection and its messages' ends, which is the client's to say: none of these goes on.
///
/// Source: RFC 9110, §7.6.1.
const OF_THE_CONNECTION: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TRANSFER_ENCODING,
    header::CONTENT_LENGTH,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
];

const BAGGAGE: HeaderName = HeaderName::from_static("baggage");

/// Completes a request. Which request is being answered here goes along, and which span it is part of; who sends it only within the
/// portal.
pub(crate) fn complete(
    request: &mut Request<Bytes>,
    to_portal: bool,
    proxy: Option<&HeaderValue>,
    within: &Context,
) {
    let headers = request.headers_mut();
    for name in OF_THE_CONNECTION {
        headers.remove(name);
    }
    headers.remove(header::PROXY_AUTHORIZATION);
    if let Some(authorization) = proxy {
        headers.insert(header::PROXY_AUTHORIZATION, authorization.clone());
    }
    headers.entry(header::USER_AGENT).or_insert(USER_AGENT);
    if !to_portal {
        headers.remove(BAGGAGE);
    }
    let mut add = |(name, value): (&'static str, String)| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.entry(HeaderName::from_static(name)).or_insert(value);
        }
    };
    match to_portal {
        true => within.headers().for_each(&mut add),
        false => within.trace_headers().for_each(&mut add),
    }
}
