//! The text of all metrics: `/.greenroom/metrics` for operators, and `/metrics` for everybody who reaches a listener of its own.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{Router, extract::State, response::Response, routing::get};
use bytes::Bytes;
use greenroom_http_server::{Answer, Arrival, RequestBody, Serve, ServerSettings};
use greenroom_metrics::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::metrics_text::MetricsText;

/// Where the listener has them, as the field has.
const PATH: &str = "/metrics";

/// So many answers are at work on the listener at once: each may hold a text of its own moment until it has been read.
const MOST_ANSWERS: usize = 16;

/// So many connections have a place there.
const MOST_CONNECTIONS: u32 = 64;

/// Who reads nothing for so long gives up its place there. Prometheus wants all of it within 10 s.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

/// Everybody who asks there within a moment gets one text.
const MOMENT: Duration = Duration::from_secs(1);

/// The route on the surface. An operator gets what the metrics say now.
pub(crate) fn routes(text: MetricsText) -> Router {
    let answer = async |State(text): State<MetricsText>, asked: HeaderMap| -> Response {
        answer(&text, &asked, Duration::ZERO).await.map(Into::into)
    };
    Router::new().route(PATH, get(answer)).with_state(text)
}

/// What the metrics say, or have said at most so long ago.
async fn answer(text: &MetricsText, asked: &HeaderMap, oldest: Duration) -> http::Response<Bytes> {
    let is_packed = takes_gzip(asked);
    let Some(body) = text.read(is_packed, oldest).await else {
        let mut failed =
            http::Response::new(Bytes::from_static(b"The metrics could not be read; the log says why\n"));
        *failed.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        return failed;
    };
    let mut answer = http::Response::new(body);
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

/// What a listener of the metrics' own serves: them alone, without a token and without an access line, as the field's exporters do.
pub(crate) struct Scraped {
    text: MetricsText,
    answers: Arc<Semaphore>,
}

impl Scraped {
    pub(crate) fn new(text: MetricsText) -> Self {
        Self { text, answers: Arc::new(Semaphore::new(MOST_ANSWERS)) }
    }

    /// How the listener treats its clients: nobody has shown who they are.
    pub(crate) fn settings(of_all: &ServerSettings) -> ServerSettings {
        let mut settings = of_all.clone();
        settings.limits.connections = settings.limits.connections.min(MOST_CONNECTIONS);
        let send = &mut settings.timeouts.send;
        *send = if send.is_zero() { SEND_TIMEOUT } else { SEND_TIMEOUT.min(*send) };
        settings
    }
}

impl Serve for Scraped {
    type Body = BoxBody<Bytes, Infallible>;

    fn serve(&self, request: Request<RequestBody>, arrival: Arrival) -> Answer<Self::Body> {
        let (text, place) = (self.text.clone(), self.answers.clone().try_acquire_owned());
        Box::pin(async move {
            let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
            let mut answer = match (request.uri().path(), is_read, place) {
                (PATH, true, Ok(place)) => answer(&text, request.headers(), MOMENT)
                    .await
                    .map(|text| Bytes::from_owner(Held { text, _place: place })),
                (PATH, true, Err(_)) => refused(StatusCode::SERVICE_UNAVAILABLE),
                (PATH, false, _) => refused(StatusCode::METHOD_NOT_ALLOWED),
                _ => refused(StatusCode::NOT_FOUND),
            };
            if arrival.is_last || answer.status() == StatusCode::SERVICE_UNAVAILABLE {
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

/// A text that has its place until the last of it has gone to the system.
struct Held {
    text: Bytes,
    _place: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

fn refused(status: StatusCode) -> http::Response<Bytes> {
    let why: &[u8] = match status {
        StatusCode::SERVICE_UNAVAILABLE => {
            b"Too many read the metrics at once, and not all of them read on\n"
        }
        _ => b"The metrics are at GET /metrics\n",
    };
    let mut answer = http::Response::new(Bytes::from_static(why));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    match status {
        StatusCode::METHOD_NOT_ALLOWED => headers.insert(header::ALLOW, HeaderValue::from_static("GET,HEAD")),
        StatusCode::SERVICE_UNAVAILABLE => headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1")),
        _ => None,
    };
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_reads_nothing_has_no_place_on_the_listener_for_long_whatever_holds_elsewhere() {
        for (of_all, expected) in [(60, 5), (0, 5), (2, 2)] {
            let mut settings = ServerSettings::default();
            settings.timeouts.send = Duration::from_secs(of_all);
            assert_eq!(Scraped::settings(&settings).timeouts.send, Duration::from_secs(expected));
            assert_eq!(Scraped::settings(&settings).limits.connections, MOST_CONNECTIONS);
        }
    }

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
