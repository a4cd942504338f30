//! The old backend's access line, for log pipelines that still parse it.

use std::time::SystemTime;

use axum::{
    Router,
    body::HttpBody,
    extract::{OriginalUri, Request},
    middleware::{self, Next},
    response::Response,
};
use greenroom_logging::{Logger, info};
use http::{HeaderMap, Version, header};

/// Adds the old backend's `requestLoggingHandler` to a router: one line for each request, in the combined log format,
/// with the single field `type`.
///
/// ```
/// use axum::{Router, routing::get};
/// use greenroom_http::old_backend::request_logging;
/// use greenroom_logging::Logger;
///
/// fn routes(logger: Logger) -> Router {
///     request_logging(Router::new().route("/", get(async || "hello")), logger)
/// }
/// ```
///
/// `[22/Nov/2026:07:18:11 +0000] "GET /healthcheck HTTP/1.1" 200 15 "-" "node"`; what is not known is `-`. The backend's
/// own access line is written besides (contract: http-34).
pub fn request_logging(router: Router, logger: Logger) -> Router {
    router.layer(middleware::from_fn(move |request, next| log(logger.clone(), request, next)))
}

async fn log(logger: Logger, request: Request, next: Next) -> Response {
    let original = request.extensions().get::<OriginalUri>().map(|OriginalUri(uri)| uri);
    let url = original
        .unwrap_or(request.uri())
        .path_and_query()
        .map_or_else(|| "*".to_owned(), ToString::to_string);
    let method = request.method().clone();
    let version = if request.version() == Version::HTTP_10 { "1.0" } else { "1.1" };
    let referrer = text(request.headers(), header::REFERER);
    let agent = text(request.headers(), header::USER_AGENT);
    let response = next.run(request).await;
    let length = response.body().size_hint().exact().filter(|length| *length > 0);
    let length = length.map_or_else(|| "-".to_owned(), |length| length.to_string());
    let now = jiff::Timestamp::try_from(SystemTime::now()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    info!(
        logger,
        "type" = "incomingRequest",
        "[{}] \"{method} {url} HTTP/{version}\" {} {length} \"{referrer}\" \"{agent}\"",
        now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        response.status().as_u16(),
    );
    response
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> String {
    let value = headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    value.filter(|value| !value.is_empty()).unwrap_or_else(|| "-".to_owned())
}
