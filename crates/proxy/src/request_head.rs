//! The bytes of a request that has no body, as they leave: from them it is made once more, if it has to be sent again. Nearly none
//! has to, and a copy of its headers would cost each of them more.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use parking_lot::Mutex;

/// No more memory than that is kept from one request to the next.
const KEPT: usize = 4 * 1024;

/// What has left of the request that a connection carries.
#[derive(Debug, Default)]
pub(crate) struct RequestHead {
    is_kept: AtomicBool,
    head: Mutex<Vec<u8>>,
}

impl RequestHead {
    /// The next request begins; whether its head is to be kept.
    pub(crate) fn begin(&self, is_kept: bool) {
        if self.is_kept.swap(is_kept, Relaxed) {
            let mut head = self.head.lock();
            head.clear();
            head.shrink_to(KEPT);
        }
    }

    /// These bytes are about to leave. Hyper offers all of a head at once, and what has not left of it again.
    pub(crate) fn leave<'a>(&self, parts: impl Iterator<Item = &'a [u8]>) {
        if self.is_kept.load(Relaxed) {
            let mut head = self.head.lock();
            if head.is_empty() {
                parts.for_each(|part| head.extend_from_slice(part));
            }
        }
    }

    /// The request once more.
    pub(crate) fn again(&self) -> Option<Box<Request<Body>>> {
        read(&self.head.lock()).map(Box::new)
    }
}

/// Reads a head as hyper has written it.
fn read(head: &[u8]) -> Option<Request<Body>> {
    let head = head.strip_suffix(b"\r\n\r\n")?;
    let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut words = lines.next()?.split(|byte| *byte == b' ');
    let mut request = Request::new(Body::empty());
    *request.method_mut() = Method::from_bytes(words.next()?).ok()?;
    *request.uri_mut() = Uri::from_maybe_shared(Bytes::copy_from_slice(words.next()?)).ok()?;
    for line in lines {
        let (name, value) = line.split_at(line.iter().position(|byte| *byte == b':')?);
        let value = HeaderValue::from_bytes(value.strip_prefix(b": ")?).ok()?;
        request.headers_mut().append(HeaderName::from_bytes(name).ok()?, value);
    }
    Some(request)
}

#[cfg(test)]
mod tests {
    use hyper::client::conn::http1;
    use hyper_util::rt::TokioIo;
    use proptest::prelude::*;
    use tokio::io::{AsyncReadExt, duplex};

    use super::*;

    /// What hyper writes of a request.
    async fn written(request: Request<Body>) -> Vec<u8> {
        let (ours, mut other) = duplex(64 * 1024);
        let (mut sender, connection) = http1::handshake(TokioIo::new(ours)).await.unwrap();
        let asks = async {
            let asked = sender.send_request(request);
            tokio::select! { _ = asked => {}, _ = connection => {} }
        };
        let mut head = Vec::new();
        let reads = async {
            while !head.ends_with(b"\r\n\r\n") {
                other.read_buf(&mut head).await.unwrap();
            }
        };
        tokio::select! { () = asks => {}, () = reads => {} }
        head
    }

    fn parts(request: &Request<Body>) -> (Method, Uri, Vec<(HeaderName, HeaderValue)>) {
        let headers = request.headers().iter().map(|(name, value)| (name.clone(), value.clone()));
        (request.method().clone(), request.uri().clone(), headers.collect())
    }

    fn target() -> impl Strategy<Value = Uri> {
        let target = prop_oneof![Just("*".to_owned()), "/[!-~]{0,30}"];
        target.prop_filter_map("no target", |target| target.parse().ok())
    }

    fn header() -> impl Strategy<Value = (HeaderName, HeaderValue)> {
        // Each character of a value stands for a byte.
        let value = "|[!-~\u{a1}-\u{ff}]([ \t!-~\u{a1}-\u{ff}]{0,20}[!-~])?";
        ("x-[a-z0-9_-]{1,8}|accept|cookie|host", value).prop_map(|(name, value)| {
            let value: Vec<u8> = value.chars().map(|char| u32::from(char) as u8).collect();
            (HeaderName::try_from(name).unwrap(), HeaderValue::from_bytes(&value).unwrap())
        })
    }

    proptest! {
        #[test]
        fn a_request_is_made_once_more_of_what_hyper_has_written_of_it(
            method in prop::sample::select(vec!["GET", "HEAD", "OPTIONS", "get"]),
            uri in target(),
            headers in prop::collection::vec(header(), 0..12),
        ) {
            let mut request = Request::new(Body::empty());
            *request.method_mut() = method.parse().unwrap();
            *request.uri_mut() = uri;
            for (name, value) in headers {
                request.headers_mut().append(name, value);
            }
            let expected = parts(&request);
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let head = runtime.block_on(written(request));
            let kept = RequestHead::default();
            kept.begin(true);
            let (first, rest) = head.split_at(head.len() / 2);
            kept.leave([first, rest].into_iter());
            // The system has not taken all of it.
            kept.leave([rest].into_iter());
            prop_assert_eq!(parts(&kept.again().unwrap()), expected);
        }
    }

    #[test]
    fn what_is_not_to_be_kept_or_was_of_the_request_before_is_not_there() {
        let kept = RequestHead::default();
        kept.leave([&b"GET /first HTTP/1.1\r\n\r\n"[..]].into_iter());
        assert!(kept.again().is_none());
        kept.begin(true);
        assert!(kept.again().is_none());
        let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(2 * KEPT));
        kept.leave([long.as_bytes()].into_iter());
        assert_eq!(kept.again().unwrap().uri().path().len(), 2 * KEPT + 1);
        kept.begin(false);
        kept.leave([&b"GET /third HTTP/1.1\r\n\r\n"[..]].into_iter());
        assert!(kept.again().is_none());
        assert!(kept.head.lock().capacity() <= KEPT);
    }
}
