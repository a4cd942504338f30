//! Express's weak ETag, and whether the client holds it already.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use http::{HeaderMap, HeaderValue, Method, header};
use sha1::{Digest, Sha1};

use crate::exchange::Asked;

/// How many characters of base64 a SHA-1 has.
const DIGEST: usize = 27;

/// `W/"<length in hex>-<SHA-1 in base64, 27 characters>"` of the identity body.
pub fn weak(body: &[u8]) -> HeaderValue {
    let mut hex = [0; 16];
    let length = hex_digits(body.len() as u64, &mut hex);
    let mut tag = [0; 3 + 16 + 1 + DIGEST + 1];
    let (dash, end) = (3 + length.len(), 3 + length.len() + 1 + DIGEST);
    tag[..3].copy_from_slice(b"W/\"");
    tag[3..dash].copy_from_slice(length);
    tag[dash] = b'-';
    let written = STANDARD_NO_PAD.encode_slice(Sha1::digest(body), &mut tag[dash + 1..end]);
    debug_assert_eq!(written, Ok(DIGEST));
    tag[end] = b'"';
    HeaderValue::from_bytes(&tag[..=end]).unwrap_or_else(|_| unreachable!("hex and base64 are visible ASCII"))
}

fn hex_digits(mut number: u64, buffer: &mut [u8; 16]) -> &[u8] {
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = b"0123456789abcdef"[(number % 16) as usize];
        number /= 16;
        if number == 0 {
            return &buffer[at..];
        }
    }
}

/// Whether a 2xx response is what the client holds: 304 without a body then. GET and HEAD only.
pub(crate) fn is_fresh(asked: &Asked, response: &HeaderMap) -> bool {
    if !matches!(asked.method, Method::GET | Method::HEAD) {
        return false;
    }
    let (none_match, modified_since) = (asked.if_none_match.as_ref(), asked.if_modified_since.as_ref());
    is_held(none_match, modified_since, asked.cache_control.as_ref(), response)
}

/// What the package `fresh` says of a request with these headers.
pub(crate) fn is_held(
    none_match: Option<&HeaderValue>,
    modified_since: Option<&HeaderValue>,
    cache_control: Option<&HeaderValue>,
    response: &HeaderMap,
) -> bool {
    let (none_match, modified_since) = (text(none_match), text(modified_since));
    if none_match.is_none() && modified_since.is_none() {
        return false;
    }
    let no_cache = |value: &str| value.split(',').any(|d| d.trim().eq_ignore_ascii_case("no-cache"));
    if text(cache_control).is_some_and(no_cache) {
        return false;
    }
    if let Some(held) = none_match.filter(|held| *held != "*") {
        let Some(etag) = text(response.get(header::ETAG)) else { return false };
        if !held.split(',').any(|held| opaque(held) == opaque(etag)) {
            return false;
        }
    }
    if let Some(since) = modified_since {
        let date = |text: &str| httpdate::parse_http_date(text).ok();
        match (text(response.get(header::LAST_MODIFIED)).and_then(date), date(since)) {
            (Some(modified), Some(since)) if modified <= since => {}
            _ => return false,
        }
    }
    true
}

fn text(value: Option<&HeaderValue>) -> Option<&str> {
    value.and_then(|value| value.to_str().ok())
}

/// A tag without what says that it is weak.
fn opaque(tag: &str) -> &str {
    tag.trim().trim_start_matches("W/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_is_expresss() {
        assert_eq!(weak(br#"{"status":"ok"}"#), r#"W/"f-VaSQ4oDUiZblZNAEkkN+sX+q3Sg""#);
        assert!(weak(&[b'x'; 0x1a2b]).to_str().unwrap().starts_with("W/\"1a2b-"));
        assert!(weak(b"").to_str().unwrap().starts_with("W/\"0-"));
        assert_eq!(weak(b"GET,HEAD"), r#"W/"8-ZRAf8oNBS3Bjb/SU2GYZCmbtmXg""#);
    }

    #[test]
    fn a_tag_that_the_client_holds_is_fresh_unless_it_asks_for_no_cache() {
        let headers = |pairs: &[(&'static str, &'static str)]| -> HeaderMap {
            pairs.iter().map(|(k, v)| (k.parse().unwrap(), HeaderValue::from_static(v))).collect()
        };
        let response = headers(&[("etag", "W/\"f-x\""), ("last-modified", "Sun, 22 Nov 2026 07:27:10 GMT")]);
        let asked = |method, pairs: &[(&'static str, &'static str)]| {
            let mut request = axum::extract::Request::default();
            *request.method_mut() = method;
            *request.headers_mut() = headers(pairs);
            Asked::from_request(&request)
        };
        let fresh = |request: &[_]| is_fresh(&asked(Method::GET, request), &response);
        assert!(fresh(&[("if-none-match", "W/\"a\", \"f-x\"")]) && fresh(&[("if-none-match", "*")]));
        assert!(!fresh(&[("if-none-match", "W/\"a\"")]) && !fresh(&[]));
        assert!(!fresh(&[("if-none-match", "*"), ("cache-control", "max-age=0, no-cache")]));
        assert!(fresh(&[("if-modified-since", "Sun, 22 Nov 2026 07:27:10 GMT")]));
        assert!(!fresh(&[("if-modified-since", "Sat, 21 Nov 2026 07:27:10 GMT")]));
        assert!(!is_fresh(&asked(Method::POST, &[("if-none-match", "*")]), &response));
    }
}
