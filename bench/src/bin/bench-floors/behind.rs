//! What stands behind a gateway, by hyper alone: a body of 1 kB, a stream of events in which nothing happens, and the keys of
//! users' tokens.

use std::convert::Infallible;
use std::fs;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::{Either, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::plain;

const EVENTS: &str = "/api/events";
const KEYS: &str = "/api/auth/.well-known/jwks.json";
/// The event that each stream begins with.
const EVENT: &[u8] = b"data: {}\n\n";
const BODY: usize = 1000;

/// Serves for ever.
pub(crate) async fn hyper(listener: TcpListener, keys: &Path) -> io::Result<()> {
    let (keys, body) = (Bytes::from(fs::read(keys)?), Bytes::from(format!("\"{}\"", "x".repeat(BODY - 2))));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (keys, body) = (keys.clone(), body.clone());
        let answer = move |request: Request<Incoming>| {
            let answer = answer(request.uri().path(), &keys, &body);
            async { Ok::<_, Infallible>(answer) }
        };
        let connection = http1::Builder::new()
            .pipeline_flush(true)
            .serve_connection(TokioIo::new(stream), service_fn(answer));
        #[expect(clippy::disallowed_methods, reason = "a floor: what tokio alone costs")]
        tokio::spawn(connection);
    }
}

fn answer(path: &str, keys: &Bytes, body: &Bytes) -> Response<Either<Full<Bytes>, OneEvent>> {
    if path == EVENTS {
        let mut response = Response::new(Either::Right(OneEvent(Some(Bytes::from_static(EVENT)))));
        let kind = HeaderValue::from_static("text/event-stream");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        return response;
    }
    let body = if path == KEYS { keys } else { body };
    plain::json(Either::Left(Full::new(body.clone())))
}

/// A stream that never ends, of one event.
struct OneEvent(Option<Bytes>);

impl Body for OneEvent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.0.take() {
            Some(event) => Poll::Ready(Some(Ok(Frame::data(event)))),
            // Who closes the connection ends it.
            None => Poll::Pending,
        }
    }
}
