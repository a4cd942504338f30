//! Encodes a document that was asked for as it is, in the place of the server that made it.

use bytes::Bytes;
use greenroom_context::spawn_blocking;
use greenroom_http::finished::Coding;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{SHORT, candidate::joined};

/// The body as the client takes it, with what its headers say of it. The other server would have encoded it, too, where its
/// answer varies by what clients take, and is not encoded where it does not.
pub(super) async fn encoded(headers: &mut HeaderMap, accepted: Option<&HeaderValue>, body: Bytes) -> Bytes {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let has = |name, wanted: &str| lists(headers, name, wanted);
    let is_theirs = has(header::VARY, "accept-encoding") && !has(header::CACHE_CONTROL, "no-transform");
    let coding = Coding::negotiate(accepted.filter(|_| is_theirs), kind, body.len() as u64);
    let encoded = match coding {
        None => None,
        Some(coding) if body.len() <= SHORT => coding.encode(&body).ok(),
        Some(coding) => {
            let body = body.clone();
            spawn_blocking("encode a document", move || coding.encode(&body).ok()).await.ok().flatten()
        }
    };
    if let (Some(coding), Some(_)) = (coding, &encoded) {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    }
    let body = encoded.map_or(body, Bytes::from);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    body
}

/// Whether one of a header's values, which commas divide, is this one.
fn lists(headers: &HeaderMap, name: HeaderName, wanted: &str) -> bool {
    let values = joined(headers, &name);
    let values = values.as_ref().and_then(|values| values.to_str().ok()).unwrap_or_default();
    values.split(',').any(|value| value.trim().eq_ignore_ascii_case(wanted))
}
