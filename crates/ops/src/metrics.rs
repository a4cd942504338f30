//! The text of all metrics: `/.greenroom/metrics` for operators, and `/metrics` for everybody who reaches a listener of its own.

use std::{convert::Infallible, io::Write};

use axum::{Router, extract::State, response::Response, routing::get};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use greenroom_context::spawn_blocking;
use greenroom_http_server::{Answer, Arrival, RequestBody, Serve};
use greenroom_metrics::{CONTENT_TYPE, MetricsRegistry};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, combinators::BoxBody};

/// Where the listener has them, as the field has.
const PATH: &str = "/metrics";

/// The route on the surface.
pub(crate) fn routes(registry: MetricsRegistry) -> Router {
    let answer = async |State(registry): State<MetricsRegistry>, asked: HeaderMap| -> Response {
        text(&registry, &asked).await.map(Into::into)
    };
    Router::new().route(PATH, get(answer)).with_state(registry)
}

/// What the metrics say now. It is made on a thread for such work: functions of plugins are asked.
async fn text(registry: &MetricsRegistry, asked: &HeaderMap) -> http::Response<Bytes> {
    let (registry, is_packed) = (registry.clone(), takes_gzip(asked));
    let made = spawn_blocking("metrics", move || {
        let text = registry.text().into_bytes();
        if is_packed { packed(&text).map(|packed| (packed, true)) } else { Ok((text, false)) }
    });
    let Ok(Ok((body, is_packed))) = made.await else {
        let mut failed =
            http::Response::new(Bytes::from_static(b"The metrics could not be read; the log says why\n"));
        *failed.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        return failed;
    };
    let mut answer = http::Response::new(body.into());
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if is_packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    answer
}

fn takes_gzip(asked: &HeaderMap) -> bool {
    let said = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    said.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let is_refused = parts.any(|part| {
            part.strip_prefix("q=")
                .is_some_and(|weight| weight.parse().is_ok_and(|weight: f64| weight == 0.0))
        });
        is_gzip && !is_refused
    })
}

fn packed(text: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 8), Compression::fast());
    encoder.write_all(text)?;
    encoder.finish()
}

/// What a listener of the metrics' own serves: them alone, without a token and without an access line, as the field's exporters do.
pub(crate) struct Scraped(pub(crate) MetricsRegistry);

impl Serve for Scraped {
    type Body = BoxBody<Bytes, Infallible>;

    fn serve(&self, request: Request<RequestBody>, arrival: Arrival) -> Answer<Self::Body> {
        let registry = self.0.clone();
        Box::pin(async move {
            let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
            let mut answer = match (request.uri().path(), is_read) {
                (PATH, true) => text(&registry, request.headers()).await,
                (PATH, false) => refused(StatusCode::METHOD_NOT_ALLOWED),
                _ => refused(StatusCode::NOT_FOUND),
            };
            if arrival.is_last {
                answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            // The body that keeps the connection does not say how long it is.
            let length = answer.body().len();
            answer.headers_mut().insert(header::CONTENT_LENGTH, length.into());
            let in_flight = arrival.in_flight;
            answer.map(|body| {
                let kept = Full::new(body).map_frame(move |frame| {
                    let _ = &in_flight;
                    frame
                });
                BoxBody::new(kept)
            })
        })
    }
}

fn refused(status: StatusCode) -> http::Response<Bytes> {
    let mut answer = http::Response::new(Bytes::from_static(b"The metrics are at GET /metrics\n"));
    *answer.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    if status == StatusCode::METHOD_NOT_ALLOWED {
        answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET,HEAD"));
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_who_says_so() {
        let takes = |said: &str| {
            let mut asked = HeaderMap::new();
            asked.insert(header::ACCEPT_ENCODING, said.parse().unwrap());
            takes_gzip(&asked)
        };
        for said in ["gzip", "deflate, GZIP;q=0.5", "br , gzip"] {
            assert!(takes(said), "{said}");
        }
        for said in ["", "gzip;q=0", "gzip; q=0.0", "br", "identity"] {
            assert!(!takes(said), "{said}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
