//! Bodies that break after their first bytes have left: the client sees the connection end, the log says why.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use greenroom_errors::Error;
use greenroom_logging::{Logger, error};
use http_body::{Body as HttpBody, Frame, SizeHint};

/// The response's body is watched already.
#[derive(Clone)]
struct IsWatched;

/// The response, whose body tells the first of such loggers when it breaks; one whose bytes are all there cannot.
pub(crate) fn told(mut response: Response, logger: &Logger) -> Response {
    if response.body().size_hint().exact().is_some() || response.extensions_mut().insert(IsWatched).is_some()
    {
        return response;
    }
    response.map(|body| Body::new(Watched { body, logger: logger.clone() }))
}

struct Watched {
    body: Body,
    logger: Logger,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Err(why))) = &polled {
            error!(self.logger, ..&Error::new(why.to_string()), "Request failed with status 500");
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
