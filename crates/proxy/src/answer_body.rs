//! The body of an answer, which drives its connection, and gives it back at its end.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::body::Body as AnyBody;
use bytes::Bytes;
use greenroom_context::Request;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::{
    connection::Connection,
    failure::Failure,
    live::Place,
    pool::Pool,
    traced::Traced,
    upload::{Upload, send_rest},
};

/// What an answer's body has to do with, until its end.
pub(crate) struct Guards {
    pub(crate) place: Place,
    pub(crate) request: Option<Request>,
    /// Where the connection goes then, if it may carry another request.
    pub(crate) pool: Option<Arc<Pool>>,
    pub(crate) upload: Upload,
    /// What ends a stream of events, whose client comes again.
    pub(crate) until: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    /// Where the request is recorded.
    pub(crate) span: Option<Traced>,
}

/// A body that comes from the server behind.
struct AnswerBody {
    body: Incoming,
    /// Until the end. Without it the connection is closed.
    held: Option<(Connection, Guards)>,
}

/// The body of an answer, and what there is to do at its end.
pub(crate) fn attach(body: Incoming, connection: Connection, guards: Guards) -> AnyBody {
    let mut body = AnswerBody { body, held: Some((connection, guards)) };
    if body.body.is_end_stream() {
        body.end();
        return AnyBody::empty();
    }
    AnyBody::new(body)
}

impl AnswerBody {
    fn end(&mut self) {
        let Some((connection, guards)) = self.held.take() else { return };
        if let Some(span) = &guards.span {
            span.is_whole();
        }
        if connection.is_alone() {
            send_rest(connection, guards.upload, guards.place);
        } else if let Some(pool) = guards.pool {
            pool.give(connection);
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = &mut *self;
        let Some((connection, guards)) = &mut this.held else { return Poll::Ready(None) };
        if guards.until.as_mut().is_some_and(|until| until.as_mut().poll(cx).is_ready()) {
            if let Some(span) = &guards.span {
                span.is_whole();
            }
            this.held = None;
            return Poll::Ready(None);
        }
        let polled = connection.poll_for(cx, |cx| Pin::new(&mut this.body).poll_frame(cx));
        match &polled {
            Poll::Pending => return Poll::Pending,
            // Trailers are the last there is: nobody asks for more.
            Poll::Ready(Some(Ok(frame))) if !frame.is_trailers() && !this.body.is_end_stream() => {
                return polled;
            }
            Poll::Ready(Some(Err(_))) => {
                if !guards.upload.has_failed() {
                    let id = guards.request.as_ref().map(Request::id).unwrap_or_default();
                    guards.place.failed(Failure::Broke.code(), id);
                }
                if let Some(span) = &guards.span {
                    span.failed(if guards.upload.has_failed() { Failure::Upload } else { Failure::Broke });
                }
                this.held = None;
            }
            Poll::Ready(_) => {
                // It comes to rest now, as a rule.
                let _ = connection.poll(cx);
                this.end();
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_none() || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
