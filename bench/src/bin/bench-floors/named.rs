//! What names a request in its lines: the client's names, or new ones.

use std::convert::Infallible;
use std::time::Instant;

use axum::extract::FromRequestParts;
use http::request::Parts;

pub(crate) struct Named {
    pub(crate) id: String,
    pub(crate) trace: String,
    pub(crate) span: String,
    pub(crate) began: Instant,
}

impl<S: Sync> FromRequestParts<S> for Named {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let trace = text("traceparent").and_then(|header| header.split('-').nth(1));
        Ok(Self {
            id: text("x-request-id").map_or_else(wide, ToOwned::to_owned),
            trace: trace.map_or_else(wide, ToOwned::to_owned),
            span: format!("{:016x}", fastrand::u64(1..)),
            began: Instant::now(),
        })
    }
}

impl Named {
    pub(crate) fn milliseconds(&self) -> f64 {
        self.began.elapsed().as_micros() as f64 / 1000.0
    }
}

fn wide() -> String {
    format!("{:032x}", fastrand::u128(1..))
}
