//! Whether the connection is kept, and what Node says about that.

use axum::{body::HttpBody, response::Response};
use http::{HeaderName, HeaderValue, Version, header};
use tokio_util::sync::CancellationToken;

use super::Step;
use crate::exchange::Exchange;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// Says `Connection` and `Keep-Alive`; a draining server wants no further request on a connection.
pub(crate) struct KeepAlive {
    /// The value of `Keep-Alive`; `None` when idle connections stay open.
    pub(crate) value: Option<HeaderValue>,
    pub(crate) draining: CancellationToken,
}

impl Step for KeepAlive {
    fn on_response(&self, exchange: &mut Exchange, response: &mut Response) {
        let asked = &exchange.asked;
        // HTTP/1.0 knows no chunks: the end of the connection is the end of a body of unknown length.
        let endless = asked.version == Version::HTTP_10
            && response.body().size_hint().exact().is_none()
            && !response.headers().contains_key(header::CONTENT_LENGTH);
        let is_last =
            exchange.is_last || exchange.remainder.ends_connection() || self.draining.is_cancelled();
        if !asked.keeps_alive() || is_last || endless {
            if asked.version == Version::HTTP_10 {
                // Or else hyper adds `keep-alive` when such a client asked for it.
                *response.version_mut() = Version::HTTP_10;
            }
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            return;
        }
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("keep-alive"));
        if let Some(value) = &self.value {
            response.headers_mut().insert(KEEP_ALIVE, value.clone());
        }
    }
}
