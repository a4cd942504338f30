//! Bodies that break after their first bytes have left: the client sees the connection end, the log says why.

use axum::{body::Body, response::Response};
use greenroom_errors::Error;
use greenroom_logging::{Logger, error};
use http_body::Body as _;
use http_body_util::BodyExt;

/// The response's body is watched already.
#[derive(Clone)]
struct IsWatched;

/// The response, whose body tells the first of such loggers when it breaks; one whose bytes are all there cannot.
pub(crate) fn told(mut response: Response, logger: &Logger) -> Response {
    if response.body().size_hint().exact().is_some() || response.extensions_mut().insert(IsWatched).is_some()
    {
        return response;
    }
    let logger = logger.clone();
    response.map(|body| {
        Body::new(body.map_err(move |why| {
            error!(logger, ..&Error::new(why.to_string()), "Request failed with status 500");
            why
        }))
    })
}
